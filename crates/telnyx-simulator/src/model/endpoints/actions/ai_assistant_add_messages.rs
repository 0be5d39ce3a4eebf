//! `ai_assistant_add_messages`: adds messages to the conversation.

use serde_json::Value;

use super::{Command, Done, Endpoint, Exchange, Method, Needs, Reply, carry_out};
use crate::model::World;
use crate::model::calls::CallKey;
use crate::model::fields::Fields;
use crate::model::refusal::{ApiError, Refusal};

pub(super) const ENDPOINT: Endpoint =
    Endpoint::new(Method::Post, "/calls/{call_control_id}/actions/ai_assistant_add_messages", handle);

fn handle(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    const COMMAND: Command = Command {
        name: "ai_assistant_add_messages",
        needs: Needs::Answered,
        fields: &["client_state", "command_id", "messages", "trigger_response"],
        run,
    };
    carry_out(world, exchange, COMMAND)
}

fn run(world: &mut World, key: CallKey, fields: &mut Fields<'_>) -> Result<Done, Refusal> {
    fields.flag("trigger_response");
    let messages = messages(fields);
    fields.check()?;
    if world.add_messages(key, &messages) {
        return Ok(Done::Plain);
    }
    let detail = "There is no AI conversation on this call.";
    Err(ApiError::new("10027", "Unprocessable Entity", detail).with(422))
}

const ROLES: &[&str] = &["user", "assistant", "tool", "system", "developer"];

fn messages(fields: &mut Fields<'_>) -> Vec<(&'static str, String)> {
    let Some(given) = fields.given("messages") else { return Vec::new() };
    let read = |one: &Value| {
        let role = one.get("role")?.as_str()?;
        let role = ROLES.iter().find(|known| **known == role)?;
        let content = one.get("content").and_then(Value::as_str).unwrap_or_default();
        Some((*role, content.to_owned()))
    };
    let messages: Option<Vec<_>> = given.as_array().and_then(|items| items.iter().map(read).collect());
    let want = "must be a list of messages, each with a role (user, assistant, tool, system or developer) and content.";
    messages.or_else(|| fields.bad("messages", "10015", want)).unwrap_or_default()
}
