//! The list: bad rows are listed, an edited list calls nobody, a list that is missing is waited for.

use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::api::DeleteParams;
use serde_json::json;
use telnyx_operator::api::{CallControlApplication, DialJob, OutboundCampaign};

use crate::world::{World, condition, people};

#[tokio::test]
async fn bad_rows_are_listed_and_good_rows_are_called() {
    let world = World::new(|_| {}).await;
    world.list("id,to,timeZone\ngood,+15550000100,America/New_York\nbad,5550000101,\nlost,+15550000102,Mars/Olympus\ngood,+15550000103,\n").await;
    world.campaign("c", json!({})).await;
    let campaign = world.complete("c").await;
    let audience = &campaign["status"]["audience"];
    assert_eq!((&audience["total"], &audience["rejected"]), (&json!(1), &json!(3)), "{audience:#}");
    let lines: Vec<_> = audience["rejectedRows"].as_array().unwrap().iter().map(|row| &row["line"]).collect();
    assert_eq!(lines, [3, 4, 5]);
    let text = audience.to_string();
    assert!(text.contains("E.164") && text.contains("IANA") && !text.contains("5550000101"), "{text}");
    world.rang_once_per_attempt(1, 1).await;
    world.end().await;
}

#[tokio::test]
async fn a_list_of_bad_rows_only_stalls_and_says_so() {
    let world = World::new(|_| {}).await;
    world.list("id,to\na,1\nb,2\n").await;
    world.campaign("c", json!({})).await;
    let campaign = world.reason("c", "Stalled", "InvalidAudience").await;
    assert_eq!(campaign["status"]["audience"]["rejected"], 2);
    assert_eq!(condition(&campaign, "Ready")["status"], "False");
    world.end().await;
}

#[tokio::test]
async fn what_is_missing_is_waited_for_by_name() {
    let world = World::new(|_| {}).await;
    world.campaign("c", json!({ "applicationRef": { "name": "later" } })).await;
    let campaign = world.reason("c", "Reconciling", "ApplicationNotReady").await;
    assert!(condition(&campaign, "Ready")["message"].as_str().unwrap().contains("spec.applicationRef"));
    world.change::<OutboundCampaign>("c", json!({ "suspend": true })).await;
    world.campaign("d", json!({})).await;
    let waiting = world.reason("d", "Reconciling", "SourceNotFound").await;
    assert!(condition(&waiting, "Ready")["message"].as_str().unwrap().contains("ConfigMap list does not exist"));
    world.list(&people(1)).await;
    world.complete("d").await;
    world.end().await;
}

#[tokio::test]
async fn what_comes_is_noticed_and_not_looked_for_every_now_and_then() {
    let world = World::new(|_| {}).await;
    world.list(&people(1)).await;
    world.campaign("c", json!({ "applicationRef": { "name": "later" } })).await;
    world.reason("c", "Reconciling", "ApplicationNotReady").await;
    let spec =
        json!({ "accountRef": { "name": "main" }, "outbound": { "outboundVoiceProfileRef": { "name": "out" } } });
    world.create::<CallControlApplication>("later", spec).await;
    let begun = std::time::Instant::now();
    world.complete("c").await;
    // Without the watch it is looked for once a minute.
    assert!(begun.elapsed() < std::time::Duration::from_secs(45), "{:?}", begun.elapsed());
    world.event("c", "ApplicationNotReady").await;
    world.event("c", "AllTargetsEnded").await;
    world.end().await;
}

#[tokio::test]
async fn a_list_that_is_edited_or_deleted_later_changes_nobody_and_loses_nobody() {
    // 600 targets are three jobs, and a suspended campaign makes the first only.
    let mut world = World::new(|_| {}).await;
    world.list(&people(600)).await;
    world
        .campaign("c", json!({ "pacing": { "dialsPerSecond": 40, "maxConcurrentCalls": 500 }, "suspend": true }))
        .await;
    world
        .until::<OutboundCampaign>("c", "has its first job", |campaign| campaign["status"]["counts"]["total"] == 600)
        .await;
    assert_eq!(world.all::<DialJob>().await.len(), 1, "no more is made than is needed");
    assert!(world.api::<Secret>().get_opt("c-00002").await.unwrap().is_some(), "but all targets are kept");
    world.list("id,to\nintruder,+15559999999\n").await;
    world.kill_operator().await;
    world.start_operator();
    world.reason("c", "AudienceChanged", "SourceChanged").await;
    world.api::<ConfigMap>().delete("list", &DeleteParams::default()).await.unwrap();
    world.change::<OutboundCampaign>("c", json!({ "suspend": false })).await;
    let campaign = world.complete("c").await;
    assert_eq!(campaign["status"]["counts"]["completed"], 600, "{:#}", campaign["status"]);
    world.rang_once_per_attempt(600, 1).await;
    world.end().await;
}
