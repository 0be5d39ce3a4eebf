//! Numbers that no campaign of the account may call.
//!
//! Promises that a number that was learnt stays on the list while the process lives, and that a list that cannot be asked
//! stops everybody. Does not know why a number is there, nor how lists are kept.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::now::later;
use crate::phone::PhoneNumber;

/// Numbers that nobody may call, however they are kept: in clear, or as keyed digests.
///
/// The answer may change with `wall` alone, because entries expire; another list is another value.
pub trait NumberList: fmt::Debug + Send + Sync {
    /// Whether the number must not be called at `wall`.
    fn holds(&self, number: &PhoneNumber, wall: Timestamp) -> bool;
}

impl NumberList for BTreeSet<PhoneNumber> {
    fn holds(&self, number: &PhoneNumber, _: Timestamp) -> bool {
        self.contains(number)
    }
}

/// What the shell knows of the lists that were declared for the account.
#[derive(Clone, Debug)]
pub enum Screening {
    /// One of them was never read by this process: whom it forbids is unknown, so nobody is called.
    NotReady,
    /// All of them were read.
    Ready {
        /// Everything that they forbid.
        list: Arc<dyn NumberList>,
        /// When the one was read that has not been read for longest; `None` where all are as their source is now.
        as_of: Option<Timestamp>,
    },
}

impl Default for Screening {
    /// No list was declared.
    fn default() -> Self {
        Self::Ready { list: Arc::new(BTreeSet::new()), as_of: None }
    }
}

/// The list: what the shell gave, and what targets say of themselves.
#[derive(Debug, Default)]
pub(crate) struct DoNotCall {
    given: Screening,
    learned: BTreeSet<PhoneNumber>,
}

impl DoNotCall {
    /// Replaces what was given before.
    pub(crate) fn give(&mut self, lists: Screening) {
        self.given = lists;
    }

    pub(crate) fn learn(&mut self, number: &PhoneNumber) {
        if !self.learned.contains(number) {
            self.learned.insert(number.clone());
        }
    }

    pub(crate) fn contains(&self, number: &PhoneNumber, wall: Timestamp) -> bool {
        let given = match &self.given {
            Screening::Ready { list, .. } => list.holds(number, wall),
            Screening::NotReady => false,
        };
        given || self.learned.contains(number)
    }

    /// Whether the lists can be asked, for somebody who wants them no older than `max_age`.
    pub(crate) fn can_be_asked(&self, max_age: Option<Duration>, wall: Timestamp) -> bool {
        match &self.given {
            Screening::NotReady => false,
            Screening::Ready { as_of, .. } => {
                as_of.zip(max_age).is_none_or(|(as_of, max_age)| wall < later(as_of, max_age))
            }
        }
    }

    /// What targets have put on the list.
    pub(crate) fn learned(&self) -> impl ExactSizeIterator<Item = &PhoneNumber> {
        self.learned.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(days: i64) -> Timestamp {
        Timestamp::from_second(days * 86_400).unwrap()
    }

    #[test]
    fn a_list_that_is_too_old_for_somebody_cannot_be_asked_and_for_others_it_can() {
        let mut lists = DoNotCall::default();
        let month = Some(Duration::from_hours(31 * 24));
        let read = |as_of: Option<i64>| Screening::Ready { list: Arc::new(BTreeSet::new()), as_of: as_of.map(at) };
        for (given, max_age, now, can) in [
            (Screening::NotReady, None, 0, false),
            (read(None), month, 1000, true),
            (read(Some(0)), month, 30, true),
            (read(Some(0)), month, 31, false),
            (read(Some(0)), None, 1000, true),
        ] {
            lists.give(given.clone());
            assert_eq!(lists.can_be_asked(max_age, at(now)), can, "{given:?} {max_age:?} on day {now}");
        }
    }
}
