//! When a step is done, and how: the events that lead on from each kind.
//!
//! Promises one table for compiler, interpreter and documentation. The completing webhooks are those of the Telnyx API reference,
//! page of each command, "Expected Webhooks". Does not know where a flow goes then.

use serde_json::Value;
use telnyx_voice::webhook::Payload;
use telnyx_voice::webhook::payload::{HangupCause, PlaybackStatus, SpeakStatus};

use crate::spec::{Action, Kind, Step};

/// What an event means for the flow when the step does not name it in `on`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// The step's `next` follows.
    Next,
    /// The step's `onError` follows.
    Error,
    /// Nothing follows: the step lasts, and ends by another event or with the call.
    Stay,
}

/// A way on from a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// The key in `on`.
    pub name: &'static str,
    /// What follows by default.
    pub class: Class,
}

/// What ends a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Completion {
    /// It is done where it stands: nothing is sent.
    Instant,
    /// The API accepts the command (2xx).
    Accepted,
    /// A webhook of the call.
    Webhook,
    /// Its time is over.
    Timer,
    /// The user's program answers.
    Response,
    /// The end of the call.
    Hangup,
}

const fn next(name: &'static str) -> Outcome {
    Outcome { name, class: Class::Next }
}

const fn error(name: &'static str) -> Outcome {
    Outcome { name, class: Class::Error }
}

const NONE: &[Outcome] = &[];
const DONE: &[Outcome] = &[next("done")];
const COMMAND: &[Outcome] = &[next("done"), error("failed")];
const AUDIO: &[Outcome] = &[next("done"), next("cancelled"), next("cancelledAmd"), next("timeout"), error("failed")];
const ASKED: &[Outcome] = &[next("done"), error("failed"), error("timeout")];
const DIAL: &[Outcome] = &[next("answered"), error("busy"), error("noAnswer"), error("failed"), error("timeout")];

impl Kind {
    /// The events that lead on from a step of this kind, the usual one first. `timeout`: its time was over, perhaps because a
    /// webhook was lost.
    #[must_use]
    pub fn outcomes(self) -> &'static [Outcome] {
        match self {
            Self::Hangup => NONE,
            Self::Speak | Self::Play => AUDIO,
            Self::StopPlayback => COMMAND,
            Self::Dial => DIAL,
            Self::Switch | Self::Wait | Self::Set | Self::Outcome | Self::OptOut | Self::Loop => DONE,
            Self::CallWebhook => ASKED,
        }
    }

    pub(crate) fn completion(self) -> Completion {
        match self {
            Self::Hangup => Completion::Hangup,
            Self::Speak | Self::Play | Self::Dial => Completion::Webhook,
            Self::StopPlayback => Completion::Accepted,
            Self::Switch | Self::Set | Self::Loop | Self::Outcome | Self::OptOut => Completion::Instant,
            Self::Wait => Completion::Timer,
            Self::CallWebhook => Completion::Response,
        }
    }

    /// Whether it can be done on an answered call alone.
    #[must_use]
    pub fn needs_answer(self) -> bool {
        match self {
            Self::Speak | Self::Play | Self::StopPlayback => true,
            Self::Hangup
            | Self::Dial
            | Self::Switch
            | Self::Wait
            | Self::Set
            | Self::Loop
            | Self::Outcome
            | Self::OptOut
            | Self::CallWebhook => false,
        }
    }
}

impl Step {
    pub(crate) fn completion(&self) -> Completion {
        match (self.action.kind().completion(), self.wait_for_end) {
            (Completion::Webhook, Some(false)) => Completion::Accepted,
            (completion, _) => completion,
        }
    }

    /// Seconds that the step may take. What waits for people or a long text gets more; see `timeoutSecs`.
    pub(crate) fn patience_secs(&self) -> u32 {
        if let Some(secs) = self.timeout_secs {
            return secs;
        }
        match &self.action {
            Action::Wait(wait) => wait.secs,
            // Slow speech is about 10 characters a second; markup only makes this longer.
            Action::Speak(params) => {
                30 + params.as_written().payload.as_ref().map_or(0, |text| secs(text.expose().chars().count() / 5))
            }
            Action::Play(_) => 600,
            // Telnyx API reference, Dial: `timeout_secs` is 30 by default.
            Action::Dial(params) => secs_i64(params.as_written().timeout_secs.unwrap_or(30)) + 15,
            Action::Hangup(_)
            | Action::StopPlayback(_)
            | Action::Switch(_)
            | Action::Set(_)
            | Action::Loop(_)
            | Action::Outcome(_)
            | Action::OptOut(_) => COMMAND_SECS,
            Action::CallWebhook(_) => 10,
        }
    }
}

