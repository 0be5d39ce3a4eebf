//! What was done, for whoever runs a test against the simulator.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::moment::Moment;

/// Everything that is counted. Never reset but by resetting the world.
#[derive(Debug, Clone, Default)]
pub struct Counters {
    pub(super) requests: BTreeMap<(usize, u16), u64>,
    pub(super) dropped: BTreeMap<usize, u64>,
    pub(super) unrouted: u64,
    /// Commands on calls that were recognised as repetitions by their `command_id`.
    pub(super) duplicate_commands: u64,
    pub(super) dials: DialCounters,
    pub(super) webhooks: WebhookCounters,
    pub(super) max_concurrent_calls: u64,
    pub(super) conferences: ConferenceCounters,
    pub(super) ended: BTreeMap<&'static str, u64>,
    recent: VecDeque<Moment>,
    numbers: HashMap<Arc<str>, u64>,
    callers: HashMap<Arc<str>, u64>,
    records: VecDeque<DialRecord>,
    max_records: usize,
}

/// Dials in all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DialCounters {
    /// Phones that were made to ring.
    pub(super) accepted: u64,
    /// Dials that were recognised as repetitions by their `command_id`.
    pub(super) duplicates: u64,
    /// Dials refused, by error code.
    pub(super) refused: BTreeMap<String, u64>,
    /// Most accepted dials within any five seconds.
    pub(super) max_in_five_seconds: usize,
}

/// Conferences in all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ConferenceCounters {
    /// Conferences that were opened.
    pub(super) created: u64,
    /// Conferences that ended, by reason.
    pub(super) ended: BTreeMap<&'static str, u64>,
    /// Most participants that one conference had at the same time.
    pub(super) max_participants: usize,
}

impl ConferenceCounters {
    pub(super) fn joined(&mut self, present: usize) {
        self.max_participants = self.max_participants.max(present);
    }

    pub(super) fn ended(&mut self, reason: &'static str) {
        *self.ended.entry(reason).or_default() += 1;
    }
}

/// Webhooks in all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WebhookCounters {
    /// Events that happened.
    pub events: u64,
    /// Attempts that ended.
    pub attempts: u64,
    /// Webhooks acknowledged with 2xx.
    pub delivered: u64,
    /// Webhooks given up.
    pub failed: u64,
    /// Attempts that were followed by another one.
    pub retried: u64,
    /// Extra copies made by faults.
    pub duplicated: u64,
    /// Events that a fault kept from being sent.
    pub dropped: u64,
    /// Webhooks that found the outbox full.
    pub lost: u64,
}

/// One accepted dial.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DialRecord {
    /// When.
    pub at: Moment,
    /// The called number.
    pub to: Arc<str>,
    /// The caller id.
    pub from: Arc<str>,
    /// The application.
    pub connection_id: Arc<str>,
    /// The dial's `client_state`, base64 as it came.
    pub client_state: Option<Arc<str>>,
    /// The dial's `command_id`.
    pub command_id: Option<String>,
    /// The call that it became.
    pub call_control_id: Arc<str>,
    /// Its leg.
    pub call_leg_id: Arc<str>,
}

/// Accepted dials of one number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NumberDials {
    /// The called number.
    pub to: Arc<str>,
    /// How often it was made to ring, also beyond what `dials` still lists.
    pub count: u64,
    /// The dials, oldest first.
    pub dials: Vec<DialRecord>,
}

impl Counters {
    pub(super) fn new(max_records: usize) -> Self {
        Self { max_records, ..Self::default() }
    }

    pub(super) fn request(&mut self, route: usize, status: u16) {
        *self.requests.entry((route, status)).or_default() += 1;
    }

    /// The connection was closed without an answer.
    pub(super) fn dropped(&mut self, route: usize) {
        *self.dropped.entry(route).or_default() += 1;
    }

    pub(super) fn unrouted(&mut self) {
        self.unrouted += 1;
    }

    pub(super) fn concurrent(&mut self, calls: u64) {
        self.max_concurrent_calls = self.max_concurrent_calls.max(calls);
    }

    pub(super) fn ended(&mut self, cause: &'static str) {
        *self.ended.entry(cause).or_default() += 1;
    }

    pub(super) fn refused_dial(&mut self, code: &str) {
        *self.dials.refused.entry(code.to_owned()).or_default() += 1;
    }

    /// How often this number was dialled so far.
    pub(super) fn dials_to(&self, number: &str) -> u64 {
        self.numbers.get(number).copied().unwrap_or(0)
    }

    /// How often this number called so far; this call is counted.
    pub(super) fn calls_from(&mut self, number: &Arc<str>) -> u64 {
        let calls = self.callers.entry(Arc::clone(number)).or_default();
        *calls += 1;
        *calls - 1
    }

    pub(super) fn dialled(&mut self, record: DialRecord) {
        self.dials.accepted += 1;
        *self.numbers.entry(Arc::clone(&record.to)).or_default() += 1;
        while self.recent.front().is_some_and(|at| record.at.since(*at) >= Duration::from_secs(5)) {
            self.recent.pop_front();
        }
        self.recent.push_back(record.at);
        self.dials.max_in_five_seconds = self.dials.max_in_five_seconds.max(self.recent.len());
        if self.records.len() >= self.max_records {
            self.records.pop_front();
        }
        self.records.push_back(record);
    }

    /// The dials that are still listed, by number, in the order of numbers; of one number only when it is given.
    pub(super) fn dials_by_number(&self, number: Option<&str>, at_least: u64) -> Vec<NumberDials> {
        let mut by_number: BTreeMap<&Arc<str>, Vec<DialRecord>> = BTreeMap::new();
        for record in self.records.iter().filter(|record| number.is_none_or(|number| &*record.to == number)) {
            by_number.entry(&record.to).or_default().push(record.clone());
        }
        by_number
            .into_iter()
            .map(|(to, dials)| NumberDials { to: Arc::clone(to), count: self.dials_to(to), dials })
            .filter(|number| number.count >= at_least)
            .collect()
    }
}
