//! Calls that come in and run a flow to its end.

use serde_json::{Value, json};
use telnyx_operator::api::{CallFlow, Conference};

use crate::world::{World, patient, pressing};

/// Answers, asks for a key, and says something for each.
pub(crate) fn menu() -> Value {
    json!({
        "direction": "Inbound",
        "steps": [
            { "name": "answer", "answer": {} },
            { "name": "ask", "gatherUsingSpeak": {
                "payload": "Press one or two.", "voice": "female", "validDigits": "12", "maximumDigits": 1 } },
            { "name": "choose", "switch": { "cases": [{ "when": "digits == '1'", "next": "one" }] }, "next": "other" },
            { "name": "one", "speak": { "payload": "You pressed one.", "voice": "female" }, "next": "end" },
            { "name": "other", "speak": { "payload": "You pressed something else.", "voice": "female" } },
        ],
    })
}

/// How often each step was entered.
pub(crate) fn entered(flow: &Value) -> Vec<(String, u64)> {
    let steps = flow["status"]["steps"].as_array().cloned().unwrap_or_default();
    steps.iter().map(|step| (step["name"].as_str().unwrap().to_owned(), step["entered"].as_u64().unwrap())).collect()
}

#[tokio::test]
async fn a_caller_is_led_through_the_menu_and_the_call_is_hung_up() {
    let world = World::new(menu()).await;
    let call = world.call_in(pressing("1")).await;
    world
        .heard(
            &call,
            &[
                "call.initiated",
                "answer",
                "call.answered",
                "gather_using_speak",
                "call.gather.ended",
                "speak",
                "call.speak.ended",
                "hangup",
                "call.hangup",
            ],
        )
        .await;
    let counted = ["answer", "ask", "choose", "one"].map(|step| (step.to_owned(), 1));
    world
        .until::<CallFlow>("flow", "has counted the steps and no call", |flow| {
            flow["status"]["activeCalls"] == 0
                && entered(flow).into_iter().filter(|(_, times)| *times > 0).eq(counted.clone())
        })
        .await;
    world.end().await;
}

#[tokio::test]
async fn a_caller_who_hangs_up_in_the_middle_ends_the_flow() {
    let world = World::new(menu()).await;
    let call = world.call_in(patient()).await;
    world.heard(&call, &["gather_using_speak"]).await;
    world.until::<CallFlow>("flow", "shows the call", |flow| flow["status"]["activeCalls"] == 1).await;
    world.leave(&call).await;
    world.heard(&call, &["call.hangup"]).await;
    world.until::<CallFlow>("flow", "shows no call", |flow| flow["status"]["activeCalls"] == 0).await;
    world.end().await;
}

#[tokio::test]
async fn a_conference_that_a_flow_begins_has_what_its_policy_declares() {
    let name = uuid::Uuid::new_v4().to_string();
    let meet = json!({ "name": "meet", "createConference": { "name": name } });
    let world =
        World::new(json!({ "direction": "Inbound", "steps": [{ "name": "answer", "answer": {} }, meet] })).await;
    let policy = json!({ "accountRef": { "name": "main" }, "conferenceName": name, "maxParticipants": 2 });
    world.create::<Conference>("town-hall", policy).await;
    world
        .until::<Conference>("town-hall", "was looked at", |policy| {
            policy["status"]["observedGeneration"] == policy["metadata"]["generation"]
        })
        .await;
    let call = world.call_in(patient()).await;
    world.heard(&call, &["answer", "call.answered"]).await;
    world.until::<Conference>("town-hall", "is live", |policy| policy["status"]["participants"].is_object()).await;
    let bodies = world.requests("/conferences");
    let body = bodies.iter().find(|body| body["name"] == name).unwrap();
    assert_eq!(body["max_participants"], 2, "{body}");
    world.end().await;
}
