//! The API says no, or nothing.

use crate::world::{World, condition, eventually};
use serde_json::json;
use telnyx_operator::api::{CallControlApplication, OutboundVoiceProfile, TelnyxAccount};

#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_the_api_refuses_is_named_and_its_correction_goes_through_at_once() {
    let world = World::with_account().await;
    // A well-formed id of no profile: only the API can know.
    let spec = json!({ "outbound": { "outboundVoiceProfileId": "999999999" } });
    world.application("support", spec).await;
    let object = world.reason::<CallControlApplication>("support", "Stalled", "InvalidSpec").await;
    let message = condition(&object, "Stalled")["message"].as_str().unwrap();
    assert!(message.contains("spec.outbound.outboundVoiceProfileId"), "{message}");
    assert_eq!(condition(&object, "Ready")["status"], "False");
    world.event("support", "InvalidSpec").await;

    world.application("support", json!({})).await;
    let fixed = world.ready::<CallControlApplication>("support").await;
    assert!(condition(&fixed, "Stalled").is_null());
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_is_waited_out() {
    let world = World::with_account().await;
    let outage = json!({ "refuse": { "status": 503, "code": "10007" } });
    world.fault(json!({ "scope": { "route": "POST /call_control_applications" }, "effect": outage })).await;
    world.application("support", json!({})).await;
    let object = world.until::<CallControlApplication>("support", "tells of the outage", |object| {
        ["FateUnknown", "ApiUnavailable"].iter().any(|reason| condition(object, "Ready")["reason"] == *reason)
    });
    let object = object.await;
    assert_eq!(condition(&object, "Reconciling")["status"], "True");
    assert!(condition(&object, "Stalled").is_null(), "nobody needs to act");
    world.no_more_faults().await;
    world.ready::<CallControlApplication>("support").await;
    assert_eq!(world.remote("call_control_applications").await, 1);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_does_not_unready_what_is_ready() {
    let world = World::with_account().await;
    world.application("support", json!({})).await;
    let ready = world.ready::<CallControlApplication>("support").await;
    let outage = json!({ "refuse": { "status": 500, "code": "10007" } });
    world.fault(json!({ "scope": { "route": "PATCH /call_control_applications/{id}" }, "effect": outage })).await;
    world.application("support", json!({ "active": false })).await;
    let edited = world.reason::<CallControlApplication>("support", "Ready", "ApiUnavailable").await;
    assert_eq!(edited["status"]["id"], ready["status"]["id"]);
    world.no_more_faults().await;
    world.ready::<CallControlApplication>("support").await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_requests_are_waited_out() {
    let world = World::with_account().await;
    let busy = json!({ "refuse": { "status": 429, "code": "10011" } });
    world.fault(json!({ "scope": { "route": "POST /call_control_applications" }, "times": 4, "effect": busy })).await;
    for number in 0..3 {
        world.application(&format!("app-{number}"), json!({})).await;
    }
    for number in 0..3 {
        world.ready::<CallControlApplication>(&format!("app-{number}")).await;
    }
    assert_eq!(world.remote("call_control_applications").await, 3);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_without_a_public_address_needs_one_in_each_application() {
    let world = World::with_account().await;
    world.account(json!({ "webhookBaseUrl": null })).await;
    world.ready::<TelnyxAccount>("main").await;
    world.application("support", json!({})).await;
    let object = world.reason::<CallControlApplication>("support", "Stalled", "InvalidSpec").await;
    let message = condition(&object, "Stalled")["message"].as_str().unwrap();
    assert!(message.contains("spec.webhookEventUrl"), "{message}");
    // The account's own correction wakes the application.
    world.account(json!({})).await;
    world.ready::<CallControlApplication>("support").await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_vanishes_under_an_edit_is_made_again() {
    let world = World::with_account().await;
    world.account(json!({ "resyncPeriodSecs": 3600 })).await;
    world.profile("us-calls", json!({})).await;
    let object = world.ready::<OutboundVoiceProfile>("us-calls").await;
    let id = telnyx_voice::ProfileId::from(object["status"]["id"].as_str().unwrap());
    world.telnyx.delete_outbound_voice_profile(&id).await.unwrap();
    world.profile("us-calls", json!({ "enabled": true, "maxDestinationRate": 0.5 })).await;
    eventually("it has another id", || async {
        let now = world.get::<OutboundVoiceProfile>("us-calls").await["status"]["id"].clone();
        if now == object["status"]["id"] { Err(now.to_string()) } else { Ok(()) }
    })
    .await;
    world.ready::<OutboundVoiceProfile>("us-calls").await;
    assert_eq!(world.remote("outbound_voice_profiles").await, 1);
    world.end().await;
}
