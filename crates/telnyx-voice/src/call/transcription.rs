//! Turning what is said into text.

use std::collections::BTreeMap;

use crate::bounds::Rule;
use crate::client_state::ClientState;
use crate::ids::CommandId;
use crate::macros::{open_enum, request};

open_enum! {
    /// What turns speech into text. The letters are older names.
    pub enum TranscriptionEngine {
        Google = "Google", Telnyx = "Telnyx", Deepgram = "Deepgram", Azure = "Azure", Xai = "xAI",
        AssemblyAi = "AssemblyAI", Speechmatics = "Speechmatics", Soniox = "Soniox", Parakeet = "Parakeet",
        Humain = "Humain", Reson8 = "Reson8", Cohere = "Cohere",
        /// Google
        A = "A",
        /// Telnyx
        B = "B",
        /// In the engine's own settings only.
        DeepgramNova2 = "deepgram/nova-2",
        /// In the engine's own settings only.
        DeepgramNova3 = "deepgram/nova-3",
    }
}

open_enum! {
    /// The model of the Google engine.
    pub enum GoogleModel {
        LatestLong = "latest_long", LatestShort = "latest_short", CommandAndSearch = "command_and_search",
        PhoneCall = "phone_call", Video = "video", Default = "default", MedicalConversation = "medical_conversation",
        MedicalDictation = "medical_dictation",
    }
}

open_enum! {
    /// Where the Azure engine runs.
    pub enum AzureRegion {
        AustraliaEast = "australiaeast", CentralIndia = "centralindia", EastUs = "eastus",
        NorthCentralUs = "northcentralus", WestEurope = "westeurope", WestUs2 = "westus2",
    }
}

request! {
    /// Phrases that the Google engine should expect.
    pub struct SpeechContext {
        /// How much.
        boost: f64,
        phrases: Vec<String>,
    }
}

request! {
    /// The settings of an engine. Every engine takes some of the fields; the API says which. `transcription_engine` repeats the
    /// engine's name.
    pub struct TranscriptionEngineConfig {
        /// The name of the stored secret that holds the provider's key.
        api_key_ref: String,
        /// Conversation relay, Deepgram Flux.
        eager_eot_threshold: f64,
        enable_endpoint_detection: bool,
        enable_speaker_diarization: bool,
        /// Conversation relay, Deepgram Flux.
        eot_threshold: f64,
        hints: Vec<String>,
        /// Report before a sentence is complete.
        interim_results: bool,
        keyterms: Vec<String>,
        /// How much, by word.
        keywords_boosting: BTreeMap<String, f64>,
        /// As the engine calls it: `en`, `en-US`, `auto`, …
        language: String,
        /// Milliseconds of silence that end a sentence (Soniox).
        max_endpoint_delay_ms: i64 => [Rule::Range(500, 3000)],
        max_speaker_count: i64,
        min_speaker_count: i64,
        model: GoogleModel,
        profanity_filter: bool,
        /// Azure requires it.
        region: AzureRegion,
        smart_format: bool,
        speech_context: Vec<SpeechContext>,
        transcription_engine: TranscriptionEngine,
        /// As the engine calls it, for example `openai/whisper-large-v3-turbo`.
        transcription_model: String,
        use_enhanced: bool,
        /// Milliseconds (Deepgram).
        utterance_end_ms: i64,
    }
}

request! {
    /// How a call is transcribed from its answer on.
    pub struct TranscriptionConfig {
        client_state: ClientState,
        command_id: CommandId,
        transcription_engine: TranscriptionEngine,
        transcription_engine_config: TranscriptionEngineConfig,
        /// `inbound` for this leg, `outbound` for the other, or `both`.
        transcription_tracks: String,
    }
}

request! {
    /// Turns what is said into text. Reported by `call.transcription`, sentence by sentence.
    pub struct TranscriptionStartRequest {
        client_state: ClientState,
        command_id: CommandId,
        transcription_engine: TranscriptionEngine,
        transcription_engine_config: TranscriptionEngineConfig,
        /// `inbound` for this leg, `outbound` for the other, or `both`.
        transcription_tracks: String,
    }
}

request! {
    /// Stops turning what is said into text. Nothing is reported: done when accepted.
    pub struct TranscriptionStopRequest {
        client_state: ClientState,
        command_id: CommandId,
    }
}
