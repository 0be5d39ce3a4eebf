//! `send_dtmf`, `gather_using_audio`.

use std::time::Duration;

use super::commands::{Command, carry_out, listeners, participant, set_state, state};
use crate::model::World;
use crate::model::conferences::ConferenceKey;
use crate::model::endpoints::Endpoint;
use crate::model::endpoints::actions::gather_using_audio::asked;
use crate::model::exchange::Method;
use crate::model::fields::Fields;
use crate::model::refusal::Refusal;

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::new(Method::Post, "/conferences/{id}/actions/send_dtmf", |world, exchange| {
        carry_out(world, exchange, SEND)
    }),
    Endpoint::new(Method::Post, "/conferences/{id}/actions/gather_using_audio", |world, exchange| {
        carry_out(world, exchange, GATHER)
    }),
];

const SEND: Command = Command {
    name: "conference_send_dtmf",
    fields: &["call_control_ids", "client_state", "digits", "duration_millis"],
    run: send,
};

/// No event follows; `/sim/conferences` shows what each participant was sent.
fn send(world: &mut World, key: ConferenceKey, fields: &mut Fields<'_>) -> Result<(), Refusal> {
    fields.require(&["digits"]);
    let tone = |character: char| matches!(character, '0'..='9' | 'A'..='D' | '*' | '#' | 'w' | 'W');
    let tones = |text: &str| !text.is_empty() && text.chars().all(tone);
    let digits = fields.coded_text("digits", "90014", "must be made of 0 to 9, A to D, *, #, w and W.", tones);
    fields.coded("duration_millis", "90027", 100..=500);
    let state = state(fields);
    let calls = listeners(world, key, fields);
    fields.check()?;
    world.send_tones(key, &calls, digits.unwrap_or_default());
    if let Some(owner) = world.conferences.get(key).map(|conference| conference.owner.key) {
        set_state(world, owner, state);
    }
    Ok(())
}

const GATHER: Command = Command {
    name: "conference_gather_using_audio",
    fields: &[
        "audio_url",
        "call_control_id",
        "client_state",
        "gather_id",
        "initial_timeout_millis",
        "inter_digit_timeout_millis",
        "invalid_audio_url",
        "invalid_media_name",
        "maximum_digits",
        "maximum_tries",
        "media_name",
        "minimum_digits",
        "stop_playback_on_dtmf",
        "terminating_digit",
        "timeout_millis",
        "valid_digits",
    ],
    run: gather,
};

/// Asks one participant, as the command of the same name on its call does; `call.gather.ended` tells what came of it.
fn gather(world: &mut World, key: ConferenceKey, fields: &mut Fields<'_>) -> Result<(), Refusal> {
    let mut rules = asked(world, fields);
    if let Some(millis) = fields.coded("initial_timeout_millis", "90056", 1..=120_000) {
        rules.initial = Duration::from_millis(millis);
    }
    fields.text("gather_id", 1..=255);
    // A key always ends the question here: nothing tells whether it plays on.
    fields.flag("stop_playback_on_dtmf");
    let state = state(fields);
    let call = participant(world, key, fields)?;
    set_state(world, call, state);
    world.start_gather(call, rules);
    Ok(())
}
