//! What others change at the API.

use crate::world::{QUIET, World, condition, eventually};
use serde_json::json;
use telnyx_operator::api::{CallControlApplication, Queue};
use telnyx_voice::{ApplicationRequest, ConnectionId, QueueUpdate};

async fn rename(world: &World, object: &serde_json::Value, name: &str) -> ConnectionId {
    let id = ConnectionId::from(object["status"]["id"].as_str().unwrap());
    let url = object["status"]["observed"]["webhook_event_url"].as_str().unwrap();
    let change = ApplicationRequest::default().application_name(name).webhook_event_url(url);
    world.telnyx.update_application(&id, &change).await.unwrap();
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn drift_is_put_right() {
    let world = World::with_account().await;
    world.application("support", json!({})).await;
    let object = world.ready::<CallControlApplication>("support").await;
    let id = rename(&world, &object, "hijacked").await;
    eventually("the name is back", || async {
        let name = world.telnyx.get_application(&id).await.unwrap().application_name.unwrap();
        if name == "support" { Ok(()) } else { Err(name) }
    })
    .await;
    world.event("support", "DriftCorrected").await;
    world.ready::<CallControlApplication>("support").await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn drift_is_reported_with_both_values_and_left_alone_when_another_field_is_edited() {
    let world = World::with_account().await;
    world.application("support", json!({ "driftPolicy": "Report", "active": true })).await;
    let object = world.ready::<CallControlApplication>("support").await;
    let id = rename(&world, &object, "renamed by hand").await;
    let reported = world.reason::<CallControlApplication>("support", "Synced", "DriftReported").await;
    assert_eq!(
        reported["status"]["drift"],
        json!([{ "path": "application_name", "desired": "support", "actual": "renamed by hand" }])
    );
    assert_eq!(condition(&reported, "Ready")["status"], "True");
    assert!(condition(&reported, "Synced")["message"].as_str().unwrap().contains("spec.applicationName"));
    let versions = world.versions().await;
    tokio::time::sleep(QUIET).await;
    assert_eq!(world.versions().await, versions, "reported once");
    let remote = world.telnyx.get_application(&id).await.unwrap();
    assert_eq!(remote.application_name.as_deref(), Some("renamed by hand"));

    world.application("support", json!({ "driftPolicy": "Report", "active": false })).await;
    let edited = world.reason::<CallControlApplication>("support", "Synced", "DriftReported").await;
    assert_eq!(edited["status"]["drift"], reported["status"]["drift"], "what had drifted before still has");
    let remote = world.telnyx.get_application(&id).await.unwrap();
    assert_eq!((remote.active, remote.application_name.as_deref()), (Some(false), Some("renamed by hand")));

    let named = json!({ "driftPolicy": "Report", "active": false, "applicationName": "Support" });
    world.application("support", named).await;
    let synced = world.reason::<CallControlApplication>("support", "Synced", "UpToDate").await;
    assert!(synced["status"]["drift"].as_array().is_none_or(Vec::is_empty));
    let remote = world.telnyx.get_application(&id).await.unwrap();
    assert_eq!(remote.application_name.as_deref(), Some("Support"), "an edit of the field itself is carried out");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_always_comes_back_is_put_right_ever_more_rarely_and_the_object_says_so() {
    const UPDATE: &str = "PATCH /call_control_applications/{id}";
    let world = World::with_account().await;
    world.application("support", json!({})).await;
    let object = world.ready::<CallControlApplication>("support").await;
    let id = object["status"]["id"].as_str().unwrap().into();
    // Somebody else's automation, as stubborn as ours: it changes the name whenever it is put right.
    let renamed = std::cell::Cell::new(0_u64);
    let fight = async || {
        let remote = world.telnyx.get_application(&id).await.unwrap();
        if remote.application_name.as_deref() == Some("support") {
            rename(&world, &object, "theirs").await;
            renamed.set(renamed.get() + 1);
        }
    };
    let told = eventually("it says that it gives way", || async {
        fight().await;
        let now = world.get::<CallControlApplication>("support").await;
        let synced = condition(&now, "Synced").clone();
        let says = synced["message"].as_str().is_some_and(|message| message.contains("ever more rarely"));
        if says { Ok(synced) } else { Err(synced.to_string()) }
    })
    .await;
    assert_eq!((told["status"].as_str(), told["reason"].as_str()), (Some("False"), Some("DriftReported")));
    assert!(told["message"].as_str().unwrap().contains("spec.applicationName"), "{told}");
    // At each resync of the stories it would be four updates or more in this time.
    let before = world.requests(UPDATE).await - renamed.get();
    let begun = std::time::Instant::now();
    while begun.elapsed() < QUIET {
        fight().await;
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let sent = world.requests(UPDATE).await - renamed.get() - before;
    assert!(sent <= 2, "{sent} updates");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_vanished_is_made_again() {
    let world = World::with_account().await;
    world.queue("waiting-room", json!({ "maxSize": 12 })).await;
    world.ready::<Queue>("waiting-room").await;
    world.telnyx.delete_queue("waiting-room").await.unwrap();
    eventually("the queue is back", || async {
        world.telnyx.get_queue("waiting-room").await.map_err(|error| error.to_string())
    })
    .await;
    world.event("waiting-room", "Recreated").await;
    // Back with other settings is drift like any other.
    world.telnyx.update_queue("waiting-room", &QueueUpdate { max_size: Some(99) }).await.unwrap();
    eventually("the size is back", || async {
        let size = world.telnyx.get_queue("waiting-room").await.unwrap().max_size;
        if size == Some(12) { Ok(()) } else { Err(format!("{size:?}")) }
    })
    .await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_object_is_left_alone_until_it_is_resumed() {
    let world = World::with_account().await;
    world.application("support", json!({ "suspend": true })).await;
    let suspended = world.reason::<CallControlApplication>("support", "Ready", "Suspended").await;
    assert_eq!(condition(&suspended, "Synced")["status"], "Unknown");
    assert_eq!(world.remote("call_control_applications").await, 0);

    world.application("support", json!({})).await;
    let object = world.ready::<CallControlApplication>("support").await;
    world.application("support", json!({ "suspend": true })).await;
    world.reason::<CallControlApplication>("support", "Synced", "Suspended").await;
    let id = rename(&world, &object, "renamed by hand").await;
    tokio::time::sleep(QUIET).await;
    let remote = world.telnyx.get_application(&id).await.unwrap();
    assert_eq!(remote.application_name.as_deref(), Some("renamed by hand"));
    // Deletion is a wish of its own.
    world.delete::<CallControlApplication>("support").await;
    world.gone::<CallControlApplication>("support").await;
    assert_eq!(world.remote("call_control_applications").await, 0);
    world.end().await;
}
