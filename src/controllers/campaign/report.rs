//! What a campaign's status says, out of what is known of it. Pure.

use std::collections::BTreeMap;

use dialer::target::Halt;
use dialer::{Abandonment, CampaignEnd, Progress, WaitingFor};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::parts::jobs_for;
use crate::api::{
    AbandonmentStatus, Counts, JobCounts, OutboundCampaign, OutboundCampaignStatus, PacingStatus,
    RECONCILE_REQUESTED_AT, ResultsStatus,
};
use crate::dialing::conditions::{Fact, Reason, Type, merge};
use crate::dialing::{Standing, counts};
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
#[derive(Clone, Copy, Debug)]
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
        Situation::Empty => ("Complete", complete("the list has no rows: nobody is called")),
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
    next.phase = Some(phase.to_owned());
    next.conditions = merge(&before.conditions, facts, generation, now);
    next
}

fn missing(gap: &Gap) -> String {
    format!(
        "{} of {} DialJobs were deleted: their {} targets are called no more; create another campaign for those who still \
         should be",
        gap.deleted, gap.made, gap.targets
    )
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

fn complete(message: &str) -> Vec<Fact> {
    vec![
        Fact::yes(Type::Ready, Reason::AllTargetsEnded, message),
        Fact::yes(Type::Synced, Reason::Synced, ""),
        Fact::no(Type::Dialing, Reason::AllTargetsEnded, ""),
        Fact::yes(Type::Complete, Reason::AllTargetsEnded, message),
    ]
}

/// Phase and facts of a campaign whose targets have all ended and whose sink does not have all results.
fn delivering() -> (&'static str, Vec<Fact>) {
    let message = "every target has ended; results are being taken to spec.results.sink, see status.results";
    let facts = vec![
        Fact::yes(Type::Ready, Reason::Delivering, message),
        Fact::yes(Type::Synced, Reason::Synced, ""),
        Fact::no(Type::Dialing, Reason::AllTargetsEnded, ""),
        Fact::no(Type::Complete, Reason::Delivering, message),
    ];
    ("Delivering", facts)
}

/// Phase and facts of a campaign that its dialer works on.
fn going(progress: &Progress) -> (&'static str, Vec<Fact>) {
    if progress.complete {
        return ended(progress.end);
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
        WaitingFor::Halt(halt) => return ("Halted", stalled(Reason::Halted, why_halted(*halt))),
        WaitingFor::Budget => {
            let message =
                "all the calls of spec.budget.maxCalls were placed: raise it to call the targets that are left";
            ("BudgetSpent", Fact::no(Type::Dialing, Reason::BudgetSpent, message))
        }
        WaitingFor::DoNotCallLists => {
            let message = "a DoNotCallList of the account was not read, or not for longer than compliance.preset allows: see the \
                           lists' own conditions; nobody is called meanwhile";
            return ("WaitingForDoNotCallList", waiting(Reason::DoNotCallNotReady, message));
        }
        WaitingFor::CallerIds { .. } => {
            let message =
                "every caller id was blocked by an analytics engine (SIP 608) and rests; see status.nextDialAt";
            ("WaitingForCallerId", Fact::no(Type::Dialing, Reason::CallerIdsBlocked, message))
        }
        WaitingFor::Suspension => ("Suspended", Fact::no(Type::Dialing, Reason::Suspended, "spec.suspend is set")),
        WaitingFor::Start { .. } => {
            ("Scheduled", Fact::no(Type::Dialing, Reason::BeforeStart, "spec.startAt is to come"))
        }
        WaitingFor::Results => {
            let message = "results pile up because spec.results.sink does not take them; see status.results";
            ("WaitingForSink", Fact::no(Type::Dialing, Reason::SinkBehind, message))
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
        WaitingFor::Agents => {
            let message =
                "no agent of spec.pacing.adaptive.agents is free, or nothing has been heard of them for a minute";
            ("Dialing", Fact::no(Type::Dialing, Reason::NoFreeAgent, message))
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

/// Phase and facts of a campaign whose targets have all ended.
fn ended(end: Option<CampaignEnd>) -> (&'static str, Vec<Fact>) {
    let (phase, reason, message) = match end {
        None => return ("Complete", complete("every target has ended")),
        Some(CampaignEnd::Satisfied) => {
            ("Complete", Reason::SuccessPolicyMet, "spec.successPolicy is met; who waited was not called")
        }
        Some(CampaignEnd::TooManyFailed) => (
            "Failed",
            Reason::TooManyFailed,
            "more targets failed than spec.failurePolicy allows; who waited was not called",
        ),
        Some(CampaignEnd::FailedByRule) => (
            "Failed",
            Reason::FailedByRule,
            "a rule of spec.retry.rules has failed the campaign; who waited was not called",
        ),
    };
    let facts = vec![
        Fact::yes(Type::Ready, reason, message),
        Fact::yes(Type::Synced, Reason::Synced, ""),
        Fact::no(Type::Dialing, reason, ""),
        Fact::yes(Type::Complete, reason, message),
    ];
    (phase, facts)
}

/// What a person should look at.
fn why_halted(halt: Halt) -> &'static str {
    match halt {
        Halt::PausedByRule => "a rule of spec.retry.rules has paused the campaign: change the campaign to go on",
        Halt::ShortCalls => {
            "so many people hang up within seconds that the announcement or the caller id must be at fault: check both, then \
             change the campaign to go on"
        }
        Halt::NumbersSuspect => {
            "so many numbers do not exist that the list cannot be right: check it, then change the campaign to go on"
        }
        Halt::TooManyAbandoned => {
            "so many people who answered found no agent that spec.pacing.adaptive.hardStop is reached: see status.abandonment, \
             look after the agents, then change the campaign to go on"
        }
        Halt::AccountSuspect => {
            "so many calls are rejected or lost that Telnyx must be blocking the account: check its balance, its verification              and its caller ids, then change the campaign to go on"
        }
        Halt::FailedByRule => "a rule of spec.retry.rules has failed the campaign",
    }
}

/// The figures. Targets that were not cut into jobs yet are pending, so that the counts add up at every moment.
fn measure(next: &mut OutboundCampaignStatus, standing: &Standing, around: &Around, now: Timestamp) {
    // Until all jobs are read again after a start, what was written before is nearer to the truth.
    if !standing.ready {
        return;
    }
    let progress = &standing.progress;
    let total = next.audience.as_ref().map_or(0, |audience| audience.total);
    let held = progress.tallied.counts;
    let removed = around.gap.map_or(0, |gap| gap.targets);
    let counts = Counts { removed, ..counts(&held, total.saturating_sub(held.total()).saturating_sub(removed)) };
    let counts = Counts { total: counts.total.saturating_add(removed), ..counts };
    next.counts = Some(counts);
    next.outcomes =
        progress.tallied.outcomes.iter().map(|(outcome, n)| (format!("{outcome:?}"), *n)).collect::<BTreeMap<_, _>>();
    next.pacing = Some(PacingStatus {
        in_flight: held.in_flight(),
        cap: Some(around.cap),
        throttled_until: around.throttled_until.map(Time),
    });
    next.abandonment = progress.abandonment.map(|Abandonment { answered, abandoned }| AbandonmentStatus {
        answered,
        abandoned,
        rate_basis_points: (u64::from(abandoned) * 10_000)
            .checked_div(u64::from(answered))
            .and_then(|rate| u32::try_from(rate).ok()),
    });
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    next.results = match around.deliveries {
        Deliveries::NotAskedFor => None,
        Deliveries::NotKnown => next.results.take(),
        Deliveries::Known(delivery) => Some(ResultsStatus {
            waiting: number(delivery.waiting),
            last_failure: delivery.failing.map(|(why, _)| why.to_string()),
            failing_since: delivery.failing.map(|(_, since)| second(since)),
        }),
    };
    next.jobs = Some(JobCounts {
        total: number(jobs_for(usize::try_from(total).unwrap_or(usize::MAX))),
        active: number(standing.jobs.saturating_sub(standing.finished)),
        finished: number(standing.finished),
    });
    next.next_dial_at = match progress.waiting_for {
        WaitingFor::Start { at } | WaitingFor::Due { at } | WaitingFor::CallerIds { at } => Some(Time(at)),
        WaitingFor::Window
        | WaitingFor::Results
        | WaitingFor::Pacing
        | WaitingFor::NothingToDial
        | WaitingFor::Suspension
        | WaitingFor::ConfigError { .. }
        | WaitingFor::Halt(_)
        | WaitingFor::Budget
        | WaitingFor::DoNotCallLists
        | WaitingFor::Concurrency
        | WaitingFor::Agents
        | WaitingFor::Capacity
        | WaitingFor::Jobs => None,
    };
    next.next_window_opens = progress.next_window_opens.map(Time);
    let begun = counts.pending + counts.blocked + counts.expired + counts.removed < counts.total;
    next.start_time = next.start_time.take().or_else(|| begun.then(|| second(now)));
    next.completion_time = next.completion_time.take().or_else(|| progress.complete.then(|| second(now)));
}

#[cfg(test)]
mod tests {
    use dialer::{Counts as Held, Outcome, Tallied};
    use serde_json::json;

    use super::*;
    use crate::api::AudienceStatus;
    use crate::results::NotTaken;

    fn campaign() -> OutboundCampaign {
        serde_json::from_value(json!({
            "apiVersion": "telnyx-operator.io/v1alpha1",
            "kind": "OutboundCampaign",
            "metadata": { "name": "c", "generation": 3 },
            "spec": {
                "accountRef": { "name": "a" },
                "applicationRef": { "name": "b" },
                "from": ["+15550100"],
                "purpose": "Informational",
                "announcement": { "text": { "payload": "hello" } },
                "targets": [{ "id": "t", "to": "+15550101" }],
            },
        }))
        .unwrap()
    }

    const AS_EVER: Around = Around {
        source: SourceNow::AsRead,
        gap: None,
        cap: 7,
        throttled_until: None,
        deliveries: Deliveries::NotAskedFor,
    };

    fn before(total: u32) -> OutboundCampaignStatus {
        let audience = AudienceStatus { sha256: "0".repeat(64), total, ..AudienceStatus::default() };
        OutboundCampaignStatus { audience: Some(audience), ..OutboundCampaignStatus::default() }
    }

    fn standing(held: Held, waiting_for: WaitingFor, complete: bool) -> Standing {
        let tallied = Tallied { counts: held, outcomes: BTreeMap::from([(Outcome::Completed, held.completed)]) };
        let progress = Progress {
            tallied,
            complete,
            waiting_for,
            next_window_opens: None,
            dialled: 0,
            end: None,
            abandonment: None,
        };
        Standing { progress, jobs: 1, finished: 0, ready: true }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn say(before: &OutboundCampaignStatus, situation: &Situation, second: i64) -> OutboundCampaignStatus {
        report(&campaign(), before, &AS_EVER, situation, at(second))
    }

    fn condition<'a>(status: &'a OutboundCampaignStatus, kind: &str) -> Option<(&'a str, &'a str)> {
        let found = status.conditions.iter().find(|condition| condition.type_ == kind)?;
        Some((&found.status, &found.reason))
    }

    #[test]
    fn what_became_of_people_who_answered_shows_with_numerator_and_denominator() {
        let mut by_agents = standing(Held { pending: 5, ..Held::default() }, WaitingFor::Agents, false);
        by_agents.progress.abandonment = Some(Abandonment { answered: 400, abandoned: 7 });
        let status = say(&before(5), &Situation::Known(by_agents.clone()), 1);
        let shown = AbandonmentStatus { answered: 400, abandoned: 7, rate_basis_points: Some(175) };
        assert_eq!(status.abandonment, Some(shown));
        assert_eq!(condition(&status, "Dialing"), Some(("False", "NoFreeAgent")));
        by_agents.progress.abandonment = Some(Abandonment::default());
        let status = say(&before(5), &Situation::Known(by_agents), 1);
        assert_eq!(status.abandonment, Some(AbandonmentStatus::default()), "no share of nobody");
    }

    /// What the dialer waits for, the phase, and why it is or is not dialing.
    #[test]
    fn the_phase_follows_what_the_dialer_waits_for() {
        let waiting = Held { pending: 5, ..Held::default() };
        let calling = Held { pending: 4, live: 1, ..Held::default() };
        let soon = at(100);
        let check = |held: Held, waiting_for: WaitingFor, phase: &str, dialing: (&str, &str)| {
            let status = say(&before(5), &Situation::Known(standing(held, waiting_for.clone(), false)), 1);
            assert_eq!(status.phase.as_deref(), Some(phase), "{waiting_for:?}");
            assert_eq!(condition(&status, "Dialing"), Some(dialing), "{waiting_for:?}");
            assert_eq!(condition(&status, "Ready").map(|(status, _)| status), Some("True"), "{waiting_for:?}");
            assert_eq!(condition(&status, "Complete"), Some(("False", "TargetsLeft")), "{waiting_for:?}");
        };
        check(waiting, WaitingFor::Pacing, "Dialing", ("True", "Dialing"));
        check(calling, WaitingFor::Concurrency, "Dialing", ("True", "AtConcurrencyLimit"));
        check(calling, WaitingFor::Capacity, "Dialing", ("False", "Throttled"));
        check(calling, WaitingFor::NothingToDial, "Dialing", ("False", "Finishing"));
        check(waiting, WaitingFor::Jobs, "Dialing", ("False", "Preparing"));
        check(waiting, WaitingFor::Suspension, "Suspended", ("False", "Suspended"));
        check(waiting, WaitingFor::Start { at: soon }, "Scheduled", ("False", "BeforeStart"));
        check(waiting, WaitingFor::Window, "WaitingForWindow", ("False", "WindowClosed"));
        check(waiting, WaitingFor::Results, "WaitingForSink", ("False", "SinkBehind"));
        check(waiting, WaitingFor::Due { at: soon }, "WaitingForRetry", ("False", "WaitingForRetry"));
        check(calling, WaitingFor::Due { at: soon }, "Dialing", ("True", "Dialing"));
    }

    #[test]
    fn targets_that_were_not_cut_yet_are_pending_so_that_counts_add_up() {
        let held = Held { pending: 3, retrying: 1, claimed: 1, dialing: 1, live: 1, completed: 2, ..Held::default() };
        let status = say(&before(1000), &Situation::Known(standing(held, WaitingFor::Pacing, false)), 1);
        let counts = status.counts.unwrap();
        assert_eq!((counts.total, counts.pending), (1000, 994));
        let parts = [counts.pending, counts.claimed, counts.ringing, counts.live, counts.completed, counts.retryable];
        let ended = [counts.failed, counts.blocked, counts.ambiguous, counts.expired];
        assert_eq!(parts.iter().chain(&ended).sum::<u32>(), counts.total);
        assert_eq!(status.jobs.map(|jobs| (jobs.total, jobs.active)), Some((4, 1)));
    }

    #[test]
    fn deleted_jobs_are_told_and_their_targets_are_counted_as_removed() {
        let gap = Some(Gap { deleted: 1, made: 3, targets: 250 });
        let known = Situation::Known(standing(
            Held { pending: 200, completed: 50, ..Held::default() },
            WaitingFor::Pacing,
            false,
        ));
        let status = report(&campaign(), &before(1000), &Around { gap, ..AS_EVER }, &known, at(1));
        let counts = status.counts.unwrap();
        assert_eq!((counts.total, counts.removed, counts.pending, counts.completed), (1000, 250, 700, 50));
        assert_eq!(condition(&status, "Synced"), Some(("False", "JobsDeleted")));
        let synced = status.conditions.iter().find(|condition| condition.type_ == "Synced").unwrap();
        assert!(synced.message.contains("1 of 3") && synced.message.contains("250"), "{}", synced.message);
        assert_eq!(condition(&status, "Dialing"), Some(("True", "Dialing")), "the others are called");
    }

    #[test]
    fn the_limit_in_force_and_the_end_of_a_pause_are_shown() {
        let known = Situation::Known(standing(Held { live: 7, ..Held::default() }, WaitingFor::Concurrency, false));
        let around = Around { throttled_until: Some(at(9)), ..AS_EVER };
        let pacing = report(&campaign(), &before(10), &around, &known, at(1)).pacing.unwrap();
        assert_eq!((pacing.in_flight, pacing.cap, pacing.throttled_until), (7, Some(7), Some(Time(at(9)))));
        let status = say(&before(10), &known, 1);
        assert_eq!(status.pacing.unwrap().throttled_until, None);
    }

    #[test]
    fn a_campaign_refused_for_its_setup_is_stalled_and_says_by_what() {
        let refused =
            WaitingFor::ConfigError { status: 422, code: Some("10015".into()), pointer: Some("/from".into()) };
        let status = say(&before(1), &Situation::Known(standing(Held::default(), refused, false)), 1);
        assert_eq!(condition(&status, "Stalled"), Some(("True", "ConfigRefused")));
        assert_eq!(condition(&status, "Ready"), Some(("False", "ConfigRefused")));
        let ready = status.conditions.iter().find(|condition| condition.type_ == "Ready").unwrap();
        assert!(ready.message.contains("10015") && ready.message.contains("/from"), "{}", ready.message);
    }

    #[test]
    fn a_campaign_with_a_sink_is_complete_once_it_has_every_result() {
        let mut over = standing(Held { completed: 5, ..Held::default() }, WaitingFor::NothingToDial, true);
        let say = |over: &Standing, deliveries| {
            report(&campaign(), &before(5), &Around { deliveries, ..AS_EVER }, &Situation::Known(over.clone()), at(9))
        };
        let mut waiting = Delivery::default();
        (waiting.waiting, waiting.failing) = (3, Some((NotTaken::Status(503), at(7))));
        let status = say(&over, Deliveries::Known(waiting));
        assert_eq!((status.phase.as_deref(), &status.completion_time), (Some("Delivering"), &None));
        assert_eq!(condition(&status, "Complete"), Some(("False", "Delivering")));
        let results = status.results.unwrap();
        assert_eq!((results.waiting, results.last_failure.as_deref()), (3, Some("HTTP 503")));
        assert_eq!(results.failing_since, Some(Time(at(7))));
        for early in [Deliveries::NotKnown, Deliveries::Known(Delivery::default())] {
            assert_eq!(condition(&say(&over, early), "Complete"), Some(("False", "Delivering")), "a job is unsaved");
        }
        over.finished = over.jobs;
        let status = say(&over, Deliveries::Known(Delivery::default()));
        assert_eq!(condition(&status, "Complete"), Some(("True", "AllTargetsEnded")));
        assert_eq!(
            (status.results.map(|results| results.waiting), status.completion_time),
            (Some(0), Some(Time(at(9))))
        );
    }

    #[test]
    fn a_campaign_that_is_over_early_says_why() {
        let check = |end, phase: &str, reason: &str| {
            let mut over = standing(Held { expired: 5, ..Held::default() }, WaitingFor::NothingToDial, true);
            over.progress.end = Some(end);
            let status = say(&before(5), &Situation::Known(over), 1);
            assert_eq!(status.phase.as_deref(), Some(phase));
            assert_eq!(condition(&status, "Complete"), Some(("True", reason)));
        };
        check(CampaignEnd::Satisfied, "Complete", "SuccessPolicyMet");
        check(CampaignEnd::TooManyFailed, "Failed", "TooManyFailed");
        check(CampaignEnd::FailedByRule, "Failed", "FailedByRule");
    }

    #[test]
    fn a_campaign_that_stopped_itself_is_stalled_until_somebody_changes_it() {
        let halted = standing(Held { pending: 5, ..Held::default() }, WaitingFor::Halt(Halt::AccountSuspect), false);
        let status = say(&before(5), &Situation::Known(halted), 1);
        assert_eq!(status.phase.as_deref(), Some("Halted"));
        assert_eq!(condition(&status, "Stalled"), Some(("True", "Halted")));
    }

    #[test]
    fn saying_the_same_again_changes_nothing_and_the_end_is_marked_once() {
        let held = Held { completed: 5, ..Held::default() };
        let ended = Situation::Known(standing(held, WaitingFor::NothingToDial, true));
        let first = say(&before(5), &ended, 10);
        assert_eq!(condition(&first, "Complete"), Some(("True", "AllTargetsEnded")));
        assert_eq!(first.completion_time, Some(Time(at(10))));
        assert_eq!(say(&first, &ended, 20), first);
    }

    #[test]
    fn after_a_start_the_figures_stay_until_all_jobs_are_read_again() {
        let held = Held { completed: 5, ..Held::default() };
        let first = say(&before(5), &Situation::Known(standing(held, WaitingFor::NothingToDial, false)), 1);
        let unread = Standing { ready: false, ..standing(Held::default(), WaitingFor::Jobs, false) };
        assert_eq!(say(&first, &Situation::Known(unread), 2).counts, first.counts);
    }

    #[test]
    fn what_is_waited_for_is_reconciling_and_what_needs_a_person_is_stalled() {
        let message = "spec.applicationRef: …".to_owned();
        let waiting = Situation::Waiting { reason: Reason::ApplicationNotReady, message: message.clone() };
        let status = say(&OutboundCampaignStatus::default(), &waiting, 1);
        assert_eq!(condition(&status, "Reconciling"), Some(("True", "ApplicationNotReady")));
        assert_eq!((condition(&status, "Stalled"), status.observed_generation), (None, Some(3)));
        let stalled = say(&status, &Situation::Stalled { reason: Reason::InvalidSpec, message }, 2);
        assert_eq!(condition(&stalled, "Stalled"), Some(("True", "InvalidSpec")));
        assert_eq!(condition(&stalled, "Reconciling"), None);
    }
}
