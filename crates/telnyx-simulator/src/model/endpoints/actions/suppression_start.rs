//! `suppression_start`: suppresses noise; nothing is told.

use super::{Command, Done, Endpoint, Exchange, Method, Needs, Reply, carry_out};
use crate::model::World;
use crate::model::calls::CallKey;
use crate::model::fields::Fields;
use crate::model::refusal::Refusal;

pub(super) const ENDPOINT: Endpoint =
    Endpoint::new(Method::Post, "/calls/{call_control_id}/actions/suppression_start", handle);

fn handle(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    const COMMAND: Command = Command {
        name: "suppression_start",
        needs: Needs::Answered,
        fields: &[
            "client_state",
            "command_id",
            "direction",
            "noise_suppression_engine",
            "noise_suppression_engine_config",
        ],
        run,
    };
    carry_out(world, exchange, COMMAND)
}

fn run(world: &mut World, key: CallKey, fields: &mut Fields<'_>) -> Result<Done, Refusal> {
    fields.choice("direction", &["inbound", "outbound", "both"]);
    fields.text("noise_suppression_engine", 1..=64);
    fields.check()?;
    world.suppress_noise(key, true);
    Ok(Done::Plain)
}
