//! Numbers that no campaign of the account may call.
//!
//! Promises that a number that was learnt stays on the list while the process lives. Does not know why it is there.

use std::collections::BTreeSet;

use crate::phone::PhoneNumber;

/// The list: what the shell gave, and what targets say of themselves.
#[derive(Debug, Default)]
pub(crate) struct DoNotCall {
    given: BTreeSet<PhoneNumber>,
    learned: BTreeSet<PhoneNumber>,
}

impl DoNotCall {
    /// Replaces what was given before.
    pub(crate) fn give(&mut self, numbers: BTreeSet<PhoneNumber>) {
        self.given = numbers;
    }

    pub(crate) fn learn(&mut self, number: &PhoneNumber) {
        if !self.learned.contains(number) {
            self.learned.insert(number.clone());
        }
    }

    pub(crate) fn contains(&self, number: &PhoneNumber) -> bool {
        self.given.contains(number) || self.learned.contains(number)
    }

    /// What targets have put on the list.
    pub(crate) fn learned(&self) -> impl Iterator<Item = &PhoneNumber> {
        self.learned.iter()
    }
}
