//! Two legs: bridge, transfer, dials for another call, supervisors, SIP REFER.

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
use telnyx_simulator::Config;
use telnyx_simulator::config::{Effect, Fault, NumberRule, Outcome, Spread};
use world::{Bench, FROM, TO, fixed};

const AGENT: &str = "+12025550150";
const BUSY: &str = "+12025550151";
const SILENT: &str = "+12025550152";

/// Callers stay for ten minutes and talk for one; the agent answers after two seconds and talks for twenty.
fn config() -> Config {
    let mut config = fixed(Outcome::Person);
    config.callees.person.patience_ms = Spread::Fixed(600_000);
    config.callees.person.after_message_ms = Spread::Fixed(600_000);
    config.callees.person.talk_ms = Spread::Fixed(60_000);
    config.callees.person.hold_ms = Spread::Fixed(300_000);
    let mut agent = config.callees.person.clone();
    agent.talk_ms = Spread::Fixed(20_000);
    let rule = |number: &str| NumberRule { number: Some(number.to_owned()), ..NumberRule::default() };
    config.numbers = vec![
        NumberRule { person: Some(agent), ..rule(AGENT) },
        NumberRule { outcome: Some(Outcome::Busy), ..rule(BUSY) },
        NumberRule { outcome: Some(Outcome::NoAnswer), ..rule(SILENT) },
    ];
    config
}

fn answered_caller(bench: &mut Bench) -> String {
    let caller = bench.call_in(json!({}));
    bench.pass_secs(1);
    bench.obey(&caller, "answer", json!({}));
    caller
}

/// `event leg-number` of each webhook that was sent since the last look; the leg by whom it is with.
fn legs(bench: &mut Bench) -> Vec<String> {
    let sent = std::mem::take(&mut bench.sent);
    sent.iter()
        .map(|one| {
            let session = bench.world.calls();
            let call = session.iter().find(|call| call["callLegId"] == one.payload()["call_leg_id"]).unwrap();
            let other = if call["direction"] == "incoming" { &call["from"] } else { &call["to"] };
            format!("{} {}", one.event_type(), &other.as_str().unwrap()[8..])
        })
        .collect()
}

#[test]
fn a_transfer_rings_a_second_leg_bridges_both_and_ends_both() {
    let mut bench = Bench::new(config());
    let caller = answered_caller(&mut bench);
    bench.sent.clear();
    let body = json!({"to": AGENT, "target_leg_client_state": "Qg==", "client_state": "QQ==", "timeout_secs": 20});
    bench.obey(&caller, "transfer", body);
    bench.pass_secs(10);
    let initiated = bench.last("call.initiated").payload().clone();
    assert_eq!((&initiated["from"], &initiated["to"]), (&json!(FROM), &json!(AGENT)), "the called number is shown");
    assert_eq!(initiated["client_state"], "Qg==");
    let session = |one: &world::Sent| one.payload()["call_session_id"].clone();
    assert!(bench.sent.iter().all(|one| session(one) == session(&bench.sent[0])), "one session");
    let [caller_end, agent_end] = [&TO[8..], &AGENT[8..]];
    assert_eq!(
        legs(&mut bench),
        [
            format!("call.initiated {agent_end}"),
            format!("call.answered {agent_end}"),
            format!("call.bridged {caller_end}"),
            format!("call.bridged {agent_end}"),
        ]
    );
    bench.pass_secs(60);
    assert_eq!(legs(&mut bench), [format!("call.hangup {agent_end}"), format!("call.hangup {caller_end}")]);
}

#[test]
fn a_call_survives_a_transfer_that_fails() {
    for (to, cause) in [(BUSY, "user_busy"), (SILENT, "timeout")] {
        let mut bench = Bench::new(config());
        let caller = answered_caller(&mut bench);
        bench.obey(&caller, "transfer", json!({"to": to, "timeout_secs": 5}));
        bench.pass_secs(60);
        assert_eq!(bench.last("call.hangup").payload()["hangup_cause"], cause);
        bench.obey(&caller, "speak", json!({"payload": "Nobody is there.", "voice": "f"}));
        assert!(!bench.types().contains(&"call.bridged"));
    }
}

#[test]
fn a_caller_who_leaves_while_the_agent_is_rung_cancels_the_leg() {
    let mut bench = Bench::new(config());
    let caller = answered_caller(&mut bench);
    bench.obey(&caller, "transfer", json!({"to": AGENT}));
    bench.pass_secs(1);
    bench.world.leave(&caller).unwrap();
    bench.pass_secs(30);
    let causes: Vec<&Value> = bench
        .sent
        .iter()
        .filter(|one| one.event_type() == "call.hangup")
        .map(|one| &one.payload()["hangup_cause"])
        .collect();
    assert_eq!(causes, ["normal_clearing", "originator_cancel"]);
}

