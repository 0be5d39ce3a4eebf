//! The envelope of a webhook, version 2.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use thiserror::Error;

use super::payload::{EventType, Payload, PayloadFields as _};
use crate::client_state::ClientState;
use crate::ids::{CallControlId, CallLegId, CallSessionId, ConnectionId, EventId};
use crate::macros::record;
use crate::time::ApiTime;

/// One webhook. Duplicates share `id`; order by [`time`](Self::time), never by arrival.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The same through all deliveries of the event.
    pub id: EventId,
    /// What happened.
    pub event_type: EventType,
    /// When it happened. Some conference events say it in the payload: see [`time`](Self::time).
    pub occurred_at: Option<ApiTime>,
    /// When a conversation event was made; other events do not say.
    pub created_at: Option<ApiTime>,
    /// What it carries.
    pub payload: Payload,
    /// About this delivery.
    pub meta: Meta,
    /// Names of payload fields that had another type than documented and were left out. Worth a warning.
    pub left_out: Vec<String>,
}

record! {
    /// About one delivery of a webhook.
    pub struct Meta {
        /// From 1.
        attempt: i64,
        delivered_to: String,
    }
}

/// The body is not a version 2 webhook. Sending it again would not help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum EnvelopeError {
    /// Not JSON, or not of the envelope's form.
    ///
    /// The parser's own words are left out: they quote values, phone numbers among them.
    #[error(
        "the body is not a webhook of version 2 from line {line}, column {column} on; set webhook_api_version to \"2\""
    )]
    Malformed {
        /// Where reading stopped, from 1.
        line: usize,
        /// Where in the line.
        column: usize,
    },
    /// The field that duplicates are found by is missing.
    #[error("the webhook has no id")]
    NoId,
    /// Nothing says what happened.
    #[error("the webhook has no event_type")]
    NoEventType,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    data: Option<Data<'a>>,
    #[serde(default)]
    meta: Option<Meta>,
}

#[derive(Deserialize)]
struct Data<'a> {
    id: Option<EventId>,
    event_type: Option<EventType>,
    occurred_at: Option<ApiTime>,
    created_at: Option<ApiTime>,
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
}

impl Event {
    /// Reads the body of a webhook. Check its signature first.
    ///
    /// `conference.floor.changed` is documented without the `data` around it: that form is read too.
    pub fn parse(body: &[u8]) -> Result<Self, EnvelopeError> {
        let envelope: Envelope<'_> = read(body)?;
        let data = match envelope.data {
            Some(data) => data,
            None => read(body)?,
        };
        let event_type = data.event_type.ok_or(EnvelopeError::NoEventType)?;
        let (payload, left_out) = Payload::read(&event_type, data.payload.unwrap_or(RawValue::NULL));
        Ok(Self {
            id: data.id.ok_or(EnvelopeError::NoId)?,
            event_type,
            occurred_at: data.occurred_at,
            created_at: data.created_at,
            payload,
            meta: envelope.meta.unwrap_or_default(),
            left_out,
        })
    }

    /// When it happened, wherever the event says so.
    #[must_use]
    pub fn time(&self) -> Option<jiff::Timestamp> {
        self.occurred_at.as_ref().or_else(|| self.payload.occurred_at())?.instant()
    }

    /// The leg to command.
    #[must_use]
    pub fn call_control_id(&self) -> Option<&CallControlId> {
        self.payload.call_control_id()
    }

    /// The leg.
    #[must_use]
    pub fn call_leg_id(&self) -> Option<&CallLegId> {
        self.payload.call_leg_id()
    }

    /// The session.
    #[must_use]
    pub fn call_session_id(&self) -> Option<&CallSessionId> {
        self.payload.call_session_id()
    }

    /// What the leg carries for us.
    #[must_use]
    pub fn client_state(&self) -> Option<&ClientState> {
        self.payload.client_state()
    }

    /// The application.
    #[must_use]
    pub fn connection_id(&self) -> Option<&ConnectionId> {
        self.payload.connection_id()
    }
}

fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, EnvelopeError> {
    serde_json::from_slice(body)
        .map_err(|error| EnvelopeError::Malformed { line: error.line(), column: error.column() })
}

