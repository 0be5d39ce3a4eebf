use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use dialer::spec::{AccountLimits, CampaignSpec, TargetSpec, Zone};
use dialer::target::Tally;
use dialer::{Outcome, PhoneNumber, Screening, TargetId, TargetState};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Assumptions, Rehearsal};
use crate::dialing::resolve;

/// A Monday, at midnight in Chicago.
const MONDAY: &str = "2026-06-01T05:00:00Z";

fn spec(changes: &Value) -> CampaignSpec {
    let mut plan = json!({
        "accountRef": { "name": "main" },
        "applicationRef": { "name": "app" },
        "from": ["+15550009999"],
        "purpose": "Informational",
        "announcement": { "text": { "payload": "Your parcel is here." } },
        "pacing": { "dialsPerSecond": 1, "maxConcurrentCalls": 100 },
        "calleeTimeZone": { "default": "America/Chicago" },
        "windows": [{ "days": ["Mon", "Tue", "Wed", "Thu", "Fri"], "start": "09:00", "end": "17:00" }],
        "retry": { "maxAttemptsPerTarget": 1 },
        "circuitBreaker": { "enabled": false },
    });
    for (name, value) in changes.as_object().unwrap() {
        plan[name] = value.clone();
    }
    resolve("spec", &serde_json::from_value(plan).unwrap(), "rehearsal", None).unwrap()
}

fn rehearsal(targets: usize, changes: &Value) -> Rehearsal {
    let target = |n| TargetSpec {
        id: TargetId::parse(&format!("t{n}")).unwrap(),
        to: PhoneNumber::parse(&format!("+1555{n:07}")).unwrap(),
        zone: None,
        zone_of_number: Zone::Unknown,
        consent_at: None,
        not_before: None,
        expires_at: None,
    };
    Rehearsal {
        spec: spec(changes),
        limits: AccountLimits { dials_per_second: 30, max_concurrent: 1000 },
        targets: (0..targets).map(target).collect(),
        states: Vec::new(),
        start: MONDAY.parse().unwrap(),
        assumptions: Assumptions { cost_per_minute: Some(0.6), ..Assumptions::default() },
    }
}

#[test]
fn a_list_longer_than_a_day_is_called_within_windows_at_the_pace_that_was_asked_for() {
    let estimate = rehearsal(40_000, &json!({})).run(Screening::default());
    assert_eq!((estimate.dials, estimate.targets), (40_000, 40_000));
    let first = estimate.first_dial.unwrap().to_string();
    assert!(first.starts_with("2026-06-01T14:00:00"), "{first}");
    // 8 hours of 3600 on Monday; the rest on Tuesday, 9 to about 12:07.
    let finish = estimate.finish.unwrap().to_string();
    assert!(finish.starts_with("2026-06-02T17:0"), "{finish}");
    assert!(estimate.per_hour.iter().all(|hour| hour.dials <= 3604), "{:?}", estimate.busiest());
    assert_eq!(estimate.per_hour.iter().map(|hour| hour.dials).sum::<u32>(), 40_000);
    assert_eq!(estimate.outcomes.values().sum::<u32>(), 40_000);
    assert_eq!(estimate.calls_per_target, BTreeMap::from([(1, 40_000)]));
    assert!(estimate.held_up_secs["Window"] > 23 * 3600, "{:?}", estimate.held_up_secs);
    let completed = f64::from(estimate.outcomes["Completed"]) / 40_000.0;
    // A quarter are people, a quarter machines, and without a detector nobody tells them apart.
    assert!((completed - 0.5).abs() < 0.01, "{completed}");
    let minutes = estimate.cost.unwrap() / 0.6;
    assert!((minutes * 60.0 - f64::from(u32::try_from(estimate.talk_secs).unwrap())).abs() < 1.0);
}

#[test]
fn retries_are_played_to_their_end_and_the_same_seed_gives_the_same_estimate() {
    let retry = json!({ "retry": { "maxAttemptsPerTarget": 3 } });
    let estimate = rehearsal(300, &retry).run(Screening::default());
    assert!(estimate.finish.is_some() && estimate.dials > 450, "{estimate:?}");
    assert!(estimate.calls_per_target.keys().all(|calls| (1..=3).contains(calls)));
    assert_eq!(estimate, rehearsal(300, &retry).run(Screening::default()));
    let mut other = rehearsal(300, &retry);
    other.assumptions.seed = 2;
    assert_ne!(estimate.outcomes, other.run(Screening::default()).outcomes);
}

#[test]
fn what_never_ends_says_what_stops_it() {
    for (changes, stopped_by, dials) in [
        (json!({ "windows": [] }), "Window", 0),
        (json!({ "budget": { "maxCalls": 7 } }), "Budget", 7),
        (json!({ "budget": { "cost": { "max": "3", "perCall": "0.25" } } }), "Budget", 12),
    ] {
        let estimate = rehearsal(20, &changes).run(Screening::default());
        assert_eq!((estimate.stopped_by.as_deref(), estimate.dials), (Some(stopped_by), dials));
        assert_eq!(estimate.finish, None);
    }
}

#[test]
fn who_must_not_be_called_is_blocked_and_not_dialled() {
    let mut all = rehearsal(10, &json!({}));
    for target in all.targets.iter_mut().take(4) {
        target.zone = Some(Zone::Unknown);
    }
    let estimate = all.run(Screening::default());
    assert_eq!((estimate.blocked, estimate.dials), (4, 6));
    assert_eq!(estimate.outcomes["ComplianceBlocked"], 4);
    assert_eq!(estimate.calls_per_target, BTreeMap::from([(0, 4), (1, 6)]));
}

