//! The account is blocked, or its key revoked, while a campaign dials.

use k8s_openapi::api::core::v1::Secret;
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};
use telnyx_operator::api::OutboundCampaign;

use crate::stage::KEY;
use crate::world::{World, condition, people};

#[tokio::test]
async fn a_key_that_is_revoked_while_a_campaign_dials_costs_no_attempt_and_with_a_new_one_everybody_is_called() {
    let world = World::new(|_| {}).await;
    world.list(&people(80)).await;
    world.campaign("c", json!({ "pacing": { "dialsPerSecond": 5, "maxConcurrentCalls": 100 } })).await;
    world
        .eventually("some phones have rung", async || match world.rings().await.len() {
            0..10 => Err("not yet".to_owned()),
            _ => Ok(()),
        })
        .await;
    world.post("/keys", json!({ "revoke": [KEY], "accept": ["KEYnew"] })).await;
    let stopped = world
        .until::<OutboundCampaign>("c", "says that it cannot call", |campaign| {
            condition(campaign, "Ready")["status"] == "False"
        })
        .await;
    let reason = condition(&stopped, "Ready")["reason"].clone();
    assert!(["ConfigRefused", "AccountNotReady"].contains(&reason.as_str().unwrap()), "{:#}", stopped["status"]);
    assert!(!stopped.to_string().contains(KEY));
    let rang = world.rings().await.len();
    assert!(rang < 80, "it was stopped half way");
    let waiting = |state: &Value| state["state"] == "Pending";
    let states = world.target_states().await;
    let cost: Vec<&Value> = states.values().filter(|state| waiting(state) && !state["attempts"].is_null()).collect();
    assert!(cost.is_empty(), "a refused call used up an attempt: {cost:#?}");
    let key = json!({ "stringData": { "apiKey": "KEYnew" } });
    world.api::<Secret>().patch("telnyx", &PatchParams::default(), &Patch::Merge(key)).await.unwrap();
    world.complete("c").await;
    world.rang_once_per_attempt(80, 1).await;
    world.end().await;
}
