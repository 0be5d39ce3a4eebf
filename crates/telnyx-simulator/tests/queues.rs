//! What a queue promises, rule by rule, over the pure model.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::needless_pass_by_value, reason = "tests")]

#[path = "support/world.rs"]
mod world;

use serde_json::{Value, json};
use telnyx_simulator::Config;
use telnyx_simulator::config::{ActiveQueuedCall, Outcome, Spread};
use telnyx_simulator::model::Method;
use world::{Bench, fixed};

fn patient() -> Config {
    let mut config = fixed(Outcome::Person);
    config.callees.person.patience_ms = Spread::Fixed(100_000_000);
    config.callees.person.hold_ms = Spread::Fixed(100_000_000);
    config
}

fn answered(bench: &mut Bench) -> String {
    let call = bench.dial(json!({}));
    bench.pass_secs(3);
    call
}

fn enqueue(bench: &mut Bench, call: &str, more: Value) -> (u16, String) {
    let mut body = json!({"queue_name": "q"});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    let (status, answer) = bench.command(call, "enqueue", body);
    (status, answer["errors"][0]["code"].as_str().unwrap_or_default().to_owned())
}

/// Call control ids in the queue, head first.
fn waiting(bench: &mut Bench) -> Vec<String> {
    let (status, body) = bench.get("/queues/q/calls?page[size]=250");
    assert_eq!(status, 200, "{body}");
    let calls = body["data"].as_array().unwrap();
    for (place, call) in calls.iter().enumerate() {
        assert_eq!(call["queue_position"].as_u64(), u64::try_from(place + 1).ok());
    }
    calls.iter().map(|call| call["call_control_id"].as_str().unwrap().to_owned()).collect()
}

fn queue(bench: &mut Bench) -> Value {
    bench.get("/queues/q").1["data"].clone()
}

fn ok() -> (u16, String) {
    (200, String::new())
}

#[test]
fn a_queue_that_is_full_refuses_the_next_caller() {
    let mut bench = Bench::new(patient());
    let calls = [answered(&mut bench), answered(&mut bench), answered(&mut bench)];
    assert_eq!(enqueue(&mut bench, &calls[0], json!({"max_size": 2})), ok());
    assert_eq!(enqueue(&mut bench, &calls[1], json!({})), ok());
    assert_eq!(enqueue(&mut bench, &calls[2], json!({})), (422, "90036".to_owned()));
    assert_eq!(waiting(&mut bench), calls[..2]);
    bench.command(&calls[0], "leave_queue", json!({}));
    assert_eq!(enqueue(&mut bench, &calls[2], json!({})), ok());
    assert_eq!(waiting(&mut bench), calls[1..]);
}

#[test]
fn enqueueing_makes_a_missing_queue_but_never_resizes_one() {
    let mut bench = Bench::new(patient());
    let (first, second) = (answered(&mut bench), answered(&mut bench));
    assert_eq!(enqueue(&mut bench, &first, json!({})), ok());
    assert_eq!(queue(&mut bench)["max_size"], 100);
    assert_eq!(enqueue(&mut bench, &second, json!({"max_size": 7})), (422, "90037".to_owned()));
    assert_eq!(enqueue(&mut bench, &second, json!({"max_size": 100})), ok());
}

#[test]
fn a_call_waits_in_one_queue_at_a_time() {
    let mut bench = Bench::new(patient());
    let call = answered(&mut bench);
    assert_eq!(enqueue(&mut bench, &call, json!({})), ok());
    assert_eq!(enqueue(&mut bench, &call, json!({})), (422, "90038".to_owned()));
    assert_eq!(enqueue(&mut bench, &call, json!({"queue_name": "other"})), (422, "90038".to_owned()));
    assert_eq!(bench.get("/queues/other").0, 404);
    bench.command(&call, "leave_queue", json!({}));
    let (status, body) = bench.command(&call, "leave_queue", json!({}));
    assert_eq!((status, &body["errors"][0]["code"]), (422, &json!("90035")));
}

