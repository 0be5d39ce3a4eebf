//! The call model without sockets: how calls end, what detection says, what is heard.

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
use telnyx_simulator::config::{AudioCut, OnHold, Outcome, SipCauseStyle, Spread};
use telnyx_simulator::model::Method;
use world::{Bench, fixed};

/// The webhooks of one dial that is left alone for ten minutes, as `type result milliseconds`.
fn story(config: telnyx_simulator::Config, dial: Value) -> Vec<String> {
    let mut bench = Bench::new(config);
    let start = bench.now;
    bench.dial(dial);
    bench.pass_secs(600);
    bench.story(start)
}

#[test]
fn a_call_ends_with_the_cause_and_code_of_its_outcome() {
    // outcome, retry_on_timeout -> cause, source, SIP code, milliseconds after the dial
    for (outcome, retries, cause, source, sip, after) in [
        (Outcome::Person, false, "normal_clearing", "callee", "200", 12_000),
        (Outcome::Machine, false, "normal_clearing", "callee", "200", 36_000),
        (Outcome::Fax, false, "normal_clearing", "callee", "200", 32_000),
        (Outcome::Silence, false, "normal_clearing", "callee", "200", 32_000),
        (Outcome::NoAnswer, false, "no_answer", "unknown", "487", 20_000),
        (Outcome::NoAnswer, true, "timeout", "unknown", "487", 23_000),
        (Outcome::Busy, false, "user_busy", "callee", "486", 2000),
        (Outcome::Rejected, false, "call_rejected", "callee", "603", 2000),
        (Outcome::NotFound, false, "not_found", "unknown", "404", 2000),
        (Outcome::CarrierFailure, false, "unspecified", "unknown", "503", 2000),
    ] {
        let mut bench = Bench::new(fixed(outcome));
        let start = bench.now;
        bench.dial(json!({"timeout_secs": 20, "retry_on_timeout": retries}));
        bench.pass_secs(600);
        let hangup = bench.last("call.hangup");
        let payload = hangup.payload();
        let told = (payload["hangup_cause"].as_str(), payload["hangup_source"].as_str());
        assert_eq!(told, (Some(cause), Some(source)), "{outcome:?}");
        assert_eq!(payload["sip_hangup_cause"], sip, "{outcome:?}");
        assert_eq!(hangup.at.since(start).as_millis(), after, "{outcome:?}");
        let answered = bench.types().contains(&"call.answered");
        let answers = matches!(outcome, Outcome::Person | Outcome::Machine | Outcome::Fax | Outcome::Silence);
        assert_eq!(answered, answers, "{outcome:?}");
    }
}

#[test]
fn a_callee_who_rings_longer_than_the_timeout_never_answers() {
    let mut config = fixed(Outcome::Person);
    config.callees.ring_ms = Spread::Fixed(9000);
    assert_eq!(
        story(config, json!({"timeout_secs": 5, "retry_on_timeout": false})),
        ["call.initiated 0", "call.hangup 5000"]
    );
}

#[test]
fn detection_tells_what_the_guide_says_for_each_mode_and_callee() {
    let silent = ["call.initiated", "call.answered", "call.hangup"];
    for (mode, outcome, expected) in [
        ("disabled", Outcome::Machine, vec![]),
        ("detect", Outcome::Person, vec!["call.machine.detection.ended human 4000"]),
        ("detect", Outcome::Machine, vec!["call.machine.detection.ended machine 4000"]),
        ("detect", Outcome::Fax, vec!["call.machine.detection.ended machine 4000"]),
        ("detect_beep", Outcome::Person, vec!["call.machine.detection.ended human 4000"]),
        (
            "detect_beep",
            Outcome::Machine,
            vec!["call.machine.detection.ended machine 4000", "call.machine.greeting.ended beep_detected 6000"],
        ),
        (
            "detect_words",
            Outcome::Machine,
            vec!["call.machine.detection.ended machine 4000", "call.machine.greeting.ended beep_detected 6000"],
        ),
        (
            "greeting_end",
            Outcome::Machine,
            vec!["call.machine.detection.ended machine 4000", "call.machine.greeting.ended ended 6000"],
        ),
        ("premium", Outcome::Person, vec!["call.machine.premium.detection.ended human_residence 4000"]),
        (
            "premium",
            Outcome::Machine,
            vec![
                "call.machine.premium.detection.ended machine 4000",
                "call.machine.premium.greeting.ended beep_detected 6000",
            ],
        ),
        ("premium", Outcome::Fax, vec!["call.machine.premium.detection.ended fax_detected 4000"]),
        ("premium", Outcome::Silence, vec!["call.machine.premium.detection.ended silence 4000"]),
    ] {
        let told: Vec<String> = story(fixed(outcome), json!({"answering_machine_detection": mode}))
            .into_iter()
            .filter(|line| !silent.iter().any(|event| line.starts_with(event)))
            .collect();
        assert_eq!(told, expected, "{mode} {outcome:?}");
    }
}

