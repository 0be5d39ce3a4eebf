//! States and flights: the one place where a target's state changes, and the timers of attempts under way.

use std::time::Duration;

use crate::aftermath::{CameTo, Ring};
use crate::announcement::{self, Manner};
use crate::call::{Hangup, HangupCause};
use crate::claim::DIAL_FOR;
use crate::dialer::{Dialer, Due};
use crate::flight::{Flight, LookUps, Phase};
use crate::now::{Now, gap};
use crate::outcome::Outcome;
use crate::owner::{Owner, Slot};
use crate::rules::Evidence;
use crate::spec::OnAmbiguous;
use crate::tally::Tally;
use crate::target::{ClaimRecord, TargetState};

/// An attempt ends at the latest this long after its longest possible call.
const MARGIN: Duration = Duration::from_mins(10);

/// A dialled phone that nobody heard of is looked up this long after it has rung out.
const SILENCE: Duration = Duration::from_secs(30);

/// Until when a claim that was found may be dialled. One from the future says that a clock was put back, not when it
/// was made.
fn dial_by(claim: &ClaimRecord, now: Now) -> Duration {
    let left = if claim.at <= now.wall { DIAL_FOR.saturating_sub(gap(claim.at, now.wall)) } else { Duration::ZERO };
    now.up + left
}

impl Dialer {
    pub(super) fn state(&self, slot: Slot) -> Option<&TargetState> {
        self.jobs.get(&slot.job)?.states.get(slot.at())
    }

    pub(super) fn flight(&self, slot: Slot) -> Option<&Flight> {
        self.jobs.get(&slot.job)?.flights.get(&slot.index)
    }

    pub(super) fn flight_mut(&mut self, slot: Slot) -> Option<&mut Flight> {
        self.jobs.get_mut(&slot.job)?.flights.get_mut(&slot.index)
    }

    pub(super) fn owner_of(&self, slot: Slot) -> Option<&Owner> {
        self.owners.get(&self.jobs.get(&slot.job)?.owner)
    }

    /// Changes a target's state, and with it every count and queue that it is in.
    pub(super) fn set_state(&mut self, slot: Slot, new: &TargetState) {
        let Some(job) = self.jobs.get_mut(&slot.job) else { return };
        let Some(owner) = self.owners.get_mut(&job.owner) else { return };
        let due_before = job.due_at(slot.at());
        let Some(state) = job.states.get_mut(slot.at()) else { return };
        let old = std::mem::replace(state, new.clone());
        let queue = job.queue_of.get(slot.at()).copied().unwrap_or(0);
        let expires_at = job.targets.get(slot.at()).and_then(|target| target.expires_at);
        if matches!(old, TargetState::Pending { .. }) {
            owner.dequeue(queue, slot, due_before);
            if let Some(at) = expires_at {
                owner.expiries.remove(&(at, slot));
            }
        }
        if matches!(new, TargetState::Pending { .. }) {
            owner.enqueue(queue, slot, job.due_at(slot.at()));
            if let Some(at) = expires_at {
                owner.expiries.insert((at, slot));
            }
        }
        for tallied in [&mut job.tallied, &mut owner.tallied] {
            tallied.remove(&old);
            tallied.add(new);
        }
        owner.used.remove(&old);
        owner.used.add(new);
        if new.tally().dnc
            && let Some(target) = job.targets.get(slot.at())
        {
            self.do_not_call.learn(&target.to);
        }
        self.in_flight = self.in_flight + u32::from(new.is_in_flight()) - u32::from(old.is_in_flight());
        let owner = job.owner;
        self.touch(slot, new);
        if old.is_in_flight() && !new.is_in_flight() || matches!(new, TargetState::Pending { .. }) {
            self.room_grew(owner);
        }
    }

    /// Counts a target's first state in, without a change.
    fn count_in(&mut self, slot: Slot, state: TargetState) {
        let Some(job) = self.jobs.get_mut(&slot.job) else { return };
        let Some(owner) = self.owners.get_mut(&job.owner) else { return };
        self.in_flight += u32::from(state.is_in_flight());
        job.tallied.add(&state);
        owner.tallied.add(&state);
        owner.used.add(&state);
        if state.tally().dnc
            && let Some(target) = job.targets.get(slot.at())
        {
            self.do_not_call.learn(&target.to);
        }
        let pending = matches!(state, TargetState::Pending { .. });
        if let Some(place) = job.states.get_mut(slot.at()) {
            *place = state;
        }
        if !pending {
            return;
        }
        owner.enqueue(job.queue_of.get(slot.at()).copied().unwrap_or(0), slot, job.due_at(slot.at()));
        if let Some(at) = job.targets.get(slot.at()).and_then(|target| target.expires_at) {
            owner.expiries.insert((at, slot));
        }
    }

