//! `client_state_update`: replaces the state that later webhooks carry. It has no `command_id`.

use super::{Command, Done, Endpoint, Exchange, Method, Needs, Reply, carry_out};
use crate::model::World;
use crate::model::calls::CallKey;
use crate::model::fields::Fields;
use crate::model::refusal::Refusal;

pub(super) const ENDPOINT: Endpoint =
    Endpoint::new(Method::Put, "/calls/{call_control_id}/actions/client_state_update", handle);

fn handle(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    const COMMAND: Command =
        Command { name: "client_state_update", needs: Needs::Alive, fields: &["client_state"], run };
    carry_out(world, exchange, COMMAND)
}

/// The shared part of every command has set the new state already.
fn run(_: &mut World, _: CallKey, fields: &mut Fields<'_>) -> Result<Done, Refusal> {
    fields.require(&["client_state"]);
    fields.check()?;
    Ok(Done::Plain)
}
