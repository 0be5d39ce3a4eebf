//! What a campaign's status says, out of what is known of it. Pure.

use std::collections::BTreeMap;

use dialer::{Progress, WaitingFor};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::cut::jobs_for;
use crate::api::{JobCounts, OutboundCampaign, OutboundCampaignStatus, PacingStatus, RECONCILE_REQUESTED_AT};
use crate::dialing::conditions::{Fact, Reason, Type, merge};
use crate::dialing::{Standing, counts};

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

/// The status that says so. `before` is the one that was written last.
pub(super) fn report(
    campaign: &OutboundCampaign,
    before: &OutboundCampaignStatus,
    source: SourceNow,
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
            measure(&mut next, standing, campaign, now);
            going(&standing.progress)
        }
        Situation::Empty => ("Complete", complete()),
        Situation::Draining(standing) => {
            if let Some(standing) = standing {
                measure(&mut next, standing, campaign, now);
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
    if matches!(situation, Situation::Empty) {
        next.counts = Some(crate::api::Counts::default());
        next.completion_time = next.completion_time.or_else(|| Some(second(now)));
    }
    if next.audience.is_some() {
        facts.push(match source {
            SourceNow::AsRead => Fact::no(Type::AudienceChanged, Reason::SourceUnchanged, ""),
            SourceNow::Changed => Fact::yes(
                Type::AudienceChanged,
                Reason::SourceChanged,
                "the list has changed since it was read; the change calls nobody: create another campaign for it",
            ),
        });
    }
    next.phase = Some(phase.to_owned());
    next.conditions = merge(&before.conditions, facts, generation, now);
    next
}

fn second(now: Timestamp) -> Time {
    Time(Timestamp::from_second(now.as_second()).unwrap_or(now))
}

fn waiting(reason: Reason, message: &str) -> Vec<Fact> {
    vec![
        Fact::no(Type::Ready, reason, message),
        Fact::no(Type::Synced, reason, message),
        Fact::yes(Type::Reconciling, reason, message),
        Fact::no(Type::Dialing, reason, message),
        Fact::no(Type::Complete, Reason::TargetsLeft, ""),
    ]
}

fn stalled(reason: Reason, message: &str) -> Vec<Fact> {
    vec![
        Fact::no(Type::Ready, reason, message),
        Fact::no(Type::Synced, reason, message),
        Fact::yes(Type::Stalled, reason, message),
        Fact::no(Type::Dialing, reason, message),
        Fact::no(Type::Complete, Reason::TargetsLeft, ""),
    ]
}

fn complete() -> Vec<Fact> {
    vec![
        Fact::yes(Type::Ready, Reason::AllTargetsEnded, "every target has ended"),
        Fact::yes(Type::Synced, Reason::Synced, ""),
        Fact::no(Type::Dialing, Reason::AllTargetsEnded, ""),
        Fact::yes(Type::Complete, Reason::AllTargetsEnded, "every target has ended"),
    ]
}

/// Phase and facts of a campaign that its dialer works on.
fn going(progress: &Progress) -> (&'static str, Vec<Fact>) {
    if progress.complete {
        return ("Complete", complete());
    }
    let in_flight = progress.tallied.counts.in_flight() > 0;
    let (phase, dialing) = match &progress.waiting_for {
        WaitingFor::ConfigError { status, code, pointer } => {
            let (code, pointer) = (code.as_deref().unwrap_or("none"), pointer.as_deref().unwrap_or("no field"));
            let message = format!(
                "Telnyx refuses the campaign's calls (status {status}, code {code}, {pointer}): correct the campaign, its \
                 application or its account"
            );
            return ("Blocked", stalled(Reason::ConfigRefused, &message));
        }
        WaitingFor::Suspension => ("Suspended", Fact::no(Type::Dialing, Reason::Suspended, "spec.suspend is set")),
        WaitingFor::Start { .. } => {
            ("Scheduled", Fact::no(Type::Dialing, Reason::BeforeStart, "spec.startAt is to come"))
        }
        WaitingFor::Window => {
            let message = "no target's calling window is open; see status.nextWindowOpens";
            ("WaitingForWindow", Fact::no(Type::Dialing, Reason::WindowClosed, message))
        }
        WaitingFor::Due { .. } if !in_flight => {
            let message = "all targets left wait for their retry or their notBefore; see status.nextDialAt";
            ("WaitingForRetry", Fact::no(Type::Dialing, Reason::WaitingForRetry, message))
        }
        WaitingFor::Due { .. } | WaitingFor::Pacing => ("Dialing", Fact::yes(Type::Dialing, Reason::Dialing, "")),
        WaitingFor::Concurrency => {
            ("Dialing", Fact::yes(Type::Dialing, Reason::AtConcurrencyLimit, "as many calls are under way as may be"))
        }
        WaitingFor::Capacity => {
            ("Dialing", Fact::no(Type::Dialing, Reason::Throttled, "Telnyx has no capacity for more now"))
        }
        WaitingFor::NothingToDial if in_flight => {
            ("Dialing", Fact::no(Type::Dialing, Reason::Finishing, "the last calls are under way"))
        }
        WaitingFor::NothingToDial | WaitingFor::Jobs => {
            ("Dialing", Fact::no(Type::Dialing, Reason::Preparing, "jobs are being made or read"))
        }
    };
    let suspended = matches!(progress.waiting_for, WaitingFor::Suspension);
    let closed = matches!(progress.waiting_for, WaitingFor::Window);
    let facts = vec![
        Fact::yes(Type::Ready, if suspended { Reason::Suspended } else { Reason::Dialing }, ""),
        Fact::yes(Type::Synced, Reason::Synced, ""),
        dialing,
        if suspended {
            Fact::yes(Type::Suspended, Reason::Suspended, "spec.suspend is set")
        } else {
            Fact::no(Type::Suspended, Reason::NotSuspended, "")
        },
        if closed {
            Fact::no(Type::WindowOpen, Reason::WindowClosed, "")
        } else {
            Fact::yes(Type::WindowOpen, Reason::WindowOpen, "")
        },
        Fact::no(Type::Complete, Reason::TargetsLeft, ""),
    ];
    (phase, facts)
}

/// The figures. Targets that were not cut into jobs yet are pending, so that the counts add up at every moment.
fn measure(next: &mut OutboundCampaignStatus, standing: &Standing, campaign: &OutboundCampaign, now: Timestamp) {
    // Until all jobs are read again after a start, what was written before is nearer to the truth.
    if !standing.ready {
        return;
    }
    let progress = &standing.progress;
    let total = next.audience.as_ref().map_or(0, |audience| audience.total);
    let held = progress.tallied.counts;
    let counts = counts(&held, total.saturating_sub(held.total()));
    next.counts = Some(counts);
    next.outcomes =
        progress.tallied.outcomes.iter().map(|(outcome, n)| (format!("{outcome:?}"), *n)).collect::<BTreeMap<_, _>>();
    next.pacing = Some(PacingStatus {
        in_flight: held.in_flight(),
        cap: Some(campaign.spec.plan.pacing.max_concurrent_calls),
        throttled_until: None,
    });
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    next.jobs = Some(JobCounts {
        total: number(jobs_for(usize::try_from(total).unwrap_or(usize::MAX))),
        active: number(standing.jobs.saturating_sub(standing.finished)),
        finished: number(standing.finished),
    });
    next.next_dial_at = match progress.waiting_for {
        WaitingFor::Start { at } | WaitingFor::Due { at } => Some(Time(at)),
        WaitingFor::Window
        | WaitingFor::Pacing
        | WaitingFor::NothingToDial
        | WaitingFor::Suspension
        | WaitingFor::ConfigError { .. }
        | WaitingFor::Concurrency
        | WaitingFor::Capacity
        | WaitingFor::Jobs => None,
    };
    next.next_window_opens = progress.next_window_opens.map(Time);
    let begun = counts.pending + counts.blocked + counts.expired < counts.total;
    next.start_time = next.start_time.take().or_else(|| begun.then(|| second(now)));
    next.completion_time = next.completion_time.take().or_else(|| progress.complete.then(|| second(now)));
}
