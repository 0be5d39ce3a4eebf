//! What a webhook says about the step that is under way.

use serde_json::{Value, json};
use telnyx_voice::webhook::Payload;
use telnyx_voice::webhook::payload::{
    AiGatherStatus, CallDequeued, CallGatherEnded, CallPlaybackEnded, DequeueReason, GatherStatus, HangupCause,
    PaymentResult, PlaybackStatus, SpeakStatus,
};

use crate::spec::{Action, Kind};

/// Why a conversation ends whose call is hung up, where the webhook says it: its `reason` is described nowhere.
const CALL_HANGUP: &str = "call_hangup";

/// How a step ends, or comes to where it wanted.
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

/// What a webhook of the call's own leg says about a step of this kind. `None`: nothing. The end of the call is nothing here: it
/// has a webhook of its own.
#[expect(clippy::match_same_arms, reason = "a table in the order of the kinds")]
pub(crate) fn own_leg(action: &Action, payload: &Payload) -> Option<Signal> {
    match (action.kind(), payload) {
        (Kind::Answer, Payload::CallAnswered(_)) => Some(Signal::of("answered")),
        (Kind::Speak, Payload::CallSpeakEnded(ended)) => spoken(ended.status.as_ref()?),
        (Kind::Play, Payload::CallPlaybackEnded(ended)) => played(action, ended),
        (
            Kind::Gather | Kind::GatherUsingSpeak | Kind::GatherUsingAudio | Kind::GatherConference,
            Payload::CallGatherEnded(ended),
        ) => gathered(ended),
        (Kind::GatherUsingAI, Payload::CallAiGatherEnded(ended)) => {
            let outcome = match ended.status.as_ref()? {
                AiGatherStatus::Valid => "valid",
                AiGatherStatus::Invalid | AiGatherStatus::Unknown(_) => "invalid",
            };
            let result = ended.result.as_ref().map_or(Value::Null, |result| Value::Object(result.expose().clone()));
            Some(Signal { outcome, digits: None, result })
        }
        (Kind::Transfer | Kind::Bridge, Payload::CallBridged(_)) => Some(Signal::of("bridged")),
        (Kind::Refer, Payload::CallReferCompleted(_)) => Some(Signal::of("completed")),
        (Kind::Refer, Payload::CallReferFailed(_)) => Some(Signal::of("failed")),
        (Kind::Enqueue, Payload::CallEnqueued(_)) => Some(Signal::of("enqueued")),
        (Kind::Enqueue, Payload::CallBridged(_)) => Some(Signal::of("bridged")),
        (Kind::Enqueue, Payload::CallDequeued(left)) => dequeued(action, left),
        (Kind::LeaveQueue, Payload::CallDequeued(_)) => Some(Signal::of("left")),
        (Kind::StartForking, Payload::CallForkStarted(_))
        | (Kind::StartStreaming, Payload::StreamingStarted(_))
        | (Kind::StartSiprec, Payload::SiprecStarted(_)) => Some(Signal::of("started")),
        (Kind::StartStreaming, Payload::StreamingFailed(_)) | (Kind::StartSiprec, Payload::SiprecFailed(_)) => {
            Some(Signal::of("failed"))
        }
        (
            Kind::StartAiAssistant | Kind::JoinAiAssistant | Kind::StartConversationRelay,
            Payload::CallConversationEnded(over),
        ) => (over.reason.as_deref() != Some(CALL_HANGUP)).then(|| Signal::of("ended")),
        (
            Kind::StartAiAssistant | Kind::JoinAiAssistant | Kind::StartConversationRelay,
            Payload::CallConversationStartFailed(_),
        ) => Some(Signal::of("failed")),
        (Kind::Pay, Payload::CallPaymentCompleted(ended)) => Some(Signal::of(paid(ended.result.as_ref()?))),
        (Kind::CreateConference | Kind::JoinConference, Payload::ConferenceParticipantJoined(_)) => {
            Some(Signal::of("joined"))
        }
        (Kind::CreateConference, Payload::ConferenceCreated(_)) => Some(Signal::of("joined")),
        (
            Kind::CreateConference | Kind::JoinConference | Kind::LeaveConference,
            Payload::ConferenceParticipantLeft(_),
        ) => Some(Signal::of("left")),
        (Kind::CreateConference | Kind::JoinConference, Payload::ConferenceEnded(_)) => Some(Signal::of("ended")),
        (Kind::LeaveConference, Payload::ConferenceEnded(_)) => Some(Signal::of("left")),
        _ => None,
    }
}

