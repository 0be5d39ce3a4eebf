//! Laws that hold for every conference, whoever joins, leaves, waits or ends it, and whenever.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::needless_pass_by_value, reason = "tests")]

#[path = "support/world.rs"]
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};
use telnyx_simulator::Config;
use telnyx_simulator::config::{ConferenceExpiry, Effect, Fault, Outcome, Shares, Spread};
use world::Bench;

/// Something done to calls and conferences; numbers pick one of those that are there.
#[derive(Debug, Clone)]
enum Step {
    Wait(u64),
    Dial { into: Option<usize>, ends: bool },
    Create { call: usize, name: usize, starts: bool, minutes: u64, most: u64 },
    Join { call: usize, conference: usize, ends: bool, soft: bool, hold: bool, starts: bool },
    Act { call: usize, conference: usize, name: &'static str },
    Command { call: usize, name: &'static str },
}

const ACTIONS: &[&str] = &[
    "end",
    "gather_using_audio",
    "hold",
    "leave",
    "mute",
    "play",
    "record_pause",
    "record_resume",
    "record_start",
    "record_stop",
    "send_dtmf",
    "speak",
    "stop",
    "unhold",
    "unmute",
    "update",
];

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let (call, conference) = (0_usize..4, 0_usize..2);
    let (flag, seldom) = (any::<bool>(), prop::bool::weighted(0.15));
    let step = prop_oneof![
        5 => (0_u64..12_000).prop_map(Step::Wait),
        4 => (prop::option::of(conference.clone()), seldom).prop_map(|(into, ends)| Step::Dial { into, ends }),
        3 => (call.clone(), conference.clone(), flag, 1_u64..9, 2_u64..5)
            .prop_map(|(call, name, starts, minutes, most)| Step::Create { call, name, starts, minutes, most }),
        8 => (call.clone(), conference.clone(), seldom, seldom, seldom, flag).prop_map(
            |(call, conference, ends, soft, hold, starts)| Step::Join { call, conference, ends, soft, hold, starts }),
        8 => (call.clone(), conference, prop::sample::select(ACTIONS.to_vec()))
            .prop_map(|(call, conference, name)| Step::Act { call, conference, name }),
        2 => (call, prop::sample::select(vec!["bridge", "enqueue", "hangup", "leave_queue", "speak"]))
            .prop_map(|(call, name)| Step::Command { call, name }),
    ];
    prop::collection::vec(step, 20..100)
}

fn room(number: usize) -> String {
    format!("room-{number}")
}

fn config(seed: u64, park: bool, faults: bool) -> Config {
    let mut config = Config { seed, ..Config::default() };
    config.limits.dials_per_second = None;
    config.callees.shares = Shares { machine: 1, person: 8, ..Shares::only(Outcome::Person) };
    config.callees.ring_ms = Spread::between(100, 3000);
    config.callees.person.patience_ms = Spread::between(1000, 300_000);
    config.conferences.stays_ms = Spread::between(1000, 300_000);
    if park {
        config.switches.conference_expiry = ConferenceExpiry::Park;
    }
    if faults {
        config.faults = vec![Fault::new(Effect::HangUp).probability(0.05)];
    }
    config
}

fn apply(bench: &mut Bench, calls: &mut Vec<String>, step: &Step) {
    let pick = |calls: &[String], number: usize| calls.iter().rev().nth(number).cloned().unwrap_or_default();
    let (status, body) = match step {
        Step::Wait(millis) => {
            bench.pass(Duration::from_millis(*millis));
            return;
        }
        Step::Dial { into, ends } => {
            let more = into.map_or(
                json!({}),
                |into| json!({"conference_config": {"conference_name": room(into), "end_conference_on_exit": ends}}),
            );
            calls.push(bench.dial(more));
            return;
        }
        Step::Create { call, name, starts, minutes, most } => {
            let body = json!({
                "call_control_id": pick(calls, *call), "name": room(*name), "start_conference_on_create": starts,
                "duration_minutes": minutes, "max_participants": most,
            });
            bench.post("/conferences", body)
        }
        Step::Join { call, conference, ends, soft, hold, starts } => {
            let body = json!({
                "call_control_id": pick(calls, *call), "end_conference_on_exit": ends, "hold": hold,
                "soft_end_conference_on_exit": soft, "start_conference_on_enter": starts,
            });
            bench.post(&format!("/conferences/{}/actions/join", room(*conference)), body)
        }
        Step::Act { call, conference, name } => {
            let mut body = json!({
                "audio_url": "https://example.com/a.mp3", "payload": "Hello", "voice": "f", "digits": "1",
                "format": "mp3", "supervisor_role": "monitor",
            });
            if matches!(*name, "gather_using_audio" | "leave" | "update") {
                body["call_control_id"] = json!(pick(calls, *call));
            } else if call % 2 == 0 {
                body["call_control_ids"] = json!([pick(calls, *call)]);
            }
            let (_, found) = bench.get(&format!("/conferences/{}", room(*conference)));
            let id = found["data"]["id"].as_str().unwrap_or("none").to_owned();
            bench.post(&format!("/conferences/{id}/actions/{name}"), body)
        }
        Step::Command { call, name } => {
            let other = pick(calls, call + 1);
            let body = json!({"queue_name": "q", "payload": "Hello", "voice": "f", "call_control_id": other});
            bench.command(&pick(calls, *call), name, body)
        }
    };
    assert!(matches!(status, 200 | 404 | 422), "{step:?}: {status} {body}");
}

/// What must be true at any moment.
fn check(bench: &Bench) {
    let calls = bench.world.calls();
    let live: BTreeSet<&str> = calls
        .iter()
        .filter(|call| call["state"] == "answered")
        .map(|call| call["callControlId"].as_str().unwrap())
        .collect();
    let conferences = bench.world.conferences();
    let mut seated = BTreeSet::new();
    let mut names = BTreeSet::new();
    for conference in &conferences {
        let active = conference["status"] != "completed";
        let participants = conference["participants"].as_array().unwrap();
        assert_eq!(active, !participants.is_empty(), "an active conference has somebody in it: {conference}");
        assert_eq!(active, conference["endReason"].is_null());
        assert!(!active || names.insert(conference["name"].as_str().unwrap()), "two active ones share a name");
        for one in participants {
            let call = one["callControlId"].as_str().unwrap();
            assert!(live.contains(call), "a participant is a live, answered leg");
            assert!(seated.insert(call), "a leg is in at most one conference");
        }
        if let Some(floor) = conference["floorCallControlId"].as_str() {
            let speaker = participants.iter().find(|one| one["callControlId"] == floor).unwrap();
            assert!(speaker["onHold"] == false && speaker["muted"] == false, "who has the floor is heard");
        }
    }
}

fn run(seed: u64, steps: &[Step], park: bool, faults: bool) -> Bench {
    let mut bench = Bench::new(config(seed, park, faults));
    let mut calls = Vec::new();
    for step in steps {
        apply(&mut bench, &mut calls, step);
        check(&bench);
    }
    // A conference lives four hours at most, one that a last leg opens begins before that.
    bench.pass(Duration::from_hours(8));
    check(&bench);
    bench
}

/// The webhooks of each conference, in the order in which they happened.
fn stories(bench: &Bench) -> BTreeMap<String, Vec<&Value>> {
    let mut stories: BTreeMap<String, Vec<&Value>> = BTreeMap::new();
    for one in &bench.sent {
        if let Some(id) = one.payload()["conference_id"].as_str() {
            stories.entry(id.to_owned()).or_default().push(&one.body["data"]);
        }
    }
    stories
}

const PAIRS: &[(&str, &str)] = &[
    ("conference.created", "conference.ended"),
    ("conference.participant.joined", "conference.participant.left"),
    ("conference.playback.started", "conference.playback.ended"),
    ("conference.speak.started", "conference.speak.ended"),
    ("conference.participant.playback.started", "conference.participant.playback.ended"),
    ("conference.participant.speak.started", "conference.participant.speak.ended"),
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn every_conference_begins_once_ends_once_and_holds_live_legs_only(
        seed in any::<u64>(), steps in steps(), park in any::<bool>(), faults in any::<bool>(),
    ) {
        let bench = run(seed, &steps, park, faults);
        for conference in bench.world.conferences() {
            prop_assert_eq!(&conference["status"], "completed");
        }
        for story in stories(&bench).values() {
            let told: Vec<&str> = story.iter().map(|event| event["event_type"].as_str().unwrap()).collect();
            let count = |what: &str| told.iter().filter(|event| **event == what).count();
            for (begin, end) in PAIRS {
                prop_assert_eq!(count(begin), count(end), "{} in {:?}", begin, told);
            }
            prop_assert_eq!(told[0], "conference.created");
            let ended = told.iter().position(|event| *event == "conference.ended").unwrap();
            prop_assert!(told[ended + 1..].iter().all(|event| *event == "conference.recording.saved"), "{:?}", told);
        }
        prop_assert_eq!(bench.world.counters()["concurrentCalls"].as_u64(), Some(0));
    }

    #[test]
    fn the_same_seed_and_steps_leave_the_same_conferences(seed in any::<u64>(), steps in steps()) {
        let trace = |bench: &Bench| bench.sent.iter().map(|one| one.body.to_string()).collect::<Vec<_>>();
        prop_assert_eq!(trace(&run(seed, &steps, false, true)), trace(&run(seed, &steps, false, true)));
    }
}
