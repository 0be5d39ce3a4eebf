//! Which targets are claimed, and when: never more than may be dialled in the next two seconds.

use crate::claim::{Claim, DIAL_FOR};
use crate::dialer::judge::Judgement;
use crate::dialer::{Dialer, Due};
use crate::flight::{Flight, Phase};
use crate::ids::{AttemptKey, DialKey};
use crate::job::{Job, Sync};
use crate::owner::{JobNo, Owner, OwnerNo, Slot};
use crate::tally::Tally;
use crate::target::{ClaimRecord, TargetState};

impl Dialer {
    /// How many more calls the account may have at once.
    pub(super) fn room(&self) -> u32 {
        self.cap().saturating_sub(self.in_flight)
    }

    /// How many calls the account may have at once.
    pub(super) fn cap(&self) -> u32 {
        let configured = self.limits.as_ref().map_or(0, |limits| limits.max_concurrent);
        configured.min(self.learned_cap.get(self.now.up).unwrap_or(u32::MAX))
    }

    /// Whether no more is claimed or live than may be. Claims found in the store may be too many: a late write brings
    /// some whose places were given to others.
    pub(super) fn is_within_caps(&self, owner: &Owner) -> bool {
        self.in_flight <= self.cap() && owner.tallied.counts.in_flight() <= owner.cap(self.now.up)
    }

    /// How many targets of an owner may be claimed now.
    fn claims_allowed(&self, owner: &Owner) -> u32 {
        let stopped =
            !self.ready || self.stopping || !owner.wants_calls(self.now.wall) || self.governor.is_paused(self.now.up);
        let stopped = stopped || owner.results_pile_up || !self.is_screened(owner);
        if stopped {
            return 0;
        }
        let wanted = owner.claims_wanted(self.now.up);
        if wanted == 0 { 0 } else { wanted.min(self.fair_room(owner)).min(self.fair_backlog(owner)) }
    }

    /// Claims from one job after the other until the owner has what it may have.
    pub(super) fn claim_round(&mut self, number: OwnerNo) {
        let now = self.now;
        let Some(owner) = self.owners.get_mut(&number) else { return };
        if now.up < owner.next_claim {
            let at = owner.next_claim;
            self.agenda.hasten(Due::Owner(number), at);
            return;
        }
        let mut claimed = false;
        for job in owner.jobs_with_due(now.wall) {
            let Some(owner) = self.owners.get(&number) else { return };
            if self.claims_allowed(owner) == 0 {
                break;
            }
            claimed |= self.save(job);
        }
        if let Some(owner) = self.owners.get_mut(&number).filter(|_| claimed) {
            owner.next_claim = now.up + self.tuning.claim_gap;
        }
        self.plan_claims(number);
    }

    /// Makes an appointment for the next round of claims, if there is anything to claim for it.
    pub(super) fn plan_claims(&mut self, number: OwnerNo) {
        let now = self.now;
        let Some(owner) = self.owners.get(&number) else { return };
        if self.governor.is_paused(now.up)
            && let Some(at) = self.governor.ready_at()
            && owner.tallied.counts.waiting() > 0
        {
            self.agenda.hasten(Due::Owner(number), at);
            return;
        }
        if self.claims_allowed(owner) == 0 {
            // Room and targets make their own appointments when they come.
            let wants_later = owner.room(now.up).min(self.room()) > 0 && owner.tallied.counts.waiting() > 0;
            if let Some(at) = owner.next_claim_wanted().filter(|at| wants_later && *at > now.up) {
                self.agenda.hasten(Due::Owner(number), at);
            }
            return;
        }
        let next_save = owner.jobs_with_due(now.wall).into_iter().filter_map(|job| {
            let job = self.jobs.get(&job)?;
            matches!(job.sync, Sync::Idle).then_some(job.may_save_from(&self.tuning))
        });
        if let Some(at) = next_save.min() {
            self.agenda.hasten(Due::Owner(number), at.max(owner.next_claim));
        }
    }

    /// Claims what the owner may have from `job`, in memory; the claims go out with the job's next save.
    pub(super) fn claim_from(&mut self, number: JobNo) -> Vec<Claim> {
        let now = self.now;
        let Some(owner_no) = self.jobs.get(&number).map(|job| job.owner) else { return Vec::new() };
        let Some(owner) = self.owners.get_mut(&owner_no) else { return Vec::new() };
        owner.refresh(now);
        let Some(owner) = self.owners.get(&owner_no) else { return Vec::new() };
        let due = owner.due_of(number, self.claims_allowed(owner), now.wall);
        due.into_iter().filter_map(|index| self.claim(owner_no, Slot { job: number, index })).collect()
    }

    fn claim(&mut self, owner_no: OwnerNo, slot: Slot) -> Option<Claim> {
        let now = self.now;
        let Some(TargetState::Pending { tally, .. }) = self.state(slot) else { return None };
        let tally = *tally;
        let set_aside = match self.judge(slot)? {
            Judgement::Allowed(set_aside) => set_aside,
            Judgement::Wait(rule, until) => {
                self.postpone(slot, rule, until);
                return None;
            }
            Judgement::Blocked(rule) => {
                self.block(slot, rule);
                return None;
            }
        };
        let tally = Tally { rule: set_aside, ..tally };
        let owner = self.owners.get_mut(&owner_no)?;
        let callee = &self.jobs.get(&slot.job)?.targets.get(slot.at())?.to;
        let from = owner.choose_from(slot, callee, now.up)?;
        owner.undialled += 1;
        if let Some(misconfigured) = &mut owner.misconfigured {
            misconfigured.tries(slot, now.up);
        }
        let claim = ClaimRecord { at: now.wall_millis(), by: self.session, from };
        self.set_state(slot, &TargetState::Claimed { tally, claim });
        let ends_by = self.ends_by(slot);
        let job = self.jobs.get_mut(&slot.job)?;
        job.flights.insert(slot.index, Flight::new(Phase::Unsaved, now.up, ends_by));
        Some(Claim::new(dial_key(self.owners.get(&owner_no)?, self.jobs.get(&slot.job)?, slot, tally)?))
    }

    /// The key of the dial under way, or of the next one.
    pub(super) fn key_of(&self, slot: Slot) -> Option<DialKey> {
        let job = self.jobs.get(&slot.job)?;
        dial_key(self.owners.get(&job.owner)?, job, slot, job.states.get(slot.at())?.tally())
    }
}

fn dial_key(owner: &Owner, job: &Job, slot: Slot, tally: Tally) -> Option<DialKey> {
    let target = job.targets.get(slot.at())?.id.clone();
    let attempt = AttemptKey { owner: owner.id.clone(), target, n: tally.attempts.saturating_add(1) };
    Some(DialKey { attempt, refusals: tally.refusals })
}

impl Flight {
    /// A flight in `phase`, with nothing asked yet.
    pub(super) fn new(phase: Phase, now: std::time::Duration, ends_by: std::time::Duration) -> Self {
        Self {
            phase,
            ahead: None,
            position_since: now,
            answered_at: None,
            answered_wall: None,
            dialled_at: None,
            placed_at: None,
            commands: Vec::new(),
            look_ups: crate::flight::LookUps::default(),
            dial_by: now + DIAL_FOR,
            taken_over: false,
            ends_by,
            cancel_at: None,
            held_hangup: None,
            talk: crate::flight::Talk::default(),
        }
    }
}
