use std::collections::{BTreeMap, BTreeSet};

use dialer::compliance::Rule;
use dialer::target::Halt;
use dialer::{Abandonment, CampaignEnd, Counts as Held, Outcome, Progress, Tallied, WaitingFor};
use serde_json::json;

use super::*;
use crate::api::{AbandonmentStatus, AudienceStatus};
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
    set_aside: BTreeSet::new(),
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
        spending: None,
        cap: None,
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
    let known =
        Situation::Known(standing(Held { pending: 200, completed: 50, ..Held::default() }, WaitingFor::Pacing, false));
    let status = report(&campaign(), &before(1000), &Around { gap, ..AS_EVER }, &known, at(1));
    let counts = status.counts.unwrap();
    assert_eq!((counts.total, counts.removed, counts.pending, counts.completed), (1000, 250, 700, 50));
    assert_eq!(condition(&status, "Synced"), Some(("False", "JobsDeleted")));
    let synced = status.conditions.iter().find(|condition| condition.type_ == "Synced").unwrap();
    assert!(synced.message.contains("1 of 3") && synced.message.contains("250"), "{}", synced.message);
    assert_eq!(condition(&status, "Dialing"), Some(("True", "Dialing")), "the others are called");
}

#[test]
fn rules_that_are_set_aside_stand_in_a_condition_as_long_as_they_are() {
    let known = Situation::Known(standing(Held { live: 7, ..Held::default() }, WaitingFor::Concurrency, false));
    let set_aside = BTreeSet::from([Rule::Frequency, Rule::Consent]);
    let status = report(&campaign(), &before(10), &Around { set_aside, ..AS_EVER }, &known, at(1));
    assert_eq!(condition(&status, "RulesSetAside"), Some(("True", "Overridden")));
    let said = status.conditions.iter().find(|condition| condition.type_ == "RulesSetAside").unwrap();
    assert!(said.message.starts_with("Consent, Frequency: "), "{}", said.message);
    assert_eq!(condition(&say(&status, &known, 2), "RulesSetAside"), None);
}

#[test]
fn the_limit_in_force_and_the_end_of_a_pause_are_shown() {
    let known = Situation::Known(standing(Held { live: 7, ..Held::default() }, WaitingFor::Concurrency, false));
    let around = Around { throttled_until: Some(at(9)), ..AS_EVER };
    let pacing = report(&campaign(), &before(10), &around, &known, at(1)).pacing.unwrap();
    assert_eq!((pacing.in_flight, pacing.cap, pacing.throttled_until), (7, Some(7), Some(Time(at(9)))));
    let status = say(&before(10), &known, 1);
    assert_eq!(status.pacing.unwrap().throttled_until, None);
    let cap = |learned| {
        let mut standing = standing(Held { live: 2, ..Held::default() }, WaitingFor::Concurrency, false);
        standing.progress.cap = Some(learned);
        say(&before(10), &Situation::Known(standing), 1).pacing.unwrap().cap
    };
    assert_eq!((cap(3), cap(100)), (Some(3), Some(7)), "what refusals have taught is in force too");
}

#[test]
fn a_campaign_refused_for_its_setup_is_stalled_and_says_by_what() {
    let refused = WaitingFor::ConfigError { status: 422, code: Some("10015".into()), pointer: Some("/from".into()) };
    let status = say(&before(1), &Situation::Known(standing(Held::default(), refused, false)), 1);
    assert_eq!(condition(&status, "Stalled"), Some(("True", "ConfigRefused")));
    assert_eq!(condition(&status, "Ready"), Some(("False", "ConfigRefused")));
    let ready = status.conditions.iter().find(|condition| condition.type_ == "Ready").unwrap();
    assert!(ready.message.contains("10015") && ready.message.contains("spec.from"), "{}", ready.message);
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
    assert_eq!((status.results.map(|results| results.waiting), status.completion_time), (Some(0), Some(Time(at(9)))));
}

#[test]
fn a_campaign_that_is_over_early_says_why() {
    let say = |end| {
        let mut over = standing(Held { expired: 5, ..Held::default() }, WaitingFor::NothingToDial, true);
        over.progress.end = Some(end);
        say(&before(5), &Situation::Known(over), 1)
    };
    let status = say(CampaignEnd::Satisfied);
    assert_eq!(status.phase.as_deref(), Some("Complete"));
    assert_eq!(condition(&status, "Complete"), Some(("True", "SuccessPolicyMet")));
    assert_eq!((condition(&status, "Failed"), condition(&status, "Stalled")), (None, None));
    for (end, reason) in [
        (CampaignEnd::TooManyFailed, "TooManyFailed"),
        (CampaignEnd::FailedByRule, "FailedByRule"),
        (CampaignEnd::DeadlineExceeded, "DeadlineExceeded"),
    ] {
        let status = say(end);
        assert_eq!(status.phase.as_deref(), Some("Failed"));
        for (kind, expected) in
            [("Failed", "True"), ("Stalled", "True"), ("Complete", "False"), ("Ready", "False"), ("Dialing", "False")]
        {
            assert_eq!(condition(&status, kind), Some((expected, reason)), "{kind}: nobody may take it for a success");
        }
        assert_eq!(status.completion_time, Some(Time(at(1))), "it is over all the same");
    }
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
