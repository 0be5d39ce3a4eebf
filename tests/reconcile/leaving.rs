//! Deletion in every order.

use crate::world::{KEY, World, condition, eventually};
use k8s_openapi::api::core::v1::Secret;
use kube::api::PostParams;
use serde_json::{Value, json};
use telnyx_operator::api::{CallControlApplication, OutboundVoiceProfile, Queue, TelnyxAccount};

/// The finalizer on Secrets that an account needs.
const IN_USE: &str = "telnyx-operator.io/in-use";

async fn one_of_each(world: &World) {
    world.profile("us-calls", json!({})).await;
    world.queue("waiting-room", json!({})).await;
    world.application("support", json!({ "outbound": { "outboundVoiceProfileRef": { "name": "us-calls" } } })).await;
    world.ready::<OutboundVoiceProfile>("us-calls").await;
    world.ready::<Queue>("waiting-room").await;
    world.ready::<CallControlApplication>("support").await;
}

/// The account `second`, with all that `main` has.
async fn second_account(world: &World) {
    let second = json!({ "metadata": { "name": "second" }, "spec": world.get::<TelnyxAccount>("main").await["spec"] });
    let second: TelnyxAccount = serde_json::from_value(second).unwrap();
    world.api::<TelnyxAccount>().create(&PostParams::default(), &second).await.unwrap();
    world.ready::<TelnyxAccount>("second").await;
}

