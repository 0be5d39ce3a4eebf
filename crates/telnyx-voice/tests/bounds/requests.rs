//! Every type that is sent, nested ones among them.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use telnyx_voice::bounds::{Bounds, OutOfBounds, Rule};
#[allow(clippy::wildcard_imports, reason = "all of them")]
use telnyx_voice::call::*;
#[allow(clippy::wildcard_imports, reason = "all of them")]
use telnyx_voice::conference::*;
use telnyx_voice::{
    ApplicationRequest, CallRecording, CallingWindow, Inbound, Outbound, ProfileRequest, QueueRequest, QueueUpdate,
    QueuedCallUpdate,
};

/// A type that is sent.
pub(crate) struct Request {
    pub(crate) name: &'static str,
    pub(crate) bounds: Bounds,
    /// Reads a body and checks it. With a field's name, the others that are required are filled in.
    pub(crate) check: fn(Value, Option<&str>) -> Result<(), OutOfBounds>,
    #[cfg(feature = "schema")]
    pub(crate) schema: fn(&mut schemars::SchemaGenerator) -> schemars::Schema,
}

impl Request {
    pub(crate) fn rules(&self, field: &str) -> &'static [Rule] {
        self.bounds.iter().find(|(bounded, _)| *bounded == field).map_or(&[], |(_, rules)| rules)
    }
}

fn read<T: DeserializeOwned>(body: &Value) -> T {
    T::deserialize(body).unwrap_or_else(|error| panic!("{error}\n{body:#}"))
}

/// A text that a field with these rules may hold.
pub(crate) fn filling(rules: &[Rule]) -> Value {
    let start =
        rules.iter().find_map(|rule| if let Rule::BeginsWith([start, ..]) = rule { Some(*start) } else { None });
    json!(format!("{}1", start.unwrap_or_default()))
}

/// Gives a body the fields that the API requires.
pub(crate) fn fill_required(body: &mut Value, bounds: Bounds) {
    for (required, rules) in bounds {
        if rules.iter().any(|rule| matches!(rule, Rule::Required | Rule::AtSend)) {
            // The only one in the tables that is no text.
            body[*required] = if *required == "parameters" { json!({}) } else { filling(rules) };
        }
    }
}

/// Gives a body the other fields that the API requires, by themselves or as one of several.
fn fill_beside(body: &mut Value, field: &str, bounds: Bounds) {
    let value = body[field].clone();
    fill_required(body, bounds);
    let rules = |name: &str| bounds.iter().find(|(bounded, _)| *bounded == name).map_or(&[][..], |(_, rules)| rules);
    for rule in bounds.iter().flat_map(|(_, rules)| *rules) {
        let Rule::OneOfFields(groups) = rule else { continue };
        let group = groups.iter().find(|group| group.contains(&field)).unwrap_or(&groups[0]);
        for name in *group {
            body[*name] = filling(rules(name));
        }
    }
    body[field] = value;
}

macro_rules! requests {
    ($($name:ident),+ $(,)?) => {
        /// All of them, in the order of their names.
        pub(crate) fn requests() -> Vec<Request> {
            vec![$(Request {
                name: stringify!($name),
                bounds: $name::BOUNDS,
                check: |mut body, field| {
                    if let Some(field) = field {
                        fill_beside(&mut body, field, $name::BOUNDS);
                    }
                    read::<$name>(&body).check()
                },
                #[cfg(feature = "schema")]
                schema: |generator| generator.subschema_for::<$name>(),
            }),+]
        }
    };
}

requests! {
    AiAssistantAddMessagesRequest, AiAssistantJoinRequest, AiAssistantStartRequest, AiAssistantStopRequest,
    AmdConfig, AnswerRequest, ApplicationRequest, Assistant, AssistantMessage, AssistantParticipant,
    AssistantTool, AssistantTranscription, AssistantVoiceSettings, BackgroundAudio, BookAppointmentTool,
    BridgeRequest, CallRecording, CallingWindow, CheckAvailabilityTool, ClientStateUpdateRequest,
    ConferenceConfig, ConferenceEndRequest, ConferenceGatherUsingAudioRequest, ConferenceHoldRequest,
    ConferenceJoinRequest, ConferenceLeaveRequest, ConferenceMuteRequest, ConferencePlayRequest,
    ConferenceRecordPauseRequest, ConferenceRecordResumeRequest, ConferenceRecordStartRequest,
    ConferenceRecordStopRequest, ConferenceRequest, ConferenceSendDtmfRequest, ConferenceSpeakRequest,
    ConferenceStopRequest, ConferenceUnholdRequest, ConferenceUnmuteRequest, ConferenceUpdateRequest,
    ConversationRelayConfig, ConversationRelayStartRequest, ConversationRelayStopRequest, CustomHeader,
    DeepfakeDetection, DialRequest, DialogflowConfig, EnqueueRequest, ExternalLlm, ForkStartRequest,
    ForkStopRequest, GatherAssistant, GatherHistoryMessage, GatherRequest, GatherStopRequest,
    GatherUsingAiRequest, GatherUsingAudioRequest, GatherUsingSpeakRequest, HangupRequest, HangupTool,
    Inbound, InterruptionSettings, LeaveQueueRequest, LlmFallback, MessageToolCall, MessageToolFunction,
    Outbound, ParticipantUpdate, PayPrompts, PayRequest, PlaybackStartRequest, PlaybackStopRequest,
    ProfileRequest, QualifiedPrompt, QueueRequest, QueueUpdate, QueuedCallUpdate, RecordPauseRequest,
    RecordResumeRequest, RecordStartRequest, RecordStopRequest, ReferRequest, RejectRequest, RelayAssistant,
    RelayInterruptionSettings, RelayLanguage, RelaySettings, RetriesPolicy, RetrievalTool, SendDtmfRequest,
    SendSipInfoRequest, SipHeader, SiprecStartRequest, SiprecStopRequest, SoundModifications, SpeakRequest,
    SpeechContext, StreamParameter, StreamingStartRequest, StreamingStopRequest, SuppressionEngineConfig,
    SuppressionStartRequest, SuppressionStopRequest, SwitchSupervisorRoleRequest, ToolHeader,
    ToolParameters, TranscriptionConfig, TranscriptionEngineConfig, TranscriptionStartRequest,
    TranscriptionStopRequest, TransferRequest, TransferTarget, TransferTool, WebhookTool
}

/// One of them.
pub(crate) fn find(name: &str) -> Request {
    requests().into_iter().find(|request| request.name == name).unwrap_or_else(|| panic!("{name} is not sent"))
}
