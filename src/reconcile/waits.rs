//! How long objects wait for their turn: from what asks for a pass to its start.
//!
//! Who asks again before the turn has come waits with the first. A pass that was set for a time (a retry, a slow look) was
//! asked for by nobody. Knows no more objects than exist: one that vanished before its turn is let go of.

use super::memory::locked;
use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Since when each object waits, by namespace and name.
#[derive(Debug, Default)]
pub(super) struct Waits(Mutex<HashMap<(String, String), Instant>>);

impl Waits {
    /// Something asks for a pass over the object at `now`.
    pub(super) fn asked(&self, namespace: &str, name: &str, now: Instant) {
        locked(&self.0).entry((namespace.to_owned(), name.to_owned())).or_insert(now);
    }

    /// The object's turn has come at `now`. How long it has waited; `None` when nobody asked.
    pub(super) fn begun(&self, namespace: &str, name: &str, now: Instant) -> Option<Duration> {
        let asked = self.gone(namespace, name)?;
        Some(now.saturating_duration_since(asked))
    }

    /// The object does not exist any more. Since when it waited.
    pub(super) fn gone(&self, namespace: &str, name: &str) -> Option<Instant> {
        locked(&self.0).remove(&(namespace.to_owned(), name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_again_waits_with_the_first() {
        let (waits, begun) = (Waits::default(), Instant::now());
        let at = |seconds| begun + Duration::from_secs(seconds);
        waits.asked("a", "one", at(0));
        waits.asked("a", "one", at(4));
        waits.asked("b", "one", at(4));
        assert_eq!(waits.begun("a", "one", at(5)), Some(Duration::from_secs(5)));
        assert_eq!(waits.begun("b", "one", at(5)), Some(Duration::from_secs(1)));
    }

    #[test]
    fn a_turn_that_nobody_asked_for_waited_for_nobody() {
        let (waits, begun) = (Waits::default(), Instant::now());
        assert_eq!(waits.begun("a", "one", begun), None);
        waits.asked("a", "one", begun);
        assert!(waits.begun("a", "one", begun).is_some());
        assert_eq!(waits.begun("a", "one", begun), None);
    }

    #[test]
    fn what_vanished_before_its_turn_is_let_go_of() {
        let (waits, begun) = (Waits::default(), Instant::now());
        waits.asked("a", "one", begun);
        assert_eq!(waits.gone("a", "one"), Some(begun));
        assert_eq!(waits.begun("a", "one", begun), None);
    }
}
