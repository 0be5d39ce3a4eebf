//! Dials: the last check before one leaves, and what its answer means.

use std::sync::Arc;
use std::time::Duration;

use crate::call::Refusal;
use crate::client_state::{ClientState, Position};
use crate::dialer::judge::Judgement;
use crate::dialer::{Dialer, Due};
use crate::effect::{Dial, Effect};
use crate::flight::{LookUps, Phase};
use crate::ids::{CommandId, DialKey, Leg};
use crate::misconfigured::Misconfigured;
use crate::now::Now;
use crate::outcome::Outcome;
use crate::owner::{OwnerNo, Slot};
use crate::retry;
use crate::target::TargetState;

/// How long all dialing stops when the request rate was exceeded and Telnyx did not say for how long.
const REQUEST_RATE_PAUSE: Duration = Duration::from_secs(2);

impl Dialer {
    /// The next dial, if one may leave now.
    pub(super) fn next_dial(&mut self) -> Option<Dial> {
        let now = self.now;
        for number in self.turns_in_order() {
            let slot = self.first_dialable(number);
            let Some((owner, slot)) = self.owners.get_mut(&number).zip(slot) else {
                self.turns.remove(&number);
                continue;
            };
            let both_ready =
                [self.governor.ready_at(), owner.bucket.ready_at()].iter().all(|at| at.is_some_and(|at| at <= now.up));
            let leaves = both_ready && self.governor.take(now.up) && owner.bucket.take(now.up);
            if leaves {
                owner.ready.pop_front();
                owner.has_dialled();
            }
            if owner.ready.is_empty() {
                self.turns.remove(&number);
            }
            if leaves {
                return self.dial(slot);
            }
        }
        None
    }

    /// The owner's first stored claim that may still be dialled. What may not is given back on the way.
    fn first_dialable(&mut self, number: OwnerNo) -> Option<Slot> {
        let now = self.now;
        self.owners.get_mut(&number)?.refresh(now);
        loop {
            let slot = self.owners.get(&number)?.ready.front().copied()?;
            let flight = self.flight(slot).filter(|flight| matches!(flight.phase, Phase::Ready(_)));
            let is_ready = flight.is_some();
            let is_fresh = flight.is_some_and(|flight| now.up < flight.dial_by);
            if is_fresh && self.may_still_dial(number, slot) {
                return Some(slot);
            }
            self.owners.get_mut(&number)?.ready.pop_front();
            if is_ready {
                self.release(slot);
            }
        }
    }

    pub(super) fn may_still_dial(&self, number: OwnerNo, slot: Slot) -> bool {
        let wall = self.now.wall;
        let (Some(owner), Some(job)) = (self.owners.get(&number), self.jobs.get(&slot.job)) else { return false };
        let Some(spec) = &owner.spec else { return false };
        let queue = job.queue_of.get(slot.at()).and_then(|queue| owner.queues.get(*queue));
        let expires_at = job.targets.get(slot.at()).and_then(|target| target.expires_at);
        let (from, recorded) = match job.states.get(slot.at()) {
            Some(TargetState::Claimed { claim, tally }) => (claim.from, tally.rule),
            Some(_) | None => return false,
        };
        // A rule that objects only since the claim, and is set aside, has to be stored with the target first.
        let is_allowed = || match self.judge(slot) {
            Some(Judgement::Allowed(rule)) => rule.is_none() || rule == recorded,
            Some(Judgement::Wait(..) | Judgement::Blocked(_)) | None => false,
        };
        owner.wants_calls(wall)
            && owner.misconfigured.as_ref().is_none_or(|misconfigured| misconfigured.is_trial(slot))
            && self.is_screened(owner)
            && owner.caller_ids.may_show(from, self.now.up)
            && queue.is_some_and(|queue| queue.is_open(wall, spec.ring_timeout))
            && expires_at.is_none_or(|at| wall < at)
            // Last, since lists that are hashed make it the dearest.
            && is_allowed()
    }

