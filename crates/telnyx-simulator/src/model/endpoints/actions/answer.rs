//! `answer`: takes an incoming call. A call that has been answered already stays as it is.

use super::super::dial::overrides;
use super::super::on_answer::on_answer;
use super::{Command, Done, Endpoint, Exchange, Method, Needs, Reply, carry_out};
use crate::model::World;
use crate::model::calls::CallKey;
use crate::model::fields::Fields;
use crate::model::refusal::Refusal;

pub(super) const ENDPOINT: Endpoint = Endpoint::new(Method::Post, "/calls/{call_control_id}/actions/answer", handle);

fn handle(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    const COMMAND: Command = Command { name: "answer", needs: Needs::Incoming, fields: FIELDS, run };
    carry_out(world, exchange, COMMAND)
}

fn run(world: &mut World, key: CallKey, fields: &mut Fields<'_>) -> Result<Done, Refusal> {
    let order = on_answer(fields);
    let overrides = overrides(fields);
    fields.check()?;
    if let Some(call) = world.calls.get_mut(key)
        && call.answered_at().is_none()
    {
        call.overrides = overrides;
    }
    let recording = world.answer_incoming(key, order);
    Ok(recording.map_or(Done::Plain, |id| Done::Began { field: "recording_id", id }))
}

const FIELDS: &[&str] = &[
    "assistant",
    "billing_group_id",
    "client_state",
    "command_id",
    "conversation_relay_config",
    "custom_headers",
    "deepfake_detection",
    "preferred_codecs",
    "record",
    "record_channels",
    "record_custom_file_name",
    "record_format",
    "record_max_length",
    "record_timeout_secs",
    "record_track",
    "record_trim",
    "send_silence_when_idle",
    "sip_headers",
    "sound_modifications",
    "stream_bidirectional_codec",
    "stream_bidirectional_mode",
    "stream_bidirectional_target_legs",
    "stream_codec",
    "stream_track",
    "stream_url",
    "transcription",
    "transcription_config",
    "webhook_retries_policies",
    "webhook_url",
    "webhook_url_method",
    "webhook_urls",
    "webhook_urls_method",
];
