//! `siprec_start`: begins a SIPREC session with a recording server.

use super::super::on_answer::limit;
use super::{Command, Done, Endpoint, Exchange, Method, Needs, Reply, carry_out};
use crate::model::World;
use crate::model::calls::CallKey;
use crate::model::fields::Fields;
use crate::model::refusal::Refusal;

pub(super) const ENDPOINT: Endpoint =
    Endpoint::new(Method::Post, "/calls/{call_control_id}/actions/siprec_start", handle);

fn handle(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    const COMMAND: Command = Command {
        name: "siprec_start",
        needs: Needs::Answered,
        fields: &[
            "client_state",
            "command_id",
            "connector_name",
            "include_metadata_custom_headers",
            "secure",
            "session_timeout_secs",
            "sip_transport",
            "siprec_track",
        ],
        run,
    };
    carry_out(world, exchange, COMMAND)
}

fn run(world: &mut World, key: CallKey, fields: &mut Fields<'_>) -> Result<Done, Refusal> {
    fields.text("connector_name", 1..=255);
    fields.choice("sip_transport", &["udp", "tcp", "tls"]);
    fields.choice("siprec_track", &["inbound_track", "outbound_track", "both_tracks"]);
    let longest = fields.whole("session_timeout_secs", 0..=14_400).unwrap_or(1800);
    if (1..90).contains(&longest) {
        fields.bad::<()>("session_timeout_secs", "10033", "must be 0 for no timeout, or from 90 to 14400.");
    }
    fields.check()?;
    world.start_siprec(key, limit(Some(longest)));
    Ok(Done::Plain)
}
