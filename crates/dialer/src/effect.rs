//! All that comes out of a [`Dialer`](crate::Dialer).
//!
//! Promises that an effect carries all that is needed to perform it, and that a save can be answered once only, by the
//! value itself. Does not know how any of it is done.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::claim::{Claim, Saved};
use crate::client_state::ClientState;
use crate::event::Event;
use crate::ids::{CommandId, DeliveryToken, DialKey, JobId, Leg, Version};
use crate::phone::PhoneNumber;
use crate::spec::{Amd, Announcement, FlowKey};
use crate::target::TargetState;

/// All that comes out of a dialer. The shell performs it and hands its answer in; it decides nothing.
#[derive(Debug)]
pub enum Effect {
    /// Compare-and-swap the job's states.
    Save(Save),
    /// Read the job's states again. Answered by [`Event::Reloaded`] or [`Event::ReloadFailed`].
    Load {
        /// Which job.
        job: JobId,
    },
    /// `POST /v2/calls`, once; no retry of any kind below this. Answered by [`Event::DialAccepted`],
    /// [`Event::DialRefused`] or [`Event::DialFateUnknown`].
    Dial(Dial),
    /// Find out what became of an attempt. Answered by [`Event::LookedUp`].
    LookUp(LookUp),
    /// A command on a live leg. Answered by [`Event::CommandAccepted`], [`Event::CommandRefused`] or
    /// [`Event::CommandFateUnknown`].
    Command(LegCommand),
    /// Answer a webhook. Every token that came in goes out once, within [`ACK_PATIENCE`](crate::ACK_PATIENCE).
    Acknowledge {
        /// Which delivery.
        token: DeliveryToken,
        /// The answer.
        verdict: Verdict,
    },
}

/// How to answer a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// 200: its effect is durable, or it has none.
    Done,
    /// 503: send it again.
    Retry,
    /// No job held here has such a target. 503 while jobs are still being read or belong to another replica, 200 once
    /// the owner is known to be gone: the shell knows.
    NotHere,
}

/// A compare-and-swap of one job's states. It is answered by consuming it, so a claim's proof cannot be made up.
#[derive(Debug)]
pub struct Save {
    /// Which job.
    pub job: JobId,
    /// The version it replaces. Any other in the store is a [`SaveFailure::Conflict`].
    pub base: Version,
    /// All states, in the order of the targets.
    pub states: Arc<[TargetState]>,
    pub(crate) claims: Vec<Claim>,
}

impl Save {
    /// The store has taken it and now counts `version`.
    #[must_use]
    pub fn stored(self, version: Version) -> Event {
        let claims = self.claims.into_iter().map(Saved::by_store).collect();
        Event::Saved(SavedJob { job: self.job, version, claims })
    }

    /// It did not end well.
    #[must_use]
    pub fn failed(self, why: SaveFailure) -> Event {
        Event::NotSaved(UnsavedJob { job: self.job }, why)
    }
}

/// Proof that a job was saved, with the proofs of the claims in it.
#[derive(Debug)]
pub struct SavedJob {
    pub(crate) job: JobId,
    pub(crate) version: Version,
    pub(crate) claims: Vec<Saved<Claim>>,
}

/// A save that did not end well.
#[derive(Debug)]
pub struct UnsavedJob {
    pub(crate) job: JobId,
}

/// How a save did not end well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SaveFailure {
    /// The store holds another version: nothing was written.
    Conflict,
    /// No answer: it may have been written.
    FateUnknown,
    /// The job no longer exists: nothing was written.
    Gone,
}

/// One dial.
#[derive(Clone, Debug)]
pub struct Dial {
    /// Which dial. Goes back with the answer.
    pub key: DialKey,
    /// What Telnyx deduplicates by. A resend carries the same.
    pub command_id: CommandId,
    /// Goes out base64-encoded, see [`ClientState::encode`].
    pub client_state: ClientState,
    /// Whom to call.
    pub to: PhoneNumber,
    /// The caller id.
    pub from: PhoneNumber,
    /// The Call Control application's id.
    pub connection_id: Arc<str>,
    /// `timeout_secs`. Send `retry_on_timeout: false`, or Telnyx may ring on over another route.
    pub ring_timeout: Duration,
    /// `time_limit_secs`
    pub max_call: Duration,
    /// `answering_machine_detection` and its configuration.
    pub amd: Amd,
}

/// Find out what became of an attempt: active calls of the application by `client_state`, the event log by `to` and
/// time or by leg, and the call itself.
#[derive(Clone, Debug)]
pub struct LookUp {
    /// Which dial; match it against the decoded `client_state` of legs, whatever their position.
    pub key: DialKey,
    /// The Call Control application's id.
    pub connection_id: Arc<str>,
    /// Whom the attempt calls, for filtering the event log.
    pub to: PhoneNumber,
    /// The leg, when it is known.
    pub leg: Option<Leg>,
    /// Nothing of the attempt is older. The two clocks may differ: leave a margin of minutes.
    pub since: Timestamp,
}

/// A command on a live leg.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegCommand {
    /// The leg it addresses.
    pub leg: Leg,
    /// What Telnyx deduplicates by. A resend carries the same.
    pub command_id: CommandId,
    /// Replaces the leg's, so that later webhooks carry the new position.
    pub client_state: ClientState,
    /// What to do.
    pub kind: CommandKind,
}

/// What to do on a live leg.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommandKind {
    /// Speak or play it.
    Play(Announcement),
    /// Give the call to a flow. It is accepted once the flow's first command is: from then on the call carries the flow's
    /// state, with [`ClientState::to_text`] of this command in it. A call that the flow has already stays as it is.
    RunFlow(RunFlow),
    /// Hang up.
    Hangup,
}

/// A call for a flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunFlow {
    /// Which.
    pub flow: FlowKey,
    /// Who answered.
    pub answerer: Answerer,
    /// Which attempt to reach the callee this is, from 1.
    pub attempt: u16,
    /// The Call Control application's id.
    pub connection_id: Arc<str>,
}

/// Who, or what, a flow begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answerer {
    /// Nobody looked.
    Unscreened,
    /// The detector could not tell, or did not say in time.
    NotSure,
    /// A person.
    Human,
    /// A machine.
    Machine,
    /// A machine whose greeting has ended.
    Beep,
    /// A machine whose greeting did not end in time.
    NoBeep,
    /// A fax.
    Fax,
    /// Nobody spoke.
    Silence,
}
