//! What a campaign's status says, out of what is known of it. Pure.

mod facts;
mod figures;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use dialer::compliance::Rule;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use self::facts::{complete, delivering, going, missing, overridden, rehearsed, stalled, waiting};
use self::figures::measure;
use crate::api::{Counts, EstimateStatus, OutboundCampaign, OutboundCampaignStatus, RECONCILE_REQUESTED_AT};
use crate::dialing::Standing;
use crate::dialing::conditions::{Fact, Reason, Type, merge};
use crate::results::Delivery;

/// How a campaign stands.
#[derive(Clone, Debug)]
pub(super) enum Situation {
    /// Something that it needs is not there yet.
    Waiting {
        /// What.
        reason: Reason,
        /// What would help.
        message: String,
    },
    /// Only a person can help.
    Stalled {
        /// Why.
        reason: Reason,
        /// What would help.
        message: String,
    },
    /// Its dialer knows it.
    Known(Standing),
    /// There is nobody to call.
    Empty,
    /// It was rehearsed, and calls nobody.
    Rehearsed {
        /// What came of it.
        estimate: Box<EstimateStatus>,
        /// Of one that has begun.
        standing: Option<Standing>,
    },
    /// It is being deleted, and calls are under way.
    Draining(Option<Standing>),
}

/// Whether the source still says what was read from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SourceNow {
    /// It does, or nobody has looked.
    AsRead,
    /// It does not.
    Changed,
}

/// Jobs that somebody has deleted while the campaign lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gap {
    /// How many.
    pub(super) deleted: usize,
    /// Out of how many that were made.
    pub(super) made: usize,
    /// The targets that they held.
    pub(super) targets: u32,
}

/// Where the campaign's results are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deliveries {
    /// They go nowhere.
    NotAskedFor,
    /// Its dialer starts anew, or has not heard of the sink yet.
    NotKnown,
    /// On their way to the sink.
    Known(Delivery),
}

impl Deliveries {
    /// Whether the sink, if there is one, has everything that `standing` can tell of.
    fn are_done(self, standing: &Standing) -> bool {
        match self {
            Self::NotAskedFor => true,
            Self::NotKnown => false,
            // A result is noted before its job is shown as finished.
            Self::Known(delivery) => delivery.is_done() && standing.finished == standing.jobs,
        }
    }
}

/// What else is known when a campaign is reported on.
#[derive(Clone, Debug)]
pub(super) struct Around {
    /// Whether the list is as it was read.
    pub(super) source: SourceNow,
    /// Whether jobs are missing.
    pub(super) gap: Option<Gap>,
    /// Most calls at once, by the campaign's own limit and the account's.
    pub(super) cap: u32,
    /// Until when the account's requests or dials pause because Telnyx has asked for it.
    pub(super) throttled_until: Option<Timestamp>,
    /// Where its results are.
    pub(super) deliveries: Deliveries,
    /// Rules that somebody has set aside.
    pub(super) set_aside: BTreeSet<Rule>,
}

/// The status that says so. `before` is the one that was written last.
pub(super) fn report(
    campaign: &OutboundCampaign,
    before: &OutboundCampaignStatus,
    around: &Around,
    situation: &Situation,
    now: Timestamp,
) -> OutboundCampaignStatus {
    let generation = campaign.metadata.generation.unwrap_or_default();
    let mut next = OutboundCampaignStatus {
        observed_generation: Some(generation),
        last_handled_reconcile_at: campaign
            .metadata
            .annotations
            .as_ref()
            .and_then(|annotations| annotations.get(RECONCILE_REQUESTED_AT).cloned())
            .or(before.last_handled_reconcile_at.clone()),
        ..before.clone()
    };
    let (phase, mut facts) = match situation {
        Situation::Waiting { reason, message } => ("Pending", waiting(*reason, message)),
        Situation::Stalled { reason, message } => ("Blocked", stalled(*reason, message)),
        Situation::Known(standing) => {
            measure(&mut next, standing, around, now);
            let undelivered = standing.progress.complete && !around.deliveries.are_done(standing);
            let (phase, mut facts) = if undelivered { delivering() } else { going(&standing.progress) };
            if undelivered {
                next.completion_time.clone_from(&before.completion_time);
            }
            if let Some(gap) = &around.gap {
                facts.retain(|fact| !fact.is_about(Type::Synced));
                facts.push(Fact::no(Type::Synced, Reason::JobsDeleted, missing(gap)));
            }
            (phase, facts)
        }
        Situation::Empty => ("Complete", complete(Reason::AllTargetsEnded, "the list has no rows: nobody is called")),
        Situation::Rehearsed { standing, .. } => {
            if let Some(standing) = standing {
                measure(&mut next, standing, around, now);
            }
            ("DryRun", rehearsed())
        }
        Situation::Draining(standing) => {
            if let Some(standing) = standing {
                measure(&mut next, standing, around, now);
            }
            let message = "the campaign is being deleted: no call is started, calls under way are let finish";
            (
                "Draining",
                vec![
                    Fact::yes(Type::Ready, Reason::Draining, message),
                    Fact::no(Type::Dialing, Reason::Draining, message),
                ],
            )
        }
    };
    next.estimate = match situation {
        Situation::Rehearsed { estimate, .. } => Some((**estimate).clone()),
        Situation::Waiting { .. } | Situation::Stalled { .. } | Situation::Draining(_) => next.estimate.take(),
        Situation::Known(_) | Situation::Empty => None,
    };
    if matches!(situation, Situation::Empty) {
        next.counts = Some(Counts::default());
        next.completion_time = next.completion_time.or_else(|| Some(second(now)));
    }
    if next.audience.is_some() {
        facts.push(match around.source {
            SourceNow::AsRead => Fact::no(Type::AudienceChanged, Reason::SourceUnchanged, ""),
            SourceNow::Changed => Fact::yes(
                Type::AudienceChanged,
                Reason::SourceChanged,
                "the list has changed since it was read; the change calls nobody: create another campaign for it",
            ),
        });
    }
    facts.extend(overridden(&around.set_aside));
    next.phase = Some(phase.to_owned());
    next.conditions = merge(&before.conditions, facts, generation, now);
    next
}

fn second(now: Timestamp) -> Time {
    Time(Timestamp::from_second(now.as_second()).unwrap_or(now))
}
