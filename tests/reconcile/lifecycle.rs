//! From `kubectl apply` to `kubectl delete`, with nothing in the way.

use crate::world::{HOOKS, World, condition, eventually};
use serde_json::json;
use std::collections::BTreeSet;
use telnyx_operator::api::{CallControlApplication, OutboundVoiceProfile, Queue};
use telnyx_voice::{ConnectionId, ProfileId};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_applied_exists_at_the_api_and_what_is_deleted_does_not() {
    let world = World::with_account().await;
    // The application comes first, and waits for the profile that it refers to.
    world
        .application(
            "support",
            json!({ "active": true, "outbound": { "outboundVoiceProfileRef": { "name": "us" }, "channelLimit": 7 } }),
        )
        .await;
    let waiting = world.reason::<CallControlApplication>("support", "Ready", "ReferenceNotFound").await;
    assert_eq!(condition(&waiting, "Reconciling")["status"], "True");
    world
        .profile("us", json!({ "name": "US calls", "whitelistedDestinations": ["US"], "dailySpendLimit": "10" }))
        .await;
    world.queue("waiting-room", json!({ "maxSize": 40 })).await;

    let profile = world.ready::<OutboundVoiceProfile>("us").await;
    let application = world.ready::<CallControlApplication>("support").await;
    let queue = world.ready::<Queue>("waiting-room").await;
    for object in [&profile, &application, &queue] {
        assert_eq!(condition(object, "Synced")["reason"], "UpToDate");
        assert!(condition(object, "Stalled").is_null() && condition(object, "Reconciling").is_null());
    }

    let uid = application["metadata"]["uid"].as_str().unwrap();
    let id = application["status"]["id"].as_str().unwrap();
    let remote = world.telnyx.get_application(&ConnectionId::from(id)).await.unwrap();
    assert_eq!(remote.application_name.as_deref(), Some("support"));
    let url = format!("{HOOKS}/webhooks/{}/main/{uid}", world.namespace);
    assert_eq!(remote.webhook_event_url.as_deref(), Some(url.as_str()));
    assert_eq!(remote.webhook_api_version.unwrap().as_str(), "2");
    let outbound = remote.outbound.unwrap();
    assert_eq!(outbound.channel_limit, Some(7));
    assert_eq!(outbound.outbound_voice_profile_id.unwrap().as_str(), profile["status"]["id"].as_str().unwrap());
    assert_eq!(application["status"]["observed"]["application_name"], "support");
    assert_eq!(world.telnyx.get_queue("waiting-room").await.unwrap().max_size, Some(40));
    let id = profile["status"]["id"].as_str().unwrap();
    assert_eq!(
        world.telnyx.get_outbound_voice_profile(&ProfileId::from(id)).await.unwrap().name.as_deref(),
        Some("US calls")
    );
    world.event("support", "Created").await;

    world.delete::<CallControlApplication>("support").await;
    world.gone::<CallControlApplication>("support").await;
    world.delete::<OutboundVoiceProfile>("us").await;
    world.delete::<Queue>("waiting-room").await;
    world.gone::<OutboundVoiceProfile>("us").await;
    world.gone::<Queue>("waiting-room").await;
    for kind in ["call_control_applications", "outbound_voice_profiles", "queues"] {
        assert_eq!(world.remote(kind).await, 0, "{kind}");
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_costs_one_update_and_only_the_field_that_changed() {
    let world = World::with_account().await;
    world.application("support", json!({ "dtmfType": "RFC 2833", "inbound": { "channelLimit": 3 } })).await;
    let made = world.ready::<CallControlApplication>("support").await;
    let reads = world.requests("GET /call_control_applications/{id}").await;
    // Somebody sets what the spec leaves alone; an edit must not undo it.
    let id = ConnectionId::from(made["status"]["id"].as_str().unwrap());
    let elsewhere = telnyx_voice::ApplicationRequest::default()
        .application_name("support")
        .webhook_event_url(made["status"]["observed"]["webhook_event_url"].as_str().unwrap())
        .call_cost_in_webhooks(true);
    world.telnyx.update_application(&id, &elsewhere).await.unwrap();

    let updates = world.requests("PATCH /call_control_applications/{id}").await;
    world.application("support", json!({ "dtmfType": "Inband", "inbound": { "channelLimit": 3 } })).await;
    world.ready::<CallControlApplication>("support").await;
    let remote = world.telnyx.get_application(&id).await.unwrap();
    assert_eq!(remote.dtmf_type.unwrap().as_str(), "Inband");
    assert_eq!(remote.call_cost_in_webhooks, Some(true));
    assert_eq!(remote.inbound.unwrap().channel_limit, Some(3));
    assert_eq!(world.requests("PATCH /call_control_applications/{id}").await, updates + 1);
    assert_eq!(world.requests("GET /call_control_applications/{id}").await, reads + 1, "only this test's own read");
    world.event("support", "Updated").await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quiet_pass_writes_nothing_on_either_side() {
    let mut world = World::with_account().await;
    world.profile("us", json!({ "name": "US calls", "tags": ["sales"] })).await;
    world.queue("waiting-room", json!({})).await;
    for number in 0..5 {
        world
            .application(
                &format!("app-{number}"),
                json!({ "outbound": { "outboundVoiceProfileRef": { "name": "us" } } }),
            )
            .await;
    }
    for number in 0..5 {
        world.ready::<CallControlApplication>(&format!("app-{number}")).await;
    }
    world.ready::<Queue>("waiting-room").await;
    // Who waits in a queue is read a moment after it is there.
    world.until::<Queue>("waiting-room", "shows who waits", |queue| queue["status"]["occupancy"].is_object()).await;
    let versions = world.versions().await;
    stays_quiet(&world, &versions).await;

    // Nor does a restart write anything.
    world.stop_operator().await;
    world.start_operator().await;
    stays_quiet(&world, &versions).await;
    let metrics = world.scrape("/metrics").await;
    assert!(metrics.contains(r#"telnyx_operator_reconciles_total{kind="application",outcome="done"}"#), "{metrics}");
    assert_eq!(world.scrape("/readyz").await, "ok");
    world.end().await;
}

const LISTS: [&str; 3] = ["GET /call_control_applications", "GET /outbound_voice_profiles", "GET /queues"];

/// Through three resyncs of each kind in use, nothing but lists is asked, and nothing is written.
async fn stays_quiet(world: &World, versions: &BTreeSet<String>) {
    let before = world.counters().await["requests"].clone();
    for list in LISTS {
        let start = world.requests(list).await;
        eventually(&format!("three times {list}"), || async {
            let asked = world.requests(list).await - start;
            if asked >= 3 { Ok(()) } else { Err(asked.to_string()) }
        })
        .await;
    }
    let after = world.counters().await["requests"].clone();
    for (route, answers) in after.as_object().unwrap() {
        assert!(LISTS.contains(&route.as_str()) || before.get(route) == Some(answers), "{route} was asked: {answers}");
    }
    assert_eq!(&world.versions().await, versions, "nothing was written to the API server");
}

#[tokio::test(flavor = "multi_thread")]
async fn reconcile_now_reads_the_object_and_says_that_it_did() {
    let world = World::with_account().await;
    world.account(json!({ "resyncPeriodSecs": 3600 })).await;
    world.queue("waiting-room", json!({ "maxSize": 5 })).await;
    world.ready::<Queue>("waiting-room").await;
    let reads = world.requests("GET /queues/{queue_name}").await;
    world.annotate::<Queue>("waiting-room", "telnyx-operator.io/reconcile-requested-at", "token-1").await;
    world
        .until::<Queue>("waiting-room", "echoes the token", |queue| {
            queue["status"]["lastHandledReconcileAt"] == "token-1"
        })
        .await;
    assert_eq!(world.requests("GET /queues/{queue_name}").await, reads + 1);
    world.end().await;
}
