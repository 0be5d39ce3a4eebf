//! When a step is done, and how: the events that lead on from each kind.
//!
//! Promises one table for compiler, interpreter and documentation. The completing webhooks are those of the Telnyx API reference,
//! page of each command, "Expected Webhooks". Does not know where a flow goes then.

mod patience;
mod refusal;
mod signal;

pub(crate) use refusal::{CALL_ENDED, CALL_UNKNOWN, Judgement, judge};
pub(crate) use signal::{Signal, own_leg, second_leg};

use crate::spec::{Action, Kind, Step};

/// What an event means for the flow when the step does not name it in `transitions`.
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
    /// The key in `transitions`.
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

const fn stay(name: &'static str) -> Outcome {
    Outcome { name, class: Class::Stay }
}

const NONE: &[Outcome] = &[];
const DONE: &[Outcome] = &[next("done")];
const ACCEPTED: &[Outcome] = &[next("done"), error("failed")];
const ANSWER: &[Outcome] = &[next("answered"), error("failed"), error("timeout")];
const AUDIO: &[Outcome] = &[next("done"), next("cancelled"), next("cancelledAmd"), next("timeout"), error("failed")];
const DIAL: &[Outcome] = &[next("answered"), error("busy"), error("noAnswer"), error("failed"), error("timeout")];
const TRANSFER: &[Outcome] =
    &[stay("bridged"), next("ended"), error("busy"), error("noAnswer"), error("failed"), error("timeout")];
const BRIDGE: &[Outcome] = &[stay("bridged"), next("ended"), error("failed"), error("timeout")];
const REFER: &[Outcome] = &[next("completed"), error("failed"), error("timeout")];
const ENQUEUE: &[Outcome] =
    &[stay("enqueued"), stay("bridged"), next("left"), next("timeout"), error("full"), error("failed")];
const LEFT: &[Outcome] = &[next("left"), next("timeout"), error("failed")];
const GATHER: &[Outcome] =
    &[next("valid"), next("invalid"), next("cancelled"), next("cancelledAmd"), next("timeout"), error("failed")];
const AI_GATHER: &[Outcome] = &[next("valid"), next("invalid"), next("timeout"), error("failed")];
const STARTED: &[Outcome] = &[next("started"), next("timeout"), error("failed")];
const CONVERSATION: &[Outcome] = &[next("ended"), next("timeout"), error("failed")];
const PAY: &[Outcome] = &[next("success"), error("cancelled"), error("failed"), error("timeout")];
const CREATE: &[Outcome] =
    &[stay("joined"), next("left"), next("ended"), next("timeout"), error("exists"), error("failed")];
const JOIN: &[Outcome] =
    &[stay("joined"), next("left"), next("ended"), next("timeout"), error("notFound"), error("full"), error("failed")];
const ASKED: &[Outcome] = &[next("done"), error("failed"), error("timeout")];

