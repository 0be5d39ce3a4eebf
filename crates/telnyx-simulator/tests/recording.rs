//! Recordings: how they begin, pause and end, and what is told of them.

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
use telnyx_simulator::config::{Effect, Fault, Outcome, Spread};
use telnyx_simulator::model::Moment;
use world::{Bench, fixed};

/// A person who stays on the line for ten minutes and speaks for four seconds when recorded; saving takes a second.
fn config() -> Config {
    let mut config = fixed(Outcome::Person);
    config.callees.ring_ms = Spread::Fixed(0);
    config.callees.person.patience_ms = Spread::Fixed(600_000);
    config.callees.person.after_message_ms = Spread::Fixed(600_000);
    config.callees.person.message_ms = Spread::Fixed(4000);
    config.callees.person.says = vec!["Please call back.".to_owned()];
    config.services.recording_saved_after_ms = Spread::Fixed(1000);
    config.services.transcript_saved_after_ms = Spread::Fixed(2000);
    config
}

fn answered(config: Config) -> (Bench, String) {
    let mut bench = Bench::new(config);
    let call = bench.dial(json!({}));
    bench.pass_secs(1);
    (bench, call)
}

fn start(more: Value) -> Value {
    let mut body = json!({"channels": "single", "format": "mp3"});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

/// Seconds from the beginning to the end of the recording saved last.
fn length(bench: &Bench) -> u64 {
    u64::try_from(millis(bench) / 1000).unwrap()
}

/// Milliseconds from the beginning to the end of the recording saved last.
fn millis(bench: &Bench) -> u128 {
    let payload = bench.last("call.recording.saved").payload();
    let at = |name: &str| Moment::parse(payload[name].as_str().unwrap()).unwrap();
    at("recording_ended_at").since(at("recording_started_at")).as_millis()
}

#[test]
fn a_recording_ends_when_it_is_stopped_too_long_or_too_silent_or_the_call_is_over() {
    // fields, what happens after 3 s -> length in seconds
    for (fields, command, expected) in [
        (json!({}), Some("record_stop"), 3),
        (json!({"max_length": 2}), None, 2),
        (json!({"timeout_secs": 5}), None, 9),
        (json!({"timeout_secs": 5, "max_length": 7}), None, 7),
        (json!({}), Some("hangup"), 3),
    ] {
        let (mut bench, call) = answered(config());
        bench.obey(&call, "record_start", start(fields.clone()));
        bench.pass_secs(3);
        if let Some(command) = command {
            bench.obey(&call, command, json!({}));
        }
        bench.pass_secs(20);
        assert_eq!(length(&bench), expected, "{fields} {command:?}");
        assert_eq!(bench.types().iter().filter(|event| **event == "call.recording.saved").count(), 1);
    }
}

#[test]
fn a_trimmed_recording_lasts_from_the_first_sound_to_the_last() {
    // The person speaks for four seconds; after ten the account speaks for six, and after twenty the recording is stopped.
    for (fields, expected) in [
        (json!({}), 20),
        (json!({"trim": "trim-silence"}), 16),
        (json!({"trim": "trim-silence", "max_length": 8}), 4),
        (json!({"trim": "trim-silence", "max_length": 12}), 12),
    ] {
        let (mut bench, call) = answered(config());
        bench.obey(&call, "record_start", start(fields.clone()));
        bench.pass_secs(10);
        bench.obey(&call, "speak", json!({"payload": "x".repeat(100), "voice": "f"}));
        bench.pass_secs(10);
        bench.command(&call, "record_stop", json!({}));
        bench.pass_secs(5);
        assert_eq!(length(&bench), expected, "{fields}");
    }
}

#[test]
fn a_beep_is_heard_before_the_message() {
    for (beep, expected) in [(false, 9000), (true, 9500)] {
        let (mut bench, call) = answered(config());
        let begin = bench.now;
        bench.obey(&call, "record_start", start(json!({"timeout_secs": 5, "play_beep": beep})));
        bench.pass_secs(20);
        let saved = bench.last("call.recording.saved");
        let ended = Moment::parse(saved.payload()["recording_ended_at"].as_str().unwrap()).unwrap();
        assert_eq!(ended.since(begin).as_millis(), expected);
        assert_eq!(bench.world.calls()[0]["beeps"], u64::from(beep));
    }
}

#[test]
fn a_beep_is_on_a_trimmed_recording() {
    // How long the person speaks -> milliseconds that are left
    for (beep, message, expected) in [(false, 4000, 4000), (true, 4000, 4500), (false, 0, 0), (true, 0, 500)] {
        let mut config = config();
        config.callees.person.message_ms = Spread::Fixed(message);
        let (mut bench, call) = answered(config);
        bench.obey(&call, "record_start", start(json!({"trim": "trim-silence", "play_beep": beep})));
        bench.pass_secs(20);
        bench.obey(&call, "record_stop", json!({}));
        bench.pass_secs(2);
        assert_eq!(millis(&bench), expected, "{beep} {message}");
    }
}

#[test]
fn a_file_that_cannot_be_played_is_no_sound() {
    for (file, expected) in [("https://example.com/a.mp3", 11_000), ("https://example.com/missing.mp3", 4000)] {
        for (fields, expected) in [
            (json!({"trim": "trim-silence"}), expected),
            // Neither is the silence any shorter: seven seconds after the last sound, it is over.
            (json!({"timeout_secs": 7}), expected + 7000),
        ] {
            let (mut bench, call) = answered(config());
            bench.obey(&call, "record_start", start(fields.clone()));
            bench.pass_secs(6);
            bench.obey(&call, "playback_start", json!({"audio_url": file}));
            bench.pass_secs(20);
            bench.command(&call, "record_stop", json!({}));
            bench.pass_secs(2);
            assert_eq!(millis(&bench), expected, "{file} {fields}");
        }
    }
}

#[test]
fn a_telephone_that_asks_who_is_calling_is_heard_until_it_has_asked() {
    let mut config = config();
    config.callees.person.screen_share = 1.0;
    config.callees.person.screen.prompt_ms = Spread::Fixed(6000);
    config.callees.person.screen.decides_ms = Spread::Fixed(3000);
    let mut bench = Bench::new(config.clone());
    let dial = json!({"record": "record-from-answer", "record_trim": "trim-silence", "record_max_length": 20});
    bench.dial(dial);
    bench.pass_secs(30);
    assert_eq!(millis(&bench), 6000);
    // A message of four seconds that was asked for a second after the answer does not cut it short, nor end it any earlier.
    config.callees.person.after_message_ms = Spread::Fixed(1000);
    config.callees.person.patience_ms = Spread::Fixed(1000);
    let (mut bench, call) = answered(config);
    bench.sent.clear();
    let begin = bench.now;
    bench.obey(&call, "record_start", start(json!({"trim": "trim-silence"})));
    bench.pass_secs(30);
    assert_eq!(millis(&bench), 5000);
    assert_eq!(bench.story(begin), ["call.hangup 9000", "call.recording.saved 10000"]);
}

#[test]
fn a_single_track_is_recorded_on_a_single_channel() {
    for (track, expected) in [("both", "dual"), ("inbound", "single"), ("outbound", "single")] {
        let (mut bench, call) = answered(config());
        bench.obey(&call, "record_start", start(json!({"channels": "dual", "recording_track": track})));
        bench.obey(&call, "record_stop", json!({}));
        bench.pass_secs(2);
        assert_eq!(bench.last("call.recording.saved").payload()["channels"], expected, "{track}");
        bench.dial(json!({"record": "record-from-answer", "record_max_length": 1, "record_track": track}));
        bench.pass_secs(5);
        assert_eq!(bench.last("call.recording.saved").payload()["channels"], expected, "{track}, from the answer");
    }
}

#[test]
fn what_is_heard_is_no_silence() {
    let (mut bench, call) = answered(config());
    bench.obey(&call, "record_start", start(json!({"timeout_secs": 5})));
    bench.pass_secs(8);
    // 100 characters take 6 seconds.
    bench.obey(&call, "speak", json!({"payload": "x".repeat(100), "voice": "f"}));
    bench.pass_secs(60);
    assert_eq!(length(&bench), 19);
}

#[test]
fn a_pause_counts_neither_as_length_nor_as_silence() {
    let (mut bench, call) = answered(config());
    bench.obey(&call, "record_start", start(json!({"max_length": 10})));
    bench.pass_secs(4);
    bench.obey(&call, "record_pause", json!({}));
    bench.pass_secs(100);
    assert!(!bench.types().contains(&"call.recording.saved"));
    bench.obey(&call, "record_resume", json!({}));
    bench.pass_secs(20);
    assert_eq!(length(&bench), 110);
}

#[test]
fn a_saved_recording_tells_where_it_is_and_is_told_after_the_hangup() {
    let (mut bench, call) = answered(config());
    let fields = json!({"channels": "dual", "format": "wav", "custom_file_name": "vm-7", "client_state": "YQ=="});
    bench.obey(&call, "record_start", start(fields));
    bench.obey(&call, "hangup", json!({}));
    bench.pass_secs(5);
    assert_eq!(bench.types()[2..], ["call.hangup", "call.recording.saved"]);
    let payload = bench.last("call.recording.saved").payload();
    assert_eq!((&payload["channels"], &payload["client_state"]), (&json!("dual"), &json!("YQ==")));
    assert_eq!(payload["recording_urls"]["wav"], "https://recordings.simulator.invalid/vm-7.wav");
    assert_eq!(payload["recording_urls"]["mp3"], Value::Null);
}

#[test]
fn a_recording_from_the_answer_has_the_promised_id() {
    let mut bench = Bench::new(config());
    let dial = json!({"record": "record-from-answer", "record_max_length": 3, "record_format": "mp3"});
    let (_, dialled) = bench.try_dial(dial);
    let id = dialled["data"]["recording_id"].as_str().unwrap().to_owned();
    bench.pass_secs(10);
    let url = bench.last("call.recording.saved").payload()["recording_urls"]["mp3"].as_str().unwrap().to_owned();
    assert!(url.contains(&id), "{url}");
    let incoming = bench.call_in(json!({}));
    bench.pass_secs(1);
    let answer = bench.obey(&incoming, "answer", json!({"record": "record-from-answer", "command_id": "a"}));
    let id = answer["data"]["recording_id"].as_str().unwrap().to_owned();
    let again = bench.obey(&incoming, "answer", json!({"record": "record-from-answer", "command_id": "a"}));
    assert_eq!(again, answer, "a repeated command tells the same id");
    bench.obey(&incoming, "record_stop", json!({"recording_id": id}));
    bench.pass_secs(2);
    let url = bench.last("call.recording.saved").payload()["recording_urls"]["mp3"].as_str().unwrap().to_owned();
    assert!(url.contains(&id), "{url}");
}

#[test]
fn a_recording_may_be_transcribed_and_may_fail() {
    let (mut bench, call) = answered(config());
    let begin = bench.now;
    bench.obey(&call, "record_start", start(json!({"transcription": true})));
    bench.obey(&call, "record_stop", json!({}));
    bench.pass_secs(10);
    let tail = bench.story(begin)[2..].to_vec();
    assert_eq!(tail, ["call.recording.saved 1000", "call.recording.transcription.saved completed 3000"]);
    let text = &bench.last("call.recording.transcription.saved").payload()["transcription_text"];
    assert_eq!(text, "Please call back.");
    bench.world.arm(Fault::new(Effect::Fail).event("call.recording.saved").times(1));
    bench.obey(&call, "record_start", start(json!({"transcription": true})));
    bench.obey(&call, "record_stop", json!({}));
    bench.pass_secs(10);
    assert_eq!(bench.last("call.recording.error").payload()["reason"], "Internal server error");
    assert_eq!(bench.types().iter().filter(|event| event.starts_with("call.recording")).count(), 3);
}

#[test]
fn recordings_are_refused_by_what_the_call_is_and_what_was_asked() {
    let mut slow = config();
    slow.callees.ring_ms = Spread::Fixed(2000);
    let mut bench = Bench::new(slow);
    let call = bench.dial(json!({}));
    bench.pass_secs(1);
    assert_eq!(bench.refusal(&call, "record_start", start(json!({}))), "422 90020 -");
    bench.pass_secs(1);
    for (fields, expected) in [
        (json!({"format": "mp3"}), "422 10004 /channels"),
        (json!({"channels": "both", "format": "mp3"}), "422 10032 /channels"),
        (start(json!({"max_length": 14_401})), "422 10033 /max_length"),
        (start(json!({"timeout_secs": -1})), "422 90028 /timeout_secs"),
    ] {
        assert_eq!(bench.refusal(&call, "record_start", fields), expected);
    }
    assert_eq!(bench.refusal(&call, "record_stop", json!({"recording_id": "x"})), "422 10015 /recording_id");
    bench.obey(&call, "record_stop", json!({}));
    bench.obey(&call, "transcription_start", json!({}));
    assert_eq!(bench.refusal(&call, "record_start", start(json!({"timeout_secs": 5}))), "422 90053 -");
    bench.obey(&call, "transcription_stop", json!({}));
    bench.obey(&call, "record_start", start(json!({"timeout_secs": 5})));
    bench.obey(&call, "transcription_start", json!({}));
    assert_eq!(bench.refusal(&call, "transcription_stop", json!({})), "422 90055 -");
}

#[test]
fn a_person_who_is_asked_for_a_message_speaks_before_hanging_up() {
    let mut config = config();
    config.callees.person.after_message_ms = Spread::Fixed(1000);
    let (mut bench, call) = answered(config);
    bench.sent.clear();
    let begin = bench.now;
    // 10 characters take 600 ms.
    bench.obey(&call, "speak", json!({"payload": "x".repeat(10), "voice": "f"}));
    bench.pass(std::time::Duration::from_millis(600));
    bench.obey(&call, "record_start", start(json!({})));
    bench.pass_secs(20);
    assert_eq!(bench.story(begin)[2..], ["call.hangup 5600", "call.recording.saved 6600"]);
}
