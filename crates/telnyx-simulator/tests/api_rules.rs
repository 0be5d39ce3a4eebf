//! The rules of the API without sockets: validation, repetition, limits, paging, queues, look-ups.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::needless_pass_by_value,
    reason = "tests"
)]

#[path = "support/world.rs"]
mod world;

use std::time::Duration;

use serde_json::{Value, json};
use telnyx_simulator::config::{
    CallingWindows, DialRefusals, DuplicateCommand, Effect, EventOrder, Fault, Outcome, QueueDuplicate, RequestLimit,
    UnknownCall,
};
use telnyx_simulator::model::{Method, RateHeaders, Request, Response};
use world::{Bench, FROM, KEY, TO, fixed};

/// `status code pointer` of a refusal.
fn refusal(answer: (u16, Value)) -> String {
    let error = &answer.1["errors"][0];
    assert!(error["title"].is_string(), "{answer:?}");
    let place = error["source"]["pointer"].as_str().or(error["source"]["parameter"].as_str()).unwrap_or("-");
    format!("{} {} {place}", answer.0, error["code"].as_str().unwrap_or("-"))
}

#[test]
fn a_dial_is_refused_with_the_field_to_blame() {
    let mut bench = Bench::new(fixed(Outcome::Person));
    for (more, expected) in [
        (json!({"to": "2025550100"}), "422 10016 /to"),
        (json!({"to": "+0123456789"}), "422 10016 /to"),
        (json!({"to": []}), "422 10016 /to"),
        (json!({"to": null}), "422 10004 /to"),
        (json!({"from": "anonymous"}), "422 10016 /from"),
        (json!({"connection_id": "1"}), "422 10015 /connection_id"),
        (json!({"client_state": "not base64!"}), "422 90017 /client_state"),
        (json!({"timeout_secs": 4}), "422 10033 /timeout_secs"),
        (json!({"timeout_secs": "30"}), "422 10015 /timeout_secs"),
        (json!({"time_limit_secs": 14_401}), "422 10033 /time_limit_secs"),
        (json!({"answering_machine_detection": "clever"}), "422 10032 /answering_machine_detection"),
        (
            json!({"answering_machine_detection_config": {"total_analysis_time_millis": -1}}),
            "422 10015 /answering_machine_detection_config/total_analysis_time_millis",
        ),
        (json!({"audio_url": "hello.mp3"}), "422 10003 /audio_url"),
        (json!({"webhook_url": "ftp://example.com"}), "422 10003 /webhook_url"),
    ] {
        assert_eq!(refusal(bench.try_dial(more.clone())), expected, "{more}");
    }
    assert!(bench.sent.is_empty());
    assert_eq!(bench.world.counters()["dials"]["accepted"], 0);
}

#[test]
fn several_mistakes_are_told_at_once() {
    let mut bench = Bench::new(fixed(Outcome::Person));
    let (status, body) = bench.post("/calls", json!({"to": "x"}));
    let pointers: Vec<&str> =
        body["errors"].as_array().unwrap().iter().map(|error| error["source"]["pointer"].as_str().unwrap()).collect();
    assert_eq!((status, pointers), (422, vec!["/from", "/connection_id", "/to"]));
}

#[test]
fn an_application_without_a_profile_or_a_forbidden_country_cannot_dial() {
    for (style, expected) in [(DialRefusals::Error, "403 10010"), (DialRefusals::Hangup, "hangup 403")] {
        let mut config = fixed(Outcome::Person);
        config.switches.dial_refusals = style;
        let mut bench = Bench::new(config);
        let outcome = |bench: &mut Bench, dial: Value| {
            let answer = bench.try_dial(dial);
            bench.pass_secs(60);
            if answer.0 != 200 {
                return format!("{} {}", answer.0, answer.1["errors"][0]["code"].as_str().unwrap());
            }
            let hangup = bench.last("call.hangup").payload();
            assert_eq!(hangup["hangup_cause"], "call_rejected");
            format!("hangup {}", hangup["sip_hangup_cause"].as_str().unwrap())
        };
        assert_eq!(outcome(&mut bench, json!({"to": "+442071838750"})), expected, "{style:?}");
        let path = format!("/call_control_applications/{}", bench.application);
        let body = json!({"application_name": "bench", "webhook_event_url": "http://r", "outbound": {"outbound_voice_profile_id": null}});
        assert_eq!(bench.patch(&path, body).0, 200);
        assert_eq!(outcome(&mut bench, json!({})), expected, "{style:?}");
    }
}