/// Writes the envelope as the API does, for those who send webhooks: tests and simulators.
impl Serialize for Event {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Out<'a> {
            data: OutData<'a>,
            meta: &'a Meta,
        }
        #[derive(Serialize)]
        struct OutData<'a> {
            record_type: &'static str,
            event_type: &'a EventType,
            id: &'a EventId,
            #[serde(skip_serializing_if = "Option::is_none")]
            occurred_at: Option<&'a ApiTime>,
            #[serde(skip_serializing_if = "Option::is_none")]
            created_at: Option<&'a ApiTime>,
            payload: &'a Payload,
        }
        let data = OutData {
            record_type: "event",
            event_type: &self.event_type,
            id: &self.id,
            occurred_at: self.occurred_at.as_ref(),
            created_at: self.created_at.as_ref(),
            payload: &self.payload,
        };
        Out { data, meta: &self.meta }.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::webhook::payload::HangupCause;

    fn parse(body: &serde_json::Value) -> Result<Event, EnvelopeError> {
        Event::parse(body.to_string().as_bytes())
    }

    fn hangup(payload: &serde_json::Value) -> Event {
        parse(&json!({ "data": { "id": "e", "event_type": "call.hangup", "payload": payload } })).unwrap()
    }

    #[test]
    fn an_event_of_an_unknown_type_is_kept_whole() {
        let body = json!({
            "data": { "id": "e", "record_type": "event", "event_type": "call.teleported", "payload": { "where": [1] } },
            "meta": { "attempt": 1 },
        });
        let event = parse(&body).unwrap();
        assert_eq!(event.event_type, EventType::Unknown("call.teleported".to_owned()));
        assert_eq!(event.payload.event_type(), None);
        assert_eq!(serde_json::to_value(&event).unwrap(), body);
    }

    #[test]
    fn an_unknown_enum_value_is_kept() {
        let event = hangup(&json!({ "hangup_cause": "abducted" }));
        let Payload::CallHangup(hangup) = event.payload else { panic!("{event:?}") };
        assert_eq!(hangup.hangup_cause, Some(HangupCause::Unknown("abducted".to_owned())));
    }

    #[test]
    fn a_field_of_the_wrong_type_costs_that_field_alone() {
        let event = hangup(&json!({
            "call_control_id": "v3:x", "hangup_cause": "user_busy", "call_quality_stats": { "inbound": { "mos": 4.5 } },
            "tags": "not a list",
        }));
        assert_eq!(event.left_out, ["call_quality_stats", "tags"]);
        assert_eq!(event.call_control_id().unwrap().as_str(), "v3:x");
        let Payload::CallHangup(hangup) = event.payload else { panic!("{event:?}") };
        assert_eq!(hangup.hangup_cause, Some(HangupCause::UserBusy));
    }

    #[test]
    fn a_payload_that_is_no_object_is_kept_as_it_came() {
        for payload in [json!(null), json!("text"), json!([1])] {
            let event = hangup(&payload);
            assert_eq!(serde_json::to_value(&event.payload).unwrap(), payload);
            assert!(matches!(event.payload, Payload::Unknown(_)));
        }
    }

    #[test]
    fn the_moment_is_found_in_the_envelope_or_in_the_payload() {
        let time = "2026-03-04T05:06:07Z";
        let envelope =
            json!({ "data": { "id": "e", "event_type": "call.answered", "occurred_at": time, "payload": {} } });
        let payload = json!({ "id": "e", "event_type": "conference.ended", "payload": { "occurred_at": time } });
        for body in [envelope, json!({ "data": payload }), payload] {
            assert_eq!(parse(&body).unwrap().time(), Some(time.parse().unwrap()));
        }
    }

    #[test]
    fn what_is_no_webhook_is_refused_without_being_quoted() {
        assert_eq!(parse(&json!({ "data": { "event_type": "call.answered" } })), Err(EnvelopeError::NoId));
        assert_eq!(parse(&json!({ "data": { "id": "e" } })), Err(EnvelopeError::NoEventType));
        for body in ["", "{", "[]", "\"+15550100002\"", "{\"data\":\"+15550100002\"}"] {
            let error = Event::parse(body.as_bytes()).unwrap_err();
            assert!(matches!(error, EnvelopeError::Malformed { .. }), "{body}: {error:?}");
            assert!(!error.to_string().contains("555"), "{error}");
        }
    }

    /// JSON of any shape, with the field names that matter among its own.
    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<i32>().prop_map(|eighths| Value::from(f64::from(eighths) / 8.0)),
            ".{0,8}".prop_map(Value::from),
        ];
        let name = prop_oneof![
            Just("call_control_id".to_owned()),
            Just("from".to_owned()),
            Just("hangup_cause".to_owned()),
            Just("result".to_owned()),
            Just("status".to_owned()),
            Just("call_quality_stats".to_owned()),
            "[a-z_]{1,8}",
        ];
        leaf.prop_recursive(3, 24, 6, move |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::btree_map(name.clone(), inner, 0..6).prop_map(Value::from_iter),
            ]
        })
    }

    proptest! {
        /// Whatever a payload holds, its event arrives, and every field is either carried or named as left out.
        #[test]
        fn a_known_event_is_read_whatever_it_carries(kind: prop::sample::Index, payload in any_json()) {
            let event_type = kind.get(EventType::KNOWN);
            let event = parse(&json!({ "data": { "id": "e", "event_type": event_type, "payload": payload } })).unwrap();
            prop_assert_eq!(&event.event_type, event_type);
            let carried = serde_json::to_value(&event.payload).unwrap();
            if !payload.is_object() {
                prop_assert_eq!(carried, payload);
                return Ok(());
            }
            prop_assert_eq!(event.payload.event_type(), Some(event_type.clone()));
            for name in &event.left_out {
                prop_assert!(carried.get(name).is_none() && payload.get(name).is_some(), "{}", name);
            }
        }

        #[test]
        fn no_bytes_break_the_parser(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Event::parse(&body);
        }
    }

    #[test]
    fn nobody_is_named_in_what_is_printed() {
        let event = parse(&json!({ "data": { "id": "e", "event_type": "call.initiated", "payload": {
            "from": "+15550100001", "to": "sip:ada@example.com", "caller_id_name": "Ada Example",
            "client_state": "QWRhIEV4YW1wbGU=", "custom_headers": [{ "name": "X", "value": "Ada" }],
        } } }))
        .unwrap();
        let shown = format!("{event:?}").to_lowercase();
        for personal in ["5550", "ada", "qwrh"] {
            assert!(!shown.contains(personal), "{shown}");
        }
    }
}
