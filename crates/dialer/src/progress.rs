//! How far an owner, or a job, has come.
//!
//! Promises counts that add up to the total at every moment. Does not know what to do about them.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::adaptive::Abandonment;
use crate::cost::Spending;
use crate::outcome::Outcome;
use crate::tally::Halt;
use crate::target::TargetState;

/// Targets by where they stand. Every target is in exactly one of the counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Not tried yet.
    pub pending: u32,
    /// Tried, waiting for another try.
    pub retrying: u32,
    /// Reserved for a dial.
    pub claimed: u32,
    /// Dialled, not answered.
    pub dialing: u32,
    /// Answered, not ended.
    pub live: u32,
    /// Ended in a conversation or a message left.
    pub completed: u32,
    /// Ended otherwise.
    pub failed: u32,
    /// Ended because it must not, or cannot, be called.
    pub blocked: u32,
    /// Ended, or waiting for a person, because nobody knows whether it rang.
    pub ambiguous: u32,
    /// Ended because its time passed, or its campaign was over.
    pub expired: u32,
}

impl Counts {
    /// The sum of all.
    #[must_use]
    pub fn total(&self) -> u32 {
        self.waiting() + self.in_flight() + self.completed + self.failed + self.blocked + self.ambiguous + self.expired
    }

    /// Not under way and not ended.
    #[must_use]
    pub fn waiting(&self) -> u32 {
        self.pending + self.retrying
    }

    /// Calls claimed, ringing or live: what a concurrency limit counts.
    #[must_use]
    pub fn in_flight(&self) -> u32 {
        self.claimed + self.dialing + self.live
    }

    fn of(&mut self, state: &TargetState) -> &mut u32 {
        match state {
            TargetState::Pending { tally, .. } if tally.last.is_none() => &mut self.pending,
            TargetState::Pending { .. } => &mut self.retrying,
            TargetState::Claimed { .. } => &mut self.claimed,
            TargetState::Dialing { position, .. } if position.is_answered() => &mut self.live,
            TargetState::Dialing { .. } => &mut self.dialing,
            TargetState::Held { .. } => &mut self.ambiguous,
            TargetState::Done { outcome, .. } => self.ended(*outcome),
        }
    }

    fn ended(&mut self, outcome: Outcome) -> &mut u32 {
        match outcome {
            Outcome::Completed
            | Outcome::HumanHangup
            | Outcome::OptedOut
            | Outcome::VoicemailLeft
            | Outcome::TimeLimit => &mut self.completed,
            Outcome::ComplianceBlocked | Outcome::DestinationBlocked | Outcome::BlockedByAnalytics => &mut self.blocked,
            Outcome::Ambiguous => &mut self.ambiguous,
            Outcome::Expired | Outcome::Skipped => &mut self.expired,
            Outcome::Machine
            | Outcome::Fax
            | Outcome::Silence
            | Outcome::NoAnswer
            | Outcome::Busy
            | Outcome::Rejected
            | Outcome::InvalidNumber
            | Outcome::CanceledBySystem
            | Outcome::CapacityLimited
            | Outcome::CarrierFailure
            | Outcome::ConfigError
            | Outcome::FlowError
            | Outcome::Abandoned => &mut self.failed,
        }
    }
}

/// Counts, and how many targets ended in which outcome.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tallied {
    /// Targets by where they stand.
    pub counts: Counts,
    /// Ended targets by outcome.
    pub outcomes: BTreeMap<Outcome, u32>,
}

impl Tallied {
    /// Targets that have ended.
    #[must_use]
    pub fn ended(&self) -> u32 {
        self.outcomes.values().sum()
    }

    /// Of a job's states, as they are about to be stored.
    #[must_use]
    pub fn of(states: &[TargetState]) -> Self {
        let mut tallied = Self::default();
        for state in states {
            tallied.add(state);
        }
        tallied
    }

    /// Takes a target in.
    pub(crate) fn add(&mut self, state: &TargetState) {
        *self.counts.of(state) += 1;
        if let TargetState::Done { outcome, .. } = state {
            *self.outcomes.entry(*outcome).or_default() += 1;
        }
    }

