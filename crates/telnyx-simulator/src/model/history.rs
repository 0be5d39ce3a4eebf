//! What was commanded and what was told, call by call: the source of `/call_events`.
//!
//! Promises a bounded memory: the oldest entry makes room. Finds by leg or called number without a walk.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::calls::Call;
use super::leg::Leg;
use super::moment::Moment;
use super::outbox::Event;

/// One entry.
pub(crate) struct Entry {
    pub(crate) at: Moment,
    pub(crate) leg_id: Arc<str>,
    pub(crate) session_id: Arc<str>,
    pub(crate) connection: Arc<str>,
    pub(crate) from: Arc<str>,
    pub(crate) to: Arc<str>,
    pub(crate) kind: EntryKind,
}

/// A command that was accepted or a webhook that was sent.
pub(crate) enum EntryKind {
    Command(&'static str),
    Webhook(Arc<Event>),
}

impl Entry {
    pub(crate) fn of(call: &Call, kind: EntryKind, at: Moment) -> Self {
        Self {
            at,
            leg_id: Arc::clone(&call.leg_id),
            session_id: Arc::clone(&call.session_id),
            connection: Arc::clone(&call.connection),
            from: Arc::clone(&call.from),
            to: Arc::clone(&call.to),
            kind,
        }
    }

    pub(crate) fn of_leg(leg: &Leg, kind: EntryKind, at: Moment) -> Self {
        Self {
            at,
            leg_id: Arc::clone(&leg.leg_id),
            session_id: Arc::clone(&leg.session_id),
            connection: Arc::clone(&leg.connection),
            from: Arc::clone(&leg.from),
            to: Arc::clone(&leg.to),
            kind,
        }
    }

    pub(crate) fn name(&self) -> &'static str {
        match &self.kind {
            EntryKind::Command(name) => name,
            EntryKind::Webhook(event) => event.event_type,
        }
    }
}

/// A ring of entries with two indexes.
pub(crate) struct History {
    entries: VecDeque<Entry>,
    /// Number of the first entry still here.
    first: u64,
    capacity: usize,
    by_leg: HashMap<Arc<str>, VecDeque<u64>>,
    by_number: HashMap<Arc<str>, VecDeque<u64>>,
}

impl History {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            entries: VecDeque::new(),
            first: 0,
            capacity: capacity.max(1),
            by_leg: HashMap::new(),
            by_number: HashMap::new(),
        }
    }

    pub(crate) fn record(&mut self, entry: Entry) {
        if self.entries.len() >= self.capacity
            && let Some(oldest) = self.entries.pop_front()
        {
            self.first += 1;
            forget(&mut self.by_leg, &oldest.leg_id, VecDeque::pop_front);
            forget(&mut self.by_number, &oldest.to, VecDeque::pop_front);
        }
        let number = self.first + u64::try_from(self.entries.len()).unwrap_or(u64::MAX);
        self.by_leg.entry(Arc::clone(&entry.leg_id)).or_default().push_back(number);
        self.by_number.entry(Arc::clone(&entry.to)).or_default().push_back(number);
        self.entries.push_back(entry);
    }

    /// Takes the newest entry back: its command was refused after all.
    pub(crate) fn retract(&mut self) {
        if let Some(newest) = self.entries.pop_back() {
            forget(&mut self.by_leg, &newest.leg_id, VecDeque::pop_back);
            forget(&mut self.by_number, &newest.to, VecDeque::pop_back);
        }
    }

    /// All entries, oldest first.
    pub(crate) fn all(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        self.entries.iter()
    }

    /// The entries of one leg, oldest first.
    pub(crate) fn of_leg(&self, leg: &str) -> impl DoubleEndedIterator<Item = &Entry> {
        self.at(self.by_leg.get(leg))
    }

    /// The entries of calls to one number, oldest first.
    pub(crate) fn of_number(&self, number: &str) -> impl DoubleEndedIterator<Item = &Entry> {
        self.at(self.by_number.get(number))
    }

    fn at<'a>(&'a self, numbers: Option<&'a VecDeque<u64>>) -> impl DoubleEndedIterator<Item = &'a Entry> {
        numbers
            .into_iter()
            .flatten()
            .filter_map(|number| self.entries.get(usize::try_from(number.checked_sub(self.first)?).ok()?))
    }
}

/// Takes one number off the list under `key`, at the end that `pop` says.
fn forget(
    index: &mut HashMap<Arc<str>, VecDeque<u64>>,
    key: &Arc<str>,
    pop: impl FnOnce(&mut VecDeque<u64>) -> Option<u64>,
) {
    if let Some(numbers) = index.get_mut(key) {
        pop(numbers);
        if numbers.is_empty() {
            index.remove(key);
        }
    }
}