#[test]
fn a_repeated_command_id_rings_nobody_for_a_minute() {
    for style in [DuplicateCommand::SameIds, DuplicateCommand::EmptyData] {
        let mut config = fixed(Outcome::NoAnswer);
        config.switches.duplicate_command = style;
        let mut bench = Bench::new(config);
        let first = bench.try_dial(json!({"command_id": "a"}));
        bench.pass_secs(59);
        let second = bench.try_dial(json!({"command_id": "a"}));
        match style {
            DuplicateCommand::SameIds => assert_eq!(second, first),
            DuplicateCommand::EmptyData => assert_eq!(second, (200, json!({"data": {}}))),
        }
        assert_eq!(bench.world.counters()["dials"]["accepted"], 1);
        assert_eq!(bench.world.counters()["dials"]["duplicates"], 1);
        bench.pass_secs(1);
        bench.try_dial(json!({"command_id": "a"}));
        assert_eq!(bench.world.counters()["dials"]["accepted"], 2);
    }
}

#[test]
fn a_refused_command_occupies_its_id_only_when_told_so() {
    for (occupies, status) in [(false, 422), (true, 200)] {
        let mut config = fixed(Outcome::Person);
        config.switches.refused_command_occupies_id = occupies;
        let mut bench = Bench::new(config);
        let call = bench.dial(json!({}));
        let speak = json!({"payload": "Hi", "voice": "f", "command_id": "s"});
        assert_eq!(bench.command(&call, "speak", speak.clone()).0, 422);
        assert_eq!(bench.command(&call, "speak", speak).0, status, "{occupies}");
    }
}

#[test]
fn a_repeated_command_on_a_call_is_heard_once() {
    for (style, answer) in [
        (DuplicateCommand::SameIds, json!({"data": {"result": "ok"}})),
        (DuplicateCommand::EmptyData, json!({"data": {}})),
    ] {
        let mut config = fixed(Outcome::Person);
        config.switches.duplicate_command = style;
        let mut bench = Bench::new(config);
        let call = bench.dial(json!({}));
        bench.pass_secs(2);
        let speak = json!({"payload": "Hi", "voice": "f", "command_id": "s"});
        assert_eq!(bench.command(&call, "speak", speak.clone()).1, json!({"data": {"result": "ok"}}));
        assert_eq!(bench.command(&call, "speak", speak.clone()), (200, answer.clone()));
        assert_eq!(bench.command(&call, "speak", speak), (200, answer));
        bench.pass_secs(30);
        assert_eq!(bench.types().iter().filter(|event| **event == "call.speak.started").count(), 1);
        assert_eq!(bench.world.counters()["duplicateCommands"], 2);
    }
}

#[test]
fn an_application_without_a_webhook_url_cannot_dial() {
    let body = json!({"application_name": "bench", "webhook_event_url": ""});
    let mut strict = Bench::new(fixed(Outcome::Person));
    let path = format!("/call_control_applications/{}", strict.application);
    assert_eq!(refusal(strict.patch(&path, body.clone())), "422 10003 /webhook_event_url");
    let mut config = fixed(Outcome::Person);
    config.switches.accept_empty_webhook_url = true;
    let mut bench = Bench::new(config);
    let path = format!("/call_control_applications/{}", bench.application);
    assert_eq!(bench.patch(&path, body).0, 200);
    assert_eq!(refusal(bench.try_dial(json!({}))), "422 10015 /connection_id");
}

#[test]
fn channel_limits_tell_whose_they_are_and_free_up_when_calls_end() {
    for (limit, code) in [("account", "90041"), ("profile", "90042"), ("application", "90043")] {
        let mut config = fixed(Outcome::NoAnswer);
        config.limits.concurrent_calls = (limit == "account").then_some(2);
        let mut bench = Bench::new(config);
        if limit == "profile" {
            let path = format!("/outbound_voice_profiles/{}", bench.profile);
            bench.patch(&path, json!({"name": "everyone", "concurrent_call_limit": 2}));
        }
        if limit == "application" {
            let path = format!("/call_control_applications/{}", bench.application);
            let body =
                json!({"application_name": "bench", "webhook_event_url": "http://r", "outbound": {"channel_limit": 2}});
            bench.patch(&path, body);
        }
        bench.dial(json!({}));
        bench.dial(json!({}));
        assert_eq!(refusal(bench.try_dial(json!({}))), format!("403 {code} -"));
        bench.pass_secs(60);
        bench.dial(json!({}));
        assert_eq!(bench.world.counters()["maxConcurrentCalls"], 2);
    }
}

