//! Each method sends what the contract says: HTTP method, path, every field of the body, with the key, to the base URL.

use futures::TryStreamExt as _;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use telnyx_voice::call::*;
use telnyx_voice::conference::*;
use telnyx_voice::{
    ApplicationFilter, ApplicationRequest, CallControlId, CallEventFilter, Client, ClientState, ConferenceId,
    ConnectionId, DeliveryFilter, Error, OPERATIONS, ParticipantId, ProfileFilter, ProfileId, ProfileRequest,
    QueueRequest, QueueUpdate, QueuedCallUpdate,
};

use crate::server::{Server, data};
use crate::shared::{contract, sample};

/// A body with every field of the contract in it, but for those that another one excludes.
fn full<T: DeserializeOwned>(endpoint: &Value) -> T {
    serde_json::from_value(full_body(endpoint)).unwrap()
}

fn full_body(endpoint: &Value) -> Value {
    let mut body = sample(&endpoint["body"], "value", 0);
    drop_rivals(&mut body);
    body
}

fn drop_rivals(body: &mut Value) {
    let Some(fields) = body.as_object_mut() else { return };
    for (field, rival) in [
        ("audio_url", "media_name"),
        ("invalid_audio_url", "invalid_media_name"),
        ("hold_audio_url", "hold_media_name"),
        ("call_control_id", "queue"),
    ] {
        if fields.contains_key(field) {
            fields.remove(rival);
        }
    }
    fields.values_mut().for_each(drop_rivals);
}

/// Calls a method of the client; gives its name too, for the table to be held against.
macro_rules! call {
    ($client:ident.$method:ident($($argument:expr),*)) => {
        (stringify!($method), $client.$method($($argument),*).await.map(drop))
    };
    (list $client:ident.$method:ident($($argument:expr),*) $($may_fail:tt)?) => {
        (stringify!($method), $client.$method($($argument),*)$($may_fail)?.try_collect::<Vec<_>>().await.map(drop))
    };
}

