//! Each method sends what the contract says: HTTP method and path, with the key, to the base URL.

use std::collections::BTreeMap;

use futures::TryStreamExt as _;
use serde_json::{Value, json};
use telnyx_voice::{
    ApplicationFilter, ApplicationRequest, CallControlId, CallEventFilter, Client, ClientState, ConnectionId,
    DeliveryFilter, DialRequest, Error, HangupRequest, PlaybackStartRequest, PlaybackStopRequest, ProfileFilter,
    ProfileId, ProfileRequest, QueueRequest, QueueUpdate, QueuedCallUpdate, SpeakRequest,
};

use crate::server::{Server, data};

/// Calls the method that covers an endpoint of the contract.
async fn call(client: &Client, endpoint: &str) -> Result<(), Error> {
    let app: ConnectionId = "{id}".into();
    let profile: ProfileId = "{id}".into();
    let connection: ConnectionId = "{connection_id}".into();
    let leg: CallControlId = "{call_control_id}".into();
    let queue = "{queue_name}";
    match endpoint {
        "call_control_applications.create" => client.create_application(&ApplicationRequest::default()).await.map(drop),
        "call_control_applications.retrieve" => client.get_application(&app).await.map(drop),
        "call_control_applications.update" => {
            client.update_application(&app, &ApplicationRequest::default()).await.map(drop)
        }
        "call_control_applications.delete" => client.delete_application(&app).await,
        "call_control_applications.list" => {
            client.applications(&ApplicationFilter::default()).try_collect::<Vec<_>>().await.map(drop)
        }
        "outbound_voice_profiles.create" => {
            client.create_outbound_voice_profile(&ProfileRequest::default()).await.map(drop)
        }
        "outbound_voice_profiles.retrieve" => client.get_outbound_voice_profile(&profile).await.map(drop),
        "outbound_voice_profiles.update" => {
            client.update_outbound_voice_profile(&profile, &ProfileRequest::default()).await.map(drop)
        }
        "outbound_voice_profiles.delete" => client.delete_outbound_voice_profile(&profile).await,
        "outbound_voice_profiles.list" => {
            client.outbound_voice_profiles(&ProfileFilter::default()).try_collect::<Vec<_>>().await.map(drop)
        }
        "queues.create" => client.create_queue(&QueueRequest::default()).await.map(drop),
        "queues.retrieve" => client.get_queue(queue).await.map(drop),
        "queues.update" => client.update_queue(queue, &QueueUpdate::default()).await.map(drop),
        "queues.delete" => client.delete_queue(queue).await,
        "queues.list" => client.queues().try_collect::<Vec<_>>().await.map(drop),
        "queues.calls.retrieve" => client.get_queued_call(queue, &leg).await.map(drop),
        "queues.calls.update" => client.update_queued_call(queue, &leg, &QueuedCallUpdate::default()).await,
        "queues.calls.remove" => client.remove_queued_call(queue, &leg).await,
        "queues.calls.list" => client.queued_calls(queue)?.try_collect::<Vec<_>>().await.map(drop),
        "calls.dial" => client.dial(&DialRequest::default()).await.map(drop),
        "calls.retrieve_status" => client.get_call(&leg).await.map(drop),
        "calls.actions.hangup" => client.hangup(&leg, &HangupRequest::default()).await.map(drop),
        "calls.actions.update_client_state" => {
            client.update_client_state(&leg, &ClientState::encode(b"x").unwrap()).await.map(drop)
        }
        "calls.actions.speak" => client.speak(&leg, &SpeakRequest::default()).await.map(drop),
        "calls.actions.start_playback" => client.start_playback(&leg, &PlaybackStartRequest::default()).await.map(drop),
        "calls.actions.stop_playback" => client.stop_playback(&leg, &PlaybackStopRequest::default()).await.map(drop),
        "connections.list_active_calls" => client.active_calls(&connection)?.try_collect::<Vec<_>>().await.map(drop),
        "call_events.list" => client.call_events(&CallEventFilter::default()).try_collect::<Vec<_>>().await.map(drop),
        "webhook_deliveries.retrieve" => client.get_webhook_delivery(&"{id}".into()).await.map(drop),
        "webhook_deliveries.list" => {
            client.webhook_deliveries(&DeliveryFilter::default()).try_collect::<Vec<_>>().await.map(drop)
        }
        other => panic!("no method for {other}"),
    }
}

const COVERED: &[&str] = &[
    "call_control_applications.create",
    "call_control_applications.retrieve",
    "call_control_applications.update",
    "call_control_applications.delete",
    "call_control_applications.list",
    "outbound_voice_profiles.create",
    "outbound_voice_profiles.retrieve",
    "outbound_voice_profiles.update",
    "outbound_voice_profiles.delete",
    "outbound_voice_profiles.list",
    "queues.create",
    "queues.retrieve",
    "queues.update",
    "queues.delete",
    "queues.list",
    "queues.calls.retrieve",
    "queues.calls.update",
    "queues.calls.remove",
    "queues.calls.list",
    "calls.dial",
    "calls.retrieve_status",
    "calls.actions.hangup",
    "calls.actions.update_client_state",
    "calls.actions.speak",
    "calls.actions.start_playback",
    "calls.actions.stop_playback",
    "connections.list_active_calls",
    "call_events.list",
    "webhook_deliveries.retrieve",
    "webhook_deliveries.list",
];

#[tokio::test]
async fn every_covered_endpoint_is_called_by_its_method_and_path() {
    let contract: Value = serde_json::from_str(include_str!("../contract/telnyx-voice.json")).unwrap();
    let endpoints: BTreeMap<&str, &Value> =
        contract["endpoints"].as_array().unwrap().iter().map(|e| (e["sdk"].as_str().unwrap(), e)).collect();
    for name in COVERED {
        let answer = if name.ends_with("list") || name.ends_with("active_calls") {
            data(json!([]))
        } else {
            data(json!({ "id": "7", "name": "q", "call_control_id": "v3:x" }))
        };
        let server = Server::start([answer]).await;
        call(&server.client(), name).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        let seen = &server.seen()[0];
        // The braces of the contract's own parameters stand in for ids, percent-encoded on the way.
        let path = seen.path.replace("%7B", "{").replace("%7D", "}");
        let expected = endpoints[name];
        assert_eq!(
            (seen.method.as_str(), path.as_str()),
            (expected["method"].as_str().unwrap(), expected["path"].as_str().unwrap())
        );
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