    fn dial(&mut self, slot: Slot) -> Option<Dial> {
        let job = self.jobs.get_mut(&slot.job)?;
        let owner = self.owners.get_mut(&job.owner)?;
        let spec = Arc::clone(owner.spec.as_ref()?);
        let to = job.targets.get(slot.at())?.to.clone();
        let Some(TargetState::Claimed { claim, .. }) = job.states.get(slot.at()) else { return None };
        let from = spec.from.get(usize::from(claim.from)).or(spec.from.first())?.clone();
        let flight = job.flights.get_mut(&slot.index)?;
        let proof = match std::mem::replace(&mut flight.phase, Phase::Lost) {
            Phase::Ready(proof) => proof,
            other @ (Phase::Unsaved | Phase::Sent(_) | Phase::Lost | Phase::Placed) => {
                flight.phase = other;
                return None;
            }
        };
        owner.undialled -= 1;
        let request = |key: DialKey| Dial {
            command_id: CommandId::of_dial(&key),
            client_state: ClientState { key: key.clone(), position: Position::Ringing },
            key,
            to,
            from,
            connection_id: Arc::clone(&spec.connection_id),
            ring_timeout: spec.ring_timeout,
            max_call: spec.max_call,
            amd: spec.amd,
        };
        let sent = proof.dial(request, flight.dial_by, flight.taken_over);
        let dial = sent.request();
        flight.phase = Phase::Sent(Box::new(sent));
        let owner = job.owner;
        let ends_by = self.ends_by(slot);
        let wall = self.now.wall;
        if let Some(flight) = self.flight_mut(slot) {
            flight.ends_by = ends_by;
            flight.dialled_at = Some(wall);
        }
        self.plan_flight(slot);
        self.plan_claims(owner);
        Some(dial)
    }

    /// When the next dial may leave, as far as pacing goes.
    pub(super) fn next_dial_at(&self) -> Option<Duration> {
        let owners = self.turns.iter().filter_map(|number| self.owners.get(number));
        let first = owners.filter_map(|owner| owner.bucket.ready_at()).min()?;
        Some(first.max(self.governor.ready_at()?))
    }

    /// A stored claim may be dialled, unless the process is about to end.
    pub(super) fn make_ready(&mut self, slot: Slot) {
        if self.stopping {
            self.release(slot);
            return;
        }
        let Some(number) = self.jobs.get(&slot.job).map(|job| job.owner) else { return };
        let Some(owner) = self.owners.get_mut(&number) else { return };
        owner.ready.push_back(slot);
        self.joins_turns(number);
    }

    /// Gives back everything of an owner that is stored and undialled.
    pub(super) fn release_ready(&mut self, number: OwnerNo) {
        let Some(owner) = self.owners.get_mut(&number) else { return };
        for slot in std::mem::take(&mut owner.ready) {
            if self.flight(slot).is_some_and(|flight| matches!(flight.phase, Phase::Ready(_))) {
                self.release(slot);
            }
        }
    }

    /// Gives a claim back. Nothing was dialled under it, so no attempt is used. One that was taken over is looked up
    /// instead: whoever made it may have dialled.
    pub(super) fn release(&mut self, slot: Slot) {
        let Some(tally) = self.state(slot).map(TargetState::tally) else { return };
        if self.flight(slot).is_some_and(|flight| flight.taken_over) {
            self.lose(slot);
            return;
        }
        self.end_flight(slot);
        self.nothing_rang(slot);
        self.set_state(slot, &retry::release(tally));
    }

    /// Whether `key` is the dial under way at its target, and where.
    fn under_way(&self, key: &DialKey) -> Option<Slot> {
        let slot = self.find(key)?;
        self.flight(slot)?;
        (self.key_of(slot).as_ref() == Some(key)).then_some(slot)
    }

    pub(super) fn dial_accepted(&mut self, key: &DialKey, leg: Option<Leg>) {
        let Some(slot) = self.under_way(key) else {
            if let Some(leg) = leg {
                self.orphan(leg, key);
            }
            return;
        };
        self.count_dialled(slot);
        self.placed(slot, leg);
    }

    fn count_dialled(&mut self, slot: Slot) {
        let Some(number) = self.jobs.get(&slot.job).map(|job| job.owner) else { return };
        let Some(owner) = self.owners.get_mut(&number) else { return };
        owner.dialled += 1;
        if owner.misconfigured.take_if(|misconfigured| misconfigured.is_trial(slot)).is_some() {
            self.agenda.hasten(Due::Owner(number), self.now.up);
        }
    }

    /// There is a leg, or there will be.
    pub(super) fn placed(&mut self, slot: Slot, heard_of: Option<Leg>) {
        let Now { wall, up: now } = self.now;
        let look_up = now + self.ring_and_silence(slot);
        let Some(state) = self.state(slot).cloned() else { return };
        let (tally, claim, leg, position) = match state {
            TargetState::Claimed { tally, claim } | TargetState::Held { tally, claim } => {
                (tally, claim, None, Position::Ringing)
            }
            TargetState::Dialing { tally, claim, leg, position } => (tally, claim, leg, position),
            TargetState::Pending { .. } | TargetState::Done { .. } => return,
        };
        if leg.is_none() || self.flight(slot).is_none() {
            let ends_by = self.ends_by(slot);
            let Some(job) = self.jobs.get_mut(&slot.job) else { return };
            let flight = job
                .flights
                .entry(slot.index)
                .or_insert_with(|| crate::flight::Flight::new(Phase::Placed, now, ends_by));
            if flight.is_undialled()
                && let Some(owner) = self.owners.get_mut(&job.owner)
            {
                owner.undialled -= 1;
            }
            flight.phase = Phase::Placed;
            flight.placed_at.get_or_insert(wall);
            flight.look_ups = LookUps::starting(look_up);
            self.set_state(slot, &TargetState::Dialing { tally, claim, leg: leg.or(heard_of), position });
            self.drain_flight(slot);
        }
        self.plan_flight(slot);
    }