impl Kind {
    /// The events that lead on from a step of this kind, the usual one first. `timeout`: its time was over, perhaps because a
    /// webhook was lost.
    #[must_use]
    pub fn outcomes(self) -> &'static [Outcome] {
        self.row().0
    }

    pub(crate) fn completion(self) -> Completion {
        self.row().1
    }

    fn row(self) -> (&'static [Outcome], Completion) {
        use Completion::{Accepted, Hangup, Instant, Response, Timer, Webhook};
        match self {
            Self::Hangup | Self::Reject => (NONE, Hangup),
            Self::Answer => (ANSWER, Webhook),
            Self::Speak | Self::Play => (AUDIO, Webhook),
            Self::Dial => (DIAL, Webhook),
            Self::Transfer => (TRANSFER, Webhook),
            Self::Bridge => (BRIDGE, Webhook),
            Self::Refer => (REFER, Webhook),
            Self::Enqueue => (ENQUEUE, Webhook),
            Self::LeaveQueue | Self::LeaveConference => (LEFT, Webhook),
            Self::Gather | Self::GatherUsingSpeak | Self::GatherUsingAudio | Self::GatherConference => {
                (GATHER, Webhook)
            }
            Self::GatherUsingAI => (AI_GATHER, Webhook),
            Self::StartForking | Self::StartStreaming | Self::StartSiprec => (STARTED, Webhook),
            Self::StartAiAssistant | Self::JoinAiAssistant | Self::StartConversationRelay => (CONVERSATION, Webhook),
            Self::Pay => (PAY, Webhook),
            Self::CreateConference => (CREATE, Webhook),
            Self::JoinConference => (JOIN, Webhook),
            Self::StopPlayback
            | Self::StopGather
            | Self::StartRecording
            | Self::StopRecording
            | Self::PauseRecording
            | Self::ResumeRecording
            | Self::SendDtmf
            | Self::SendSipInfo
            | Self::StopForking
            | Self::StopStreaming
            | Self::StopSiprec
            | Self::StartNoiseSuppression
            | Self::StopNoiseSuppression
            | Self::StartTranscription
            | Self::StopTranscription
            | Self::StopAiAssistant
            | Self::AddAiAssistantMessages
            | Self::StopConversationRelay
            | Self::SwitchSupervisorRole
            | Self::HoldConference
            | Self::UnholdConference
            | Self::MuteConference
            | Self::UnmuteConference
            | Self::PlayConference
            | Self::SpeakConference
            | Self::StopConferencePlayback
            | Self::SendConferenceDtmf
            | Self::StartConferenceRecording
            | Self::StopConferenceRecording
            | Self::PauseConferenceRecording
            | Self::ResumeConferenceRecording
            | Self::UpdateConference
            | Self::EndConference => (ACCEPTED, Accepted),
            Self::Switch | Self::Set | Self::Outcome | Self::OptOut | Self::Loop => (DONE, Instant),
            Self::Wait => (DONE, Timer),
            Self::CallWebhook => (ASKED, Response),
        }
    }

    /// Whether it can be done on an answered call alone.
    #[must_use]
    pub fn needs_answer(self) -> bool {
        match self {
            Self::Answer
            | Self::Reject
            | Self::Hangup
            | Self::Bridge
            | Self::Refer
            | Self::Enqueue
            | Self::LeaveQueue
            | Self::SwitchSupervisorRole
            | Self::Dial
            | Self::EndConference
            | Self::Switch
            | Self::Wait
            | Self::Set
            | Self::Loop
            | Self::Outcome
            | Self::OptOut
            | Self::CallWebhook => false,
            Self::Transfer
            | Self::Speak
            | Self::Play
            | Self::StopPlayback
            | Self::Gather
            | Self::GatherUsingSpeak
            | Self::GatherUsingAudio
            | Self::GatherUsingAI
            | Self::StopGather
            | Self::StartRecording
            | Self::StopRecording
            | Self::PauseRecording
            | Self::ResumeRecording
            | Self::SendDtmf
            | Self::SendSipInfo
            | Self::StartForking
            | Self::StopForking
            | Self::StartStreaming
            | Self::StopStreaming
            | Self::StartSiprec
            | Self::StopSiprec
            | Self::StartNoiseSuppression
            | Self::StopNoiseSuppression
            | Self::StartTranscription
            | Self::StopTranscription
            | Self::StartAiAssistant
            | Self::StopAiAssistant
            | Self::JoinAiAssistant
            | Self::AddAiAssistantMessages
            | Self::StartConversationRelay
            | Self::StopConversationRelay
            | Self::Pay
            | Self::CreateConference
            | Self::JoinConference
            | Self::LeaveConference
            | Self::HoldConference
            | Self::UnholdConference
            | Self::MuteConference
            | Self::UnmuteConference
            | Self::PlayConference
            | Self::SpeakConference
            | Self::StopConferencePlayback
            | Self::GatherConference
            | Self::SendConferenceDtmf
            | Self::StartConferenceRecording
            | Self::StopConferenceRecording
            | Self::PauseConferenceRecording
            | Self::ResumeConferenceRecording
            | Self::UpdateConference => true,
        }
    }

    /// Whether it answers the call.
    pub(crate) fn answers(self) -> bool {
        self == Self::Answer
    }

    /// Whether it can be done on an inbound call alone (Telnyx API error code 90102).
    pub(crate) fn inbound_only(self) -> bool {
        matches!(self, Self::Answer | Self::Reject)
    }

    /// Whether it puts the call into a conference.
    pub(crate) fn enters_conference(self) -> bool {
        matches!(self, Self::CreateConference | Self::JoinConference)
    }

    /// Whether a webhook that tells of its end may come because the call was hung up, and not say so.
    pub(crate) fn may_end_with_the_call(self) -> bool {
        self.enters_conference()
            || matches!(self, Self::StartAiAssistant | Self::JoinAiAssistant | Self::StartConversationRelay)
    }

    /// Whether something can be saved from its result.
    pub(crate) fn has_result(self) -> bool {
        matches!(
            self,
            Self::CallWebhook
                | Self::Gather
                | Self::GatherUsingSpeak
                | Self::GatherUsingAudio
                | Self::GatherConference
                | Self::GatherUsingAI
        )
    }

    /// The outcome of a step that is done once its command is accepted.
    pub(crate) fn usual(self) -> &'static str {
        self.outcomes().first().map_or("done", |outcome| outcome.name)
    }
}

impl Step {
    pub(crate) fn completion(&self) -> Completion {
        match (self.action.kind().completion(), self.wait_for_end) {
            (Completion::Webhook, Some(false)) => Completion::Accepted,
            (completion, _) => completion,
        }
    }

    /// Whether it speaks or plays while the flow goes on. What sounds later has to tell the end of this from its own: sounds queue
    /// up (Telnyx API reference: Play audio URL), and a webhook does not name its command.
    pub(crate) fn sounds_in_background(&self) -> bool {
        matches!(self.action.kind(), Kind::Speak | Kind::Play) && self.wait_for_end == Some(false)
    }
}

impl Action {
    /// The most keys that it brings.
    pub(crate) fn most_digits(&self) -> usize {
        #[expect(clippy::wildcard_enum_match_arm, reason = "the other kinds gather no keys")]
        let maximum = match self {
            Self::Gather(params) => params.as_written().maximum_digits,
            Self::GatherUsingSpeak(params) => params.as_written().maximum_digits,
            Self::GatherUsingAudio(params) => params.as_written().maximum_digits,
            Self::GatherConference(on) => on.params.as_written().maximum_digits,
            _ => return 0,
        };
        maximum.and_then(|most| usize::try_from(most).ok()).map_or(MAX_DIGITS, |most| most.min(MAX_DIGITS))
    }
}

/// The most keys that a gather brings when it does not say (Telnyx API reference: Gather, `maximum_digits`).
const MAX_DIGITS: usize = 128;
