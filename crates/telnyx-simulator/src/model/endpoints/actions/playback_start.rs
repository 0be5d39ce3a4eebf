//! `playback_start`: plays a file; files that follow each other wait for their turn.

use std::sync::Arc;

use super::{Command, Done, Endpoint, Exchange, Method, Needs, Reply, carry_out, repetitions};
use crate::model::World;
use crate::model::calls::CallKey;
use crate::model::calls::audio::{ClipEnd, Sound};
use crate::model::events::Media;
use crate::model::fields::Fields;
use crate::model::refusal::{ApiError, Refusal};

pub(super) const ENDPOINT: Endpoint =
    Endpoint::new(Method::Post, "/calls/{call_control_id}/actions/playback_start", handle);

fn handle(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    const COMMAND: Command = Command {
        name: "playback_start",
        needs: Needs::Answered,
        fields: &[
            "audio_type",
            "audio_url",
            "cache_audio",
            "client_state",
            "command_id",
            "loop",
            "media_name",
            "overlay",
            "playback_content",
            "stop",
            "target_legs",
        ],
        run,
    };
    carry_out(world, exchange, COMMAND)
}

fn run(world: &mut World, key: CallKey, fields: &mut Fields<'_>) -> Result<Done, Refusal> {
    let media_url: Option<Arc<str>> = fields.url("audio_url").map(Arc::from);
    let media_name: Option<Arc<str>> = fields.text("media_name", 1..=255).map(Arc::from);
    let content = fields.text("playback_content", 1..=10_000_000);
    let sources = ["audio_url", "media_name", "playback_content"];
    let given = sources.iter().filter(|name| fields.given(name).is_some()).count();
    if given != 1 {
        let code = if given == 0 { "10004" } else { "10015" };
        let detail = "Exactly one of audio_url, media_name and playback_content is needed.";
        fields.complain(ApiError::new(code, "Invalid parameter", detail).at("/audio_url"));
    }
    fields.choice("audio_type", &["mp3", "wav"]);
    let overlay = fields.flag("overlay").unwrap_or(false);
    let repetitions = repetitions(fields);
    let stop = fields.choice("stop", &["current", "all"]);
    fields.check()?;
    match stop {
        Some("all") => world.stop_all_clips(key, ClipEnd::Cancelled),
        Some(_) => world.stop_current_clip(key, ClipEnd::Cancelled),
        None => {}
    }
    let once = world.config.callees.audio.playback_ms.draw(&mut world.send_rng);
    let length = repetitions.map(|count| once.saturating_mul(u32::try_from(count).unwrap_or(u32::MAX)));
    let media_name = media_name.or_else(|| content.map(|_| Arc::from("playback_content")));
    world.play(key, Sound::File(Media { media_url, media_name, overlay }), length);
    Ok(Done::Plain)
}
