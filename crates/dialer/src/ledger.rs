//! How often a number may be called, by whatever campaign of the account.
//!
//! Promises that a cap counts every ring that the states of the account's targets tell of, and those that the shell
//! remembers of jobs that are gone. Does not know targets: whoever asks says what they tell.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::aftermath::Ring;
use crate::now::later;
use crate::owner::Slot;
use crate::phone::PhoneNumber;
use crate::spec::{FrequencyCap, Rest};

/// Rings are remembered this long: the longest window that a law names is 30 days (47 CFR 64.1200(a)(3)).
pub(crate) const REMEMBER: Duration = Duration::from_hours(31 * 24);

/// When numbers rang for jobs that are gone, however that is kept.
pub trait CallHistory: fmt::Debug + Send + Sync {
    /// When the number may have rung, to the second, each second once, in any order.
    fn rings(&self, number: &PhoneNumber) -> Vec<Ring>;
}

/// Nobody was called.
#[derive(Clone, Copy, Debug, Default)]
struct NoHistory;

impl CallHistory for NoHistory {
    fn rings(&self, _: &PhoneNumber) -> Vec<Ring> {
        Vec::new()
    }
}

/// Whose number is whose, and when numbers rang for jobs that are gone.
#[derive(Debug)]
pub(crate) struct Ledger {
    slots: BTreeMap<PhoneNumber, BTreeSet<Slot>>,
    past: BTreeMap<PhoneNumber, Vec<Ring>>,
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
    pub(crate) fn remove_slot(&mut self, number: &PhoneNumber, slot: Slot, rings: impl Iterator<Item = Ring>) {
        if let Some(slots) = self.slots.get_mut(number) {
            slots.remove(&slot);
            if slots.is_empty() {
                self.slots.remove(number);
            }
        }
        self.remember(number, rings);
    }

    /// Rings of jobs that are gone.
    pub(crate) fn remember(&mut self, number: &PhoneNumber, rings: impl Iterator<Item = Ring>) {
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
            rings.retain(|ring| later(ring.at, REMEMBER) > wall);
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
    pub(crate) fn all(&self, number: &PhoneNumber, told: impl Iterator<Item = Ring>) -> Vec<Ring> {
        let past = self.past.get(number).into_iter().flatten().copied();
        let mut all: Vec<Ring> = told.chain(past).collect();
        for kept in self.history.rings(number) {
            match all.iter_mut().find(|ring| ring.at.as_second() == kept.at.as_second()) {
                Some(known) => known.came_to = known.came_to | kept.came_to,
                None => all.push(kept),
            }
        }
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

/// From when on a number is not left alone any more after what its calls came to; `None`: now. As above otherwise.
pub(crate) fn rested_from(rests: &[Rest], rings: &[Ring], wall: Timestamp) -> Option<Timestamp> {
    let until = |rest: &Rest| {
        let last = rings.iter().filter(|ring| ring.came_to.has(rest.after)).map(|ring| ring.at.min(wall)).max()?;
        Some(later(last, rest.lasts))
    };
    rests.iter().filter_map(until).filter(|until| *until > wall).max()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::aftermath::{Aftermath, CameTo};

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
    fn a_rest_begins_with_the_last_call_that_came_to_what_it_is_about() {
        let ring = |hours, bits| Ring { at: at(hours), came_to: CameTo::from_bits(bits) };
        let rings = [ring(10, 1), ring(20, 2), ring(15, 1), ring(30, 0)];
        let rest = |after, hours: u32| Rest { after, lasts: HOUR * hours };
        let (talk, machine) = (rest(Aftermath::Conversation, 20), rest(Aftermath::Machine, 5));
        let check = |rests: &[Rest], wall, expected: Option<i64>| {
            assert_eq!(rested_from(rests, &rings, at(wall)), expected.map(at), "{rests:?} at {wall}");
        };
        check(&[], 21, None);
        check(&[talk], 21, Some(35));
        check(&[talk, machine], 21, Some(35));
        check(&[machine], 21, Some(25));
        check(&[talk, machine], 35, None);
        check(&[rest(Aftermath::Abandoned, 999)], 21, None);
        assert_eq!(rested_from(&[talk], &[ring(99, 1)], at(30)), Some(at(50)), "from the future");
    }

    #[derive(Debug)]
    struct Kept(Vec<Ring>);

    impl CallHistory for Kept {
        fn rings(&self, _: &PhoneNumber) -> Vec<Ring> {
            self.0.clone()
        }
    }

    #[test]
    fn what_is_kept_of_a_call_that_is_known_too_tells_what_came_of_it() {
        let number = PhoneNumber::parse("+15550100").unwrap();
        let talked = Ring { at: at(5), came_to: Aftermath::Conversation.into() };
        let mut ledger = Ledger::default();
        ledger.give(Arc::new(Kept(vec![talked])));
        assert_eq!(
            ledger.all(&number, [Ring::bare(at(5)), Ring::bare(at(7))].into_iter()),
            [talked, Ring::bare(at(7))]
        );
        assert_eq!(ledger.all(&number, std::iter::empty()), [talked]);
    }

    #[test]
    fn rings_of_targets_that_are_gone_are_remembered_for_a_month() {
        let number = PhoneNumber::parse("+15550100").unwrap();
        let slot = Slot { job: 1, index: 2 };
        let mut ledger = Ledger::default();
        ledger.add_slot(&number, slot);
        assert_eq!(ledger.slots(&number).collect::<Vec<_>>(), [slot]);
        ledger.remove_slot(&number, slot, [at(5), at(5), at(7)].map(Ring::bare).into_iter());
        assert_eq!((ledger.slots(&number).count(), ledger.all(&number, std::iter::empty()).len()), (0, 2));
        ledger.forget_old(at(31 * 24 + 6));
        assert_eq!(ledger.all(&number, std::iter::empty()), [Ring::bare(at(7))]);
    }
}
