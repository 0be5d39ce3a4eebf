//! Conversations with an AI assistant.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::media::{CallingPartyType, RecordingUrls};
use super::{Payload, PayloadFields, leg_payload};
use crate::macros::{open_enum, record};
use crate::private::{Party, Private};
use crate::time::ApiTime;

open_enum! {
    /// Who said something to or for an assistant.
    pub enum MessageRole {
        Assistant = "assistant",
        User = "user",
        Tool = "tool",
        System = "system",
        Developer = "developer",
    }
}

record! {
    /// One thing said while an assistant gathered answers.
    pub struct GatherMessage {
        content: Private,
        role: MessageRole,
    }
}

open_enum! {
    /// Whether the answers fit what was asked for.
    pub enum AiGatherStatus { Valid = "valid", Invalid = "invalid" }
}

leg_payload! {
    /// An assistant has gathered all answers, or given up.
    pub struct CallAiGatherEnded {
        from: Party,
        message_history: Vec<GatherMessage>,
        result: Private<Map<String, Value>>,
        status: AiGatherStatus,
        to: Party,
    }
}

leg_payload! {
    /// The answers that an assistant has so far.
    pub struct CallAiGatherPartialResults {
        from: Party,
        message_history: Vec<GatherMessage>,
        partial_results: Private<Map<String, Value>>,
        to: Party,
    }
}

leg_payload! {
    /// Something was said while an assistant gathers.
    pub struct CallAiGatherMessageHistoryUpdated {
        from: Party,
        message_history: Vec<GatherMessage>,
        to: Party,
    }
}

leg_payload! {
    /// A conversation exists.
    pub struct CallConversationCreated {
        calling_party_type: CallingPartyType,
        conversation_id: String,
        from: Party,
        to: Party,
    }
}

record! {
    /// The function that an assistant called.
    pub struct ToolFunction {
        /// JSON as text.
        arguments: Private,
        name: String,
    }
}

open_enum! {
    /// What an assistant called.
    pub enum ToolCallType { Function = "function" }
}

record! {
    /// A tool that an assistant used.
    pub struct ToolCall {
        id: String,
        function: ToolFunction,
        r#type: ToolCallType,
    }
}

record! {
    /// One turn of a conversation.
    pub struct ConversationMessage {
        content: Private,
        role: MessageRole,
        timestamp: ApiTime,
        tool_call_id: String,
        tool_calls: Vec<ToolCall>,
    }
}

leg_payload! {
    /// A conversation is over.
    pub struct CallConversationEnded {
        assistant_id: String,
        calling_party_type: CallingPartyType,
        conversation_id: String,
        duration_sec: i64,
        from: Party,
        llm_model: String,
        messages: Vec<ConversationMessage>,
        reason: String,
        stt_model: String,
        to: Party,
        tts_model_id: String,
        tts_provider: String,
        tts_voice_id: String,
    }
}

open_enum! {
    /// Why a conversation could not begin.
    pub enum ConversationStartFailure { InvalidRequest = "invalid_request", ServiceError = "service_error" }
}

leg_payload! {
    /// A conversation could not begin.
    pub struct CallConversationStartFailed {
        assistant_id: String,
        calling_party_type: CallingPartyType,
        from: Party,
        reason: ConversationStartFailure,
        to: Party,
    }
}

record! {
    /// One insight, as text or as an object.
    pub struct Insight {
        insight_id: String,
        result: Private<Value>,
    }
}

leg_payload! {
    /// What was learned from a conversation.
    pub struct CallConversationInsightsGenerated {
        calling_party_type: CallingPartyType,
        insight_group_id: String,
        results: Vec<Insight>,
    }
}

record! {
    /// What was learned from a conversation, in one go.
    pub struct InsightRun {
        conversation_insights: Vec<Insight>,
        status: String,
    }
}

record! {
    /// A part of what a conversation cost. Amounts are decimal texts.
    pub struct AnalysisCostPart {
        cost: String,
        product: String,
    }
}

record! {
    /// What a conversation cost. Amounts are decimal texts.
    pub struct AnalysisCostBreakdown {
        breakdown: Vec<AnalysisCostPart>,
        currency: String,
        total: String,
    }
}

/// What a conversation cost: in parts, or one decimal text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum AnalysisCost {
    /// A decimal text.
    Total(String),
    /// In parts.
    Parts(AnalysisCostBreakdown),
}

record! {
    /// A recording of a conversation.
    pub struct AnalyzedRecording {
        id: String,
        channels: String,
        download_urls: RecordingUrls,
        end_time: ApiTime,
        format: String,
        start_time: ApiTime,
    }
}

leg_payload! {
    /// The account of a conversation: what was learned, recorded and spent.
    pub struct CallAnalyzed {
        assistant_id: String,
        conversation_id: String,
        conversation_insights: Vec<InsightRun>,
        cost: AnalysisCost,
        duration_sec: i64,
        from: Party,
        llm_model: String,
        reason: String,
        recordings: Vec<AnalyzedRecording>,
        stt_model: String,
        to: Party,
        tts_model_id: String,
        tts_provider: String,
        tts_voice_id: String,
    }
}
