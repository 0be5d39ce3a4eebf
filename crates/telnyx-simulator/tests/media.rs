//! Streams, forks, SIPREC sessions, transcriptions, deepfake detection, and commands of which nothing is told.

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
use world::{Bench, fixed};

const SOCKET: &str = "wss://example.com/media";

fn config() -> Config {
    let mut config = fixed(Outcome::Person);
    config.callees.ring_ms = Spread::Fixed(0);
    config.callees.person.patience_ms = Spread::Fixed(600_000);
    config
}

fn answered(config: Config, dial: Value) -> (Bench, String) {
    let mut bench = Bench::new(config);
    let call = bench.dial(dial);
    bench.pass_secs(1);
    bench.sent.clear();
    (bench, call)
}

#[test]
fn what_was_started_is_stopped_by_command_or_just_before_the_hangup() {
    for (kind, body, started, stopped) in [
        ("streaming", json!({"stream_url": SOCKET}), "streaming.started", "streaming.stopped"),
        ("fork", json!({"rx": "udp:192.0.2.1:9000"}), "call.fork.started", "call.fork.stopped"),
        ("siprec", json!({}), "siprec.started", "siprec.stopped"),
    ] {
        let (mut bench, call) = answered(config(), json!({}));
        bench.obey(&call, &format!("{kind}_start"), body.clone());
        bench.obey(&call, &format!("{kind}_stop"), json!({}));
        bench.obey(&call, &format!("{kind}_start"), body);
        bench.obey(&call, "hangup", json!({}));
        assert_eq!(bench.types(), [started, stopped, started, stopped, "call.hangup"], "{kind}");
    }
}

#[test]
fn streams_and_forks_know_their_states() {
    let (mut bench, call) = answered(config(), json!({}));
    let fork = json!({"target": "udp:192.0.2.1:9000"});
    assert_eq!(bench.refusal(&call, "fork_stop", json!({})), "422 90031 -");
    assert_eq!(bench.refusal(&call, "streaming_stop", json!({})), "422 90048 -");
    assert_eq!(bench.refusal(&call, "streaming_start", json!({})), "422 10004 /stream_url");
    assert_eq!(bench.refusal(&call, "streaming_start", json!({"stream_url": "http://a"})), "422 10003 /stream_url");
    assert_eq!(bench.refusal(&call, "fork_start", json!({})), "422 10004 /rx");
    bench.obey(&call, "streaming_start", json!({"stream_url": SOCKET}));
    assert_eq!(bench.refusal(&call, "streaming_start", json!({"stream_url": SOCKET})), "422 90045 -");
    assert_eq!(bench.refusal(&call, "fork_start", fork.clone()), "422 90045 -");
    bench.obey(&call, "streaming_stop", json!({}));
    bench.obey(&call, "fork_start", fork.clone());
    bench.obey(&call, "fork_start", fork);
    assert_eq!(bench.types().iter().filter(|event| **event == "call.fork.started").count(), 1);
}

#[test]
fn a_start_may_fail_and_tells_so_instead() {
    for (kind, body, fault, told) in [
        (
            "streaming",
            json!({"stream_url": SOCKET, "stream_track": "both_tracks"}),
            "streaming.started",
            "streaming.failed",
        ),
        ("siprec", json!({}), "siprec.started", "siprec.failed"),
    ] {
        let (mut bench, call) = answered(config(), json!({}));
        bench.world.arm(Fault::new(Effect::Fail).event(fault));
        bench.obey(&call, &format!("{kind}_start"), body);
        bench.obey(&call, "hangup", json!({}));
        assert_eq!(bench.types(), [told, "call.hangup"], "{kind}");
    }
}

#[test]
fn a_siprec_session_ends_by_itself_unless_it_may_last() {
    for (secs, events) in [(90, 2), (0, 1)] {
        let (mut bench, call) = answered(config(), json!({}));
        bench.obey(&call, "siprec_start", json!({"session_timeout_secs": secs}));
        bench.pass_secs(90);
        assert_eq!(bench.types().len(), events, "{secs}");
    }
    let (mut bench, call) = answered(config(), json!({}));
    let short = json!({"session_timeout_secs": 89});
    assert_eq!(bench.refusal(&call, "siprec_start", short), "422 10033 /session_timeout_secs");
}

