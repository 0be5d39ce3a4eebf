//! `speak`: says a text.

use std::time::Duration;

use super::{Command, Endpoint, Exchange, Method, Needs, Reply, carry_out, repetitions};
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

fn run(world: &mut World, key: CallKey, fields: &mut Fields<'_>) -> Result<(), Refusal> {
    fields.require(&["payload", "voice"]);
    let longest = world.config.limits.speak_characters;
    let payload = fields.text("payload", 0..=usize::MAX).unwrap_or_default();
    let characters = payload.chars().count();
    if fields.given("payload").is_some() && !(1..=longest).contains(&characters) {
        fields.bad::<()>("payload", "90010", format!("must have 1 to {longest} characters."));
    }
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
    let characters = u64::try_from(characters).unwrap_or(u64::MAX);
    let once = characters.saturating_mul(world.config.callees.audio.speak_ms_per_character);
    let length = repetitions.map(|count| Duration::from_millis(once.saturating_mul(count)));
    world.play(key, Sound::Text, length);
    Ok(())
}
