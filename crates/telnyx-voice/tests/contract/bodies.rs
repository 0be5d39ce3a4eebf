//! What is sent and what comes back: every field is carried unchanged, and every enum value is listed.

use std::any::type_name;
use std::collections::BTreeSet;
use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use telnyx_voice::call::*;
use telnyx_voice::conference::*;
use telnyx_voice::{
    Application, ApplicationRequest, CallEvent, Profile, ProfileRequest, Queue, QueueRequest, QueueUpdate, QueuedCall,
    QueuedCallUpdate, WebhookDelivery,
};

use crate::shared::{contract, sample};
use crate::span;

/// A field of a body that the type does not carry, and why. An entry that is not needed fails the test.
const NOT_IN_THE_BODY: &[(&str, &str, &str)] = &[
    ("queues.calls.update", "queue_name", "the package takes it among the fields; on the wire it is in the path"),
    ("conferences.update_participant", "id", "the package takes it among the fields; on the wire it is in the path"),
];

/// Enums of the contract that this crate carries as text, by the field's name, and why. An entry that is not needed fails the
/// test.
const FREE_TEXT: &[(&str, &str)] = &[
    ("language", "hundreds of codes, others for each engine, more every month"),
    ("transcription_language", "hundreds of codes"),
    ("transcription_model", "others for each engine, more every month"),
    ("preferred_codecs", "a list separated by commas; the contract's only value is an example of one"),
    ("record_type", "one value per type, which says what the type says"),
    ("value", "the names of background sounds share the field with addresses and file names"),
];

/// A type, as the test needs it.
struct Type {
    name: &'static str,
    parse: fn(Value) -> Result<Parsed, serde_json::Error>,
}

struct Parsed {
    again: Value,
    shown: String,
}

#[expect(clippy::unnecessary_wraps, reason = "each row has a type or none")]
fn of<T: DeserializeOwned + Serialize + Debug>() -> Option<Type> {
    let name = type_name::<T>().rsplit("::").next().unwrap();
    Some(Type {
        name,
        parse: |value| {
            let typed: T = serde_json::from_value(value)?;
            Ok(Parsed { again: serde_json::to_value(&typed).unwrap(), shown: format!("{typed:?}") })
        },
    })
}

