//! `streaming_stop`: ends the stream.

use super::{Command, Done, Endpoint, Exchange, Method, Needs, Reply, carry_out};
use crate::model::World;
use crate::model::calls::CallKey;
use crate::model::fields::Fields;
use crate::model::refusal::{ApiError, Refusal};

pub(super) const ENDPOINT: Endpoint =
    Endpoint::new(Method::Post, "/calls/{call_control_id}/actions/streaming_stop", handle);

fn handle(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    const COMMAND: Command = Command {
        name: "streaming_stop",
        needs: Needs::Answered,
        fields: &["client_state", "command_id", "stream_id"],
        run,
    };
    carry_out(world, exchange, COMMAND)
}

fn run(world: &mut World, key: CallKey, fields: &mut Fields<'_>) -> Result<Done, Refusal> {
    fields.text("stream_id", 1..=64);
    fields.check()?;
    if world.stop_stream(key) {
        return Ok(Done::Plain);
    }
    let detail = "This command can only be issued when media streaming is used.";
    Err(ApiError::new("90048", "Media Streaming is not used", detail).with(422))
}