#[test]
fn whoever_waits_too_long_is_parked_and_may_wait_anew() {
    let mut bench = Bench::new(patient());
    let call = answered(&mut bench);
    enqueue(&mut bench, &call, json!({"max_wait_time_secs": 10}));
    bench.pass_secs(5);
    bench.command(&call, "leave_queue", json!({}));
    // The first wait's end does not end the second one.
    enqueue(&mut bench, &call, json!({"max_wait_time_secs": 10}));
    bench.pass_secs(9);
    assert_eq!(waiting(&mut bench), std::slice::from_ref(&call));
    bench.pass_secs(1);
    let told = bench.last("call.dequeued").payload().clone();
    assert_eq!((&told["reason"], &told["wait_time_secs"]), (&json!("timeout"), &json!(10)));
    assert_eq!((&told["queue"], &told["queue_position"]), (&json!("q"), &json!(1)));
    assert_eq!(bench.get(&format!("/calls/{call}")).1["data"]["is_alive"], true);
    assert!(waiting(&mut bench).is_empty());
}

#[test]
fn those_behind_move_up_when_somebody_hangs_up() {
    let mut bench = Bench::new(patient());
    let calls = [answered(&mut bench), answered(&mut bench), answered(&mut bench)];
    for call in &calls {
        enqueue(&mut bench, call, json!({}));
    }
    assert_eq!(bench.last("call.enqueued").payload()["current_position"], 3);
    bench.command(&calls[1], "hangup", json!({}));
    let told = bench.last("call.dequeued").payload();
    assert_eq!((&told["reason"], &told["queue_position"]), (&json!("hangup"), &json!(2)));
    assert_eq!(waiting(&mut bench), [calls[0].clone(), calls[2].clone()]);
}

#[test]
fn a_kept_call_is_known_long_after_its_hangup_and_goes_when_it_is_removed() {
    let mut config = patient();
    config.queues.collect_empty_after_secs = Some(60);
    let mut bench = Bench::new(config);
    let call = answered(&mut bench);
    enqueue(&mut bench, &call, json!({"keep_after_hangup": true, "max_wait_time_secs": 30}));
    bench.command(&call, "hangup", json!({}));
    bench.pass_secs(5000);
    assert_eq!(bench.get(&format!("/calls/{call}")).0, 404, "the call itself is forgotten");
    let path = format!("/queues/q/calls/{call}");
    let (status, body) = bench.get(&path);
    assert_eq!((status, &body["data"]["is_alive"]), (200, &json!(false)));
    assert_eq!((&body["data"]["to"], &body["data"]["from"]), (&json!(world::TO), &json!(world::FROM)));
    assert_eq!(queue(&mut bench)["current_size"], 1);
    let (status, body) = bench.call(Method::Delete, "/queues/q", Value::Null);
    assert_eq!((status, &body["errors"][0]["code"]), (400, &json!("90050")));
    assert_eq!(bench.call(Method::Delete, &path, Value::Null).0, 204);
    assert_eq!(bench.call(Method::Delete, &path, Value::Null).0, 404);
    bench.pass_secs(61);
    assert_eq!(bench.get("/queues/q").0, 404, "an empty queue is collected");
}

#[test]
fn only_a_call_that_is_over_can_be_removed_unless_told_otherwise() {
    for (switch, status) in [(ActiveQueuedCall::Refuse, 422), (ActiveQueuedCall::Remove, 204)] {
        let mut config = patient();
        config.switches.active_queued_call = switch;
        let mut bench = Bench::new(config);
        let call = answered(&mut bench);
        enqueue(&mut bench, &call, json!({}));
        let path = format!("/queues/q/calls/{call}");
        assert_eq!(bench.call(Method::Delete, &path, Value::Null).0, status);
        assert_eq!(waiting(&mut bench).len(), usize::from(status == 422));
        assert_eq!(bench.get(&format!("/calls/{call}")).1["data"]["is_alive"], true);
    }
}

#[test]
fn a_queue_tells_how_long_those_in_it_have_waited_and_a_newcomer_how_long_the_others_did() {
    let mut bench = Bench::new(patient());
    let calls = [answered(&mut bench), answered(&mut bench), answered(&mut bench)];
    enqueue(&mut bench, &calls[0], json!({}));
    bench.pass_secs(20);
    enqueue(&mut bench, &calls[1], json!({}));
    bench.pass_secs(10);
    assert_eq!(queue(&mut bench)["average_wait_time_secs"], 20);
    assert_eq!(bench.last("call.enqueued").payload()["queue_avg_wait_time_secs"], 0);
    bench.command(&calls[0], "leave_queue", json!({}));
    bench.command(&calls[1], "leave_queue", json!({}));
    assert_eq!(queue(&mut bench)["average_wait_time_secs"], 0);
    enqueue(&mut bench, &calls[2], json!({}));
    assert_eq!(bench.last("call.enqueued").payload()["queue_avg_wait_time_secs"], 20);
}

