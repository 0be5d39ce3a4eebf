//! Webhook payloads of what goes on during a call besides what is heard.
//!
//! Field names and values are those of Telnyx's webhook reference ("Voice API webhooks").

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value};

use super::World;
use super::calls::{CallKey, SavedRecording};
use super::events::Detail;
use super::moment::Moment;

/// The parts of a payload that depend on the event.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub(crate) enum Happening {
    /// `call.dtmf.received`
    Dtmf { from: Arc<str>, to: Arc<str>, digit: char },
    /// `call.gather.ended`
    GatherEnded { from: Arc<str>, to: Arc<str>, digits: String, status: &'static str },
    /// `call.recording.saved`
    RecordingSaved {
        channels: &'static str,
        recording_started_at: Moment,
        recording_ended_at: Moment,
        recording_urls: Urls,
        public_recording_urls: Urls,
    },
    /// `call.recording.error`
    RecordingError { reason: &'static str },
    /// `call.recording.transcription.saved`
    RecordingTranscribed {
        calling_party_type: &'static str,
        recording_id: Arc<str>,
        recording_transcription_id: String,
        status: &'static str,
        transcription_text: String,
    },
    /// `streaming.started`
    StreamingStarted { stream_url: Arc<str> },
    /// `streaming.stopped`
    StreamingStopped { stream_url: Arc<str> },
    /// `streaming.failed`
    StreamingFailed {
        failure_reason: &'static str,
        stream_id: String,
        stream_params: StreamParams,
        stream_type: &'static str,
    },
    /// `call.fork.started`
    ForkStarted { stream_type: &'static str },
    /// `call.fork.stopped`
    ForkStopped { stream_type: &'static str },
    /// `siprec.started`
    SiprecStarted {},
    /// `siprec.stopped`
    SiprecStopped { hangup_cause: &'static str },
    /// `siprec.failed`
    SiprecFailed { failure_cause: &'static str },
    /// `call.transcription`
    Transcribed { transcription_data: TranscriptionData },
    /// `call.deepfake_detection.result`
    DeepfakeResult { consistency: Option<f64>, result: &'static str, score: Option<f64> },
    /// `call.deepfake_detection.error`
    DeepfakeError { error_message: &'static str },
    /// `call.bridged`
    Bridged { from: Arc<str>, to: Arc<str> },
    /// `call.refer.*`
    Refer {
        #[serde(skip)]
        stage: ReferStage,
        from: Arc<str>,
        to: Arc<str>,
        sip_notify_response: u16,
    },
    /// `call.conversation.created`
    ConversationCreated { calling_party_type: &'static str, conversation_id: Arc<str>, from: Arc<str>, to: Arc<str> },
    /// `call.conversation.start_failed`
    ConversationFailed {
        assistant_id: Option<Arc<str>>,
        calling_party_type: &'static str,
        from: Arc<str>,
        to: Arc<str>,
        reason: &'static str,
    },
    /// `call.conversation.ended`
    ConversationEnded(Box<ConversationEnd>),
    /// `call.conversation_insights.generated`
    Insights { calling_party_type: &'static str, insight_group_id: String, results: [Insight; 1] },
    /// `call.analyzed`
    Analysed(Box<Analysed>),
    /// `call.hold`, or `call.unhold`
    Hold {
        #[serde(skip)]
        held: bool,
        from: Arc<str>,
        to: Arc<str>,
    },
    /// `call.ai_gather.ended`
    AiGatherEnded {
        from: Arc<str>,
        to: Arc<str>,
        message_history: Vec<PlainMessage>,
        result: Map<String, Value>,
        status: &'static str,
    },
    /// `call.ai_gather.partial_results`
    AiGatherPartial {
        from: Arc<str>,
        to: Arc<str>,
        message_history: Vec<PlainMessage>,
        partial_results: Map<String, Value>,
    },
    /// `call.ai_gather.message_history_updated`
    AiHistory { from: Arc<str>, to: Arc<str>, message_history: Vec<PlainMessage> },
    /// `call.payment.progress`
    PaymentProgress {
        #[serde(flatten)]
        details: Box<PaymentDetails>,
        attempt: u64,
        payment_step: &'static str,
        payment_status: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        error_type: Option<&'static str>,
    },
    /// `call.payment.completed`
    PaymentCompleted {
        #[serde(flatten)]
        details: Box<PaymentDetails>,
        #[serde(skip_serializing_if = "Option::is_none")]
        charge_id: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        token_id: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        payment_confirmation_code: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        payment_error: Option<&'static str>,
        result: &'static str,
    },
}

/// How a conversation went.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ConversationEnd {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) assistant_id: Option<Arc<str>>,
    pub(crate) calling_party_type: &'static str,
    pub(crate) conversation_id: Arc<str>,
    pub(crate) duration_sec: u64,
    pub(crate) from: Arc<str>,
    pub(crate) to: Arc<str>,
    pub(crate) llm_model: &'static str,
    pub(crate) messages: Vec<Message>,
    pub(crate) reason: &'static str,
    pub(crate) stt_model: &'static str,
    pub(crate) tts_model_id: &'static str,
    pub(crate) tts_provider: &'static str,
    pub(crate) tts_voice_id: &'static str,
}

/// What is known of a conversation after the call.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Analysed {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) assistant_id: Option<Arc<str>>,
    pub(crate) conversation_id: Arc<str>,
    pub(crate) conversation_insights: [Insights; 1],
    pub(crate) cost: ConversationCost,
    pub(crate) duration_sec: u64,
    pub(crate) from: Arc<str>,
    pub(crate) to: Arc<str>,
    pub(crate) llm_model: &'static str,
    pub(crate) reason: &'static str,
    pub(crate) recordings: Vec<SavedRecording>,
    pub(crate) stt_model: &'static str,
    pub(crate) tts_model_id: &'static str,
    pub(crate) tts_provider: &'static str,
    pub(crate) tts_voice_id: &'static str,
}

/// The insights of one group.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Insights {
    pub(crate) conversation_insights: [Insight; 1],
    pub(crate) status: &'static str,
}

/// What a call with a conversation cost.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ConversationCost {
    pub(crate) breakdown: [CostOfProduct; 2],
    pub(crate) currency: &'static str,
    pub(crate) total: String,
}

/// What one product cost.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct CostOfProduct {
    pub(crate) product: &'static str,
    pub(crate) cost: String,
}

/// What one side of a conversation said, and when.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Message {
    role: &'static str,
    content: String,
    timestamp: Moment,
}

/// What one side of a conversation said.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct PlainMessage {
    role: &'static str,
    content: String,
}

impl Message {
    pub(crate) fn new(role: &'static str, content: &str, timestamp: Moment) -> Self {
        Self { role, content: content.to_owned(), timestamp }
    }

    /// As a message history holds it, which knows two roles.
    pub(crate) fn plain(&self) -> Option<PlainMessage> {
        let told = matches!(self.role, "assistant" | "user");
        told.then(|| PlainMessage { role: self.role, content: self.content.clone() })
    }
}

/// One insight into a conversation.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Insight {
    pub(crate) insight_id: String,
    pub(crate) result: String,
}

/// What is known of a means of payment.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct PaymentDetails {
    pub(crate) from: Arc<str>,
    pub(crate) to: Arc<str>,
    pub(crate) payment_connector: Arc<str>,
    pub(crate) payment_method: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) payment_card_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) payment_card_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expiration_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) payment_card_postal_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) security_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bank_routing_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bank_account_number: Option<String>,
}

