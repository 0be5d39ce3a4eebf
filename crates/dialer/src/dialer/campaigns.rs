//! Accounts, campaigns and jobs as they come and go, and how far they are.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::announcement;
use crate::compliance::Rule;
use crate::dialer::{Dialer, Due};
use crate::effect::Verdict;
use crate::event::LoadedJob;
use crate::handover::Handover;
use crate::ids::{JobId, OwnerId};
use crate::job::{Job, Sync};
use crate::misconfigured::Misconfigured;
use crate::outcome::Outcome;
use crate::owner::{Home, JobNo, Owner, OwnerNo, Slot, Validity, ZoneQueue};
use crate::progress::Tallied;
use crate::spec::{AccountLimits, Audience, CampaignSpec, DrainPolicy, OnAmbiguous};
use crate::tally::{AttemptEnd, Tally, stored_second};
use crate::target::TargetState;

/// Hanging up on what has rung for less is a nuisance call (47 CFR 64.1200(a)(6)).
const LEAST_RING: Duration = Duration::from_secs(15);

impl Dialer {
    pub(super) fn account_set(&mut self, limits: AccountLimits) {
        let now = self.now.up;
        self.governor.set_limit(limits.dials_per_second, now);
        self.limits = Some(limits);
        for (number, owner) in &mut self.owners {
            owner.misconfigured = None;
            self.agenda.hasten(Due::Owner(*number), now);
        }
    }

    pub(super) fn took_over(&mut self, before: &Handover) {
        let now = self.now.up;
        self.governor.take_over(before, now);
        for number in self.owners.keys() {
            self.agenda.hasten(Due::Owner(*number), now);
        }
    }

    pub(super) fn all_loaded(&mut self) {
        self.ready = true;
        for number in self.owners.keys() {
            self.agenda.hasten(Due::Owner(*number), self.now.up);
        }
    }

    /// Gives back what is undialled and writes at once what waited for company.
    pub(super) fn stop(&mut self) {
        self.stopping = true;
        let owners: Vec<OwnerNo> = self.owners.keys().copied().collect();
        for number in owners {
            self.release_ready(number);
            for slot in self.flights_of(number) {
                self.settle_held(slot);
            }
        }
        let jobs: Vec<JobNo> = self.jobs.keys().copied().collect();
        for number in jobs {
            self.plan_job(number);
        }
    }

    pub(super) fn campaign_set(&mut self, id: &OwnerId, spec: Arc<CampaignSpec>, audience: Audience) {
        let number = self.owner_number(id);
        let now = self.now;
        let Some(owner) = self.owners.get_mut(&number) else { return };
        let changed = owner.spec.as_ref().is_some_and(|before| spec.is_edited_from(before));
        owner.set_spec(spec, now.up);
        owner.audience = audience;
        if changed {
            self.lift_halts(number);
        }
        self.agenda.hasten(Due::Owner(number), now.up);
        self.drain(number);
        self.resolve_held(number);
    }

    pub(super) fn results_pile_up(&mut self, id: &OwnerId, full: bool) {
        let number = self.owner_number(id);
        if let Some(owner) = self.owners.get_mut(&number) {
            owner.results_pile_up = full;
        }
        self.agenda.hasten(Due::Owner(number), self.now.up);
        self.forget_owner_if_empty(number);
    }

    pub(super) fn campaign_hushed(&mut self, id: &OwnerId) {
        let Some(number) = self.owner_numbers.get(id).copied() else { return };
        if let Some(owner) = self.owners.get_mut(&number).filter(|owner| owner.validity == Validity::Current) {
            owner.validity = Validity::Unreadable;
        }
        self.drain(number);
    }

    pub(super) fn campaign_removed(&mut self, id: &OwnerId) {
        let Some(number) = self.owner_numbers.get(id).copied() else { return };
        if let Some(owner) = self.owners.get_mut(&number) {
            owner.validity = Validity::Removed;
            owner.audience = Audience::Complete;
        }
        self.drain(number);
        self.forget_owner_if_empty(number);
    }

