//! The types of this crate against the API's own description: every field and every enum value of every covered endpoint and
//! webhook is carried through unchanged, and listed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use std::collections::BTreeSet;
use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use telnyx_voice::webhook::{Event, Payload};
use telnyx_voice::{
    Application, ApplicationRequest, Call, CallEvent, CommandResult, DialRequest, HangupRequest, PlaybackStartRequest,
    PlaybackStopRequest, Profile, ProfileRequest, Queue, QueueRequest, QueueUpdate, QueuedCall, QueuedCallUpdate,
    SpeakRequest, WebhookDelivery,
};

fn contract() -> Value {
    serde_json::from_str(include_str!("contract/telnyx-voice.json")).unwrap()
}

/// How many samples it takes to show every enum value and every alternative of a schema.
fn span(schema: &Value) -> usize {
    if let Some(values) = schema["enum"].as_array() {
        return values.len();
    }
    if let Some(alternatives) = schema["anyOf"].as_array() {
        return alternatives.len() * alternatives.iter().map(span).max().unwrap_or(1);
    }
    let fields = schema["properties"].as_object().into_iter().flat_map(Map::values);
    fields.chain(schema.get("items")).chain(schema.get("additionalProperties")).map(span).max().unwrap_or(1)
}

/// The `index`th sample of a schema, with every field present.
fn sample(schema: &Value, name: &str, index: usize) -> Value {
    if let Some(values) = schema["enum"].as_array() {
        return values[index % values.len()].clone();
    }
    if let Some(alternatives) = schema["anyOf"].as_array() {
        let (turn, choice) = (index / alternatives.len(), index % alternatives.len());
        return sample(&alternatives[choice], name, turn);
    }
    match schema["type"].as_str() {
        Some("string") if schema["format"] == "date-time" => json!("2026-03-04T05:06:07.891234Z"),
        Some("string") => json!(format!("a {name}")),
        Some("integer") => json!(7),
        Some("number") => json!(0.25),
        Some("boolean") => json!(index.is_multiple_of(2)),
        Some("array") => json!([sample(&schema["items"], name, index)]),
        Some("object") => match schema["properties"].as_object() {
            Some(fields) => fields.iter().map(|(name, field)| (name.clone(), sample(field, name, index))).collect(),
            None => json!({ "key": sample(&schema["additionalProperties"], name, index) }),
        },
        _ => json!({ "free": "form" }),
    }
}

fn samples(schema: &Value) -> impl Iterator<Item = Value> {
    (0..span(schema)).map(|index| sample(schema, "value", index))
}

fn check_type<T: DeserializeOwned + Serialize + Debug>(what: &str, schema: &Value) {
    for sample in samples(schema) {
        let typed: T = serde_json::from_value(sample.clone()).unwrap_or_else(|e| panic!("{what}: {e}\n{sample:#}"));
        assert_eq!(serde_json::to_value(&typed).unwrap(), sample, "{what} does not carry everything");
        let shown = format!("{typed:?}");
        assert!(!shown.contains("Unknown("), "{what} has an enum value that is not listed: {shown}");
    }
}

type Check = fn(&str, &Value);

/// The endpoints that the client covers: the type of the body, and of the object in the answer.
fn covered() -> Vec<(&'static str, Option<Check>, Option<Check>)> {
    fn of<T: DeserializeOwned + Serialize + Debug>() -> Check {
        check_type::<T>
    }
    vec![
        ("call_control_applications.create", Some(of::<ApplicationRequest>()), Some(of::<Application>())),
        ("call_control_applications.retrieve", None, Some(of::<Application>())),
        ("call_control_applications.update", Some(of::<ApplicationRequest>()), Some(of::<Application>())),
        ("call_control_applications.delete", None, Some(of::<Application>())),
        ("call_control_applications.list", None, Some(of::<Application>())),
        ("outbound_voice_profiles.create", Some(of::<ProfileRequest>()), Some(of::<Profile>())),
        ("outbound_voice_profiles.retrieve", None, Some(of::<Profile>())),
        ("outbound_voice_profiles.update", Some(of::<ProfileRequest>()), Some(of::<Profile>())),
        ("outbound_voice_profiles.delete", None, Some(of::<Profile>())),
        ("outbound_voice_profiles.list", None, Some(of::<Profile>())),
        ("queues.create", Some(of::<QueueRequest>()), Some(of::<Queue>())),
        ("queues.retrieve", None, Some(of::<Queue>())),
        ("queues.update", Some(of::<QueueUpdate>()), Some(of::<Queue>())),
        ("queues.delete", None, None),
        ("queues.list", None, Some(of::<Queue>())),
        ("queues.calls.retrieve", None, Some(of::<QueuedCall>())),
        ("queues.calls.update", Some(of::<QueuedCallUpdate>()), None),
        ("queues.calls.remove", None, None),
        ("queues.calls.list", None, Some(of::<QueuedCall>())),
        ("calls.dial", Some(of::<DialRequest>()), Some(of::<Call>())),
        ("calls.retrieve_status", None, Some(of::<Call>())),
        ("calls.actions.hangup", Some(of::<HangupRequest>()), Some(of::<CommandResult>())),
        ("calls.actions.update_client_state", None, Some(of::<CommandResult>())),
        ("calls.actions.speak", Some(of::<SpeakRequest>()), Some(of::<CommandResult>())),
        ("calls.actions.start_playback", Some(of::<PlaybackStartRequest>()), Some(of::<CommandResult>())),
        ("calls.actions.stop_playback", Some(of::<PlaybackStopRequest>()), Some(of::<CommandResult>())),
        ("connections.list_active_calls", None, Some(of::<Call>())),
        ("call_events.list", None, Some(of::<CallEvent>())),
        ("webhook_deliveries.retrieve", None, Some(of::<WebhookDelivery>())),
        ("webhook_deliveries.list", None, Some(of::<WebhookDelivery>())),
    ]
}

