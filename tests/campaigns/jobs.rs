//! A job that stands alone, and one that is taken from its campaign.

use kube::api::DeleteParams;
use serde_json::json;
use telnyx_operator::api::{DialJob, OutboundCampaign};

use crate::world::{World, adds_up, condition, people, plan};

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

#[tokio::test]
async fn an_edit_that_cannot_be_acted_on_stops_a_job_that_stands_alone_and_is_told() {
    let world = World::new(|_| {}).await;
    let targets: Vec<_> =
        (0..60).map(|n| json!({ "id": format!("t{n}"), "to": format!("+155500001{n:02}") })).collect();
    let mut slow = plan();
    slow["pacing"] = json!({ "dialsPerSecond": 4, "maxConcurrentCalls": 100 });
    world.create::<DialJob>("alone", json!({ "plan": slow, "targets": targets })).await;
    world
        .until::<DialJob>("alone", "has begun", |job| {
            job["status"]["counts"]["pending"].as_u64().is_some_and(|pending| pending < 60)
        })
        .await;
    // No such day.
    let day_off = json!({ "plan": { "compliance": { "holidays": [{ "date": "2026-02-30" }] } } });
    world.change::<DialJob>("alone", day_off).await;
    world.event("alone", "InvalidSpec").await;
    world
        .until::<DialJob>("alone", "has no call under way", |job| {
            let counts = &job["status"]["counts"];
            ["claimed", "ringing", "live"].iter().all(|state| counts[*state] == 0)
        })
        .await;
    let rang = world.rings().await.len();
    assert!(rang < 60, "all had rung before the edit");
    world.until::<DialJob>("alone", "says why", |job| condition(job, "Stalled")["reason"] == "InvalidSpec").await;
    world.change::<DialJob>("alone", json!({ "plan": { "compliance": null } })).await;
    world.until::<DialJob>("alone", "is dialled again", |job| condition(job, "Ready")["status"] == "True").await;
    world.until::<DialJob>("alone", "is complete", |job| condition(job, "Complete")["status"] == "True").await;
    world.rang_once_per_attempt(60, 1).await;
    world.end().await;
}

#[tokio::test]
async fn the_way_of_a_job_is_told_as_events() {
    let world = World::new(|_| {}).await;
    let targets = json!([{ "id": "a", "to": "+15550000100" }]);
    world.create::<DialJob>("alone", json!({ "plan": plan(), "targets": targets })).await;
    world.event("alone", "Dialing").await;
    world.event("alone", "AllTargetsEnded").await;
    world.api::<DialJob>().delete("alone", &DeleteParams::default()).await.unwrap();
    world.end().await;
}

#[tokio::test]
async fn a_job_that_is_deleted_under_its_campaign_leaves_a_gap_that_is_told_and_the_others_are_called() {
    let world = World::new(|_| {}).await;
    world.list(&people(300)).await;
    // No window is open, so that jobs are made and nobody is called yet.
    world.campaign("c", json!({ "windows": [] })).await;
    world
        .until::<OutboundCampaign>("c", "has both jobs at its dialer", |campaign| {
            campaign["status"]["jobs"]["active"] == 2
        })
        .await;
    world.api::<DialJob>().delete("c-00001", &DeleteParams::default()).await.unwrap();
    let told = world.reason("c", "Synced", "JobsDeleted").await;
    let message = condition(&told, "Synced")["message"].as_str().unwrap();
    assert!(message.contains("1 of 2") && message.contains("50 targets"), "{message}");
    adds_up(&told["status"]["counts"]);
    assert_eq!((&told["status"]["counts"]["removed"], &told["status"]["counts"]["total"]), (&json!(50), &json!(300)));
    world.event("c", "JobsDeleted").await;

    world.change::<OutboundCampaign>("c", json!({ "windows": plan()["windows"] })).await;
    let complete = world.complete("c").await;
    assert_eq!(complete["status"]["counts"]["completed"], 250, "{:#}", complete["status"]);
    world.rang_once_per_attempt(250, 1).await;
    world.end().await;
}
