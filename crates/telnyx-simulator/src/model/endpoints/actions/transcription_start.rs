//! `transcription_start`: transcribes what is said from now on.

use super::{Command, Done, Endpoint, Exchange, Method, Needs, Reply, carry_out};
use crate::model::World;
use crate::model::calls::CallKey;
use crate::model::fields::Fields;
use crate::model::refusal::{ApiError, Refusal};

pub(super) const ENDPOINT: Endpoint =
    Endpoint::new(Method::Post, "/calls/{call_control_id}/actions/transcription_start", handle);

fn handle(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    const COMMAND: Command = Command {
        name: "transcription_start",
        needs: Needs::Answered,
        fields: &[
            "client_state",
            "command_id",
            "transcription_engine",
            "transcription_engine_config",
            "transcription_tracks",
        ],
        run,
    };
    carry_out(world, exchange, COMMAND)
}

fn run(world: &mut World, key: CallKey, fields: &mut Fields<'_>) -> Result<Done, Refusal> {
    fields.text("transcription_engine", 1..=64);
    let tracks = fields.choice("transcription_tracks", &["inbound", "outbound", "both"]).unwrap_or("inbound");
    fields.check()?;
    if world.calls.get(key).is_some_and(|call| call.running.transcription.is_some()) {
        let detail = "Call Transcription can not be started more than once.";
        return Err(ApiError::new("90054", "Call Transcription is already in progress", detail).with(422));
    }
    world.start_transcription(key, tracks != "outbound");
    Ok(Done::Plain)
}
