//! Laws that hold for every seed, whatever is asked of a call at whatever time.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::needless_pass_by_value,
    reason = "tests"
)]

#[path = "support/world.rs"]
mod world;

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;
use telnyx_simulator::Config;
use telnyx_simulator::config::{Effect, Fault, OnHold, Spread};
use world::Bench;

/// Something done to a call.
#[derive(Debug, Clone)]
enum Step {
    Wait(u64),
    Dial { amd: &'static str, ring_for: u64 },
    CallIn,
    Press { call: usize, digit: char },
    Command { call: usize, name: &'static str, other: usize, plain: bool },
}

const COMMANDS: &[&str] = &[
    "ai_assistant_join",
    "ai_assistant_start",
    "ai_assistant_stop",
    "answer",
    "bridge",
    "conversation_relay_start",
    "conversation_relay_stop",
    "enqueue",
    "fork_start",
    "fork_stop",
    "gather",
    "gather_stop",
    "gather_using_ai",
    "gather_using_audio",
    "gather_using_speak",
    "hangup",
    "leave_queue",
    "pay",
    "playback_start",
    "playback_stop",
    "record_pause",
    "record_resume",
    "record_start",
    "record_stop",
    "refer",
    "reject",
    "send_dtmf",
    "siprec_start",
    "siprec_stop",
    "speak",
    "streaming_start",
    "streaming_stop",
    "transcription_start",
    "transcription_stop",
    "transfer",
];

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let amd = prop::sample::select(vec![
        "disabled",
        "premium",
        "premium_ios_call_screening_detection",
        "detect",
        "detect_beep",
        "detect_words",
        "greeting_end",
    ]);
    let command = prop::sample::select(COMMANDS.to_vec());
    let step = prop_oneof![
        3 => (0_u64..20_000).prop_map(Step::Wait),
        2 => (amd, 5_u64..40).prop_map(|(amd, ring_for)| Step::Dial { amd, ring_for }),
        1 => Just(Step::CallIn),
        2 => (0_usize..8, prop::sample::select(vec!['1', '#', '9'])).prop_map(|(call, digit)| Step::Press { call, digit }),
        6 => (0_usize..8, command, 0_usize..8, any::<bool>())
            .prop_map(|(call, name, other, plain)| Step::Command { call, name, other, plain }),
    ];
    prop::collection::vec(step, 1..40)
}

/// What people do beside what they do by default: some telephones ask who is calling, some put the call on hold.
#[derive(Debug, Clone)]
struct Habits {
    screen_share: f64,
    holds: Vec<OnHold>,
}

fn habits() -> impl Strategy<Value = Habits> {
    let hold = (0_u64..30_000, 0_u64..15_000).prop_map(|(after_ms, for_ms)| OnHold { after_ms, for_ms });
    let screen_share = prop::sample::select(vec![0.0, 0.5]);
    (screen_share, prop::collection::vec(hold, 0..4)).prop_map(|(screen_share, holds)| Habits { screen_share, holds })
}

fn run(seed: u64, habits: &Habits, steps: &[Step], faults: bool) -> Bench {
    let mut config = Config { seed, ..Config::default() };
    config.callees.person.screen_share = habits.screen_share;
    config.callees.person.holds.clone_from(&habits.holds);
    config.limits.dials_per_second = None;
    config.webhooks.send_after_ms = Spread::Fixed(0);
    if faults {
        config.faults = vec![
            Fault::new(Effect::HangUp).probability(0.1),
            Fault::new(Effect::ReorderWebhook { within_ms: 4000 }).probability(0.2),
            Fault::new(Effect::DuplicateWebhook { copies: 2 }).probability(0.2),
            Fault::new(Effect::Fail).event("*").probability(0.3),
        ];
    }
    let mut bench = Bench::new(config);
    let mut calls: Vec<String> = Vec::new();
    let mut conversation = "none".to_owned();
    for step in steps {
        match step {
            Step::Wait(millis) => bench.pass(Duration::from_millis(*millis)),
            Step::Dial { amd, ring_for } => {
                calls.push(bench.dial(json!({"answering_machine_detection": amd, "timeout_secs": ring_for})));
            }
            Step::CallIn => calls.push(bench.call_in(json!({}))),
            Step::Press { call, digit } => {
                if let Some(call) = calls.get(*call) {
                    bench.press(call, &digit.to_string());
                }
            }
            Step::Command { call, name, other, plain } => {
                if let Some(call) = calls.get(*call) {
                    let other = calls.get(*other).unwrap_or(call);
                    let mut body = json!({
                        "payload": "Good evening", "voice": "f", "media_name": "a", "queue_name": "q", "cause": "USER_BUSY",
                        "channels": "dual", "format": "wav", "timeout_secs": 9, "rx": "udp:192.0.2.1:9", "digits": "1",
                        "stream_url": "wss://example.com", "transcription": true, "to": world::TO,
                        "loop": "infinity", "sip_address": "sip:a@example.com", "url": "wss://example.com", "amount": 1,
                        "parameters": {"properties": {"age": {}}}, "conversation_id": conversation,
                        "participant": {"id": other, "role": "user", "on_hangup": "end_conversation"},
                    });
                    if *name == "record_start" && !plain {
                        body["play_beep"] = json!(true);
                        body["trim"] = json!("trim-silence");
                    }
                    if *name == "bridge" {
                        body["call_control_id"] = json!(other);
                    }
                    let (status, answer) = bench.command(call, name, body);
                    if let Some(id) = answer["data"]["conversation_id"].as_str() {
                        id.clone_into(&mut conversation);
                    }
                    assert!(matches!(status, 200 | 422), "{name}: {status}");
                }
            }
        }
    }
    bench.pass(Duration::from_secs(4 * 3600 + 700));
    bench
}

/// The events of each call in the order in which they happened, duplicates counted once.
fn histories(bench: &Bench) -> BTreeMap<String, Vec<String>> {
    let mut events: BTreeMap<String, BTreeMap<(String, usize), String>> = BTreeMap::new();
    let mut seen = std::collections::BTreeSet::new();
    for (place, one) in bench.sent.iter().enumerate() {
        if seen.insert(one.body["data"]["id"].as_str().unwrap().to_owned()) {
            let call = one.payload()["call_leg_id"].as_str().unwrap().to_owned();
            let at = one.body["data"]["occurred_at"].as_str().unwrap().to_owned();
            events.entry(call).or_default().insert((at, place), one.event_type().to_owned());
        }
    }
    events.into_iter().map(|(call, events)| (call, events.into_values().collect())).collect()
}

/// The longest time from an answer to the hangup of the same leg.
fn longest(bench: &Bench) -> Duration {
    let mut answers = BTreeMap::new();
    let mut longest = Duration::ZERO;
    for one in &bench.sent {
        let leg = one.payload()["call_leg_id"].as_str().unwrap();
        match one.event_type() {
            "call.answered" => {
                answers.insert(leg, one.at);
            }
            "call.hangup" => longest = longest.max(answers.get(leg).map_or(Duration::ZERO, |at| one.at.since(*at))),
            _ => {}
        }
    }
    longest
}

/// Each began as often as it ended.
const PAIRS: &[(&str, &str)] = &[
    ("call.speak.started", "call.speak.ended"),
    ("call.playback.started", "call.playback.ended"),
    ("call.fork.started", "call.fork.stopped"),
    ("streaming.started", "streaming.stopped"),
    ("siprec.started", "siprec.stopped"),
    ("call.conversation.created", "call.conversation.ended"),
];

/// Whether a call was put on hold first, then taken back, and so on by turns.
fn held_by_turns(events: &[String]) -> bool {
    let turns = events.iter().filter(|event| matches!(event.as_str(), "call.hold" | "call.unhold"));
    turns.enumerate().all(|(place, event)| (event == "call.hold") == place.is_multiple_of(2))
}

/// What Telnyx's documents let happen after the end of a call.
fn comes_late(event: &str) -> bool {
    matches!(
        event,
        "call.cost"
            | "call.recording.saved"
            | "call.recording.error"
            | "call.recording.transcription.saved"
            | "call.conversation_insights.generated"
            | "call.analyzed"
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn every_call_ends_once_and_tells_its_events_in_lawful_order(seed in any::<u64>(), habits in habits(), steps in steps()) {
        let bench = run(seed, &habits, &steps, false);
        let dials = steps.iter().filter(|step| matches!(step, Step::Dial { .. } | Step::CallIn)).count();
        let histories = histories(&bench);
        // Every accepted transfer is a call of its own.
        prop_assert!(histories.len() >= dials);
        for events in histories.values() {
            prop_assert_eq!(events.first().map(String::as_str), Some("call.initiated").filter(|_| events.len() > 1).or(Some("call.hangup")));
            let hangup = events.iter().position(|event| event == "call.hangup");
            let after = hangup.and_then(|hangup| events.get(hangup + 1..)).unwrap_or_default();
            prop_assert!(hangup.is_some() && after.iter().all(|event| comes_late(event)), "{:?}", events);
            for once in ["call.initiated", "call.answered", "call.hangup"] {
                prop_assert!(events.iter().filter(|event| *event == once).count() <= 1, "{:?}", events);
            }
            let answered = events.iter().position(|event| event == "call.answered");
            for (place, event) in events.iter().enumerate() {
                if !matches!(event.as_str(), "call.initiated" | "call.answered" | "call.hangup") {
                    prop_assert!(answered.is_some_and(|answered| answered < place), "{:?}", events);
                }
            }
            let count = |what: &str| events.iter().filter(|event| *event == what).count();
            for (started, ended) in PAIRS {
                prop_assert_eq!(count(started), count(ended), "{:?}", events);
            }
            prop_assert!(held_by_turns(events), "{:?}", events);
            prop_assert_eq!(count("call.analyzed"), count("call.conversation_insights.generated"), "{:?}", events);
        }
        prop_assert!(longest(&bench) <= Duration::from_hours(4), "{:?}", longest(&bench));
        prop_assert_eq!(bench.world.counters()["concurrentCalls"].as_u64(), Some(0));
        prop_assert!(bench.world.calls().is_empty(), "ended calls are forgotten");
    }

    #[test]
    fn faults_change_what_is_told_but_every_call_still_ends_once(seed in any::<u64>(), habits in habits(), steps in steps()) {
        let bench = run(seed, &habits, &steps, true);
        for events in histories(&bench).values() {
            prop_assert_eq!(events.iter().filter(|event| *event == "call.hangup").count(), 1, "{:?}", events);
        }
        prop_assert_eq!(bench.world.counters()["concurrentCalls"].as_u64(), Some(0));
        prop_assert_eq!(bench.world.counters()["webhooksPending"].as_u64(), Some(0));
    }

    #[test]
    fn the_same_seed_and_steps_leave_the_same_trace(seed in any::<u64>(), habits in habits(), steps in steps()) {
        let trace = |bench: &Bench| bench.sent.iter().map(|one| one.body.to_string()).collect::<Vec<_>>();
        prop_assert_eq!(trace(&run(seed, &habits, &steps, true)), trace(&run(seed, &habits, &steps, true)));
    }
}