    fn owner_number(&mut self, id: &OwnerId) -> OwnerNo {
        if let Some(number) = self.owner_numbers.get(id) {
            return *number;
        }
        let number = self.number();
        self.owner_numbers.insert(id.clone(), number);
        self.owners.insert(number, Owner::new(id.clone(), self.now.up));
        number
    }

    fn forget_owner_if_empty(&mut self, number: OwnerNo) {
        let unused =
            |owner: &&Owner| owner.jobs.is_empty() && (owner.validity == Validity::Removed || owner.spec.is_none());
        let Some(owner) = self.owners.get(&number).filter(unused) else { return };
        self.owner_numbers.remove(&owner.id);
        self.owners.remove(&number);
        self.agenda.cancel(Due::Owner(number));
        self.turns.remove(&number);
    }

    /// Gives back what is claimed and undialled, and applies the drain policy to what was dialled, when the campaign
    /// wants no calls.
    fn drain(&mut self, number: OwnerNo) {
        let wall = self.now.wall;
        let Some(owner) = self.owners.get(&number) else { return };
        if owner.wants_calls(wall) {
            return;
        }
        self.release_ready(number);
        for slot in self.flights_of(number) {
            self.drain_flight(slot);
        }
    }

    /// Makes an appointment to hang up, if the campaign is suspended, overdue or removed and its policy says so.
    pub(super) fn drain_flight(&mut self, slot: Slot) {
        let Some(owner) = self.owner_of(slot) else { return };
        let Some(spec) = owner.spec.as_ref().filter(|_| owner.drains(self.now.wall)) else { return };
        match spec.drain {
            DrainPolicy::LetFinish => {}
            DrainPolicy::StopRingingAfter15s => self.schedule_cancel(slot, LEAST_RING),
            DrainPolicy::HangupAll => self.schedule_cancel(slot, Duration::ZERO),
        }
    }

    fn flights_of(&self, number: OwnerNo) -> Vec<Slot> {
        let jobs = self.owners.get(&number).map(|owner| owner.jobs.iter().copied()).into_iter().flatten();
        let flights = jobs.filter_map(|job| Some((job, self.jobs.get(&job)?)));
        flights.flat_map(|(job, held)| held.flights.keys().map(move |index| Slot { job, index: *index })).collect()
    }

    fn schedule_cancel(&mut self, slot: Slot, least_ring: Duration) {
        let now = self.now;
        let Some(job) = self.jobs.get_mut(&slot.job) else { return };
        let Some(TargetState::Claimed { claim, .. } | TargetState::Dialing { claim, .. }) = job.states.get(slot.at())
        else {
            return;
        };
        let rung = crate::now::gap(claim.at, now.wall);
        let Some(flight) = job.flights.get_mut(&slot.index) else { return };
        flight.cancel_at = Some(now.up + least_ring.saturating_sub(rung));
        self.plan_flight(slot);
    }

    /// Hangs up a leg whose campaign wants no calls any more, if the drain policy still asks for it.
    pub(super) fn cancel_flight(&mut self, slot: Slot) {
        let Some(owner) = self.owner_of(slot) else { return };
        let Some(spec) = owner.spec.clone().filter(|_| owner.drains(self.now.wall)) else { return };
        let Some(TargetState::Dialing { leg: Some(leg), position, .. }) = self.state(slot).cloned() else { return };
        if self.is_held(slot) {
            return;
        }
        let position = self.flight(slot).and_then(|flight| flight.ahead).map_or(position, |ahead| ahead.max(position));
        match spec.drain {
            DrainPolicy::LetFinish => return,
            DrainPolicy::StopRingingAfter15s if position.is_answered() => return,
            DrainPolicy::StopRingingAfter15s | DrainPolicy::HangupAll => {}
        }
        if let Some((to, Some(order))) = announcement::cancel(position) {
            self.order(slot, &leg, to, order);
        }
    }

