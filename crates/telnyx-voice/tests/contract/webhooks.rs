//! Webhooks: every one is typed, and every field is carried.

use serde_json::{Value, json};
use telnyx_voice::webhook::{Event, Payload};

use crate::shared::{contract, sample};
use crate::span;

#[test]
fn every_webhook_is_typed_and_every_field_is_carried() {
    let contract = contract();
    let webhooks = contract["webhooks"].as_object().unwrap();
    assert_eq!(webhooks.len(), 61);
    for (name, schema) in webhooks {
        for index in 0..span(schema) {
            check_webhook(name, &sample(schema, "value", index));
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
