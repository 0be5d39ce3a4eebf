//! What a user reads after a pass, for each way it can end.
#![allow(clippy::unwrap_used, reason = "a test may")]

use jiff::Timestamp;
use reconcile_plan::{
    Condition, EventKind, Outcome, Reason, Referent, Report, Requeue, RetryClass, Settled, Subject, Words, report,
};
use std::time::Duration;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn after(previous: &[Condition], generation: i64, second: i64, outcome: &Outcome) -> Report {
    report(
        &Subject { generation, deleting: false, previous, now: at(second), words: Words::REMOTE_OBJECT },
        outcome,
        None,
    )
}

fn lines(conditions: &[Condition]) -> Vec<String> {
    conditions.iter().map(|c| format!("{}={:?} {}", c.kind, c.status, c.reason)).collect()
}

fn waiting() -> Outcome {
    Outcome::waiting(Referent {
        reason: Reason::AccountNotReady,
        kind: "TelnyxAccount",
        name: "main".into(),
        need: "its credentials were refused".into(),
    })
}

fn unavailable() -> Outcome {
    Outcome::Retry {
        class: RetryClass::ApiUnavailable,
        after: Some(Duration::from_secs(3)),
        message: "the API answered 503".into(),
    }
}

fn refused() -> Outcome {
    Outcome::Terminal { reason: Reason::InvalidSpec, message: "spec.webhookEventUrl: not a URL".into() }
}

#[test]
fn each_end_has_its_conditions_and_its_requeue() {
    let fresh = |outcome: &Outcome| after(&[], 1, 0, outcome);
    let done = fresh(&Outcome::in_sync());
    assert_eq!(lines(&done.conditions), ["Ready=True Available", "Synced=True UpToDate"]);
    assert_eq!(done.requeue, Requeue::WhenWoken);

    let drifted = fresh(&Outcome::Done(Settled::Drifted { message: "active differs".into() }));
    assert_eq!(lines(&drifted.conditions), ["Ready=True Available", "Synced=False DriftReported"]);
    assert_eq!(drifted.transition.unwrap().kind, EventKind::Warning);

    let suspended = fresh(&Outcome::Done(Settled::Suspended));
    assert_eq!(lines(&suspended.conditions), ["Ready=False Suspended", "Synced=Unknown Suspended"]);

    let waits = fresh(&waiting());
    assert_eq!(
        lines(&waits.conditions),
        ["Ready=False AccountNotReady", "Synced=Unknown AccountNotReady", "Reconciling=True AccountNotReady"]
    );
    assert_eq!(waits.conditions[0].message, "waiting for TelnyxAccount main: its credentials were refused");
    assert_eq!(waits.requeue, Requeue::WhenWoken);

    let retries = fresh(&unavailable());
    assert_eq!(
        lines(&retries.conditions),
        ["Ready=Unknown ApiUnavailable", "Synced=Unknown ApiUnavailable", "Reconciling=True ApiUnavailable"]
    );
    assert_eq!(retries.requeue, Requeue::Backoff { at_least: Duration::from_secs(3) });

    let message = "3 calls wait in it".to_owned();
    let drains = fresh(&Outcome::Retry { class: RetryClass::Draining, after: Some(Duration::from_secs(5)), message });
    assert_eq!(
        lines(&drains.conditions),
        ["Ready=False Draining", "Synced=Unknown Draining", "Reconciling=True Draining"]
    );
    assert_eq!(drains.requeue, Requeue::Paced { after: Duration::from_secs(5) });

    let stalled = fresh(&refused());
    assert_eq!(
        lines(&stalled.conditions),
        ["Ready=False InvalidSpec", "Synced=False InvalidSpec", "Stalled=True InvalidSpec"]
    );
    assert_eq!(stalled.requeue, Requeue::Slow);
}

#[test]
fn a_ready_object_outlives_an_outage_but_not_an_edit_that_could_not_be_carried_out() {
    let ready = after(&[], 1, 0, &Outcome::in_sync()).conditions;
    let outage = after(&ready, 1, 60, &unavailable());
    assert_eq!(lines(&outage.conditions)[0], "Ready=True Available");
    assert_eq!(outage.conditions[0].last_transition_time, at(0));
    let edited = after(&ready, 2, 60, &unavailable());
    assert_eq!(lines(&edited.conditions)[0], "Ready=Unknown ApiUnavailable");
    assert_eq!(edited.conditions[0].observed_generation, Some(2));
    let leaving = Subject { generation: 1, deleting: true, previous: &ready, now: at(60), words: Words::REMOTE_OBJECT };
    assert_eq!(lines(&report(&leaving, &unavailable(), None).conditions)[0], "Ready=Unknown ApiUnavailable");
}

#[test]
fn an_event_tells_a_change_or_a_deed_and_nothing_twice() {
    let first = after(&[], 1, 0, &refused());
    assert_eq!(first.transition.as_ref().unwrap().reason, Reason::InvalidSpec);
    assert_eq!(after(&first.conditions, 1, 9, &refused()).transition, None);
    let subject = Subject {
        generation: 1,
        deleting: false,
        previous: &first.conditions,
        now: at(10),
        words: Words::REMOTE_OBJECT,
    };
    let made = report(&subject, &Outcome::in_sync(), Some(&(Reason::Created, "created application 7".into())));
    let event = made.transition.unwrap();
    assert_eq!((event.kind, event.reason), (EventKind::Normal, Reason::Created));
    assert_eq!(after(&made.conditions, 1, 20, &Outcome::in_sync()).transition, None);
}

#[test]
fn reasons_are_words_with_an_explanation() {
    for reason in Reason::ALL {
        assert!(reason.as_str().chars().all(char::is_alphanumeric));
        assert!(reason.explanation().ends_with('.'), "{reason}: {}", reason.explanation());
        assert_eq!(serde_json::to_value(reason).unwrap(), reason.as_str());
    }
}
