//! How often a number may be called, by whatever campaign of the account.
//!
//! Promises that a cap counts every ring that the states of the account's targets tell of, and those that the shell
//! remembers of jobs that are gone. Does not know targets: whoever asks says what they tell.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::now::later;
use crate::owner::Slot;
use crate::phone::PhoneNumber;
use crate::spec::FrequencyCap;

/// Rings are remembered this long: the longest window that a law names is 30 days (47 CFR 64.1200(a)(3)).
pub(crate) const REMEMBER: Duration = Duration::from_hours(31 * 24);

/// When numbers rang for jobs that are gone, however that is kept.
pub trait CallHistory: fmt::Debug + Send + Sync {
    /// When the number may have rung, to the second, in any order.
    fn rings(&self, number: &PhoneNumber) -> Vec<Timestamp>;
}

/// Nobody was called.
#[derive(Clone, Copy, Debug, Default)]
struct NoHistory;

impl CallHistory for NoHistory {
    fn rings(&self, _: &PhoneNumber) -> Vec<Timestamp> {
        Vec::new()
    }
}

/// Whose number is whose, and when numbers rang for jobs that are gone.
#[derive(Debug)]
pub(crate) struct Ledger {
    slots: BTreeMap<PhoneNumber, BTreeSet<Slot>>,
    past: BTreeMap<PhoneNumber, Vec<Timestamp>>,
    history: Arc<dyn CallHistory>,
}

impl Default for Ledger {
    fn default() -> Self {
        Self { slots: BTreeMap::new(), past: BTreeMap::new(), history: Arc::new(NoHistory) }
    }
}

impl Ledger {
    /// Replaces what was given before.
    pub(crate) fn give(&mut self, history: Arc<dyn CallHistory>) {
        self.history = history;
    }

    pub(crate) fn add_slot(&mut self, number: &PhoneNumber, slot: Slot) {
        self.slots.entry(number.clone()).or_default().insert(slot);
    }

    /// The target is gone; when it rang is remembered.
    pub(crate) fn remove_slot(&mut self, number: &PhoneNumber, slot: Slot, rings: impl Iterator<Item = Timestamp>) {
        if let Some(slots) = self.slots.get_mut(number) {
            slots.remove(&slot);
            if slots.is_empty() {
                self.slots.remove(number);
            }
        }
        self.remember(number, rings);
    }

    /// Rings of jobs that are gone.
    pub(crate) fn remember(&mut self, number: &PhoneNumber, rings: impl Iterator<Item = Timestamp>) {
        let mut rings = rings.peekable();
        if rings.peek().is_some() {
            let past = self.past.entry(number.clone()).or_default();
            past.extend(rings);
            past.sort_unstable();
            past.dedup();
        }
    }

    /// Lets go of what no law asks for any more.
    pub(crate) fn forget_old(&mut self, wall: Timestamp) {
        self.past.retain(|_, rings| {
            rings.retain(|at| later(*at, REMEMBER) > wall);
            !rings.is_empty()
        });
    }

    /// Targets with this number.
    pub(crate) fn slots(&self, number: &PhoneNumber) -> impl Iterator<Item = Slot> {
        self.slots.get(number).into_iter().flatten().copied()
    }

    /// All rings of the number: those that targets tell of, those of jobs that went while the process lived, and those that
    /// the shell keeps. The last may repeat the others, to the second, when a process died between keeping a job's rings and
    /// letting go of the job.
    pub(crate) fn all(&self, number: &PhoneNumber, told: impl Iterator<Item = Timestamp>) -> Vec<Timestamp> {
        let past = self.past.get(number).into_iter().flatten().copied();
        let mut all: Vec<Timestamp> = told.chain(past).collect();
        let seconds: BTreeSet<i64> = all.iter().map(|at| at.as_second()).collect();
        all.extend(self.history.rings(number).into_iter().filter(|at| !seconds.contains(&at.as_second())));
        all
    }
}

/// From when on another call keeps to the caps; `None`: now. `rings`: when the number rang, in any order; one from the
/// future (a clock was put back) counts as now.
pub(crate) fn allowed_from(caps: &[FrequencyCap], mut rings: Vec<Timestamp>, wall: Timestamp) -> Option<Timestamp> {
    rings.sort_unstable();
    let until = |cap: &FrequencyCap| {
        let nth = rings.len().checked_sub(usize::from(cap.calls.max(1)))?;
        rings.get(nth).map(|at| later((*at).min(wall), cap.within))
    };
    caps.iter().filter_map(until).filter(|until| *until > wall).max()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    fn at(hours: i64) -> Timestamp {
        Timestamp::from_second(hours * 3600).unwrap()
    }

    fn cap(calls: u8, hours: u32) -> FrequencyCap {
        FrequencyCap { calls, within: HOUR * hours }
    }

    #[test]
    fn a_cap_lets_the_next_call_out_when_the_oldest_of_its_window_has_left() {
        let rings = || vec![at(10), at(30), at(20)];
        let check = |caps: &[FrequencyCap], wall, expected: Option<i64>| {
            assert_eq!(allowed_from(caps, rings(), at(wall)), expected.map(at), "{caps:?} at {wall}");
        };
        check(&[], 30, None);
        check(&[cap(3, 24)], 31, Some(34));
        check(&[cap(3, 24)], 34, None);
        check(&[cap(1, 6)], 31, Some(36));
        check(&[cap(1, 6), cap(2, 48)], 31, Some(68));
        check(&[cap(4, 1000)], 31, None);
        assert_eq!(allowed_from(&[cap(1, 6)], vec![at(99)], at(30)), Some(at(36)), "from the future");
    }

    proptest! {
        #[test]
        fn no_window_ever_holds_more_than_the_cap(
            wishes in prop::collection::vec(0..200i64, 1..80),
            calls in 1..8u8,
            hours in 1..100u32,
        ) {
            let mut wishes = wishes;
            wishes.sort_unstable();
            let caps = [cap(calls, hours)];
            let mut rings: Vec<Timestamp> = Vec::new();
            for wish in wishes {
                if allowed_from(&caps, rings.clone(), at(wish)).is_none() {
                    rings.push(at(wish));
                }
            }
            for end in &rings {
                let inside = rings.iter().filter(|at| *at <= end && later(**at, HOUR * hours) > *end).count();
                prop_assert!(inside <= usize::from(calls));
            }
        }

        #[test]
        fn what_is_promised_is_kept(rings in prop::collection::vec(0..200i64, 0..20), calls in 1..8u8, hours in 1..100u32) {
            let rings: Vec<Timestamp> = rings.into_iter().map(at).collect();
            let caps = [cap(calls, hours)];
            if let Some(from) = allowed_from(&caps, rings.clone(), at(200)) {
                prop_assert!(from > at(200));
                prop_assert_eq!(allowed_from(&caps, rings, from), None);
            }
        }
    }

    #[test]
    fn rings_of_targets_that_are_gone_are_remembered_for_a_month() {
        let number = PhoneNumber::parse("+15550100").unwrap();
        let slot = Slot { job: 1, index: 2 };
        let mut ledger = Ledger::default();
        ledger.add_slot(&number, slot);
        assert_eq!(ledger.slots(&number).collect::<Vec<_>>(), [slot]);
        ledger.remove_slot(&number, slot, [at(5), at(5), at(7)].into_iter());
        assert_eq!((ledger.slots(&number).count(), ledger.all(&number, std::iter::empty()).len()), (0, 2));
        ledger.forget_old(at(31 * 24 + 6));
        assert_eq!(ledger.all(&number, std::iter::empty()), [at(7)]);
    }
}
