//! All that goes into a [`Dialer`](crate::Dialer).
//!
//! Promises that an event that comes early, late, twice or after the end is harmless. Does not know who sends it.

use std::sync::Arc;
use std::time::Duration;

use crate::aftermath::Ring;
use crate::call::{CallEvent, Refusal};
use crate::do_not_call::Screening;
use crate::effect::{SaveFailure, SavedJob, UnsavedJob};
use crate::handover::Handover;
use crate::ids::{CallLegId, CommandId, DeliveryToken, DialKey, JobId, Leg, OwnerId, Version};
use crate::ledger::CallHistory;
use crate::phone::PhoneNumber;
use crate::spec::{AccountLimits, Audience, CampaignSpec, TargetSpec};
use crate::target::TargetState;

/// All that goes into a dialer: what people want, what the store says, what Telnyx says.
///
/// Time is no event: whoever drives a dialer polls it when [`wake`](crate::Dialer::wake) says so.
#[derive(Debug)]
pub enum Event {
    /// The account's limits, at start and whenever they change. Clears a pause for a configuration error.
    AccountSet(AccountLimits),
    /// What the dialer before has left, aged to now. Told before anything is dialled, it spares the first five seconds' silence;
    /// told late or twice it can only slow down.
    TookOver(Handover),
    /// A campaign, or a job that stands alone, exists or has changed. Clears its pause for a configuration error.
    CampaignSet {
        /// Its name.
        owner: OwnerId,
        /// What it asks for.
        spec: Arc<CampaignSpec>,
        /// Whether more jobs will come.
        audience: Audience,
    },
    /// What a campaign asks for now cannot be read, and what it asked for last may be looser: nothing new is dialled for it until it
    /// is set again. Calls under way are let finish.
    CampaignHushed {
        /// Its name.
        owner: OwnerId,
    },
    /// A campaign is gone. Its jobs stay until they are removed too, so that calls under way end well; nothing new is
    /// dialled for them.
    CampaignRemoved {
        /// Its name.
        owner: OwnerId,
    },
    /// Numbers that no campaign may call, at start and whenever they change; replaces those given before. What targets
    /// themselves say (an opt-out, a rule) need not be among them while their jobs, or the process, live. Until the first
    /// one no list is known to exist.
    DoNotCallSet {
        /// All of them, or that they are not known.
        lists: Screening,
    },
    /// All that the shell remembers of calls for jobs that are not handed in any more, at start; replaces what was given
    /// before. Counts for the caps of [`frequency`](crate::CampaignSpec::frequency).
    HistorySet {
        /// Whom they called, and when.
        history: Arc<dyn CallHistory>,
    },
    /// A number that no campaign may call from now on, beside those given: somebody who called in has asked for that. It is
    /// among [`do_not_call_learned`](crate::Dialer::do_not_call_learned).
    DoNotCall {
        /// Which one.
        number: PhoneNumber,
    },
    /// A phone may have rung for a job that is not handed in any more, as the shell remembers: it counts for the caps of
    /// [`frequency`](crate::CampaignSpec::frequency).
    RangBefore {
        /// Which one.
        number: PhoneNumber,
        /// When, and what came of it.
        ring: Ring,
    },
    /// What the agents of a campaign are doing, whose [`agents`](crate::spec::Adaptive::agents) ask for it. Believed for a
    /// minute: then nobody counts as free until it is told again.
    Agents {
        /// Whose.
        owner: OwnerId,
        /// Agents who could take a call now.
        free: u32,
        /// Callers who wait for an agent now, whoever called whom.
        waiting: u32,
    },
    /// A job is seen for the first time. Once it is held, further ones are ignored: the dialer is the writer, and a
    /// foreign write shows in the next save.
    JobLoaded(LoadedJob),
    /// A job is gone from the store.
    JobRemoved {
        /// Its name.
        job: JobId,
    },
    /// Whether results of the owner pile up where they are taken to: nothing new is claimed for it while they do. What
    /// is claimed already is dialled.
    ResultsPileUp {
        /// Whose.
        owner: OwnerId,
        /// Whether they do.
        full: bool,
    },
    /// What the shell keeps beside a job's states has changed: the job is to be saved, with or without news of its own.
    JobTouched {
        /// Its name.
        job: JobId,
    },
    /// Every job that may hold claims or live calls has been handed in. Nothing is claimed before.
    Ready,
    /// The process is about to end: nothing more is claimed, and what is claimed and undialled is given back. Dials under
    /// way, commands, saves and acknowledgements go on; see [`is_stored`](crate::Dialer::is_stored).
    Stopping,

