//! `play`, `speak`, `stop`.

use std::sync::Arc;
use std::time::Duration;

use super::commands::{Command, carry_out, listeners};
use crate::model::World;
use crate::model::calls::audio::Sound;
use crate::model::conferences::{ConferenceKey, Listeners};
use crate::model::endpoints::Endpoint;
use crate::model::endpoints::actions::repetitions;
use crate::model::events::Media;
use crate::model::exchange::Method;
use crate::model::fields::Fields;
use crate::model::refusal::{ApiError, Refusal};

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::new(Method::Post, "/conferences/{id}/actions/play", |world, exchange| carry_out(world, exchange, PLAY)),
    Endpoint::new(Method::Post, "/conferences/{id}/actions/speak", |world, exchange| carry_out(world, exchange, SPEAK)),
    Endpoint::new(Method::Post, "/conferences/{id}/actions/stop", |world, exchange| carry_out(world, exchange, STOP)),
];

const PLAY: Command = Command {
    name: "conference_play",
    fields: &["audio_url", "call_control_ids", "loop", "media_name", "region"],
    run: play,
};

fn play(world: &mut World, key: ConferenceKey, fields: &mut Fields<'_>) -> Result<(), Refusal> {
    let media = media(fields);
    let repetitions = repetitions(fields);
    let calls = listeners(world, key, fields);
    fields.check()?;
    let once = world.config.callees.audio.playback_ms.draw(&mut world.send_rng);
    let length = repetitions.map(|count| once.saturating_mul(u32::try_from(count).unwrap_or(u32::MAX)));
    for track in calls.tracks() {
        world.play_in_conference(key, track, Sound::File(media.clone()), length);
    }
    Ok(())
}

/// Exactly one of `audio_url` and `media_name`.
pub(super) fn media(fields: &mut Fields<'_>) -> Media {
    let media_url: Option<Arc<str>> = fields.url("audio_url").map(Arc::from);
    let media_name: Option<Arc<str>> = fields.text("media_name", 1..=255).map(Arc::from);
    let given = ["audio_url", "media_name"].iter().filter(|name| fields.given(name).is_some()).count();
    if given != 1 {
        let code = if given == 0 { "10004" } else { "10015" };
        let detail = "Exactly one of audio_url and media_name is needed.";
        fields.complain(ApiError::new(code, "Invalid parameter", detail).at("/audio_url"));
    }
    Media { media_url, media_name, overlay: false }
}

const SPEAK: Command = Command {
    name: "conference_speak",
    fields: &[
        "call_control_ids",
        "command_id",
        "language",
        "payload",
        "payload_type",
        "region",
        "voice",
        "voice_settings",
    ],
    run: speak,
};

fn speak(world: &mut World, key: ConferenceKey, fields: &mut Fields<'_>) -> Result<(), Refusal> {
    fields.require(&["payload", "voice"]);
    let longest = world.config.limits.speak_characters;
    let payload = fields.text("payload", 0..=usize::MAX).unwrap_or_default();
    let characters = payload.chars().count();
    if fields.given("payload").is_some() && !(1..=longest).contains(&characters) {
        fields.bad::<()>("payload", "90010", format!("must have 1 to {longest} characters."));
    }
    fields.text("voice", 1..=255);
    fields.choice("payload_type", &["text", "ssml"]);
    let calls = listeners(world, key, fields);
    fields.check()?;
    let characters = u64::try_from(characters).unwrap_or(u64::MAX);
    let length = characters.saturating_mul(world.config.callees.audio.speak_ms_per_character);
    for track in calls.tracks() {
        world.play_in_conference(key, track, Sound::Text, Some(Duration::from_millis(length)));
    }
    Ok(())
}

const STOP: Command = Command { name: "conference_stop", fields: &["call_control_ids", "region"], run: stop };

fn stop(world: &mut World, key: ConferenceKey, fields: &mut Fields<'_>) -> Result<(), Refusal> {
    let calls = listeners(world, key, fields);
    fields.check()?;
    match calls {
        Listeners::All => world.stop_all_tracks(key),
        Listeners::These(_) => {
            for track in calls.tracks() {
                world.stop_track(key, track);
            }
        }
    }
    Ok(())
}
