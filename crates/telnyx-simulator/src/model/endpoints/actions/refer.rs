//! `refer`: asks the other end by SIP REFER to call somebody else.

use super::{Command, Done, Endpoint, Exchange, Method, Needs, Reply, carry_out};
use crate::model::World;
use crate::model::calls::CallKey;
use crate::model::fields::Fields;
use crate::model::refusal::Refusal;

pub(super) const ENDPOINT: Endpoint = Endpoint::new(Method::Post, "/calls/{call_control_id}/actions/refer", handle);

fn handle(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    const COMMAND: Command = Command {
        name: "refer",
        needs: Needs::Answered,
        fields: &[
            "client_state",
            "command_id",
            "custom_headers",
            "sip_address",
            "sip_auth_password",
            "sip_auth_username",
            "sip_headers",
        ],
        run,
    };
    carry_out(world, exchange, COMMAND)
}

fn run(world: &mut World, key: CallKey, fields: &mut Fields<'_>) -> Result<Done, Refusal> {
    fields.require(&["sip_address"]);
    let sip = |text: &str| text.starts_with("sip:") || text.starts_with("sips:");
    fields.coded_text("sip_address", "10015", "must be a SIP URI such as sip:name@example.com.", sip);
    fields.check()?;
    world.start_refer(key);
    Ok(Done::Plain)
}
