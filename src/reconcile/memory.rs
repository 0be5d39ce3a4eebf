//! What the process remembers of each object beyond what the API server has told it yet.
//!
//! The watch lags behind our own writes. A pass that trusted the cached object alone could miss an id that was written
//! a moment ago and create twice. Everything here can be lost at any time, by a crash, without harm: marks on the remote
//! side and the annotation of [`super::prepare`] say the rest.

use super::insistence::Insistence;
use crate::api::RemoteStatus;
use reconcile_plan::Backoff;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What is remembered of one object.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// Its remote id, known from the moment that the API's answer was read.
    pub id: Option<String>,
    /// A create whose answer was lost, until a later listing has told what became of it.
    pub attempt: Option<Attempt>,
    /// When this process first worked on it. A namesake that was made at the API before is in any listing begun later.
    pub(crate) first_pass: Option<Instant>,
    /// The API knows something that our listing does not. Only one begun later counts.
    pub outdated: Option<Instant>,
    /// The status that we wrote last, and the resource version that it got. Dropped once the watch has caught up.
    pub written: Option<(u64, RemoteStatus)>,
    /// The resource version of the write that added the finalizer.
    pub finalizer_version: Option<u64>,
    /// The finalizer is gone: whatever the watch still shows, nothing is left to do.
    pub released: bool,
    /// How often the same difference was put right.
    pub insistence: Insistence,
    /// Its retries.
    pub backoff: Backoff,
}

/// A create of unknown fate.
#[derive(Clone, Debug)]
pub(super) struct Attempt {
    /// When it was given up; `None` while it is under way, and where nobody saw the end.
    over: Option<Instant>,
    /// The namesakes that were there before, and so were not made by it.
    pub(super) before: Vec<String>,
}

/// How long after it was given up a create may still be carried out: it may wait at the API, or on its way there, as long as
/// we waited for its answer.
const LATE: Duration = Duration::from_secs(10);

impl Attempt {
    /// The request leaves.
    #[must_use]
    pub(super) fn begun(before: Vec<String>) -> Self {
        Self { over: None, before }
    }

    /// Its answer was lost at `now`.
    pub(super) fn give_up(&mut self, now: Instant) {
        self.over = Some(now);
    }

    /// Only a listing begun later can show what it made. One begun while it was under way may have been read before it was
    /// carried out, so that it tells nothing of it.
    pub(super) fn shown_after(&mut self, now: Instant) -> Instant {
        let over = *self.over.get_or_insert(now);
        if now >= over + LATE { over + LATE } else { over }
    }

    /// How long at `now` until a listing may be believed that does not show what it made; `None`: one that was begun at
    /// `listed` may be.
    #[must_use]
    pub(super) fn may_arrive_for(&self, now: Instant, listed: Instant) -> Option<Duration> {
        let late = self.over.unwrap_or(now) + LATE;
        (listed <= late).then(|| late.saturating_duration_since(now))
    }
}

/// Memories by UID.
#[derive(Debug, Default)]
pub(super) struct Memories {
    cells: Mutex<HashMap<String, Arc<Mutex<Memory>>>>,
}

impl Memories {
    /// The memory of one object, new or old.
    #[must_use]
    pub(super) fn of(&self, uid: &str) -> Arc<Mutex<Memory>> {
        if let Some(cell) = locked(&self.cells).get(uid) {
            return Arc::clone(cell);
        }
        Arc::clone(locked(&self.cells).entry(uid.to_owned()).or_default())
    }

    /// Is there an object with this UID, as far as this process has seen?
    #[must_use]
    pub(super) fn knows(&self, uid: &str) -> bool {
        locked(&self.cells).contains_key(uid)
    }

    /// The object no longer exists.
    pub(super) fn forget(&self, uid: &str) {
        locked(&self.cells).remove(uid);
    }

    /// Forgets every object that `lives` does not know.
    pub(super) fn retain(&self, lives: impl Fn(&str) -> bool) {
        locked(&self.cells).retain(|uid, _| lives(uid));
    }

    /// How many objects are retrying.
    #[must_use]
    pub(super) fn in_backoff(&self) -> usize {
        locked(&self.cells).values().filter(|cell| locked(cell).backoff.tries() > 0).count()
    }
}

/// A lock whose holder panicked guards plain values that are valid at every step, so it is taken over.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_begun_before_a_create_was_given_up_tells_nothing_of_it() {
        let began = Instant::now();
        let over = began + Duration::from_secs(3);
        let mut attempt = Attempt::begun(vec![]);
        attempt.give_up(over);
        assert_eq!(attempt.shown_after(over + Duration::from_secs(1)), over);
        assert_eq!(attempt.shown_after(over + LATE), over + LATE, "what arrived late is to be seen, too");
    }

    #[test]
    fn what_a_listing_does_not_show_is_not_there_once_it_was_begun_ten_seconds_after_the_create_was_given_up() {
        let over = Instant::now();
        let mut attempt = Attempt::begun(vec![]);
        attempt.give_up(over);
        let after = |secs| over + Duration::from_secs(secs);
        assert_eq!(attempt.may_arrive_for(after(4), after(3)), Some(Duration::from_secs(6)));
        assert_eq!(attempt.may_arrive_for(after(11), after(3)), Some(Duration::ZERO), "it is to be listed anew");
        assert_eq!(attempt.may_arrive_for(after(11), after(10)), Some(Duration::ZERO));
        assert_eq!(attempt.may_arrive_for(after(12), after(11)), None);
    }

    #[test]
    fn a_create_whose_end_nobody_saw_counts_as_given_up_when_it_is_asked_for() {
        let now = Instant::now();
        let mut attempt = Attempt::begun(vec![]);
        assert_eq!(attempt.shown_after(now), now);
        assert_eq!(attempt.shown_after(now + Duration::from_secs(1)), now);
    }
}
