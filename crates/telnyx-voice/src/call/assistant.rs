//! AI assistants on a call.

use super::voice::LanguageBoost;
use crate::bounds::{Rule, SPOKEN};
use crate::client_state::ClientState;
use crate::ids::CommandId;
use crate::json::JsonObject;
use crate::macros::{open_enum, request, schema_as};
use crate::private::{Party, Private};
use crate::webhook::payload::{MessageRole, ToolCallType};

open_enum! {
    /// How a language model of one's own is logged in to.
    pub enum LlmAuthentication { Token = "token", Certificate = "certificate" }
}

request! {
    /// A language model of one's own.
    pub struct ExternalLlm {
        authentication_method: LlmAuthentication,
        base_url: String,
        /// The name of the stored certificate.
        certificate_ref: String,
        /// Tell it the assistant's variables.
        forward_metadata: bool,
        /// The name of the stored secret that holds its key.
        llm_api_key_ref: String,
        model: String,
        token_retrieval_url: String,
    }
}

request! {
    /// The language model when the first one fails.
    pub struct LlmFallback {
        external_llm: ExternalLlm,
        /// The name of the stored secret that holds its key.
        llm_api_key_ref: String,
        model: String,
    }
}

open_enum! {
    /// What an assistant can do beside talking.
    pub enum AssistantToolType {
        BookAppointment = "book_appointment", CheckAvailability = "check_availability", Webhook = "webhook",
        Hangup = "hangup", Transfer = "transfer", Retrieval = "retrieval",
    }
}

request! {
    /// Books appointments in Cal.com.
    pub struct BookAppointmentTool {
        /// The name of the stored secret that holds the key.
        api_key_ref: String => [Rule::Required],
        attendee_name: Private,
        attendee_timezone: String,
        event_type_id: i64 => [Rule::Required],
    }
}

request! {
    /// Looks for free times in Cal.com.
    pub struct CheckAvailabilityTool {
        /// The name of the stored secret that holds the key.
        api_key_ref: String => [Rule::Required],
        event_type_id: i64 => [Rule::Required],
    }
}

open_enum! {
    /// How a webhook of an assistant is called.
    pub enum ToolMethod { Get = "GET", Post = "POST", Put = "PUT", Delete = "DELETE", Patch = "PATCH" }
}

open_enum! {
    /// The type of a tool's parameters.
    pub enum ToolParametersType { Object = "object" }
}

request! {
    /// The parameters that an assistant may fill in: a JSON schema.
    pub struct ToolParameters {
        properties: JsonObject,
        required: Vec<String>,
        r#type: ToolParametersType,
    }
}

request! {
    /// A header of an assistant's webhook.
    pub struct ToolHeader {
        name: String,
        value: Private,
    }
}

request! {
    /// Calls a webhook.
    pub struct WebhookTool {
        body_parameters: ToolParameters,
        /// What it is for, as told to the model.
        description: String => [Rule::Required],
        headers: Vec<ToolHeader>,
        method: ToolMethod,
        name: String => [Rule::Required],
        path_parameters: ToolParameters,
        query_parameters: ToolParameters,
        url: String => [Rule::Required],
    }
}

request! {
    /// Hangs up.
    pub struct HangupTool {
        /// When, as told to the model.
        description: String,
    }
}

request! {
    /// Somebody to transfer to.
    pub struct TransferTarget {
        name: Private,
        to: Party => [Rule::Required],
    }
}

/// Whom an assistant may transfer to.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(untagged)]
pub enum TransferTargets {
    /// A variable that holds them.
    Variable(String),
    /// These.
    Listed(Vec<TransferTarget>),
}

impl crate::bounds::Measure for TransferTargets {
    fn inner(&self) -> Result<(), crate::bounds::OutOfBounds> {
        match self {
            Self::Variable(_) => Ok(()),
            Self::Listed(targets) => targets.inner(),
        }
    }
}

schema_as!(TransferTargets => crate::schema::any());

request! {
    /// Transfers the call.
    pub struct TransferTool {
        from: Party,
        /// A list of `name` and `to`, or the name of a variable.
        targets: TransferTargets => [Rule::Required],
    }
}

request! {
    /// Looks things up in stored documents.
    pub struct RetrievalTool {
        bucket_ids: Vec<String> => [Rule::Required],
        max_num_results: i64,
    }
}

request! {
    /// A tool of an assistant: its type, and the field that is named like it.
    pub struct AssistantTool {
        book_appointment: BookAppointmentTool,
        check_availability: CheckAvailabilityTool,
        hangup: HangupTool,
        retrieval: RetrievalTool,
        /// Milliseconds that a webhook may take.
        timeout_ms: i64,
        transfer: TransferTool,
        r#type: AssistantToolType => [Rule::Required],
        webhook: WebhookTool,
    }
}

open_enum! {
    /// The model that turns speech into text for an assistant.
    pub enum AssistantTranscriptionModel {
        DeepgramFlux = "deepgram/flux", Flux = "flux", DeepgramNova3 = "deepgram/nova-3",
        DeepgramNova2 = "deepgram/nova-2", SpeechmaticsStandard = "speechmatics/standard",
        SpeechmaticsEnhanced = "speechmatics/enhanced", SpeechmaticsLinden1 = "speechmatics/linden-1",
        AssemblyAiUniversal35Pro = "assemblyai/universal-3-5-pro",
        AssemblyAiUniversalStreaming = "assemblyai/universal-streaming", XaiGrokStt = "xai/grok-stt",
        SonioxSttRtV4 = "soniox/stt-rt-v4", NvidiaParakeetV3 = "nvidia/parakeet-v3",
        OmiHealthOmiMedSttV1 = "omi-health/omi-med-stt-v1", HumainRealtime = "humain/realtime",
        Reson8Turns = "reson8/turns", CohereArStt = "cohere/ar-stt", AzureFast = "azure/fast",
        AzureRealtime = "azure/realtime", GoogleLatestLong = "google/latest_long",
        DistilWhisperLargeV2 = "distil-whisper/distil-large-v2",
        OpenAiWhisperLargeV3Turbo = "openai/whisper-large-v3-turbo",
    }
}