#[test]
fn without_a_beep_each_mode_falls_back_as_documented() {
    for (mode, expected) in [
        ("detect_beep", None),
        ("detect_words", Some("call.machine.greeting.ended not_sure 34000")),
        ("greeting_end", Some("call.machine.greeting.ended ended 7500")),
        ("premium", Some("call.machine.premium.greeting.ended no_beep_detected 7500")),
    ] {
        let mut config = fixed(Outcome::Machine);
        config.callees.machine.beep_share = 0.0;
        let told = story(config, json!({"answering_machine_detection": mode}));
        let greeting = told.iter().find(|line| line.contains("greeting"));
        assert_eq!(greeting.map(String::as_str), expected, "{mode}");
    }
}

#[test]
fn a_beep_before_the_premium_verdict_replaces_it() {
    let mut config = fixed(Outcome::Machine);
    config.callees.machine.greeting_ms = Spread::Fixed(1500);
    let told = story(config.clone(), json!({"answering_machine_detection": "premium"}));
    assert_eq!(told[2], "call.machine.premium.greeting.ended beep_detected 3500");
    assert!(!told.iter().any(|line| line.contains("detection.ended")), "{told:?}");

    config.callees.machine.greeting_ms = Spread::Fixed(4000);
    config.callees.amd.early_beep_share = 1.0;
    let told = story(config, json!({"answering_machine_detection": "premium"}));
    assert_eq!(told[2], "call.machine.premium.greeting.ended beep_detected 3000");
    assert!(!told.iter().any(|line| line.contains("detection.ended")), "{told:?}");
}

#[test]
fn a_verdict_that_takes_longer_than_the_analysis_is_not_sure() {
    let mut config = fixed(Outcome::Machine);
    config.callees.amd.verdict_ms = Spread::Fixed(5000);
    let dial = json!({
        "answering_machine_detection": "premium",
        "answering_machine_detection_config": {"total_analysis_time_millis": 1000},
    });
    assert_eq!(story(config, dial)[2], "call.machine.premium.detection.ended not_sure 3000");
}

#[test]
fn a_machine_verdict_cuts_audio_that_began_before_it() {
    for (cut, ended) in [
        (AudioCut::Machine, "call.playback.ended cancelled_amd 4000"),
        (AudioCut::Never, "call.playback.ended completed 7000"),
    ] {
        let mut config = fixed(Outcome::Machine);
        config.switches.amd_cuts_audio = cut;
        let dial = json!({"answering_machine_detection": "detect", "audio_url": "https://example.com/hello.mp3"});
        let told = story(config, dial);
        assert!(told.iter().any(|line| line == ended), "{cut:?}: {told:?}");
    }
}

#[test]
fn texts_and_files_are_heard_one_after_the_other() {
    let mut bench = Bench::new(fixed(Outcome::Person));
    let call = bench.dial(json!({}));
    bench.pass_secs(2);
    let start = bench.now;
    let spoken = bench.command(&call, "speak", json!({"payload": "0123456789", "voice": "female", "loop": 2}));
    assert_eq!(spoken, (200, json!({"data": {"result": "ok"}})));
    bench.command(&call, "playback_start", json!({"audio_url": "https://example.com/a.mp3"}));
    bench.command(&call, "playback_start", json!({"media_name": "missing.mp3"}));
    bench.command(&call, "playback_start", json!({"audio_url": "https://example.com/broken.mp3"}));
    bench.pass_secs(60);
    assert_eq!(
        bench.story(start)[2..],
        [
            "call.speak.started 0",
            "call.speak.ended completed 1200",
            "call.playback.started 1200",
            "call.playback.ended completed 6200",
            "call.playback.ended file_not_found 6200",
            "call.playback.ended failed 6200",
            "call.hangup 7200",
        ]
    );
    assert_eq!(bench.last("call.playback.started").payload()["media_url"], "https://example.com/a.mp3");
}