#[test]
fn who_is_on_a_list_or_has_not_agreed_is_blocked_and_a_day_off_is_waited_for() {
    let listed: BTreeSet<_> = rehearsal(2, &json!({})).targets.into_iter().map(|t| t.to).collect();
    let mut campaign =
        rehearsal(10, &json!({ "compliance": { "consentRequired": true, "holidays": [{ "date": "2026-06-01" }] } }));
    for target in campaign.targets.iter_mut().take(7) {
        target.consent_at = Some(Timestamp::UNIX_EPOCH);
    }
    let estimate = campaign.run(Screening::Ready { list: Arc::new(listed), as_of: None });
    assert_eq!((estimate.blocked, estimate.dials), (5, 5), "two are listed, three have not agreed");
    let first = estimate.first_dial.unwrap().to_string();
    assert!(first.starts_with("2026-06-02T14:00:0"), "{first}");
}

#[test]
fn who_is_on_a_do_not_call_list_is_not_dialled_and_a_list_that_was_never_read_stops_everybody() {
    let all = rehearsal(10, &json!({}));
    let numbers = all.targets.iter().take(3).map(|target| target.to.clone()).collect::<BTreeSet<_>>();
    let lists = Screening::Ready { list: Arc::new(numbers), as_of: None };
    let estimate = all.clone().run(lists);
    assert_eq!((estimate.blocked, estimate.dials), (3, 7));
    let estimate = all.run(Screening::NotReady);
    assert_eq!((estimate.stopped_by.as_deref(), estimate.dials), (Some("DoNotCallLists"), 0));
}

#[test]
fn of_a_campaign_that_has_begun_only_the_rest_is_dialled() {
    let mut all = rehearsal(600, &json!({}));
    all.assumptions.seed = 3;
    let done = TargetState::Done { tally: Tally { attempts: 1, ..Tally::default() }, outcome: Outcome::Busy };
    all.states = vec![done; 400];
    let estimate = all.run(Screening::default());
    assert_eq!(estimate.dials, 200);
    assert!(estimate.outcomes["Busy"] >= 400, "{:?}", estimate.outcomes);
    assert_eq!(estimate.outcomes.values().sum::<u32>(), 600);
    assert_eq!(estimate.calls_per_target, BTreeMap::from([(1, 600)]));
}

#[test]
fn the_limits_of_account_and_campaign_hold() {
    let fast = json!({ "pacing": { "dialsPerSecond": 500, "maxConcurrentCalls": 40 } });
    let estimate = rehearsal(2000, &fast).run(Screening::default());
    assert_eq!(estimate.most_at_once, 40);
    assert!(estimate.held_up_secs["Concurrency"] > 60, "{:?}", estimate.held_up_secs);
    let mut calls = rehearsal(3000, &json!({ "pacing": { "dialsPerSecond": 500, "maxConcurrentCalls": 10_000 } }));
    calls.limits = AccountLimits { dials_per_second: 10, max_concurrent: 10_000 };
    // Nine tenths of the account's ten a second.
    let estimate = calls.run(Screening::default());
    let took = estimate.finish.unwrap().duration_since(estimate.first_dial.unwrap()).as_secs();
    assert!(took >= 3000 / 10, "{took}");
}

#[test]
fn a_bound_of_money_holds_and_the_estimate_has_its_prices() {
    let cost = json!({ "budget": { "cost": { "max": "20", "perMinute": "0.10", "perCall": "0.01" } } });
    let mut bound = rehearsal(5000, &cost);
    bound.assumptions.cost_per_minute = None;
    let estimate = bound.run(Screening::default());
    let cost = estimate.cost.unwrap();
    // The last calls are not begun, since each may last for eleven minutes.
    assert!((18.0..=20.0).contains(&cost), "{cost}");
    assert_eq!(estimate.stopped_by.as_deref(), Some("Budget"));
    assert!(estimate.dials < 5000, "{}", estimate.dials);
}

#[test]
fn what_ends_early_says_why() {
    let mut late = rehearsal(5000, &json!({}));
    late.spec.active_deadline = Some(Duration::from_mins(10));
    let estimate = late.run(Screening::default());
    assert_eq!(estimate.stopped_by.as_deref(), Some("Deadline"));
    assert!((590..=606).contains(&estimate.dials), "{}", estimate.dials);
    assert_eq!(estimate.outcomes["Expired"] + estimate.dials, 5000);
    let some = rehearsal(1000, &json!({ "successPolicy": { "completedCount": "10%" } })).run(Screening::default());
    assert_eq!(some.stopped_by.as_deref(), Some("SuccessPolicy"));
    assert!((100..200).contains(&some.outcomes["Completed"]), "{:?}", some.outcomes);
}

#[test]
fn a_suspended_campaign_is_rehearsed_as_if_it_went_on() {
    assert_eq!(rehearsal(5, &json!({ "suspend": true })).run(Screening::default()).dials, 5);
}

#[test]
fn a_call_may_last_for_its_limit_counted_from_the_answer_and_one_that_nobody_answers_costs_no_wait() {
    let mut all = rehearsal(
        200,
        &json!({ "maxCallSecs": 60, "windows": [{ "days": ["Mon"], "start": "09:00", "end": "17:00" }] }),
    );
    all.assumptions.talk = Duration::from_secs(59);
    let estimate = all.run(Screening::default());
    // Counted from the dial, no call of 59 seconds would come to its end.
    assert!(estimate.outcomes["Completed"] > 60, "{:?}", estimate.outcomes);
    let mut stuck = rehearsal(20, &json!({ "maxCallSecs": 14_400, "budget": { "maxCalls": 7 } }));
    (stuck.assumptions.people, stuck.assumptions.machines) = (0.0, 0.0);
    let estimate = stuck.run(Screening::default());
    assert!(estimate.held_up_secs.get("Budget").is_none_or(|secs| *secs < 120), "{:?}", estimate.held_up_secs);
}
