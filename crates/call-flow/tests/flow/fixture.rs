//! A call, its webhooks, and how tests read what comes out.

use call_flow::effect::{CallCommand, Ended, Made, Refusal, Request};
use call_flow::position::CallDirection;
use call_flow::{
    CallStart, CallState, CommandOutcome, Detection, Effect, Flow, FlowKey, FlowSpec, Leg, LookUp, Reaction, compile,
};
use jiff::Timestamp;
use serde_json::{Value, json};
use telnyx_voice::ClientState;
use telnyx_voice::webhook::Event;

pub(crate) fn spec(spec: Value) -> FlowSpec {
    serde_json::from_value(spec).unwrap_or_else(|error| panic!("{error}"))
}

pub(crate) fn flow(written: Value) -> Flow {
    compile(&spec(written), FlowKey::new("uid", 3)).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

pub(crate) fn at(secs: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + secs).unwrap()
}

pub(crate) fn leg() -> Leg {
    Leg { call_control_id: "v3:a".into(), call_leg_id: "leg-a".into(), connection_id: Some("17".into()) }
}

/// An outbound call that is answered, without machine detection.
pub(crate) fn outbound() -> CallStart {
    CallStart {
        leg: leg(),
        direction: CallDirection::Outbound,
        answered: true,
        detection: Detection::Disabled,
        attempt: 1,
        origin: String::new(),
        caller: None,
    }
}

/// An inbound call at its first webhook.
pub(crate) fn inbound() -> CallStart {
    CallStart { direction: CallDirection::Inbound, answered: false, attempt: 0, ..outbound() }
}

/// A webhook of a leg; `carried`: its `client_state`.
pub(crate) fn webhook(
    id: &str,
    event_type: &str,
    secs: i64,
    leg: &str,
    carried: Option<&ClientState>,
    extra: &Value,
) -> Event {
    let mut payload = json!({"call_control_id": format!("v3:{leg}"), "call_leg_id": format!("leg-{leg}")});
    let fields = payload.as_object_mut().unwrap();
    fields.extend(carried.map(|state| ("client_state".to_owned(), json!(state))));
    fields.extend(extra.as_object().into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())));
    let body = json!({"data": {
        "id": id, "event_type": event_type, "occurred_at": at(secs).to_string(), "payload": payload,
    }});
    Event::parse(body.to_string().as_bytes()).unwrap()
}

/// A webhook of the call's own leg, which carries what the last command brought.
pub(crate) fn event(state: &CallState, event_type: &str, secs: i64, extra: &Value) -> Event {
    let id = format!("{event_type} at {secs}");
    webhook(&id, event_type, secs, "a", Some(&state.position.encode().unwrap()), extra)
}

/// What follows from such a webhook.
pub(crate) fn say(flow: &Flow, state: &CallState, secs: i64, event_type: &str, extra: Value) -> Reaction {
    flow.on_event(state, &event(state, event_type, secs, &extra), at(secs))
}

/// What follows from the API's answer to the last command.
pub(crate) fn answered(flow: &Flow, before: &Reaction, outcome: &CommandOutcome, secs: i64) -> Reaction {
    let id = before.effects.iter().rev().find_map(|effect| match effect {
        Effect::Command(command) => Some(&command.id),
        _ => None,
    });
    flow.on_command_result(&before.state, id.unwrap(), outcome, at(secs))
}

/// The API takes the last command.
pub(crate) fn accepted(flow: &Flow, before: &Reaction, secs: i64) -> Reaction {
    answered(flow, before, &CommandOutcome::Accepted(Made::default()), secs)
}

/// The API refuses the last command.
pub(crate) fn refused(flow: &Flow, before: &Reaction, status: u16, code: &str, secs: i64) -> Reaction {
    answered(flow, before, &CommandOutcome::Refused(Refusal { status, codes: vec![code.to_owned()] }), secs)
}

/// The step's timer runs out.
pub(crate) fn run_out(flow: &Flow, before: &Reaction) -> Reaction {
    let timer = before.effects.iter().rev().find_map(|effect| match effect {
        Effect::ArmTimer(timer) => Some(timer),
        _ => None,
    });
    let timer = timer.unwrap_or_else(|| panic!("{:?}", before.effects));
    flow.on_timer(&before.state, timer.key, timer.at)
}

/// The present step's name.
pub(crate) fn name(flow: &Flow, state: &CallState) -> String {
    flow.spec().steps[usize::from(state.position.step)].name.clone()
}

/// The requests among the effects.
pub(crate) fn requests(reaction: &Reaction) -> Vec<&Request> {
    reaction
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Command(command) => Some(&command.request),
            _ => None,
        })
        .collect()
}

/// The commands on calls among the effects.
pub(crate) fn commands(reaction: &Reaction) -> Vec<&CallCommand> {
    requests(reaction)
        .into_iter()
        .filter_map(|request| match request {
            Request::Call(_, call) => Some(&**call),
            Request::Dial(_) | Request::Conference(..) | Request::CreateConference(_) => None,
        })
        .collect()
}

/// The endpoints that are reached, in order, but for the position's own.
pub(crate) fn endpoints(reaction: &Reaction) -> Vec<&'static str> {
    requests(reaction).into_iter().map(Request::endpoint).filter(|name| *name != PLACE).collect()
}

pub(crate) const PLACE: &str = "calls.actions.update_client_state";

/// What the API is asked.
pub(crate) fn looked_up(reaction: &Reaction) -> Option<&LookUp> {
    reaction.effects.iter().find_map(|effect| match effect {
        Effect::LookUp(asked) => Some(asked),
        _ => None,
    })
}

pub(crate) fn ended(reaction: &Reaction) -> Option<&Ended> {
    reaction.effects.iter().find_map(|effect| match effect {
        Effect::Ended(ended) => Some(ended),
        _ => None,
    })
}
