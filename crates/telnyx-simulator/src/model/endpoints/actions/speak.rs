//! `speak`: says a text.

use std::time::Duration;

use super::{Command, Done, Endpoint, Exchange, Method, Needs, Reply, carry_out, repetitions};
use crate::model::World;
use crate::model::calls::CallKey;
use crate::model::calls::audio::{ClipEnd, Sound};
use crate::model::fields::Fields;
use crate::model::refusal::Refusal;

pub(super) const ENDPOINT: Endpoint = Endpoint::new(Method::Post, "/calls/{call_control_id}/actions/speak", handle);

fn handle(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    const COMMAND: Command = Command {
        name: "speak",
        needs: Needs::Answered,
        fields: &[
            "client_state",
            "command_id",
            "language",
            "loop",
            "payload",
            "payload_type",
            "service_level",
            "stop",
            "target_legs",
            "voice",
            "voice_settings",
        ],
        run,
    };
    carry_out(world, exchange, COMMAND)
}

fn run(world: &mut World, key: CallKey, fields: &mut Fields<'_>) -> Result<Done, Refusal> {
    fields.require(&["payload", "voice"]);
    let once = spoken(world, fields, "payload").unwrap_or_default();
    fields.text("voice", 1..=255);
    fields.choice("payload_type", &["text", "ssml"]);
    fields.choice("service_level", &["basic", "premium"]);
    let repetitions = repetitions(fields);
    let stop = fields.choice("stop", &["current", "all"]);
    fields.check()?;
    match stop {
        Some("all") => world.stop_all_clips(key, ClipEnd::Cancelled),
        Some(_) => world.stop_current_clip(key, ClipEnd::Cancelled),
        None => {}
    }
    let length = repetitions.map(|count| once.saturating_mul(u32::try_from(count).unwrap_or(u32::MAX)));
    world.play(key, Sound::Text, length);
    Ok(Done::Plain)
}

/// How long the text in a field takes to say; code 90010 when it is empty or too long.
pub(super) fn spoken(world: &World, fields: &mut Fields<'_>, name: &str) -> Option<Duration> {
    let longest = world.config.limits.speak_characters;
    fields.given(name)?;
    let characters = fields.text(name, 0..=usize::MAX).unwrap_or_default().chars().count();
    if !(1..=longest).contains(&characters) {
        return fields.bad(name, "90010", format!("must have 1 to {longest} characters."));
    }
    let characters = u64::try_from(characters).unwrap_or(u64::MAX);
    Some(Duration::from_millis(characters.saturating_mul(world.config.callees.audio.speak_ms_per_character)))
}
