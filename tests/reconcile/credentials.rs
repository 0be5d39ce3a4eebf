//! Keys that are missing, wrong, revoked or replaced.

use crate::world::{KEY, World, condition, eventually};
use k8s_openapi::api::core::v1::Secret;
use serde_json::json;
use telnyx_operator::api::{CallControlApplication, Queue, TelnyxAccount};

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_secret_is_waited_for_and_used_when_it_comes() {
    let world = World::new().await;
    world.account(json!({})).await;
    world.application("support", json!({})).await;
    let account = world.reason::<TelnyxAccount>("main", "Ready", "SecretNotFound").await;
    assert!(condition(&account, "Ready")["message"].as_str().unwrap().contains("api-key"));
    world.reason::<CallControlApplication>("support", "Ready", "AccountNotReady").await;
    world.secret("telnyx", KEY).await;
    world.ready::<TelnyxAccount>("main").await;
    world.ready::<CallControlApplication>("support").await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_key_is_told_once_on_the_account_and_the_right_one_works_at_once() {
    let world = World::new().await;
    world.secret("telnyx", "KEYwrong").await;
    world.account(json!({})).await;
    let account = world.reason::<TelnyxAccount>("main", "Stalled", "CredentialsInvalid").await;
    assert!(!account.to_string().contains("KEYwrong"));
    for number in 0..5 {
        world.application(&format!("app-{number}"), json!({})).await;
    }
    for number in 0..5 {
        let name = format!("app-{number}");
        let waiting = world.reason::<CallControlApplication>(&name, "Ready", "AccountNotReady").await;
        assert!(condition(&waiting, "Stalled").is_null());
    }
    assert_eq!(world.requests("POST /call_control_applications").await, 0, "no user tried the key on its own");
    world.secret("telnyx", KEY).await;
    for number in 0..5 {
        world.ready::<CallControlApplication>(&format!("app-{number}")).await;
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_key_stops_the_account_and_a_new_one_starts_it_without_a_restart() {
    let world = World::with_account().await;
    world.application("support", json!({})).await;
    world.ready::<CallControlApplication>("support").await;
    world.keys(json!({ "revoke": [KEY], "accept": ["KEYnew"] })).await;
    world.reason::<TelnyxAccount>("main", "Stalled", "CredentialsInvalid").await;
    world.queue("later", json!({})).await;
    world.reason::<Queue>("later", "Ready", "AccountNotReady").await;
    let object = world.get::<CallControlApplication>("support").await;
    assert_eq!(condition(&object, "Ready")["status"], "True", "it has not stopped existing");
    world.secret("telnyx", "KEYnew").await;
    world.ready::<TelnyxAccount>("main").await;
    world.ready::<Queue>("later").await;
    world.ready::<CallControlApplication>("support").await;
    assert_eq!(world.remote("call_control_applications").await, 1);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_without_the_named_key_is_named() {
    let world = World::with_account().await;
    world.account(json!({ "apiKeySecretRef": { "name": "telnyx", "key": "token" } })).await;
    let account = world.reason::<TelnyxAccount>("main", "Stalled", "SecretInvalid").await;
    let message = condition(&account, "Stalled")["message"].as_str().unwrap();
    assert!(message.contains("telnyx") && message.contains("token"), "{message}");
    world.account(json!({})).await;
    world.ready::<TelnyxAccount>("main").await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_public_key_that_is_none_is_named_with_its_field_and_a_corrected_secret_is_picked_up() {
    let world = World::with_account().await;
    world.secret("hooks", "not base64!").await;
    let from_secret = json!({ "name": "hooks", "key": "api-key" });
    world.account(json!({ "webhookPublicKey": null, "webhookPublicKeySecretRef": from_secret })).await;
    let account = world.reason::<TelnyxAccount>("main", "Stalled", "SecretInvalid").await;
    let message = condition(&account, "Stalled")["message"].as_str().unwrap();
    assert!(message.contains("spec.webhookPublicKeySecretRef") && message.contains("base64"), "{message}");
    world.secret("hooks", world.simulator.public_key_base64()).await;
    world.ready::<TelnyxAccount>("main").await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_secret_stops_edits_but_not_deletions() {
    let world = World::with_account().await;
    world.application("support", json!({})).await;
    world.ready::<CallControlApplication>("support").await;
    world.delete::<Secret>("telnyx").await;
    world.reason::<TelnyxAccount>("main", "Ready", "SecretNotFound").await;
    world.application("support", json!({ "active": false })).await;
    world.reason::<CallControlApplication>("support", "Ready", "AccountNotReady").await;
    world.delete::<CallControlApplication>("support").await;
    world.gone::<CallControlApplication>("support").await;
    eventually("it is gone at the API", || async {
        let left = world.remote("call_control_applications").await;
        if left == 0 { Ok(()) } else { Err(left.to_string()) }
    })
    .await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_does_not_exist_is_waited_for() {
    let world = World::new().await;
    world.application("support", json!({})).await;
    world.reason::<CallControlApplication>("support", "Ready", "AccountNotFound").await;
    world.secret("telnyx", KEY).await;
    world.account(json!({})).await;
    world.ready::<CallControlApplication>("support").await;
    world.end().await;
}
