//! Which events were seen: "Telnyx may deliver a webhook more than once" (receiving webhooks guide), and each one costs
//! the account's actor a turn.
//!
//! An optimisation with a promise: an event is called a repeat only after its effect was durable. Forgetting one is
//! harmless, since the dialer core takes a repeated event as nothing new.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Events remembered as done per generation; two generations are kept. At 3,000 events a second that is 20 to 40
/// seconds, well over the deliveries that follow each other because an answer was slow.
const GENERATION: usize = 65_536;

/// What is known of an event.
#[derive(Debug)]
pub(super) enum Seen<'a> {
    /// Never, or not in living memory: it is this caller's to handle.
    New(InFlight<'a>),
    /// Another delivery of it is being handled.
    InFlight,
    /// Its effect is durable.
    Done,
}

/// The events of one account, by a hash of their id.
#[derive(Debug, Default)]
pub(super) struct Dedupe {
    hasher: RandomState,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    in_flight: HashSet<u64>,
    current: HashSet<u64>,
    previous: HashSet<u64>,
}

impl Dedupe {
    /// Claims the event for the caller unless it is known.
    pub(super) fn claim(&self, event_id: &str) -> Seen<'_> {
        let id = self.hasher.hash_one(event_id);
        let mut state = self.lock();
        if state.current.contains(&id) || state.previous.contains(&id) {
            Seen::Done
        } else if state.in_flight.insert(id) {
            Seen::New(InFlight { dedupe: self, id })
        } else {
            Seen::InFlight
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Each change of the state is complete before anything can panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An event being handled. Dropped without [`InFlight::done`], the next delivery is new again.
#[derive(Debug)]
pub(super) struct InFlight<'a> {
    dedupe: &'a Dedupe,
    id: u64,
}

impl InFlight<'_> {
    /// The effect is durable: later deliveries are repeats.
    pub(super) fn done(self) {
        let mut state = self.dedupe.lock();
        if state.current.len() >= GENERATION {
            state.previous = mem::take(&mut state.current);
        }
        state.current.insert(self.id);
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.dedupe.lock().in_flight.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim<'a>(dedupe: &'a Dedupe, id: &str) -> InFlight<'a> {
        match dedupe.claim(id) {
            Seen::New(claim) => claim,
            seen @ (Seen::InFlight | Seen::Done) => panic!("{id} is not new: {seen:?}"),
        }
    }

    #[test]
    fn a_second_delivery_waits_while_the_first_is_handled_and_is_a_repeat_after_it() {
        let dedupe = Dedupe::default();
        let first = claim(&dedupe, "a");
        assert!(matches!(dedupe.claim("a"), Seen::InFlight));
        let _other = claim(&dedupe, "b");
        first.done();
        assert!(matches!(dedupe.claim("a"), Seen::Done));
        assert!(matches!(dedupe.claim("b"), Seen::InFlight));
    }

    #[test]
    fn a_delivery_that_failed_leaves_the_event_new() {
        let dedupe = Dedupe::default();
        drop(claim(&dedupe, "a"));
        claim(&dedupe, "a").done();
        assert!(matches!(dedupe.claim("a"), Seen::Done));
    }

    #[test]
    fn memory_is_bounded_and_the_newest_are_remembered() {
        let dedupe = Dedupe::default();
        for n in 0..3 * GENERATION {
            claim(&dedupe, &n.to_string()).done();
        }
        let state = dedupe.lock();
        assert!(state.current.len() + state.previous.len() <= 2 * GENERATION);
        assert!(state.in_flight.is_empty());
        drop(state);
        for n in 2 * GENERATION..3 * GENERATION {
            assert!(matches!(dedupe.claim(&n.to_string()), Seen::Done));
        }
    }
}
