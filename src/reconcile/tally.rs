//! A sum over accounts, of figures that come one account at a time.
//!
//! A metric must not name accounts, so they are told apart here. An account that is gone counts no longer.

use super::accounts::AccountKey;
use std::collections::HashMap;

/// The last figure of each account.
#[derive(Debug, Default)]
pub(super) struct Tally(HashMap<AccountKey, usize>);

impl Tally {
    /// Replaces what was noted of this account.
    pub(super) fn note(&mut self, account: &AccountKey, figure: usize) {
        if figure == 0 {
            self.0.remove(account);
        } else {
            self.0.insert(account.clone(), figure);
        }
    }

    /// Forgets the accounts that are not to stay. Asks only about those that add something.
    pub(super) fn retain(&mut self, stays: impl Fn(&AccountKey) -> bool) {
        self.0.retain(|account, _| stays(account));
    }

    /// The figures of all accounts together.
    pub(super) fn total(&self) -> usize {
        self.0.values().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(name: &str) -> AccountKey {
        AccountKey { namespace: "voice".to_owned(), name: name.to_owned() }
    }

    #[test]
    fn accounts_add_up_and_each_replaces_only_its_own_figure() {
        let (blue, green) = (account("blue"), account("green"));
        let mut drift = Tally::default();
        assert_eq!(drift.total(), 0);
        drift.note(&blue, 2);
        drift.note(&green, 3);
        assert_eq!(drift.total(), 5);
        drift.note(&blue, 1);
        assert_eq!(drift.total(), 4);
        drift.note(&green, 0);
        assert_eq!(drift.total(), 1);
    }

    #[test]
    fn an_account_that_is_gone_counts_no_longer() {
        let (blue, green) = (account("blue"), account("green"));
        let mut drift = Tally::default();
        drift.note(&blue, 2);
        drift.note(&green, 3);
        drift.retain(|key| *key == green);
        assert_eq!(drift.total(), 3);
    }
}
