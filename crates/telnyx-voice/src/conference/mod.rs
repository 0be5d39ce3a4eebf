//! Conferences: one needs a live call to begin, and ends when all have left, after its time, or after 4 hours whatever happens.
//!
//! In a command's path a conference is named by its id; join and leave take its name too.

mod command;

pub use command::{
    ConferenceEndRequest, ConferenceGatherUsingAudioRequest, ConferenceHoldRequest, ConferenceJoinRequest,
    ConferenceLeaveRequest, ConferenceMuteRequest, ConferencePlayRequest, ConferenceRecordPauseRequest,
    ConferenceRecordResumeRequest, ConferenceRecordStartRequest, ConferenceRecordStopRequest,
    ConferenceSendDtmfRequest, ConferenceSpeakRequest, ConferenceStopRequest, ConferenceUnholdRequest,
    ConferenceUnmuteRequest, ConferenceUpdateRequest,
};

use crate::bounds::{ONE_HOLD_FILE, Rule};
use crate::call::BeepEnabled;
use crate::client_state::ClientState;
use crate::ids::{CallControlId, CallLegId, CallSessionId, CommandId, ConferenceId, ConnectionId, ParticipantId};
use crate::macros::{open_enum, record, request};
use crate::private::Private;
use crate::time::ApiTime;

open_enum! {
    /// Where a conference is kept. All who take part must be in one region.
    pub enum ConferenceRegion { Australia = "Australia", Europe = "Europe", MiddleEast = "Middle East", Us = "US" }
}

request! {
    /// A conference to begin with a live call, which enters at once. Names must be unique among those that are active. Reported
    /// by `conference.created`.
    pub struct ConferenceRequest {
        beep_enabled: BeepEnabled,
        /// The call that enters.
        call_control_id: CallControlId => [Rule::AtSend],
        client_state: ClientState,
        comfort_noise: bool,
        command_id: CommandId,
        /// Minutes after which it ends, at most the four hours that any conference lives.
        duration_minutes: i64 => [Rule::Range(1, 240)],
        /// What those hear who wait for it to start; not together with `hold_media_name`.
        hold_audio_url: String => [ONE_HOLD_FILE],
        hold_media_name: String,
        /// 250 where missing.
        max_participants: i64 => [Rule::Range(2, 800)],
        name: String => [Rule::Required],
        region: ConferenceRegion,
        /// Where false, those who enter are on hold until somebody starts it; true where missing.
        start_conference_on_create: bool,
    }
}

open_enum! {
    /// Where a conference stands.
    pub enum ConferenceStatus { Init = "init", InProgress = "in_progress", Completed = "completed" }
}

open_enum! {
    /// Why a conference ended. Its webhook knows no `ended_via_api`.
    pub enum EndReason {
        AllLeft = "all_left", EndedViaApi = "ended_via_api", HostLeft = "host_left", TimeExceeded = "time_exceeded",
    }
}

record! {
    /// The call whose command ended a conference.
    pub struct EndedBy {
        call_control_id: CallControlId,
        call_session_id: CallSessionId,
    }
}

record! {
    /// A conference as the API knows it.
    pub struct Conference {
        id: ConferenceId,
        connection_id: ConnectionId,
        created_at: ApiTime,
        end_reason: EndReason,
        ended_by: EndedBy,
        expires_at: ApiTime,
        name: String,
        record_type: String,
        region: String,
        status: ConferenceStatus,
        updated_at: ApiTime,
    }
}

open_enum! {
    /// Where somebody in a conference stands.
    pub enum ParticipantStatus { Joining = "joining", Joined = "joined", Left = "left" }
}

record! {
    /// The conference of a participant.
    pub struct ParticipantConference {
        id: ConferenceId,
        name: String,
    }
}

record! {
    /// Somebody in a conference. A list says `conference`, one participant alone says `conference_id` and `label`.
    pub struct Participant {
        id: ParticipantId,
        call_control_id: CallControlId,
        call_leg_id: CallLegId,
        conference: ParticipantConference,
        conference_id: ConferenceId,
        created_at: ApiTime,
        end_conference_on_exit: bool,
        label: Private,
        muted: bool,
        on_hold: bool,
        record_type: String,
        soft_end_conference_on_exit: bool,
        status: ParticipantStatus,
        updated_at: ApiTime,
        whisper_call_control_ids: Vec<CallControlId>,
    }
}

request! {
    /// The change of a participant.
    pub struct ParticipantUpdate {
        beep_enabled: BeepEnabled,
        /// End it, and hang up on all, when this one leaves.
        end_conference_on_exit: bool,
        /// End it when this one leaves; nobody is hung up.
        soft_end_conference_on_exit: bool,
    }
}

/// Which conferences a list gives.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConferenceFilter {
    /// Of one application.
    pub connection_id: Option<ConnectionId>,
    /// With exactly this name.
    pub name: Option<String>,
    /// Kept there; in the account's own region where missing.
    pub region: Option<ConferenceRegion>,
    /// Standing there.
    pub status: Option<ConferenceStatus>,
}

impl ConferenceFilter {
    /// The pairs of the query.
    #[must_use]
    pub fn query(&self) -> Vec<(&'static str, String)> {
        let mut query = Vec::new();
        query.extend(self.connection_id.as_ref().map(|v| ("filter[connection_id]", v.to_string())));
        query.extend(self.name.clone().map(|v| ("filter[name]", v)));
        query.extend(self.region.as_ref().map(|v| ("region", v.to_string())));
        query.extend(self.status.as_ref().map(|v| ("filter[status]", v.to_string())));
        query
    }
}

/// Which participants a list gives.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ParticipantFilter {
    /// Muted, or not.
    pub muted: Option<bool>,
    /// On hold, or not.
    pub on_hold: Option<bool>,
    /// Where the conference is kept; in the account's own region where missing.
    pub region: Option<ConferenceRegion>,
    /// Whispering, or not.
    pub whispering: Option<bool>,
}

impl ParticipantFilter {
    /// The pairs of the query.
    #[must_use]
    pub fn query(&self) -> Vec<(&'static str, String)> {
        let mut query = Vec::new();
        query.extend(self.muted.map(|v| ("filter[muted]", v.to_string())));
        query.extend(self.on_hold.map(|v| ("filter[on_hold]", v.to_string())));
        query.extend(self.region.as_ref().map(|v| ("region", v.to_string())));
        query.extend(self.whispering.map(|v| ("filter[whispering]", v.to_string())));
        query
    }
}
