//! `fork_stop`: ends the copies.

use super::{Command, Done, Endpoint, Exchange, Method, Needs, Reply, carry_out};
use crate::model::World;
use crate::model::calls::CallKey;
use crate::model::fields::Fields;
use crate::model::refusal::{ApiError, Refusal};

pub(super) const ENDPOINT: Endpoint = Endpoint::new(Method::Post, "/calls/{call_control_id}/actions/fork_stop", handle);

fn handle(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    const COMMAND: Command = Command {
        name: "fork_stop",
        needs: Needs::Answered,
        fields: &["client_state", "command_id", "stream_type"],
        run,
    };
    carry_out(world, exchange, COMMAND)
}

fn run(world: &mut World, key: CallKey, fields: &mut Fields<'_>) -> Result<Done, Refusal> {
    fields.choice("stream_type", &["raw", "decrypted"]);
    fields.check()?;
    if world.stop_fork(key) {
        return Ok(Done::Plain);
    }
    let detail = "Can't stop forking, because the call isn't currently forked.";
    Err(ApiError::new("90031", "Call is not currently forked", detail).with(422))
}
