//! Calls that others make to the account: ringing, answered, rejected, given up, forgotten.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::needless_pass_by_value,
    reason = "tests"
)]

#[path = "support/world.rs"]
mod world;

use serde_json::{Value, json};
use telnyx_simulator::config::{IncomingCall, Line, Outcome, Stream};
use telnyx_simulator::model::Unreachable;
use world::{Bench, FROM, TO, fixed};

fn bench() -> Bench {
    Bench::new(fixed(Outcome::Person))
}

#[test]
fn a_call_in_is_told_answered_and_ended_by_the_caller() {
    let mut bench = bench();
    let start = bench.now;
    let call = bench.call_in(json!({}));
    bench.pass_secs(3);
    let initiated = bench.last("call.initiated").payload();
    assert_eq!((&initiated["direction"], &initiated["state"]), (&json!("incoming"), &json!("parked")));
    assert_eq!((&initiated["from"], &initiated["to"]), (&json!(TO), &json!(FROM)));
    bench.obey(&call, "answer", json!({"client_state": "c3RhdGU="}));
    assert_eq!(bench.last("call.answered").payload()["client_state"], "c3RhdGU=");
    bench.pass_secs(60);
    assert_eq!(bench.story(start), ["call.initiated 0", "call.answered 3000", "call.hangup 13000"]);
    let hangup = bench.last("call.hangup").payload();
    assert_eq!((&hangup["hangup_cause"], &hangup["hangup_source"]), (&json!("normal_clearing"), &json!("caller")));
}

#[test]
fn a_rejected_call_ends_with_the_cause_that_was_chosen() {
    for (cause, told, sip) in [
        ("USER_BUSY", "user_busy", "486"),
        ("CALL_REJECTED", "call_rejected", "603"),
        ("NOT_FOUND", "not_found", "404"),
        ("TEMPORARILY_UNAVAILABLE", "unspecified", "480"),
    ] {
        let mut bench = bench();
        let call = bench.call_in(json!({}));
        bench.pass_secs(1);
        bench.obey(&call, "reject", json!({"cause": cause}));
        let hangup = bench.last("call.hangup").payload();
        assert_eq!((&hangup["hangup_cause"], &hangup["sip_hangup_cause"]), (&json!(told), &json!(sip)));
        assert_eq!(hangup["hangup_source"], "callee");
    }
}

#[test]
fn a_hangup_by_command_is_the_callees_doing_before_and_after_the_answer() {
    for (answered, cause) in [(false, "call_rejected"), (true, "normal_clearing")] {
        let mut bench = bench();
        let call = bench.call_in(json!({}));
        bench.pass_secs(1);
        if answered {
            bench.obey(&call, "answer", json!({}));
        }
        bench.obey(&call, "hangup", json!({}));
        let hangup = bench.last("call.hangup").payload();
        assert_eq!((&hangup["hangup_cause"], &hangup["hangup_source"]), (&json!(cause), &json!("callee")));
    }
}

#[test]
fn a_caller_whom_nobody_answers_gives_up() {
    let mut bench = bench();
    let start = bench.now;
    bench.call_in(json!({"ringPatienceMs": 7000}));
    bench.pass_secs(60);
    assert_eq!(bench.story(start), ["call.initiated 0", "call.hangup 7000"]);
    let hangup = bench.last("call.hangup").payload();
    assert_eq!((&hangup["hangup_cause"], &hangup["hangup_source"]), (&json!("originator_cancel"), &json!("caller")));
}

#[test]
fn an_application_that_sends_no_command_in_time_loses_the_caller_but_any_command_keeps_them() {
    for (commanded, story) in [(false, "call.hangup 3000"), (true, "call.hangup 20000")] {
        let mut bench = bench();
        let body = json!({
            "application_name": "bench", "webhook_event_url": "http://receiver/first",
            "first_command_timeout": true, "first_command_timeout_secs": 3,
        });
        let path = format!("/call_control_applications/{}", bench.application);
        assert_eq!(bench.patch(&path, body).0, 200);
        let start = bench.now;
        let call = bench.call_in(json!({"ringPatienceMs": 20_000}));
        bench.pass_secs(1);
        if commanded {
            let path = format!("/calls/{call}/actions/client_state_update");
            let put = telnyx_simulator::model::Method::Put;
            assert_eq!(bench.call(put, &path, json!({"client_state": "YQ=="})).0, 200);
        }
        bench.pass_secs(60);
        assert_eq!(bench.story(start).last().unwrap(), story);
    }
}

