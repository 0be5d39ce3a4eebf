//! Keys pressed by the other end, and the commands that gather them.

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
use telnyx_simulator::config::{Keypad, Outcome, Press, Spread};
use telnyx_simulator::model::Moment;
use world::{Bench, fixed};

/// A person who replies so, a second after each question, a key every half second. Answers at once when dialled.
fn person(replies: &[&str]) -> Bench {
    let mut config = fixed(Outcome::Person);
    config.callees.ring_ms = Spread::Fixed(0);
    config.callees.person.patience_ms = Spread::Fixed(600_000);
    config.callees.person.keys = Keypad {
        replies: replies.iter().map(|reply| (*reply).to_owned()).collect(),
        reaction_ms: Spread::Fixed(1000),
        between_ms: Spread::Fixed(500),
        presses: Vec::new(),
    };
    Bench::new(config)
}

fn answered(bench: &mut Bench) -> (String, Moment) {
    let call = bench.dial(json!({}));
    bench.pass_secs(1);
    (call, bench.now)
}

/// `status digits milliseconds` of the gather that ended last.
fn result(bench: &Bench, since: Moment) -> String {
    let ended = bench.last("call.gather.ended");
    let payload = ended.payload();
    let (status, digits) = (payload["status"].as_str().unwrap(), payload["digits"].as_str().unwrap());
    format!("{status} [{digits}] {}", ended.at.since(since).as_millis())
}

#[test]
fn a_gather_ends_as_the_keys_and_timeouts_say() {
    // reply, fields -> status, digits, milliseconds after the command
    for (reply, fields, expected) in [
        ("12#", json!({}), "valid [12] 2000"),
        ("12", json!({}), "valid [12] 6500"),
        ("12", json!({"inter_digit_timeout_millis": 3000}), "valid [12] 4500"),
        ("1234", json!({"maximum_digits": 3}), "valid [123] 2000"),
        ("1", json!({"minimum_digits": 2}), "invalid [1] 6000"),
        ("1#", json!({"minimum_digits": 2}), "invalid [1] 1500"),
        ("7", json!({"valid_digits": "123"}), "invalid [] 1000"),
        ("12*", json!({"terminating_digit": "*"}), "valid [12] 2000"),
        ("", json!({}), "timeout [] 5000"),
        ("", json!({"initial_timeout_millis": 2500}), "timeout [] 2500"),
        ("123456", json!({"timeout_millis": 2200}), "valid [123] 2200"),
        ("5", json!({"initial_timeout_millis": 900}), "timeout [] 900"),
    ] {
        let mut bench = person(&[reply]);
        let (call, start) = answered(&mut bench);
        bench.obey(&call, "gather", fields.clone());
        bench.pass_secs(60);
        assert_eq!(result(&bench, start), expected, "{reply} {fields}");
    }
}

#[test]
fn every_key_is_told_before_the_gather_ends() {
    let mut bench = person(&["12#"]);
    let (call, start) = answered(&mut bench);
    bench.obey(&call, "gather", json!({"client_state": "YQ=="}));
    bench.pass_secs(10);
    let story = bench.story(start);
    let dtmf: Vec<&Value> = bench
        .sent
        .iter()
        .filter(|one| one.event_type() == "call.dtmf.received")
        .map(|one| &one.payload()["digit"])
        .collect();
    assert_eq!(dtmf, ["1", "2", "#"]);
    assert_eq!(story.last().unwrap(), "call.gather.ended valid 2000");
    assert_eq!(bench.last("call.gather.ended").payload()["client_state"], "YQ==");
}

#[test]
fn a_spoken_question_is_asked_again_until_the_tries_are_used_up() {
    // 10 characters take 600 ms to say. Silence, a wrong key, then the right one.
    let mut bench = person(&["", "9", "1"]);
    let (call, start) = answered(&mut bench);
    let body = json!({
        "payload": "x".repeat(10), "voice": "female", "invalid_payload": "y".repeat(5), "valid_digits": "12",
        "maximum_digits": 1, "timeout_millis": 4000, "maximum_tries": 3,
    });
    bench.obey(&call, "gather_using_speak", body);
    bench.pass_secs(60);
    // 0.6 asked, 4.6 silence, 5.2 asked again, 6.2 wrong key, 6.5 told so, 7.1 asked again, 8.1 right key.
    assert_eq!(result(&bench, start), "valid [1] 8100");
    assert!(!bench.types().iter().any(|event| event.starts_with("call.speak")), "{:?}", bench.types());
}

#[test]
fn the_last_try_decides_how_a_gather_fails() {
    for (replies, expected) in [(["9", ""], "timeout [] 4200"), (["", "9"], "invalid [] 4200")] {
        let mut bench = person(&replies);
        let (call, start) = answered(&mut bench);
        let body = json!({
            "payload": "x".repeat(10), "voice": "female", "valid_digits": "12", "timeout_millis": 2000, "maximum_tries": 2,
        });
        bench.obey(&call, "gather_using_speak", body);
        bench.pass_secs(60);
        assert_eq!(result(&bench, start), expected, "{replies:?}");
    }
}

