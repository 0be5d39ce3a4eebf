//! Conversation relay: the API hears and speaks, a WebSocket of one's own thinks.

use super::transcription::{TranscriptionEngine, TranscriptionEngineConfig};
use super::voice::VoiceSettings;
use crate::bounds::{Rule, WEBSOCKET};
use crate::client_state::ClientState;
use crate::ids::CommandId;
use crate::json::JsonObject;
use crate::macros::{open_enum, request};
use crate::private::Private;

open_enum! {
    /// What interrupts the speech.
    pub enum Interruptible { None = "none", Any = "any", Speech = "speech", Dtmf = "dtmf" }
}

request! {
    /// What interrupts the speech.
    pub struct RelayInterruptionSettings {
        enable: bool,
        interruptible: Interruptible,
        interruptible_greeting: Interruptible,
        welcome_greeting_interruptible: Interruptible,
    }
}

request! {
    /// How one language is heard and spoken.
    pub struct RelayLanguage {
        /// A BCP 47 tag.
        language: String => [Rule::Required],
        speech_model: String,
        transcription_engine: TranscriptionEngine,
        transcription_engine_config: TranscriptionEngineConfig,
        transcription_provider: String,
        tts_provider: String,
        voice: String,
        voice_settings: VoiceSettings,
    }
}

request! {
    /// A relay that takes a call when it is answered.
    pub struct ConversationRelayConfig {
        url: String => [Rule::Required, WEBSOCKET],
        custom_parameters: JsonObject,
        dtmf_detection: bool,
        /// Spoken first.
        greeting: Private,
        interruptible: Interruptible,
        interruptible_greeting: Interruptible,
        interruption_settings: RelayInterruptionSettings,
        language: String,
        languages: Vec<RelayLanguage>,
        /// Only together with `structured_provider`.
        provider: String,
        /// Only together with `provider`.
        structured_provider: JsonObject,
        transcription_engine: TranscriptionEngine,
        transcription_engine_config: TranscriptionEngineConfig,
        tts_provider: String,
        voice: String,
        voice_settings: VoiceSettings,
    }
}

request! {
    /// What a relay is told.
    pub struct RelayAssistant {
        dynamic_variables: JsonObject,
    }
}

request! {
    /// The connection of a relay. The same fields beside it win.
    pub struct RelaySettings {
        url: String => [Rule::Required, WEBSOCKET],
        dtmf_detection: bool,
        interruptible: Interruptible,
        interruptible_greeting: Interruptible,
        languages: Vec<RelayLanguage>,
    }
}

request! {
    /// Connects a call to a WebSocket that reads and writes text.
    pub struct ConversationRelayStartRequest {
        assistant: RelayAssistant,
        client_state: ClientState,
        command_id: CommandId,
        /// The same as `dtmf_detection`, which wins.
        conversation_relay_dtmf_detection: bool,
        conversation_relay_settings: RelaySettings,
        /// The same as `url`, which wins.
        conversation_relay_url: String => [WEBSOCKET],
        custom_parameters: JsonObject,
        dtmf_detection: bool,
        /// Spoken first.
        greeting: Private,
        interruptible: Interruptible,
        interruptible_greeting: Interruptible,
        interruption_settings: RelayInterruptionSettings,
        language: String,
        languages: Vec<RelayLanguage>,
        /// Only together with `structured_provider`.
        provider: String,
        /// Only together with `provider`.
        structured_provider: JsonObject,
        /// Declared, but refused: use `transcription_engine`.
        transcription: JsonObject,
        transcription_engine: TranscriptionEngine,
        transcription_engine_config: TranscriptionEngineConfig,
        tts_provider: String,
        url: String => [WEBSOCKET],
        voice: String,
        voice_settings: VoiceSettings,
    }
}

request! {
    /// Ends the relay.
    pub struct ConversationRelayStopRequest {
        client_state: ClientState,
        command_id: CommandId,
    }
}
