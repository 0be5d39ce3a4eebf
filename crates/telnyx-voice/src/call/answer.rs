//! Taking a call or not, ending it, and what it carries.

use std::collections::BTreeMap;

use super::assistant::Assistant;
use super::dial::{
    Codec, DeepfakeDetection, HttpMethod, Record, RecordTrack, RecordTrim, RetriesPolicy, SoundModifications,
    StreamBidirectionalMode, StreamCodec, StreamTrack, SupervisorRole,
};
use super::media::TargetLegs;
use super::relay::ConversationRelayConfig;
use super::transcription::TranscriptionConfig;
use super::{CustomHeader, SipHeader};
use crate::bounds::{Rule, WEBSOCKET};
use crate::client_state::ClientState;
use crate::ids::CommandId;
use crate::macros::{open_enum, request};
use crate::private::Private;
use crate::profile::{RecordingChannels, RecordingFormat};

request! {
    /// Answers an incoming call. Done at `call.answered`. Refused with 90102 on an outbound call.
    pub struct AnswerRequest {
        /// An AI assistant that takes the call.
        assistant: Assistant,
        billing_group_id: String,
        client_state: ClientState,
        command_id: CommandId,
        /// A relay that takes the call.
        conversation_relay_config: ConversationRelayConfig,
        custom_headers: Vec<CustomHeader>,
        deepfake_detection: DeepfakeDetection,
        /// Comma-separated, the most wanted first: `G722,PCMU,PCMA,G729,OPUS,VP8,H264`.
        preferred_codecs: String,
        record: Record,
        record_channels: RecordingChannels,
        record_custom_file_name: String,
        record_format: RecordingFormat,
        /// Seconds; 0, the default, is no limit.
        record_max_length: i64 => [Rule::Range(0, 43_200)],
        /// Seconds of silence after which recording stops; 0, the default, is never.
        record_timeout_secs: i64 => [Rule::AtLeast(0)],
        record_track: RecordTrack,
        record_trim: RecordTrim,
        send_silence_when_idle: bool,
        sip_headers: Vec<SipHeader>,
        sound_modifications: SoundModifications,
        stream_bidirectional_codec: Codec,
        stream_bidirectional_mode: StreamBidirectionalMode,
        stream_bidirectional_target_legs: TargetLegs,
        stream_codec: StreamCodec,
        stream_track: StreamTrack,
        stream_url: String => [WEBSOCKET],
        transcription: bool,
        transcription_config: TranscriptionConfig,
        /// By event type.
        webhook_retries_policies: BTreeMap<String, RetriesPolicy>,
        webhook_url: String,
        webhook_url_method: HttpMethod,
        /// By event type.
        webhook_urls: BTreeMap<String, Vec<String>>,
        webhook_urls_method: HttpMethod,
    }
}

open_enum! {
    /// What the caller of a rejected call is told.
    pub enum RejectCause {
        /// SIP 603
        CallRejected = "CALL_REJECTED",
        /// SIP 404
        NotFound = "NOT_FOUND",
        /// SIP 480
        TemporarilyUnavailable = "TEMPORARILY_UNAVAILABLE",
        /// SIP 486
        UserBusy = "USER_BUSY",
    }
}

request! {
    /// Refuses an incoming call. Done at `call.hangup`.
    pub struct RejectRequest {
        cause: RejectCause => [Rule::Required],
        client_state: ClientState,
        command_id: CommandId,
    }
}

request! {
    /// Ends a call leg. Done at `call.hangup`.
    pub struct HangupRequest {
        client_state: ClientState,
        command_id: CommandId,
        custom_headers: Vec<CustomHeader>,
        /// The text of the SIP `Reason` header when an unanswered outbound leg is cancelled.
        reason: String,
    }
}

request! {
    /// Replaces what a call carries in its webhooks, and does nothing else.
    pub struct ClientStateUpdateRequest {
        client_state: ClientState => [Rule::AtSend],
    }
}

request! {
    /// Changes what the supervisor of a bridged call may do.
    pub struct SwitchSupervisorRoleRequest {
        role: SupervisorRole => [Rule::Required],
    }
}

request! {
    /// Presses keys towards the other end of an answered call. Nothing is reported: done when accepted.
    pub struct SendDtmfRequest {
        client_state: ClientState,
        command_id: CommandId,
        /// Keys, and the pauses `w` (half a second) and `W` (a second).
        digits: Private => [Rule::Required, crate::bounds::KEYS_AND_PAUSES],
        /// Milliseconds per key; 250 where missing.
        duration_millis: i64 => [Rule::Range(100, 500)],
    }
}

request! {
    /// Sends a SIP INFO. Nothing is reported: done when accepted.
    pub struct SendSipInfoRequest {
        /// At most 1,400 bytes, it seems: the documents state that limit at `content_type`.
        body: Private => [Rule::Required, Rule::Length(0, 1400)],
        client_state: ClientState,
        command_id: CommandId,
        /// A MIME type.
        content_type: String => [Rule::Required],
    }
}