/// Sends the endpoint's request by the method that covers it, and names the method.
#[expect(clippy::too_many_lines, reason = "one line per endpoint")]
#[rustfmt::skip]
async fn send(client: &Client, endpoint: &Value) -> Result<(&'static str, Result<(), Error>), Error> {
    let app: ConnectionId = "{id}".into();
    let profile: ProfileId = "{id}".into();
    let connection: ConnectionId = "{connection_id}".into();
    let leg: CallControlId = "{call_control_id}".into();
    let conference: ConferenceId = "{id}".into();
    let participant: ParticipantId = "{participant_id}".into();
    let queue = "{queue_name}";
    macro_rules! command {
        ($request:ty) => { call!(client.command(&leg, &full::<$request>(endpoint))) };
    }
    macro_rules! conference {
        ($request:ty) => { call!(client.conference_command(&conference, &full::<$request>(endpoint))) };
    }
    Ok(match endpoint["sdk"].as_str().unwrap() {
        "call_control_applications.create" => call!(client.create_application(&full::<ApplicationRequest>(endpoint))),
        "call_control_applications.retrieve" => call!(client.get_application(&app)),
        "call_control_applications.update" => call!(client.update_application(&app, &full::<ApplicationRequest>(endpoint))),
        "call_control_applications.delete" => call!(client.delete_application(&app)),
        "call_control_applications.list" => call!(list client.applications(&ApplicationFilter::default())),
        "outbound_voice_profiles.create" => call!(client.create_outbound_voice_profile(&full::<ProfileRequest>(endpoint))),
        "outbound_voice_profiles.retrieve" => call!(client.get_outbound_voice_profile(&profile)),
        "outbound_voice_profiles.update" => call!(client.update_outbound_voice_profile(&profile, &full::<ProfileRequest>(endpoint))),
        "outbound_voice_profiles.delete" => call!(client.delete_outbound_voice_profile(&profile)),
        "outbound_voice_profiles.list" => call!(list client.outbound_voice_profiles(&ProfileFilter::default())),
        "queues.create" => call!(client.create_queue(&full::<QueueRequest>(endpoint))),
        "queues.retrieve" => call!(client.get_queue(queue)),
        "queues.update" => call!(client.update_queue(queue, &full::<QueueUpdate>(endpoint))),
        "queues.delete" => call!(client.delete_queue(queue)),
        "queues.list" => call!(list client.queues()),
        "queues.calls.retrieve" => call!(client.get_queued_call(queue, &leg)),
        "queues.calls.update" => call!(client.update_queued_call(queue, &leg, &full::<QueuedCallUpdate>(endpoint))),
        "queues.calls.remove" => call!(client.remove_queued_call(queue, &leg)),
        "queues.calls.list" => call!(list client.queued_calls(queue) ?),
        "calls.dial" => call!(client.dial(&full::<DialRequest>(endpoint))),
        "calls.retrieve_status" => call!(client.get_call(&leg)),
        "connections.list_active_calls" => call!(list client.active_calls(&connection) ?),
        "call_events.list" => call!(list client.call_events(&CallEventFilter::default())),
        "webhook_deliveries.retrieve" => call!(client.get_webhook_delivery(&"{id}".into())),
        "webhook_deliveries.list" => call!(list client.webhook_deliveries(&DeliveryFilter::default())),
        "calls.actions.add_ai_assistant_messages" => command!(AiAssistantAddMessagesRequest),
        "calls.actions.answer" => command!(AnswerRequest),
        "calls.actions.bridge" => command!(BridgeRequest),
        "calls.actions.enqueue" => command!(EnqueueRequest),
        "calls.actions.gather" => command!(GatherRequest),
        "calls.actions.gather_using_ai" => command!(GatherUsingAiRequest),
        "calls.actions.gather_using_audio" => command!(GatherUsingAudioRequest),
        "calls.actions.gather_using_speak" => command!(GatherUsingSpeakRequest),
        "calls.actions.hangup" => call!(client.hangup(&leg, &full::<HangupRequest>(endpoint))),
        "calls.actions.join_ai_assistant" => command!(AiAssistantJoinRequest),
        "calls.actions.leave_queue" => command!(LeaveQueueRequest),
        "calls.actions.pause_recording" => command!(RecordPauseRequest),
        "calls.actions.pay" => command!(PayRequest),
        "calls.actions.refer" => command!(ReferRequest),
        "calls.actions.reject" => command!(RejectRequest),
        "calls.actions.resume_recording" => command!(RecordResumeRequest),
        "calls.actions.send_dtmf" => command!(SendDtmfRequest),
        "calls.actions.send_sip_info" => command!(SendSipInfoRequest),
        "calls.actions.speak" => call!(client.speak(&leg, &full::<SpeakRequest>(endpoint))),
        "calls.actions.start_ai_assistant" => command!(AiAssistantStartRequest),
        "calls.actions.start_conversation_relay" => command!(ConversationRelayStartRequest),
        "calls.actions.start_forking" => command!(ForkStartRequest),
        "calls.actions.start_noise_suppression" => command!(SuppressionStartRequest),
        "calls.actions.start_playback" => call!(client.start_playback(&leg, &full::<PlaybackStartRequest>(endpoint))),
        "calls.actions.start_recording" => command!(RecordStartRequest),
        "calls.actions.start_siprec" => command!(SiprecStartRequest),
        "calls.actions.start_streaming" => command!(StreamingStartRequest),
        "calls.actions.start_transcription" => command!(TranscriptionStartRequest),
        "calls.actions.stop_ai_assistant" => command!(AiAssistantStopRequest),
        "calls.actions.stop_conversation_relay" => command!(ConversationRelayStopRequest),
        "calls.actions.stop_forking" => command!(ForkStopRequest),
        "calls.actions.stop_gather" => command!(GatherStopRequest),
        "calls.actions.stop_noise_suppression" => command!(SuppressionStopRequest),
        "calls.actions.stop_playback" => call!(client.stop_playback(&leg, &full::<PlaybackStopRequest>(endpoint))),
        "calls.actions.stop_recording" => command!(RecordStopRequest),
        "calls.actions.stop_siprec" => command!(SiprecStopRequest),
        "calls.actions.stop_streaming" => command!(StreamingStopRequest),
        "calls.actions.stop_transcription" => command!(TranscriptionStopRequest),
        "calls.actions.switch_supervisor_role" => command!(SwitchSupervisorRoleRequest),
        "calls.actions.transfer" => command!(TransferRequest),
        "calls.actions.update_client_state" => call!(client.update_client_state(&leg, &ClientState::from("YQ=="))),
        "conferences.create" => call!(client.create_conference(&full::<ConferenceRequest>(endpoint))),
        "conferences.list" => call!(list client.conferences(&ConferenceFilter::default())),
        "conferences.retrieve" => call!(client.get_conference(&conference, None)),
        "conferences.list_participants" => call!(list client.conference_participants(&"{conference_id}".into(), &ParticipantFilter::default()) ?),
        "conferences.retrieve_participant" => call!(client.get_conference_participant(&conference, &participant)),
        "conferences.update_participant" => call!(client.update_conference_participant(&conference, &participant, &full::<ParticipantUpdate>(endpoint))),
        "conferences.actions.end_conference" => conference!(ConferenceEndRequest),
        "conferences.actions.gather_dtmf_audio" => conference!(ConferenceGatherUsingAudioRequest),
        "conferences.actions.hold" => conference!(ConferenceHoldRequest),
        "conferences.actions.join" => conference!(ConferenceJoinRequest),
        "conferences.actions.leave" => conference!(ConferenceLeaveRequest),
        "conferences.actions.mute" => conference!(ConferenceMuteRequest),
        "conferences.actions.play" => conference!(ConferencePlayRequest),
        "conferences.actions.record_pause" => conference!(ConferenceRecordPauseRequest),
        "conferences.actions.record_resume" => conference!(ConferenceRecordResumeRequest),
        "conferences.actions.record_start" => conference!(ConferenceRecordStartRequest),
        "conferences.actions.record_stop" => conference!(ConferenceRecordStopRequest),
        "conferences.actions.send_dtmf" => conference!(ConferenceSendDtmfRequest),
        "conferences.actions.speak" => conference!(ConferenceSpeakRequest),
        "conferences.actions.stop" => conference!(ConferenceStopRequest),
        "conferences.actions.unhold" => conference!(ConferenceUnholdRequest),
        "conferences.actions.unmute" => conference!(ConferenceUnmuteRequest),
        "conferences.actions.update" => conference!(ConferenceUpdateRequest),
        other => panic!("no method for {other}"),
    })
}

