//! Flows that cannot be run, and calls that find none.

use call_flow::position::CallDirection;
use call_flow::{CallStart, Detection, FlowKey, FlowSpec, Leg};
use jiff::Timestamp;
use serde_json::{Value, json};
use telnyx_operator::api::CallFlow;
use telnyx_voice::ClientState;

use crate::calls::menu;
use crate::world::{World, condition, pressing};

async fn complaint(world: &World) -> Value {
    world
        .until::<CallFlow>("flow", "is found to be wrong", |flow| {
            flow["status"]["observedGeneration"] == flow["metadata"]["generation"]
                && condition(flow, "Stalled")["reason"] == "InvalidFlow"
        })
        .await
}

#[tokio::test]
async fn a_mistake_is_told_with_its_step_and_the_last_valid_revision_goes_on() {
    let world = World::new(menu()).await;
    for (steps, says) in [
        (json!([{ "name": "a", "hangup": {}, "next": "nowhere" }]), "nowhere"),
        (json!([{ "name": "a", "wait": { "secs": 1 }, "next": "a" }]), "step a"),
        (json!([{ "name": "a", "speak": { "payload": "x", "voice": "female" } }]), "step a"),
        (json!([{ "name": "a", "switch": { "cases": [{ "when": "digits ==", "next": "end" }] } }]), "step a"),
    ] {
        world.change_flow(json!({ "steps": steps })).await;
        let flow = complaint(&world).await;
        let message = condition(&flow, "Ready")["message"].as_str().unwrap().to_owned();
        assert!(message.contains(says) && message.contains("last valid revision"), "{steps}: {message}");
        assert!(flow["status"]["problems"][0]["path"].as_str().unwrap().starts_with("spec"), "{flow}");
        assert_eq!(flow["status"]["revision"], 1);
    }
    let call = world.call_in(pressing("1")).await;
    world.heard(&call, &["answer", "gather_using_speak", "call.hangup"]).await;
    world.end().await;
}

#[tokio::test]
async fn an_answer_in_an_outbound_flow_and_an_unlisted_host_are_refused() {
    let world = World::empty().await;
    world
        .create::<CallFlow>("flow", json!({ "direction": "Outbound", "steps": [{ "name": "pick-up", "answer": {} }] }))
        .await;
    let flow = complaint(&world).await;
    let message = condition(&flow, "Ready")["message"].as_str().unwrap();
    assert!(message.contains("pick-up") && message.contains("no call can run it"), "{message}");
    assert_eq!(flow["status"]["revision"], Value::Null);

    let steps = json!([{ "name": "ask", "callWebhook": { "url": "https://crm.example/x" } }]);
    world.change_flow(json!({ "direction": "Any", "steps": steps })).await;
    let flow = world
        .until::<CallFlow>("flow", "names the host", |flow| {
            condition(flow, "Ready")["message"].as_str().unwrap().contains("crm.example")
        })
        .await;
    assert_eq!(flow["status"]["problems"][0]["path"], "spec.webhooks.allowedHosts");
    world.change_flow(json!({ "webhooks": { "allowedHosts": ["crm.example"] } })).await;
    world.ready::<CallFlow>("flow").await;
    world.end().await;
}

#[tokio::test]
async fn a_call_that_finds_no_flow_is_not_answered_and_begins_once_there_is_one() {
    let world = World::empty().await;
    world.line().await;
    let call = world.call_in(pressing("1")).await;
    world.heard(&call, &["call.initiated"]).await;
    world
        .eventually("the operator says so", async || {
            if world.log().contains("finds no flow") { Ok(()) } else { Err("not yet".to_owned()) }
        })
        .await;
    world.create::<CallFlow>("flow", menu()).await;
    world.heard(&call, &["answer", "call.answered", "gather_using_speak", "hangup"]).await;
    world.end().await;
}

/// What a call carries that is at this step of a flow.
fn at(key: FlowKey, step: u8) -> ClientState {
    let spec: FlowSpec =
        serde_json::from_value(json!({ "steps": [{ "name": "stay", "wait": { "secs": 60 } }] })).unwrap();
    let leg = Leg { call_control_id: "".into(), call_leg_id: "".into(), connection_id: None };
    let start = CallStart {
        leg,
        direction: CallDirection::Outbound,
        answered: false,
        detection: Detection::Disabled,
        attempt: 0,
        origin: String::new(),
        caller: None,
    };
    let flow = call_flow::compile(&spec, key).unwrap();
    let mut position = flow.first_position(&start, Timestamp::now()).unwrap();
    position.step = step;
    position.encode().unwrap()
}

#[tokio::test]
async fn calls_of_an_unknown_flow_another_revision_or_an_unknown_step_are_hung_up_once_and_counted() {
    let stay = json!({ "direction": "Any", "steps": [{ "name": "stay", "wait": { "secs": 60 } }] });
    let world = World::new(stay).await;
    world.line_calls_out().await;
    let flow = world.get::<CallFlow>("flow").await;
    let uid = flow["metadata"]["uid"].as_str().unwrap();
    let current = FlowKey::new(uid, 1);
    for (reason, state) in [
        ("unknown_flow", at(FlowKey::new("nobody's", 1), 0)),
        ("other_revision", at(FlowKey::new(uid, 99), 0)),
        ("unknown_step", at(current, 9)),
    ] {
        assert_eq!(world.lost(reason).await, 0, "{reason}");
        let call = world.call_out(&state).await;
        let log = world.heard(&call, &["hangup", "call.hangup"]).await;
        assert_eq!(log.iter().filter(|name| *name == "hangup").count(), 1, "{reason}: {log:?}");
        assert_ne!(world.lost(reason).await, 0, "{reason}");
    }
    // A call that names a step of the flow goes on there.
    let call = world.call_out(&at(current, 0)).await;
    world.until::<CallFlow>("flow", "shows the call", |flow| flow["status"]["activeCalls"] == 1).await;
    world.leave(&call).await;
    world.end().await;
}
