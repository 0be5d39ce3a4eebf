//! Conferences and who is in them. Several of these events carry their moment in the payload, not in the envelope.

use super::media::RecordingUrls;
use super::{Payload, PayloadFields, leg_payload, payload};
use crate::client_state::ClientState;
use crate::ids::{CallControlId, CallSessionId, ConferenceId, ConnectionId, RecordingId};
use crate::macros::open_enum;
use crate::profile::{RecordingChannels, RecordingFormat};
use crate::time::ApiTime;

leg_payload! {
    /// A conference began, with this leg.
    pub struct ConferenceCreated {
        conference_id: ConferenceId,
        occurred_at: ApiTime,
    } has occurred_at
}

open_enum! {
    /// Why a conference ended.
    pub enum ConferenceEndReason { AllLeft = "all_left", HostLeft = "host_left", TimeExceeded = "time_exceeded" }
}

leg_payload! {
    /// A conference is over.
    pub struct ConferenceEnded {
        conference_id: ConferenceId,
        occurred_at: ApiTime,
        reason: ConferenceEndReason,
    } has occurred_at
}

leg_payload! {
    /// Another participant speaks now.
    pub struct ConferenceFloorChanged {
        conference_id: ConferenceId,
        occurred_at: ApiTime,
    } has occurred_at
}

leg_payload! {
    /// A leg entered.
    pub struct ConferenceParticipantJoined {
        conference_id: ConferenceId,
    }
}

leg_payload! {
    /// A leg left, and is parked unless it hung up.
    pub struct ConferenceParticipantLeft {
        conference_id: ConferenceId,
    }
}

leg_payload! {
    /// A file began to play to one participant.
    pub struct ConferenceParticipantPlaybackStarted {
        conference_id: ConferenceId,
        creator_call_session_id: CallSessionId,
        media_name: String,
        media_url: String,
        occurred_at: ApiTime,
    } has occurred_at
}

leg_payload! {
    /// A file stopped playing to one participant.
    pub struct ConferenceParticipantPlaybackEnded {
        conference_id: ConferenceId,
        creator_call_session_id: CallSessionId,
        media_name: String,
        media_url: String,
        occurred_at: ApiTime,
    } has occurred_at
}

leg_payload! {
    /// A text began to be spoken to one participant.
    pub struct ConferenceParticipantSpeakStarted {
        conference_id: ConferenceId,
        creator_call_session_id: CallSessionId,
        occurred_at: ApiTime,
    } has occurred_at
}

leg_payload! {
    /// A text stopped being spoken to one participant.
    pub struct ConferenceParticipantSpeakEnded {
        conference_id: ConferenceId,
        creator_call_session_id: CallSessionId,
        occurred_at: ApiTime,
    } has occurred_at
}

payload! {
    /// A file began to play to all.
    pub struct ConferencePlaybackStarted {
        conference_id: ConferenceId,
        connection_id: ConnectionId,
        creator_call_session_id: CallSessionId,
        media_name: String,
        media_url: String,
        occurred_at: ApiTime,
    } has connection_id, occurred_at
}

payload! {
    /// A file stopped playing to all.
    pub struct ConferencePlaybackEnded {
        conference_id: ConferenceId,
        connection_id: ConnectionId,
        creator_call_session_id: CallSessionId,
        media_name: String,
        media_url: String,
        occurred_at: ApiTime,
    } has connection_id, occurred_at
}

payload! {
    /// A text began to be spoken to all.
    pub struct ConferenceSpeakStarted {
        conference_id: ConferenceId,
        connection_id: ConnectionId,
        creator_call_session_id: CallSessionId,
        occurred_at: ApiTime,
    } has connection_id, occurred_at
}

payload! {
    /// A text stopped being spoken to all.
    pub struct ConferenceSpeakEnded {
        conference_id: ConferenceId,
        connection_id: ConnectionId,
        creator_call_session_id: CallSessionId,
        occurred_at: ApiTime,
    } has connection_id, occurred_at
}

payload! {
    /// The recording of a conference can be fetched.
    pub struct ConferenceRecordingSaved {
        call_control_id: CallControlId,
        call_session_id: CallSessionId,
        channels: RecordingChannels,
        client_state: ClientState,
        conference_id: ConferenceId,
        connection_id: ConnectionId,
        format: RecordingFormat,
        public_recording_urls: RecordingUrls,
        recording_ended_at: ApiTime,
        recording_id: RecordingId,
        recording_started_at: ApiTime,
        recording_urls: RecordingUrls,
    } has call_control_id, call_session_id, client_state, connection_id
}
