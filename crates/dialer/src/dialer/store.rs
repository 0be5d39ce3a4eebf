//! Jobs and their store: one write at a time, and what to do when it does not end well.

use std::sync::Arc;
use std::time::Duration;

use crate::claim::{Claim, Saved};
use crate::dialer::{Dialer, Due};
use crate::effect::{Effect, Save, SaveFailure, SavedJob, UnsavedJob, Verdict};
use crate::flight::Phase;
use crate::ids::{DeliveryToken, JobId, Version};
use crate::job::{Job, Sync};
use crate::owner::{JobNo, Slot};
use crate::tally::{Halt, Tally};
use crate::target::TargetState;

/// How long what is learnt of a call under way waits to be written. A process that dies before has lost nothing: the
/// claim is stored, and the leg's next webhook or a look-up tells again.
const LEISURE: Duration = Duration::from_secs(2);

/// What came of joining a target's state with the store's.
#[derive(Clone, Copy, Debug, Default)]
struct Merged {
    /// The store has to be told.
    differs: bool,
    /// The store knew better.
    yielded: bool,
}

impl Dialer {
    /// Whether the store holds everything that is known here, so that a process that ends now loses nothing.
    #[must_use]
    pub fn is_stored(&self) -> bool {
        self.jobs.values().all(Job::is_stored)
    }

    /// The target's new state has to be stored: claims, results and what was given back at once, what is learnt of a
    /// call under way at leisure.
    pub(super) fn touch(&mut self, slot: Slot, new: &TargetState) {
        let patience = if matches!(new, TargetState::Dialing { .. }) { LEISURE } else { Duration::ZERO };
        let at = self.now.up + patience;
        if let Some(job) = self.jobs.get_mut(&slot.job) {
            job.save_by = if job.dirty { job.save_by.min(at) } else { at };
            job.dirty = true;
        }
        self.plan_job(slot.job);
    }

    /// The job is to be saved though its targets have no news.
    pub(super) fn job_touched(&mut self, id: &JobId) {
        let now = self.now.up;
        let Some(number) = self.job_numbers.get(id).copied() else { return };
        let Some(job) = self.jobs.get_mut(&number) else { return };
        job.save_by = if job.dirty { job.save_by.min(now) } else { now };
        job.dirty = true;
        self.plan_job(number);
    }

    /// The job's states, if the store holds them as they are. `None`: it is not held here, or they are on their way.
    #[must_use]
    pub fn stored_states(&self, id: &JobId) -> Option<&[TargetState]> {
        let job = self.jobs.get(self.job_numbers.get(id)?)?;
        job.is_stored().then_some(job.states.as_slice())
    }

    /// Makes the job's next appointment with the store.
    pub(super) fn plan_job(&mut self, number: JobNo) {
        let Some(job) = self.jobs.get(&number) else { return };
        let at = match job.sync {
            Sync::Idle if self.stopping => job.dirty.then_some(job.may_save_from(&self.tuning)),
            Sync::Idle => job.dirty.then_some(job.may_save_from(&self.tuning).max(job.save_by)),
            Sync::Saving(_) => None,
            Sync::Stale(at) => at,
        };
        match at {
            Some(at) => self.agenda.set(Due::Job(number), at.max(self.now.up)),
            None => self.agenda.cancel(Due::Job(number)),
        }
    }

    pub(super) fn job_due(&mut self, number: JobNo) {
        let Some(job) = self.jobs.get_mut(&number) else { return };
        match job.sync {
            Sync::Idle => {
                self.save(number);
            }
            Sync::Saving(_) | Sync::Stale(None) => {}
            Sync::Stale(Some(_)) => {
                job.sync = Sync::Stale(None);
                let id = job.id.clone();
                self.out.push_back(Effect::Load { job: id });
            }
        }
    }

    /// Writes the job, with as many new claims as may be. Returns whether anything went out.
    pub(super) fn save(&mut self, number: JobNo) -> bool {
        let now = self.now.up;
        let tuning = self.tuning;
        let may_save = |job: &crate::job::Job| matches!(job.sync, Sync::Idle) && job.may_save_from(&tuning) <= now;
        if !self.jobs.get(&number).is_some_and(may_save) {
            return false;
        }
        let mut claims = self.claim_from(number);
        claims.extend(self.claims_taken_over(number));
        let Some(job) = self.jobs.get_mut(&number) else { return false };
        if !job.dirty {
            return false;
        }
        job.dirty = false;
        job.last_save = Some(now);
        job.sync = Sync::Saving(std::mem::take(&mut job.unsaved_tokens));
        let states: Arc<[TargetState]> = job.states.as_slice().into();
        let save = Save { job: job.id.clone(), base: job.version.clone(), states, claims };
        self.out.push_back(Effect::Save(save));
        self.plan_job(number);
        true
    }

