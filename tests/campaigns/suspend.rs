//! Suspending stops new calls, keeps those under way, and resuming goes on where it was.

use std::time::Duration;

use serde_json::json;
use telnyx_operator::api::OutboundCampaign;

use crate::world::{World, people};

#[tokio::test]
async fn a_suspended_campaign_starts_no_call_and_resumes_to_the_exact_target() {
    let world = World::new(|_| {}).await;
    world.list(&people(120)).await;
    world.campaign("c", json!({ "pacing": { "dialsPerSecond": 20, "maxConcurrentCalls": 100 } })).await;
    world.until::<OutboundCampaign>("c", "has begun", |campaign| campaign["status"]["counts"]["pending"] != 120).await;
    world
        .eventually("some phones rang", async || {
            let rang = world.rings().await.len();
            if rang >= 20 { Ok(()) } else { Err(rang.to_string()) }
        })
        .await;
    world.change::<OutboundCampaign>("c", json!({ "suspend": true })).await;
    world.reason("c", "Suspended", "Suspended").await;
    let idle = world.until::<OutboundCampaign>("c", "has let its calls finish", |campaign| {
        campaign["status"]["pacing"]["inFlight"] == 0
    });
    let counts = idle.await["status"]["counts"].clone();
    let rang = world.rings().await.len();
    assert!(rang < 120, "all had rung before the suspension");
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(world.rings().await.len(), rang, "a suspended campaign called somebody");
    assert_eq!(counts["completed"].as_u64(), Some(rang as u64), "{counts:#}");
    world.change::<OutboundCampaign>("c", json!({ "suspend": false })).await;
    world.complete("c").await;
    world.rang_once_per_attempt(120, 1).await;
    world.end().await;
}
