//! `transfer`: dials a second leg and bridges the call with it; the call goes on when that fails.

use std::sync::Arc;

use super::super::dial;
use super::super::origination::{NewLeg, originate};
use super::{Command, Done, Endpoint, Exchange, Method, Needs, Reply, after_unbridge, carry_out};
use crate::model::World;
use crate::model::calls::{AfterUnbridge, CallKey, Link, Purpose};
use crate::model::fields::{Fields, is_e164};
use crate::model::refusal::{ApiError, Refusal};

pub(super) const ENDPOINT: Endpoint = Endpoint::new(Method::Post, "/calls/{call_control_id}/actions/transfer", handle);

fn handle(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    const COMMAND: Command = Command { name: "transfer", needs: Needs::Answered, fields: FIELDS, run };
    carry_out(world, exchange, COMMAND)
}

fn run(world: &mut World, key: CallKey, fields: &mut Fields<'_>) -> Result<Done, Refusal> {
    fields.require(&["to"]);
    let to = dial::destination(fields);
    let from: Option<Arc<str>> = fields.text("from", 1..=128).map(Arc::from);
    if from.as_ref().is_some_and(|from| !is_e164(from) && !from.starts_with("sip")) {
        let detail = "The 'from' number must be in +E.164 format.";
        fields.complain(ApiError::new("10016", "Phone number must be in +E164 format", detail).at("/from"));
    }
    let client_state = fields.base64("target_leg_client_state").map(Arc::from);
    let other_after = after_unbridge(fields);
    let options = dial::options(world, fields);
    let overrides = dial::overrides(fields);
    dial::keys_on_answer(fields);
    fields.check()?;
    let (Some(to), Some(call)) = (to, world.calls.get(key)) else { return Err(Refusal::not_found()) };
    let (session_id, connection) = (Arc::clone(&call.session_id), Arc::clone(&call.connection));
    let from = from.unwrap_or_else(|| Arc::clone(&call.to));
    let leg = NewLeg {
        to: Arc::clone(&to),
        from,
        session_id,
        client_state,
        command_id: None,
        options,
        overrides,
        link: Some(Link { to: key, purpose: Purpose::Transfer { other_after }, after: AfterUnbridge::HangUp }),
    };
    let leg = originate(world, &connection, leg)?;
    world.await_leg(key, leg);
    Ok(Done::Plain)
}

const FIELDS: &[&str] = &[
    "answering_machine_detection",
    "answering_machine_detection_config",
    "audio_url",
    "client_state",
    "command_id",
    "custom_headers",
    "diversion",
    "early_media",
    "from",
    "from_display_name",
    "media_encryption",
    "media_name",
    "mute_dtmf",
    "park_after_unbridge",
    "preferred_codecs",
    "privacy",
    "record",
    "record_channels",
    "record_custom_file_name",
    "record_format",
    "record_max_length",
    "record_timeout_secs",
    "record_track",
    "record_trim",
    "route_to_mobile",
    "send_digits_on_answer",
    "sip_auth_password",
    "sip_auth_username",
    "sip_headers",
    "sip_region",
    "sip_transport_protocol",
    "sound_modifications",
    "target_leg_client_state",
    "time_limit_secs",
    "timeout_secs",
    "to",
    "webhook_retries_policies",
    "webhook_url",
    "webhook_url_method",
    "webhook_urls",
    "webhook_urls_method",
];
