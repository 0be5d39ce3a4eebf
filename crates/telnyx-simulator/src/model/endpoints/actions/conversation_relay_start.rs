//! `conversation_relay_start`: relays what is said to a WebSocket.

use super::ai_assistant_start::talking;
use super::{Command, Done, Endpoint, Exchange, Method, Needs, Reply, carry_out};
use crate::model::World;
use crate::model::calls::CallKey;
use crate::model::fields::Fields;
use crate::model::refusal::Refusal;

pub(super) const ENDPOINT: Endpoint =
    Endpoint::new(Method::Post, "/calls/{call_control_id}/actions/conversation_relay_start", handle);

fn handle(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    const COMMAND: Command = Command {
        name: "conversation_relay_start",
        needs: Needs::Answered,
        fields: &[
            "assistant",
            "client_state",
            "command_id",
            "conversation_relay_dtmf_detection",
            "conversation_relay_settings",
            "conversation_relay_url",
            "custom_parameters",
            "dtmf_detection",
            "greeting",
            "interruptible",
            "interruptible_greeting",
            "interruption_settings",
            "language",
            "languages",
            "provider",
            "structured_provider",
            "transcription",
            "transcription_engine",
            "transcription_engine_config",
            "tts_provider",
            "url",
            "voice",
            "voice_settings",
        ],
        run,
    };
    carry_out(world, exchange, COMMAND)
}

fn run(world: &mut World, key: CallKey, fields: &mut Fields<'_>) -> Result<Done, Refusal> {
    let socket = |text: &str| text.starts_with("wss://") || text.starts_with("ws://");
    let mut nested = false;
    for name in ["url", "conversation_relay_url"] {
        fields.coded_text(name, "10003", "must be a ws or wss URL.", socket);
    }
    fields.inner("conversation_relay_settings", |fields| {
        fields.require(&["url"]);
        nested = fields.coded_text("url", "10003", "must be a ws or wss URL.", socket).is_some();
    });
    if !nested && fields.given("conversation_relay_url").is_none() {
        fields.require(&["url"]);
    }
    fields.check()?;
    let id = world.start_relay(key).ok_or_else(talking)?;
    Ok(Done::Began { field: "conversation_relay_id", id })
}
