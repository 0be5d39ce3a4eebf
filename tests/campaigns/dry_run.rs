//! A dry run says how a campaign would go, and calls nobody until it is told to.

use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::api::{DeleteParams, Patch, PatchParams};
use serde_json::{Value, json};
use telnyx_operator::api::{DialJob, OutboundCampaign};

use crate::stage::condition;
use crate::world::{World, people};

/// Waits until this generation was rehearsed with a list of so many targets. Returns the campaign.
async fn rehearsed(world: &World, name: &str, generation: i64, targets: u64) -> Value {
    let what = format!("was rehearsed at generation {generation} with {targets} targets");
    world
        .until::<OutboundCampaign>(name, &what, |campaign| {
            let estimate = &campaign["status"]["estimate"];
            campaign["status"]["phase"] == "DryRun"
                && estimate["generation"] == generation
                && estimate["audience"]["total"] == targets
        })
        .await
}

fn version(campaign: &Value) -> &Value {
    &campaign["metadata"]["resourceVersion"]
}

fn changes() -> Value {
    json!({
        "dryRun": true,
        "dryRunAssumptions": { "answerPercent": 50, "machinePercent": 10, "talkSecs": 20 },
        "circuitBreaker": { "enabled": false },
    })
}

#[tokio::test]
async fn a_dry_run_estimates_the_campaign_and_dials_nobody_until_it_begins() {
    let world = World::new(|_| {}).await;
    world.list(&(people(300) + "bad,nobody\n")).await;
    world.campaign("c", changes()).await;
    let campaign = rehearsed(&world, "c", 1, 300).await;
    let estimate = &campaign["status"]["estimate"];
    assert_eq!((&estimate["dials"], &estimate["blocked"]), (&json!(300), &json!(0)), "{estimate:#}");
    assert_eq!(estimate["audience"]["rejectedRows"][0]["line"], 302, "{estimate:#}");
    assert!(estimate["finish"].as_str() > estimate["firstDial"].as_str(), "{estimate:#}");
    let hours = estimate["perHour"].as_array().unwrap();
    assert_eq!(hours.iter().filter_map(|hour| hour["dials"].as_u64()).sum::<u64>(), 300);
    assert!(estimate["outcomes"]["Completed"].as_u64() > Some(100), "{estimate:#}");
    assert_eq!(condition(&campaign, "Dialing")["reason"], "DryRun");
    assert_eq!((&campaign["status"]["audience"], &campaign["status"]["counts"]), (&Value::Null, &Value::Null));

    // An edit is rehearsed anew, and so is a change of the list.
    let slower = json!({ "pacing": { "dialsPerSecond": 1, "maxConcurrentCalls": 2 } });
    world.change::<OutboundCampaign>("c", slower).await;
    let slower = rehearsed(&world, "c", 2, 300).await;
    assert_eq!(slower["status"]["estimate"]["mostAtOnce"], 2);
    assert!(slower["status"]["estimate"]["finish"].as_str() > estimate["finish"].as_str());
    world.list(&people(40)).await;
    let shorter = rehearsed(&world, "c", 2, 40).await;

    // Once it is told nothing more is written, whatever goes on beside it; and nothing is kept of the list.
    world.campaign("d", changes()).await;
    rehearsed(&world, "d", 1, 40).await;
    assert_eq!(version(&world.get::<OutboundCampaign>("c").await), version(&shorter));
    assert!(world.all::<DialJob>().await.is_empty(), "jobs were made");
    let secrets = world.all::<Secret>().await;
    assert!(secrets.iter().all(|secret| secret.metadata.owner_references.is_none()), "targets were stored");
    assert!(world.rings().await.is_empty(), "somebody was called");

    let begin = json!({ "dryRun": false, "pacing": { "dialsPerSecond": 50, "maxConcurrentCalls": 500 } });
    world.change::<OutboundCampaign>("c", begin).await;
    let campaign = world.complete("c").await;
    assert!(campaign["status"]["estimate"].is_null(), "{:#}", campaign["status"]);
    assert_eq!(campaign["status"]["audience"]["total"], 40);
    world.rang_once_per_attempt(40, 1).await;
    world.end().await;
}

#[tokio::test]
async fn what_is_left_of_a_suspended_campaign_is_rehearsed_and_goes_on_afterwards() {
    let world = World::new(|_| {}).await;
    world.list(&people(300)).await;
    world.campaign("c", json!({ "pacing": { "dialsPerSecond": 20, "maxConcurrentCalls": 100 } })).await;
    world
        .until::<OutboundCampaign>("c", "has reached somebody", |campaign| {
            campaign["status"]["counts"]["completed"].as_u64() > Some(5)
        })
        .await;
    let api = world.api::<OutboundCampaign>();
    let set = Patch::Merge(json!({ "spec": { "dryRun": true } }));
    let refused = api.patch("c", &PatchParams::default(), &set).await.unwrap_err().to_string();
    assert!(refused.contains("set suspend to true first"), "{refused}");
    world.change::<OutboundCampaign>("c", json!({ "suspend": true })).await;
    world.change::<OutboundCampaign>("c", json!({ "suspend": false, "dryRun": true })).await;
    let campaign = rehearsed(&world, "c", 3, 300).await;
    let (estimate, counts) = (&campaign["status"]["estimate"], &campaign["status"]["counts"]);
    let called = counts["completed"].as_u64().unwrap();
    assert!(called < 300, "all were called before");
    assert_eq!(estimate["dials"].as_u64(), Some(300 - called), "{:#}", campaign["status"]);
    let ends = estimate["outcomes"].as_object().unwrap().values().filter_map(Value::as_u64).sum::<u64>();
    assert_eq!(ends, 300, "{estimate:#}");
    assert_eq!(world.rings().await.len() as u64, called);
    world.change::<OutboundCampaign>("c", json!({ "dryRun": false })).await;
    world.complete("c").await;
    world.rang_once_per_attempt(300, 1).await;
    world.end().await;
}

#[tokio::test]
async fn a_dry_run_says_what_is_missing_and_can_be_deleted() {
    let world = World::new(|_| {}).await;
    world.campaign("c", changes()).await;
    world.reason("c", "Ready", "SourceNotFound").await;
    world.list("id,to\nnobody,none\n").await;
    let campaign = rehearsed(&world, "c", 1, 0).await;
    let estimate = &campaign["status"]["estimate"];
    assert_eq!((&estimate["dials"], &estimate["audience"]["rejected"]), (&json!(0), &json!(1)), "{estimate:#}");
    world.api::<ConfigMap>().delete("list", &DeleteParams::default()).await.unwrap();
    world.api::<OutboundCampaign>().delete("c", &DeleteParams::default()).await.unwrap();
    world
        .eventually("the campaign is gone", async || {
            match world.api::<OutboundCampaign>().get_opt("c").await.unwrap() {
                None => Ok(()),
                Some(campaign) => Err(format!("{:?}", campaign.status)),
            }
        })
        .await;
    world.end().await;
}
