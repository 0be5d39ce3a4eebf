//! What is remembered of each campaign between passes. All of it can be found out again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Mutex as AsyncMutex;
use tokio::time::Instant;

use super::report::SourceNow;
use crate::api::OutboundCampaignStatus;
use crate::audience::Row;

/// What is remembered of one campaign.
#[derive(Debug, Default)]
pub(super) struct Held {
    /// Jobs made so far. `None`: nobody has looked.
    pub(super) made: Option<usize>,
    /// When the last was made.
    pub(super) last_made: Option<Instant>,
    /// The rows in the order of calling, while some are not cut yet.
    pub(super) rows: Option<Arc<[Row]>>,
    /// The application's id at Telnyx, and when it was read.
    pub(super) connection: Option<(Arc<str>, Instant)>,
    /// What the dialer was told last.
    pub(super) told: Option<Told>,
    /// The status that was written last, and when. Nobody else writes it, so it is newer than what a watch has shown.
    pub(super) written: Option<(OutboundCampaignStatus, Instant)>,
    /// Whether the source was still the same, and when that was looked at.
    pub(super) source: Option<(SourceNow, Instant)>,
}

/// What makes it necessary to tell the dialer again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) generation: i64,
    pub(super) connection: Arc<str>,
    pub(super) life: u64,
    pub(super) all_made: bool,
}

/// By UID. One pass at a time runs for each campaign, so nobody waits long for its entry.
#[derive(Debug, Default)]
pub(super) struct Table(Mutex<HashMap<String, Arc<AsyncMutex<Held>>>>);

impl Table {
    pub(super) fn of(&self, uid: &str) -> Arc<AsyncMutex<Held>> {
        Arc::clone(self.lock().entry(uid.to_owned()).or_default())
    }

    pub(super) fn forget(&self, uid: &str) {
        self.lock().remove(uid);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<AsyncMutex<Held>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
