//! `ai_assistant_start`: lets an AI assistant talk to the other end.

use std::sync::Arc;

use super::super::on_answer::assistant;
use super::{Command, Done, Endpoint, Exchange, Method, Needs, Reply, carry_out};
use crate::model::World;
use crate::model::calls::CallKey;
use crate::model::fields::Fields;
use crate::model::refusal::{ApiError, Refusal};

pub(super) const ENDPOINT: Endpoint =
    Endpoint::new(Method::Post, "/calls/{call_control_id}/actions/ai_assistant_start", handle);

fn handle(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    const COMMAND: Command = Command {
        name: "ai_assistant_start",
        needs: Needs::Answered,
        fields: &[
            "assistant",
            "client_state",
            "command_id",
            "greeting",
            "interruption_settings",
            "message_history",
            "participants",
            "send_message_history_updates",
            "transcription",
        ],
        run,
    };
    carry_out(world, exchange, COMMAND)
}

fn run(world: &mut World, key: CallKey, fields: &mut Fields<'_>) -> Result<Done, Refusal> {
    let mut order = assistant(fields).unwrap_or_default();
    order.assistant.get_or_insert_with(|| Arc::from("default"));
    order.greeting = fields.text("greeting", 0..=10_000).map(Arc::from);
    order.updates = fields.flag("send_message_history_updates").unwrap_or(false);
    fields.check()?;
    let id = world.start_conversation(key, order).ok_or_else(talking)?;
    Ok(Done::Began { field: "conversation_id", id })
}

/// 422 with code 90061.
pub(super) fn talking() -> Refusal {
    let detail = "An AI conversation is already in progress on this call.";
    ApiError::new("90061", "AI Assistant is already in progress", detail).with(422)
}
