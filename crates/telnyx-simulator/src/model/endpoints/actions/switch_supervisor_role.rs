//! `switch_supervisor_role`: changes what a supervisor may do; nothing is told.

use super::{Command, Done, Endpoint, Exchange, Method, Needs, Reply, carry_out};
use crate::model::World;
use crate::model::calls::{CallKey, SupervisorRole};
use crate::model::fields::Fields;
use crate::model::refusal::{ApiError, Refusal};

pub(super) const ENDPOINT: Endpoint =
    Endpoint::new(Method::Post, "/calls/{call_control_id}/actions/switch_supervisor_role", handle);

fn handle(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    const COMMAND: Command = Command {
        name: "switch_supervisor_role",
        needs: Needs::Answered,
        fields: &["client_state", "command_id", "role"],
        run,
    };
    carry_out(world, exchange, COMMAND)
}

fn run(world: &mut World, key: CallKey, fields: &mut Fields<'_>) -> Result<Done, Refusal> {
    fields.require(&["role"]);
    let role = fields.choice("role", SupervisorRole::NAMES);
    fields.check()?;
    if world.switch_supervisor(key, SupervisorRole::named(role.unwrap_or_default())) {
        return Ok(Done::Plain);
    }
    let detail = "The call does not supervise another call.";
    Err(ApiError::new("10015", "Invalid parameter", detail).at("/role").with(422))
}