#[test]
fn a_transferred_leg_hears_its_welcome_and_is_judged_before_it_is_bridged() {
    let mut bench = Bench::new(config());
    let caller = answered_caller(&mut bench);
    bench.sent.clear();
    let body =
        json!({"to": AGENT, "audio_url": "https://example.com/whisper.mp3", "answering_machine_detection": "premium"});
    bench.obey(&caller, "transfer", body);
    bench.pass_secs(10);
    assert_eq!(
        bench.types(),
        [
            "call.initiated",
            "call.answered",
            "call.playback.started",
            "call.machine.premium.detection.ended",
            "call.playback.ended",
            "call.bridged",
            "call.bridged"
        ]
    );
}

#[test]
fn a_leg_that_is_to_be_parked_outlives_the_bridge() {
    let mut bench = Bench::new(config());
    let caller = answered_caller(&mut bench);
    bench.obey(&caller, "transfer", json!({"to": AGENT, "park_after_unbridge": "self"}));
    bench.pass_secs(60);
    assert_eq!(bench.types().iter().filter(|event| **event == "call.hangup").count(), 1);
    bench.obey(&caller, "speak", json!({"payload": "Goodbye.", "voice": "f"}));
}

#[test]
fn two_calls_are_bridged_by_command_and_a_third_takes_one_away() {
    let mut bench = Bench::new(config());
    let caller = answered_caller(&mut bench);
    let agent = bench.dial(json!({"to": AGENT}));
    let other = bench.dial(json!({"to": "+12025550160"}));
    assert_eq!(bench.refusal(&caller, "bridge", json!({"call_control_id": agent})), "422 90034 -");
    bench.pass_secs(2);
    bench.sent.clear();
    bench.obey(&caller, "bridge", json!({"call_control_id": agent, "park_after_unbridge": "self"}));
    let [caller_end, agent_end, other_end] = [&TO[8..], &AGENT[8..], "0160"];
    assert_eq!(legs(&mut bench), [format!("call.bridged {caller_end}"), format!("call.bridged {agent_end}")]);
    let guarded = json!({"call_control_id": agent, "prevent_double_bridge": true});
    assert_eq!(bench.refusal(&other, "bridge", guarded), "422 10015 /call_control_id");
    bench.obey(&other, "bridge", json!({"call_control_id": agent}));
    assert_eq!(legs(&mut bench), [format!("call.bridged {other_end}"), format!("call.bridged {agent_end}")]);
    bench.obey(&caller, "speak", json!({"payload": "You are parked.", "voice": "f"}));
}

#[test]
fn a_bridge_answers_a_caller_who_still_hears_it_ring() {
    let mut bench = Bench::new(config());
    let agent = bench.dial(json!({"to": AGENT}));
    bench.pass_secs(2);
    let caller = bench.call_in(json!({}));
    bench.pass_secs(1);
    bench.sent.clear();
    bench.obey(&agent, "bridge", json!({"call_control_id": caller}));
    assert_eq!(bench.types(), ["call.answered", "call.bridged", "call.bridged"]);
}

#[test]
fn the_first_in_a_queue_is_bridged() {
    let mut bench = Bench::new(config());
    let caller = answered_caller(&mut bench);
    let agent = bench.dial(json!({"to": AGENT}));
    bench.pass_secs(2);
    assert_eq!(bench.refusal(&agent, "bridge", json!({"queue": "support"})), "422 10015 /queue");
    bench.obey(&caller, "enqueue", json!({"queue_name": "support"}));
    bench.pass_secs(30);
    bench.sent.clear();
    bench.obey(&agent, "bridge", json!({"queue": "support"}));
    assert_eq!(bench.types(), ["call.dequeued", "call.bridged", "call.bridged"]);
    assert_eq!(bench.last("call.dequeued").payload()["reason"], "bridging-in-process");
    bench.obey(&agent, "enqueue", json!({"queue_name": "support"}));
    assert_eq!(bench.types()[3..], ["call.enqueued", "call.hangup"], "a queued call leaves its bridge");
}

#[test]
fn a_bridge_names_one_live_call_or_one_queue() {
    let mut bench = Bench::new(config());
    let caller = answered_caller(&mut bench);
    let gone = answered_caller(&mut bench);
    bench.obey(&gone, "hangup", json!({}));
    for (body, expected) in [
        (json!({}), "422 10004 /call_control_id"),
        (json!({"call_control_id": "v3:x", "queue": "q"}), "422 10015 /queue"),
        (json!({"call_control_id": "v3:x"}), "422 90015 -"),
        (json!({"call_control_id": gone}), "422 90018 -"),
        (json!({"call_control_id": "a", "park_after_unbridge": "both"}), "422 10032 /park_after_unbridge"),
    ] {
        assert_eq!(bench.refusal(&caller, "bridge", body.clone()), expected, "{body}");
    }
}