    /// Decides what was held for a person, if the campaign no longer asks for that.
    pub(super) fn resolve_held(&mut self, number: OwnerNo) {
        let Some(owner) = self.owners.get(&number) else { return };
        let holds = owner.spec.as_ref().is_none_or(|spec| spec.on_ambiguous == OnAmbiguous::Hold);
        if holds || owner.tallied.counts.ambiguous == 0 {
            return;
        }
        let jobs: Vec<JobNo> = owner.jobs.iter().copied().collect();
        for job in jobs {
            let Some(held) = self.jobs.get(&job) else { continue };
            let indices = (0..).zip(&held.states);
            let held = indices.filter(|(_, state)| matches!(state, TargetState::Held { .. })).map(|(index, _)| index);
            let slots: Vec<Slot> = held.map(|index| Slot { job, index }).collect();
            for slot in slots {
                self.ambiguous(slot);
            }
        }
    }

    pub(super) fn job_loaded(&mut self, loaded: LoadedJob) {
        let LoadedJob { job: id, owner, version, targets, states } = loaded;
        if self.job_numbers.contains_key(&id) {
            return;
        }
        let owner_no = self.owner_number(&owner);
        let number = self.number();
        let Some(owner) = self.owners.get_mut(&owner_no) else { return };
        owner.jobs.insert(number);
        let queue_of = targets.iter().map(|target| owner.queue_of(Home::of(target))).collect();
        for (index, target) in (0..).zip(targets.iter()) {
            owner.targets.insert(target.id.clone(), Slot { job: number, index });
            self.ledger.add_slot(&target.to, Slot { job: number, index });
        }
        let fresh = targets.iter().map(|_| TargetState::default()).collect();
        self.job_numbers.insert(id.clone(), number);
        let count = targets.len();
        self.jobs.insert(
            number,
            Job {
                id,
                owner: owner_no,
                version,
                targets,
                queue_of,
                states: fresh,
                flights: std::collections::BTreeMap::new(),
                tallied: Tallied::default(),
                sync: Sync::Idle,
                dirty: false,
                save_by: self.now.up,
                last_save: None,
                failures: 0,
                taken_over: BTreeSet::new(),
                unrung: BTreeSet::new(),
                lifted: BTreeSet::new(),
                unsaved_tokens: Vec::new(),
            },
        );
        for (index, state) in
            (0..).zip(states.into_iter().chain(std::iter::repeat_with(TargetState::default)).take(count))
        {
            self.adopt_at_load(Slot { job: number, index }, state);
        }
        if let Some(job) = self.jobs.get_mut(&number) {
            job.dirty = false;
        }
        self.agenda.cancel(Due::Job(number));
        self.resolve_held(owner_no);
        self.agenda.hasten(Due::Owner(owner_no), self.now.up);
    }

    pub(super) fn job_removed(&mut self, id: &JobId) {
        let Some(number) = self.job_numbers.remove(id) else { return };
        let Some(job) = self.jobs.get(&number) else { return };
        let owner_no = job.owner;
        let flights: Vec<Slot> = job.flights.keys().map(|index| Slot { job: number, index: *index }).collect();
        for slot in flights {
            self.hang_up_without_job(slot);
            self.end_flight(slot);
        }
        let Some(job) = self.jobs.remove(&number) else { return };
        self.agenda.cancel(Due::Job(number));
        self.acknowledge_all(job.unsaved_tokens, Verdict::NotHere);
        if let Sync::Saving(tokens) = job.sync {
            self.acknowledge_all(tokens, Verdict::NotHere);
        }
        let Some(owner) = self.owners.get_mut(&owner_no) else { return };
        owner.jobs.remove(&number);
        for (index, (target, state)) in (0..).zip(job.targets.iter().zip(&job.states)) {
            let slot = Slot { job: number, index };
            if owner.targets.get(&target.id) == Some(&slot) {
                owner.targets.remove(&target.id);
            }
            self.ledger.remove_slot(&target.to, slot, state.rings());
            owner.tallied.remove(state);
            owner.used.remove(state);
            self.in_flight -= u32::from(state.is_in_flight());
        }
        for queue in &mut owner.queues {
            queue.due.remove(&number);
            queue.later.retain(|(_, slot)| slot.job != number);
        }
        owner.expiries.retain(|(_, slot)| slot.job != number);
        owner.ready.retain(|slot| slot.job != number);
        self.ledger.forget_old(self.now.wall);
        self.agenda.hasten(Due::Owner(owner_no), self.now.up);
        self.forget_owner_if_empty(owner_no);
    }

