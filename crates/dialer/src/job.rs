//! One job: its targets, their states as this process knows them, and how they stand to the store.
//!
//! Promises that at most one write or read of a job is on its way. Does not know pacing, nor Telnyx.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::dialer::Tuning;
use crate::flight::Flight;
use crate::ids::{DeliveryToken, JobId, Version};
use crate::owner::OwnerNo;
use crate::progress::Tallied;
use crate::spec::TargetSpec;
use crate::target::TargetState;

/// One job.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) id: JobId,
    pub(crate) owner: OwnerNo,
    pub(crate) version: Version,
    pub(crate) targets: Arc<[TargetSpec]>,
    /// Which of the owner's queues each target waits in.
    pub(crate) queue_of: Vec<usize>,
    pub(crate) states: Vec<TargetState>,
    pub(crate) flights: BTreeMap<u32, Flight>,
    pub(crate) tallied: Tallied,
    pub(crate) sync: Sync,
    /// The store does not hold these states.
    pub(crate) dirty: bool,
    /// How long what is not stored may wait to be written along with something that cannot wait.
    pub(crate) save_by: Duration,
    pub(crate) last_save: Option<Duration>,
    /// Saves and loads in a row that did not end well.
    pub(crate) failures: u32,
    /// Claims that were taken over and go out with the next save.
    pub(crate) taken_over: BTreeSet<u32>,
    /// Targets whose latest claim ended here with nothing rung: given back, or refused.
    pub(crate) unrung: BTreeSet<u32>,
    /// Targets whose halt was lifted here and, as far as is known, not yet in the store.
    pub(crate) lifted: BTreeSet<u32>,
    /// Webhooks whose effect is in `states` and not on its way to the store.
    pub(crate) unsaved_tokens: Vec<DeliveryToken>,
}

/// How a job stands to the store.
#[derive(Debug)]
pub(crate) enum Sync {
    /// Nothing is on its way.
    Idle,
    /// A write is on its way, with these webhooks' effects in it.
    Saving(Vec<DeliveryToken>),
    /// The store has to be read before the next write. `None`: the read is on its way.
    Stale(Option<Duration>),
}

impl Job {
    /// Whether the store holds all that is known of it.
    pub(crate) fn is_stored(&self) -> bool {
        !self.dirty && matches!(self.sync, Sync::Idle)
    }

    /// When the target at `index` is due, by its state and by itself; `None` when it always was.
    pub(crate) fn due_at(&self, index: usize) -> Option<Timestamp> {
        let own = self.targets.get(index).and_then(|target| target.not_before);
        match self.states.get(index)? {
            TargetState::Pending { not_before, .. } => (*not_before).max(own),
            TargetState::Claimed { .. }
            | TargetState::Dialing { .. }
            | TargetState::Held { .. }
            | TargetState::Done { .. } => None,
        }
    }

    /// Not saved before.
    pub(crate) fn may_save_from(&self, tuning: &Tuning) -> Duration {
        let gap = if self.unsaved_tokens.is_empty() { tuning.save_gap } else { tuning.ack_gap };
        self.last_save.map_or(Duration::ZERO, |at| at + gap)
    }

    /// How long to wait after the latest failure: 1 s, doubled each time, at most 30 s.
    pub(crate) fn backoff(&self) -> Duration {
        Duration::from_secs(1 << self.failures.saturating_sub(1).min(5)).min(Duration::from_secs(30))
    }
}
