//! What holds for every object, drawn at random.
#![allow(clippy::unwrap_used, reason = "a test may")]

use jiff::Timestamp;
use proptest::prelude::*;
use reconcile_plan::{
    Action, Condition, Equality, Fields, Names, Observed, Outcome, Policy, Reason, Referent, RetryClass, Rules,
    Settled, Subject, Target, Words, merge_conditions, plan, report,
};
use serde_json::Value;

const RULES: Rules = Rules {
    equality: &[("a", Equality::Url), ("b", Equality::Decimal), ("c", Equality::Set)],
    always_sent: &["d"],
    fixed: &[],
};

fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3_i64..3).prop_map(Value::from),
        "[ab]{0,2}".prop_map(Value::from),
        prop::sample::select(vec!["http://h/", "HTTP://H:80", "10.0", "10"]).prop_map(Value::from),
        prop::collection::vec("[ab]", 0..3).prop_map(Value::from),
    ]
}

fn object() -> impl Strategy<Value = Fields> {
    let value = leaf().prop_recursive(2, 12, 4, |inner| {
        prop::collection::btree_map("[a-e]", inner, 0..4).prop_map(|fields| Value::Object(fields.into_iter().collect()))
    });
    prop::collection::btree_map("[a-e]", value, 0..5).prop_map(|fields| fields.into_iter().collect())
}

/// An API that replaces each top-level field that it is sent.
fn replace(observed: &Fields, body: &Fields) -> Fields {
    let mut after = observed.clone();
    after.extend(body.clone());
    after
}

/// An API that merges nested objects.
fn merge(observed: &Fields, body: &Fields) -> Fields {
    let mut after = observed.clone();
    for (key, value) in body {
        let merged = match (after.get(key), value) {
            (Some(Value::Object(old)), Value::Object(new)) => Value::Object(merge(old, new)),
            _ => value.clone(),
        };
        after.insert(key.clone(), merged);
    }
    after
}

fn planned(desired: &Fields, observed: &Fields) -> reconcile_plan::Plan {
    let target =
        Target::Exist { fields: desired.clone(), create_only: Fields::new(), rules: RULES, names: Names::Shared };
    let seen = Observed::Found { id: "r".into(), known: true, fields: observed.clone(), holder: None };
    plan(&target, &seen, &Policy::default())
}

fn outcome() -> impl Strategy<Value = Outcome> {
    let text = "[a-c]{1,3}";
    prop_oneof![
        Just(Outcome::in_sync()),
        Just(Outcome::Done(Settled::Suspended)),
        text.prop_map(|message| Outcome::Done(Settled::Drifted { message })),
        text.prop_map(|name| Outcome::waiting(Referent {
            reason: Reason::AccountNotFound,
            kind: "TelnyxAccount",
            name,
            need: "it does not exist".into(),
        })),
        text.prop_map(|message| Outcome::Retry { class: RetryClass::ApiUnavailable, after: None, message }),
        text.prop_map(|message| Outcome::Terminal { reason: Reason::InvalidSpec, message }),
    ]
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn foreign() -> Condition {
    serde_json::from_value(serde_json::json!({
        "type": "Scanned", "status": "True", "reason": "ByOthers", "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z",
    }))
    .unwrap()
}

proptest! {
    #[test]
    fn a_plan_after_its_own_update_is_empty(desired in object(), observed in object()) {
        let first = planned(&desired, &observed);
        let Action::Update { body, .. } = first.action else {
            prop_assert!(first.changes.is_empty(), "differs but plans nothing: {first:?}");
            return Ok(());
        };
        for after in [replace(&observed, &body), merge(&observed, &body)] {
            let second = planned(&desired, &after);
            prop_assert_eq!(second.changes, vec![], "{} became {}", Value::Object(observed.clone()), Value::Object(after));
        }
    }

    #[test]
    fn an_update_leaves_alone_what_the_user_did_not_set(desired in object(), observed in object()) {
        let Action::Update { body, .. } = planned(&desired, &observed).action else { return Ok(()) };
        let after = replace(&observed, &body);
        for (key, value) in &observed {
            if !desired.contains_key(key) {
                prop_assert_eq!(after.get(key), Some(value));
            }
        }
    }

    #[test]
    fn a_quiet_pass_changes_no_status_and_says_nothing(ends in prop::collection::vec(outcome(), 1..5)) {
        let mut conditions = vec![foreign()];
        for (end, second) in ends.iter().zip(0_i64..) {
            let subject = Subject { generation: 1, deleting: false, previous: &conditions, now: at(second), words: Words::REMOTE_OBJECT };
            let first = report(&subject, end, None);
            let again = Subject { previous: &first.conditions, now: at(second + 1_000), ..subject };
            let second_report = report(&again, end, None);
            prop_assert_eq!(&first.conditions, &second_report.conditions);
            prop_assert_eq!(second_report.transition, None);
            prop_assert!(first.conditions.contains(&foreign()));
            conditions = first.conditions;
        }
    }

    #[test]
    fn merging_conditions_twice_is_merging_once(ends in prop::collection::vec(outcome(), 2..4)) {
        let mut before = vec![];
        for (end, second) in ends.iter().zip(0_i64..) {
            let subject = Subject { generation: 1, deleting: false, previous: &before, now: at(second), words: Words::REMOTE_OBJECT };
            let fresh = report(&subject, end, None).conditions;
            let once = merge_conditions(&before, fresh.clone());
            prop_assert_eq!(&merge_conditions(&once, fresh), &once);
            before = once;
        }
    }

    #[test]
    fn joining_outcomes_keeps_the_gravest(left in outcome(), right in outcome()) {
        let rank = |outcome: &Outcome| ["done", "waiting", "retry", "terminal"].iter().position(|l| *l == outcome.label());
        let joined = left.clone().merge(right.clone());
        prop_assert_eq!(rank(&joined), rank(&left).max(rank(&right)));
        prop_assert_eq!(left.clone().merge(left.clone()), left);
    }
}