#[test]
fn a_transcription_tells_what_is_said_until_it_is_stopped() {
    let mut config = config();
    config.callees.person.says = ["One.", "Two.", "Three."].map(str::to_owned).to_vec();
    config.callees.person.says_every_ms = Spread::Fixed(2000);
    let (mut bench, call) = answered(config, json!({}));
    let start = bench.now;
    bench.obey(&call, "transcription_start", json!({"transcription_tracks": "both"}));
    assert_eq!(bench.refusal(&call, "transcription_start", json!({})), "422 90054 -");
    bench.pass_secs(5);
    bench.obey(&call, "transcription_stop", json!({}));
    bench.pass_secs(20);
    assert_eq!(bench.story(start), ["call.transcription 2000", "call.transcription 4000"]);
    let data = &bench.last("call.transcription").payload()["transcription_data"];
    assert_eq!((&data["transcript"], &data["transcription_track"]), (&json!("Two."), &json!("inbound")));
    bench.obey(&call, "transcription_start", json!({"transcription_tracks": "outbound"}));
    bench.pass_secs(20);
    assert_eq!(bench.types().len(), 2, "the account says nothing");
}

#[test]
fn a_dial_and_an_answer_may_begin_them_with_the_answer() {
    let begin = json!({"stream_url": SOCKET, "transcription": true, "deepfake_detection": {"enabled": true}});
    let mut config = config();
    config.callees.person.says = vec!["Hello.".to_owned()];
    let mut bench = Bench::new(config);
    bench.dial(begin.clone());
    bench.pass_secs(20);
    let expected = [
        "call.initiated",
        "call.answered",
        "streaming.started",
        "call.transcription",
        "call.deepfake_detection.result",
    ];
    assert_eq!(bench.types(), expected);
    bench.sent.clear();
    let call = bench.call_in(json!({}));
    bench.pass_secs(1);
    bench.obey(&call, "answer", begin);
    bench.pass_secs(20);
    assert_eq!(bench.types(), expected);
}

#[test]
fn deepfake_detection_finds_what_the_other_end_is() {
    for (outcome, fake_share, fails, expected) in [
        (Outcome::Person, 0.0, false, "real"),
        (Outcome::Person, 1.0, false, "fake"),
        (Outcome::Silence, 1.0, false, "silence_timeout"),
        (Outcome::Person, 0.0, true, "dfd_connection_error"),
    ] {
        let mut config = fixed(outcome);
        config.services.fake_share = fake_share;
        if fails {
            config.faults = vec![Fault::new(Effect::Fail).event("call.deepfake_detection.result")];
        }
        let (mut bench, _) = answered(config, json!({"deepfake_detection": {"enabled": true}}));
        bench.pass_secs(11);
        let told = bench.sent.iter().find(|one| one.event_type().starts_with("call.deepfake")).unwrap().payload();
        assert_eq!(if fails { &told["error_message"] } else { &told["result"] }, expected);
    }
}

#[test]
fn some_commands_are_done_with_their_answer() {
    let (mut bench, call) = answered(config(), json!({}));
    bench.obey(&call, "send_dtmf", json!({"digits": "1w2W#A", "duration_millis": 100}));
    bench.obey(&call, "send_sip_info", json!({"content_type": "application/json", "body": "{}"}));
    bench.obey(&call, "suppression_start", json!({"direction": "both"}));
    assert_eq!(bench.world.calls()[0]["noiseSuppressed"], true);
    bench.obey(&call, "suppression_stop", json!({}));
    assert_eq!(bench.types(), Vec::<&str>::new());
    for (name, fields, expected) in [
        ("send_dtmf", json!({}), "422 10004 /digits"),
        ("send_dtmf", json!({"digits": "12E"}), "422 90014 /digits"),
        ("send_dtmf", json!({"digits": "1", "duration_millis": 501}), "422 90027 /duration_millis"),
        ("send_sip_info", json!({"content_type": "text/plain"}), "422 10004 /body"),
        ("send_sip_info", json!({"content_type": "text", "body": "a"}), "422 10015 /content_type"),
        ("suppression_start", json!({"direction": "up"}), "422 10032 /direction"),
    ] {
        assert_eq!(bench.refusal(&call, name, fields), expected, "{name}");
    }
}

#[test]
fn a_person_who_is_transcribed_finishes_speaking_before_hanging_up() {
    let mut config = config();
    config.callees.person.says = ["One.", "Two.", "Three."].map(str::to_owned).to_vec();
    config.callees.person.says_every_ms = Spread::Fixed(2000);
    config.callees.person.patience_ms = Spread::Fixed(1000);
    let mut bench = Bench::new(config);
    let start = bench.now;
    bench.dial(json!({"transcription": true}));
    bench.pass_secs(20);
    assert_eq!(bench.story(start).last().unwrap(), "call.hangup 7000");
}