/// How far a SIP REFER is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReferStage {
    Started,
    Completed,
    Failed,
}

impl ReferStage {
    const fn event_type(self) -> &'static str {
        match self {
            Self::Started => "call.refer.started",
            Self::Completed => "call.refer.completed",
            Self::Failed => "call.refer.failed",
        }
    }
}

/// Where a recording can be fetched, by format.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Urls {
    mp3: Option<String>,
    wav: Option<String>,
}

impl Urls {
    pub(crate) fn only(format: &str, url: String) -> Self {
        if format == "wav" { Self { mp3: None, wav: Some(url) } } else { Self { mp3: Some(url), wav: None } }
    }
}

/// What a stream was asked to be.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct StreamParams {
    pub(crate) stream_url: Arc<str>,
    pub(crate) track: &'static str,
}

/// One sentence.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct TranscriptionData {
    pub(crate) confidence: f64,
    pub(crate) is_final: bool,
    pub(crate) transcript: String,
    pub(crate) transcription_track: &'static str,
}

impl Happening {
    pub(crate) const fn event_type(&self) -> &'static str {
        match self {
            Self::Dtmf { .. } => "call.dtmf.received",
            Self::GatherEnded { .. } => "call.gather.ended",
            Self::RecordingSaved { .. } => "call.recording.saved",
            Self::RecordingError { .. } => "call.recording.error",
            Self::RecordingTranscribed { .. } => "call.recording.transcription.saved",
            Self::StreamingStarted { .. } => "streaming.started",
            Self::StreamingStopped { .. } => "streaming.stopped",
            Self::StreamingFailed { .. } => "streaming.failed",
            Self::ForkStarted { .. } => "call.fork.started",
            Self::ForkStopped { .. } => "call.fork.stopped",
            Self::SiprecStarted {} => "siprec.started",
            Self::SiprecStopped { .. } => "siprec.stopped",
            Self::SiprecFailed { .. } => "siprec.failed",
            Self::Transcribed { .. } => "call.transcription",
            Self::DeepfakeResult { .. } => "call.deepfake_detection.result",
            Self::DeepfakeError { .. } => "call.deepfake_detection.error",
            Self::Bridged { .. } => "call.bridged",
            Self::Refer { stage, .. } => stage.event_type(),
            Self::ConversationCreated { .. } => "call.conversation.created",
            Self::ConversationFailed { .. } => "call.conversation.start_failed",
            Self::ConversationEnded(_) => "call.conversation.ended",
            Self::Insights { .. } => "call.conversation_insights.generated",
            Self::Analysed(_) => "call.analyzed",
            Self::Hold { held: true, .. } => "call.hold",
            Self::Hold { held: false, .. } => "call.unhold",
            Self::AiGatherEnded { .. } => "call.ai_gather.ended",
            Self::AiGatherPartial { .. } => "call.ai_gather.partial_results",
            Self::AiHistory { .. } => "call.ai_gather.message_history_updated",
            Self::PaymentProgress { .. } => "call.payment.progress",
            Self::PaymentCompleted { .. } => "call.payment.completed",
        }
    }

    /// Whether the payload holds `call_control_id`.
    pub(crate) const fn names_call(&self) -> bool {
        !matches!(self, Self::RecordingSaved { .. })
    }

    /// Replaces the value that a receiver decides by, if there is one, with `unknown`.
    pub(crate) fn distort(&mut self, unknown: &'static str) {
        match self {
            Self::GatherEnded { status: value, .. }
            | Self::RecordingTranscribed { status: value, .. }
            | Self::RecordingError { reason: value }
            | Self::StreamingFailed { failure_reason: value, .. }
            | Self::SiprecStopped { hangup_cause: value }
            | Self::SiprecFailed { failure_cause: value }
            | Self::ForkStarted { stream_type: value }
            | Self::ForkStopped { stream_type: value }
            | Self::RecordingSaved { channels: value, .. }
            | Self::DeepfakeResult { result: value, .. }
            | Self::ConversationFailed { reason: value, .. }
            | Self::AiGatherEnded { status: value, .. }
            | Self::PaymentProgress { payment_status: value, .. }
            | Self::PaymentCompleted { result: value, .. }
            | Self::DeepfakeError { error_message: value } => *value = unknown,
            Self::ConversationEnded(ended) => ended.reason = unknown,
            Self::Analysed(analysed) => analysed.reason = unknown,
            Self::Dtmf { .. }
            | Self::Bridged { .. }
            | Self::Refer { .. }
            | Self::ConversationCreated { .. }
            | Self::Insights { .. }
            | Self::Hold { .. }
            | Self::AiGatherPartial { .. }
            | Self::AiHistory { .. }
            | Self::StreamingStarted { .. }
            | Self::StreamingStopped { .. }
            | Self::SiprecStarted {}
            | Self::Transcribed { .. } => {}
        }
    }
}

impl World {
    /// Something goes on during a call.
    pub(super) fn tell(&mut self, key: CallKey, happening: Happening) {
        self.emit(key, Detail::Happening(happening));
    }

    /// Whether a fault makes something fail that would otherwise be told with this event.
    pub(super) fn fails(&mut self, key: CallKey, event: &str) -> bool {
        let Some(call) = self.calls.get(key) else { return false };
        self.faults.fails(event, &call.to)
    }
}
