//! Which accounts are still needed by jobs that stand alone: an account goes after the calls that it has to hang up.
//!
//! Of jobs only metadata is watched, which does not name the account. It is learned in a job's first pass; until then the
//! job may be anybody's, and every account waits for it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::reconcile::AccountKey;

/// By the job's UID.
#[derive(Debug, Default)]
pub(super) struct JobAccounts {
    known: Mutex<HashMap<String, Need>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Need {
    /// It has calls to place, or under way.
    Account(AccountKey),
    /// Its targets have ended.
    Nothing,
}

impl JobAccounts {
    /// The job needs this account.
    pub(super) fn needs(&self, uid: &str, account: AccountKey) {
        self.lock().insert(uid.to_owned(), Need::Account(account));
    }

    /// The job is of this account. What is known of its need already stays.
    pub(super) fn learn(&self, uid: &str, account: &AccountKey) {
        self.lock().entry(uid.to_owned()).or_insert_with(|| Need::Account(account.clone()));
    }

    /// The account that the job needs, as far as is known.
    pub(super) fn needed(&self, uid: &str) -> Option<AccountKey> {
        match self.lock().get(uid) {
            Some(Need::Account(account)) => Some(account.clone()),
            Some(Need::Nothing) | None => None,
        }
    }

    /// Its targets have ended. Returns the account that it needed until now.
    pub(super) fn ended(&self, uid: &str) -> Option<AccountKey> {
        match self.lock().insert(uid.to_owned(), Need::Nothing) {
            Some(Need::Account(account)) => Some(account),
            Some(Need::Nothing) | None => None,
        }
    }

    /// The job is let go. Returns the account that it needed until now.
    pub(super) fn gone(&self, uid: &str) -> Option<AccountKey> {
        match self.lock().remove(uid) {
            Some(Need::Account(account)) => Some(account),
            Some(Need::Nothing) | None => None,
        }
    }

    /// May the job of this UID need the account?
    pub(super) fn may_need(&self, uid: &str, account: &AccountKey) -> bool {
        self.lock().get(uid).is_none_or(|need| *need == Need::Account(account.clone()))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Need>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(name: &str) -> AccountKey {
        AccountKey { namespace: "ns".to_owned(), name: name.to_owned() }
    }

    #[test]
    fn a_job_of_which_no_more_than_its_account_is_known_keeps_no_other_waiting() {
        let jobs = JobAccounts::default();
        jobs.learn("job", &account("a"));
        assert!(jobs.may_need("job", &account("a")) && !jobs.may_need("job", &account("b")));
        assert_eq!(jobs.needed("job"), Some(account("a")));
    }

    #[test]
    fn a_job_that_was_not_looked_at_may_need_any_account_and_one_that_has_ended_needs_none() {
        let jobs = JobAccounts::default();
        assert!(jobs.may_need("job", &account("a")) && jobs.may_need("job", &account("b")));
        jobs.needs("job", account("a"));
        assert!(jobs.may_need("job", &account("a")) && !jobs.may_need("job", &account("b")));
        assert_eq!(jobs.ended("job"), Some(account("a")));
        jobs.learn("job", &account("a"));
        assert!(!jobs.may_need("job", &account("a")));
        assert_eq!((jobs.ended("job"), jobs.gone("job")), (None, None));
    }
}