    /// Takes a target out that was taken in.
    pub(crate) fn remove(&mut self, state: &TargetState) {
        let count = self.counts.of(state);
        *count = count.saturating_sub(1);
        if let TargetState::Done { outcome, .. } = state
            && let Some(count) = self.outcomes.get_mut(outcome)
        {
            *count -= 1;
            if *count == 0 {
                self.outcomes.remove(outcome);
            }
        }
    }
}

/// How far an owner has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Targets of all jobs held here.
    pub tallied: Tallied,
    /// Nothing is left to do: every job was handed in, every target has ended, and the store knows it.
    pub complete: bool,
    /// What holds up the next dial.
    pub waiting_for: WaitingFor,
    /// When the next calling window opens for a target that waits. `None` while one is open, or when none ever opens.
    pub next_window_opens: Option<Timestamp>,
    /// Dials answered with success by this process.
    pub dialled: u64,
    /// Set once the campaign is over before all its targets were reached.
    pub end: Option<CampaignEnd>,
    /// Calls that a person answered, and those that were abandoned. `None`: the campaign does not dial by agents.
    pub abandonment: Option<Abandonment>,
    /// What its calls have cost, and may still. `None`: the campaign has no bound of money.
    pub spending: Option<Spending>,
    /// How many calls it may have at once: by its own limit, by the account's, and by what refusals have taught. `None`: the
    /// account's limit is not known yet.
    pub cap: Option<u32>,
}

/// Whether an owner is done, and else what it waits for. See [`Progress`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Nothing is left to do.
    pub complete: bool,
    /// What holds up the next dial.
    pub waiting_for: WaitingFor,
}

/// How a campaign ended before all its targets were reached. Those that waited end as [`Outcome::Skipped`], where nothing
/// else is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CampaignEnd {
    /// It has what it wanted: [`enough_reached`](crate::CampaignSpec::enough_reached).
    Satisfied,
    /// More targets failed than may: [`most_failed`](crate::CampaignSpec::most_failed).
    TooManyFailed,
    /// A rule failed it.
    FailedByRule,
    /// Its [`deadline`](crate::CampaignSpec::deadline) has come. Those that waited end as [`Outcome::Expired`].
    DeadlineExceeded,
}

/// What this process has noticed and nobody waits for. Each only grows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Signals {
    /// Calls that ended for a cause not known here; each counts as a carrier failure unless its SIP status or its
    /// announcement says more.
    pub unknown_hangup_causes: u64,
    /// Announcements whose end was told after the hangup.
    pub late_announcement_ends: u64,
    /// Calls that were hung up because their job was gone.
    pub calls_without_job: u64,
}

/// What holds up an owner's next dial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WaitingFor {
    /// Nothing: it dials as fast as pacing allows.
    Pacing,
    /// Nothing waits to be dialled.
    NothingToDial,
    /// The campaign is suspended.
    Suspension,
    /// The campaign is set up wrong; cleared by changing the campaign or the account.
    ConfigError {
        /// Telnyx's HTTP status.
        status: u16,
        /// Telnyx's error code.
        code: Option<Box<str>>,
        /// The field complained about.
        pointer: Option<Box<str>>,
    },
    /// Somebody has to look: the campaign dials nothing more until it is changed.
    Halt(Halt),
    /// As many calls were placed as [`max_calls`](crate::CampaignSpec::max_calls) and [`cost`](crate::CampaignSpec::cost) allow.
    Budget,
    /// Every caller id rests, because analytics engines block it.
    CallerIds {
        /// When the first may be shown again.
        at: Timestamp,
    },
    /// `start_at` is to come.
    Start {
        /// When.
        at: Timestamp,
    },
    /// Results pile up where they are taken to ([`Event::ResultsPileUp`](crate::Event::ResultsPileUp)).
    Results,
    /// No window is open.
    Window,
    /// Targets wait for their retry or their `not_before`.
    Due {
        /// When the first is due.
        at: Timestamp,
    },
    /// The do-not-call lists cannot be asked: one was never read, or not for longer than the campaign allows.
    DoNotCallLists,
    /// As many calls as allowed are under way.
    Concurrency,
    /// No agent is free, or nobody knows of one.
    Agents,
    /// Telnyx refused for lack of capacity.
    Capacity,
    /// Jobs are still being read.
    Jobs,
}

/// How far a job has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobProgress {
    /// Its targets.
    pub tallied: Tallied,
    /// Every target has ended, and the store says so.
    pub finished: bool,
}
