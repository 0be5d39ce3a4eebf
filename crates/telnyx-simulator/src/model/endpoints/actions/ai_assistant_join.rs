//! `ai_assistant_join`: brings a further leg into a running conversation, on whichever call that runs.

use super::ai_assistant_start::talking;
use super::{Command, Done, Endpoint, Exchange, Method, Needs, Reply, carry_out};
use crate::model::World;
use crate::model::calls::{Call, CallKey};
use crate::model::fields::Fields;
use crate::model::refusal::{ApiError, Refusal};

pub(super) const ENDPOINT: Endpoint =
    Endpoint::new(Method::Post, "/calls/{call_control_id}/actions/ai_assistant_join", handle);

fn handle(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    const COMMAND: Command = Command {
        name: "ai_assistant_join",
        needs: Needs::Answered,
        fields: &["client_state", "command_id", "conversation_id", "participant"],
        run,
    };
    carry_out(world, exchange, COMMAND)
}

fn run(world: &mut World, _: CallKey, fields: &mut Fields<'_>) -> Result<Done, Refusal> {
    fields.require(&["conversation_id", "participant"]);
    let conversation = fields.text("conversation_id", 1..=64);
    let (mut leg, mut ends) = (None, false);
    fields.inner("participant", |fields| {
        fields.require(&["id", "role"]);
        fields.choice("role", &["user"]);
        fields.text("name", 1..=255);
        ends = fields.choice("on_hangup", &["continue_conversation", "end_conversation"]) == Some("end_conversation");
        leg = fields.text("id", 1..=255).and_then(|id| {
            let answered = |key: &CallKey| world.calls.get(*key).is_some_and(Call::is_answered);
            let found = world.calls.find(id).filter(answered);
            found.or_else(|| fields.bad("id", "90015", "must be the call_control_id of an answered call."))
        });
    });
    fields.check()?;
    let (Some(conversation), Some(leg)) = (conversation, leg) else { return Err(Refusal::not_found()) };
    if world.calls.hosted(conversation).is_none() {
        let detail = "There is no running conversation with this id.";
        return Err(ApiError::new("10015", "Invalid parameter", detail).at("/conversation_id").with(422));
    }
    world.join_conversation(conversation, leg, ends).ok_or_else(talking)?;
    Ok(Done::Began { field: "conversation_id", id: conversation.into() })
}
