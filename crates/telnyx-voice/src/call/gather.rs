//! Collecting key presses, or answers in words.

use super::assistant::{AssistantTool, AssistantTranscription, InterruptionSettings};
use super::audio::{SpeakPayloadType, SpeakServiceLevel};
use super::voice::{SpeakLanguage, VoiceSettings};
use crate::bounds::{FEWEST, KEYS, ONE_FILE, ONE_INVALID_FILE, Rule, SPOKEN};
use crate::client_state::ClientState;
use crate::ids::CommandId;
use crate::json::JsonObject;
use crate::macros::{open_enum, request};
use crate::private::Private;

/// How many keys can be collected (Telnyx API reference: Gather).
pub(crate) const DIGITS: Rule = Rule::Range(1, 128);

/// One key, or none.
pub(crate) const TERMINATOR: Rule = Rule::Length(0, 1);

request! {
    /// Collects key presses. Done at `call.gather.ended`; each key is reported by `call.dtmf.received` too.
    pub struct GatherRequest {
        client_state: ClientState,
        command_id: CommandId,
        /// Comes back in `call.gather.ended`; random where missing.
        gather_id: String,
        /// Milliseconds until the first key; 5,000 where missing.
        initial_timeout_millis: i64,
        /// Milliseconds between keys; 5,000 where missing.
        inter_digit_timeout_millis: i64,
        /// 128 where missing.
        maximum_digits: i64 => [DIGITS],
        /// 1 where missing.
        minimum_digits: i64 => [DIGITS, FEWEST],
        /// Ends the input before `maximum_digits`; `#` where missing, none where empty.
        terminating_digit: String => [TERMINATOR, KEYS],
        /// Milliseconds for all of it; 60,000 where missing.
        timeout_millis: i64,
        /// The keys that count; `0123456789#*` where missing.
        valid_digits: String => [KEYS],
    }
}

request! {
    /// Plays a prompt and collects key presses; the first key ends the prompt. Done at `call.gather.ended`.
    pub struct GatherUsingAudioRequest {
        /// The prompt; not together with `media_name`.
        audio_url: String => [ONE_FILE],
        client_state: ClientState,
        command_id: CommandId,
        /// Milliseconds between keys; 5,000 where missing.
        inter_digit_timeout_millis: i64,
        /// Played after wrong input; not together with `invalid_media_name`.
        invalid_audio_url: String => [ONE_INVALID_FILE],
        invalid_media_name: String,
        /// 128 where missing.
        maximum_digits: i64 => [DIGITS],
        /// How often the prompt plays; 3 where missing.
        maximum_tries: i64,
        /// The prompt, a file in Telnyx's media storage.
        media_name: String,
        /// 1 where missing.
        minimum_digits: i64 => [DIGITS, FEWEST],
        /// Ends the input before `maximum_digits`; `#` where missing, none where empty.
        terminating_digit: String => [TERMINATOR, KEYS],
        /// Milliseconds after the prompt until it plays again; 60,000 where missing.
        timeout_millis: i64,
        /// The keys that count; `0123456789#*` where missing.
        valid_digits: String => [KEYS],
    }
}

request! {
    /// Speaks a prompt and collects key presses; the first key ends the prompt. Done at `call.gather.ended`.
    pub struct GatherUsingSpeakRequest {
        client_state: ClientState,
        command_id: CommandId,
        /// Milliseconds between keys; 5,000 where missing.
        inter_digit_timeout_millis: i64,
        /// Spoken after wrong input.
        invalid_payload: String => [SPOKEN],
        language: SpeakLanguage,
        /// 128 where missing.
        maximum_digits: i64 => [DIGITS],
        /// How often the prompt is spoken; 3 where missing.
        maximum_tries: i64,
        /// 1 where missing.
        minimum_digits: i64 => [DIGITS, FEWEST],
        /// The prompt.
        payload: Private => [Rule::Required, SPOKEN],
        payload_type: SpeakPayloadType,
        service_level: SpeakServiceLevel,
        /// Ends the input before `maximum_digits`; `#` where missing, none where empty.
        terminating_digit: String => [TERMINATOR, KEYS],
        /// Milliseconds after the prompt until it is spoken again; 60,000 where missing.
        timeout_millis: i64,
        /// The keys that count; `0123456789#*` where missing.
        valid_digits: String => [KEYS],
        /// For example `Telnyx.KokoroTTS.af`, `AWS.Polly.Joanna`, or `male` / `female`.
        voice: String => [Rule::Required],
        voice_settings: VoiceSettings,
    }
}

request! {
    /// The assistant that gathers answers.
    pub struct GatherAssistant {
        /// The system prompt.
        instructions: String,
        model: String,
        /// The name of the stored secret that holds a key of `OpenAI`.
        openai_api_key_ref: String,
        tools: Vec<AssistantTool>,
    }
}

open_enum! {
    /// Who said something before an assistant began to gather.
    pub enum GatherHistoryRole { Assistant = "assistant", User = "user" }
}

request! {
    /// One thing said before.
    pub struct GatherHistoryMessage {
        content: Private,
        role: GatherHistoryRole,
    }
}

request! {
    /// Lets an AI assistant ask for answers. Done at `call.ai_gather.ended`.
    pub struct GatherUsingAiRequest {
        assistant: GatherAssistant,
        client_state: ClientState,
        command_id: CommandId,
        /// Spoken when all is gathered.
        gather_ended_speech: String => [SPOKEN],
        /// Spoken first.
        greeting: Private => [SPOKEN],
        interruption_settings: InterruptionSettings,
        /// The language to recognise, an ISO 639 code such as `en`.
        language: String,
        message_history: Vec<GatherHistoryMessage>,
        /// What to ask for: a JSON schema of an object.
        parameters: JsonObject => [Rule::Required],
        /// Report every turn by `call.ai_gather.message_history_updated`.
        send_message_history_updates: bool,
        /// Report every answer by `call.ai_gather.partial_results`.
        send_partial_results: bool,
        transcription: AssistantTranscription,
        /// Milliseconds to wait for the caller; 10,000 where missing.
        user_response_timeout_ms: i64,
        voice: String,
        voice_settings: VoiceSettings,
    }
}

request! {
    /// Stops collecting. `call.gather.ended` follows, with what came so far.
    pub struct GatherStopRequest {
        client_state: ClientState,
        command_id: CommandId,
    }
}
