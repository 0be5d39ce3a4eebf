//! How far campaigns and jobs are, for whoever asks.

use jiff::Timestamp;

use crate::aftermath::Ring;
use crate::dialer::Dialer;
use crate::ids::{JobId, OwnerId};
use crate::misconfigured::Misconfigured;
use crate::now::Now;
use crate::owner::{Owner, Validity};
use crate::phone::PhoneNumber;
use crate::progress::{CampaignEnd, JobProgress, Progress, Signals, Waiting, WaitingFor};
use crate::spec::Audience;

impl Dialer {
    /// How far an owner has come. `None`: nothing of it is held here.
    #[must_use]
    pub fn progress(&self, id: &OwnerId) -> Option<Progress> {
        let Waiting { complete, waiting_for } = self.waiting(id)?;
        let owner = self.owners.get(self.owner_numbers.get(id)?)?;
        Some(Progress {
            tallied: owner.tallied.clone(),
            complete,
            waiting_for,
            next_window_opens: owner.next_opening(self.now.wall),
            dialled: owner.dialled,
            end: owner.end().or(owner.ran_out_of_time(self.now.wall).then_some(CampaignEnd::DeadlineExceeded)),
            abandonment: owner.abandonment(),
            spending: owner.spending(),
            cap: self.limits.as_ref().map(|_| owner.cap(self.now.up).min(self.cap())),
        })
    }

    /// The part of [`Self::progress`] that whoever drives a dialer in virtual time asks for after every event.
    #[must_use]
    pub fn waiting(&self, id: &OwnerId) -> Option<Waiting> {
        let number = self.owner_numbers.get(id)?;
        let owner = self.owners.get(number)?;
        let complete = owner.audience == Audience::Complete
            && owner.spec.is_some()
            && owner.tallied.ended() == owner.tallied.counts.total()
            && self.jobs.values().all(|job| job.owner != *number || job.is_stored());
        Some(Waiting { complete, waiting_for: self.waiting_for(owner) })
    }

    fn waiting_for(&self, owner: &Owner) -> WaitingFor {
        let Now { wall, up } = self.now;
        let Some(spec) = owner.spec.as_ref().filter(|_| self.ready && self.limits.is_some()) else {
            return WaitingFor::Jobs;
        };
        if let Some(refusal) = owner.misconfigured.as_ref().map(Misconfigured::refusal) {
            return WaitingFor::ConfigError {
                status: refusal.status,
                code: refusal.code.clone(),
                pointer: refusal.pointer.clone(),
            };
        }
        if spec.suspended || owner.validity != Validity::Current {
            return WaitingFor::Suspension;
        }
        if let Some(halt) = owner.halt() {
            return WaitingFor::Halt(halt);
        }
        if owner.tallied.counts.waiting() == 0 && owner.undialled == 0 {
            return WaitingFor::NothingToDial;
        }
        if !self.is_screened(owner) {
            return WaitingFor::DoNotCallLists;
        }
        if let Some(at) = spec.start_at.filter(|at| *at > wall) {
            return WaitingFor::Start { at };
        }
        if self.governor.is_paused(up) {
            return WaitingFor::Capacity;
        }
        if owner.undialled > 0 {
            return WaitingFor::Pacing;
        }
        if owner.results_pile_up {
            return WaitingFor::Results;
        }
        if owner.budget() == 0 {
            return if owner.may_afford_more_later() { WaitingFor::Concurrency } else { WaitingFor::Budget };
        }
        if let Some(at) = owner.caller_ids_rest_until(up) {
            return WaitingFor::CallerIds { at: crate::now::later(wall, at.saturating_sub(up)) };
        }
        self.waiting_to_claim(owner, wall)
    }

    fn waiting_to_claim(&self, owner: &Owner, wall: Timestamp) -> WaitingFor {
        if owner.has_due(wall) {
            let full = owner.room(self.now.up).min(self.room()) == 0;
            if !full && owner.agents_room(self.now.up) == Some(0) {
                return WaitingFor::Agents;
            }
            return if full { WaitingFor::Concurrency } else { WaitingFor::Pacing };
        }
        let later = owner.queues.iter().filter_map(|queue| queue.later.first()).map(|(at, _)| *at).min();
        match later {
            Some(at) if owner.queues.iter().all(|queue| queue.due.is_empty()) => WaitingFor::Due { at },
            Some(_) | None => WaitingFor::Window,
        }
    }

    /// What this process has noticed and nobody waits for.
    #[must_use]
    pub fn signals(&self) -> Signals {
        self.signals
    }

    /// Numbers that targets have put on the do-not-call list since the process began, or before in jobs handed in.
    #[must_use]
    pub fn do_not_call_learned(&self) -> impl ExactSizeIterator<Item = &PhoneNumber> {
        self.do_not_call.learned()
    }

    /// When phones may have rung for a job, calls under way included: what is lost to the caps with the job unless somebody
    /// remembers it. Empty: it is not held here, or nobody was called.
    #[must_use]
    pub fn job_rings(&self, id: &JobId) -> Vec<(PhoneNumber, Ring)> {
        let job = self.job_numbers.get(id).and_then(|number| self.jobs.get(number));
        let targets = job.into_iter().flat_map(|job| job.targets.iter().zip(&job.states));
        targets.flat_map(|(target, state)| state.rings().map(|ring| (target.to.clone(), ring))).collect()
    }

    /// Numbers that a job's targets have put on the do-not-call list, the like.
    #[must_use]
    pub fn job_opt_outs(&self, id: &JobId) -> Vec<PhoneNumber> {
        let job = self.job_numbers.get(id).and_then(|number| self.jobs.get(number));
        let targets = job.into_iter().flat_map(|job| job.targets.iter().zip(&job.states));
        targets.filter(|(_, state)| state.tally().dnc).map(|(target, _)| target.to.clone()).collect()
    }

    /// How far a job has come. `None`: it is not held here.
    #[must_use]
    pub fn job_progress(&self, id: &JobId) -> Option<JobProgress> {
        let job = self.jobs.get(self.job_numbers.get(id)?)?;
        Some(JobProgress {
            tallied: job.tallied.clone(),
            finished: job.is_stored() && job.tallied.ended() == job.tallied.counts.total(),
        })
    }
}
