//! A call keeps the revision that it began with; a flow is let go when no call runs it.

use k8s_openapi::api::apps::v1::ControllerRevision;
use kube::api::{DeleteParams, ListParams};
use serde_json::{Value, json};
use telnyx_operator::api::CallFlow;

use crate::calls::menu;
use crate::world::{World, condition, patient};

#[tokio::test]
async fn a_call_under_way_keeps_its_revision_when_the_flow_is_edited_and_the_operator_killed() {
    let mut world = World::new(menu()).await;
    let first = world.call_in(patient()).await;
    world.heard(&first, &["gather_using_speak"]).await;

    let steps = json!([{ "name": "answer", "answer": {} }, { "name": "bye", "hangup": {} }]);
    world.change_flow(json!({ "steps": steps })).await;
    let edited = world.ready::<CallFlow>("flow").await;
    let revisions = |flow: &Value| flow["status"]["revisions"].clone();
    let both = json!([{ "revision": 2, "activeCalls": 0 }, { "revision": 1, "activeCalls": 1 }]);
    assert_eq!(edited["status"]["revision"], 2);
    world.until::<CallFlow>("flow", "shows both revisions", |flow| revisions(flow) == both).await;
    world.kill_operator().await;
    world.start_operator();

    let second = world.call_in(patient()).await;
    world.heard(&second, &["call.initiated", "answer", "hangup", "call.hangup"]).await;
    assert!(!world.log_of(&second).await.contains(&"gather_using_speak".to_owned()));
    world.press(&first, "1").await;
    world.heard(&first, &["call.gather.ended", "speak", "call.speak.ended", "hangup", "call.hangup"]).await;
    let only_new = json!([{ "revision": 2, "activeCalls": 0 }]);
    world.until::<CallFlow>("flow", "shows the new revision alone", |flow| revisions(flow) == only_new).await;
    world.end().await;
}

#[tokio::test]
async fn revisions_that_no_call_runs_are_let_go_beyond_the_limit() {
    let world = World::new(menu()).await;
    world.change_flow(json!({ "revisionHistoryLimit": 2 })).await;
    for text in ["one", "two", "three"] {
        let say = json!({ "name": "say", "speak": { "payload": text, "voice": "female" } });
        let steps = json!([{ "name": "answer", "answer": {} }, say]);
        world.change_flow(json!({ "steps": steps })).await;
        world.ready::<CallFlow>("flow").await;
    }
    world
        .eventually("two revisions are kept", async || {
            let kept = world.api::<ControllerRevision>().list(&ListParams::default()).await.unwrap().items;
            let mut numbers: Vec<i64> = kept.iter().map(|revision| revision.revision).collect();
            numbers.sort_unstable();
            if numbers == [4, 5] { Ok(()) } else { Err(format!("{numbers:?}")) }
        })
        .await;
    world.end().await;
}

#[tokio::test]
async fn a_deleted_flow_stays_until_its_last_call_has_ended() {
    let world = World::new(menu()).await;
    let call = world.call_in(patient()).await;
    world.heard(&call, &["gather_using_speak"]).await;
    world.until::<CallFlow>("flow", "shows the call", |flow| flow["status"]["activeCalls"] == 1).await;
    let flows = world.api::<CallFlow>();
    flows.delete("flow", &DeleteParams::default()).await.unwrap();
    world.until::<CallFlow>("flow", "drains", |flow| condition(flow, "Ready")["reason"] == "Draining").await;
    world.press(&call, "1").await;
    world.heard(&call, &["speak", "hangup", "call.hangup"]).await;
    world
        .eventually("the flow is gone", async || match flows.get_opt("flow").await.unwrap() {
            None => Ok(()),
            Some(flow) => Err(format!("{:?}", flow.status)),
        })
        .await;
    world.end().await;
}
