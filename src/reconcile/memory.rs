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
use std::time::Instant;

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
    /// When the request left. Only a listing begun later can show what it made.
    pub since: Instant,
    /// The namesakes that were there before, and so were not made by it.
    pub before: Vec<String>,
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
