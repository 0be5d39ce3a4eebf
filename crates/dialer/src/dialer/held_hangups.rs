//! Hangups that come while the announcement is being played, and are held for a moment.
//!
//! Promises that an announcement played to its end counts as such though its webhook is overtaken by the hangup's, and
//! that the hangup is neither acknowledged nor counted before that is decided. Does not know how an event moves a leg.

use std::time::Duration;

use jiff::Timestamp;

use crate::announcement::{self, Manner};
use crate::call::{AudioEnd, CallEvent, Hangup, What};
use crate::client_state::{Ending, Position};
use crate::dialer::Dialer;
use crate::flight::HeldHangup;
use crate::ids::DeliveryToken;
use crate::outcome::Outcome;
use crate::owner::Slot;

/// How long a hangup waits for the end of the announcement. Both are sent within milliseconds of each other; what is
/// left of [`ACK_PATIENCE`](crate::ACK_PATIENCE) has to do for the save that the hangup's answer waits for.
const HOLD: Duration = Duration::from_millis(600);

impl Dialer {
    pub(super) fn is_held(&self, slot: Slot) -> bool {
        self.flight(slot).is_some_and(|flight| flight.held_hangup.is_some())
    }

    /// Holds a hangup whose outcome the end of the announcement would change. `false`: it counts at once.
    pub(super) fn hold_hangup(&mut self, slot: Slot, hangup: Hangup, at: Timestamp, position: Position) -> bool {
        let Position::Announcing { to, .. } = position else { return false };
        let delivered = Position::HangingUp { ending: Ending::Delivered, with: to };
        let matters = Outcome::of_hangup(hangup, delivered) != Outcome::of_hangup(hangup, position);
        let until = self.now.up + HOLD;
        // A process that is about to end will not be there to hear more.
        let holds = matters && !self.stopping;
        let Some(flight) = self.flight_mut(slot).filter(|_| holds) else { return false };
        flight.held_hangup = Some(HeldHangup { hangup, occurred_at: at, until, tokens: Vec::new() });
        self.plan_flight(slot);
        true
    }

    /// The webhook waits until the hangup counts.
    pub(super) fn await_held(&mut self, slot: Slot, token: DeliveryToken) {
        match self.flight_mut(slot).and_then(|flight| flight.held_hangup.as_mut()) {
            Some(held) => held.tokens.push(token),
            None => self.await_save(slot, vec![token]),
        }
    }

    /// An event of a leg whose hangup is held: it may say how the announcement had ended, and moves nothing else.
    /// Returns whether the attempt has ended by it.
    pub(super) fn late_event(&mut self, slot: Slot, position: Position, call: &CallEvent, manner: &Manner) -> bool {
        let What::AudioEnded(end) = call.what else { return false };
        let Some(held) = self.flight(slot).and_then(|flight| flight.held_hangup.as_ref()) else { return false };
        if call.occurred_at > held.occurred_at {
            return false;
        }
        match announcement::step(position, call.state.position, manner, &call.what) {
            Some((to @ Position::HangingUp { .. }, _)) => {
                self.signals.late_announcement_ends += 1;
                self.reach(slot, to);
            }
            // Cut by the detector, and there is no leg to play it on again.
            Some(_) => {}
            None if end == AudioEnd::CallHangup => {}
            None => return false,
        }
        self.settle_held(slot);
        true
    }

    /// The held hangup, if there is one, counts now.
    pub(super) fn settle_held(&mut self, slot: Slot) {
        let held = self.flight(slot).and_then(|flight| flight.held_hangup.as_ref());
        let Some((hangup, ended_at)) = held.map(|held| (held.hangup, held.occurred_at)) else { return };
        let position = self.furthest(slot);
        self.settle_call(slot, hangup, position, ended_at);
    }
}
