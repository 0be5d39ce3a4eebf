//! `fork_start`: sends copies of the call's media elsewhere.

use super::streaming_start::streamed;
use super::{Command, Done, Endpoint, Exchange, Method, Needs, Reply, carry_out};
use crate::model::World;
use crate::model::calls::CallKey;
use crate::model::fields::Fields;
use crate::model::refusal::Refusal;

pub(super) const ENDPOINT: Endpoint =
    Endpoint::new(Method::Post, "/calls/{call_control_id}/actions/fork_start", handle);

fn handle(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    const COMMAND: Command = Command {
        name: "fork_start",
        needs: Needs::Answered,
        fields: &["client_state", "command_id", "rx", "stream_type", "target", "tx"],
        run,
    };
    carry_out(world, exchange, COMMAND)
}

fn run(world: &mut World, key: CallKey, fields: &mut Fields<'_>) -> Result<Done, Refusal> {
    for name in ["rx", "target", "tx"] {
        fields.coded_text(name, "10003", "must be a UDP URI such as udp:192.0.2.1:9000.", |text| {
            text.starts_with("udp:")
        });
    }
    if ["rx", "target", "tx"].iter().all(|name| fields.given(name).is_none()) {
        fields.require(&["rx"]);
    }
    fields.choice("stream_type", &["decrypted"]);
    fields.check()?;
    if world.calls.get(key).is_some_and(|call| call.running.media.stream.is_some()) {
        return Err(streamed());
    }
    world.start_fork(key);
    Ok(Done::Plain)
}
