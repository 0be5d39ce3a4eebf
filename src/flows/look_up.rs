//! How a call stands at the API, where no webhook has said it.
//!
//! Promises to say that a call is gone, or that two talk, only when the API says so; whatever could not be read is unknown. Reads
//! the call, its event log and, for a leg that a transfer called, the application's active calls. Does not know what follows.

use std::pin::pin;

use call_flow::{Decoded, Found, Leg, LookUp, OtherLeg};
use futures::TryStreamExt as _;
use telnyx_voice::webhook::Payload;
use telnyx_voice::{CallEventFilter, CallEventType, Client, Error};

use crate::dialing::{lives, logged_webhook};

/// Everything that the flow wants to know of its call now.
pub(super) async fn look_up(client: &Client, leg: &Leg, asked: &LookUp) -> Found {
    find(client, leg, asked).await.unwrap_or_else(|error| {
        tracing::warn!(call = %leg.call_control_id, %error, "a call whose webhooks may be lost could not be looked up");
        Found::Unknown
    })
}

async fn find(client: &Client, leg: &Leg, asked: &LookUp) -> Result<Found, Error> {
    if !lives(client, &leg.call_control_id).await? {
        return Ok(Found::Gone);
    }
    let log = log_of(client, leg, asked).await?;
    let together = log.bridged && other_lives(client, leg, asked).await?;
    Ok(Found::Alive { answered: log.answered, together })
}

/// What the event log knows of the call.
#[derive(Debug, Default)]
struct Log {
    answered: bool,
    /// In the visit that is asked about.
    bridged: bool,
}

async fn log_of(client: &Client, leg: &Leg, asked: &LookUp) -> Result<Log, Error> {
    let filter = CallEventFilter { leg_id: Some(leg.call_leg_id.clone()), ..CallEventFilter::default() };
    let mut log = Log::default();
    let mut records = pin!(client.call_events(&filter));
    while let Some(record) = records.try_next().await? {
        if record.r#type != Some(CallEventType::Webhook) {
            continue;
        }
        let Some(event) = logged_webhook(&record) else { continue };
        #[expect(clippy::wildcard_enum_match_arm, reason = "all others say nothing of an answer or a talk")]
        match &event.payload {
            Payload::CallAnswered(_) => log.answered = true,
            Payload::CallBridged(_) => {
                log.answered = true;
                let carried = event.client_state().and_then(Decoded::read);
                log.bridged |= matches!(carried, Some(Decoded::Leg(position)) if position.visit == asked.key.visit);
            }
            _ => {}
        }
    }
    Ok(log)
}

async fn other_lives(client: &Client, leg: &Leg, asked: &LookUp) -> Result<bool, Error> {
    match (&asked.other, &leg.connection_id) {
        (OtherLeg::Known(other), _) => lives(client, other).await,
        (OtherLeg::Called, Some(connection)) => {
            let mut calls = pin!(client.active_calls(connection)?);
            while let Some(call) = calls.try_next().await? {
                let carried = call.client_state.as_ref().and_then(Decoded::read);
                let ours = matches!(carried, Some(Decoded::SecondLeg(second))
                    if second.parent == leg.call_leg_id && second.visit == asked.key.visit);
                if ours {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        (OtherLeg::Nobody, _) | (OtherLeg::Called, None) => Ok(true),
    }
}
