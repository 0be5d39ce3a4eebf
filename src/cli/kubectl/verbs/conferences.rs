//! Commands on a live conference.

use telnyx_voice::ConferenceId;
use telnyx_voice::conference::{
    ConferenceEndRequest, ConferenceGatherUsingAudioRequest, ConferenceHoldRequest, ConferenceJoinRequest,
    ConferenceLeaveRequest, ConferenceMuteRequest, ConferencePlayRequest, ConferenceRecordPauseRequest,
    ConferenceRecordResumeRequest, ConferenceRecordStartRequest, ConferenceRecordStopRequest,
    ConferenceSendDtmfRequest, ConferenceSpeakRequest, ConferenceStopRequest, ConferenceUnholdRequest,
    ConferenceUnmuteRequest, ConferenceUpdateRequest,
};
use telnyx_voice::surface::ConferenceCommand as _;

use super::{Verb, verb};

/// All of them.
pub(in crate::cli::kubectl) const VERBS: &[Verb<ConferenceId>] = &[
    verb!(conference_command: &["join"], Some("call_control_id"), ConferenceJoinRequest),
    verb!(conference_command: &["leave"], Some("call_control_id"), ConferenceLeaveRequest),
    verb!(conference_command: &["mute"], Some("call_control_ids"), ConferenceMuteRequest),
    verb!(conference_command: &["unmute"], Some("call_control_ids"), ConferenceUnmuteRequest),
    verb!(conference_command: &["hold"], Some("call_control_ids"), ConferenceHoldRequest),
    verb!(conference_command: &["unhold"], Some("call_control_ids"), ConferenceUnholdRequest),
    verb!(conference_command: &["speak"], Some("payload"), ConferenceSpeakRequest),
    verb!(conference_command: &["play"], None, ConferencePlayRequest),
    verb!(conference_command: &["stop"], None, ConferenceStopRequest),
    verb!(conference_command: &["gather"], Some("call_control_id"), ConferenceGatherUsingAudioRequest),
    verb!(conference_command: &["send-dtmf"], Some("digits"), ConferenceSendDtmfRequest),
    verb!(conference_command: &["record", "start"], None, ConferenceRecordStartRequest),
    verb!(conference_command: &["record", "stop"], None, ConferenceRecordStopRequest),
    verb!(conference_command: &["record", "pause"], None, ConferenceRecordPauseRequest),
    verb!(conference_command: &["record", "resume"], None, ConferenceRecordResumeRequest),
    verb!(conference_command: &["role"], Some("call_control_id"), ConferenceUpdateRequest),
    verb!(conference_command: &["end"], None, ConferenceEndRequest),
];