#[test]
fn dials_beyond_the_five_second_window_are_refused_with_429() {
    let mut config = fixed(Outcome::Busy);
    config.limits.dials_per_second = Some(2);
    let mut bench = Bench::new(config);
    for _ in 0..10 {
        bench.dial(json!({}));
    }
    assert_eq!(refusal(bench.try_dial(json!({}))), "429 90103 -");
    bench.pass(Duration::from_millis(5001));
    bench.dial(json!({}));
    let counters = bench.world.counters();
    assert_eq!(counters["dials"]["maxInFiveSeconds"], 10);
    assert_eq!(counters["dials"]["refused"]["90103"], 1);
}

#[test]
fn the_general_request_limit_answers_10011_with_or_without_headers() {
    for headers in [true, false] {
        let mut config = fixed(Outcome::Person);
        config.limits.requests = Some(RequestLimit { count: 3, per_secs: 60, headers });
        let mut bench = Bench::new(config);
        let get = |bench: &mut Bench| match bench.response(Method::Get, "/queues", Value::Null) {
            Response::Answer { status, rate, .. } => (status, rate),
            Response::Hangup => panic!("closed"),
        };
        let told = |remaining| headers.then_some(RateHeaders { limit: 3, remaining, reset: 60 });
        assert_eq!(get(&mut bench), (200, told(0)));
        assert_eq!(get(&mut bench), (429, told(0)));
        bench.pass_secs(60);
        assert_eq!(get(&mut bench), (200, told(2)));
    }
}

#[test]
fn a_wrong_missing_or_revoked_key_is_401() {
    let mut bench = Bench::new(fixed(Outcome::Person));
    let status = |bench: &mut Bench, key: Option<&str>| {
        let mut request = Request::new(Method::Get, "/queues", KEY, Value::Null);
        request.key = key.map(str::to_owned);
        match bench.world.handle(bench.now, &request) {
            Response::Answer { status, .. } => status,
            Response::Hangup => 0,
        }
    };
    assert_eq!(status(&mut bench, Some(KEY)), 200);
    assert_eq!(status(&mut bench, Some("KEY_OTHER")), 401);
    assert_eq!(status(&mut bench, None), 401);
    assert!(bench.world.revoke_key(&KEY.into()));
    assert_eq!(status(&mut bench, Some(KEY)), 401);
}

#[test]
fn an_unknown_route_is_a_404_in_the_form_of_the_api() {
    let mut bench = Bench::new(fixed(Outcome::Person));
    assert_eq!(refusal(bench.get("/nothing/here")), "404 10005 -");
    assert_eq!(refusal(bench.get("/call_control_applications/1")), "404 10005 -");
}

#[test]
fn an_application_starts_with_the_documented_defaults_and_keeps_what_a_patch_leaves_out() {
    let mut bench = Bench::new(fixed(Outcome::Person));
    let (status, created) =
        bench.post("/call_control_applications", json!({"application_name": "a", "webhook_event_url": "https://r"}));
    assert_eq!(status, 201);
    let data = &created["data"];
    for (field, value) in [
        ("webhook_api_version", json!("1")),
        ("active", json!(true)),
        ("anchorsite_override", json!("Latency")),
        ("dtmf_type", json!("RFC 2833")),
        ("first_command_timeout_secs", json!(30)),
        ("webhook_timeout_secs", json!(null)),
        ("webhook_event_failover_url", json!("")),
        ("record_type", json!("call_control_application")),
    ] {
        assert_eq!(data[field], value, "{field}");
    }
    let path = format!("/call_control_applications/{}", data["id"].as_str().unwrap());
    let body = json!({"application_name": "b", "webhook_event_url": "https://r", "webhook_timeout_secs": 7, "inbound": {"channel_limit": 5}});
    assert_eq!(bench.patch(&path, body).0, 200);
    let body = json!({"application_name": "b", "webhook_event_url": "https://r", "active": false});
    let (_, patched) = bench.patch(&path, body);
    assert_eq!(patched["data"]["webhook_timeout_secs"], 7);
    assert_eq!(patched["data"]["inbound"]["channel_limit"], 5);
    assert_eq!(patched["data"]["active"], false);
    assert_eq!(refusal(bench.patch(&path, json!({"application_name": "b"}))), "422 10004 /webhook_event_url");
    let bad = json!({"application_name": "b", "webhook_event_url": "r", "dtmf_type": "loud"});
    assert_eq!(refusal(bench.patch(&path, bad)), "422 10032 /dtmf_type");
    assert_eq!(bench.call(Method::Delete, &path, Value::Null).0, 200);
    assert_eq!(refusal(bench.get(&path)), "404 10005 -");
}