#[test]
fn a_bridge_takes_the_head_of_the_queue_whatever_becomes_of_it() {
    let mut bench = Bench::new(patient());
    let agent = answered(&mut bench);
    let calls = [answered(&mut bench), answered(&mut bench)];
    enqueue(&mut bench, &calls[0], json!({"keep_after_hangup": true}));
    enqueue(&mut bench, &calls[1], json!({}));
    bench.command(&calls[0], "hangup", json!({}));
    assert_eq!(waiting(&mut bench), calls);
    let (status, body) = bench.command(&agent, "bridge", json!({"queue": "q"}));
    assert_eq!((status, &body["errors"][0]["code"]), (422, &json!("90018")));
    assert_eq!(waiting(&mut bench), calls[1..]);
    assert_eq!(bench.types().last(), Some(&"call.hangup"), "nobody is told of a call that is over");
    assert_eq!(bench.command(&agent, "bridge", json!({"queue": "q"})).0, 200);
    assert_eq!(bench.last("call.dequeued").payload()["reason"], "bridging-in-process");
    assert!(waiting(&mut bench).is_empty());
    assert_eq!(bench.types().iter().filter(|name| **name == "call.bridged").count(), 2);
    assert_eq!(bench.command(&agent, "bridge", json!({"queue": "q"})).0, 422);
}

#[test]
fn a_bridged_call_that_is_enqueued_leaves_its_bridge() {
    let mut bench = Bench::new(patient());
    let (first, second) = (answered(&mut bench), answered(&mut bench));
    assert_eq!(bench.command(&first, "bridge", json!({"call_control_id": second})).0, 200);
    assert_eq!(enqueue(&mut bench, &first, json!({})), ok());
    assert_eq!(waiting(&mut bench), std::slice::from_ref(&first));
    assert_eq!(bench.get(&format!("/calls/{second}")).1["data"]["is_alive"], false);
}

/// Walks a list by `meta.cursors` from one end to the other and back.
fn walk(bench: &mut Bench, path: &str) -> (Vec<String>, Vec<String>) {
    let ids = |body: &Value| -> Vec<String> {
        let data = body["data"].as_array().unwrap();
        data.iter().map(|one| one["call_control_id"].as_str().unwrap().to_owned()).collect()
    };
    let (_, mut page) = bench.get(&format!("{path}?page[limit]=2"));
    assert!(page["meta"]["cursors"]["before"].is_null());
    let mut forth = ids(&page);
    while let Some(next) = page["meta"]["next"].as_str().map(str::to_owned) {
        page = bench.get(next.trim_start_matches("/v2")).1;
        forth.extend(ids(&page));
    }
    let mut back = ids(&page);
    while let Some(cursor) = page["meta"]["cursors"]["before"].as_str().map(str::to_owned) {
        page = bench.get(&format!("{path}?page[limit]=2&page[before]={cursor}")).1;
        back.splice(0..0, ids(&page));
    }
    assert!(!page["meta"]["cursors"]["after"].is_null());
    (forth, back)
}

#[test]
fn cursors_lead_through_a_list_forth_and_back() {
    let mut bench = Bench::new(patient());
    let calls: Vec<String> = (0..5).map(|_| answered(&mut bench)).collect();
    for call in &calls {
        enqueue(&mut bench, call, json!({}));
    }
    let active = format!("/connections/{}/active_calls", bench.application);
    for path in ["/queues/q/calls", active.as_str()] {
        assert_eq!(walk(&mut bench, path), (calls.clone(), calls.clone()), "{path}");
    }
    let (status, body) = bench.get("/queues/q/calls?page[after]=1&page[before]=2");
    assert_eq!((status, &body["errors"][0]["source"]["parameter"]), (422, &json!("page[before]")));
    assert_eq!(bench.get("/queues/q/calls?page[before]=x").0, 422);
    assert_eq!(bench.get("/queues/q/calls?page[before]=1").1["data"], json!([]));
}
