//! Finding out what became of an attempt whose webhooks, or whose dial's answer, were lost.

use std::time::Duration;

use crate::call::{Hangup, HangupCause};
use crate::client_state::{FlowEnd, InFlow, Position};
use crate::dialer::Dialer;
use crate::effect::{Effect, LookUp};
use crate::event::{Findings, Liveness};
use crate::flight::{NO_TRACE, Phase};
use crate::ids::DialKey;
use crate::owner::Slot;
use crate::rules::Evidence;
use crate::target::TargetState;

/// A leg that is known to have ended is asked about this often before its end counts without a cause: the event log
/// may lag.
const ASK_FOR_CAUSE: u32 = 3;

impl Dialer {
    /// Asks what became of the attempt at `slot`.
    pub(super) fn ask(&mut self, slot: Slot) {
        let Some(key) = self.key_of(slot) else { return };
        let Some(spec) = self.owner_of(slot).and_then(|owner| owner.spec.clone()) else {
            self.ask_later(slot);
            return;
        };
        let Some(job) = self.jobs.get_mut(&slot.job) else { return };
        let (claim, leg) = match job.states.get(slot.at()) {
            Some(TargetState::Claimed { claim, .. }) => (*claim, None),
            Some(TargetState::Dialing { claim, leg, .. }) => (*claim, leg.clone()),
            Some(TargetState::Pending { .. } | TargetState::Held { .. } | TargetState::Done { .. }) | None => return,
        };
        let Some(to) = job.targets.get(slot.at()).map(|target| target.to.clone()) else { return };
        let Some(flight) = job.flights.get_mut(&slot.index) else { return };
        flight.look_ups.next = None;
        let connection_id = std::sync::Arc::clone(&spec.connection_id);
        self.out.push_back(Effect::LookUp(LookUp { key, connection_id, to, leg, since: claim.at }));
    }

    fn ask_later(&mut self, slot: Slot) {
        let now = self.now.up;
        if let Some(flight) = self.flight_mut(slot) {
            flight.look_ups.answered(now);
        }
        self.plan_flight(slot);
    }

    pub(super) fn looked_up(&mut self, key: &DialKey, findings: Option<Findings>) {
        let Some(slot) = self.find(key).filter(|slot| self.key_of(*slot).as_ref() == Some(key)) else { return };
        self.ask_later(slot);
        let Some(mut findings) = findings else { return };
        findings.events.sort_by_key(|event| event.occurred_at);
        for event in findings.events.iter().filter(|event| event.state.key == *key) {
            self.replay(event);
        }
        if self.flight(slot).is_none() || self.is_held(slot) || self.key_of(slot).as_ref() != Some(key) {
            return;
        }
        match findings.liveness {
            Liveness::Live(leg) => {
                self.placed(slot, Some(leg));
                self.seen(slot);
            }
            Liveness::Ended(leg) => {
                self.placed(slot, Some(leg));
                self.ended_without_cause(slot);
            }
            Liveness::NoTrace => self.blank(slot),
        }
        self.plan_flight(slot);
    }

    /// The leg lives, so its attempt does not end before the next look-up.
    fn seen(&mut self, slot: Slot) {
        let now = self.now.up;
        if let Some(flight) = self.flight_mut(slot) {
            flight.ends_by = flight.ends_by.max(now + NO_TRACE);
            flight.look_ups.blank_since = None;
            flight.look_ups.ended_without_cause = 0;
        }
    }

    fn ended_without_cause(&mut self, slot: Slot) {
        let Some(flight) = self.flight_mut(slot) else { return };
        flight.look_ups.ended_without_cause += 1;
        if flight.look_ups.ended_without_cause >= ASK_FOR_CAUSE {
            self.settle_without_cause(slot);
        }
    }

    fn blank(&mut self, slot: Slot) {
        let now = self.now.up;
        if self.may_take_over(slot) {
            self.take_over(slot);
            return;
        }
        let Some(flight) = self.flight_mut(slot) else { return };
        let since = *flight.look_ups.blank_since.get_or_insert(now);
        let dialable = matches!(flight.phase, Phase::Unsaved | Phase::Ready(_) | Phase::Sent(_));
        if !dialable && now >= since + NO_TRACE {
            self.settle_without_cause(slot);
        }
    }

    /// The call is over and nobody says why. An answered one tells by its position; another may have rung or not.
    fn settle_without_cause(&mut self, slot: Slot) {
        let position = self.furthest(slot);
        if position.is_answered() {
            let hangup = Hangup { cause: HangupCause::NormalClearing, sip: None };
            self.settle(slot, Evidence { cause: None, ..Evidence::of_hangup(hangup, position) });
        } else {
            self.ambiguous(slot);
        }
    }

    /// A leg that came to `position` is asked about when its next webhook is overdue.
    pub(super) fn schedule_look_up(&mut self, slot: Slot, position: Position) {
        let now = self.now.up;
        let wait = match position {
            Position::Ringing => self.ring_and_silence(slot),
            Position::InFlow(InFlow { end: FlowEnd::Canceled, .. }) | Position::HangingUp { .. } => {
                Duration::from_secs(15)
            }
            Position::Listening | Position::AwaitingBeep | Position::Announcing { .. } | Position::InFlow(_) => {
                Duration::from_mins(2)
            }
        };
        if let Some(flight) = self.flight_mut(slot)
            && flight.look_ups.next.is_some()
        {
            flight.look_ups.next = Some(now + wait);
        }
    }
}
