//! `bridge`: connects the call with another one, or with the first in a queue.

use super::super::on_answer::recording;
use super::{Command, Done, Endpoint, Exchange, Method, Needs, Reply, after_unbridge, carry_out};
use crate::model::World;
use crate::model::calls::{AfterUnbridge, CallKey, Direction, State};
use crate::model::endpoints::queues::Head;
use crate::model::fields::Fields;
use crate::model::refusal::{ApiError, Refusal};

pub(super) const ENDPOINT: Endpoint = Endpoint::new(Method::Post, "/calls/{call_control_id}/actions/bridge", handle);

fn handle(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    const COMMAND: Command = Command {
        name: "bridge",
        needs: Needs::Alive,
        fields: &[
            "call_control_id",
            "client_state",
            "command_id",
            "hold_after_unbridge",
            "mute_dtmf",
            "park_after_unbridge",
            "play_ringtone",
            "prevent_double_bridge",
            "queue",
            "record",
            "record_channels",
            "record_custom_file_name",
            "record_format",
            "record_max_length",
            "record_timeout_secs",
            "record_track",
            "record_trim",
            "ringtone",
            "video_room_context",
            "video_room_id",
        ],
        run,
    };
    carry_out(world, exchange, COMMAND)
}

fn run(world: &mut World, key: CallKey, fields: &mut Fields<'_>) -> Result<Done, Refusal> {
    let target = fields.text("call_control_id", 1..=255);
    let queue = fields.text("queue", 1..=255);
    match (fields.given("call_control_id"), fields.given("queue")) {
        (None, None) => fields.require(&["call_control_id"]),
        (Some(_), Some(_)) => {
            fields.bad::<()>("queue", "10015", "cannot be used together with call_control_id.");
        }
        (Some(_), None) | (None, Some(_)) => {}
    }
    let after = after_unbridge(fields);
    let recording = recording(fields);
    fields.choice("mute_dtmf", &["none", "both", "self", "opposite"]);
    let prevent_double = fields.flag("prevent_double_bridge").unwrap_or(false);
    fields.check()?;
    check(world, key)?;
    let other = match (target, queue) {
        (Some(id), _) => named(world, id, prevent_double)?,
        (None, Some(queue)) => head(world, queue)?,
        (None, None) => return Err(Refusal::not_found()),
    };
    world.connect(key, after, other, AfterUnbridge::HangUp);
    if let Some(order) = recording {
        let id = world.ids.uuid().into();
        world.start_recording(key, id, order);
    }
    Ok(Done::Plain)
}

/// Whether a call can be bridged at all: an incoming one is answered by it, an outgoing one must have been answered.
fn check(world: &World, key: CallKey) -> Result<(), Refusal> {
    let Some(call) = world.calls.get(key) else { return Err(super::invalid_id()) };
    match (&call.state, call.direction) {
        (State::Ended { .. }, _) => Err(super::ended()),
        (State::AwaitsNetwork, _) | (State::AwaitsAnswer, Direction::Outgoing) => Err(super::not_answered()),
        (State::AwaitsEnd { .. }, _) | (State::AwaitsAnswer, Direction::Incoming) => Ok(()),
    }
}

fn named(world: &World, id: &str, prevent_double: bool) -> Result<CallKey, Refusal> {
    let other = world.calls.find(id).ok_or_else(super::invalid_id)?;
    check(world, other)?;
    if prevent_double && world.bridge_of(other).is_some() {
        let detail = "The call is bridged with another call already.";
        return Err(ApiError::new("10015", "Invalid parameter", detail).at("/call_control_id").with(422));
    }
    Ok(other)
}

/// The first call in the queue. It leaves the queue whatever becomes of the bridge.
fn head(world: &mut World, queue: &str) -> Result<CallKey, Refusal> {
    match world.take_head(queue) {
        Some(Head::Alive(call)) => Ok(call),
        Some(Head::HungUp) => Err(super::ended()),
        None => {
            let detail = "There is no call in this queue.";
            Err(ApiError::new("10015", "Invalid parameter", detail).at("/queue").with(422))
        }
    }
}