    /// Takes in what the store held when the job was first read. A claim found there may have been dialled, by a
    /// predecessor or by this process before the job went away and came back: it is looked up.
    pub(super) fn adopt_at_load(&mut self, slot: Slot, state: TargetState) {
        self.count_in(slot, state);
        self.adopt_flight(slot);
    }

    /// Begins to follow an attempt that this process did not begin.
    pub(super) fn adopt_flight(&mut self, slot: Slot) {
        let now = self.now;
        let (claim, phase) = match self.state(slot) {
            Some(TargetState::Claimed { claim, .. }) => (*claim, Phase::Lost),
            Some(TargetState::Dialing { claim, .. }) => (*claim, Phase::Placed),
            Some(TargetState::Pending { .. } | TargetState::Held { .. } | TargetState::Done { .. }) | None => return,
        };
        let ends_by = self.ends_by(slot);
        let first_look_up = match phase {
            Phase::Placed => now.up + self.ring_and_silence(slot).saturating_sub(gap(claim.at, now.wall)),
            Phase::Unsaved | Phase::Ready(_) | Phase::Sent(_) | Phase::Lost => now.up,
        };
        let mut flight = Flight::new(phase, now.up, ends_by);
        flight.dial_by = dial_by(&claim, now);
        flight.look_ups = LookUps::starting(first_look_up);
        if let Some(job) = self.jobs.get_mut(&slot.job) {
            job.flights.insert(slot.index, flight);
        }
        self.drain_flight(slot);
        self.plan_flight(slot);
    }

    /// The latest end of an attempt that this process begins to follow now. It is not reckoned from the claim: the wall
    /// clock may have jumped since, and a call that lives must not be forgotten.
    pub(super) fn ends_by(&self, slot: Slot) -> Duration {
        let spec = self.owner_of(slot).and_then(|owner| owner.spec.as_ref());
        self.now.up + spec.map_or(Duration::from_hours(4), |spec| spec.ring_timeout + spec.max_call) + MARGIN
    }

    pub(super) fn ring_and_silence(&self, slot: Slot) -> Duration {
        let spec = self.owner_of(slot).and_then(|owner| owner.spec.as_ref());
        spec.map_or(SILENCE, |spec| spec.ring_timeout + SILENCE)
    }

    /// Makes the flight's next appointment.
    pub(super) fn plan_flight(&mut self, slot: Slot) {
        let patience = self.detector_due(slot);
        let Some(flight) = self.flight(slot) else { return };
        let sent = match &flight.phase {
            Phase::Sent(sent) => Some(sent.retry_at().map_or(sent.until(), |at| at.min(sent.until()))),
            Phase::Unsaved | Phase::Ready(_) | Phase::Lost | Phase::Placed => None,
        };
        let ends_by = (!flight.is_undialled()).then_some(flight.ends_by);
        let held = flight.held_hangup.as_ref().map(|held| held.until);
        let late = flight.talk.late_from.filter(|_| !flight.talk.is_late);
        let times = [sent, flight.look_ups.next, patience, flight.cancel_at, ends_by, held, late];
        match times.into_iter().flatten().min() {
            Some(at) => self.agenda.set(Due::Flight(slot), at),
            None => self.agenda.cancel(Due::Flight(slot)),
        }
    }

    /// When the detector should have said something.
    fn detector_due(&self, slot: Slot) -> Option<Duration> {
        let Some(TargetState::Dialing { position, leg: Some(_), .. }) = self.state(slot) else { return None };
        let manner = Manner::of(self.owner_of(slot)?.spec.as_ref()?);
        let flight = self.flight(slot).filter(|flight| flight.ahead.is_none())?;
        Some(flight.position_since + announcement::patience(*position, &manner)?)
    }

