//! `send_sip_info`: sends SIP INFO to the other end; done with its answer, nothing is told.

use super::{Command, Done, Endpoint, Exchange, Method, Needs, Reply, carry_out};
use crate::model::World;
use crate::model::calls::CallKey;
use crate::model::fields::Fields;
use crate::model::refusal::Refusal;

pub(super) const ENDPOINT: Endpoint =
    Endpoint::new(Method::Post, "/calls/{call_control_id}/actions/send_sip_info", handle);

fn handle(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    const COMMAND: Command = Command {
        name: "send_sip_info",
        needs: Needs::Answered,
        fields: &["body", "client_state", "command_id", "content_type"],
        run,
    };
    carry_out(world, exchange, COMMAND)
}

fn run(world: &mut World, key: CallKey, fields: &mut Fields<'_>) -> Result<Done, Refusal> {
    fields.require(&["body", "content_type"]);
    fields.text("body", 1..=65_536);
    fields.coded_text("content_type", "10015", "must be a media type such as text/plain.", |text| text.contains('/'));
    fields.check()?;
    world.attract(key);
    Ok(Done::Plain)
}