#[test]
fn lists_come_in_pages_of_20_and_at_most_250() {
    let mut bench = Bench::new(fixed(Outcome::Person));
    for n in 0..44 {
        let body = json!({"application_name": format!("list {n:02}"), "webhook_event_url": "https://r"});
        bench.post("/call_control_applications", body);
    }
    let (_, page) = bench.get("/call_control_applications");
    assert_eq!(page["data"].as_array().unwrap().len(), 20);
    assert_eq!(page["meta"], json!({"page_number": 1, "page_size": 20, "total_pages": 3, "total_results": 45}));
    let (_, page) = bench.get("/call_control_applications?page[number]=3");
    assert_eq!(page["data"].as_array().unwrap().len(), 5);
    let (_, page) = bench.get("/call_control_applications?page[number]=9&page[size]=250");
    assert_eq!(page["data"], json!([]));
    assert_eq!(refusal(bench.get("/call_control_applications?page[size]=251")), "422 10033 page[size]");
    let (_, page) =
        bench.get("/call_control_applications?filter[application_name][contains]=T 1&sort=-connection_name");
    let names: Vec<&str> =
        page["data"].as_array().unwrap().iter().map(|a| a["application_name"].as_str().unwrap()).collect();
    assert_eq!((names.len(), names[0], names[9]), (10, "list 19", "list 10"));
    assert_eq!(
        refusal(bench.get("/call_control_applications?filter[application_name][contains]=li")),
        "422 10015 filter[application_name][contains]"
    );
}

#[test]
fn a_profile_in_use_is_not_deleted() {
    let mut bench = Bench::new(fixed(Outcome::Person));
    let path = format!("/outbound_voice_profiles/{}", bench.profile);
    assert_eq!(bench.get(&path).1["data"]["connections_count"], 1);
    assert_eq!(refusal(bench.call(Method::Delete, &path, Value::Null)), "422 10021 -");
    let application = format!("/call_control_applications/{}", bench.application);
    bench.call(Method::Delete, &application, Value::Null);
    assert_eq!(bench.call(Method::Delete, &path, Value::Null).0, 200);
    assert_eq!(refusal(bench.post("/outbound_voice_profiles", json!({"name": "ab"}))), "422 10015 /name");
}

#[test]
fn queues_are_updated_by_post_and_vanish_when_empty_for_long() {
    let mut config = fixed(Outcome::Person);
    config.queues.collect_empty_after_secs = Some(100);
    let mut bench = Bench::new(config);
    let (status, queue) = bench.post("/queues", json!({"queue_name": "support"}));
    assert_eq!((status, &queue["data"]["max_size"]), (200, &json!(300)));
    assert_eq!(refusal(bench.post("/queues", json!({"queue_name": "support"}))), "422 10012 /queue_name");
    bench.pass_secs(60);
    let (status, queue) = bench.post("/queues/support", json!({"max_size": 5}));
    assert_eq!((status, &queue["data"]["max_size"]), (200, &json!(5)));
    assert_eq!(refusal(bench.post("/queues/support", json!({}))), "422 10004 /max_size");
    bench.pass_secs(60);
    assert_eq!(bench.get("/queues/support").0, 200);
    bench.pass_secs(41);
    assert_eq!(refusal(bench.get("/queues/support")), "404 10005 -");
}

#[test]
fn creating_a_queue_twice_may_answer_with_the_first() {
    let mut config = fixed(Outcome::Person);
    config.switches.queue_duplicate = QueueDuplicate::Existing;
    let mut bench = Bench::new(config);
    let first = bench.post("/queues", json!({"queue_name": "a", "max_size": 7}));
    assert_eq!(bench.post("/queues", json!({"queue_name": "a", "max_size": 9})), first);
}

#[test]
fn a_queue_with_calls_cannot_be_deleted_and_serves_in_order() {
    let mut bench = Bench::new(fixed(Outcome::Person));
    let first = bench.dial(json!({}));
    let second = bench.dial(json!({}));
    bench.pass_secs(2);
    let body = json!({"queue_name": "q", "max_size": 2, "max_wait_time_secs": 5});
    assert_eq!(bench.command(&first, "enqueue", body).0, 200);
    assert_eq!(bench.command(&second, "enqueue", json!({"queue_name": "q"})).0, 200);
    assert_eq!(refusal(bench.command(&second, "enqueue", json!({"queue_name": "q"}))), "422 90038 -");
    assert_eq!(refusal(bench.call(Method::Delete, "/queues/q", Value::Null)), "400 90050 -");
    let (_, calls) = bench.get("/queues/q/calls");
    let ids: Vec<&str> =
        calls["data"].as_array().unwrap().iter().map(|c| c["call_control_id"].as_str().unwrap()).collect();
    assert_eq!(ids, [first.as_str(), second.as_str()]);
    bench.pass_secs(5);
    assert_eq!(bench.last("call.dequeued").payload()["reason"], "timeout");
    assert_eq!(bench.get(&format!("/queues/q/calls/{second}")).1["data"]["queue_position"], 1);
    assert_eq!(bench.command(&second, "leave_queue", json!({})).0, 200);
    assert_eq!(refusal(bench.command(&second, "leave_queue", json!({}))), "422 90035 -");
    assert_eq!(bench.call(Method::Delete, "/queues/q", Value::Null).0, 204);
}