/// For a command's answer: the client sends it again for 45 seconds.
const COMMAND_SECS: u32 = 60;

fn secs(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX / 2)
}

fn secs_i64(count: i64) -> u32 {
    u32::try_from(count.clamp(0, 14_400)).unwrap_or(0)
}

/// What a webhook says about the step that is under way.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Signal {
    /// One of the kind's outcomes.
    pub outcome: &'static str,
    /// Keys that were pressed.
    pub digits: Option<String>,
    /// What can be saved.
    pub result: Value,
}

impl Signal {
    pub(crate) fn of(outcome: &'static str) -> Self {
        Self { outcome, digits: None, result: Value::Null }
    }
}

/// What a webhook of the call's own leg says about a step of this kind. `None`: nothing.
pub(crate) fn own_leg(action: &Action, payload: &Payload) -> Option<Signal> {
    match (action, payload) {
        (Action::Speak(_), Payload::CallSpeakEnded(ended)) => Some(Signal::of(match ended.status.as_ref()? {
            SpeakStatus::CancelledAmd => "cancelledAmd",
            // The end of the call comes by a webhook of its own.
            SpeakStatus::CallHangup => return None,
            SpeakStatus::Completed | SpeakStatus::Unknown(_) => "done",
        })),
        (Action::Play(params), Payload::CallPlaybackEnded(ended)) => {
            let asked = params.as_written();
            if other(asked.audio_url.as_deref(), ended.media_url.as_deref())
                || other(asked.media_name.as_deref(), ended.media_name.as_deref())
            {
                return None;
            }
            Some(Signal::of(match ended.status.as_ref()? {
                PlaybackStatus::CancelledAmd => "cancelledAmd",
                PlaybackStatus::Cancelled => "cancelled",
                PlaybackStatus::CallHangup => return None,
                PlaybackStatus::FileNotFound | PlaybackStatus::Failed => "failed",
                PlaybackStatus::Completed | PlaybackStatus::Undetermined | PlaybackStatus::Unknown(_) => "done",
            }))
        }
        _ => None,
    }
}

/// Whether both are known and differ. A template says nothing.
fn other(asked: Option<&str>, said: Option<&str>) -> bool {
    matches!((asked, said), (Some(asked), Some(said)) if !asked.contains("{{") && !said.is_empty() && asked != said)
}

/// What a webhook of a second leg says about the step that called it.
pub(crate) fn second_leg(kind: Kind, established: bool, payload: &Payload) -> Option<Signal> {
    match (kind, payload) {
        (Kind::Dial, Payload::CallAnswered(_)) => Some(Signal::of("answered")),
        (Kind::Dial, Payload::CallHangup(hangup)) if !established => {
            Some(Signal::of(unreached(hangup.hangup_cause.as_ref())))
        }
        _ => None,
    }
}

/// Why a leg that never answered ended (Telnyx API reference, `call.hangup`).
fn unreached(cause: Option<&HangupCause>) -> &'static str {
    match cause {
        Some(HangupCause::UserBusy | HangupCause::CallRejected) => "busy",
        Some(HangupCause::Timeout | HangupCause::NoAnswer | HangupCause::OriginatorCancel) => "noAnswer",
        Some(
            HangupCause::NormalClearing
            | HangupCause::TimeLimit
            | HangupCause::NotFound
            | HangupCause::Unspecified
            | HangupCause::Unknown(_),
        )
        | None => "failed",
    }
}

/// What compiler and interpreter ask about kinds.
impl Kind {
    /// Whether it answers the call.
    pub(crate) fn answers(self) -> bool {
        matches!(self.as_str(), "answer")
    }

    /// Whether it can be done on an inbound call alone.
    pub(crate) fn inbound_only(self) -> bool {
        matches!(self.as_str(), "answer" | "reject")
    }

    /// Whether it puts the call into a conference.
    pub(crate) fn enters_conference(self) -> bool {
        matches!(self.as_str(), "createConference" | "joinConference")
    }
}

impl Action {
    /// The most keys that it brings.
    pub(crate) fn most_digits(&self) -> usize {
        if self.kind().as_str().starts_with("gather") { MAX_DIGITS } else { 0 }
    }

    /// Whether something can be saved from its result.
    pub(crate) fn has_result(&self) -> bool {
        matches!(self, Self::CallWebhook(_))
    }
}

/// The most keys that a gather brings when it does not say (Telnyx API reference: Gather, `maximum_digits`).
const MAX_DIGITS: usize = 128;
