//! `send_dtmf`: sends keys to the other end; done with its answer, nothing is told.

use super::{Command, Done, Endpoint, Exchange, Method, Needs, Reply, carry_out};
use crate::config::is_key;
use crate::model::World;
use crate::model::calls::CallKey;
use crate::model::fields::Fields;
use crate::model::refusal::Refusal;

pub(super) const ENDPOINT: Endpoint = Endpoint::new(Method::Post, "/calls/{call_control_id}/actions/send_dtmf", handle);

fn handle(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    const COMMAND: Command = Command {
        name: "send_dtmf",
        needs: Needs::Answered,
        fields: &["client_state", "command_id", "digits", "duration_millis"],
        run,
    };
    carry_out(world, exchange, COMMAND)
}

fn run(world: &mut World, key: CallKey, fields: &mut Fields<'_>) -> Result<Done, Refusal> {
    fields.require(&["digits"]);
    let keys =
        |text: &str| (1..=255).contains(&text.len()) && text.chars().all(|key| is_key(key) || matches!(key, 'w' | 'W'));
    fields.coded_text("digits", "90014", "must be made of 0 to 9, A to D, w, W, * and #.", keys);
    fields.coded("duration_millis", "90027", 100..=500);
    fields.check()?;
    // The pressing takes time in which the other end has nothing to wait for.
    world.attract(key);
    Ok(Done::Plain)
}
