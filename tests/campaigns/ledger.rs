//! How often a number may be called outlives campaigns, jobs and the operator.

use k8s_openapi::api::core::v1::Secret;
use kube::api::{DeleteParams, ListParams};
use serde_json::{Value, json};
use telnyx_operator::api::OutboundCampaign;

use crate::world::{World, people};

/// One call a day.
fn capped() -> Value {
    json!({ "frequency": [{ "calls": 1, "withinSecs": 86_400 }] })
}

async fn gone(world: &World, name: &str) {
    world.api::<OutboundCampaign>().delete(name, &DeleteParams::default()).await.unwrap();
    world
        .eventually(&format!("{name} is gone with its jobs"), async || {
            let campaign = world.api::<OutboundCampaign>().get_opt(name).await.unwrap();
            let jobs = world.all::<telnyx_operator::api::DialJob>().await.len();
            if campaign.is_none() && jobs == 0 { Ok(()) } else { Err(format!("{jobs} jobs")) }
        })
        .await;
}

/// Waits until the campaign waits for its targets' turn, and nobody was called again.
async fn waits(world: &World, name: &str, numbers: usize) {
    world.reason(name, "Dialing", "WaitingForRetry").await;
    world.rang_once_per_attempt(numbers, 1).await;
}

#[tokio::test]
async fn a_cap_holds_when_the_campaign_that_used_it_up_is_deleted_and_the_operator_killed() {
    let mut world = World::new(|_| {}).await;
    world.list(&people(3)).await;
    world.campaign("first", capped()).await;
    world.complete("first").await;
    world.kill_operator().await;
    world.start_operator();
    gone(&world, "first").await;
    world.kill_operator().await;
    world.start_operator();
    world.campaign("second", capped()).await;
    waits(&world, "second", 3).await;
    let rules: Vec<Value> = world.target_states().await.into_values().map(|state| state["rule"].clone()).collect();
    assert_eq!(rules, vec![json!("Frequency"); 3]);
    world.end().await;
}

#[tokio::test]
async fn a_cap_holds_when_a_campaign_is_deleted_half_way_and_no_number_is_kept_in_clear() {
    let mut world = World::new(|_| {}).await;
    world.list(&people(40)).await;
    let slow =
        json!({ "pacing": { "dialsPerSecond": 4, "maxConcurrentCalls": 500 }, "frequency": capped()["frequency"] });
    world.campaign("first", slow).await;
    world
        .eventually("some have rung", async || match world.rings().await.len() {
            0..4 => Err("not yet".to_owned()),
            _ => Ok(()),
        })
        .await;
    gone(&world, "first").await;
    world.terminate_operator().await;
    let rang = world.rings().await.len();
    assert!(rang < 40, "it was deleted half way");
    let kept =
        world.api::<Secret>().list(&ListParams::default().labels("telnyx-operator.io/call-ledger-of")).await.unwrap();
    let sizes: Vec<usize> =
        kept.items.iter().filter_map(|one| Some(one.data.as_ref()?.get("rings")?.0.len())).collect();
    assert_eq!((kept.items.len(), sizes), (1, vec![12 * rang]), "one Secret, twelve bytes per call");
    assert!(!format!("{:?}", kept.items).contains("1555"));
    world.start_operator();
    world.campaign("second", capped()).await;
    world.reason("second", "Dialing", "WaitingForRetry").await;
    world.rang_once_per_attempt(40, 1).await;
    world.end().await;
}