#[test]
fn a_dial_may_be_linked_bridged_and_show_the_callers_number() {
    let mut bench = Bench::new(config());
    let caller = answered_caller(&mut bench);
    let session = bench.last("call.answered").payload()["call_session_id"].clone();
    bench.sent.clear();
    bench.dial(json!({"to": AGENT, "link_to": caller, "bridge_on_answer": true, "bridge_intent": true}));
    bench.pass_secs(3);
    assert_eq!(bench.types(), ["call.initiated", "call.answered", "call.bridged", "call.bridged"]);
    let initiated = bench.last("call.initiated").payload();
    assert_eq!((&initiated["from"], &initiated["call_session_id"]), (&json!(TO), &session));
    assert_eq!(bench.try_dial(json!({"bridge_on_answer": true})).1["errors"][0]["source"]["pointer"], "/link_to");
    let unknown = bench.try_dial(json!({"link_to": "v3:x"})).1;
    assert_eq!(
        (&unknown["errors"][0]["code"], &unknown["errors"][0]["source"]["pointer"]),
        (&json!("90015"), &json!("/link_to"))
    );
}

#[test]
fn a_caller_waits_longer_while_somebody_is_rung_for_them() {
    let mut config = config();
    config.callees.person.patience_ms = Spread::Fixed(8000);
    let mut bench = Bench::new(config);
    let caller = answered_caller(&mut bench);
    bench.dial(json!({"to": SILENT, "link_to": caller, "bridge_on_answer": true, "timeout_secs": 30, "retry_on_timeout": false}));
    let start = bench.now;
    bench.pass_secs(60);
    assert_eq!(bench.story(start)[2..], ["call.initiated 0", "call.hangup 30000", "call.hangup 38000"]);
}

#[test]
fn a_linked_dial_does_not_cancel_its_neighbours_in_the_session() {
    let mut bench = Bench::new(config());
    let caller = answered_caller(&mut bench);
    bench.dial(json!({"to": SILENT, "link_to": caller, "timeout_secs": 30, "retry_on_timeout": false}));
    bench.dial(json!({"to": AGENT, "link_to": caller, "bridge_on_answer": true}));
    bench.pass_secs(10);
    assert!(!bench.types().contains(&"call.hangup"), "{:?}", bench.types());
    bench.pass_secs(25);
    let causes: Vec<&Value> =
        bench.sent.iter().map(|one| &one.payload()["hangup_cause"]).filter(|cause| !cause.is_null()).collect();
    assert_eq!(causes, ["normal_clearing", "normal_clearing", "no_answer"], "the agent, the caller, the other leg");
}

#[test]
fn a_supervisor_joins_changes_the_role_and_leaves_with_the_call() {
    let mut bench = Bench::new(config());
    let caller = answered_caller(&mut bench);
    let supervisor =
        bench.dial(json!({"to": AGENT, "supervise_call_control_id": caller, "supervisor_role": "monitor"}));
    bench.pass_secs(3);
    let role = |bench: &Bench| {
        let calls = bench.world.calls();
        calls.iter().find(|call| call["callControlId"] == supervisor.as_str()).unwrap()["supervisorRole"].clone()
    };
    assert_eq!(role(&bench), "monitor");
    bench.obey(&supervisor, "switch_supervisor_role", json!({"role": "whisper"}));
    assert_eq!(role(&bench), "whisper");
    assert_eq!(bench.refusal(&caller, "switch_supervisor_role", json!({"role": "barge"})), "422 10015 /role");
    assert_eq!(bench.refusal(&supervisor, "switch_supervisor_role", json!({"role": "shout"})), "422 10032 /role");
    bench.sent.clear();
    bench.obey(&caller, "hangup", json!({}));
    assert_eq!(bench.types(), ["call.hangup", "call.hangup"]);
}

#[test]
fn a_refer_is_completed_and_the_other_end_leaves_or_fails_and_it_stays() {
    for (fails, expected) in [
        (false, vec!["call.refer.started", "call.refer.completed", "call.hangup"]),
        (true, vec!["call.refer.started", "call.refer.failed"]),
    ] {
        let mut bench = Bench::new(config());
        let caller = answered_caller(&mut bench);
        if fails {
            bench.world.arm(Fault::new(Effect::Fail).event("call.refer.completed"));
        }
        bench.sent.clear();
        bench.obey(&caller, "refer", json!({"sip_address": "sip:desk@example.com"}));
        bench.pass_secs(10);
        assert_eq!(bench.types(), expected);
    }
    let mut bench = Bench::new(config());
    let caller = answered_caller(&mut bench);
    assert_eq!(bench.refusal(&caller, "refer", json!({"sip_address": AGENT})), "422 10015 /sip_address");
}

#[test]
fn a_transfer_is_refused_by_the_profile_and_the_fields_like_a_dial() {
    let mut bench = Bench::new(config());
    let caller = answered_caller(&mut bench);
    for (body, expected) in [
        (json!({}), "422 10004 /to"),
        (json!({"to": "12"}), "422 10016 /to"),
        (json!({"to": AGENT, "from": "12"}), "422 10016 /from"),
        (json!({"to": AGENT, "timeout_secs": 4}), "422 10033 /timeout_secs"),
        (json!({"to": AGENT, "send_digits_on_answer": "12E"}), "422 90014 /send_digits_on_answer"),
        (json!({"to": AGENT, "target_leg_client_state": "?"}), "422 90017 /target_leg_client_state"),
        (json!({"to": "+4930123456"}), "403 10010 /to"),
    ] {
        assert_eq!(bench.refusal(&caller, "transfer", body.clone()), expected, "{body}");
    }
}
