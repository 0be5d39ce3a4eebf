//! What all commands on a conference share: finding it, repetition by `command_id`, and who is meant.

use std::sync::Arc;

use super::{Where, addressed, has_ended, remember, repeated};
use crate::model::World;
use crate::model::calls::CallKey;
use crate::model::commands::CommandKey;
use crate::model::conferences::{ConferenceKey, Listeners};
use crate::model::endpoints::actions::invalid_id;
use crate::model::exchange::{Answer, Exchange, Reply};
use crate::model::fields::Fields;
use crate::model::history::{Entry, EntryKind};
use crate::model::leg::Leg;
use crate::model::refusal::{ApiError, Refusal};

/// A command on a conference.
#[derive(Clone, Copy)]
pub(super) struct Command {
    /// As `call_events` lists it.
    pub(super) name: &'static str,
    /// Every field of its body.
    pub(super) fields: &'static [&'static str],
    /// Reads the body and acts; nothing may have happened when it refuses.
    pub(super) run: fn(&mut World, ConferenceKey, &mut Fields<'_>) -> Result<(), Refusal>,
}

pub(super) fn carry_out(world: &mut World, exchange: &Exchange<'_>, command: Command) -> Reply {
    let mut fields = Fields::new(exchange.body);
    if world.config.switches.refuse_unknown_fields {
        fields.refuse_unknown(command.fields);
    }
    let region = fields.choice("region", super::REGIONS);
    let place = if command.fields.contains(&"region") { Where::Named(region) } else { Where::Anywhere };
    let (key, conference) = addressed(world, exchange.param(0), place)?;
    let scope = conference.id.to_string();
    let command_key = fields
        .text("command_id", 1..=255)
        .map(|id| CommandKey { scope: format!("{scope} {}", command.name), id: id.to_owned() });
    if let Some(answer) = command_key.as_ref().and_then(|key| repeated(world, key)) {
        return Ok(answer);
    }
    let reply = act(world, key, command, fields);
    remember(world, command_key, &reply);
    reply
}

fn act(world: &mut World, key: ConferenceKey, command: Command, mut fields: Fields<'_>) -> Reply {
    let Some(conference) = world.conferences.get(key).filter(|one| one.ended().is_none()) else {
        return Err(has_ended());
    };
    let named = fields.given("call_control_id").and_then(|id| id.as_str()).and_then(|id| world.calls.find(id));
    let leg = named.and_then(|named| Some(Leg::of(named, world.calls.get(named)?)));
    let leg = leg.unwrap_or_else(|| conference.owner.clone());
    // Before the command runs, so that it stands in front of what it causes.
    world.history.record(Entry::of_leg(&leg, EntryKind::Command(command.name), world.now));
    if let Err(refusal) = (command.run)(world, key, &mut fields) {
        world.history.retract();
        return Err(refusal);
    }
    if let Some(call) = named.and_then(|named| world.calls.get_mut(named)) {
        call.commanded = true;
    }
    Ok(Answer::accepted())
}

/// The participant that `call_control_id` names; 422 with code 90015 when it is not in this conference.
pub(super) fn participant(world: &World, key: ConferenceKey, fields: &mut Fields<'_>) -> Result<CallKey, Refusal> {
    fields.require(&["call_control_id"]);
    let control_id = fields.text("call_control_id", 1..=255).unwrap_or_default();
    fields.check()?;
    seated(world, key, control_id).ok_or_else(invalid_id)
}

/// Those whom `call_control_ids` names, or everybody when it is absent or empty.
pub(super) fn listeners(world: &World, key: ConferenceKey, fields: &mut Fields<'_>) -> Listeners {
    let given = fields.texts("call_control_ids").unwrap_or_default();
    if given.is_empty() {
        return Listeners::All;
    }
    let mut calls = Vec::new();
    for (index, control_id) in given.iter().enumerate() {
        let call = seated(world, key, control_id);
        if call.is_none() {
            let detail = "The call_control_id is not that of a participant.";
            let error = ApiError::new("90015", "Invalid Call Control ID", detail);
            fields.complain(error.at(format!("/call_control_ids/{index}")));
        }
        calls.extend(call);
    }
    Listeners::These(calls)
}

fn seated(world: &World, key: ConferenceKey, control_id: &str) -> Option<CallKey> {
    world.calls.find(control_id).filter(|call| world.conferences.seat(*call) == Some(key))
}

/// `client_state`, to be given to [`set_state`] once nothing can go wrong any more.
pub(super) fn state(fields: &mut Fields<'_>) -> Option<Arc<str>> {
    fields.base64("client_state").map(Arc::from)
}

pub(super) fn set_state(world: &mut World, call: CallKey, state: Option<Arc<str>>) {
    if let (Some(call), Some(state)) = (world.calls.get_mut(call), state) {
        call.client_state = Some(state);
    }
}