    /// Something about an attempt under way is due.
    pub(super) fn flight_due(&mut self, slot: Slot) {
        let now = self.now.up;
        let detector = self.detector_due(slot).is_some_and(|at| at <= now);
        if self.flight(slot).and_then(|flight| flight.held_hangup.as_ref()).is_some_and(|held| held.until <= now) {
            self.settle_held(slot);
            return;
        }
        if self.flight(slot).is_some_and(|flight| flight.talk.late_from.is_some_and(|at| at <= now)) {
            self.late_for_agent(slot);
        }
        let Some(flight) = self.flight_mut(slot) else { return };
        let over = !flight.is_undialled() && flight.ends_by <= now;
        let look_up = flight.look_ups.next.is_some_and(|at| at <= now);
        let cancel = flight.cancel_at.is_some_and(|at| at <= now);
        if cancel {
            flight.cancel_at = None;
        }
        let resend = match &flight.phase {
            Phase::Sent(sent) => sent.until() <= now || sent.retry_at().is_some_and(|at| at <= now),
            Phase::Unsaved | Phase::Ready(_) | Phase::Lost | Phase::Placed => false,
        };
        if over {
            self.give_up(slot);
            return;
        }
        if cancel {
            self.cancel_flight(slot);
        }
        if detector {
            self.detector_overdue(slot);
        }
        if resend {
            self.resend_dial(slot);
        }
        if look_up {
            self.ask(slot);
        }
        self.plan_flight(slot);
    }

    fn detector_overdue(&mut self, slot: Slot) {
        let Some(TargetState::Dialing { position, leg: Some(leg), .. }) = self.state(slot).cloned() else { return };
        let Some(manner) = self.owner_of(slot).and_then(|owner| Some(Manner::of(owner.spec.as_ref()?))) else { return };
        match announcement::overdue(position, &manner) {
            Some((to, Some(order))) => {
                self.order(slot, &leg, to, order);
            }
            Some((to, None)) => self.reach(slot, to),
            None => {}
        }
    }

    /// The time of an attempt is over and nobody said how it ended.
    fn give_up(&mut self, slot: Slot) {
        match self.state(slot) {
            Some(TargetState::Dialing { position, .. }) if position.is_answered() => {
                let silent = Hangup { cause: HangupCause::NormalClearing, sip: None };
                let position = *position;
                self.settle(slot, Evidence { cause: None, ..Evidence::of_hangup(silent, position) });
            }
            Some(TargetState::Claimed { .. } | TargetState::Dialing { .. }) => self.ambiguous(slot),
            Some(TargetState::Pending { .. } | TargetState::Held { .. } | TargetState::Done { .. }) | None => {
                self.end_flight(slot);
            }
        }
    }

    /// Nobody can say whether a phone rang.
    pub(super) fn ambiguous(&mut self, slot: Slot) {
        let Some(spec) = self.owner_of(slot).and_then(|owner| owner.spec.clone()) else { return };
        let Some(state) = self.state(slot).cloned() else { return };
        let (tally, claim) = match state {
            TargetState::Claimed { tally, claim }
            | TargetState::Dialing { tally, claim, .. }
            | TargetState::Held { tally, claim } => (tally, claim),
            TargetState::Pending { .. } | TargetState::Done { .. } => return,
        };
        match spec.on_ambiguous {
            OnAmbiguous::CountAsAttempt => self.settle_as(slot, Outcome::Ambiguous),
            OnAmbiguous::Skip => {
                let attempts = tally.attempts.saturating_add(1);
                let minutes = self.billed_minutes(slot, Outcome::Ambiguous, self.now.wall);
                let minutes = tally.minutes.saturating_add(minutes);
                let mut tally = Tally { attempts, last: Some(Outcome::Ambiguous), minutes, ..tally };
                let came_to = CameTo::of(Evidence::bare(Outcome::Ambiguous), false);
                tally.rings.add(Ring { at: claim.at, came_to });
                self.end_flight(slot);
                self.set_state(slot, &TargetState::Done { tally, outcome: Outcome::Ambiguous });
            }
            OnAmbiguous::Hold => {
                self.end_flight(slot);
                self.set_state(slot, &TargetState::Held { tally, claim });
            }
        }
    }

    /// Forgets what was only known here about an attempt.
    pub(super) fn end_flight(&mut self, slot: Slot) {
        let now = self.now.up;
        if let Some(TargetState::Dialing { leg: Some(leg), .. }) = self.state(slot) {
            let id = leg.id.clone();
            self.ended_legs.remember(id, now);
        }
        let Some(job) = self.jobs.get_mut(&slot.job) else { return };
        let Some(flight) = job.flights.remove(&slot.index) else { return };
        if flight.is_undialled()
            && let Some(owner) = self.owners.get_mut(&job.owner)
        {
            owner.undialled -= 1;
        }
        self.forget_talk(slot, flight.talk);
        if let Some(held) = flight.held_hangup
            && let Some(job) = self.jobs.get_mut(&slot.job)
        {
            job.unsaved_tokens.extend(held.tokens);
        }
        for command in flight.commands {
            let tokens = self.drop_command(command);
            if let Some(job) = self.jobs.get_mut(&slot.job) {
                job.unsaved_tokens.extend(tokens);
            }
        }
        self.agenda.cancel(Due::Flight(slot));
    }
}