/// The body that should arrive: everything, but for what is in the path on the wire.
fn expected_body(endpoint: &Value) -> Value {
    if endpoint.get("body").is_none() {
        return Value::Null;
    }
    let mut body = full_body(endpoint);
    match endpoint["sdk"].as_str().unwrap() {
        "queues.calls.update" => drop(body.as_object_mut().unwrap().remove("queue_name")),
        "conferences.update_participant" => drop(body.as_object_mut().unwrap().remove("id")),
        _ => {}
    }
    body
}

#[tokio::test]
async fn every_endpoint_is_sent_by_its_method_to_its_path_with_all_of_its_body() {
    let contract = contract();
    for endpoint in contract["endpoints"].as_array().unwrap() {
        let name = endpoint["sdk"].as_str().unwrap();
        let row = OPERATIONS.iter().find(|row| row.name == name).unwrap();
        let list = endpoint["response"].get("item").is_some();
        let answer =
            if list { data(json!([])) } else { data(json!({ "id": "7", "name": "q", "call_control_id": "v3:x" })) };
        let server = Server::start([answer]).await;
        let (method, sent) = send(&server.client(), endpoint).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        sent.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(method, row.method, "{name}");
        let seen = &server.seen()[0];
        // The braces of the contract's own parameters stand in for ids, percent-encoded on the way.
        let path = seen.path.replace("%7B", "{").replace("%7D", "}");
        let expected = endpoint["path"].as_str().unwrap().replace("call_control_id_to_bridge", "call_control_id");
        assert_eq!((seen.method.as_str(), path), (endpoint["method"].as_str().unwrap(), expected), "{name}");
        assert_eq!(seen.body, expected_body(endpoint), "{name}");
        assert_eq!(seen.headers["authorization"], "Bearer KEY0123");
        assert_eq!(seen.headers.contains_key("content-type"), !seen.body.is_null(), "{name}");
    }
}

#[tokio::test]
async fn an_unset_field_is_not_sent() {
    let server = Server::start([data(json!({ "id": "7" }))]).await;
    let request = ApplicationRequest::default().application_name("support").active(false);
    server.client().update_application(&"7".into(), &request).await.unwrap();
    assert_eq!(server.seen()[0].body, json!({ "application_name": "support", "active": false }));
}

#[tokio::test]
async fn ids_are_encoded_in_the_path() {
    let server = Server::start([data(json!({ "name": "a/b?c" }))]).await;
    server.client().get_queue("a/b?c d").await.unwrap();
    assert_eq!(server.seen()[0].path, "/v2/queues/a%2Fb%3Fc%20d");
}

#[tokio::test]
async fn a_region_is_asked_for_in_the_query() {
    let server = Server::start([data(json!({ "id": "7" }))]).await;
    server.client().get_conference(&"7".into(), Some(&ConferenceRegion::MiddleEast)).await.unwrap();
    assert_eq!(server.seen()[0].query, [("region".to_owned(), "Middle East".to_owned())]);
}