    /// The webhooks wait until all that is known of the target is stored.
    pub(super) fn await_save(&mut self, slot: Slot, tokens: Vec<DeliveryToken>) {
        let now = self.now.up;
        let Some(job) = self.jobs.get_mut(&slot.job) else { return };
        if job.dirty {
            job.unsaved_tokens.extend(tokens);
            job.save_by = job.save_by.min(now);
            self.plan_job(slot.job);
            return;
        }
        match &mut job.sync {
            Sync::Idle => self.acknowledge_all(tokens, Verdict::Done),
            Sync::Saving(waiting) => waiting.extend(tokens),
            Sync::Stale(_) => job.unsaved_tokens.extend(tokens),
        }
    }

    pub(super) fn saved(&mut self, saved: SavedJob) {
        let SavedJob { job: id, version, claims } = saved;
        let Some(number) = self.job_numbers.get(&id).copied() else { return };
        let Some(job) = self.jobs.get_mut(&number) else { return };
        job.version = version;
        job.failures = 0;
        if !job.dirty {
            job.lifted.clear();
        }
        let sync = std::mem::replace(&mut job.sync, Sync::Idle);
        let owner = job.owner;
        if let Sync::Saving(tokens) = sync {
            self.acknowledge_all(tokens, Verdict::Done);
        }
        for claim in claims {
            self.claim_stored(claim);
        }
        self.plan_job(number);
        self.plan_claims(owner);
    }

    /// The claim may be dialled, unless something has ended it since.
    fn claim_stored(&mut self, claim: Saved<Claim>) {
        let Some(slot) = self.find(claim.key()) else { return };
        if self.key_of(slot).as_ref() != Some(claim.key()) {
            return;
        }
        let Some(flight) = self.flight_mut(slot).filter(|flight| matches!(flight.phase, Phase::Unsaved)) else {
            return;
        };
        flight.phase = Phase::Ready(claim);
        self.store_knows(slot);
        self.make_ready(slot);
    }

    /// The store holds a later claim than the one that ended here with nothing rung: nobody else has taken that one over.
    /// Until then it stays remembered, even if the target is claimed anew in the very save that would tell of its end.
    fn store_knows(&mut self, slot: Slot) {
        if let Some(job) = self.jobs.get_mut(&slot.job) {
            job.unrung.remove(&slot.index);
        }
    }

    pub(super) fn not_saved(&mut self, unsaved: &UnsavedJob, why: SaveFailure) {
        if why == SaveFailure::Gone {
            self.job_removed(&unsaved.job);
            return;
        }
        let now = self.now.up;
        let Some(number) = self.job_numbers.get(&unsaved.job).copied() else { return };
        let Some(job) = self.jobs.get_mut(&number) else { return };
        job.failures = job.failures.saturating_add(1);
        job.dirty = true;
        job.save_by = now;
        let read_at = match why {
            SaveFailure::Conflict | SaveFailure::Gone => now,
            SaveFailure::FateUnknown => now + job.backoff(),
        };
        let sync = std::mem::replace(&mut job.sync, Sync::Stale(Some(read_at)));
        if let Sync::Saving(tokens) = sync {
            self.acknowledge_all(tokens, Verdict::Retry);
        }
        self.plan_job(number);
    }

    /// A claim that is not stored never was.
    fn revert(&mut self, slot: Slot) {
        let Some(tally) = self.state(slot).map(TargetState::tally) else { return };
        self.end_flight(slot);
        self.set_state(slot, &TargetState::Pending { tally, not_before: None });
    }

    pub(super) fn reload_failed(&mut self, id: &JobId) {
        let now = self.now.up;
        let Some(number) = self.job_numbers.get(id).copied() else { return };
        let Some(job) = self.jobs.get_mut(&number) else { return };
        if let Sync::Stale(read_at) = &mut job.sync {
            job.failures = job.failures.saturating_add(1);
            let backoff = Duration::from_secs(1 << job.failures.min(4));
            *read_at = Some(now + backoff);
        }
        self.plan_job(number);
    }

