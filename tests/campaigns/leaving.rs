//! Deleting a campaign lets its calls finish, and leaves nothing behind.

use k8s_openapi::api::core::v1::Secret;
use kube::api::DeleteParams;
use serde_json::json;
use telnyx_operator::api::{DialJob, OutboundCampaign};
use telnyx_simulator::config::Spread;

use crate::world::{World, people};

#[tokio::test]
async fn a_deleted_campaign_starts_no_call_lets_those_under_way_finish_and_takes_all_along() {
    let world = World::new(|behaviour| behaviour.callees.ring_ms = Spread::between(1000, 2000)).await;
    world.list(&people(100)).await;
    world.campaign("c", json!({ "pacing": { "dialsPerSecond": 10, "maxConcurrentCalls": 100 } })).await;
    world
        .eventually("some phones rang", async || {
            let rang = world.rings().await.len();
            if rang >= 10 { Ok(()) } else { Err(rang.to_string()) }
        })
        .await;
    world.api::<OutboundCampaign>().delete("c", &DeleteParams::default()).await.unwrap();
    world
        .eventually("the campaign, its jobs and its Secrets are gone", async || {
            let campaigns = world.all::<OutboundCampaign>().await.len();
            let jobs = world.all::<DialJob>().await.len();
            let secrets =
                world.all::<Secret>().await.into_iter().filter(|secret| secret.immutable == Some(true)).count();
            if campaigns + jobs + secrets == 0 { Ok(()) } else { Err(format!("{campaigns} {jobs} {secrets}")) }
        })
        .await;
    assert!(world.rings().await.len() < 100);
    let calls = world.sim("/calls").await;
    let ended =
        |call: &serde_json::Value| call["endedAt"].is_string() || call["state"] == "ended" || call["ended"] == true;
    let calls = calls.as_array().unwrap();
    assert!(calls.iter().all(ended), "a call outlived its campaign: {calls:#?}");
    world.end().await;
}