/// Not covered yet. An endpoint that is in neither list fails the test.
const NOT_COVERED: &[&str] = &["calls.actions.", "conferences."];

#[test]
fn every_field_of_every_covered_endpoint_is_carried() {
    let contract = contract();
    let mut seen = BTreeSet::new();
    for endpoint in contract["endpoints"].as_array().unwrap() {
        let name = endpoint["sdk"].as_str().unwrap();
        let Some((name, body, answer)) = covered().into_iter().find(|(covered, ..)| *covered == name) else {
            assert!(NOT_COVERED.iter().any(|prefix| name.starts_with(prefix)), "{name} is in no list");
            continue;
        };
        seen.insert(name);
        if let Some(check) = body {
            check(&format!("the body of {name}"), &without_path_parameters(name, &endpoint["body"]));
        }
        if let Some(check) = answer {
            let response = &endpoint["response"];
            let object = response.get("item").unwrap_or(&response["properties"]["data"]);
            assert!(object.is_object(), "{name} has no answer in the contract");
            check(&format!("the answer of {name}"), object);
        }
    }
    let expected: BTreeSet<_> = covered().into_iter().map(|(name, ..)| name).collect();
    assert_eq!(seen, expected, "an endpoint is covered that the contract does not have");
}

/// The package takes the queue's name among the fields of the body; on the wire it is in the path.
fn without_path_parameters(endpoint: &str, body: &Value) -> Value {
    let mut body = body.clone();
    if endpoint == "queues.calls.update" {
        body["properties"].as_object_mut().unwrap().remove("queue_name").unwrap();
    }
    body
}

#[test]
fn every_webhook_is_typed_and_every_field_is_carried() {
    let contract = contract();
    let webhooks = contract["webhooks"].as_object().unwrap();
    assert_eq!(webhooks.len(), 61);
    for (name, schema) in webhooks {
        for data in samples(schema) {
            check_webhook(name, &data);
        }
    }
}

/// Documented in the API reference, absent from the package's types.
#[test]
fn a_change_of_the_floor_is_typed_too() {
    check_webhook(
        "conference.floor.changed",
        &json!({
            "id": "an id", "event_type": "conference.floor.changed", "record_type": "event",
            "payload": {
                "call_control_id": "a", "call_leg_id": "b", "call_session_id": "c", "client_state": "d",
                "conference_id": "e", "connection_id": "f", "occurred_at": "2026-03-04T05:06:07Z",
            },
        }),
    );
}

fn check_webhook(name: &str, data: &Value) {
    let envelope = json!({ "data": data, "meta": { "attempt": 2, "delivered_to": "https://example.com/hook" } });
    let event = Event::parse(envelope.to_string().as_bytes()).unwrap_or_else(|e| panic!("{name}: {e}"));
    assert_eq!(event.left_out, Vec::<String>::new(), "{name}");
    assert!(!matches!(event.payload, Payload::Unknown(_)), "{name} is not typed");
    assert_eq!(event.payload.event_type().unwrap().as_str(), name);
    assert_eq!(serde_json::to_value(&event).unwrap(), envelope, "{name} does not carry everything");
    let shown = format!("{event:?}");
    assert!(!shown.contains("Unknown("), "{name} has an enum value that is not listed: {shown}");
}

#[test]
fn requests_and_answers_call_the_same_thing_by_the_same_name() {
    fn names(schema: &Value) -> BTreeSet<&str> {
        schema["properties"].as_object().unwrap().keys().map(String::as_str).collect()
    }
    let contract = contract();
    let endpoints = contract["endpoints"].as_array().unwrap();
    for name in ["call_control_applications.update", "outbound_voice_profiles.update"] {
        let endpoint = endpoints.iter().find(|endpoint| endpoint["sdk"] == name).unwrap();
        let answer = names(&endpoint["response"]["properties"]["data"]);
        assert!(names(&endpoint["body"]).is_subset(&answer), "{name}");
    }
}
