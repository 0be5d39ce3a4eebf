//! What a rehearsal has seen so far, and the estimate that comes of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use dialer::{CampaignEnd, JobId, Progress, TargetState, WaitingFor};
use jiff::{SignedDuration, Timestamp};

use super::callee::Assumptions;
use super::estimate::{Estimate, Hour};

/// In seconds.
const HOUR: i64 = 3600;

/// What a rehearsal has seen so far. Times are since its beginning.
#[derive(Debug)]
pub(super) struct Record {
    start: Timestamp,
    targets: u32,
    stored: BTreeMap<JobId, Arc<[TargetState]>>,
    dials: u32,
    most_at_once: u32,
    first_dial: Option<Duration>,
    finish: Option<Duration>,
    per_hour: BTreeMap<i64, u32>,
    held_up: BTreeMap<&'static str, Duration>,
    talk: Duration,
}

impl Record {
    /// Nothing yet.
    pub(super) fn new(start: Timestamp, targets: usize) -> Self {
        Self {
            start,
            targets: u32::try_from(targets).unwrap_or(u32::MAX),
            stored: BTreeMap::new(),
            dials: 0,
            most_at_once: 0,
            first_dial: None,
            finish: None,
            per_hour: BTreeMap::new(),
            held_up: BTreeMap::new(),
            talk: Duration::ZERO,
        }
    }

    /// What the wall clock says.
    pub(super) fn wall(&self, clock: Duration) -> Timestamp {
        let passed = SignedDuration::try_from(clock).unwrap_or(SignedDuration::MAX);
        self.start.saturating_add(passed).unwrap_or(self.start)
    }

    /// A call leaves, and `under_way` are under way with it. Returns whether it is the first.
    pub(super) fn dialled(&mut self, clock: Duration, under_way: usize) -> bool {
        let is_first = self.first_dial.is_none();
        self.first_dial.get_or_insert(clock);
        self.dials += 1;
        self.most_at_once = self.most_at_once.max(u32::try_from(under_way).unwrap_or(u32::MAX));
        let hour = self.wall(clock).as_second().div_euclid(HOUR);
        *self.per_hour.entry(hour).or_default() += 1;
        is_first
    }

    /// Something held up the next call for so long.
    pub(super) fn held_up(&mut self, by: &WaitingFor, wait: Duration) {
        *self.held_up.entry(word(by)).or_default() += wait;
    }

    /// An answered call lasted for so long.
    pub(super) fn talked(&mut self, talk: Duration) {
        self.talk += talk;
    }

    /// The store holds this of the job.
    pub(super) fn stored(&mut self, job: JobId, states: Arc<[TargetState]>) {
        self.stored.insert(job, states);
    }

    /// Every target has ended.
    pub(super) fn finished(&mut self, clock: Duration) {
        self.finish = Some(clock);
    }

    /// What comes of it. `progress` is how far the campaign is now.
    pub(super) fn estimate(self, progress: Option<Progress>, assumptions: &Assumptions) -> Estimate {
        let counts = progress.as_ref().map(|progress| progress.tallied.counts).unwrap_or_default();
        let outcomes = progress.as_ref().map(|progress| progress.tallied.outcomes.clone()).unwrap_or_default();
        let mut calls_per_target = BTreeMap::new();
        for state in self.stored.values().flat_map(|states| states.iter()) {
            *calls_per_target.entry(state.calls()).or_default() += 1;
        }
        let seen: u32 = calls_per_target.values().sum();
        if self.targets > seen {
            *calls_per_target.entry(0).or_default() += self.targets - seen;
        }
        let spending = progress.as_ref().and_then(|progress| progress.spending);
        let stopped_by = match (self.finish, progress) {
            (None, Some(progress)) => Some(word(&progress.waiting_for).to_owned()),
            (Some(_), Some(progress)) => progress.end.map(|end| end_word(end).to_owned()),
            (Some(_) | None, None) => None,
        };
        let by_second = assumptions.cost_per_minute.map(|cost| self.talk.as_secs_f64() / 60.0 * cost);
        let cost = by_second.or(spending.map(|spending| spending.spent.units()));
        Estimate {
            start: self.start,
            first_dial: self.first_dial.map(|clock| self.wall(clock)),
            finish: self.finish.map(|clock| self.wall(clock)),
            stopped_by,
            targets: self.targets,
            dials: self.dials,
            most_at_once: self.most_at_once,
            outcomes: outcomes.into_iter().map(|(outcome, count)| (format!("{outcome:?}"), count)).collect(),
            blocked: counts.blocked,
            calls_per_target,
            per_hour: self
                .per_hour
                .iter()
                .filter_map(|(hour, dials)| Some(Hour { at: Timestamp::from_second(hour * HOUR).ok()?, dials: *dials }))
                .collect(),
            held_up_secs: self
                .held_up
                .iter()
                .filter(|(_, held)| held.as_secs() > 0)
                .map(|(what, held)| ((*what).to_owned(), held.as_secs()))
                .collect(),
            talk_secs: self.talk.as_secs(),
            cost,
        }
    }
}

/// What ends a campaign before all its targets were reached.
fn end_word(end: CampaignEnd) -> &'static str {
    match end {
        CampaignEnd::Satisfied => "SuccessPolicy",
        CampaignEnd::TooManyFailed => "FailurePolicy",
        CampaignEnd::FailedByRule => "Rule",
        CampaignEnd::DeadlineExceeded => "Deadline",
    }
}

fn word(waiting_for: &WaitingFor) -> &'static str {
    match waiting_for {
        WaitingFor::Pacing => "Pacing",
        WaitingFor::NothingToDial => "LastCalls",
        WaitingFor::Suspension => "Suspension",
        WaitingFor::ConfigError { .. } => "ConfigError",
        WaitingFor::Halt(_) => "CircuitBreaker",
        WaitingFor::Budget => "Budget",
        WaitingFor::CallerIds { .. } => "CallerIds",
        WaitingFor::Start { .. } => "Start",
        WaitingFor::Results => "Sink",
        WaitingFor::DoNotCallLists => "DoNotCallLists",
        WaitingFor::Agents => "Agents",
        WaitingFor::Window => "Window",
        WaitingFor::Due { .. } => "Retry",
        WaitingFor::Concurrency => "Concurrency",
        WaitingFor::Capacity => "Capacity",
        WaitingFor::Jobs => "Jobs",
    }
}