/// Every endpoint: the type of the body, and of the object in the answer.
#[rustfmt::skip]
fn types() -> Vec<(&'static str, Option<Type>, Option<Type>)> {
    fn call<T: DeserializeOwned + Serialize + Debug>(name: &'static str) -> (&'static str, Option<Type>, Option<Type>) {
        (name, of::<T>(), of::<CommandResult>())
    }
    vec![
        ("call_control_applications.create", of::<ApplicationRequest>(), of::<Application>()),
        ("call_control_applications.retrieve", None, of::<Application>()),
        ("call_control_applications.update", of::<ApplicationRequest>(), of::<Application>()),
        ("call_control_applications.delete", None, of::<Application>()),
        ("call_control_applications.list", None, of::<Application>()),
        ("outbound_voice_profiles.create", of::<ProfileRequest>(), of::<Profile>()),
        ("outbound_voice_profiles.retrieve", None, of::<Profile>()),
        ("outbound_voice_profiles.update", of::<ProfileRequest>(), of::<Profile>()),
        ("outbound_voice_profiles.delete", None, of::<Profile>()),
        ("outbound_voice_profiles.list", None, of::<Profile>()),
        ("queues.create", of::<QueueRequest>(), of::<Queue>()),
        ("queues.retrieve", None, of::<Queue>()),
        ("queues.update", of::<QueueUpdate>(), of::<Queue>()),
        ("queues.delete", None, None),
        ("queues.list", None, of::<Queue>()),
        ("queues.calls.retrieve", None, of::<QueuedCall>()),
        ("queues.calls.update", of::<QueuedCallUpdate>(), None),
        ("queues.calls.remove", None, None),
        ("queues.calls.list", None, of::<QueuedCall>()),
        ("calls.dial", of::<DialRequest>(), of::<Call>()),
        ("calls.retrieve_status", None, of::<Call>()),
        ("connections.list_active_calls", None, of::<Call>()),
        ("call_events.list", None, of::<CallEvent>()),
        ("webhook_deliveries.retrieve", None, of::<WebhookDelivery>()),
        ("webhook_deliveries.list", None, of::<WebhookDelivery>()),
        call::<AiAssistantAddMessagesRequest>("calls.actions.add_ai_assistant_messages"),
        call::<AnswerRequest>("calls.actions.answer"),
        call::<BridgeRequest>("calls.actions.bridge"),
        call::<EnqueueRequest>("calls.actions.enqueue"),
        call::<GatherRequest>("calls.actions.gather"),
        call::<GatherUsingAiRequest>("calls.actions.gather_using_ai"),
        call::<GatherUsingAudioRequest>("calls.actions.gather_using_audio"),
        call::<GatherUsingSpeakRequest>("calls.actions.gather_using_speak"),
        call::<HangupRequest>("calls.actions.hangup"),
        call::<AiAssistantJoinRequest>("calls.actions.join_ai_assistant"),
        call::<LeaveQueueRequest>("calls.actions.leave_queue"),
        call::<RecordPauseRequest>("calls.actions.pause_recording"),
        call::<PayRequest>("calls.actions.pay"),
        call::<ReferRequest>("calls.actions.refer"),
        call::<RejectRequest>("calls.actions.reject"),
        call::<RecordResumeRequest>("calls.actions.resume_recording"),
        call::<SendDtmfRequest>("calls.actions.send_dtmf"),
        call::<SendSipInfoRequest>("calls.actions.send_sip_info"),
        call::<SpeakRequest>("calls.actions.speak"),
        call::<AiAssistantStartRequest>("calls.actions.start_ai_assistant"),
        call::<ConversationRelayStartRequest>("calls.actions.start_conversation_relay"),
        call::<ForkStartRequest>("calls.actions.start_forking"),
        call::<SuppressionStartRequest>("calls.actions.start_noise_suppression"),
        call::<PlaybackStartRequest>("calls.actions.start_playback"),
        call::<RecordStartRequest>("calls.actions.start_recording"),
        call::<SiprecStartRequest>("calls.actions.start_siprec"),
        call::<StreamingStartRequest>("calls.actions.start_streaming"),
        call::<TranscriptionStartRequest>("calls.actions.start_transcription"),
        call::<AiAssistantStopRequest>("calls.actions.stop_ai_assistant"),
        call::<ConversationRelayStopRequest>("calls.actions.stop_conversation_relay"),
        call::<ForkStopRequest>("calls.actions.stop_forking"),
        call::<GatherStopRequest>("calls.actions.stop_gather"),
        call::<SuppressionStopRequest>("calls.actions.stop_noise_suppression"),
        call::<PlaybackStopRequest>("calls.actions.stop_playback"),
        call::<RecordStopRequest>("calls.actions.stop_recording"),
        call::<SiprecStopRequest>("calls.actions.stop_siprec"),
        call::<StreamingStopRequest>("calls.actions.stop_streaming"),
        call::<TranscriptionStopRequest>("calls.actions.stop_transcription"),
        call::<SwitchSupervisorRoleRequest>("calls.actions.switch_supervisor_role"),
        call::<TransferRequest>("calls.actions.transfer"),
        call::<ClientStateUpdateRequest>("calls.actions.update_client_state"),
        ("conferences.create", of::<ConferenceRequest>(), of::<Conference>()),
        ("conferences.list", None, of::<Conference>()),
        ("conferences.retrieve", None, of::<Conference>()),
        ("conferences.list_participants", None, of::<Participant>()),
        ("conferences.retrieve_participant", None, of::<Participant>()),
        ("conferences.update_participant", of::<ParticipantUpdate>(), of::<Participant>()),
        call::<ConferenceEndRequest>("conferences.actions.end_conference"),
        call::<ConferenceGatherUsingAudioRequest>("conferences.actions.gather_dtmf_audio"),
        call::<ConferenceHoldRequest>("conferences.actions.hold"),
        call::<ConferenceJoinRequest>("conferences.actions.join"),
        call::<ConferenceLeaveRequest>("conferences.actions.leave"),
        call::<ConferenceMuteRequest>("conferences.actions.mute"),
        call::<ConferencePlayRequest>("conferences.actions.play"),
        call::<ConferenceRecordPauseRequest>("conferences.actions.record_pause"),
        call::<ConferenceRecordResumeRequest>("conferences.actions.record_resume"),
        call::<ConferenceRecordStartRequest>("conferences.actions.record_start"),
        call::<ConferenceRecordStopRequest>("conferences.actions.record_stop"),
        call::<ConferenceSendDtmfRequest>("conferences.actions.send_dtmf"),
        call::<ConferenceSpeakRequest>("conferences.actions.speak"),
        call::<ConferenceStopRequest>("conferences.actions.stop"),
        call::<ConferenceUnholdRequest>("conferences.actions.unhold"),
        call::<ConferenceUnmuteRequest>("conferences.actions.unmute"),
        call::<ConferenceUpdateRequest>("conferences.actions.update"),
    ]
}

/// What a type is held against: the endpoint, what of it, the type, and the contract's schema.
fn cases() -> Vec<(&'static str, &'static str, Type, Value)> {
    let contract = contract();
    let endpoints = contract["endpoints"].as_array().unwrap();
    let mut cases = Vec::new();
    for (name, body, answer) in types() {
        let endpoint = endpoints.iter().find(|endpoint| endpoint["sdk"] == name).expect(name);
        assert_eq!(body.is_some(), endpoint.get("body").is_some(), "{name}: its body");
        let response = &endpoint["response"];
        let object = response.get("item").unwrap_or(&response["properties"]["data"]);
        assert_eq!(answer.is_some(), object.is_object(), "{name}: its answer");
        cases.extend(body.map(|typed| (name, "body", typed, endpoint["body"].clone())));
        cases.extend(answer.map(|typed| (name, "answer", typed, object.clone())));
    }
    cases
}