request! {
    /// How an assistant hears.
    pub struct AssistantTranscription {
        /// As the model calls it; most find out by themselves.
        language: String,
        model: AssistantTranscriptionModel,
    }
}

open_enum! {
    /// Where the sound behind an assistant comes from.
    pub enum BackgroundAudioType {
        PredefinedMedia = "predefined_media", MediaUrl = "media_url", MediaName = "media_name",
    }
}

request! {
    /// The sound behind an assistant.
    pub struct BackgroundAudio {
        r#type: BackgroundAudioType => [Rule::Required],
        /// `silence` or `office`, an address, or the name of a stored file.
        value: String => [Rule::Required],
        volume: f64,
    }
}

request! {
    /// How an assistant speaks.
    pub struct AssistantVoiceSettings {
        /// The name of the stored secret that holds the provider's key.
        api_key_ref: String,
        background_audio: BackgroundAudio,
        expressive_mode: bool,
        language_boost: LanguageBoost,
        similarity_boost: f64,
        speed: f64,
        style: f64,
        temperature: f64,
        use_speaker_boost: bool,
        voice: String => [Rule::Required],
        voice_speed: f64,
    }
}

request! {
    /// An AI assistant: a stored one by its id, and what is different on this call.
    pub struct Assistant {
        id: String => [Rule::Required],
        /// Values of its variables.
        dynamic_variables: JsonObject,
        external_llm: ExternalLlm,
        fallback_config: LlmFallback,
        /// Spoken first.
        greeting: Private => [SPOKEN],
        /// The system prompt.
        instructions: String,
        /// The name of the stored secret that holds the model's key.
        llm_api_key_ref: String,
        mcp_servers: Vec<JsonObject>,
        model: String,
        name: String,
        observability_settings: JsonObject,
        /// The name of the stored secret that holds a key of `OpenAI`.
        openai_api_key_ref: String,
        tools: Vec<AssistantTool>,
        transcription: AssistantTranscription,
        voice_settings: AssistantVoiceSettings,
    }
}

request! {
    /// Whether a caller can interrupt an assistant.
    pub struct InterruptionSettings {
        enable: bool,
    }
}

request! {
    /// The function that an assistant called.
    pub struct MessageToolFunction {
        name: String => [Rule::Required],
    }
}

request! {
    /// A tool that an assistant used.
    pub struct MessageToolCall {
        id: String => [Rule::Required],
        function: MessageToolFunction => [Rule::Required],
        r#type: ToolCallType => [Rule::Required],
    }
}

request! {
    /// A message of a conversation. A `tool` message needs `tool_call_id`, an `assistant` message `content` or `tool_calls`.
    pub struct AssistantMessage {
        content: Private,
        metadata: JsonObject,
        role: MessageRole => [Rule::Required],
        tool_call_id: String,
        tool_calls: Vec<MessageToolCall>,
    }
}

open_enum! {
    /// What somebody is in a conversation.
    pub enum ParticipantRole { User = "user" }
}

open_enum! {
    /// What becomes of a conversation when somebody hangs up.
    pub enum ParticipantOnHangup {
        ContinueConversation = "continue_conversation", EndConversation = "end_conversation",
    }
}

request! {
    /// Somebody in a conversation.
    pub struct AssistantParticipant {
        /// Their call's `call_control_id`.
        id: String => [Rule::Required],
        name: Private,
        on_hangup: ParticipantOnHangup,
        role: ParticipantRole => [Rule::Required],
    }
}

request! {
    /// Lets an AI assistant talk. Reported by `call.conversation.created`, `call.conversation.ended` and
    /// `call.conversation_insights.generated`.
    pub struct AiAssistantStartRequest {
        assistant: Assistant,
        client_state: ClientState,
        command_id: CommandId,
        /// Spoken first.
        greeting: Private => [SPOKEN],
        interruption_settings: InterruptionSettings,
        message_history: Vec<AssistantMessage>,
        participants: Vec<AssistantParticipant>,
        /// Report every turn by `call.ai_gather.message_history_updated`.
        send_message_history_updates: bool,
        transcription: AssistantTranscription,
    }
}

request! {
    /// Stops the assistant.
    pub struct AiAssistantStopRequest {
        client_state: ClientState,
        command_id: CommandId,
    }
}

request! {
    /// Brings somebody into an assistant's conversation.
    pub struct AiAssistantJoinRequest {
        client_state: ClientState,
        command_id: CommandId,
        conversation_id: String => [Rule::AtSend],
        participant: AssistantParticipant => [Rule::AtSend],
    }
}

request! {
    /// Tells an assistant something.
    pub struct AiAssistantAddMessagesRequest {
        client_state: ClientState,
        command_id: CommandId,
        messages: Vec<AssistantMessage>,
        /// Let it answer at once, even if it interrupts the caller.
        trigger_response: bool,
    }
}
