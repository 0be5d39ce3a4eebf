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

#[tokio::test]
async fn the_third_who_comes_to_a_conference_for_two_is_told_that_it_is_full() {
    let name = uuid::Uuid::new_v4().to_string();
    let world = World::new(json!({ "direction": "Inbound", "steps": [
        { "name": "answer", "answer": {} },
        { "name": "meet", "createConference": { "name": name, "maxParticipants": 2 },
          "transitions": { "exists": "join" }, "next": "end" },
        { "name": "join", "joinConference": { "conference": name }, "transitions": { "full": "sorry" }, "next": "end" },
        { "name": "sorry", "speak": { "payload": "The conference is full.", "voice": "female" } },
    ] }))
    .await;
    let first = world.call_in(patient()).await;
    world.heard(&first, &["answer", "conference.participant.joined"]).await;
    let second = world.call_in(patient()).await;
    world.heard(&second, &["answer", "conference.participant.joined"]).await;
    let third = world.call_in(patient()).await;
    let log = world.heard(&third, &["answer", "speak", "call.speak.ended", "hangup"]).await;
    assert!(!log.iter().any(|name| name == "conference.participant.joined"), "{log:?}");
    let flow = world.until::<CallFlow>("flow", "has two calls", |flow| flow["status"]["activeCalls"] == 2).await;
    assert!(entered(&flow).contains(&("sorry".to_owned(), 1)), "{flow}");
    world.leave(&first).await;
    world.leave(&second).await;
    world.end().await;
}

#[tokio::test]
async fn a_step_that_fails_is_counted() {
    let world = World::new(json!({ "direction": "Inbound", "steps": [
        { "name": "answer", "answer": {} },
        { "name": "music", "play": { "audioUrl": "https://media.example.com/missing.mp3" }, "onError": "sorry" },
        { "name": "never", "hangup": {} },
        { "name": "sorry", "speak": { "payload": "There is no music.", "voice": "female" } },
    ] }))
    .await;
    let call = world.call_in(patient()).await;
    world.heard(&call, &["playback_start", "call.playback.ended", "speak", "call.hangup"]).await;
    world
        .until::<CallFlow>("flow", "has counted the error", |flow| {
            let steps = flow["status"]["steps"].as_array().cloned().unwrap_or_default();
            let errors: Vec<(&str, u64)> = steps
                .iter()
                .map(|step| (step["name"].as_str().unwrap(), step["errors"].as_u64().unwrap_or(0)))
                .collect();
            errors == [("answer", 0), ("music", 1), ("never", 0), ("sorry", 0)]
        })
        .await;
    world.end().await;
}
