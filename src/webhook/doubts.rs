//! How often it is said that an account's webhooks are signed with another key: anybody can send such, and most likely somebody
//! has copied the public key of another account.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Between two lines about one account.
const EVERY: Duration = Duration::from_mins(1);

/// What was refused since it was said last, by account. Holds accounts that exist, as only their webhooks are verified, and of
/// those the ones that were spoken of in the last minute, or that are spoken of again before another is.
#[derive(Debug, Default)]
pub(super) struct Doubts(Mutex<HashMap<Box<str>, Doubt>>);

#[derive(Debug)]
struct Doubt {
    told: Instant,
    since: u64,
}

impl Doubts {
    /// One more was refused for this account. `Some`: it is to be said now that so many were, this one and those since the last
    /// time.
    pub(super) fn refused(&self, account: &str, now: Instant) -> Option<u64> {
        let mut doubts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(doubt) = doubts.get_mut(account) {
            doubt.since += 1;
            if now.saturating_duration_since(doubt.told) < EVERY {
                return None;
            }
            return Some(std::mem::replace(doubt, Doubt { told: now, since: 0 }).since);
        }
        // Of whom nothing was said for so long, the next is said at once: there is nothing to remember.
        doubts.retain(|_, doubt| now.saturating_duration_since(doubt.told) < EVERY);
        doubts.insert(account.into(), Doubt { told: now, since: 0 });
        Some(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_spoken_of_at_once_and_then_once_a_minute_with_all_that_came_in_between() {
        let (doubts, start) = (Doubts::default(), Instant::now());
        let at = |account: &str, ms: u64| doubts.refused(account, start + Duration::from_millis(ms));
        assert_eq!(at("sales/main", 0), Some(1));
        assert_eq!((1..60_000).filter_map(|ms| at("sales/main", ms)).count(), 0);
        assert_eq!(at("sales/other", 500), Some(1), "each by itself");
        assert_eq!(at("sales/main", 60_000), Some(60_000));
        assert_eq!(at("sales/main", 61_000), None);
        assert_eq!(doubts.refused("sales/main", start), None, "a clock reading from before says nothing");
        assert_eq!(at("sales/other", 120_000), Some(1));
    }

    #[test]
    fn accounts_of_which_nothing_is_left_to_say_are_forgotten() {
        let (doubts, start) = (Doubts::default(), Instant::now());
        for n in 0..100_u64 {
            doubts.refused(&format!("sales/{n}"), start + EVERY * u32::try_from(n).unwrap());
        }
        assert!(doubts.0.lock().unwrap().len() <= 2);
    }
}