fn without(mut schema: Value, field: &str) -> Value {
    let removed = schema["properties"].as_object_mut().unwrap().remove(field);
    assert!(removed.is_some(), "the contract has no {field}");
    schema
}

fn carries_all(typed: &Type, schema: &Value) -> Result<(), String> {
    for sample in (0..span(schema)).map(|index| sample(schema, "value", index)) {
        let parsed = (typed.parse)(sample.clone()).map_err(|error| format!("{error}\n{sample:#}"))?;
        if parsed.again != sample {
            return Err(format!("carries only {:#}\nof {sample:#}", parsed.again));
        }
        if parsed.shown.contains("Unknown(") {
            return Err(format!("an enum value is not listed: {}", parsed.shown));
        }
    }
    Ok(())
}

#[test]
fn every_field_of_every_endpoint_is_carried() {
    for (name, what, typed, schema) in cases() {
        let left_out: Vec<_> =
            NOT_IN_THE_BODY.iter().filter(|(endpoint, ..)| what == "body" && *endpoint == name).collect();
        for (_, field, _) in &left_out {
            let others = left_out.iter().filter(|(_, other, _)| other != field);
            let rest = others.fold(schema.clone(), |schema, (_, other, _)| without(schema, other));
            assert!(carries_all(&typed, &rest).is_err(), "the exception of {name} for {field} is not needed");
        }
        let schema = left_out.iter().fold(schema, |schema, (_, field, _)| without(schema, field));
        carries_all(&typed, &schema).unwrap_or_else(|error| panic!("the {what} of {name}, {}: {error}", typed.name));
    }
}

#[test]
fn the_table_names_every_endpoint_and_the_type_of_its_body() {
    let types = types();
    let names: BTreeSet<_> = types.iter().map(|(name, ..)| *name).collect();
    let rows: BTreeSet<_> = telnyx_voice::OPERATIONS.iter().map(|operation| operation.name).collect();
    assert_eq!(names, rows);
    for (name, body, _) in types {
        assert_eq!(telnyx_voice::surface::operation(name).unwrap().body, body.map(|body| body.name), "{name}");
    }
}

/// A value that no enum lists.
const STRANGE: &str = "value of next year";

/// The name of every field with an enum of texts, with the schema where that enum has but a strange value.
fn with_strange_enums(schema: &Value, name: &str) -> Vec<(String, Value)> {
    if schema["enum"].as_array().is_some_and(|values| values.iter().all(Value::is_string)) {
        return vec![(name.to_owned(), json!({ "type": "string", "enum": [STRANGE] }))];
    }
    let mut found = Vec::new();
    if let Some(alternatives) = schema["anyOf"].as_array() {
        for alternative in alternatives {
            found.extend(with_strange_enums(alternative, name));
        }
        return found;
    }
    for (field, part) in schema["properties"].as_object().into_iter().flatten() {
        for (enumerated, strange) in with_strange_enums(part, field) {
            let mut fields = Map::new();
            fields.insert(field.clone(), strange);
            // What a tagged object needs to be read at all.
            if field != "type"
                && let Some(tag) = schema["properties"].get("type")
            {
                fields.insert("type".to_owned(), tag.clone());
            }
            found.push((enumerated, json!({ "type": "object", "properties": fields })));
        }
    }
    for inner in ["items", "additionalProperties"] {
        for (enumerated, strange) in schema.get(inner).map_or_else(Vec::new, |part| with_strange_enums(part, name)) {
            found.push((enumerated, json!({ "type": schema["type"], inner: strange })));
        }
    }
    found
}

#[test]
fn every_enum_is_typed_and_keeps_what_it_does_not_list() {
    let mut untyped = BTreeSet::new();
    for (name, what, typed, schema) in cases() {
        for (field, strange) in with_strange_enums(&schema, "value") {
            let sample = sample(&strange, "value", 0);
            let parsed = (typed.parse)(sample.clone()).unwrap_or_else(|error| panic!("{name}: {error}\n{sample:#}"));
            assert_eq!(parsed.again, sample, "the {what} of {name}");
            if !parsed.shown.contains("Unknown(") {
                assert!(
                    FREE_TEXT.iter().any(|(free, _)| *free == field),
                    "{field} in the {what} of {name} is an enum in the contract, a text here: {}",
                    parsed.shown
                );
                untyped.insert(field);
            }
        }
    }
    let expected: BTreeSet<_> = FREE_TEXT.iter().map(|(field, _)| (*field).to_owned()).collect();
    assert_eq!(untyped, expected, "an exception is not needed");
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
