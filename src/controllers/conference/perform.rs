//! Sends one step. Decides nothing.
//!
//! Commands that may carry an id carry one made of the conference and the step, so that a repetition after a crash is
//! ignored (Telnyx: command retries guide; within 60 s). Whatever has a field for the region says it: without, Telnyx looks in the
//! account's own (Telnyx API reference: Hold conference participants, `region`).

use telnyx_voice::call::ConferenceSupervisorRole;
use telnyx_voice::conference::{
    ConferenceEndRequest, ConferenceHoldRequest, ConferenceMuteRequest, ConferencePlayRequest,
    ConferenceRecordPauseRequest, ConferenceRecordResumeRequest, ConferenceRecordStartRequest,
    ConferenceRecordStopRequest, ConferenceRegion, ConferenceSpeakRequest, ConferenceUnholdRequest,
    ConferenceUnmuteRequest, ConferenceUpdateRequest, ParticipantUpdate,
};
use telnyx_voice::{CallControlId, Client, CommandId, ConferenceId, Error, ParticipantId};
use uuid::Uuid;

use super::super::wire::word;
use super::decide::{Change, Record, Step};
use crate::api::ConferenceSpec;

pub(super) async fn perform(
    client: &Client,
    id: &ConferenceId,
    spec: &ConferenceSpec,
    generation: i64,
    step: &Step,
) -> Result<(), Error> {
    let command_id = command_id(id, generation, step);
    let region = region(spec);
    match step {
        Step::End => {
            let request = ConferenceEndRequest::default().command_id(command_id);
            client.conference_command(id, &request).await.map(drop)
        }
        Step::Hold(calls) => {
            let mut request = ConferenceHoldRequest::default().call_control_ids(ids(calls));
            request.audio_url.clone_from(&spec.hold_audio_url);
            request.media_name.clone_from(&spec.hold_media_name);
            request.region = region;
            client.conference_command(id, &request).await.map(drop)
        }
        Step::Unhold(calls) => {
            let mut request = ConferenceUnholdRequest::default().call_control_ids(ids(calls));
            request.region = region;
            client.conference_command(id, &request).await.map(drop)
        }
        Step::Mute(calls) => {
            let mut request = ConferenceMuteRequest::default().call_control_ids(ids(calls));
            request.region = region;
            client.conference_command(id, &request).await.map(drop)
        }
        Step::Unmute(calls) => {
            let mut request = ConferenceUnmuteRequest::default().call_control_ids(ids(calls));
            request.region = region;
            client.conference_command(id, &request).await.map(drop)
        }
        Step::Change(change) => self::change(client, id, change).await,
        Step::Role(call, role) => {
            let mut request = ConferenceUpdateRequest::default().call_control_id(call.as_str()).command_id(command_id);
            request.supervisor_role = word::<_, ConferenceSupervisorRole>(role);
            request.region = region;
            client.conference_command(id, &request).await.map(drop)
        }
        Step::Record(record) => self::record(client, id, spec, *record, command_id).await,
        Step::Announce(name) => announce(client, id, spec, name, command_id).await,
    }
}

/// The endpoint has no field for the region.
async fn change(client: &Client, id: &ConferenceId, change: &Change) -> Result<(), Error> {
    let update = ParticipantUpdate {
        end_conference_on_exit: change.ends,
        soft_end_conference_on_exit: change.soft_ends,
        beep_enabled: change.beep.as_ref().and_then(word),
    };
    let participant = ParticipantId::from(change.participant.as_str());
    client.update_conference_participant(id, &participant, &update).await.map(drop)
}

/// Where the conference is kept, as the API spells it.
pub(super) fn region(spec: &ConferenceSpec) -> Option<ConferenceRegion> {
    spec.region.as_ref().and_then(word)
}

async fn record(
    client: &Client,
    id: &ConferenceId,
    spec: &ConferenceSpec,
    record: Record,
    command_id: CommandId,
) -> Result<(), Error> {
    let region = region(spec);
    match record {
        Record::Start => {
            let mut request = ConferenceRecordStartRequest::default().command_id(command_id);
            request.format = word(&spec.recording_format);
            request.region = region;
            client.conference_command(id, &request).await.map(drop)
        }
        Record::Pause => {
            let mut request = ConferenceRecordPauseRequest::default().command_id(command_id);
            request.region = region;
            client.conference_command(id, &request).await.map(drop)
        }
        Record::Resume => {
            let mut request = ConferenceRecordResumeRequest::default().command_id(command_id);
            request.region = region;
            client.conference_command(id, &request).await.map(drop)
        }
        Record::Stop => {
            let mut request = ConferenceRecordStopRequest::default().command_id(command_id);
            request.region = region;
            client.conference_command(id, &request).await.map(drop)
        }
    }
}

async fn announce(
    client: &Client,
    id: &ConferenceId,
    spec: &ConferenceSpec,
    name: &str,
    command_id: CommandId,
) -> Result<(), Error> {
    let Some(announcement) = spec.announcements.iter().find(|one| one.name == name) else { return Ok(()) };
    if let Some(text) = &announcement.text {
        let mut request = ConferenceSpeakRequest::default()
            .payload(text.payload.as_str())
            .voice(text.voice.as_str())
            .command_id(command_id);
        request.region = region(spec);
        client.conference_command(id, &request).await?;
    }
    if let Some(audio) = &announcement.audio {
        let mut request = ConferencePlayRequest::default();
        request.audio_url.clone_from(&audio.audio_url);
        request.media_name.clone_from(&audio.media_name);
        request.region = region(spec);
        client.conference_command(id, &request).await?;
    }
    Ok(())
}

fn ids(calls: &[String]) -> Vec<CallControlId> {
    calls.iter().map(|call| CallControlId::from(call.as_str())).collect()
}

/// The same step to the same conference under the same spec is the same command.
fn command_id(id: &ConferenceId, generation: i64, step: &Step) -> CommandId {
    let name = format!("{id}/{generation}/{step:?}");
    CommandId::from(Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()).to_string())
}
