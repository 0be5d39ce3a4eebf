//! `reject`: turns an incoming call away before it is answered.

use super::{Command, Done, Endpoint, Exchange, Method, Needs, Reply, carry_out};
use crate::model::World;
use crate::model::calls::{CallKey, Ending};
use crate::model::fields::Fields;
use crate::model::refusal::{ApiError, Refusal};

pub(super) const ENDPOINT: Endpoint = Endpoint::new(Method::Post, "/calls/{call_control_id}/actions/reject", handle);

const CAUSES: &[&str] = &["CALL_REJECTED", "NOT_FOUND", "TEMPORARILY_UNAVAILABLE", "USER_BUSY"];

fn handle(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    const COMMAND: Command =
        Command { name: "reject", needs: Needs::Incoming, fields: &["cause", "client_state", "command_id"], run };
    carry_out(world, exchange, COMMAND)
}

fn run(world: &mut World, key: CallKey, fields: &mut Fields<'_>) -> Result<Done, Refusal> {
    fields.require(&["cause"]);
    let cause = fields.choice("cause", CAUSES);
    fields.check()?;
    if world.calls.get(key).is_some_and(|call| call.answered_at().is_some()) {
        let detail = "The reject command cannot be issued for calls that have been answered.";
        return Err(ApiError::new("90102", "Command is invalid", detail).with(422));
    }
    world.end_call(key, Ending::rejected(cause.unwrap_or("CALL_REJECTED")));
    Ok(Done::Plain)
}
