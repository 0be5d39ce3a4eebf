//! What each webhook carries: one struct per event type, and the table that says which.
//!
//! A known payload with a field of the wrong type loses that field, not the event: a hangup whose quality figures changed their
//! form must still end the call.

mod assistant;
mod call;
mod conference;
mod machine;
mod media;
mod payment;
mod tolerant;

pub use assistant::*;
pub use call::*;
pub use conference::*;
pub use machine::*;
pub use media::*;
pub use payment::*;

use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::client_state::ClientState;
use crate::ids::{CallControlId, CallLegId, CallSessionId, ConnectionId};
use crate::macros::open_enum;
use crate::private::Private;
use crate::time::ApiTime;

/// The fields that most payloads share, whichever event it is.
pub trait PayloadFields {
    /// The leg to command.
    fn call_control_id(&self) -> Option<&CallControlId> {
        None
    }

    /// The leg.
    fn call_leg_id(&self) -> Option<&CallLegId> {
        None
    }

    /// The session.
    fn call_session_id(&self) -> Option<&CallSessionId> {
        None
    }

    /// What the leg, or the conference, carries for us.
    fn client_state(&self) -> Option<&ClientState> {
        None
    }

    /// The application.
    fn connection_id(&self) -> Option<&ConnectionId> {
        None
    }

    /// When it happened, where the payload says so.
    fn occurred_at(&self) -> Option<&ApiTime> {
        None
    }
}

