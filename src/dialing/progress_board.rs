//! Where the actor shows how far its campaigns and jobs have come, and where controllers read it.
//!
//! Written at most twice a second, read whenever somebody likes; whoever reports an owner is woken when it moved.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dialer::{Dialer, JobId, OwnerId, Progress};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

/// Moves kept for a slow reader. Each owner moves at most twice a second.
const KEPT_MOVES: usize = 1024;

/// How far an owner has come.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// As the dialer sees it.
    pub progress: Progress,
    /// Jobs handed in.
    pub jobs: usize,
    /// Those of them whose targets have all ended, durably.
    pub finished: usize,
    /// Whether every job that the store had at the start was handed in.
    pub ready: bool,
}

/// The owners of one account. Clones are the same board.
#[derive(Clone, Debug)]
pub(super) struct Board {
    shown: Arc<Mutex<Shown>>,
    moves: Moves,
}

#[derive(Debug, Default)]
struct Shown {
    /// With their calls under way.
    jobs: BTreeMap<OwnerId, BTreeMap<JobId, u32>>,
    owners: BTreeMap<OwnerId, Standing>,
}

impl Board {
    /// `moves` is told who has moved.
    pub(super) fn new(moves: Moves) -> Self {
        Self { shown: Arc::default(), moves }
    }

    /// Calls of a job that are claimed, ringing or live, as last shown. `None`: no such job was handed in.
    pub(super) fn in_flight(&self, job: &JobId) -> Option<u32> {
        self.lock().jobs.values().find_map(|jobs| jobs.get(job).copied())
    }

    /// The owner as last shown.
    pub(super) fn standing(&self, owner: &OwnerId) -> Option<Standing> {
        self.lock().owners.get(owner).cloned()
    }

    /// Every owner as last shown.
    pub(super) fn all(&self) -> Vec<Standing> {
        self.lock().owners.values().cloned().collect()
    }

    /// Forgets everything: the actor starts anew.
    pub(super) fn clear(&self) {
        *self.lock() = Shown::default();
    }

    pub(super) fn owner(&self, owner: &OwnerId, job: &JobId) {
        self.lock().jobs.entry(owner.clone()).or_default().entry(job.clone()).or_default();
    }

    pub(super) fn jobs_of(&self, owner: &OwnerId) -> Vec<JobId> {
        self.lock().jobs.get(owner).into_iter().flat_map(BTreeMap::keys).cloned().collect()
    }

    pub(super) fn holds(&self, job: &JobId) -> bool {
        self.lock().jobs.values().any(|jobs| jobs.contains_key(job))
    }

    pub(super) fn forget(&self, job: &JobId) {
        let mut shown = self.lock();
        shown.jobs.retain(|_, jobs| {
            jobs.remove(job);
            !jobs.is_empty()
        });
        let Shown { jobs, owners } = &mut *shown;
        owners.retain(|owner, _| jobs.contains_key(owner));
    }

    pub(super) fn show(&self, dialer: &Dialer, ready: bool) {
        let mut shown = self.lock();
        let Shown { jobs, owners } = &mut *shown;
        for (owner, jobs) in jobs {
            let Some(progress) = dialer.progress(owner) else { continue };
            let mut finished = 0;
            for (job, in_flight) in jobs.iter_mut() {
                let Some(shown) = dialer.job_progress(job) else { continue };
                *in_flight = shown.tallied.counts.in_flight();
                finished += usize::from(shown.finished);
            }
            let standing = Standing { progress, jobs: jobs.len(), finished, ready };
            if owners.get(owner) != Some(&standing) {
                owners.insert(owner.clone(), standing);
                self.moves.tell(owner.clone());
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// News of owners that have moved, for any number of readers. A reader that falls behind is told so.
#[derive(Clone, Debug)]
pub(super) struct Moves(broadcast::Sender<OwnerId>);

/// What a reader of [`Moves`] hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Move {
    /// This owner has moved.
    Of(OwnerId),
    /// The reader fell behind: anybody may have moved.
    OfAnybody,
}

/// One reader of [`Moves`].
#[derive(Debug)]
pub struct MovesReader(broadcast::Receiver<OwnerId>);

impl Default for Moves {
    fn default() -> Self {
        Self(broadcast::channel(KEPT_MOVES).0)
    }
}

impl Moves {
    fn tell(&self, owner: OwnerId) {
        // Nobody reads any more when the process ends.
        let _ending = self.0.send(owner);
    }

    /// News from now on.
    #[must_use]
    pub(super) fn read(&self) -> MovesReader {
        MovesReader(self.0.subscribe())
    }
}

impl MovesReader {
    /// The next move; `None` when there will be no more. Cancel safe.
    pub async fn next(&mut self) -> Option<Move> {
        match self.0.recv().await {
            Ok(owner) => Some(Move::Of(owner)),
            Err(RecvError::Lagged(_)) => Some(Move::OfAnybody),
            Err(RecvError::Closed) => None,
        }
    }
}
