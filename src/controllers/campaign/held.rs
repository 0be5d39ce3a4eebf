//! What is remembered of each campaign between passes. All of it can be found out again.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex};

use dialer::compliance::Rule;
use jiff::Timestamp;
use tokio::sync::Mutex as AsyncMutex;
use tokio::time::Instant;

use super::report::{Gap, SourceNow};
use crate::api::{EstimateStatus, OutboundCampaignStatus};
use crate::controllers::problem::Lasting;
use crate::reconcile::locked;

/// What is remembered of one campaign.
#[derive(Debug, Default)]
pub(super) struct Held {
    /// Jobs made so far. `None`: nobody has looked.
    pub(super) made: Option<usize>,
    /// When the last was made.
    pub(super) last_made: Option<Instant>,
    /// The jobs that somebody has deleted, as far as that was noticed.
    pub(super) gap: Option<Gap>,
    /// Why the list at a URL could not be used when it was read last.
    pub(super) refusal: Option<Refusal>,
    /// The application's id at Telnyx, and when it was read.
    pub(super) connection: Option<(Arc<str>, Instant)>,
    /// What the dialer was told last.
    pub(super) told: Option<Told>,
    /// The status that was written last, and when. Nobody else writes it, so it is newer than what a watch has shown.
    pub(super) written: Option<(OutboundCampaignStatus, Instant)>,
    /// Whether everything that has to outlive its jobs was stored.
    pub(super) remembered: bool,
    /// What came of the last dry run. It is in status once that may be written again.
    pub(super) rehearsal: Option<Played>,
    /// Whether the source was still the same, and when that was looked at.
    pub(super) source: Option<(SourceNow, Instant)>,
}

/// Why a list could not be used.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    /// Of the campaign that was read for.
    pub(super) generation: Option<i64>,
    pub(super) at: Instant,
    pub(super) problem: Lasting,
}

/// What came of a dry run.
#[derive(Clone, Debug)]
pub(super) struct Played {
    pub(super) estimate: EstimateStatus,
    /// What the annotation said that asks for another.
    pub(super) asked: Option<String>,
}

/// What makes it necessary to tell the dialer again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) generation: i64,
    /// An annotation is no part of the generation.
    pub(super) set_aside: BTreeSet<Rule>,
    pub(super) connection: Arc<str>,
    pub(super) life: u64,
    pub(super) all_made: bool,
    /// When the first call was started, where it matters.
    pub(super) started: Option<Timestamp>,
}

/// By UID. One pass at a time runs for each campaign, so nobody waits long for its entry.
#[derive(Debug, Default)]
pub(super) struct Table {
    held: Mutex<HashMap<String, Arc<AsyncMutex<Held>>>>,
    notes: Mutex<Notes>,
}

/// What the watches and the passes tell each other. Each is by UID.
#[derive(Debug, Default)]
struct Notes {
    /// Whose every reference was there at the last pass.
    served: HashSet<String>,
    /// Whose list may have changed since it was compared.
    sources: HashSet<String>,
}

impl Table {
    pub(super) fn of(&self, uid: &str) -> Arc<AsyncMutex<Held>> {
        Arc::clone(locked(&self.held).entry(uid.to_owned()).or_default())
    }

    pub(super) fn forget(&self, uid: &str) {
        locked(&self.held).remove(uid);
        let mut notes = locked(&self.notes);
        notes.served.remove(uid);
        notes.sources.remove(uid);
    }

    /// Notes whether every reference was there. Returns what was noted before.
    pub(super) fn serve(&self, uid: &str, served: bool) -> bool {
        let mut notes = locked(&self.notes);
        if served { !notes.served.insert(uid.to_owned()) } else { notes.served.remove(uid) }
    }

    /// Does it, as far as is known, wait for a reference?
    pub(super) fn may_wait(&self, uid: &str) -> bool {
        !locked(&self.notes).served.contains(uid)
    }

    /// The object with its list has changed somehow.
    pub(super) fn source_moved(&self, uid: &str) {
        locked(&self.notes).sources.insert(uid.to_owned());
    }

    /// Has that happened since this was asked last?
    pub(super) fn source_has_moved(&self, uid: &str) -> bool {
        locked(&self.notes).sources.remove(uid)
    }
}