#[test]
fn a_kept_call_stays_in_its_queue_after_the_hangup_until_it_is_removed() {
    let mut bench = Bench::new(fixed(Outcome::Person));
    let call = bench.dial(json!({}));
    bench.pass_secs(2);
    bench.command(&call, "enqueue", json!({"queue_name": "q"}));
    let path = format!("/queues/q/calls/{call}");
    assert_eq!(bench.patch(&path, json!({"keep_after_hangup": true})).0, 204);
    bench.command(&call, "hangup", json!({}));
    assert_eq!(bench.get(&path).1["data"]["is_alive"], false);
    assert_eq!(bench.call(Method::Delete, &path, Value::Null).0, 204);
    assert_eq!(bench.get("/queues/q").1["data"]["current_size"], 0);
}

#[test]
fn active_calls_are_paged_by_cursor_and_may_lag() {
    let mut config = fixed(Outcome::NoAnswer);
    config.switches.active_calls_lag_ms = 3000;
    let mut bench = Bench::new(config);
    let ids: Vec<String> = (0..5).map(|_| bench.dial(json!({"client_state": "c3RhdGU="}))).collect();
    let path = format!("/connections/{}/active_calls", bench.application);
    assert_eq!(bench.get(&path).1["data"], json!([]));
    bench.pass_secs(3);
    let mut seen = Vec::new();
    let mut next = format!("{path}?page[limit]=2");
    loop {
        let (status, page) = bench.get(&next);
        assert_eq!(status, 200);
        for call in page["data"].as_array().unwrap() {
            assert_eq!(call["client_state"], "c3RhdGU=");
            seen.push(call["call_control_id"].as_str().unwrap().to_owned());
        }
        let Some(after) = page["meta"]["cursors"]["after"].as_str() else { break };
        next = format!("{path}?page[limit]=2&page[after]={after}");
    }
    assert_eq!(seen, ids);
    // Telnyx's own packages ask for numbers here; they must come to an end.
    let (_, second) = bench.get(&format!("{path}?page[number]=2&page[size]=4"));
    assert_eq!(second["data"].as_array().unwrap().len(), 1);
    assert_eq!(second["data"][0]["call_control_id"], ids[4].as_str());
    assert_eq!(bench.get(&format!("{path}?page[number]=3&page[size]=4")).1["data"], json!([]));
    bench.pass_secs(60);
    assert_eq!(bench.get(&path).1["data"], json!([]));
}

#[test]
fn an_ended_call_is_known_for_ten_minutes() {
    for (style, expected) in [(UnknownCall::NotFound, "404 10005 -"), (UnknownCall::Invalid, "422 90015 -")] {
        let mut config = fixed(Outcome::Busy);
        config.switches.unknown_call = style;
        let mut bench = Bench::new(config);
        let call = bench.dial(json!({}));
        bench.pass_secs(2 + 599);
        let (status, known) = bench.get(&format!("/calls/{call}"));
        assert_eq!((status, &known["data"]["is_alive"]), (200, &json!(false)));
        bench.pass_secs(1);
        assert_eq!(refusal(bench.get(&format!("/calls/{call}"))), expected);
    }
}

#[test]
fn call_events_hold_commands_and_webhooks_of_the_last_24_hours() {
    let mut bench = Bench::new(fixed(Outcome::Busy));
    bench.dial(json!({}));
    bench.dial(json!({"to": "+12025550101"}));
    bench.pass_secs(5);
    let names = |body: &Value| -> Vec<String> {
        body["data"].as_array().unwrap().iter().map(|e| e["name"].as_str().unwrap().to_owned()).collect()
    };
    let (_, of_number) = bench.get(&format!("/call_events?filter[to]={TO}"));
    assert_eq!(names(&of_number), ["dial", "call.initiated", "call.hangup"]);
    let leg = of_number["data"][0]["call_leg_id"].as_str().unwrap().to_owned();
    assert_eq!(of_number["data"][2]["metadata"]["payload"]["hangup_cause"], "user_busy");
    let (_, commands) = bench.get(&format!("/call_events?filter[type]=command&filter[from]={FROM}"));
    assert_eq!(names(&commands), ["dial", "dial"]);
    bench.pass_secs(24 * 3600);
    assert_eq!(bench.get(&format!("/call_events?filter[to]={TO}")).1["data"], json!([]));
    let (_, of_leg) = bench.get(&format!("/call_events?filter[leg_id]={leg}"));
    assert_eq!(of_leg["data"].as_array().unwrap().len(), 3);
}

