//! Sound that goes on while the flow does, and the end of what sounds after it.

use call_flow::position::{MAX_BACKGROUND, Phase};
use call_flow::{CallState, Decoded, Flow, Reaction, Seen};
use serde_json::{Value, json};

use crate::fixture::{accepted, at, event, flow, leg, name, outbound, refused, run_out, say};

const SPOKEN: &str = "call.speak.ended";
const PLAYED: &str = "call.playback.ended";

fn speak() -> Value {
    json!({"speak": {"payload": "Hi", "voice": "female"}})
}

fn play(url: &str) -> Value {
    json!({"play": {"audioUrl": url}})
}

/// One sound in the background, one that is waited for, and a step after it.
fn two(first: Value, second: Value) -> Flow {
    let (mut first, mut second) = (first, second);
    (first["name"], first["waitForEnd"]) = (json!("first"), json!(false));
    second["name"] = json!("second");
    flow(json!({"direction": "Outbound", "steps": [first, second, {"name": "after", "wait": {"secs": 5}}]}))
}

/// The first sounds, the second was begun.
fn both(flow: &Flow) -> Reaction {
    let second = accepted(flow, &flow.start(outbound(), at(0)).unwrap(), 1);
    assert_eq!(name(flow, &second.state), "second");
    second
}

fn ends(flow: &Flow, state: &CallState, secs: i64, event_type: &str) -> Reaction {
    say(flow, state, secs, event_type, json!({"status": "completed"}))
}

#[test]
fn a_sound_in_the_background_does_not_end_the_next() {
    for (sound, event) in [(speak(), SPOKEN), (play("https://a.example/b"), PLAYED)] {
        let flow = two(sound.clone(), sound);
        let first = ends(&flow, &both(&flow).state, 5, event);
        assert_eq!((first.seen, first.effects, name(&flow, &first.state).as_str()), (Seen::Handled, vec![], "second"));
        let second = ends(&flow, &first.state, 9, event);
        assert_eq!(name(&flow, &second.state), "after");
    }
}

#[test]
fn the_end_of_a_sound_counts_once_and_in_any_order() {
    let flow = two(speak(), speak());
    let begun = both(&flow).state;
    let first = event(&begun, SPOKEN, 5, &json!({"status": "completed"}));
    let second = event(&begun, SPOKEN, 9, &json!({"status": "completed"}));
    // Twice.
    let once = flow.on_event(&begun, &first, at(5)).state;
    assert_eq!(flow.on_event(&once, &first, at(6)).seen, Seen::Duplicate);
    assert_eq!(name(&flow, &flow.on_event(&once, &second, at(9)).state), "after");
    // The other way round: both have ended when both are heard.
    let late = flow.on_event(&begun, &second, at(9)).state;
    assert_eq!(name(&flow, &late), "second");
    assert_eq!(name(&flow, &flow.on_event(&late, &first, at(10)).state), "after");
}

#[test]
fn an_end_that_is_never_heard_delays_the_call_and_does_not_strand_it() {
    let flow = two(speak(), speak());
    let begun = both(&flow);
    // The webhook of the first was lost: that of the second is taken for it.
    let taken = ends(&flow, &begun.state, 9, SPOKEN);
    assert_eq!(name(&flow, &taken.state), "second");
    let went_on = run_out(&flow, &Reaction { state: taken.state, ..begun });
    assert_eq!(name(&flow, &went_on.state), "after");
    assert_eq!(went_on.state.position.background, [0; 0], "nothing is owed any more");
}

#[test]
fn an_end_may_be_heard_before_the_answer_and_in_any_step() {
    let flow = flow(json!({"direction": "Outbound", "steps": [
        {"name": "first", "speak": {"payload": "Hi", "voice": "female"}, "waitForEnd": false},
        {"name": "pause", "wait": {"secs": 20}},
        {"name": "second", "speak": {"payload": "Hi", "voice": "female"}},
        {"name": "after", "wait": {"secs": 5}},
    ]}));
    let started = flow.start(outbound(), at(0)).unwrap();
    let early = ends(&flow, &started.state, 1, SPOKEN);
    let pause = accepted(&flow, &Reaction { state: early.state, ..started.clone() }, 2);
    assert_eq!((name(&flow, &pause.state).as_str(), pause.state.position.background.len()), ("pause", 0));

    let pause = accepted(&flow, &started, 1);
    let heard = ends(&flow, &pause.state, 10, SPOKEN);
    assert_eq!((heard.seen, heard.effects), (Seen::Handled, vec![]));
    let second = run_out(&flow, &Reaction { state: heard.state, ..pause });
    assert_eq!(name(&flow, &ends(&flow, &second.state, 30, SPOKEN).state), "after");
}

#[test]
fn a_prompt_over_music_ends_by_itself() {
    let flow = two(play("https://a.example/music"), play("https://a.example/prompt"));
    let begun = both(&flow).state;
    let played = |state: &CallState, secs: i64, url: &str| {
        say(&flow, state, secs, PLAYED, json!({"status": "completed", "media_url": url}))
    };
    assert_eq!(name(&flow, &played(&begun, 5, "https://a.example/prompt").state), "after");
    // And the music's end says nothing of it.
    let silent = played(&begun, 5, "https://a.example/music");
    assert_eq!((silent.effects, silent.state.position.background.len()), (vec![], 0));
    // Speech is not taken for a file.
    let spoken = two(speak(), play("https://a.example/prompt"));
    assert_eq!(name(&spoken, &ends(&spoken, &both(&spoken).state, 5, PLAYED).state), "after");
}

#[test]
fn a_sound_that_was_refused_is_owed_no_end() {
    let flow = flow(json!({"direction": "Outbound", "steps": [
        {"name": "first", "speak": {"payload": "Hi", "voice": "female"}, "waitForEnd": false, "onError": "second"},
        {"name": "second", "speak": {"payload": "Hi", "voice": "female"}},
        {"name": "after", "wait": {"secs": 5}},
    ]}));
    let second = refused(&flow, &flow.start(outbound(), at(0)).unwrap(), 422, "90010", 1);
    assert_eq!(name(&flow, &ends(&flow, &second.state, 5, SPOKEN).state), "after");
}

#[test]
fn what_sounds_in_the_background_is_known_after_a_restart() {
    let flow = two(speak(), speak());
    for begun in [flow.start(outbound(), at(0)).unwrap(), both(&flow)] {
        let Some(Decoded::Leg(carried)) = Decoded::read(&begun.state.position.encode().unwrap()) else { panic!() };
        let resumed = flow.resume(leg(), *carried, at(2)).unwrap();
        assert_eq!((name(&flow, &resumed.state).as_str(), resumed.state.position.phase), ("second", Phase::UnderWay));
        let first = ends(&flow, &resumed.state, 5, SPOKEN);
        assert_eq!(name(&flow, &first.state), "second");
        assert_eq!(name(&flow, &ends(&flow, &first.state, 9, SPOKEN).state), "after");
    }
}

#[test]
fn more_sounds_than_a_call_can_carry_are_forgotten_from_the_first() {
    let steps: Vec<Value> = (0..=MAX_BACKGROUND)
        .map(|n| json!({"name": format!("s{n}"), "speak": {"payload": "Hi", "voice": "female"}, "waitForEnd": false}))
        .collect();
    let flow = flow(json!({"direction": "Outbound", "steps": steps}));
    let mut reaction = flow.start(outbound(), at(0)).unwrap();
    for second in 1..9 {
        reaction = accepted(&flow, &reaction, second);
    }
    assert_eq!(reaction.state.position.background, [1, 2, 3, 4, 5, 6, 7, 8]);
}