#[test]
fn what_is_stopped_ends_at_once_and_what_is_endless_plays_until_then() {
    let mut bench = Bench::new(fixed(Outcome::Person));
    let call = bench.dial(json!({}));
    bench.pass_secs(2);
    bench.command(&call, "playback_start", json!({"media_name": "a", "loop": "infinity"}));
    bench.command(&call, "playback_start", json!({"media_name": "b"}));
    bench.pass_secs(120);
    assert_eq!(bench.types()[2..], ["call.playback.started"]);
    let (status, _) = bench.command(&call, "playback_stop", json!({"stop": "current"}));
    assert_eq!(status, 200);
    assert_eq!(bench.last("call.playback.ended").payload()["status"], "cancelled");
    assert_eq!(bench.last("call.playback.started").payload()["media_name"], "b");
    bench.command(&call, "playback_stop", json!({}));
    assert_eq!(bench.types().iter().filter(|event| **event == "call.playback.ended").count(), 2);
}

#[test]
fn a_hangup_cuts_what_plays_and_is_told_once() {
    let mut bench = Bench::new(fixed(Outcome::Person));
    let call = bench.dial(json!({}));
    bench.pass_secs(2);
    bench.command(&call, "playback_start", json!({"media_name": "a"}));
    bench.command(&call, "playback_start", json!({"media_name": "b"}));
    let (status, _) = bench.command(&call, "hangup", json!({"command_id": "1"}));
    assert_eq!(status, 200);
    bench.pass_secs(600);
    assert_eq!(bench.types()[2..], ["call.playback.started", "call.playback.ended", "call.hangup"]);
    assert_eq!(bench.last("call.playback.ended").payload()["status"], "call_hangup");
    let hangup = bench.last("call.hangup").payload();
    assert_eq!((&hangup["hangup_cause"], &hangup["hangup_source"]), (&json!("normal_clearing"), &json!("caller")));
}

#[test]
fn a_hangup_before_the_answer_is_a_cancelled_call() {
    let mut bench = Bench::new(fixed(Outcome::Person));
    let call = bench.dial(json!({}));
    bench.pass_secs(1);
    bench.command(&call, "hangup", json!({}));
    bench.pass_secs(60);
    assert_eq!(bench.types(), ["call.initiated", "call.hangup"]);
    assert_eq!(bench.last("call.hangup").payload()["hangup_cause"], "originator_cancel");
}

#[test]
fn the_time_limit_ends_a_call_that_would_go_on() {
    let mut bench = Bench::new(fixed(Outcome::Person));
    let call = bench.dial(json!({"time_limit_secs": 60}));
    bench.pass_secs(2);
    bench.command(&call, "playback_start", json!({"media_name": "a", "loop": "infinity"}));
    bench.pass_secs(600);
    assert_eq!(bench.last("call.hangup").payload()["hangup_cause"], "time_limit");
}

#[test]
fn a_person_may_hang_up_before_the_message_is_over() {
    let mut config = fixed(Outcome::Person);
    config.callees.person.early_share = 1.0;
    config.callees.person.early_ms = Spread::Fixed(1500);
    let dial = json!({"audio_url": "https://example.com/hello.mp3"});
    assert_eq!(
        story(config, dial),
        [
            "call.initiated 0",
            "call.answered 2000",
            "call.playback.started 2000",
            "call.playback.ended call_hangup 3500",
            "call.hangup 3500"
        ]
    );
}

#[test]
fn commands_are_refused_by_what_the_call_is() {
    let mut bench = Bench::new(fixed(Outcome::Person));
    let call = bench.dial(json!({}));
    bench.pass_secs(1);
    let speak = json!({"payload": "Hello", "voice": "female"});
    let code = |answer: (u16, Value)| (answer.0, answer.1["errors"][0]["code"].as_str().map(str::to_owned));
    assert_eq!(code(bench.command(&call, "speak", speak.clone())), (422, Some("90034".to_owned())));
    assert_eq!(code(bench.command("v3:unknown", "speak", speak.clone())), (422, Some("90015".to_owned())));
    bench.pass_secs(1);
    assert_eq!(
        code(bench.command(&call, "speak", json!({"payload": "x".repeat(3001), "voice": "f"}))),
        (422, Some("90010".to_owned()))
    );
    assert_eq!(
        code(bench.command(&call, "speak", json!({"payload": "x", "voice": "f", "client_state": "?"}))),
        (422, Some("90017".to_owned()))
    );
    bench.pass_secs(20);
    for command in ["speak", "hangup", "playback_start", "playback_stop", "enqueue", "leave_queue"] {
        assert_eq!(code(bench.command(&call, command, speak.clone())), (422, Some("90018".to_owned())), "{command}");
    }
}