    /// Nobody will follow the call any more, nor speak to whoever answers: it is hung up.
    fn hang_up_without_job(&mut self, slot: Slot) {
        let Some(TargetState::Dialing { leg: Some(leg), .. }) = self.state(slot) else { return };
        let leg = leg.clone();
        let Some(key) = self.key_of(slot).filter(|_| !self.is_held(slot)) else { return };
        if self.orphan(leg, &key).is_some() {
            self.signals.calls_without_job += 1;
        }
    }

    /// Looks after a campaign: windows, what is due, what has expired, the next round of claims.
    pub(super) fn owner_due(&mut self, number: OwnerNo) {
        let now = self.now;
        let wall = now.wall;
        let Some(owner) = self.owners.get_mut(&number) else { return };
        owner.refresh(now);
        owner.pace(now.up);
        for slot in owner.without_zone() {
            self.block(slot, Rule::UnknownTimeZone);
        }
        let Some(owner) = self.owners.get(&number) else { return };
        let endings = owner_endings(owner, wall);
        self.notice_deadline(number);
        for (slot, outcome) in endings {
            self.end_undialled(slot, outcome);
        }
        let Some(owner) = self.owners.get(&number) else { return };
        if !owner.wants_calls(wall) {
            self.release_ready(number);
        }
        self.claim_round(number);
        let Some(owner) = self.owners.get(&number) else { return };
        if let Some(at) = owner.next_change(wall) {
            let at = self.up_at(at);
            self.agenda.hasten(Due::Owner(number), at);
        }
        let resting = self.owners.get(&number).and_then(|owner| owner.caller_ids_rest_until(self.now.up));
        let pace = self.owners.get(&number).filter(|owner| owner.has_due(wall)).and_then(Owner::next_pace);
        let trial =
            self.owners.get(&number).and_then(|owner| owner.misconfigured.as_ref()).map(Misconfigured::trial_at);
        let trial = trial.filter(|at| *at > now.up);
        if let Some(at) = resting.into_iter().chain(pace).chain(trial).min() {
            self.agenda.hasten(Due::Owner(number), at.max(now.up));
        }
    }

    /// Once its deadline has come, calls under way follow the drain policy.
    fn notice_deadline(&mut self, number: OwnerNo) {
        let wall = self.now.wall;
        let Some(owner) = self.owners.get_mut(&number) else { return };
        let deadline = owner.spec.as_ref().and_then(|spec| spec.deadline());
        if owner.is_overdue(wall) && owner.noticed_deadline != deadline {
            owner.noticed_deadline = deadline;
            self.drain(number);
        }
    }

    pub(super) fn end_undialled(&mut self, slot: Slot, outcome: Outcome) {
        if let Some(TargetState::Pending { tally, .. }) = self.state(slot) {
            let end = AttemptEnd { at: stored_second(self.now.wall), ..tally.end.unwrap_or_default() };
            let tally = Tally { end: Some(end), ..*tally };
            self.set_state(slot, &TargetState::Done { tally, outcome });
        }
    }
}

/// Waiting targets whose time is over, and how they end.
fn owner_endings(owner: &Owner, wall: Timestamp) -> Vec<(Slot, Outcome)> {
    let Some(spec) = &owner.spec else { return Vec::new() };
    if owner.end().is_some() {
        return owner.queues.iter().flat_map(ZoneQueue::slots).map(|slot| (slot, Outcome::Skipped)).collect();
    }
    if owner.is_overdue(wall) || spec.stop_at.is_some_and(|stop| stop <= wall) {
        return owner.queues.iter().flat_map(ZoneQueue::slots).map(|slot| (slot, Outcome::Expired)).collect();
    }
    let expired = owner.expiries.iter().take_while(|(at, _)| *at <= wall).map(|(_, slot)| (*slot, Outcome::Expired));
    expired.collect()
}
