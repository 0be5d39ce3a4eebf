//! `hangup`: ends the call, answered or not.

use super::{Command, Endpoint, Exchange, Method, Needs, Reply, carry_out};
use crate::model::World;
use crate::model::calls::{CallKey, Ending};
use crate::model::fields::Fields;
use crate::model::refusal::Refusal;

pub(super) const ENDPOINT: Endpoint = Endpoint::new(Method::Post, "/calls/{call_control_id}/actions/hangup", handle);

fn handle(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    const COMMAND: Command = Command {
        name: "hangup",
        needs: Needs::Alive,
        fields: &["client_state", "command_id", "custom_headers", "reason"],
        run,
    };
    carry_out(world, exchange, COMMAND)
}

fn run(world: &mut World, key: CallKey, fields: &mut Fields<'_>) -> Result<(), Refusal> {
    fields.check()?;
    let answered = world.calls.get(key).is_some_and(|call| call.answered_at().is_some());
    world.end_call(key, if answered { Ending::CALLER } else { Ending::CANCELLED });
    Ok(())
}
