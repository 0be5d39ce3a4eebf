//! `record_start`, `record_stop`, `record_pause`, `record_resume`.

use std::sync::Arc;

use super::commands::{Command, carry_out, set_state, state};
use crate::model::World;
use crate::model::conferences::ConferenceKey;
use crate::model::endpoints::Endpoint;
use crate::model::exchange::Method;
use crate::model::fields::Fields;
use crate::model::recorded::FileOrder;
use crate::model::refusal::{ApiError, Refusal};

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::new(Method::Post, "/conferences/{id}/actions/record_start", |world, exchange| {
        carry_out(world, exchange, START)
    }),
    Endpoint::new(Method::Post, "/conferences/{id}/actions/record_stop", |world, exchange| {
        carry_out(world, exchange, STOP)
    }),
    Endpoint::new(Method::Post, "/conferences/{id}/actions/record_pause", |world, exchange| {
        carry_out(world, exchange, PAUSE)
    }),
    Endpoint::new(Method::Post, "/conferences/{id}/actions/record_resume", |world, exchange| {
        carry_out(world, exchange, RESUME)
    }),
];

const START: Command = Command {
    name: "conference_record_start",
    fields: &["channels", "command_id", "custom_file_name", "format", "play_beep", "region", "trim"],
    run: start,
};

fn start(world: &mut World, key: ConferenceKey, fields: &mut Fields<'_>) -> Result<(), Refusal> {
    fields.require(&["format"]);
    let format = fields.choice("format", &["wav", "mp3"]).unwrap_or("mp3");
    let channels = fields.choice("channels", &["single", "dual"]).unwrap_or("single");
    let order = FileOrder {
        format,
        channels,
        name: fields.text("custom_file_name", 1..=40).map(Arc::from),
        beep: fields.flag("play_beep").unwrap_or(false),
        trim: fields.choice("trim", &["trim-silence"]).is_some(),
    };
    fields.check()?;
    world.start_recording_conference(key, order);
    Ok(())
}

const STOP: Command = Command {
    name: "conference_record_stop",
    fields: &["client_state", "command_id", "recording_id", "region"],
    run: |world, key, fields| {
        let state = state(fields);
        let id = fields.text("recording_id", 1..=64);
        fields.check()?;
        if !world.stop_recordings(key, id) {
            return Err(no_such_recording());
        }
        if let Some(owner) = world.conferences.get(key).map(|conference| conference.owner.key) {
            set_state(world, owner, state);
        }
        Ok(())
    },
};

const PAUSE: Command = Command {
    name: "conference_record_pause",
    fields: &["command_id", "recording_id", "region"],
    run: |world, key, fields| pause(world, key, fields, true),
};

const RESUME: Command = Command {
    name: "conference_record_resume",
    fields: &["command_id", "recording_id", "region"],
    run: |world, key, fields| pause(world, key, fields, false),
};

fn pause(world: &mut World, key: ConferenceKey, fields: &mut Fields<'_>, paused: bool) -> Result<(), Refusal> {
    let id = fields.text("recording_id", 1..=64);
    fields.check()?;
    if world.pause_recordings(key, id, paused) { Ok(()) } else { Err(no_such_recording()) }
}

fn no_such_recording() -> Refusal {
    let detail = "There is no such recording in progress in this conference.";
    ApiError::new("10005", "Resource not found", detail).at("/recording_id").with(404)
}
