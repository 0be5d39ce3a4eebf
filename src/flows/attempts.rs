//! What the dialer has to know of a flow: what an attempt's flow says of it, and who has called in and asked not to be called.
//!
//! Promises that an opt-out, and an outcome, are stored, or still travel with a call that lives, before the webhook that led to
//! them is acknowledged. Does not know what follows from either.

use std::time::Duration;

use call_flow::Position;
use call_flow::position::CallDirection;
use dialer::PhoneNumber;
use dialer::call::{CallEvent, What};
use jiff::Timestamp;
use telnyx_voice::webhook::{Event, Payload};
use tokio::sync::oneshot;

use crate::dialing::{Dialers, of_flow};
use crate::reconcile::AccountKey;
use crate::webhook::{Delivery, Routes, Verdict};

/// Between two tries to tell a dialer that is busy, or starts anew.
const PAUSE: Duration = Duration::from_millis(500);
/// With the pause, half a minute: a dialer that starts anew is there again after a few seconds.
const TRIES: u32 = 60;

/// The ways to the dialers. Cheap to clone; clones are the same.
#[derive(Clone, Debug)]
pub struct Attempts {
    routes: Routes,
    dialers: Option<Dialers>,
}

impl Attempts {
    /// Attempts are known to the dialers of `routes`, and `dialers` keep who must not be called. Without any, nobody is told.
    #[must_use]
    pub fn new(routes: Routes, dialers: Option<Dialers>) -> Self {
        Self { routes, dialers }
    }

    /// Tells the dialer how far the flow is that has an attempt's call. `false`: it could not be told.
    pub(super) async fn tell(&self, account: &AccountKey, leg: &call_flow::Leg, position: &Position) -> bool {
        let Some(state) = of_flow(position) else { return true };
        let leg = dialer::Leg {
            control: dialer::CallControlId::new(leg.call_control_id.as_str()),
            id: dialer::CallLegId::new(leg.call_leg_id.as_str()),
        };
        let call = CallEvent { leg, occurred_at: Timestamp::now(), state, what: What::Other };
        for _ in 0..TRIES {
            let (verdict, given) = oneshot::channel();
            let delivery = Delivery { call: call.clone(), verdict };
            let line = self.routes.attempts_of(&account.namespace, &account.name);
            let sent = match line {
                Some(line) => line.send(delivery).await.is_ok(),
                None => false,
            };
            if sent && matches!(given.await, Ok(Verdict::Durable | Verdict::NotNeeded)) {
                return true;
            }
            tokio::time::sleep(PAUSE).await;
        }
        tracing::error!(%account, "what a flow says of an attempt could not be stored: it is known from the call's own end, if at all");
        false
    }

    /// Tells the dialer that somebody is not to be called. `false`: it could not be told.
    pub(super) async fn opt_out(&self, account: &AccountKey, who: Option<PhoneNumber>) -> bool {
        let Some(dialers) = &self.dialers else { return true };
        let Some(who) = who else {
            // A withheld number comes again in no event: there is nothing that could be called, or be kept.
            tracing::warn!(%account, "somebody asked not to be called whose call shows no number");
            return true;
        };
        for _ in 0..TRIES {
            if dialers.do_not_call(account, who.clone()).await.is_ok() {
                tracing::info!(%account, "somebody has opted out: no campaign of the account calls the number any more");
                return true;
            }
            tokio::time::sleep(PAUSE).await;
        }
        tracing::error!(%account, "somebody asked not to be called, and no dialer could be told");
        false
    }
}

/// Who called in, where the call carries that: its flow may have to say who asked not to be called.
pub(super) fn caller(position: &Position) -> Option<PhoneNumber> {
    PhoneNumber::parse(&position.caller?.expose()).ok()
}

/// Who is on the other end of a call of ours, where the event says so in a form that can be called back.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "these come before, or with, everything that may lead to an opt-out"
)]
pub(super) fn other_party(event: &Event, direction: CallDirection) -> Option<PhoneNumber> {
    let (from, to) = match &event.payload {
        Payload::CallInitiated(event) => (&event.from, &event.to),
        Payload::CallAnswered(event) => (&event.from, &event.to),
        Payload::CallDtmfReceived(event) => (&event.from, &event.to),
        Payload::CallGatherEnded(event) => (&event.from, &event.to),
        _ => return None,
    };
    let other = match direction {
        CallDirection::Inbound => from,
        CallDirection::Outbound => to,
    };
    PhoneNumber::parse(other.as_ref()?.expose()).ok()
}
