//! No phone rings twice for one attempt, and no target is lost: whatever is killed, dropped or repeated.

use serde_json::json;
use telnyx_simulator::config::Spread;

use crate::world::{World, people};

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
