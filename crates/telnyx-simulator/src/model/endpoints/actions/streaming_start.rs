//! `streaming_start`: streams the call to a WebSocket.

use super::super::on_answer::stream;
use super::{Command, Done, Endpoint, Exchange, Method, Needs, Reply, carry_out};
use crate::model::World;
use crate::model::calls::CallKey;
use crate::model::fields::Fields;
use crate::model::refusal::{ApiError, Refusal};

pub(super) const ENDPOINT: Endpoint =
    Endpoint::new(Method::Post, "/calls/{call_control_id}/actions/streaming_start", handle);

fn handle(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    const COMMAND: Command = Command {
        name: "streaming_start",
        needs: Needs::Answered,
        fields: &[
            "client_state",
            "command_id",
            "custom_parameters",
            "dialogflow_config",
            "enable_dialogflow",
            "stream_auth_token",
            "stream_bidirectional_codec",
            "stream_bidirectional_mode",
            "stream_bidirectional_sampling_rate",
            "stream_bidirectional_target_legs",
            "stream_codec",
            "stream_track",
            "stream_url",
        ],
        run,
    };
    carry_out(world, exchange, COMMAND)
}

fn run(world: &mut World, key: CallKey, fields: &mut Fields<'_>) -> Result<Done, Refusal> {
    fields.require(&["stream_url"]);
    let stream = stream(fields);
    fields.check()?;
    if world.calls.get(key).is_some_and(|call| call.running.media.stream.is_some()) {
        return Err(streamed());
    }
    if let Some(order) = stream {
        world.start_stream(key, order);
    }
    Ok(Done::Plain)
}

/// 422 with code 90045.
pub(super) fn streamed() -> Refusal {
    let detail = "This command can't be issued when media streaming is used.";
    ApiError::new("90045", "Media Streaming is used", detail).with(422)
}
