//! Placing a call.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::amd::{AmdConfig, AnsweringMachineDetection};
use super::assistant::Assistant;
use super::media::{SAMPLING_RATES, TargetLegs};
use super::relay::ConversationRelayConfig;
use super::transcription::TranscriptionConfig;
use super::{CustomHeader, SipHeader};
use crate::bounds::{DISPLAY_NAME, KEYS_AND_PAUSES, Measure, ONE_FILE, ONE_HOLD_FILE, Rule, WEBSOCKET};
use crate::client_state::ClientState;
use crate::ids::{CallControlId, CommandId, ConferenceId, ConnectionId};
use crate::macros::{open_enum, request, schema_as};
use crate::private::{Party, PhoneNumber, Private};
use crate::profile::{RecordingChannels, RecordingFormat};

/// Whom to ring.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Destination {
    /// One phone.
    One(Party),
    /// **Several phones at once.** Each counts as a dial.
    Several(Vec<Party>),
}

impl Destination {
    /// The dials that this counts for.
    #[must_use]
    pub fn count(&self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Several(parties) => parties.len(),
        }
    }
}

impl<T: Into<Party>> From<T> for Destination {
    fn from(party: T) -> Self {
        Self::One(party.into())
    }
}

impl Measure for Destination {
    fn entries(&self) -> Option<usize> {
        match self {
            Self::One(_) => None,
            Self::Several(parties) => Some(parties.len()),
        }
    }
}

schema_as!(Destination => crate::schema::any());

open_enum! {
    /// Which HTTP method delivers webhooks. This crate reads `POST` only.
    pub enum HttpMethod { Post = "POST", Get = "GET" }
}

open_enum! {
    /// Who hears the beep of a conference, and when.
    pub enum BeepEnabled { Always = "always", Never = "never", OnEnter = "on_enter", OnExit = "on_exit" }
}

open_enum! {
    /// What a supervisor in a conference may do.
    pub enum ConferenceSupervisorRole { Barge = "barge", Monitor = "monitor", None = "none", Whisper = "whisper" }
}

open_enum! {
    /// What a supervisor of a call may do.
    pub enum SupervisorRole { Barge = "barge", Whisper = "whisper", Monitor = "monitor" }
}

open_enum! {
    /// Encryption of the audio.
    pub enum MediaEncryption { Disabled = "disabled", Srtp = "SRTP", Dtls = "DTLS" }
}

open_enum! {
    /// Whether the caller's number is hidden.
    pub enum Privacy { Id = "id", None = "none" }
}

open_enum! {
    /// When recording starts.
    pub enum Record { FromAnswer = "record-from-answer" }
}

open_enum! {
    /// Which side is recorded.
    pub enum RecordTrack { Both = "both", Inbound = "inbound", Outbound = "outbound" }
}

open_enum! {
    /// What is cut from a recording.
    pub enum RecordTrim { Silence = "trim-silence" }
}

open_enum! {
    /// The region of the SIP servers. Dials per second are counted per region.
    pub enum SipRegion {
        Us = "US", Europe = "Europe", Canada = "Canada", Australia = "Australia", MiddleEast = "Middle East",
    }
}

open_enum! {
    /// The transport of SIP.
    pub enum SipTransport { Udp = "UDP", Tcp = "TCP", Tls = "TLS" }
}

open_enum! {
    /// The codec of audio that is streamed into a call.
    pub enum Codec { Pcmu = "PCMU", Pcma = "PCMA", G722 = "G722", Opus = "OPUS", AmrWb = "AMR-WB", L16 = "L16" }
}

open_enum! {
    /// The codec of audio that is streamed out of a call.
    pub enum StreamCodec {
        Pcmu = "PCMU", Pcma = "PCMA", G722 = "G722", Opus = "OPUS", AmrWb = "AMR-WB", L16 = "L16", Default = "default",
    }
}

open_enum! {
    /// The form of audio that is streamed into a call.
    pub enum StreamBidirectionalMode { Mp3 = "mp3", Rtp = "rtp" }
}

open_enum! {
    /// Which side is streamed.
    pub enum StreamTrack { Inbound = "inbound_track", Outbound = "outbound_track", Both = "both_tracks" }
}

