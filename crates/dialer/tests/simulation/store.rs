//! A job store in memory: compare-and-swap, and a memory of every claim that was ever stored.

use std::collections::BTreeMap;
use std::time::Duration;

use dialer::rules::MOST_IGNORED;
use dialer::{DialKey, JobId, TargetState, Version};

use crate::judge::{Check, Judge};

/// Stored jobs. Whoever reads one gets it by way of JSON, as from a real store.
#[derive(Default)]
pub struct Store {
    jobs: BTreeMap<JobId, (u64, Vec<TargetState>)>,
    /// Every `(job, index, n, refusals)` that was ever stored as claimed, and when first.
    claims: BTreeMap<(JobId, usize, u16, u32), Duration>,
    judge: Judge,
}

impl Store {
    /// An empty one.
    pub fn new(judge: Judge) -> Self {
        Self { judge, ..Self::default() }
    }

    /// A new job whose targets are untouched.
    pub fn create(&mut self, job: &JobId) {
        self.jobs.insert(job.clone(), (1, Vec::new()));
    }

    /// Whether the swap was made; the new version if so.
    pub fn swap(&mut self, job: &JobId, base: &Version, states: &[TargetState], now: Duration) -> Option<Version> {
        let judge = self.judge;
        let (version, stored) = self.jobs.get_mut(job)?;
        if version.to_string() != base.as_str() {
            return None;
        }
        let mut states = states.to_vec();
        if judge.breaks(Check::StoredNeverGoesBack) && now > Duration::from_mins(2) {
            states[0] = TargetState::default();
        }
        for (old, new) in std::mem::take(stored).into_iter().zip(&states) {
            if !matches!(old, TargetState::Held { .. }) {
                let joined = old.clone().join(new.clone());
                judge.hold(Check::StoredNeverGoesBack, joined == *new, || format!("{old:?} became {new:?}"));
            }
        }
        *version += 1;
        stored.clone_from(&states);
        for (index, state) in states.iter().enumerate() {
            if let (TargetState::Claimed { tally, .. }, Some(n)) = (state, state.attempt())
                && !judge.breaks(Check::ClaimedBeforeDialled)
            {
                self.claims.entry((job.clone(), index, n, tally.refusals)).or_insert(now);
            }
        }
        Some(Version::new(&version.to_string()))
    }

    /// Somebody else writes the job without changing any state.
    pub fn touch(&mut self, job: &JobId) {
        if let Some((version, _)) = self.jobs.get_mut(job) {
            *version += 1;
        }
    }

    pub fn remove(&mut self, job: &JobId) {
        self.jobs.remove(job);
    }

    pub fn holds(&self, job: &JobId) -> bool {
        self.jobs.contains_key(job)
    }

    pub fn read(&self, job: &JobId) -> (Version, Vec<TargetState>) {
        let (version, stored) = &self.jobs[job];
        let text = serde_json::to_string(stored).unwrap();
        (Version::new(&version.to_string()), serde_json::from_str(&text).unwrap())
    }

    /// The stored states.
    pub fn peek(&self, job: &JobId) -> &[TargetState] {
        &self.jobs[job].1
    }

    /// Attempts of a target that do not count, as stored; as many as may be when its job is gone.
    pub fn ignored(&self, job: &JobId, index: usize) -> u16 {
        let state = |(_, states): &(u64, Vec<TargetState>)| states.get(index).map_or(0, |state| state.tally().ignored);
        self.jobs.get(job).map_or(MOST_IGNORED, state)
    }

    /// When the claim of a dial was first stored; `None`: never.
    pub fn claimed_at(&self, job: &JobId, index: usize, key: &DialKey) -> Option<Duration> {
        self.claims.get(&(job.clone(), index, key.attempt.n, key.refusals)).copied()
    }
}