fn spoken(status: &SpeakStatus) -> Option<Signal> {
    Some(Signal::of(match status {
        SpeakStatus::CancelledAmd => "cancelledAmd",
        SpeakStatus::CallHangup => return None,
        SpeakStatus::Completed | SpeakStatus::Unknown(_) => "done",
    }))
}

fn played(action: &Action, ended: &CallPlaybackEnded) -> Option<Signal> {
    let Action::Play(params) = action else { return None };
    let asked = params.as_written();
    // What was played in the background before ends under the present position too.
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

/// Whether both are known and differ. A template says nothing.
fn other(asked: Option<&str>, said: Option<&str>) -> bool {
    matches!((asked, said), (Some(asked), Some(said)) if !asked.contains("{{") && !said.is_empty() && asked != said)
}

fn gathered(ended: &CallGatherEnded) -> Option<Signal> {
    let status = ended.status.as_ref()?;
    let outcome = match status {
        GatherStatus::Valid => "valid",
        GatherStatus::Invalid | GatherStatus::Unknown(_) => "invalid",
        GatherStatus::Cancelled => "cancelled",
        GatherStatus::CancelledAmd => "cancelledAmd",
        GatherStatus::Timeout => "timeout",
        GatherStatus::CallHangup => return None,
    };
    let digits = ended.digits.as_ref().map(|digits| digits.expose().clone()).unwrap_or_default();
    let result = json!({ "digits": digits, "status": status.as_str() });
    Some(Signal { outcome, digits: Some(digits), result })
}

fn dequeued(action: &Action, left: &CallDequeued) -> Option<Signal> {
    let Action::Enqueue(params) = action else { return None };
    if other(params.as_written().queue_name.as_deref(), left.queue.as_deref()) {
        return None;
    }
    Some(Signal::of(match left.reason.as_ref() {
        Some(DequeueReason::Bridged | DequeueReason::BridgingInProcess) => "bridged",
        Some(DequeueReason::Timeout) => "timeout",
        Some(DequeueReason::Hangup) => return None,
        // The call is parked.
        Some(DequeueReason::Leave | DequeueReason::Unknown(_)) | None => "left",
    }))
}

fn paid(result: &PaymentResult) -> &'static str {
    match result {
        PaymentResult::Success => "success",
        PaymentResult::Cancelled => "cancelled",
        PaymentResult::ConnectorError
        | PaymentResult::InternalError
        | PaymentResult::TooManyFailedAttempts
        | PaymentResult::Unknown(_) => "failed",
    }
}

/// What a webhook of a leg that the flow called says about the step that is under way.
pub(crate) fn second_leg(kind: Kind, established: bool, payload: &Payload) -> Option<Signal> {
    match (kind, payload) {
        (Kind::Dial, Payload::CallAnswered(_)) => Some(Signal::of("answered")),
        (Kind::Transfer | Kind::Bridge, Payload::CallBridged(_)) => Some(Signal::of("bridged")),
        // The talk is over; this leg lives on only if it is to be parked.
        (Kind::Transfer | Kind::Bridge, Payload::CallHangup(_)) if established => Some(Signal::of("ended")),
        (Kind::Dial | Kind::Transfer, Payload::CallHangup(hangup)) => {
            Some(Signal::of(unreached(hangup.hangup_cause.as_ref())))
        }
        (Kind::Bridge, Payload::CallHangup(_)) => Some(Signal::of("failed")),
        _ => None,
    }
}

/// Why a leg that was not reached ended (Telnyx API reference, `call.hangup`).
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
