//! A job that stands alone.

use kube::api::DeleteParams;
use serde_json::json;
use telnyx_operator::api::DialJob;

use crate::world::{World, adds_up, condition, plan};

#[tokio::test]
async fn a_job_that_stands_alone_calls_its_targets_and_completes() {
    let world = World::new(|_| {}).await;
    let targets = json!([{ "id": "a", "to": "+15550000100" }, { "id": "b", "to": "+15550000101" }]);
    world.create::<DialJob>("alone", json!({ "plan": plan(), "targets": targets })).await;
    let job = world
        .until::<DialJob>("alone", "is complete", |job| {
            adds_up(&job["status"]["counts"]);
            condition(job, "Complete")["status"] == "True"
        })
        .await;
    assert_eq!(job["status"]["counts"]["completed"], 2, "{:#}", job["status"]);
    world.rang_once_per_attempt(2, 1).await;
    world.api::<DialJob>().delete("alone", &DeleteParams::default()).await.unwrap();
    world.end().await;
}

#[tokio::test]
async fn a_job_whose_application_is_missing_says_so_and_goes_without_a_call() {
    let world = World::new(|_| {}).await;
    let mut plan = plan();
    plan["applicationRef"]["name"] = json!("nowhere");
    let targets = json!([{ "id": "a", "to": "+15550000100" }]);
    world.create::<DialJob>("alone", json!({ "plan": plan, "targets": targets })).await;
    let job = world
        .until::<DialJob>("alone", "says what it waits for", |job| {
            condition(job, "Reconciling")["reason"] == "ApplicationNotReady"
        })
        .await;
    assert!(condition(&job, "Ready")["message"].as_str().unwrap().contains("spec.plan.applicationRef"));
    world.api::<DialJob>().delete("alone", &DeleteParams::default()).await.unwrap();
    world.end().await;
}
