//! What has to be looked at again, and when.
//!
//! Promises one appointment per party, in order of time. Does not know what happens at it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Appointments of parties named by `K`.
#[derive(Debug)]
pub(crate) struct Agenda<K> {
    by_time: BTreeSet<(Duration, K)>,
    by_party: BTreeMap<K, Duration>,
}

impl<K: Copy + Ord> Default for Agenda<K> {
    fn default() -> Self {
        Self { by_time: BTreeSet::new(), by_party: BTreeMap::new() }
    }
}

impl<K: Copy + Ord> Agenda<K> {
    /// The party's appointment is at `at` now, whenever it was before.
    pub(crate) fn set(&mut self, party: K, at: Duration) {
        if let Some(before) = self.by_party.insert(party, at) {
            self.by_time.remove(&(before, party));
        }
        self.by_time.insert((at, party));
    }

    /// The party's appointment is at `at`, or sooner if it was sooner.
    pub(crate) fn hasten(&mut self, party: K, at: Duration) {
        if self.by_party.get(&party).is_none_or(|before| at < *before) {
            self.set(party, at);
        }
    }

    /// The party has no appointment any more.
    pub(crate) fn cancel(&mut self, party: K) {
        if let Some(before) = self.by_party.remove(&party) {
            self.by_time.remove(&(before, party));
        }
    }

    /// The time of the first appointment, and whose it is.
    pub(crate) fn first(&self) -> Option<(Duration, K)> {
        self.by_time.first().copied()
    }

    /// Takes out the first party whose time has come.
    pub(crate) fn pop_due(&mut self, now: Duration) -> Option<K> {
        let (_, party) = self.first().filter(|(at, _)| *at <= now)?;
        self.cancel(party);
        Some(party)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_party_has_one_appointment() {
        let second = Duration::from_secs;
        let mut agenda = Agenda::default();
        agenda.set("a", second(5));
        agenda.hasten("a", second(9));
        agenda.set("b", second(3));
        agenda.hasten("a", second(2));
        agenda.set("b", second(7));
        assert_eq!(agenda.first(), Some((second(2), "a")));
        assert_eq!(agenda.pop_due(second(4)), Some("a"));
        assert_eq!(agenda.pop_due(second(4)), None);
        agenda.cancel("b");
        assert_eq!(agenda.first(), None);
    }
}
