//! `transcription_stop`: ends the transcription; without one there is nothing to do.

use super::{Command, Done, Endpoint, Exchange, Method, Needs, Reply, carry_out};
use crate::model::World;
use crate::model::calls::{CallKey, Recording};
use crate::model::fields::Fields;
use crate::model::refusal::{ApiError, Refusal};

pub(super) const ENDPOINT: Endpoint =
    Endpoint::new(Method::Post, "/calls/{call_control_id}/actions/transcription_stop", handle);

fn handle(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    const COMMAND: Command =
        Command { name: "transcription_stop", needs: Needs::Answered, fields: &["client_state", "command_id"], run };
    carry_out(world, exchange, COMMAND)
}

fn run(world: &mut World, key: CallKey, fields: &mut Fields<'_>) -> Result<Done, Refusal> {
    fields.check()?;
    let recordings = world.calls.get(key).map(|call| call.running.recordings.as_slice()).unwrap_or_default();
    if recordings.iter().any(Recording::listens_for_silence) {
        let detail =
            "Call transcription can not be stopped while there is a recording with 'timeout_secs' in progress.";
        return Err(ApiError::new("90055", "Call transcription can not be stopped", detail).with(422));
    }
    world.stop_transcription(key);
    Ok(Done::Plain)
}
