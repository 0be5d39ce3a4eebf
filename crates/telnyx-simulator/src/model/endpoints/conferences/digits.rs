//! `send_dtmf`.

use super::commands::{Command, carry_out, listeners, set_state, state};
use crate::model::World;
use crate::model::conferences::ConferenceKey;
use crate::model::endpoints::Endpoint;
use crate::model::exchange::Method;
use crate::model::fields::Fields;
use crate::model::refusal::{ApiError, Refusal};

pub(super) const ENDPOINTS: &[Endpoint] =
    &[Endpoint::new(Method::Post, "/conferences/{id}/actions/send_dtmf", |world, exchange| {
        carry_out(world, exchange, SEND)
    })];

const SEND: Command = Command {
    name: "conference_send_dtmf",
    fields: &["call_control_ids", "client_state", "digits", "duration_millis"],
    run: send,
};

/// No event follows; `/sim/conferences` shows what each participant was sent.
fn send(world: &mut World, key: ConferenceKey, fields: &mut Fields<'_>) -> Result<(), Refusal> {
    fields.require(&["digits"]);
    let digits = fields.text("digits", 0..=usize::MAX).unwrap_or_default();
    let tone = |character: char| matches!(character, '0'..='9' | 'A'..='D' | '*' | '#' | 'w' | 'W');
    if fields.given("digits").is_some() && (digits.is_empty() || !digits.chars().all(tone)) {
        let detail = "The 'digits' parameter must be a string of 0 to 9, A to D, *, #, w and W.";
        fields.complain(ApiError::new("90014", "Invalid value for digits", detail).at("/digits"));
    }
    if fields
        .given("duration_millis")
        .is_some_and(|millis| !millis.as_u64().is_some_and(|it| (100..=500).contains(&it)))
    {
        let detail = "The 'duration_millis' parameter must be a whole number from 100 to 500.";
        fields.complain(ApiError::new("90027", "Invalid value for duration_millis", detail).at("/duration_millis"));
    }
    let state = state(fields);
    let calls = listeners(world, key, fields);
    fields.check()?;
    world.send_tones(key, &calls, digits);
    if let Some(owner) = world.conferences.get(key).map(|conference| conference.owner.key) {
        set_state(world, owner, state);
    }
    Ok(())
}