#[test]
fn client_state_is_echoed_until_it_is_replaced_and_kept_by_a_refused_command() {
    let mut bench = Bench::new(fixed(Outcome::Person));
    let call = bench.dial(json!({"client_state": "b25l"}));
    bench.pass_secs(2);
    assert_eq!(bench.last("call.answered").payload()["client_state"], "b25l");
    let path = format!("/calls/{call}/actions/client_state_update");
    assert_eq!(bench.call(Method::Put, &path, json!({"client_state": "dHdv"})).0, 200);
    assert_eq!(bench.command(&call, "speak", json!({"payload": "", "voice": "f", "client_state": "dGhyZWU="})).0, 422);
    bench.pass_secs(30);
    assert_eq!(bench.last("call.hangup").payload()["client_state"], "dHdv");
}

#[test]
fn the_first_of_several_destinations_to_answer_keeps_the_call() {
    let mut config = fixed(Outcome::Person);
    config.numbers = vec![telnyx_simulator::config::NumberRule {
        number: Some("+12025550101".to_owned()),
        ring_ms: Some(Spread::Fixed(500)),
        ..Default::default()
    }];
    let mut bench = Bench::new(config);
    bench.dial(json!({"to": ["+12025550100", "+12025550101"]}));
    bench.pass_secs(60);
    let causes: Vec<(&str, &str)> = bench
        .sent
        .iter()
        .filter(|one| one.event_type() == "call.hangup")
        .map(|one| (one.payload()["to"].as_str().unwrap(), one.payload()["hangup_cause"].as_str().unwrap()))
        .collect();
    assert_eq!(causes, [("+12025550100", "originator_cancel"), ("+12025550101", "normal_clearing")]);
}

#[test]
fn sip_causes_can_be_told_in_each_way_that_was_seen() {
    for (style, expected) in
        [(SipCauseStyle::Sip, "486"), (SipCauseStyle::Q850, "17"), (SipCauseStyle::Unspecified, "unspecified")]
    {
        let mut config = fixed(Outcome::Busy);
        config.switches.sip_cause_style = style;
        let mut bench = Bench::new(config);
        bench.dial(json!({}));
        bench.pass_secs(5);
        assert_eq!(bench.last("call.hangup").payload()["sip_hangup_cause"], expected);
    }
}

#[test]
fn an_application_that_sends_no_command_in_time_loses_the_call() {
    let mut bench = Bench::new(fixed(Outcome::Person));
    let body = json!({
        "application_name": "bench", "webhook_event_url": "http://receiver/first",
        "first_command_timeout": true, "first_command_timeout_secs": 3, "call_cost_in_webhooks": true,
    });
    let path = format!("/call_control_applications/{}", bench.application);
    assert_eq!(bench.patch(&path, body).0, 200);
    let start = bench.now;
    bench.dial(json!({}));
    bench.pass_secs(60);
    assert_eq!(bench.story(start)[2..], ["call.hangup 5000", "call.cost success 5000"]);
}

/// A person whose telephone asks for six seconds who is calling, and who takes the call three seconds later.
fn screening(tone: bool) -> telnyx_simulator::Config {
    let mut config = fixed(Outcome::Person);
    config.callees.person.patience_ms = Spread::Fixed(60_000);
    config.callees.person.screen_share = 1.0;
    config.callees.person.screen.prompt_ms = Spread::Fixed(6000);
    config.callees.person.screen.tone_share = if tone { 1.0 } else { 0.0 };
    config.callees.person.screen.decides_ms = Spread::Fixed(3000);
    config
}