/// A payload of its own shape; `has` lists the shared fields that it carries.
macro_rules! payload {
    ($(#[$meta:meta])* pub struct $name:ident { $($(#[$fmeta:meta])* $field:ident: $ty:ty),* $(,)? } has $($has:ident),*) => {
        $crate::macros::record! { $(#[$meta])* pub struct $name { $($(#[$fmeta])* $field: $ty),* } }

        impl PayloadFields for $name {
            $($crate::webhook::payload::shared!($has);)*
        }

        impl From<$name> for Payload {
            fn from(payload: $name) -> Self {
                Self::$name(payload)
            }
        }
    };
}

/// A payload of one leg: the five shared fields, and its own.
macro_rules! leg_payload {
    ($(#[$meta:meta])* pub struct $name:ident { $($(#[$fmeta:meta])* $field:ident: $ty:ty),* $(,)? } $(has $($has:ident),*)?) => {
        $crate::webhook::payload::payload! {
            $(#[$meta])*
            pub struct $name {
                call_control_id: $crate::ids::CallControlId,
                call_leg_id: $crate::ids::CallLegId,
                call_session_id: $crate::ids::CallSessionId,
                client_state: $crate::client_state::ClientState,
                connection_id: $crate::ids::ConnectionId,
                $($(#[$fmeta])* $field: $ty),*
            } has call_control_id, call_leg_id, call_session_id, client_state, connection_id $($(, $has)*)?
        }
    };
}

macro_rules! shared {
    (call_control_id) => {
        fn call_control_id(&self) -> Option<&$crate::ids::CallControlId> {
            self.call_control_id.as_ref()
        }
    };
    (call_leg_id) => {
        fn call_leg_id(&self) -> Option<&$crate::ids::CallLegId> {
            self.call_leg_id.as_ref()
        }
    };
    (call_session_id) => {
        fn call_session_id(&self) -> Option<&$crate::ids::CallSessionId> {
            self.call_session_id.as_ref()
        }
    };
    (client_state) => {
        fn client_state(&self) -> Option<&$crate::client_state::ClientState> {
            self.client_state.as_ref()
        }
    };
    (occurred_at) => {
        fn occurred_at(&self) -> Option<&$crate::time::ApiTime> {
            self.occurred_at.as_ref()
        }
    };
    (connection_id) => {
        fn connection_id(&self) -> Option<&$crate::ids::ConnectionId> {
            self.connection_id.as_ref()
        }
    };
}

use {leg_payload, payload, shared};

macro_rules! payloads {
    ($($name:ident = $wire:literal),+ $(,)?) => {
        open_enum! {
            /// What happened. New types appear: keep what you do not know, and acknowledge it.
            pub enum EventType { $($name = $wire),+ }
        }

        /// What an event carries, by its type.
        #[derive(Debug, Clone, PartialEq, Serialize)]
        #[serde(untagged)]
        pub enum Payload {
            $(#[doc = concat!("`", $wire, "`")] $name($name),)+
            /// The payload of an event type that this version does not list, or one that is not an object.
            Unknown(Private<Value>),
        }

        impl Payload {
            /// Reads the payload of an event, and names the fields that had to be left out.
            pub(super) fn read(event_type: &EventType, raw: &RawValue) -> (Self, Vec<String>) {
                match event_type {
                    $(EventType::$name => tolerant::read::<$name>(raw),)+
                    EventType::Unknown(_) => (tolerant::unknown(raw), Vec::new()),
                }
            }

            fn fields(&self) -> Option<&dyn PayloadFields> {
                match self {
                    $(Self::$name(payload) => Some(payload),)+
                    Self::Unknown(_) => None,
                }
            }

            /// The event type that carries this payload; `None` for an unknown one.
            #[must_use]
            pub fn event_type(&self) -> Option<EventType> {
                match self {
                    $(Self::$name(_) => Some(EventType::$name),)+
                    Self::Unknown(_) => None,
                }
            }
        }
    };
}

payloads! {
    CallInitiated = "call.initiated",
    CallAnswered = "call.answered",
    CallBridged = "call.bridged",
    CallHangup = "call.hangup",
    CallHold = "call.hold",
    CallUnhold = "call.unhold",
    CallCost = "call.cost",
    CallDtmfReceived = "call.dtmf.received",
    CallGatherEnded = "call.gather.ended",
    CallEnqueued = "call.enqueued",
    CallDequeued = "call.dequeued",
    CallReferStarted = "call.refer.started",
    CallReferCompleted = "call.refer.completed",
    CallReferFailed = "call.refer.failed",
    CallMachineDetectionEnded = "call.machine.detection.ended",
    CallMachineGreetingEnded = "call.machine.greeting.ended",
    CallMachinePremiumDetectionStarted = "call.machine.premium.detection.started",
    CallMachinePremiumDetectionEnded = "call.machine.premium.detection.ended",
    CallMachinePremiumGreetingEnded = "call.machine.premium.greeting.ended",
    CallMachinePremiumCallScreeningDetected = "call.machine.premium.call_screening.detected",
    CallDeepfakeDetectionResult = "call.deepfake_detection.result",
    CallDeepfakeDetectionError = "call.deepfake_detection.error",
    CallPlaybackStarted = "call.playback.started",
    CallPlaybackEnded = "call.playback.ended",
    CallSpeakStarted = "call.speak.started",
    CallSpeakEnded = "call.speak.ended",
    CallRecordingSaved = "call.recording.saved",
    CallRecordingError = "call.recording.error",
    CallRecordingTranscriptionSaved = "call.recording.transcription.saved",
    CallTranscription = "call.transcription",
    CallForkStarted = "call.fork.started",
    CallForkStopped = "call.fork.stopped",
    StreamingStarted = "streaming.started",
    StreamingStopped = "streaming.stopped",
    StreamingFailed = "streaming.failed",
    SiprecStarted = "siprec.started",
    SiprecStopped = "siprec.stopped",
    SiprecFailed = "siprec.failed",
    CallAiGatherEnded = "call.ai_gather.ended",
    CallAiGatherPartialResults = "call.ai_gather.partial_results",
    CallAiGatherMessageHistoryUpdated = "call.ai_gather.message_history_updated",
    CallConversationCreated = "call.conversation.created",
    CallConversationEnded = "call.conversation.ended",
    CallConversationStartFailed = "call.conversation.start_failed",
    CallConversationInsightsGenerated = "call.conversation_insights.generated",
    CallAnalyzed = "call.analyzed",
    CallPaymentProgress = "call.payment.progress",
    CallPaymentCompleted = "call.payment.completed",
    ConferenceCreated = "conference.created",
    ConferenceEnded = "conference.ended",
    ConferenceFloorChanged = "conference.floor.changed",
    ConferenceParticipantJoined = "conference.participant.joined",
    ConferenceParticipantLeft = "conference.participant.left",
    ConferenceParticipantPlaybackStarted = "conference.participant.playback.started",
    ConferenceParticipantPlaybackEnded = "conference.participant.playback.ended",
    ConferenceParticipantSpeakStarted = "conference.participant.speak.started",
    ConferenceParticipantSpeakEnded = "conference.participant.speak.ended",
    ConferencePlaybackStarted = "conference.playback.started",
    ConferencePlaybackEnded = "conference.playback.ended",
    ConferenceSpeakStarted = "conference.speak.started",
    ConferenceSpeakEnded = "conference.speak.ended",
    ConferenceRecordingSaved = "conference.recording.saved",
}

impl PayloadFields for Payload {
    fn call_control_id(&self) -> Option<&CallControlId> {
        self.fields()?.call_control_id()
    }

    fn call_leg_id(&self) -> Option<&CallLegId> {
        self.fields()?.call_leg_id()
    }

    fn call_session_id(&self) -> Option<&CallSessionId> {
        self.fields()?.call_session_id()
    }

    fn client_state(&self) -> Option<&ClientState> {
        self.fields()?.client_state()
    }

    fn connection_id(&self) -> Option<&ConnectionId> {
        self.fields()?.connection_id()
    }

    fn occurred_at(&self) -> Option<&ApiTime> {
        self.fields()?.occurred_at()
    }
}