    /// The answer to [`Effect::Save`](crate::Effect::Save): it is stored. Made by [`Save::stored`](crate::effect::Save::stored).
    Saved(SavedJob),
    /// The answer to [`Effect::Save`](crate::Effect::Save): it is not, or nobody knows. Made by
    /// [`Save::failed`](crate::effect::Save::failed).
    NotSaved(UnsavedJob, SaveFailure),
    /// The answer to [`Effect::Load`](crate::Effect::Load).
    Reloaded {
        /// Which job.
        job: JobId,
        /// The version read.
        version: Version,
        /// Its states, in the order of the targets; what is missing at the end is untouched.
        states: Vec<TargetState>,
    },
    /// The answer to [`Effect::Load`](crate::Effect::Load): could not read. Asked again later.
    ReloadFailed {
        /// Which job.
        job: JobId,
    },

    /// A dial was accepted (2xx).
    DialAccepted {
        /// Which dial.
        key: DialKey,
        /// The leg; `None` when the answer came without usable ids. A webhook or a look-up brings them.
        leg: Option<Leg>,
    },
    /// A dial was refused: nothing rang, nothing will.
    DialRefused {
        /// Which dial.
        key: DialKey,
        /// What Telnyx said.
        refusal: Refusal,
    },
    /// No answer, or a 5xx: a phone may be ringing.
    DialFateUnknown {
        /// Which dial.
        key: DialKey,
    },
    /// The answer to [`Effect::LookUp`](crate::Effect::LookUp).
    LookedUp {
        /// Which dial.
        key: DialKey,
        /// What was found. `None`: a source could not be read, nothing follows from that.
        findings: Option<Findings>,
    },

    /// A command on a live leg was accepted.
    CommandAccepted {
        /// Which command.
        command_id: CommandId,
        /// On which leg.
        leg: CallLegId,
    },
    /// A command on a live leg was refused.
    CommandRefused {
        /// Which command.
        command_id: CommandId,
        /// On which leg.
        leg: CallLegId,
        /// Why.
        refusal: CommandRefusal,
    },
    /// No answer, or a 5xx.
    CommandFateUnknown {
        /// Which command.
        command_id: CommandId,
        /// On which leg.
        leg: CallLegId,
    },

    /// A verified webhook whose `client_state` names an attempt.
    Webhook {
        /// Answered exactly once by [`Effect::Acknowledge`](crate::Effect::Acknowledge).
        token: DeliveryToken,
        /// What happened.
        call: CallEvent,
    },
}

/// A job as the store holds it, with its targets.
#[derive(Clone, Debug)]
pub struct LoadedJob {
    /// Its name.
    pub job: JobId,
    /// Whose it is.
    pub owner: OwnerId,
    /// The version read.
    pub version: Version,
    /// Its targets; they never change.
    pub targets: Arc<[TargetSpec]>,
    /// Their states in the same order; what is missing at the end is untouched.
    pub states: Vec<TargetState>,
}

/// What a look-up found out about a dial, from active calls, the event log and the call itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Findings {
    /// Whether the dial's leg lives.
    pub liveness: Liveness,
    /// Webhooks of that leg, delivered or not, in any order.
    pub events: Vec<CallEvent>,
}

/// Whether the leg of a dial lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Liveness {
    /// It is among the active calls, or the call itself says so.
    Live(Leg),
    /// There was one, and it has ended.
    Ended(Leg),
    /// Every source was read and none knows of one.
    NoTrace,
}

/// Why a command on a live leg was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandRefusal {
    /// The call is over (90018, 90015). Success for a hangup.
    AlreadyEnded,
    /// Not answered yet (90034): the answer's webhook will bring the step again.
    NotAnsweredYet,
    /// Too many requests (429): sent again after this long.
    Throttled {
        /// `x-ratelimit-reset`, or the caller's choice.
        after: Duration,
    },
    /// The command is wrong, or an audio file cannot be fetched (90040): it will never be accepted.
    Invalid,
}
