//! No phone rings twice for one attempt, and no target is lost: whatever is killed, dropped or repeated.

use std::time::Duration;

use serde_json::json;
use telnyx_operator::api::OutboundCampaign;
use telnyx_simulator::config::Spread;

use crate::world::{World, people};

#[tokio::test]
async fn killed_at_many_moments_the_campaign_ends_and_nobody_is_called_twice() {
    let mut world = World::new(|behaviour| behaviour.callees.person.patience_ms = Spread::Fixed(600_000)).await;
    world.list(&people(150)).await;
    world.campaign("c", json!({ "pacing": { "dialsPerSecond": 25, "maxConcurrentCalls": 100 } })).await;
    // Dialing begins five seconds after a start, or later on a busy machine: killed once before that, and then after a life's first call.
    tokio::time::sleep(Duration::from_millis(700)).await;
    world.kill_operator().await;
    for millis in [0, 50, 200, 500, 900, 1_400] {
        world.start_operator();
        let before = world.rings().await.len();
        world
            .eventually("another phone rings, or all have", async || {
                let rang = world.rings().await.len();
                if rang > before || rang == 150 { Ok(()) } else { Err(rang.to_string()) }
            })
            .await;
        tokio::time::sleep(Duration::from_millis(millis)).await;
        world.kill_operator().await;
    }
    world.start_operator();
    let campaign = world.complete("c").await;
    let counts = &campaign["status"]["counts"];
    assert_eq!(counts["ambiguous"], 0, "every call could be looked up: {counts:#}");
    // As if nothing had happened: people listen for as long as it takes.
    assert_eq!((&counts["total"], &counts["completed"]), (&json!(150), &json!(150)), "{:#}", campaign["status"]);
    world.rang_once_per_attempt(150, 1).await;
    world.end().await;
}

#[tokio::test]
async fn a_dial_that_is_answered_after_the_patience_for_it_rings_once_and_the_call_is_found() {
    let world = World::new(|_| {}).await;
    let late = json!({ "delayResponse": { "ms": 15_000 } });
    world.fault(json!({ "scope": { "route": "POST /calls" }, "times": 2, "effect": late })).await;
    world.list(&people(4)).await;
    world.campaign("c", json!({})).await;
    let campaign = world.complete("c").await;
    assert_eq!(campaign["status"]["counts"]["completed"], 4, "{:#}", campaign["status"]);
    world.rang_once_per_attempt(4, 1).await;
    world.end().await;
}

#[tokio::test]
async fn a_lost_answer_to_a_dial_rings_once_and_the_call_is_found() {
    let world = World::new(|_| {}).await;
    world.fault(json!({ "scope": { "route": "POST /calls" }, "probability": 0.3, "effect": "dropResponse" })).await;
    world.fault(json!({ "scope": { "route": "POST /calls" }, "probability": 0.2, "effect": "dropRequest" })).await;
    world.fault(json!({ "scope": { "route": "POST /calls" }, "probability": 0.1, "effect": "emptyData" })).await;
    world.list(&people(60)).await;
    world.campaign("c", json!({})).await;
    let campaign = world.complete("c").await;
    assert_eq!(campaign["status"]["counts"]["completed"], 60, "{:#}", campaign["status"]);
    world.rang_once_per_attempt(60, 1).await;
    world.end().await;
}

#[tokio::test]
async fn with_every_webhook_lost_every_attempt_still_ends() {
    let world = World::new(|behaviour| {
        behaviour.callees.person.patience_ms = Spread::between(1000, 3000);
    })
    .await;
    world.fault(json!({ "effect": "dropWebhook" })).await;
    world.list(&people(20)).await;
    world.campaign("c", json!({ "ringTimeoutSecs": 15, "maxCallSecs": 60 })).await;
    let campaign = world.complete("c").await;
    assert_eq!(campaign["status"]["counts"]["ambiguous"], 0, "{:#}", campaign["status"]);
    world.rang_once_per_attempt(20, 1).await;
    world.end().await;
}

#[tokio::test]
async fn repeated_late_and_reordered_webhooks_change_nothing() {
    let world = World::new(|_| {}).await;
    world.fault(json!({ "probability": 0.3, "effect": { "duplicateWebhook": { "copies": 3 } } })).await;
    world.fault(json!({ "probability": 0.2, "effect": { "reorderWebhook": { "withinMs": 800 } } })).await;
    world
        .fault(json!({ "probability": 0.2, "effect": { "delayWebhook": { "ms": { "min": 200, "max": 1500 } } } }))
        .await;
    world.list(&people(80)).await;
    world.campaign("c", json!({})).await;
    let campaign = world.complete("c").await;
    assert_eq!(campaign["status"]["counts"]["total"], 80);
    world.rang_once_per_attempt(80, 1).await;
    world.end().await;
}

#[tokio::test]
async fn stopped_in_an_orderly_way_nothing_is_left_to_look_up() {
    let mut world = World::new(|_| {}).await;
    world.list(&people(60)).await;
    world.campaign("c", json!({ "pacing": { "dialsPerSecond": 20, "maxConcurrentCalls": 100 } })).await;
    world
        .until::<OutboundCampaign>("c", "has called some", |campaign| {
            campaign["status"]["counts"]["completed"].as_u64() > Some(5)
        })
        .await;
    world.terminate_operator().await;
    world.start_operator();
    world.complete("c").await;
    world.rang_once_per_attempt(60, 1).await;
    world.end().await;
}
