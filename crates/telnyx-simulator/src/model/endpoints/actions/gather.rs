//! `gather`: waits for digits without saying anything.

use super::gathering::rules;
use super::{Command, Done, Endpoint, Exchange, Method, Needs, Reply, carry_out};
use crate::model::World;
use crate::model::calls::CallKey;
use crate::model::fields::Fields;
use crate::model::refusal::Refusal;

pub(super) const ENDPOINT: Endpoint = Endpoint::new(Method::Post, "/calls/{call_control_id}/actions/gather", handle);

fn handle(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    const COMMAND: Command = Command {
        name: "gather",
        needs: Needs::Answered,
        fields: &[
            "client_state",
            "command_id",
            "gather_id",
            "initial_timeout_millis",
            "inter_digit_timeout_millis",
            "maximum_digits",
            "minimum_digits",
            "terminating_digit",
            "timeout_millis",
            "valid_digits",
        ],
        run,
    };
    carry_out(world, exchange, COMMAND)
}

fn run(world: &mut World, key: CallKey, fields: &mut Fields<'_>) -> Result<Done, Refusal> {
    fields.text("gather_id", 1..=255);
    let rules = rules(fields, None);
    fields.check()?;
    world.start_gather(key, rules);
    Ok(Done::Plain)
}
