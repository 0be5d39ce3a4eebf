//! Whether a number may be called, given how often it was called before, by whatever campaign of the account.
//!
//! Promises that a number is called by one target at a time, and that what may have rung counts once it is claimed. Does
//! not know windows, nor attempts.

use std::time::Duration;

use jiff::Timestamp;

use crate::dialer::Dialer;
use crate::ledger::{allowed_from, rested_from};
use crate::now::later;
use crate::owner::Slot;
use crate::target::TargetState;

/// Looked at again after this long when another target with the same number is being called.
const BUSY_ELSEWHERE: Duration = Duration::from_secs(30);

impl Dialer {
    /// Until when another target with the same number keeps this one waiting; `None`: none is being called.
    pub(super) fn called_elsewhere_until(&self, slot: Slot) -> Option<Timestamp> {
        let busy = self.elsewhere(slot).any(TargetState::is_in_flight);
        busy.then(|| later(self.now.wall, BUSY_ELSEWHERE))
    }

    /// From when on the caps and the rests let the target's number be called; `None`: now. A claim of its own does not count.
    pub(super) fn frequency_until(&self, slot: Slot) -> Option<Timestamp> {
        let spec = self.owner_of(slot)?.spec.as_ref()?;
        if spec.frequency.is_empty() && spec.rests.is_empty() {
            return None;
        }
        let number = &self.jobs.get(&slot.job)?.targets.get(slot.at())?.to;
        let own = self.state(slot)?.tally().rings.iter();
        let rings = self.ledger.all(number, own.chain(self.elsewhere(slot).flat_map(TargetState::rings)));
        let rested = rested_from(&spec.rests, &rings, self.now.wall);
        rested.max(allowed_from(&spec.frequency, rings.iter().map(|ring| ring.at).collect(), self.now.wall))
    }

    /// States of the other targets with the same number.
    fn elsewhere(&self, slot: Slot) -> impl Iterator<Item = &TargetState> {
        let number = self.jobs.get(&slot.job).and_then(|job| job.targets.get(slot.at())).map(|target| &target.to);
        let slots = number.into_iter().flat_map(|number| self.ledger.slots(number));
        slots.filter(move |other| *other != slot).filter_map(|other| self.state(other))
    }
}