request! {
    /// The conference that the call enters when it is answered.
    pub struct ConferenceConfig {
        id: ConferenceId,
        beep_enabled: BeepEnabled,
        conference_name: String,
        early_media: bool,
        end_conference_on_exit: bool,
        hold: bool,
        hold_audio_url: String => [ONE_HOLD_FILE],
        hold_media_name: String,
        mute: bool,
        soft_end_conference_on_exit: bool,
        start_conference_on_create: bool,
        start_conference_on_enter: bool,
        supervisor_role: ConferenceSupervisorRole,
        whisper_call_control_ids: Vec<CallControlId>,
    }
}

request! {
    /// Whether the voice on the other side is checked for being synthetic.
    pub struct DeepfakeDetection {
        enabled: bool => [Rule::Required],
        /// Seconds.
        rtp_timeout: i64,
        /// Seconds.
        timeout: i64,
    }
}

request! {
    /// How a Dialogflow agent takes part.
    pub struct DialogflowConfig {
        analyze_sentiment: bool,
        partial_automated_agent_reply: bool,
    }
}

request! {
    /// How the sound of one side is changed.
    pub struct SoundModifications {
        octaves: f64,
        pitch: f64,
        semitone: f64,
        track: String,
    }
}

request! {
    /// When a failed webhook is sent again.
    pub struct RetriesPolicy {
        /// Milliseconds before each further try; together at most 60,000.
        retries_ms: Vec<i64> => [Rule::Items(0, 5), Rule::SumAtMost(60_000)],
    }
}

request! {
    /// A call to place. Accepted at once; reported by `call.initiated`, then `call.answered` or `call.hangup`.
    pub struct DialRequest {
        answering_machine_detection: AnsweringMachineDetection,
        answering_machine_detection_config: AmdConfig,
        assistant: Assistant,
        audio_url: String => [ONE_FILE],
        billing_group_id: String,
        bridge_intent: bool,
        bridge_on_answer: bool,
        client_state: ClientState,
        command_id: CommandId,
        conference_config: ConferenceConfig,
        /// A Call Control application with a webhook URL.
        connection_id: ConnectionId => [Rule::Required],
        conversation_relay_config: ConversationRelayConfig,
        custom_headers: Vec<CustomHeader>,
        deepfake_detection: DeepfakeDetection,
        dialogflow_config: DialogflowConfig,
        diversion: String,
        enable_dialogflow: bool,
        /// A number of the account, or verified by it, in E.164.
        from: Party => [Rule::Required, Rule::BeginsWith(&["+"])],
        /// Letters, digits, spaces and `-_~!.+`.
        from_display_name: Private => [Rule::Length(0, 128), DISPLAY_NAME],
        link_to: CallControlId,
        media_encryption: MediaEncryption,
        media_name: String,
        park_after_unbridge: String,
        preferred_codecs: String,
        prevent_double_bridge: bool,
        privacy: Privacy,
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
        /// The API's default is true: it may ring on over further routes after `timeout_secs`.
        retry_on_timeout: bool,
        route_to_mobile: bool,
        /// Keys and pauses to send when it is answered.
        send_digits_on_answer: Private => [KEYS_AND_PAUSES, Rule::Length(0, 64)],
        send_silence_when_idle: bool,
        sip_auth_password: Private,
        sip_auth_username: Private,
        sip_headers: Vec<SipHeader>,
        sip_region: SipRegion,
        sip_transport_protocol: SipTransport,
        sound_modifications: SoundModifications,
        stream_auth_token: Private => [Rule::Length(0, 4000)],
        stream_bidirectional_codec: Codec,
        stream_bidirectional_mode: StreamBidirectionalMode,
        /// Hz; 8,000 where missing.
        stream_bidirectional_sampling_rate: i64 => [SAMPLING_RATES],
        stream_bidirectional_target_legs: TargetLegs,
        stream_codec: StreamCodec,
        stream_establish_before_call_originate: bool,
        stream_track: StreamTrack,
        stream_url: String => [WEBSOCKET],
        supervise_call_control_id: CallControlId,
        supervisor_role: SupervisorRole,
        /// Seconds that the call may last; 14,400 where missing. The text of error 90029 says 60 to 14,000.
        time_limit_secs: i64 => [Rule::Range(30, 14_400)],
        /// Seconds that it rings; 30 where missing.
        timeout_secs: i64 => [Rule::Range(5, 600)],
        /// A phone number or a SIP URI, or a list of them, which are rung at once.
        to: Destination => [Rule::Required],
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

impl DialRequest {
    /// A call from a number of the account to one phone.
    #[must_use]
    pub fn new(connection_id: impl Into<ConnectionId>, from: &PhoneNumber, to: &PhoneNumber) -> Self {
        Self::default().connection_id(connection_id).from(from).to(to)
    }
}
