//! Flows as users write them, driven by webhooks as Telnyx sends them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "a test ends at the first surprise"
)]

use call_flow::effect::{CallCommand, Made, Refusal, Request};
use call_flow::position::{CallDirection, Ending, Phase};
use call_flow::{CallStart, CallState, CommandOutcome, Detection, Effect, Flow, FlowKey, FlowSpec, Leg, Seen, compile};
use jiff::Timestamp;
use serde_json::{Value, json};
use telnyx_voice::webhook::Event;

fn flow(spec: Value) -> Flow {
    let spec: FlowSpec = serde_json::from_value(spec).unwrap();
    compile(&spec, FlowKey::new("uid", 3)).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

fn at(secs: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + secs).unwrap()
}

fn leg() -> Leg {
    Leg { call_control_id: "v3:a".into(), call_leg_id: "leg-a".into(), connection_id: None }
}

fn outbound() -> CallStart {
    CallStart {
        leg: leg(),
        direction: CallDirection::Outbound,
        answered: true,
        detection: Detection::Disabled,
        attempt: 1,
        origin: String::new(),
    }
}

fn event(state: &CallState, number: u32, event_type: &str, secs: i64, extra: &Value) -> Event {
    let mut payload = json!({
        "call_control_id": "v3:a", "call_leg_id": "leg-a", "client_state": state.position.encode().unwrap(),
    });
    payload.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    let body = json!({"data": {
        "id": format!("event-{number}"), "event_type": event_type, "occurred_at": at(secs).to_string(), "payload": payload,
    }});
    Event::parse(body.to_string().as_bytes()).unwrap()
}

fn commands(effects: &[Effect]) -> Vec<&CallCommand> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Command(command) => match &command.request {
                Request::Call(_, call) => Some(&**call),
                Request::Dial(_) | Request::Conference(..) | Request::CreateConference(_) => None,
            },
            _ => None,
        })
        .collect()
}

#[test]
fn a_greeting_is_spoken_and_the_call_hung_up() {
    let flow = flow(json!({
        "direction": "Outbound",
        "variables": {"name": {"maxLength": 20, "default": "Ada"}},
        "steps": [{"name": "greet", "speak": {"payload": "Hello {{name}}", "voice": "female"}}],
    }));
    let started = flow.start(outbound(), at(0)).unwrap();
    let [CallCommand::Speak(speak)] = commands(&started.effects)[..] else { panic!("{:?}", started.effects) };
    assert_eq!(speak.payload.as_ref().unwrap().expose(), "Hello Ada");
    assert_eq!(speak.client_state, Some(started.state.position.encode().unwrap()));

    let ended = event(&started.state, 1, "call.speak.ended", 4, &json!({"status": "completed"}));
    let spoken = flow.on_event(&started.state, &ended, at(5));
    assert_eq!(spoken.seen, Seen::Handled);
    assert!(matches!(commands(&spoken.effects)[..], [CallCommand::Hangup(_)]));

    // The same webhook again, by its id and by what it carries.
    assert_eq!(flow.on_event(&spoken.state, &ended, at(6)).seen, Seen::Duplicate);
    let again = event(&started.state, 2, "call.speak.ended", 4, &json!({"status": "completed"}));
    let replayed = flow.on_event(&spoken.state, &again, at(6));
    assert_eq!((replayed.seen, replayed.effects), (Seen::Stale, vec![]));

    let gone = event(&spoken.state, 3, "call.hangup", 7, &json!({"hangup_cause": "normal_clearing"}));
    let over = flow.on_event(&spoken.state, &gone, at(8));
    let [Effect::Ended(ended)] = &over.effects[..] else { panic!("{:?}", over.effects) };
    assert_eq!(ended.ending, Ending::Completed);
}

#[test]
fn a_lost_webhook_delays_a_call_and_does_not_strand_it() {
    let flow = flow(
        json!({"direction": "Outbound", "steps": [{"name": "greet", "speak": {"payload": "Hello", "voice": "female"}}]}),
    );
    let started = flow.start(outbound(), at(0)).unwrap();
    let Some(Effect::ArmTimer(timer)) = started.effects.last() else { panic!("{:?}", started.effects) };
    let early = flow.on_timer(&started.state, timer.key, at(1));
    assert_eq!(early.seen, Seen::Ignored);
    let late = flow.on_timer(&started.state, timer.key, timer.at);
    assert!(matches!(commands(&late.effects)[..], [CallCommand::Hangup(_)]));
}

#[test]
fn a_command_on_an_ended_call_ends_the_flow() {
    let flow = flow(
        json!({"direction": "Outbound", "steps": [{"name": "greet", "speak": {"payload": "Hello", "voice": "female"}}]}),
    );
    let started = flow.start(outbound(), at(0)).unwrap();
    let Some(Effect::Command(command)) = started.effects.first() else { panic!("{:?}", started.effects) };
    let refused = CommandOutcome::Refused(Refusal { status: 422, codes: vec!["90018".to_owned()] });
    let over = flow.on_command_result(&started.state, &command.id, &refused, at(1));
    assert_eq!(over.state.position.phase, Phase::Ended);
    assert!(matches!(over.effects[..], [Effect::Ended(_)]));
    let accepted = CommandOutcome::Accepted(Made::default());
    assert_eq!(flow.on_command_result(&over.state, &command.id, &accepted, at(2)).seen, Seen::Stale);
}

#[test]
fn a_call_that_carries_its_position_is_resumed_by_it() {
    let flow = flow(json!({"direction": "Outbound", "steps": [
        {"name": "stop", "stopPlayback": {}},
        {"name": "rest", "wait": {"secs": 10}},
    ]}));
    let started = flow.start(outbound(), at(0)).unwrap();
    // The command was accepted, for the call carries what it brought; the process died before it went on.
    let resumed = flow.resume(leg(), started.state.position.clone(), at(3)).unwrap();
    assert_eq!(resumed.state.position.step, 1);
    assert!(matches!(commands(&resumed.effects)[..], [CallCommand::UpdateClientState(_)]));
    let Some(Effect::ArmTimer(timer)) = resumed.effects.last() else { panic!("{:?}", resumed.effects) };
    assert_eq!(timer.at, at(13));
}
