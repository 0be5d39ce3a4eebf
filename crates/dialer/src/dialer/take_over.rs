//! Claims that another process made and left behind, perhaps undialled.
//!
//! Promises that a young one is dialled under its own command id, so that Telnyx ignores the dial if a phone has rung for
//! it (Telnyx: receiving webhooks guide), and that whoever made it yields if it lives. Does not know why it was left.

use crate::claim::Claim;
use crate::dialer::Dialer;
use crate::flight::{LookUps, Phase};
use crate::owner::{JobNo, Slot};
use crate::target::{ClaimRecord, TargetState};

impl Dialer {
    /// Whether a claim that no look-up knows of may be dialled under its own command id.
    pub(super) fn may_take_over(&self, slot: Slot) -> bool {
        let Some(job) = self.jobs.get(&slot.job) else { return false };
        let is_young = |phase: &Phase, dial_by| matches!(phase, Phase::Lost) && self.now.up < dial_by;
        self.ready
            && !self.stopping
            && matches!(job.states.get(slot.at()), Some(TargetState::Claimed { .. }))
            && job.flights.get(&slot.index).is_some_and(|flight| is_young(&flight.phase, flight.dial_by))
            && self.may_still_dial(job.owner, slot)
            && self.owners.get(&job.owner).is_some_and(|owner| self.is_within_caps(owner))
    }

    /// Stamps a claim as this process's own. Once that is stored it may be dialled, and whoever made it cannot give it
    /// back unseen.
    pub(super) fn take_over(&mut self, slot: Slot) {
        let Some(TargetState::Claimed { tally, claim }) = self.state(slot).cloned() else { return };
        let claim = ClaimRecord { by: self.session, ..claim };
        self.set_state(slot, &TargetState::Claimed { tally, claim });
        let Some(job) = self.jobs.get_mut(&slot.job) else { return };
        job.taken_over.insert(slot.index);
        let Some(flight) = job.flights.get_mut(&slot.index) else { return };
        flight.phase = Phase::Unsaved;
        flight.taken_over = true;
        flight.look_ups = LookUps::default();
        if let Some(owner) = self.owners.get_mut(&job.owner) {
            owner.undialled += 1;
        }
    }

    /// The claims that were taken over since the job's last save.
    pub(super) fn claims_taken_over(&mut self, number: JobNo) -> Vec<Claim> {
        let Some(job) = self.jobs.get_mut(&number) else { return Vec::new() };
        let slots = std::mem::take(&mut job.taken_over).into_iter().map(|index| Slot { job: number, index });
        let unsaved = |slot: &Slot| {
            self.flight(*slot).is_some_and(|flight| flight.taken_over && matches!(flight.phase, Phase::Unsaved))
        };
        slots.filter(unsaved).filter_map(|slot| Some(Claim::new(self.key_of(slot)?))).collect()
    }

    /// A claim that was taken over may no longer be dialled: what became of it is looked up.
    pub(super) fn lose(&mut self, slot: Slot) {
        let now = self.now.up;
        let Some(job) = self.jobs.get_mut(&slot.job) else { return };
        let Some(flight) = job.flights.get_mut(&slot.index) else { return };
        if flight.is_undialled()
            && let Some(owner) = self.owners.get_mut(&job.owner)
        {
            owner.undialled -= 1;
        }
        flight.phase = Phase::Lost;
        flight.look_ups = LookUps::starting(now);
        self.plan_flight(slot);
    }

    /// The claim at `slot` ended here and nothing rang.
    pub(super) fn nothing_rang(&mut self, slot: Slot) {
        if let Some(job) = self.jobs.get_mut(&slot.job) {
            job.unrung.insert(slot.index);
        }
    }

    /// Whether the store knows better than this process, though it remembers more: it gave a claim back, or was refused,
    /// and meanwhile another process has taken the claim over and may have rung the phone.
    pub(super) fn yields(&self, slot: Slot, mine: &TargetState, stored: &TargetState) -> bool {
        let unrung = self.jobs.get(&slot.job).is_some_and(|job| job.unrung.contains(&slot.index));
        let (TargetState::Claimed { tally, claim }
        | TargetState::Dialing { tally, claim, .. }
        | TargetState::Held { tally, claim }) = stored
        else {
            return false;
        };
        let before = mine.tally();
        unrung
            && matches!(mine, TargetState::Pending { .. })
            && claim.by != self.session
            && before.attempts == tally.attempts
            && before.refusals == tally.refusals.saturating_add(1)
    }
}