#[test]
fn a_telephone_that_asks_who_is_calling_is_a_machine_until_its_owner_takes_the_call() {
    let ios = "premium_ios_call_screening_detection";
    let verdict = "call.machine.premium.detection.ended";
    // mode, tone, longest wait for the end of the prompt -> what detection says, with milliseconds from the dial; it rings for two seconds
    for (mode, tone, wait, expected) in [
        (
            ios,
            true,
            30_000,
            vec![
                format!("{verdict} machine 4000"),
                "call.machine.premium.call_screening.detected screening 8000".to_owned(),
                format!("{verdict} not_sure 11500"),
            ],
        ),
        (
            ios,
            false,
            30_000,
            vec![format!("{verdict} machine 4000"), "call.machine.premium.greeting.ended prompt_ended 8000".to_owned()],
        ),
        (
            ios,
            true,
            3000,
            vec![
                format!("{verdict} machine 4000"),
                "call.machine.premium.greeting.ended no_beep_detected 7000".to_owned(),
            ],
        ),
        (
            "premium",
            true,
            30_000,
            vec![
                format!("{verdict} machine 4000"),
                "call.machine.premium.greeting.ended no_beep_detected 7500".to_owned(),
            ],
        ),
        ("detect", true, 30_000, vec!["call.machine.detection.ended machine 4000".to_owned()]),
    ] {
        let settings = json!({"prompt_end_timeout_millis": wait});
        let dial = json!({"answering_machine_detection": mode, "answering_machine_detection_config": settings});
        let told = story(screening(tone), dial);
        let heard: Vec<&String> = told.iter().filter(|event| event.starts_with("call.machine")).collect();
        assert_eq!(heard, expected.iter().collect::<Vec<_>>(), "{mode} {tone} {wait}");
        assert!(told.last().unwrap().starts_with("call.hangup"), "{told:?}");
    }
    let patient = json!({"total_analysis_time_millis": 30_000});
    let dial = json!({"answering_machine_detection": ios, "answering_machine_detection_config": patient});
    assert!(story(screening(true), dial).contains(&format!("{verdict} human_residence 13000")));
}

#[test]
fn detection_that_begins_again_after_a_screening_may_be_wrong_again() {
    let verdict = "call.machine.premium.detection.ended";
    let second = |seed| {
        let mut config = screening(true);
        config.seed = seed;
        config.callees.amd.wrong_share = 0.5;
        let settings = json!({"total_analysis_time_millis": 30_000});
        let ios = "premium_ios_call_screening_detection";
        let dial = json!({"answering_machine_detection": ios, "answering_machine_detection_config": settings});
        let told = story(config, dial);
        let verdicts: Vec<&String> = told.iter().filter(|event| event.starts_with(verdict)).collect();
        // Who was taken for a person at once is not judged again.
        verdicts.get(1).map(|event| (*event).clone())
    };
    let found: std::collections::BTreeSet<String> = (0..32).filter_map(second).collect();
    let expected = [format!("{verdict} human_residence 13000"), format!("{verdict} machine 13000")];
    assert_eq!(found.into_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn a_greeting_without_a_beep_is_a_prompt_that_ended_to_the_mode_that_knows_prompts() {
    let mut config = fixed(Outcome::Machine);
    config.callees.machine.beep_share = 0.0;
    let ios = json!({"answering_machine_detection": "premium_ios_call_screening_detection"});
    assert!(story(config.clone(), ios).contains(&"call.machine.premium.greeting.ended prompt_ended 6000".to_owned()));
}

#[test]
fn the_other_telephone_puts_the_call_on_hold_and_takes_it_back() {
    let mut config = fixed(Outcome::Person);
    config.callees.ring_ms = Spread::Fixed(0);
    config.callees.person.patience_ms = Spread::Fixed(60_000);
    let hold = |after_ms, for_ms| OnHold { after_ms, for_ms };
    config.callees.person.holds = vec![hold(2000, 3000), hold(4000, 3000), hold(6000, 2500), hold(9000, 100_000)];
    let mut bench = Bench::new(config);
    let start = bench.now;
    let call = bench.dial(json!({}));
    bench.pass_secs(10);
    let told = bench.story(start)[2..].to_vec();
    assert_eq!(told, ["call.hold 2000", "call.unhold 5000", "call.hold 6000", "call.unhold 8500", "call.hold 9000"]);
    assert_eq!(bench.world.calls()[0]["onHold"], true);
    bench.command(&call, "hangup", json!({}));
    bench.pass_secs(200);
    assert_eq!(*bench.types().last().unwrap(), "call.hangup", "nobody takes back what has ended");
}
