//! Calls: placing one, steering it, asking what became of it.

mod amd;
mod answer;
mod assistant;
mod audio;
mod connect;
mod dial;
mod gather;
mod media;
mod pay;
mod record;
mod relay;
mod transcription;
mod voice;

pub use amd::{AmdConfig, AnsweringMachineDetection, BeepDetectionProfile};
pub use answer::{
    AnswerRequest, ClientStateUpdateRequest, HangupRequest, RejectCause, RejectRequest, SendDtmfRequest,
    SendSipInfoRequest, SwitchSupervisorRoleRequest,
};
pub use assistant::{
    AiAssistantAddMessagesRequest, AiAssistantJoinRequest, AiAssistantStartRequest, AiAssistantStopRequest, Assistant,
    AssistantMessage, AssistantParticipant, AssistantTool, AssistantToolType, AssistantTranscription,
    AssistantTranscriptionModel, AssistantVoiceSettings, BackgroundAudio, BackgroundAudioType, BookAppointmentTool,
    CheckAvailabilityTool, ExternalLlm, HangupTool, InterruptionSettings, LlmAuthentication, LlmFallback,
    MessageToolCall, MessageToolFunction, ParticipantOnHangup, ParticipantRole, RetrievalTool, ToolHeader, ToolMethod,
    ToolParameters, ToolParametersType, TransferTarget, TransferTargets, TransferTool, WebhookTool,
};
pub use audio::{
    AudioType, LoopCount, PlaybackStartRequest, PlaybackStopRequest, SpeakPayloadType, SpeakRequest, SpeakServiceLevel,
};
pub use connect::{
    BridgeRequest, EnqueueRequest, LeaveQueueRequest, MuteDtmf, ReferRequest, Ringtone, TransferRequest,
};
pub use dial::{
    BeepEnabled, Codec, ConferenceConfig, ConferenceSupervisorRole, DeepfakeDetection, Destination, DialRequest,
    DialogflowConfig, HttpMethod, MediaEncryption, Privacy, Record, RecordTrack, RecordTrim, RetriesPolicy, SipRegion,
    SipTransport, SoundModifications, StreamBidirectionalMode, StreamCodec, StreamTrack, SupervisorRole,
};
pub use gather::{
    GatherAssistant, GatherHistoryMessage, GatherHistoryRole, GatherRequest, GatherStopRequest, GatherUsingAiRequest,
    GatherUsingAudioRequest, GatherUsingSpeakRequest,
};
pub use media::{
    ForkStartRequest, ForkStopRequest, ForkStreamType, KrispModel, SiprecStartRequest, SiprecStopRequest,
    SiprecTransport, StreamParameter, StreamingStartRequest, StreamingStopRequest, SuppressionDirection,
    SuppressionEngine, SuppressionEngineConfig, SuppressionFamily, SuppressionMode, SuppressionSize,
    SuppressionStartRequest, SuppressionStopRequest, TargetLegs,
};
pub use pay::{
    CardType, PayCurrency, PayMethod, PayPrompt, PayPromptError, PayPrompts, PayRequest, PayTransaction, PostalCode,
    QualifiedPrompt,
};
pub use record::{
    RecordPauseRequest, RecordResumeRequest, RecordStartRequest, RecordStopRequest, RecordingTranscriptionEngine,
};
pub use relay::{
    ConversationRelayConfig, ConversationRelayStartRequest, ConversationRelayStopRequest, Interruptible,
    RelayAssistant, RelayInterruptionSettings, RelayLanguage, RelaySettings,
};
pub use transcription::{
    AzureRegion, GoogleModel, SpeechContext, TranscriptionConfig, TranscriptionEngine, TranscriptionEngineConfig,
    TranscriptionStartRequest, TranscriptionStopRequest,
};
pub use voice::{
    AzureEffect, AzureGender, InworldDeliveryMode, LanguageBoost, ResembleFormat, ResemblePrecision,
    ResembleSampleRate, SpeakLanguage, VoiceSettings,
};

pub(crate) use audio::LOOPS;
pub(crate) use gather::{DIGITS, TERMINATOR};

use crate::bounds::Rule;
use crate::client_state::ClientState;
use crate::ids::{CallControlId, CallLegId, CallSessionId, RecordingId};
use crate::macros::{open_enum, record, request};
use crate::private::Private;
use crate::time::ApiTime;

record! {
    /// A call leg as the API reports it: the answer to a dial, to a question about one call, and a row of the active calls.
    ///
    /// **The answer to a dial always says `is_alive: false`**: 200 means accepted, not ringing. A call can be asked about
    /// until 10 minutes after it ended. A row of the active calls carries neither `is_alive` nor times.
    pub struct Call {
        call_control_id: CallControlId,
        /// Seconds.
        call_duration: i64,
        call_leg_id: CallLegId,
        call_session_id: CallSessionId,
        client_state: ClientState,
        end_time: ApiTime,
        is_alive: bool,
        record_type: String,
        recording_id: RecordingId,
        start_time: ApiTime,
    }
}

record! {
    /// The answer to a command: accepted, not done. What it did comes by webhook.
    pub struct CommandResult {
        /// Of commands of AI assistants.
        conversation_id: String,
        /// Of the start of a conversation relay.
        conversation_relay_id: String,
        /// Of an answer that records.
        recording_id: RecordingId,
        /// `ok` where present.
        result: String,
    }
}

request! {
    /// A header that the SIP INVITE carries.
    pub struct CustomHeader {
        name: String => [Rule::Required],
        value: Private => [Rule::Required],
    }
}

open_enum! {
    /// The SIP headers that may be set or are passed on.
    pub enum SipHeaderName { UserToUser = "User-to-User", Diversion = "Diversion" }
}

request! {
    /// A standard SIP header.
    pub struct SipHeader {
        name: SipHeaderName => [Rule::Required],
        value: Private => [Rule::Required],
    }
}
