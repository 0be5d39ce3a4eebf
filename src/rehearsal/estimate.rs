//! What a rehearsal found out.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

/// What a rehearsal found out.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Estimate {
    /// When the campaign begins.
    pub start: Timestamp,
    /// When the first call leaves. `None`: none does.
    pub first_dial: Option<Timestamp>,
    /// When the last target has ended. `None`: some never do, see `stopped_by`, or not within the horizon.
    pub finish: Option<Timestamp>,
    /// What keeps the campaign from ending, or ends it before all its targets were reached.
    pub stopped_by: Option<String>,
    /// Targets on the list.
    pub targets: u32,
    /// Calls that left.
    pub dials: u32,
    /// Most calls under way at once.
    pub most_at_once: u32,
    /// Targets by outcome.
    pub outcomes: BTreeMap<String, u32>,
    /// Targets that must not be called.
    pub blocked: u32,
    /// Targets by how many calls they got.
    pub calls_per_target: BTreeMap<u32, u32>,
    /// Calls in each hour that has any.
    pub per_hour: Vec<Hour>,
    /// Seconds for which something held up the next call, by what: `Pacing`, `Concurrency`, `Window` and so on.
    pub held_up_secs: BTreeMap<String, u64>,
    /// Seconds of answered calls.
    pub talk_secs: u64,
    /// What they cost: by the assumed price, else by those of the campaign's budget.
    pub cost: Option<f64>,
}

/// Calls in one hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Hour {
    /// Its first instant.
    pub at: Timestamp,
    /// Calls that left in it.
    pub dials: u32,
}

impl Estimate {
    /// The busiest hour.
    #[must_use]
    pub fn busiest(&self) -> Option<Hour> {
        self.per_hour.iter().copied().max_by_key(|hour| hour.dials)
    }
}