    pub(super) fn dial_refused(&mut self, key: &DialKey, refusal: Refusal) {
        self.heed_speed(&refusal);
        let Some(slot) = self.under_way(key) else { return };
        let Some(Phase::Sent(sent)) = self.flight(slot).map(|flight| &flight.phase) else {
            // A webhook or a look-up has found the leg since: a resend was refused, the first dial was not.
            return;
        };
        let in_doubt = sent.is_in_doubt();
        let outcome = Outcome::of_refusal(&refusal);
        if outcome == Outcome::CapacityLimited {
            self.slow_down(slot, &refusal);
        }
        if outcome == Outcome::ConfigError {
            self.stop_misconfigured(slot, refusal);
        }
        if in_doubt {
            self.dial_fate_unknown(key);
        } else {
            self.nothing_rang(slot);
            self.settle_as(slot, outcome);
        }
    }

    /// A refusal for speed is about the account: it holds whatever has become of the dial that it answers.
    fn heed_speed(&mut self, refusal: &Refusal) {
        let now = self.now.up;
        match (refusal.status, refusal.code.as_deref()) {
            (429, Some("90103")) => self.governor.dialled_too_fast(now),
            (429, _) => self.governor.pause(now, refusal.retry_after.unwrap_or(REQUEST_RATE_PAUSE)),
            _ => {}
        }
    }

    fn slow_down(&mut self, slot: Slot, refusal: &Refusal) {
        let now = self.now.up;
        let number = self.jobs.get(&slot.job).map(|job| job.owner);
        if let Some(owner) = number.and_then(|number| self.owners.get_mut(&number)) {
            owner.ramp.halve(now);
            owner.pace(now);
        }
        match (refusal.status, refusal.code.as_deref()) {
            (429, _) => {}
            (_, Some("90041" | "D1")) => self.learned_cap.refused(self.in_flight.saturating_sub(1), now),
            _ => {
                if let Some(owner) = number.and_then(|number| self.owners.get_mut(&number)) {
                    owner.learned_cap.refused(owner.tallied.counts.in_flight().saturating_sub(1), now);
                }
            }
        }
    }

    /// One refusal of this kind is enough: the next target would be refused for the same reason.
    fn stop_misconfigured(&mut self, slot: Slot, refusal: Refusal) {
        let Some(number) = self.jobs.get(&slot.job).map(|job| job.owner) else { return };
        let now = self.now.up;
        if let Some(owner) = self.owners.get_mut(&number) {
            let state = Misconfigured::by(refusal, slot, owner.misconfigured.as_ref(), now);
            self.agenda.hasten(Due::Owner(number), state.trial_at());
            owner.misconfigured = Some(state);
        }
        self.release_ready(number);
    }

    pub(super) fn dial_fate_unknown(&mut self, key: &DialKey) {
        let now = self.now.up;
        let Some(slot) = self.under_way(key) else { return };
        if let Some(Phase::Sent(sent)) = self.flight_mut(slot).map(|flight| &mut flight.phase) {
            sent.unanswered(now);
        }
        self.plan_flight(slot);
    }

    /// Asks again under the same command id, or, when that is no longer safe or allowed, finds out.
    pub(super) fn resend_dial(&mut self, slot: Slot) {
        let now = self.now.up;
        let governor_at = self.governor.ready_at();
        let Some(number) = self.jobs.get(&slot.job).map(|job| job.owner) else { return };
        let allowed = self.may_still_dial(number, slot);
        let Some(flight) = self.jobs.get_mut(&slot.job).and_then(|job| job.flights.get_mut(&slot.index)) else {
            return;
        };
        let Phase::Sent(sent) = &mut flight.phase else { return };
        if sent.until() <= now || !allowed {
            flight.phase = Phase::Lost;
            flight.look_ups = LookUps::starting(now);
            return;
        }
        if governor_at.is_some_and(|at| at <= now) && self.governor.take(now) {
            sent.resent();
            self.out.push_back(Effect::Dial(sent.request()));
        } else {
            sent.retry_not_before(governor_at.unwrap_or(sent.until()).max(now + Duration::from_millis(10)));
        }
    }

    /// Fewer calls are under way, or more targets wait: an owner may claim again.
    pub(super) fn room_grew(&mut self, number: OwnerNo) {
        let Some(owner) = self.owners.get(&number) else { return };
        let at = owner.next_claim.max(self.now.up);
        self.agenda.hasten(Due::Owner(number), at);
    }
}