#[test]
fn a_command_stands_in_front_of_what_it_causes_and_a_refused_one_is_not_told() {
    let mut bench = Bench::new(fixed(Outcome::Person));
    let call = bench.dial(json!({}));
    bench.pass_secs(2);
    bench.command(&call, "speak", json!({"payload": "Hi"}));
    bench.command(&call, "speak", json!({"payload": "Hi", "voice": "f"}));
    bench.command(&call, "hangup", json!({}));
    let (_, events) = bench.get(&format!("/call_events?filter[to]={TO}"));
    let names: Vec<&str> = events["data"].as_array().unwrap().iter().map(|e| e["name"].as_str().unwrap()).collect();
    let expected = [
        "dial",
        "call.initiated",
        "call.answered",
        "speak",
        "call.speak.started",
        "hangup",
        "call.speak.ended",
        "call.hangup",
    ];
    assert_eq!(names, expected);
}

#[test]
fn call_events_may_lag_and_come_newest_first() {
    let mut config = fixed(Outcome::Busy);
    config.switches.call_events_lag_ms = 2000;
    config.switches.call_events_order = EventOrder::Descending;
    let mut bench = Bench::new(config);
    bench.dial(json!({}));
    assert_eq!(bench.get("/call_events").1["data"], json!([]));
    bench.pass_secs(4);
    assert_eq!(bench.get("/call_events").1["data"][0]["name"], "call.hangup");
}

#[test]
fn version_1_of_the_webhooks_has_another_shape_so_that_a_forgotten_setting_shows() {
    let mut bench = Bench::new(fixed(Outcome::Busy));
    let path = format!("/call_control_applications/{}", bench.application);
    let body = json!({"application_name": "bench", "webhook_event_url": "http://r", "webhook_api_version": "1"});
    assert_eq!(bench.patch(&path, body).0, 200);
    bench.dial(json!({}));
    bench.pass_secs(1);
    let body = &bench.sent[0].body;
    assert_eq!(body["event_type"], "call_initiated");
    assert!(body.get("data").is_none() && body.get("meta").is_none());
}

#[test]
fn faults_drop_double_delay_forge_and_distort_webhooks() {
    let check = |effect: Effect, expected: &dyn Fn(&Bench) -> bool| {
        let mut bench = Bench::new(fixed(Outcome::Busy));
        bench.world.arm(Fault::new(effect.clone()).event("call.hangup"));
        bench.dial(json!({}));
        bench.pass_secs(300);
        assert!(expected(&bench), "{effect:?}: {:#?}", bench.sent);
    };
    let hangups = |bench: &Bench| bench.types().iter().filter(|event| **event == "call.hangup").count();
    check(Effect::DropWebhook, &|bench| hangups(bench) == 0);
    check(Effect::DuplicateWebhook { copies: 3 }, &|bench| {
        let ids: Vec<&Value> = bench.sent.iter().map(|one| &one.body["data"]["id"]).collect();
        hangups(bench) == 3 && ids[1] == ids[2] && ids[2] == ids[3]
    });
    check(Effect::DelayWebhook { ms: telnyx_simulator::config::Spread::Fixed(90_000) }, &|bench| {
        let hangup = bench.last("call.hangup");
        let occurred = hangup.body["data"]["occurred_at"].as_str().unwrap();
        hangup.at.since(telnyx_simulator::model::Moment::parse(occurred).unwrap()) == Duration::from_secs(90)
    });
    check(Effect::ForgeWebhook, &|bench| bench.last("call.hangup").forged && !bench.last("call.initiated").forged);
    check(Effect::UnknownEnum, &|bench| {
        bench.last("call.hangup").payload()["hangup_cause"] == "simulated_unknown_value"
    });
    check(Effect::UnknownEvent, &|bench| bench.types().contains(&"call.simulated.unknown"));
}