#[test]
fn commands_know_the_direction_and_whether_the_call_is_answered() {
    let mut bench = bench();
    let incoming = bench.call_in(json!({}));
    bench.pass_secs(1);
    let speak = json!({"payload": "Hello", "voice": "female"});
    assert_eq!(bench.refusal(&incoming, "speak", speak.clone()), "422 90034 -");
    assert_eq!(bench.refusal(&incoming, "reject", json!({"cause": "NO"})), "422 10032 /cause");
    assert_eq!(bench.refusal(&incoming, "reject", json!({})), "422 10004 /cause");
    bench.obey(&incoming, "answer", json!({"command_id": "a"}));
    bench.obey(&incoming, "answer", json!({"command_id": "a"}));
    bench.obey(&incoming, "answer", json!({}));
    assert_eq!(bench.types().iter().filter(|event| **event == "call.answered").count(), 1);
    assert_eq!(bench.refusal(&incoming, "reject", json!({"cause": "USER_BUSY"})), "422 90102 -");
    bench.obey(&incoming, "speak", speak);
    let outgoing = bench.dial(json!({}));
    bench.pass_secs(1);
    assert_eq!(bench.refusal(&outgoing, "answer", json!({})), "422 90102 -");
    assert_eq!(bench.refusal(&outgoing, "reject", json!({"cause": "USER_BUSY"})), "422 90102 -");
}

#[test]
fn calls_in_count_against_the_inbound_limit_of_the_application_only() {
    let mut config = fixed(Outcome::Person);
    config.limits.concurrent_calls = Some(1);
    let mut bench = Bench::new(config);
    let body = json!({
        "application_name": "bench", "webhook_event_url": "http://receiver/first", "inbound": {"channel_limit": 1},
    });
    let path = format!("/call_control_applications/{}", bench.application);
    assert_eq!(bench.patch(&path, body).0, 200);
    bench.call_in(json!({}));
    let order = IncomingCall {
        to: FROM.to_owned(),
        from: TO.to_owned(),
        connection_id: Some(bench.application.clone()),
        ..IncomingCall::default()
    };
    assert_eq!(bench.world.call_in(&order), Err(Unreachable::Busy));
    bench.dial(json!({}));
    assert_eq!(bench.world.counters()["concurrentCalls"], 2);
}

#[test]
fn the_callers_identity_is_told_and_attested_when_the_application_asks() {
    for (enabled, attestation) in [(false, Value::Null), (true, json!("A"))] {
        let mut bench = bench();
        let body = json!({
            "application_name": "bench", "webhook_event_url": "http://receiver/first",
            "inbound": {"shaken_stir_enabled": enabled},
        });
        let path = format!("/call_control_applications/{}", bench.application);
        assert_eq!(bench.patch(&path, body).0, 200);
        bench.call_in(json!({}));
        let initiated = bench.last("call.initiated").payload();
        assert_eq!((&initiated["caller_id_name"], &initiated["shaken_stir_attestation"]), (&json!(TO), &attestation));
    }
}

#[test]
fn a_number_reaches_the_application_that_its_line_names() {
    let mut config = fixed(Outcome::Person);
    config.inbound.lines = vec![Line { number: FROM.to_owned(), application: "bench".to_owned() }];
    let mut bench = Bench::new(config);
    bench.call_in(json!({"connectionId": Value::Null}));
    bench.pass_secs(1);
    assert_eq!(bench.last("call.initiated").payload()["connection_id"], bench.application.as_str());
    let elsewhere = IncomingCall { to: "+12025550111".to_owned(), from: TO.to_owned(), ..IncomingCall::default() };
    assert_eq!(bench.world.call_in(&elsewhere), Err(Unreachable::NoApplication));
}

#[test]
fn callers_come_by_themselves_about_as_often_as_asked_and_at_the_same_times_for_the_same_seed() {
    let run = || {
        let mut config = fixed(Outcome::Person);
        config.inbound.lines = vec![Line { number: FROM.to_owned(), application: "bench".to_owned() }];
        let from = vec![TO.to_owned(), "+12025550188".to_owned()];
        config.inbound.stream = Some(Stream { per_hour: 60.0, to: FROM.to_owned(), from });
        let mut bench = Bench::new(config);
        bench.pass_secs(10 * 3600);
        let initiated = bench.sent.iter().filter(|one| one.event_type() == "call.initiated");
        initiated.map(|one| (one.at, one.payload()["from"].as_str().unwrap().to_owned())).collect::<Vec<_>>()
    };
    let calls = run();
    assert!((500..700).contains(&calls.len()), "{} calls in ten hours", calls.len());
    assert!(calls.iter().any(|(_, from)| from == TO) && calls.iter().any(|(_, from)| from != TO));
    assert_eq!(calls, run());
}
