//! `leave_queue`: takes the call out of its queue; it is parked.

use super::{Command, Done, Endpoint, Exchange, Method, Needs, Reply, carry_out};
use crate::model::World;
use crate::model::calls::CallKey;
use crate::model::endpoints::queues::Dequeue;
use crate::model::fields::Fields;
use crate::model::refusal::{ApiError, Refusal};

pub(super) const ENDPOINT: Endpoint =
    Endpoint::new(Method::Post, "/calls/{call_control_id}/actions/leave_queue", handle);

fn handle(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    const COMMAND: Command =
        Command { name: "leave_queue", needs: Needs::Answered, fields: &["client_state", "command_id"], run };
    carry_out(world, exchange, COMMAND)
}

fn run(world: &mut World, key: CallKey, fields: &mut Fields<'_>) -> Result<Done, Refusal> {
    fields.check()?;
    if world.leave_queue(key, Dequeue::Leave) {
        return Ok(Done::Plain);
    }
    Err(ApiError::new("90035", "Call is not in a queue", "The call is not in any queue.").with(422))
}
