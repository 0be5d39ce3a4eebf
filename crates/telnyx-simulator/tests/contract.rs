//! Every response and webhook of the simulator against the facts that Telnyx's own Python package declares.
//!
//! The facts lie with the client crate; both crates are held to the same file, neither to the other.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::needless_pass_by_value,
    reason = "tests"
)]

#[path = "support/world.rs"]
mod world;

use std::collections::BTreeSet;

use serde_json::{Value, json};
use telnyx_simulator::config::{Effect, Fault, OnHold, Outcome, Spread};
use telnyx_simulator::model::{Method, Request, Response};
use world::{Bench, KEY, fixed};

fn contract() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../telnyx-voice/tests/contract/telnyx-voice.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// What is wrong with `value`, field by field.
fn complaints(schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    if value.is_null() {
        if schema["nullable"] != true {
            found.push(format!("{at} is null"));
        }
        return;
    }
    if let Some(any) = schema["anyOf"].as_array() {
        let fits = |option: &&Value| {
            let mut found = Vec::new();
            complaints(option, value, at, &mut found);
            found.is_empty()
        };
        if !any.iter().any(|option| fits(&option)) {
            found.push(format!("{at} is none of the allowed shapes"));
        }
        return;
    }
    let fits = match schema["type"].as_str() {
        Some("string") => value.is_string(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("number") => value.is_number(),
        Some("boolean") => value.is_boolean(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        Some(_) | None => true,
    };
    if !fits {
        found.push(format!("{at} should be {}, is {value}", schema["type"]));
        return;
    }
    if let Some(allowed) = schema["enum"].as_array()
        && !allowed.contains(value)
    {
        found.push(format!("{at} is {value}"));
    }
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        complaints(&schema["items"], item, &format!("{at}[{index}]"), found);
    }
    if let (Some(fields), Some(properties)) = (value.as_object(), schema["properties"].as_object()) {
        for (name, field) in fields {
            match properties.get(name) {
                Some(schema) => complaints(schema, field, &format!("{at}.{name}"), found),
                None => found.push(format!("{at}.{name} is not in the contract")),
            }
        }
        for name in schema["required"].as_array().into_iter().flatten() {
            if !fields.contains_key(name.as_str().unwrap()) {
                found.push(format!("{at}.{name} is missing"));
            }
        }
    }
}

/// A bench that holds every answer against the contract.
struct Judge {
    bench: Bench,
    contract: Value,
    used: BTreeSet<String>,
}

impl Judge {
    fn new(bench: Bench) -> Self {
        Self { bench, contract: contract(), used: BTreeSet::new() }
    }

    /// A request by the contract's name for it; `params` fill the path's braces.
    fn call(&mut self, sdk: &str, params: &[&str], query: &str, body: Value) -> Value {
        let endpoints = self.contract["endpoints"].as_array().unwrap();
        let endpoint = endpoints.iter().find(|one| one["sdk"] == sdk).unwrap_or_else(|| panic!("{sdk}")).clone();
        let mut params = params.iter();
        let path: Vec<&str> = endpoint["path"]
            .as_str()
            .unwrap()
            .trim_start_matches("/v2")
            .split('/')
            .map(|part| if part.starts_with('{') { *params.next().unwrap() } else { part })
            .collect();
        let method = match endpoint["method"].as_str().unwrap() {
            "GET" => Method::Get,
            "POST" => Method::Post,
            "PUT" => Method::Put,
            "PATCH" => Method::Patch,
            _ => Method::Delete,
        };
        let path = format!("{}{query}", path.join("/"));
        let response = self.bench.world.handle(self.bench.now, &Request::new(method, &path, KEY, body));
        self.bench.drain();
        let Response::Answer { status, body, .. } = response else { panic!("closed") };
        assert!((200..300).contains(&status), "{sdk}: {status} {}", String::from_utf8_lossy(&body));
        // The package names this one parameter differently from the reference.
        let path = endpoint["path"].as_str().unwrap().trim_start_matches("/v2");
        let path = path.replace("{call_control_id_to_bridge}", "{call_control_id}");
        self.used.insert(format!("{} {path}", method.name()));
        let value: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
        let mut found = Vec::new();
        let schema = &endpoint["response"];
        if schema["paginated"].is_string() {
            for (index, item) in value["data"].as_array().unwrap().iter().enumerate() {
                complaints(&schema["item"], item, &format!("data[{index}]"), &mut found);
            }
            assert!(value["meta"].is_object(), "{sdk}");
        } else if schema["properties"].is_object() {
            complaints(schema, &value, "", &mut found);
            let declared = schema["properties"]["data"]["properties"].as_object();
            assert!(declared.is_none() || value["data"].is_object(), "{sdk}: {value}");
        } else {
            assert!(value.is_null(), "{sdk} has no body by contract, got {value}");
        }
        assert!(found.is_empty(), "{sdk}: {found:#?}");
        value
    }
}

#[test]
fn every_answer_has_the_fields_and_types_of_the_contract() {
    let mut config = fixed(Outcome::Person);
    config.callees.person.patience_ms = Spread::Fixed(300_000);
    config.callees.person.after_message_ms = Spread::Fixed(300_000);
    let mut judge = Judge::new(Bench::new(config));
    let profile = json!({
        "name": "contract", "tags": ["a"], "concurrent_call_limit": 5, "daily_spend_limit": "10.00", "max_destination_rate": 0.5,
        "calling_window": {"start_time": "08:00", "end_time": "20:00", "calls_per_cld": 300},
        "call_recording": {"call_recording_type": "all"}, "billing_group_id": "6a09cdc3-8948-47f0-aa62-74ac943d6c58",
    });
    let created = judge.call("outbound_voice_profiles.create", &[], "", profile.clone());
    let profile_id = created["data"]["id"].as_str().unwrap().to_owned();
    judge.call("outbound_voice_profiles.update", &[&profile_id], "", profile);
    judge.call("outbound_voice_profiles.retrieve", &[&profile_id], "", Value::Null);
    judge.call("outbound_voice_profiles.list", &[], "?page[size]=250", Value::Null);

    let application = json!({
        "application_name": "contract", "webhook_event_url": "https://example.com/hooks", "webhook_api_version": "2",
        "webhook_event_failover_url": "https://example.com/failover", "webhook_timeout_secs": 5, "call_cost_in_webhooks": true,
        "inbound": {"channel_limit": 3, "sip_subdomain": "x"}, "outbound": {"channel_limit": 9, "outbound_voice_profile_id": profile_id},
    });
    let created = judge.call("call_control_applications.create", &[], "", application.clone());
    let application_id = created["data"]["id"].as_str().unwrap().to_owned();
    judge.call("call_control_applications.update", &[&application_id], "", application);
    judge.call("call_control_applications.retrieve", &[&application_id], "", Value::Null);
    judge.call("call_control_applications.list", &[], "", Value::Null);

    judge.call("queues.create", &[], "", json!({"queue_name": "q", "max_size": 3}));
    judge.call("queues.update", &["q"], "", json!({"max_size": 4}));
    judge.call("queues.retrieve", &["q"], "", Value::Null);
    judge.call("queues.list", &[], "", Value::Null);

    let dial = json!({
        "to": world::TO, "from": world::FROM, "connection_id": application_id, "client_state": "c3RhdGU=",
        "record": "record-from-answer", "answering_machine_detection": "premium",
    });
    let dialled = judge.call("calls.dial", &[], "", dial);
    let id = dialled["data"]["call_control_id"].as_str().unwrap().to_owned();
    assert!(dialled["data"]["recording_id"].is_string());
    judge.call("calls.retrieve_status", &[&id], "", Value::Null);
    judge.bench.pass_secs(5);
    judge.call("connections.list_active_calls", &[&application_id], "", Value::Null);
    judge.call("calls.actions.update_client_state", &[&id], "", json!({"client_state": "bmV3"}));
    judge.call("calls.actions.speak", &[&id], "", json!({"payload": "Hello", "voice": "female"}));
    judge.call("calls.actions.start_playback", &[&id], "", json!({"audio_url": "https://example.com/a.mp3"}));
    judge.call("calls.actions.stop_playback", &[&id], "", json!({"stop": "all"}));
    answer_commands(&mut judge, &id);
    judge.call("calls.actions.enqueue", &[&id], "", json!({"queue_name": "q"}));
    judge.call("queues.calls.list", &["q"], "", Value::Null);
    judge.call("queues.calls.retrieve", &["q", &id], "", Value::Null);
    judge.call("queues.calls.update", &["q", &id], "", json!({"keep_after_hangup": false}));
    judge.call("calls.actions.leave_queue", &[&id], "", json!({}));
    judge.call("calls.actions.enqueue", &[&id], "", json!({"queue_name": "q"}));
    judge.call("queues.calls.update", &["q", &id], "", json!({"keep_after_hangup": true}));
    judge.call("calls.actions.hangup", &[&id], "", json!({"command_id": "x"}));
    judge.call("queues.calls.remove", &["q", &id], "", Value::Null);
    judge.call("calls.retrieve_status", &[&id], "", Value::Null);
    judge.call("call_events.list", &[], "?page[size]=100", Value::Null);
    let deliveries = judge.call("webhook_deliveries.list", &[], "", Value::Null);
    let delivery = deliveries["data"][0]["id"].as_str().unwrap().to_owned();
    judge.call("webhook_deliveries.retrieve", &[&delivery], "", Value::Null);
    judge.call("queues.delete", &["q"], "", Value::Null);
    judge_conferences(&mut judge, &application_id);
    judge.call("call_control_applications.delete", &[&application_id], "", Value::Null);
    judge.call("outbound_voice_profiles.delete", &[&profile_id], "", Value::Null);

    // Whatever is served is in the contract, and was judged above.
    let served: BTreeSet<String> = judge.bench.world.endpoints().iter().cloned().collect();
    assert_eq!(served, judge.used);
    // And every command on a call that is in the contract is served.
    for endpoint in contract()["endpoints"].as_array().unwrap() {
        let path = endpoint["path"].as_str().unwrap().trim_start_matches("/v2");
        let name = format!("{} {path}", endpoint["method"].as_str().unwrap());
        let name = name.replace("{call_control_id_to_bridge}", "{call_control_id}");
        assert!(!name.contains("/calls/{call_control_id}/actions/") || served.contains(&name), "{name}");
    }
}

/// The commands that only answer `ok` or the id of what they began.
fn answer_commands(judge: &mut Judge, id: &str) {
    for (sdk, body) in [
        ("gather", json!({"maximum_digits": 1, "gather_id": "g"})),
        ("gather_using_speak", json!({"payload": "One or two?", "voice": "female", "invalid_payload": "Again."})),
        ("gather_using_audio", json!({"media_name": "a", "invalid_media_name": "b"})),
        ("stop_gather", json!({})),
        ("start_recording", json!({"channels": "single", "format": "mp3", "play_beep": true})),
        ("pause_recording", json!({})),
        ("resume_recording", json!({})),
        ("stop_recording", json!({})),
        ("start_forking", json!({"rx": "udp:192.0.2.1:9000", "tx": "udp:192.0.2.1:9001"})),
        ("stop_forking", json!({})),
        ("start_streaming", json!({"stream_url": "wss://example.com/media"})),
        ("stop_streaming", json!({})),
        ("start_siprec", json!({})),
        ("stop_siprec", json!({})),
        ("start_noise_suppression", json!({})),
        ("stop_noise_suppression", json!({})),
        ("start_transcription", json!({})),
        ("stop_transcription", json!({})),
        ("send_dtmf", json!({"digits": "1"})),
        ("start_ai_assistant", json!({"assistant": {"id": "a"}})),
        ("add_ai_assistant_messages", json!({"messages": [{"role": "user", "content": "Hello."}]})),
        ("stop_ai_assistant", json!({})),
        ("gather_using_ai", json!({"parameters": {"properties": {"age": {}}}})),
        ("stop_ai_assistant", json!({})),
        ("start_conversation_relay", json!({"url": "wss://example.com/relay"})),
        ("stop_conversation_relay", json!({})),
        ("pay", json!({"amount": 1.5})),
        ("send_sip_info", json!({"content_type": "text/plain", "body": "a"})),
    ] {
        judge.call(&format!("calls.actions.{sdk}"), &[id], "", body);
    }
    let recorded = json!({"record": "record-from-answer"});
    for (sdk, body) in [("answer", recorded), ("reject", json!({"cause": "USER_BUSY"}))] {
        let incoming = judge.bench.call_in(json!({}));
        judge.bench.pass_secs(1);
        judge.call(&format!("calls.actions.{sdk}"), &[&incoming], "", body);
    }
    let supervisor = judge.bench.dial(json!({"supervise_call_control_id": id}));
    judge.bench.pass_secs(3);
    judge.call("calls.actions.switch_supervisor_role", &[&supervisor], "", json!({"role": "whisper"}));
    judge.call("calls.actions.bridge", &[&supervisor], "", json!({"call_control_id": id}));
    let begun = judge.call("calls.actions.start_ai_assistant", &[id], "", json!({"assistant": {"id": "a"}}));
    let participant = json!({"id": supervisor, "role": "user", "on_hangup": "continue_conversation"});
    let join = json!({"conversation_id": begun["data"]["conversation_id"], "participant": participant});
    judge.call("calls.actions.join_ai_assistant", &[id], "", join);
    judge.call("calls.actions.transfer", &[&supervisor], "", json!({"to": world::TO, "from": world::FROM}));
    judge.call("calls.actions.refer", &[&supervisor], "", json!({"sip_address": "sip:a@example.com"}));
}

/// Calls on which everything happens that a service tells of, and then everything that fails.
fn services() -> Bench {
    let mut config = fixed(Outcome::Person);
    config.callees.person.patience_ms = Spread::Fixed(300_000);
    config.callees.person.says = vec!["Hello?".to_owned()];
    config.callees.person.facts = [("age".to_owned(), json!(36))].into();
    let mut bench = Bench::new(config);
    let begin = json!({
        "record": "record-from-answer", "stream_url": "wss://example.com/media", "transcription": true,
        "deepfake_detection": {"enabled": true},
    });
    for failing in [false, true] {
        if failing {
            bench.world.arm(Fault::new(Effect::Fail).event("*"));
        }
        let call = bench.dial(begin.clone());
        bench.pass_secs(10);
        bench.obey(&call, "record_start", json!({"channels": "dual", "format": "wav", "transcription": true}));
        bench.obey(&call, "record_stop", json!({}));
        bench.command(&call, "streaming_stop", json!({}));
        bench.obey(&call, "fork_start", json!({"rx": "udp:192.0.2.1:9000"}));
        bench.obey(&call, "siprec_start", json!({}));
        let assistant = json!({"assistant": {"id": "a"}, "greeting": "Hello.", "send_message_history_updates": true});
        bench.obey(&call, "ai_assistant_start", assistant);
        bench.command(&call, "ai_assistant_add_messages", json!({"messages": [{"role": "user", "content": "Hm."}]}));
        bench.obey(&call, "ai_assistant_stop", json!({}));
        let schema = json!({"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]});
        bench.obey(&call, "gather_using_ai", json!({"parameters": schema, "send_partial_results": true}));
        bench.pass_secs(30);
        for (digits, more) in [("4111111111111111#", json!({})), ("1#", json!({})), ("", json!({"payment_token": "t"}))]
        {
            let mut body = json!({"amount": 2, "timeout_millis": 9000});
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            bench.obey(&call, "pay", body);
            bench.press(&call, digits);
            bench.pass_secs(20);
        }
        bench.obey(&call, "transfer", json!({"to": world::TO}));
        bench.obey(&call, "refer", json!({"sip_address": "sip:a@example.com"}));
        bench.pass_secs(10);
        bench.command(&call, "hangup", json!({}));
        bench.pass_secs(10);
    }
    bench
}

/// Holds every webhook that was sent against the contract.
fn judge_webhooks(contract: &Value, bench: &Bench, judged: &mut BTreeSet<String>) {
    for one in &bench.sent {
        let schema = &contract["webhooks"][one.event_type()];
        assert!(schema.is_object(), "{} is not in the contract", one.event_type());
        let mut found = Vec::new();
        complaints(schema, &one.body["data"], one.event_type(), &mut found);
        assert!(found.is_empty(), "{found:#?}");
        let envelope = ["event_type", "id", "occurred_at", "payload", "record_type"];
        assert!(envelope.iter().all(|name| !one.body["data"][*name].is_null()), "{}", one.body);
        let declared = &schema["properties"]["payload"]["properties"];
        let identity = ["call_control_id", "call_leg_id", "call_session_id", "connection_id"];
        let told = |name: &str| declared[name].is_null() || one.payload()[name].is_string();
        assert!(identity.iter().all(|name| told(name)), "{}", one.body);
        judged.insert(one.event_type().to_owned());
    }
}

/// A call that is screened and put on hold.
fn screened_and_held() -> Bench {
    let mut config = fixed(Outcome::Person);
    config.callees.person.screen_share = 1.0;
    config.callees.person.screen.tone_share = 1.0;
    config.callees.person.holds = vec![OnHold { after_ms: 20_000, for_ms: 1000 }];
    config.callees.person.patience_ms = Spread::Fixed(60_000);
    let mut bench = Bench::new(config);
    bench.dial(json!({"answering_machine_detection": "premium_ios_call_screening_detection"}));
    bench.pass_secs(120);
    bench
}

#[test]
fn every_webhook_has_the_fields_and_types_of_the_contract() {
    let contract = contract();
    let mut judged = BTreeSet::new();
    let modes = ["premium", "detect_beep", "detect_words", "greeting_end"];
    for (outcome, mode) in [Outcome::Person, Outcome::Machine, Outcome::Fax, Outcome::Silence, Outcome::Busy]
        .into_iter()
        .flat_map(|outcome| modes.map(|mode| (outcome, mode)))
    {
        let mut config = fixed(outcome);
        config.switches.premium_detection_started = true;
        let mut bench = Bench::new(config);
        let path = format!("/call_control_applications/{}", bench.application);
        let costly = json!({"application_name": "b", "webhook_event_url": "http://r", "call_cost_in_webhooks": true});
        assert_eq!(bench.patch(&path, costly).0, 200);
        let id = bench.dial(json!({"answering_machine_detection": mode, "audio_url": "https://example.com/a.mp3"}));
        bench.pass_secs(3);
        bench.command(&id, "speak", json!({"payload": "Hello", "voice": "female"}));
        bench.command(&id, "enqueue", json!({"queue_name": "q"}));
        bench.command(&id, "playback_start", json!({"media_name": "broken.mp3"}));
        bench.command(&id, "gather", json!({}));
        bench.press(&id, "1");
        let incoming = bench.call_in(json!({}));
        bench.pass_secs(1);
        bench.obey(&incoming, "answer", json!({}));
        bench.pass_secs(600);
        judge_webhooks(&contract, &bench, &mut judged);
    }
    judge_webhooks(&contract, &services(), &mut judged);
    judge_webhooks(&contract, &screened_and_held(), &mut judged);
    let told = contract["webhooks"].as_object().unwrap().keys();
    // Those of conferences have a test of their own.
    let expected: BTreeSet<String> = told.filter(|name| !name.starts_with("conference.")).cloned().collect();
    let never_sent: Vec<&String> = expected.difference(&judged).collect();
    assert!(never_sent.is_empty(), "webhooks of the contract that nothing here causes: {never_sent:?}");
}

/// Every conference endpoint, before and after the conference has ended.
fn judge_conferences(judge: &mut Judge, application: &str) {
    let mut answered = || {
        let body = json!({"to": world::TO, "from": world::FROM, "connection_id": application});
        let dialled = judge.call("calls.dial", &[], "", body);
        judge.bench.pass_secs(5);
        dialled["data"]["call_control_id"].as_str().unwrap().to_owned()
    };
    let (owner, joiner) = (answered(), answered());
    let created = judge.call("conferences.create", &[], "", json!({"call_control_id": owner, "name": "c"}));
    let id = created["data"]["id"].as_str().unwrap().to_owned();
    let named = json!({"call_control_id": joiner});
    let these = json!({"call_control_ids": [joiner]});
    judge.call("conferences.list", &[], "", Value::Null);
    judge.call("conferences.retrieve", &[&id], "", Value::Null);
    judge.call("conferences.actions.join", &[&id], "", named.clone());
    let listed = judge.call("conferences.list_participants", &[&id], "", Value::Null);
    let one = listed["data"][1]["id"].as_str().unwrap().to_owned();
    judge.call("conferences.retrieve_participant", &[&id, &one], "", Value::Null);
    judge.call("conferences.update_participant", &[&id, &one], "", json!({"beep_enabled": "always"}));
    for (sdk, body) in [
        ("hold", these.clone()),
        ("unhold", these.clone()),
        ("mute", these.clone()),
        ("unmute", these.clone()),
        ("play", json!({"audio_url": "https://example.com/a.mp3"})),
        ("speak", json!({"payload": "Hello", "voice": "female", "call_control_ids": [joiner]})),
        ("stop", json!({})),
        ("send_dtmf", json!({"digits": "1"})),
        ("gather_dtmf_audio", json!({"call_control_id": joiner, "media_name": "a"})),
        ("gather_dtmf_audio", json!({"call_control_id": joiner, "media_name": "a"})),
        ("record_start", json!({"format": "mp3"})),
        ("record_pause", json!({})),
        ("record_resume", json!({})),
        ("record_stop", json!({})),
        ("update", json!({"call_control_id": joiner, "supervisor_role": "monitor"})),
        ("leave", named),
        ("end_conference", json!({})),
    ] {
        judge.call(&format!("conferences.actions.{sdk}"), &[&id], "", body);
    }
    judge.call("conferences.retrieve", &[&id], "", Value::Null);
    judge.call("conferences.list_participants", &[&id], "", Value::Null);
}

#[test]
fn every_conference_webhook_has_the_fields_and_types_of_the_contract() {
    let contract = contract();
    let mut bench = Bench::new(fixed(Outcome::Person));
    let mut answered = || {
        let call = bench.dial(json!({"client_state": "c3RhdGU="}));
        bench.pass_secs(3);
        call
    };
    let (owner, joiner) = (answered(), answered());
    let (_, created) = bench.post("/conferences", json!({"call_control_id": owner, "name": "c"}));
    let id = created["data"]["id"].as_str().unwrap().to_owned();
    for (action, body) in [
        ("join", json!({"call_control_id": joiner})),
        ("play", json!({"audio_url": "https://example.com/a.mp3"})),
        ("play", json!({"media_name": "b", "call_control_ids": [joiner]})),
        ("record_start", json!({"format": "mp3"})),
    ] {
        assert_eq!(bench.post(&format!("/conferences/{id}/actions/{action}"), body).0, 200);
    }
    bench.pass_secs(40);
    for body in
        [json!({"payload": "a", "voice": "b"}), json!({"payload": "a", "voice": "b", "call_control_ids": [joiner]})]
    {
        assert_eq!(bench.post(&format!("/conferences/{id}/actions/speak"), body).0, 200);
    }
    bench.pass_secs(10);
    assert_eq!(bench.post(&format!("/conferences/{id}/actions/end"), json!({})).0, 200);
    bench.pass_secs(10);
    let mut judged = BTreeSet::new();
    for one in bench.sent.iter().filter(|one| one.event_type().starts_with("conference.")) {
        judged.insert(one.event_type().to_owned());
        // The package has this event outside of its list of webhooks.
        let like = if one.event_type() == "conference.floor.changed" { "conference.created" } else { one.event_type() };
        let mut found = Vec::new();
        complaints(&contract["webhooks"][like]["properties"]["payload"], one.payload(), one.event_type(), &mut found);
        assert!(found.is_empty(), "{found:#?}");
        // The contract of some of these has the moment in the payload alone; the guide shows it in the envelope as well.
        let declared = contract["webhooks"][like]["properties"]["payload"]["properties"].as_object().unwrap();
        let given = one.payload().as_object().unwrap();
        let optional = ["media_name", "media_url"];
        let missing: Vec<&String> =
            declared.keys().filter(|name| !given.contains_key(*name) && !optional.contains(&name.as_str())).collect();
        assert!(missing.is_empty(), "{} lacks {missing:?}", one.event_type());
    }
    let expected: Vec<&str> = contract["webhooks"].as_object().unwrap().keys().map(String::as_str).collect();
    let mut expected: BTreeSet<String> =
        expected.into_iter().filter(|name| name.starts_with("conference.")).map(str::to_owned).collect();
    expected.insert("conference.floor.changed".to_owned());
    assert_eq!(judged, expected);
}
