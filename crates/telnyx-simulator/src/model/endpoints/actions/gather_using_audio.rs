//! `gather_using_audio`: plays a file and waits for digits.

use std::sync::Arc;

use super::gathering::rules;
use super::{Command, Done, Endpoint, Exchange, Method, Needs, Reply, carry_out};
use crate::model::World;
use crate::model::calls::CallKey;
use crate::model::calls::audio::Sound;
use crate::model::calls::gather::{Question, Rules};
use crate::model::events::Media;
use crate::model::fields::Fields;
use crate::model::refusal::{ApiError, Refusal};

pub(super) const ENDPOINT: Endpoint =
    Endpoint::new(Method::Post, "/calls/{call_control_id}/actions/gather_using_audio", handle);

fn handle(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    const COMMAND: Command = Command {
        name: "gather_using_audio",
        needs: Needs::Answered,
        fields: &[
            "audio_url",
            "client_state",
            "command_id",
            "inter_digit_timeout_millis",
            "invalid_audio_url",
            "invalid_media_name",
            "maximum_digits",
            "maximum_tries",
            "media_name",
            "minimum_digits",
            "terminating_digit",
            "timeout_millis",
            "valid_digits",
        ],
        run,
    };
    carry_out(world, exchange, COMMAND)
}

/// A file by URL or by name, not both.
fn file(fields: &mut Fields<'_>, url: &str, name: &str) -> Option<Media> {
    let media_url: Option<Arc<str>> = fields.url(url).map(Arc::from);
    let media_name: Option<Arc<str>> = fields.text(name, 1..=255).map(Arc::from);
    if media_url.is_some() && media_name.is_some() {
        fields.bad::<()>(name, "10015", format!("cannot be used together with {url}."));
    }
    (media_url.is_some() || media_name.is_some()).then_some(Media { media_url, media_name, overlay: false })
}

fn run(world: &mut World, key: CallKey, fields: &mut Fields<'_>) -> Result<Done, Refusal> {
    let rules = asked(world, fields);
    fields.check()?;
    world.start_gather(key, rules);
    Ok(Done::Plain)
}

/// Reads what is asked and how the answer is judged; complaints are left with the fields.
pub(in crate::model::endpoints) fn asked(world: &mut World, fields: &mut Fields<'_>) -> Rules {
    let question = file(fields, "audio_url", "media_name");
    if question.is_none() && fields.given("audio_url").is_none() && fields.given("media_name").is_none() {
        let error = ApiError::new("10004", "Missing required parameter", "audio_url or media_name is required.");
        fields.complain(error.at("/audio_url"));
    }
    let invalid = file(fields, "invalid_audio_url", "invalid_media_name");
    let length = world.config.callees.audio.playback_ms.draw(&mut world.send_rng);
    let sound = |media: Media| (Sound::File(media), length);
    let question = Question { text: sound(question.unwrap_or_default()), invalid: invalid.map(sound) };
    rules(fields, Some(question))
}
