//! Whether a number may be called, given how often it was called before, by whatever campaign of the account.
//!
//! Promises that a number is called by one target at a time, and that what may have rung counts once it is claimed. Does
//! not know windows, nor attempts.

use std::time::Duration;

use jiff::Timestamp;

use crate::dialer::Dialer;
use crate::ledger::allowed_from;
use crate::now::later;
use crate::owner::Slot;
use crate::target::TargetState;

/// Looked at again after this long when another target with the same number is being called.
const BUSY_ELSEWHERE: Duration = Duration::from_secs(30);

/// When the target's phone may have rung, the call under way included.
pub(super) fn rings(state: &TargetState) -> impl Iterator<Item = Timestamp> {
    let before: Vec<Timestamp> = state.tally().rings.iter().collect();
    before.into_iter().chain(state.claimed_at())
}

impl Dialer {
    /// From when on the target's number may be called; `None`: now. A claim of its own does not count.
    pub(super) fn frequency_until(&self, slot: Slot) -> Option<Timestamp> {
        let wall = self.now.wall;
        let number = &self.jobs.get(&slot.job)?.targets.get(slot.at())?.to;
        let elsewhere =
            || self.ledger.slots(number).filter(|other| *other != slot).filter_map(|other| self.state(other));
        let busy = elsewhere().any(TargetState::is_in_flight).then(|| later(wall, BUSY_ELSEWHERE));
        let caps = &self.owner_of(slot)?.spec.as_ref()?.frequency;
        if caps.is_empty() {
            return busy;
        }
        let own: Vec<Timestamp> = self.state(slot)?.tally().rings.iter().collect();
        let all = own.into_iter().chain(self.ledger.past(number)).chain(elsewhere().flat_map(rings)).collect();
        allowed_from(caps, all, wall).max(busy)
    }

    /// The target waits until its number may be called. `false`: it may be called now.
    pub(super) fn postpone_for_frequency(&mut self, slot: Slot) -> bool {
        let Some(until) = self.frequency_until(slot) else { return false };
        if let Some(TargetState::Pending { tally, .. }) = self.state(slot) {
            let state = TargetState::Pending { tally: *tally, not_before: Some(until) };
            self.set_state(slot, &state);
        }
        true
    }
}