    /// Somebody else seems to have written the job: it is read before the next write.
    pub(super) fn reload_soon(&mut self, number: JobNo) {
        let now = self.now.up;
        let Some(job) = self.jobs.get_mut(&number) else { return };
        if matches!(job.sync, Sync::Idle) {
            job.sync = Sync::Stale(Some(now));
        }
        self.plan_job(number);
    }

    pub(super) fn reloaded(&mut self, id: &JobId, version: Version, states: Vec<TargetState>) {
        let now = self.now.up;
        let Some(number) = self.job_numbers.get(id).copied() else { return };
        let Some(job) = self.jobs.get_mut(&number) else { return };
        if !matches!(job.sync, Sync::Stale(None)) {
            return;
        }
        job.version = version;
        job.sync = Sync::Idle;
        let owner = job.owner;
        let targets = job.states.len();
        let stored = states.into_iter().chain(std::iter::repeat_with(TargetState::default)).take(targets);
        let (mut differs, mut yielded) = (false, false);
        for (index, stored) in (0..).zip(stored) {
            let merged = self.merge(Slot { job: number, index }, &stored);
            differs |= merged.differs;
            yielded |= merged.yielded;
        }
        if let Some(job) = self.jobs.get_mut(&number) {
            job.dirty = differs;
            job.save_by = now;
            if yielded {
                // What was taken for the past when it came may be about the very claim that another process has taken over.
                let tokens = std::mem::take(&mut job.unsaved_tokens);
                self.acknowledge_all(tokens, Verdict::Retry);
            } else if !differs {
                let tokens = std::mem::take(&mut job.unsaved_tokens);
                self.acknowledge_all(tokens, Verdict::Done);
            }
        }
        self.resolve_held(owner);
        self.plan_job(number);
        self.plan_claims(owner);
    }

    /// Joins what is remembered of a target with what is stored.
    fn merge(&mut self, slot: Slot, stored: &TargetState) -> Merged {
        let Some(mine) = self.state(slot).cloned() else { return Merged::default() };
        if mine == *stored {
            self.read_back(slot);
            return Merged::default();
        }
        if self.flight(slot).is_some_and(|flight| matches!(flight.phase, Phase::Unsaved)) {
            self.revert(slot);
        }
        let Some(mine) = self.state(slot).cloned() else { return Merged::default() };
        let found = self.without_lifted_halt(slot, stored);
        let yields = self.yields(slot, &mine, &found);
        let joined = if yields { found } else { mine.clone().join(found) };
        let same_call = matches!((&mine, &joined), (TargetState::Dialing { tally: before, .. }, TargetState::Dialing { tally, .. }) if before.is_of_same_call(tally));
        if joined != mine && same_call {
            self.set_state(slot, &joined);
            self.plan_flight(slot);
        } else if joined != mine {
            let own_late_claim = self.is_own_late_claim(&mine, &joined);
            self.end_flight(slot);
            self.set_state(slot, &joined);
            self.adopt_flight(slot);
            if own_late_claim {
                // Its place may have been given to another target meanwhile.
                self.release(slot);
            }
        }
        Merged { differs: joined != *stored, yielded: yields }
    }

    /// What was found in the store, less a halt that somebody has lifted here since: it must not come back.
    fn without_lifted_halt(&self, slot: Slot, stored: &TargetState) -> TargetState {
        let lifted = self.jobs.get(&slot.job).is_some_and(|job| job.lifted.contains(&slot.index));
        let halt = stored.tally().halt.filter(|halt| !lifted || *halt == Halt::FailedByRule);
        stored.clone().with_tally(Tally { halt, ..stored.tally() })
    }

    /// A claim of unknown fate is found stored exactly as it was made: that is the proof.
    fn read_back(&mut self, slot: Slot) {
        let Some(key) = self.key_of(slot) else { return };
        let Some(flight) = self.flight_mut(slot) else { return };
        if matches!(flight.phase, Phase::Unsaved) {
            flight.phase = Phase::Ready(Saved::by_store(Claim::new(key)));
            self.store_knows(slot);
            self.make_ready(slot);
        }
    }

    /// Whether a stored claim is this process's own, from a write that was thought lost. This process remembers all
    /// that it has dialled of a job that it holds, and remembers no dial of this claim.
    fn is_own_late_claim(&self, mine: &TargetState, joined: &TargetState) -> bool {
        match (mine, joined) {
            (TargetState::Pending { tally: before, .. }, TargetState::Claimed { tally, claim }) => {
                claim.by == self.session && tally == before
            }
            _ => false,
        }
    }
}