#[test]
fn a_key_during_the_question_cuts_it_short() {
    let mut bench = person(&[]);
    let (call, start) = answered(&mut bench);
    bench.obey(&call, "gather_using_audio", json!({"audio_url": "https://example.com/a.mp3", "maximum_digits": 2}));
    bench.pass_secs(1);
    bench.press(&call, "42").unwrap();
    assert_eq!(result(&bench, start), "valid [42] 1000");
    bench.obey(&call, "speak", json!({"payload": "x", "voice": "f"}));
    assert_eq!(bench.types().last().unwrap(), &"call.speak.started", "nothing else is heard");
}

#[test]
fn a_question_waits_for_what_is_being_said() {
    let mut bench = person(&["1"]);
    let (call, start) = answered(&mut bench);
    bench.obey(&call, "speak", json!({"payload": "x".repeat(50), "voice": "f"}));
    let body = json!({"payload": "x".repeat(10), "voice": "f", "maximum_digits": 1});
    bench.obey(&call, "gather_using_speak", body);
    bench.pass_secs(60);
    assert_eq!(result(&bench, start), "valid [1] 4600");
}

#[test]
fn a_gather_is_cancelled_by_command_and_by_the_next_gather() {
    let mut bench = person(&[]);
    let (call, start) = answered(&mut bench);
    bench.obey(&call, "gather", json!({}));
    bench.obey(&call, "gather_stop", json!({}));
    assert_eq!(result(&bench, start), "cancelled [] 0");
    bench.obey(&call, "gather_stop", json!({}));
    bench.obey(&call, "gather", json!({}));
    bench.pass_secs(1);
    bench.obey(&call, "gather", json!({}));
    assert_eq!(result(&bench, start), "cancelled [] 1000");
    bench.pass_secs(60);
    assert_eq!(result(&bench, start), "timeout [] 6000");
    assert_eq!(bench.types().iter().filter(|event| **event == "call.gather.ended").count(), 3);
}

#[test]
fn a_hangup_ends_the_gather_first() {
    let mut bench = person(&["1"]);
    let (call, start) = answered(&mut bench);
    bench.obey(&call, "gather", json!({"inter_digit_timeout_millis": 20000}));
    bench.pass_secs(2);
    bench.obey(&call, "hangup", json!({}));
    assert_eq!(result(&bench, start), "call_hangup [1] 2000");
    assert_eq!(bench.types().last().unwrap(), &"call.hangup");
}

#[test]
fn a_machine_verdict_cancels_the_gather() {
    let mut bench = Bench::new(fixed(Outcome::Machine));
    let call = bench.dial(json!({"answering_machine_detection": "premium"}));
    bench.pass_secs(2);
    let start = bench.now;
    bench.obey(&call, "gather", json!({}));
    bench.pass_secs(10);
    assert_eq!(result(&bench, start), "cancelled_amd [] 2000");
}

#[test]
fn keys_may_be_pressed_at_a_time_of_their_own_and_by_order() {
    let mut config = fixed(Outcome::Person);
    config.callees.person.keys.presses = vec![Press { after_ms: 3000, digits: "*".to_owned() }];
    let mut bench = Bench::new(config);
    let start = bench.now;
    let call = bench.dial(json!({}));
    assert_eq!(bench.press(&call, "1"), None, "nobody has answered");
    bench.pass_secs(3);
    bench.press(&call, "1").unwrap();
    bench.pass_secs(3);
    let dtmf: Vec<String> = bench.story(start).into_iter().filter(|line| line.starts_with("call.dtmf")).collect();
    assert_eq!(dtmf, ["call.dtmf.received 3000", "call.dtmf.received 5000"]);
    assert_eq!(bench.press("v3:unknown", "1"), None);
}

#[test]
fn fields_out_of_bounds_are_refused_with_their_own_codes() {
    let mut bench = person(&[]);
    let (call, _) = answered(&mut bench);
    for (name, fields, expected) in [
        ("gather", json!({"minimum_digits": 0}), "422 90022 /minimum_digits"),
        ("gather", json!({"maximum_digits": 129}), "422 90023 /maximum_digits"),
        ("gather", json!({"minimum_digits": 5, "maximum_digits": 4}), "422 90022 /minimum_digits"),
        ("gather", json!({"timeout_millis": 0}), "422 90025 /timeout_millis"),
        ("gather", json!({"inter_digit_timeout_millis": 120_001}), "422 90026 /inter_digit_timeout_millis"),
        ("gather", json!({"initial_timeout_millis": 0}), "422 90056 /initial_timeout_millis"),
        ("gather", json!({"terminating_digit": "A"}), "422 90007 /terminating_digit"),
        ("gather", json!({"valid_digits": "12x"}), "422 90008 /valid_digits"),
        ("gather_using_speak", json!({"payload": "a", "voice": "f", "maximum_tries": 0}), "422 90024 /maximum_tries"),
        ("gather_using_speak", json!({"payload": "", "voice": "f"}), "422 90010 /payload"),
        ("gather_using_speak", json!({"voice": "f"}), "422 10004 /payload"),
        ("gather_using_audio", json!({}), "422 10004 /audio_url"),
        ("gather_using_audio", json!({"audio_url": "nowhere"}), "422 10003 /audio_url"),
    ] {
        assert_eq!(bench.refusal(&call, name, fields.clone()), expected, "{name} {fields}");
    }
    assert!(!bench.types().contains(&"call.gather.ended"));
}
