//! Which results of a job were delivered: a set of places in its list, written as intervals.
//!
//! Shared between the job's only writer, which stores it beside the states, and the courier, which marks what was
//! delivered. Promises that a mark is never taken back, so that a stored cursor is never ahead of the truth.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dialer::{JobId, TargetId};
use serde::{Serialize, Serializer};

/// Places in a list, counted from 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places(BTreeSet<u32>);

/// The text is no list of intervals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not intervals such as 0-12,14")]
pub struct NotIntervals;

impl Places {
    /// Reads `0-12,14`: ascending, below `length`. Empty text is none.
    pub fn parse(text: &str, length: u32) -> Result<Self, NotIntervals> {
        let mut places = BTreeSet::new();
        for part in text.split(',').filter(|_| !text.is_empty()) {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let number = |text: &str| text.parse::<u32>().map_err(|_| NotIntervals);
            let (first, last) = (number(first)?, number(last)?);
            if last < first || last >= length || places.last().is_some_and(|before| *before >= first) {
                return Err(NotIntervals);
            }
            places.extend(first..=last);
        }
        Ok(Self(places))
    }

    /// Adds a place. Returns whether it was new.
    pub fn insert(&mut self, place: u32) -> bool {
        self.0.insert(place)
    }

    /// Whether it is among them.
    #[must_use]
    pub fn contains(&self, place: u32) -> bool {
        self.0.contains(&place)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut places = self.0.iter().copied().peekable();
        let mut separator = "";
        while let Some(first) = places.next() {
            let mut last = first;
            while let Some(next) = places.next_if_eq(&(last + 1)) {
                last = next;
            }
            write!(f, "{separator}{first}")?;
            if last > first {
                write!(f, "-{last}")?;
            }
            separator = ",";
        }
        Ok(())
    }
}

impl Serialize for Places {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The cursor of one job.
#[derive(Debug)]
pub struct Cursor {
    job: JobId,
    name: String,
    ids: Arc<[TargetId]>,
    marks: Mutex<Marks>,
}

#[derive(Debug)]
struct Marks {
    delivered: Places,
    /// How many of them the store holds.
    stored: usize,
}

impl Cursor {
    /// Of a job whose status says `stored`. What cannot be read counts as nothing: an event comes twice rather than never.
    #[must_use]
    pub fn new(job: JobId, name: String, ids: Arc<[TargetId]>, stored: &str) -> Self {
        let length = u32::try_from(ids.len()).unwrap_or(u32::MAX);
        let delivered = Places::parse(stored, length).unwrap_or_else(|problem| {
            tracing::warn!(%job, %problem, "status.delivered was altered by somebody else: all results are sent again");
            Places::default()
        });
        let stored = delivered.len();
        Self { job, name, ids, marks: Mutex::new(Marks { delivered, stored }) }
    }

    /// Whose it is.
    #[must_use]
    pub fn job(&self) -> &JobId {
        &self.job
    }

    /// The job's name.
    #[must_use]
    pub fn job_name(&self) -> &str {
        &self.name
    }

    /// The target at a place.
    #[must_use]
    pub fn target(&self, place: u32) -> Option<&TargetId> {
        self.ids.get(usize::try_from(place).ok()?)
    }

    /// The result at this place was taken.
    pub fn mark(&self, place: u32) {
        self.lock().delivered.insert(place);
    }

    /// What was delivered so far.
    #[must_use]
    pub fn delivered(&self) -> Places {
        self.lock().delivered.clone()
    }

    /// The store holds these.
    pub fn stored(&self, places: &Places) {
        let mut marks = self.lock();
        marks.stored = marks.stored.max(places.len());
    }

    /// Whether the store holds all marks.
    #[must_use]
    pub fn is_stored(&self) -> bool {
        let marks = self.lock();
        marks.stored == marks.delivered.len()
    }

    fn lock(&self) -> MutexGuard<'_, Marks> {
        self.marks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn places(text: &str) -> Result<Places, NotIntervals> {
        Places::parse(text, 250)
    }

    #[test]
    fn places_are_written_as_intervals() {
        let mut some = Places::default();
        for place in [14, 0, 2, 1, 249] {
            assert!(some.insert(place));
        }
        assert_eq!(some.to_string(), "0-2,14,249");
        assert_eq!((Places::default().to_string().as_str(), places("")), ("", Ok(Places::default())));
    }

    #[test]
    fn what_is_no_list_of_intervals_is_refused() {
        for text in ["a", "1-", "-1", "3-1", "1,1", "5,2", "250", "0-250", "1,,2", " 1"] {
            assert_eq!(places(text), Err(NotIntervals), "{text:?}");
        }
    }

    #[test]
    fn a_mark_that_came_after_the_write_is_not_taken_for_stored() {
        let ids: Arc<[TargetId]> = ["a", "b"].map(|id| TargetId::parse(id).unwrap()).into();
        let cursor = Cursor::new(JobId::parse("job").unwrap(), "c-00000".to_owned(), ids, "");
        cursor.mark(0);
        let written = cursor.delivered();
        cursor.mark(1);
        cursor.stored(&written);
        assert!(!cursor.is_stored());
        cursor.stored(&cursor.delivered());
        assert!(cursor.is_stored());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(some in prop::collection::btree_set(0..250u32, 0..250)) {
            let some = Places(some);
            prop_assert_eq!(places(&some.to_string()), Ok(some.clone()));
        }
    }
}
