//! Commands on a live call.

use telnyx_voice::CallControlId;
use telnyx_voice::call::{
    AiAssistantAddMessagesRequest, AiAssistantJoinRequest, AiAssistantStartRequest, AiAssistantStopRequest,
    AnswerRequest, BridgeRequest, ClientStateUpdateRequest, ConversationRelayStartRequest,
    ConversationRelayStopRequest, EnqueueRequest, ForkStartRequest, ForkStopRequest, GatherRequest, GatherStopRequest,
    GatherUsingAiRequest, GatherUsingAudioRequest, GatherUsingSpeakRequest, HangupRequest, LeaveQueueRequest,
    PayRequest, PlaybackStartRequest, PlaybackStopRequest, RecordPauseRequest, RecordResumeRequest, RecordStartRequest,
    RecordStopRequest, ReferRequest, RejectRequest, SendDtmfRequest, SendSipInfoRequest, SiprecStartRequest,
    SiprecStopRequest, SpeakRequest, StreamingStartRequest, StreamingStopRequest, SuppressionStartRequest,
    SuppressionStopRequest, SwitchSupervisorRoleRequest, TranscriptionStartRequest, TranscriptionStopRequest,
    TransferRequest,
};
use telnyx_voice::surface::CallCommand as _;

use super::{Verb, verb};

/// All of them.
pub(in crate::cli::kubectl) const VERBS: &[Verb<CallControlId>] = &[
    verb!(command: &["answer"], None, AnswerRequest),
    verb!(command: &["reject"], Some("cause"), RejectRequest),
    verb!(command: &["hangup"], None, HangupRequest),
    verb!(command: &["speak"], Some("payload"), SpeakRequest),
    verb!(command: &["play"], None, PlaybackStartRequest),
    verb!(command: &["playback", "start"], None, PlaybackStartRequest),
    verb!(command: &["playback", "stop"], None, PlaybackStopRequest),
    verb!(command: &["gather", "keys"], None, GatherRequest),
    verb!(command: &["gather", "speak"], Some("payload"), GatherUsingSpeakRequest),
    verb!(command: &["gather", "audio"], None, GatherUsingAudioRequest),
    verb!(command: &["gather", "ai"], None, GatherUsingAiRequest),
    verb!(command: &["gather", "stop"], None, GatherStopRequest),
    verb!(command: &["record", "start"], None, RecordStartRequest),
    verb!(command: &["record", "stop"], None, RecordStopRequest),
    verb!(command: &["record", "pause"], None, RecordPauseRequest),
    verb!(command: &["record", "resume"], None, RecordResumeRequest),
    verb!(command: &["transfer"], Some("to"), TransferRequest),
    verb!(command: &["bridge"], Some("call_control_id"), BridgeRequest),
    verb!(command: &["refer"], Some("sip_address"), ReferRequest),
    verb!(command: &["enqueue"], Some("queue_name"), EnqueueRequest),
    verb!(command: &["leave-queue"], None, LeaveQueueRequest),
    verb!(command: &["send-dtmf"], Some("digits"), SendDtmfRequest),
    verb!(command: &["send-sip-info"], None, SendSipInfoRequest),
    verb!(command: &["pay"], None, PayRequest),
    verb!(command: &["client-state"], Some("client_state"), ClientStateUpdateRequest),
    verb!(command: &["supervisor-role"], Some("role"), SwitchSupervisorRoleRequest),
    verb!(command: &["transcription", "start"], None, TranscriptionStartRequest),
    verb!(command: &["transcription", "stop"], None, TranscriptionStopRequest),
    verb!(command: &["streaming", "start"], None, StreamingStartRequest),
    verb!(command: &["streaming", "stop"], None, StreamingStopRequest),
    verb!(command: &["fork", "start"], None, ForkStartRequest),
    verb!(command: &["fork", "stop"], None, ForkStopRequest),
    verb!(command: &["siprec", "start"], None, SiprecStartRequest),
    verb!(command: &["siprec", "stop"], None, SiprecStopRequest),
    verb!(command: &["suppression", "start"], None, SuppressionStartRequest),
    verb!(command: &["suppression", "stop"], None, SuppressionStopRequest),
    verb!(command: &["ai-assistant", "start"], None, AiAssistantStartRequest),
    verb!(command: &["ai-assistant", "stop"], None, AiAssistantStopRequest),
    verb!(command: &["ai-assistant", "join"], None, AiAssistantJoinRequest),
    verb!(command: &["ai-assistant", "add-messages"], None, AiAssistantAddMessagesRequest),
    verb!(command: &["conversation-relay", "start"], None, ConversationRelayStartRequest),
    verb!(command: &["conversation-relay", "stop"], None, ConversationRelayStopRequest),
];
