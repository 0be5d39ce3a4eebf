//! `record_resume`: goes on with one recording, or all; nothing is told.

use super::{Command, Done, Endpoint, Exchange, Method, Needs, Reply, carry_out};
use crate::model::World;
use crate::model::calls::CallKey;
use crate::model::fields::Fields;
use crate::model::refusal::{ApiError, Refusal};

pub(super) const ENDPOINT: Endpoint =
    Endpoint::new(Method::Post, "/calls/{call_control_id}/actions/record_resume", handle);

fn handle(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    const COMMAND: Command = Command {
        name: "record_resume",
        needs: Needs::Answered,
        fields: &["client_state", "command_id", "recording_id"],
        run,
    };
    carry_out(world, exchange, COMMAND)
}

fn run(world: &mut World, key: CallKey, fields: &mut Fields<'_>) -> Result<Done, Refusal> {
    let id = fields.text("recording_id", 1..=64);
    fields.check()?;
    if world.resume_recording(key, id) || id.is_none() {
        return Ok(Done::Plain);
    }
    let detail = "The call has no recording with this id.";
    Err(ApiError::new("10015", "Invalid parameter", detail).at("/recording_id").with(422))
}
