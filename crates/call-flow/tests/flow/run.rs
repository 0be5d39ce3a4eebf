//! Flows from their beginning to their end.

use call_flow::effect::{CallCommand, Made, Refusal};
use call_flow::position::{Ending, Phase};
use call_flow::{CommandOutcome, Effect, Seen};
use serde_json::json;

use crate::fixture::{at, commands, event, flow, leg, outbound};

#[test]
fn a_greeting_is_spoken_and_the_call_hung_up() {
    let flow = flow(json!({
        "direction": "Outbound",
        "variables": {"name": {"maxLength": 20, "default": "Ada"}},
        "steps": [{"name": "greet", "speak": {"payload": "Hello {{name}}", "voice": "female"}}],
    }));
    let started = flow.start(outbound(), at(0)).unwrap();
    let [CallCommand::Speak(speak)] = commands(&started)[..] else { panic!("{:?}", started.effects) };
    assert_eq!(speak.payload.as_ref().unwrap().expose(), "Hello Ada");
    assert_eq!(speak.client_state, Some(started.state.position.encode().unwrap()));

    let ended = event(&started.state, "call.speak.ended", 4, &json!({"status": "completed"}));
    let spoken = flow.on_event(&started.state, &ended, at(5));
    assert_eq!(spoken.seen, Seen::Handled);
    assert!(matches!(commands(&spoken)[..], [CallCommand::Hangup(_)]));

    // The same webhook again, by its id and by what it carries.
    assert_eq!(flow.on_event(&spoken.state, &ended, at(6)).seen, Seen::Duplicate);
    let mut again = ended.clone();
    again.id = "another".into();
    let replayed = flow.on_event(&spoken.state, &again, at(6));
    assert_eq!((replayed.seen, replayed.effects), (Seen::Stale, vec![]));

    let gone = event(&spoken.state, "call.hangup", 7, &json!({"hangup_cause": "normal_clearing"}));
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
    assert!(matches!(commands(&late)[..], [CallCommand::Hangup(_)]));
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
    assert!(matches!(commands(&resumed)[..], [CallCommand::UpdateClientState(_)]));
    let Some(Effect::ArmTimer(timer)) = resumed.effects.last() else { panic!("{:?}", resumed.effects) };
    assert_eq!(timer.at, at(13));
}