async fn nothing_is_left(world: &World) {
    for kind in ["call_control_applications", "outbound_voice_profiles", "queues"] {
        assert_eq!(world.remote(kind).await, 0, "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_deleted_whole_goes_and_leaves_nothing_behind() {
    let world = World::with_account().await;
    one_of_each(&world).await;
    world.delete_namespace().await;
    nothing_is_left(&world).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_that_starts_anew_in_a_namespace_on_its_way_out_still_has_the_key_and_leaves_nothing_behind() {
    let mut world = World::with_account().await;
    world.secret("hooks", world.simulator.public_key_base64()).await;
    let from_secret = json!({ "name": "hooks", "key": "api-key" });
    world.account(json!({ "webhookPublicKey": null, "webhookPublicKeySecretRef": from_secret })).await;
    world.ready::<TelnyxAccount>("main").await;
    one_of_each(&world).await;
    world.stop_operator().await;
    world.ask_for_deletion_of_namespace().await;
    let is_leaving = |object: &Value| object["metadata"]["deletionTimestamp"].is_string();
    world.until::<TelnyxAccount>("main", "is being deleted", is_leaving).await;
    for secret in ["telnyx", "hooks"] {
        world.until::<Secret>(secret, "is being deleted", is_leaving).await;
    }
    world.start_operator().await;
    world.delete_namespace().await;
    nothing_is_left(&world).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_goes_lets_go_of_its_secret_unless_another_needs_it() {
    let world = World::with_account().await;
    let held = async || world.get::<Secret>("telnyx").await["metadata"]["finalizers"].clone();
    assert_eq!(held().await, json!([IN_USE]));
    second_account(&world).await;
    world.delete::<TelnyxAccount>("main").await;
    world.gone::<TelnyxAccount>("main").await;
    assert_eq!(held().await, json!([IN_USE]), "the second needs it");
    world.delete::<TelnyxAccount>("second").await;
    world.gone::<TelnyxAccount>("second").await;
    assert!(held().await.is_null());
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_is_being_deleted_goes_with_the_account_that_goes_whoever_else_names_it() {
    let world = World::with_account().await;
    world.queue("waiting-room", json!({})).await;
    world.ready::<Queue>("waiting-room").await;
    second_account(&world).await;
    world.delete::<TelnyxAccount>("main").await;
    world.reason::<TelnyxAccount>("main", "Ready", "InUse").await;
    world.delete::<Secret>("telnyx").await;
    world.delete::<Queue>("waiting-room").await;
    world.gone::<TelnyxAccount>("main").await;
    world.gone::<Secret>("telnyx").await;
    world.reason::<TelnyxAccount>("second", "Ready", "SecretNotFound").await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_no_account_names_any_more_goes_when_it_is_deleted() {
    let world = World::with_account().await;
    world.secret("other", KEY).await;
    world.account(json!({ "apiKeySecretRef": { "name": "other", "key": "api-key" } })).await;
    world.until::<Secret>("other", "is held", |secret| secret["metadata"]["finalizers"] == json!([IN_USE])).await;
    world.delete::<Secret>("telnyx").await;
    world.gone::<Secret>("telnyx").await;
    world.ready::<TelnyxAccount>("main").await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_deleted_before_its_users_stays_until_they_are_gone() {
    let world = World::with_account().await;
    one_of_each(&world).await;
    world.delete::<TelnyxAccount>("main").await;
    let account = world.reason::<TelnyxAccount>("main", "Ready", "InUse").await;
    assert!(condition(&account, "Ready")["message"].as_str().unwrap().contains("deleted first"));
    world.delete::<CallControlApplication>("support").await;
    world.delete::<Queue>("waiting-room").await;
    world.delete::<OutboundVoiceProfile>("us-calls").await;
    world.gone::<TelnyxAccount>("main").await;
    nothing_is_left(&world).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_without_the_secret_waits_unless_told_to_let_go() {
    let mut world = World::with_account().await;
    one_of_each(&world).await;
    world.delete::<Secret>("telnyx").await;
    world.gone::<Secret>("telnyx").await;
    world.stop_operator().await;
    world.start_operator().await;
    world.delete::<Queue>("waiting-room").await;
    let waiting = world.reason::<Queue>("waiting-room", "Ready", "AccountNotReady").await;
    let message = condition(&waiting, "Ready")["message"].as_str().unwrap();
    assert!(message.contains("telnyx-operator.io/force-release"), "{message}");
    world.annotate::<Queue>("waiting-room", "telnyx-operator.io/force-release", "true").await;
    world.gone::<Queue>("waiting-room").await;
    world.event("waiting-room", "Released").await;
    assert_eq!(world.remote("queues").await, 1, "it was left behind, as asked");
    // With the account on its way out, nothing can bring the key back: the rest is let go by itself.
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_whose_account_was_torn_away_is_let_go() {
    let mut world = World::with_account().await;
    world.queue("waiting-room", json!({})).await;
    world.ready::<Queue>("waiting-room").await;
    world.stop_operator().await;
    let accounts = world.api::<TelnyxAccount>();
    let patch = kube::api::Patch::Merge(json!({ "metadata": { "finalizers": null } }));
    accounts.patch("main", &kube::api::PatchParams::default(), &patch).await.unwrap();
    world.delete::<TelnyxAccount>("main").await;
    world.gone::<TelnyxAccount>("main").await;
    world.start_operator().await;
    world.delete::<Queue>("waiting-room").await;
    world.gone::<Queue>("waiting-room").await;
    world.event("waiting-room", "Released").await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_with_calls_in_it_is_deleted_once_it_is_empty() {
    let world = World::with_account().await;
    world.queue("waiting-room", json!({})).await;
    world.ready::<Queue>("waiting-room").await;
    let full = json!({ "refuse": { "status": 400, "code": "90050" } });
    world.fault(json!({ "scope": { "route": "DELETE /queues/{queue_name}" }, "effect": full })).await;
    world.delete::<Queue>("waiting-room").await;
    let waiting = world.reason::<Queue>("waiting-room", "Ready", "Draining").await;
    assert!(condition(&waiting, "Ready")["message"].as_str().unwrap().contains("calls still wait"));
    world.no_more_faults().await;
    world.gone::<Queue>("waiting-room").await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_is_gone_at_the_api_already_just_goes() {
    let world = World::with_account().await;
    world.account(json!({ "resyncPeriodSecs": 3600 })).await;
    world.queue("waiting-room", json!({})).await;
    world.ready::<Queue>("waiting-room").await;
    world.telnyx.delete_queue("waiting-room").await.unwrap();
    world.delete::<Queue>("waiting-room").await;
    world.gone::<Queue>("waiting-room").await;
    eventually("no queue is left", || async {
        let left = world.remote("queues").await;
        if left == 0 { Ok(()) } else { Err(left.to_string()) }
    })
    .await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_that_is_stopped_while_it_starts_ends() {
    let mut world = World::new().await;
    world.stop_operator().await;
    world.start_operator().await;
    world.end().await;
}
