//! `enqueue`: puts the call at the end of a queue.

use super::{Command, Done, Endpoint, Exchange, Method, Needs, Reply, carry_out};
use crate::model::World;
use crate::model::calls::CallKey;
use crate::model::fields::Fields;
use crate::model::refusal::Refusal;

pub(super) const ENDPOINT: Endpoint = Endpoint::new(Method::Post, "/calls/{call_control_id}/actions/enqueue", handle);

fn handle(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    const COMMAND: Command = Command {
        name: "enqueue",
        needs: Needs::Answered,
        fields: &["client_state", "command_id", "keep_after_hangup", "max_size", "max_wait_time_secs", "queue_name"],
        run,
    };
    carry_out(world, exchange, COMMAND)
}

fn run(world: &mut World, key: CallKey, fields: &mut Fields<'_>) -> Result<Done, Refusal> {
    fields.require(&["queue_name"]);
    let name = fields.text("queue_name", 1..=255);
    let max_size = fields.whole("max_size", 1..=1_000_000);
    let keep = fields.flag("keep_after_hangup").unwrap_or(false);
    let max_wait = fields.whole("max_wait_time_secs", 1..=86_400);
    fields.check()?;
    let name = name.ok_or_else(Refusal::not_found)?;
    world.enqueue(key, name, max_size, keep)?;
    // A bridged call leaves its bridge (Telnyx API reference: "Enqueue call").
    world.part(key);
    if let Some(seconds) = max_wait {
        world.limit_wait(key, std::time::Duration::from_secs(seconds));
    }
    Ok(Done::Plain)
}
