//! `gather_using_speak`: says a text and waits for digits.

use std::time::Duration;

use super::gathering::rules;
use super::speak::spoken;
use super::{Command, Done, Endpoint, Exchange, Method, Needs, Reply, carry_out};
use crate::model::World;
use crate::model::calls::CallKey;
use crate::model::calls::audio::Sound;
use crate::model::calls::gather::Question;
use crate::model::fields::Fields;
use crate::model::refusal::Refusal;

pub(super) const ENDPOINT: Endpoint =
    Endpoint::new(Method::Post, "/calls/{call_control_id}/actions/gather_using_speak", handle);

fn handle(world: &mut World, exchange: &Exchange<'_>) -> Reply {
    const COMMAND: Command = Command {
        name: "gather_using_speak",
        needs: Needs::Answered,
        fields: &[
            "client_state",
            "command_id",
            "inter_digit_timeout_millis",
            "invalid_payload",
            "language",
            "maximum_digits",
            "maximum_tries",
            "minimum_digits",
            "payload",
            "payload_type",
            "service_level",
            "terminating_digit",
            "timeout_millis",
            "valid_digits",
            "voice",
            "voice_settings",
        ],
        run,
    };
    carry_out(world, exchange, COMMAND)
}

fn run(world: &mut World, key: CallKey, fields: &mut Fields<'_>) -> Result<Done, Refusal> {
    fields.require(&["payload", "voice"]);
    fields.text("voice", 1..=255);
    fields.choice("payload_type", &["text", "ssml"]);
    fields.choice("service_level", &["basic", "premium"]);
    let length = spoken(world, fields, "payload").unwrap_or_default();
    let invalid = spoken(world, fields, "invalid_payload");
    let sound = |length: Duration| (Sound::Text, length);
    let rules = rules(fields, Some(Question { text: sound(length), invalid: invalid.map(sound) }));
    fields.check()?;
    world.start_gather(key, rules);
    Ok(Done::Plain)
}