#[test]
fn a_reordered_webhook_leaves_after_the_next_one_or_when_its_time_is_over() {
    let mut bench = Bench::new(fixed(Outcome::Person));
    bench.world.arm(Fault::new(Effect::ReorderWebhook { within_ms: 60_000 }).event("call.initiated"));
    bench.world.arm(Fault::new(Effect::ReorderWebhook { within_ms: 3000 }).event("call.hangup"));
    let start = bench.now;
    bench.dial(json!({}));
    bench.pass_secs(60);
    assert_eq!(bench.story(start), ["call.answered 2000", "call.initiated 2000", "call.hangup 15000"]);
}

#[test]
fn a_callee_may_hang_up_after_any_event() {
    for event in ["call.initiated", "call.answered", "call.machine.premium.detection.ended", "call.playback.started"] {
        let mut bench = Bench::new(fixed(Outcome::Person));
        bench.world.arm(Fault::new(Effect::HangUp).event(event));
        bench.dial(json!({"answering_machine_detection": "premium", "audio_url": "https://example.com/a.mp3"}));
        bench.pass_secs(60);
        let at = |name: &str| bench.sent.iter().find(|one| one.event_type() == name).unwrap().at;
        assert_eq!(at(event), at("call.hangup"), "{event}");
    }
}

#[test]
fn a_forced_outcome_makes_a_storm_of_dead_numbers() {
    let mut bench = Bench::new(fixed(Outcome::Person));
    bench.world.arm(Fault::new(Effect::Outcome { outcome: Outcome::NotFound, sip_code: None }).times(3));
    for n in 0..4 {
        bench.dial(json!({"to": format!("+1202555010{n}")}));
    }
    bench.pass_secs(60);
    let causes: Vec<&str> = bench
        .sent
        .iter()
        .filter(|one| one.event_type() == "call.hangup")
        .map(|one| one.payload()["hangup_cause"].as_str().unwrap())
        .collect();
    assert_eq!(causes, ["not_found", "not_found", "not_found", "normal_clearing"]);
}

#[test]
fn webhook_urls_and_retry_policies_of_a_dial_are_its_own() {
    let mut bench = Bench::new(fixed(Outcome::Busy));
    bench.dial(json!({
        "webhook_url": "http://receiver/mine",
        "webhook_urls": {"call.hangup": "http://receiver/hangups"},
    }));
    bench.pass_secs(5);
    let urls: Vec<&str> = bench.sent.iter().map(|one| one.url.as_str()).collect();
    assert_eq!(urls, ["http://receiver/mine", "http://receiver/hangups"]);
}

#[test]
fn unknown_fields_are_ignored_or_refused() {
    let mut bench = Bench::new(fixed(Outcome::Person));
    assert_eq!(bench.try_dial(json!({"tiemout_secs": 20})).0, 200);
    let mut config = fixed(Outcome::Person);
    config.switches.refuse_unknown_fields = true;
    let mut bench = Bench::new(config);
    assert_eq!(refusal(bench.try_dial(json!({"tiemout_secs": 20}))), "422 10015 /tiemout_secs");
}

#[test]
fn the_world_tells_who_was_rung_and_how_often() {
    let mut bench = Bench::new(fixed(Outcome::Busy));
    bench.dial(json!({"client_state": "b25l", "command_id": "a"}));
    bench.dial(json!({"client_state": "dHdv", "command_id": "b"}));
    bench.dial(json!({"to": "+12025550101"}));
    let twice = bench.world.dials(None, 2);
    assert_eq!((twice.len(), &*twice[0].to, twice[0].count), (1, TO, 2));
    let states: Vec<Option<&str>> = twice[0].dials.iter().map(|dial| dial.client_state.as_deref()).collect();
    assert_eq!(states, [Some("b25l"), Some("dHdv")]);
    assert_eq!(bench.world.dials(Some("+12025550101"), 0)[0].count, 1);
}

#[test]
fn a_reset_forgets_everything_but_the_configuration() {
    let mut bench = Bench::new(fixed(Outcome::Busy));
    bench.dial(json!({}));
    bench.world.reset(bench.now);
    assert_eq!(
        bench.world.objects(),
        json!({"call_control_applications": 0, "outbound_voice_profiles": 0, "queues": 0})
    );
    assert!(bench.world.wake().is_none() && !bench.world.has_output());
    assert_eq!(bench.get("/queues").0, 200);
}

