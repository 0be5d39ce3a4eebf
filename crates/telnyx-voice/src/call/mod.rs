//! Calls: placing one, steering it, asking what became of it.

mod amd;
mod command;
mod dial;
mod voice;

pub use amd::{AmdConfig, AnsweringMachineDetection, BeepDetectionProfile};
pub use command::{
    AudioType, CommandResult, HangupRequest, LoopCount, PlaybackStartRequest, PlaybackStopRequest, SpeakPayloadType,
    SpeakRequest, SpeakServiceLevel, TargetLegs,
};
pub use dial::{
    BeepEnabled, Codec, ConferenceConfig, ConferenceSupervisorRole, DeepfakeDetection, Destination, DialRequest,
    DialogflowConfig, HttpMethod, MediaEncryption, Privacy, Record, RecordTrack, RecordTrim, RetriesPolicy, SipRegion,
    SipTransport, SoundModifications, StreamBidirectionalMode, StreamCodec, StreamTrack, SupervisorRole,
    TranscriptionConfig,
};
pub use voice::{
    AzureEffect, AzureGender, InworldDeliveryMode, LanguageBoost, ResembleFormat, ResemblePrecision,
    ResembleSampleRate, SpeakLanguage, VoiceSettings,
};

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

request! {
    /// A header that the SIP INVITE carries.
    pub struct CustomHeader {
        name: String,
        value: Private,
    }
}

open_enum! {
    /// The SIP headers that may be set or are passed on.
    pub enum SipHeaderName { UserToUser = "User-to-User", Diversion = "Diversion" }
}

request! {
    /// A standard SIP header.
    pub struct SipHeader {
        name: SipHeaderName,
        value: Private,
    }
}
