//! `join`, `leave`, `hold`, `unhold`, `mute`, `unmute`, `update`, `end`.

use super::commands::{Command, carry_out, listeners, participant, set_state, state};
use super::{beep, control_ids, does_not_exist, entry, hold_media, live_leg};
use crate::model::World;
use crate::model::conferences::{ConferenceKey, Exit, Listeners, Role};
use crate::model::endpoints::Endpoint;
use crate::model::exchange::{Exchange, Method, Reply};
use crate::model::fields::Fields;
use crate::model::refusal::Refusal;

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::new(Method::Post, "/conferences/{id}/actions/join", |world, exchange| carry_out(world, exchange, JOIN)),
    Endpoint::new(Method::Post, "/conferences/{id}/actions/leave", |world, exchange| carry_out(world, exchange, LEAVE)),
    Endpoint::new(Method::Post, "/conferences/{id}/actions/hold", |world, exchange| carry_out(world, exchange, HOLD)),
    Endpoint::new(Method::Post, "/conferences/{id}/actions/unhold", |world, exchange| {
        carry_out(world, exchange, UNHOLD)
    }),
    Endpoint::new(Method::Post, "/conferences/{id}/actions/mute", |world, exchange| carry_out(world, exchange, MUTE)),
    Endpoint::new(Method::Post, "/conferences/{id}/actions/unmute", |world, exchange| {
        carry_out(world, exchange, UNMUTE)
    }),
    Endpoint::new(Method::Post, "/conferences/{id}/actions/update", |world, exchange| {
        carry_out(world, exchange, UPDATE)
    }),
    Endpoint::new(Method::Post, "/conferences/{id}/actions/end", end),
];

const JOIN: Command = Command {
    name: "conference_join",
    fields: &[
        "beep_enabled",
        "call_control_id",
        "client_state",
        "command_id",
        "end_conference_on_exit",
        "hold",
        "hold_audio_url",
        "hold_media_name",
        "mute",
        "region",
        "soft_end_conference_on_exit",
        "start_conference_on_enter",
        "supervisor_role",
        "whisper_call_control_ids",
    ],
    run: join,
};

fn join(world: &mut World, key: ConferenceKey, fields: &mut Fields<'_>) -> Result<(), Refusal> {
    fields.require(&["call_control_id"]);
    let control_id = fields.text("call_control_id", 1..=255).unwrap_or_default();
    let state = state(fields);
    let entry = entry(fields);
    fields.check()?;
    let call = live_leg(world, control_id)?;
    world.may_join(key, call)?;
    set_state(world, call, state);
    world.seat(key, call, entry);
    Ok(())
}

const LEAVE: Command = Command {
    name: "conference_leave",
    fields: &["beep_enabled", "call_control_id", "command_id", "region"],
    run: leave,
};

fn leave(world: &mut World, key: ConferenceKey, fields: &mut Fields<'_>) -> Result<(), Refusal> {
    let exit = beep(fields).map_or(Exit::Usual, Exit::Beep);
    let call = participant(world, key, fields)?;
    world.unseat(call, exit);
    Ok(())
}

const HOLD: Command = Command {
    name: "conference_hold",
    fields: &["audio_url", "call_control_ids", "media_name", "region"],
    run: |world, key, fields| {
        hold_media(fields, "audio_url", "media_name");
        let calls = listeners(world, key, fields);
        fields.check()?;
        world.hold_participants(key, &calls);
        Ok(())
    },
};

const UNHOLD: Command = Command {
    name: "conference_unhold",
    fields: &["call_control_ids", "region"],
    run: |world, key, fields| {
        fields.require(&["call_control_ids"]);
        let calls = listeners(world, key, fields);
        if calls == Listeners::All && fields.given("call_control_ids").is_some() {
            fields.bad::<()>("call_control_ids", "10015", "must name at least one participant.");
        }
        fields.check()?;
        world.unhold_participants(key, &calls);
        Ok(())
    },
};

const MUTE: Command = Command {
    name: "conference_mute",
    fields: &["call_control_ids", "region"],
    run: |world, key, fields| mute(world, key, fields, true),
};

const UNMUTE: Command = Command {
    name: "conference_unmute",
    fields: &["call_control_ids", "region"],
    run: |world, key, fields| mute(world, key, fields, false),
};

fn mute(world: &mut World, key: ConferenceKey, fields: &mut Fields<'_>, muted: bool) -> Result<(), Refusal> {
    let calls = listeners(world, key, fields);
    fields.check()?;
    world.mute_participants(key, &calls, muted);
    Ok(())
}

const UPDATE: Command = Command {
    name: "conference_update",
    fields: &["call_control_id", "command_id", "region", "supervisor_role", "whisper_call_control_ids"],
    run: update,
};

fn update(world: &mut World, key: ConferenceKey, fields: &mut Fields<'_>) -> Result<(), Refusal> {
    fields.require(&["supervisor_role"]);
    let role = fields.choice("supervisor_role", Role::NAMES).map_or(Role::Barge, Role::named);
    let whispers = control_ids(fields, "whisper_call_control_ids");
    let call = participant(world, key, fields)?;
    world.supervise_participant(key, call, role, &whispers);
    Ok(())
}

const END: Command = Command {
    name: "conference_end",
    fields: &["command_id"],
    run: |world, key, fields| {
        fields.check()?;
        world.end_conference(key);
        Ok(())
    },
};

/// By id alone: the name that other commands take is not enough to end it.
fn end(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    world.conferences.by_id(exchange.param(0)).ok_or_else(does_not_exist)?;
    carry_out(world, exchange, END)
}
