//! `gather_using_ai`: lets an AI assistant find out what its parameters say.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use super::ai_assistant_start::talking;
use super::{Command, Done, Endpoint, Exchange, Method, Needs, Reply, carry_out};
use crate::model::World;
use crate::model::calls::{AiGather, CallKey, ConversationOrder};
use crate::model::fields::Fields;
use crate::model::refusal::Refusal;

pub(super) const ENDPOINT: Endpoint =
    Endpoint::new(Method::Post, "/calls/{call_control_id}/actions/gather_using_ai", handle);

fn handle(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    const COMMAND: Command = Command {
        name: "gather_using_ai",
        needs: Needs::Answered,
        fields: &[
            "assistant",
            "client_state",
            "command_id",
            "gather_ended_speech",
            "greeting",
            "interruption_settings",
            "language",
            "message_history",
            "parameters",
            "send_message_history_updates",
            "send_partial_results",
            "transcription",
            "user_response_timeout_ms",
            "voice",
            "voice_settings",
        ],
        run,
    };
    carry_out(world, exchange, COMMAND)
}

fn run(world: &mut World, key: CallKey, fields: &mut Fields<'_>) -> Result<Done, Refusal> {
    fields.require(&["parameters"]);
    let parameters = fields.given("parameters").and_then(parameters);
    if parameters.is_none() && fields.given("parameters").is_some() {
        fields.bad::<()>("parameters", "10015", "must be a JSON schema with properties.");
    }
    let (parameters, required) = parameters.unwrap_or_default();
    let gather = AiGather {
        parameters,
        required,
        partial: fields.flag("send_partial_results").unwrap_or(false),
        patience: Duration::from_millis(fields.whole("user_response_timeout_ms", 1..=600_000).unwrap_or(10_000)),
        result: Map::new(),
        asked: 0,
    };
    let order = ConversationOrder {
        assistant: None,
        greeting: fields.text("greeting", 0..=10_000).map(Arc::from),
        updates: fields.flag("send_message_history_updates").unwrap_or(false),
        gather: Some(gather),
    };
    fields.text("voice", 1..=255);
    fields.check()?;
    let id = world.start_conversation(key, order).ok_or_else(talking)?;
    Ok(Done::Began { field: "conversation_id", id })
}

/// The names of all parameters of a JSON schema, and of those that it requires.
fn parameters(schema: &Value) -> Option<(Vec<String>, Vec<String>)> {
    let names = schema.get("properties")?.as_object()?.keys().cloned().collect();
    let required = schema.get("required").and_then(Value::as_array);
    let required = required.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    Some((names, required))
}