#[test]
fn a_profile_pays_no_dearer_rate_and_no_more_a_day_than_it_allows() {
    for (limits, expected) in [
        (json!({"max_destination_rate": 0.004}), [403, 403]),
        (json!({"max_destination_rate": 0.005}), [200, 200]),
        (json!({"daily_spend_limit": "0.005", "daily_spend_limit_enabled": true}), [200, 403]),
        (json!({"daily_spend_limit": "0.005", "daily_spend_limit_enabled": false}), [200, 200]),
    ] {
        let mut bench = Bench::new(fixed(Outcome::Person));
        let mut profile = limits.clone();
        profile["name"] = json!("everyone");
        let path = format!("/outbound_voice_profiles/{}", bench.profile);
        assert_eq!(bench.patch(&path, profile).0, 200);
        for expected in expected {
            assert_eq!(bench.try_dial(json!({})).0, expected, "{limits}");
            bench.pass_secs(30);
        }
        bench.pass_secs(86_400);
        assert_eq!(bench.try_dial(json!({})).0, expected[0], "the next day {limits}");
    }
}

/// A bench whose profile has this calling window.
fn within(window: &Value, mode: CallingWindows) -> Bench {
    let mut config = fixed(Outcome::Busy);
    config.switches.calling_windows = mode;
    let mut bench = Bench::new(config);
    let path = format!("/outbound_voice_profiles/{}", bench.profile);
    assert_eq!(bench.patch(&path, json!({"name": "everyone", "calling_window": window})).0, 200);
    bench
}

#[test]
fn a_calling_window_bounds_when_calls_start_and_how_many_one_number_gets() {
    // It is 08:53 in the morning: these dials, an hour apart, and what becomes of them.
    let hours = json!({"start_time": "08:00", "end_time": "10:00"});
    let few = json!({"start_time": "08:00", "end_time": "10:00", "calls_per_cld": 1});
    let (ok, closed, full) = ("200 - -", "403 10010 /connection_id", "403 10010 /to");
    for (window, mode, expected) in [
        (&hours, CallingWindows::Refuse, [ok, ok, closed, closed]),
        (&hours, CallingWindows::CountOnly, [ok, ok, ok, ok]),
        (&few, CallingWindows::Refuse, [ok, full, closed, closed]),
        (&few, CallingWindows::CountOnly, [ok, full, ok, ok]),
        (&few, CallingWindows::Ignore, [ok, ok, ok, ok]),
        (&json!({"calls_per_cld": 2}), CallingWindows::Refuse, [ok, ok, full, full]),
        (&json!({"calls_per_cld": 0}), CallingWindows::Refuse, [full, full, full, full]),
        (&json!({"start_time": "22:00", "end_time": "09:00"}), CallingWindows::Refuse, [ok, closed, closed, closed]),
    ] {
        let mut bench = within(window, mode);
        let found: Vec<String> = (0..4)
            .map(|_| {
                let (status, answer) = bench.try_dial(json!({}));
                bench.pass_secs(3600);
                if status == 200 { ok.to_owned() } else { refusal((status, answer)) }
            })
            .collect();
        assert_eq!(found, expected, "{window} {mode:?}");
        let closed_at_first = expected[0] != ok;
        bench.pass_secs(86_400 - 4 * 3600);
        assert_eq!(bench.try_dial(json!({})).0 != 200, closed_at_first, "the next day {window} {mode:?}");
    }
}

#[test]
fn calls_to_one_number_are_counted_by_number_and_only_when_they_start() {
    let mut bench = within(&json!({"calls_per_cld": 2}), CallingWindows::Refuse);
    let many = json!({"to": [TO, TO, TO]});
    assert_eq!(refusal(bench.try_dial(many)), "403 10010 /to");
    let with_digits = json!({"to": [format!("{TO},1"), format!("{TO},2"), TO]});
    assert_eq!(refusal(bench.try_dial(with_digits)), "403 10010 /to");
    bench.dial(json!({}));
    bench.dial(json!({"to": format!("{TO},200")}));
    assert_eq!(refusal(bench.try_dial(json!({}))), "403 10010 /to");
    bench.dial(json!({"to": "+12025550177"}));
}

#[test]
fn a_calling_window_is_written_in_hours_and_minutes() {
    let mut bench = Bench::new(fixed(Outcome::Busy));
    for (window, expected) in [
        (json!({"start_time": "8 in the morning"}), "422 10015 /calling_window/start_time"),
        (json!({"end_time": "24:30"}), "422 10015 /calling_window/end_time"),
        (json!({"calls_per_cld": -1}), "422 10015 /calling_window/calls_per_cld"),
    ] {
        let body = json!({"name": "bounded", "calling_window": window});
        assert_eq!(refusal(bench.post("/outbound_voice_profiles", body)), expected);
    }
    let body = json!({"name": "bounded", "calling_window": {"start_time": "08:00:00.00Z", "end_time": "20:00"}});
    assert_eq!(bench.post("/outbound_voice_profiles", body).0, 201);
}
