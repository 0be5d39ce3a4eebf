//! Whose a remote object is.

use crate::world::{QUIET, World, condition, eventually};
use serde_json::json;
use telnyx_operator::api::{CallControlApplication, Queue};
use telnyx_voice::{ApplicationRequest, ConnectionId, QueueRequest};

async fn made_by_hand(world: &World, name: &str) -> ConnectionId {
    let request = ApplicationRequest::default()
        .application_name(name)
        .webhook_event_url("https://old.example.com/hook")
        .first_command_timeout_secs(77);
    world.telnyx.create_application(&request).await.unwrap().id.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_takes_over_what_exists_and_makes_nothing() {
    let world = World::with_account().await;
    let id = made_by_hand(&world, "legacy").await;
    let creates = world.requests("POST /call_control_applications").await;
    world.application("legacy", json!({ "import": { "id": id.as_str() } })).await;
    let object = world.ready::<CallControlApplication>("legacy").await;
    assert_eq!(object["status"]["id"], id.as_str());
    assert_eq!(world.requests("POST /call_control_applications").await, creates);
    let remote = world.telnyx.get_application(&id).await.unwrap();
    assert_eq!(remote.first_command_timeout_secs, Some(77), "what the spec does not set stays");
    assert!(remote.webhook_event_url.unwrap().contains("/webhooks/"), "what it sets is written");
    world.event("legacy", "Adopted").await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_of_nothing_says_so_and_never_makes_one() {
    let world = World::with_account().await;
    world.application("legacy", json!({ "import": { "id": "1234567890" } })).await;
    let object = world.reason::<CallControlApplication>("legacy", "Stalled", "RemoteNotFound").await;
    assert!(condition(&object, "Stalled")["message"].as_str().unwrap().contains("spec.import.id"));
    assert_eq!(world.remote("call_control_applications").await, 0);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_observer_reads_and_never_writes() {
    let world = World::with_account().await;
    let id = made_by_hand(&world, "theirs").await;
    let spec = json!({ "import": { "id": id.as_str() }, "managementPolicy": "ObserveOnly", "active": false });
    world.application("theirs", spec).await;
    let object = world.reason::<CallControlApplication>("theirs", "Synced", "DriftReported").await;
    assert_eq!(object["status"]["observed"]["first_command_timeout_secs"], 77);
    assert!(object["metadata"]["finalizers"].is_null(), "nothing would have to be cleaned up");
    world.delete::<CallControlApplication>("theirs").await;
    world.gone::<CallControlApplication>("theirs").await;
    let remote = world.telnyx.get_application(&id).await.unwrap();
    assert_eq!(
        (remote.active, remote.webhook_event_url.as_deref()),
        (Some(true), Some("https://old.example.com/hook"))
    );
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn adoption_by_name_takes_the_only_namesake_and_refuses_to_guess() {
    let world = World::with_account().await;
    let id = made_by_hand(&world, "support line").await;
    let spec = json!({ "applicationName": "support line", "adoptionPolicy": "AdoptByName" });
    world.application("support", spec).await;
    assert_eq!(world.ready::<CallControlApplication>("support").await["status"]["id"], id.as_str());

    made_by_hand(&world, "twin").await;
    made_by_hand(&world, "twin").await;
    world.application("twin", json!({ "adoptionPolicy": "AdoptByName" })).await;
    let object = world.reason::<CallControlApplication>("twin", "Stalled", "NameTaken").await;
    assert!(condition(&object, "Stalled")["message"].as_str().unwrap().contains("spec.import.id"));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_somebody_else_made_is_taken_over_only_when_asked() {
    let world = World::with_account().await;
    let theirs = QueueRequest::default().queue_name("shared").max_size(5);
    world.telnyx.create_queue(&theirs).await.unwrap();
    world.queue("shared", json!({ "maxSize": 50 })).await;
    let object = world.reason::<Queue>("shared", "Stalled", "NameTaken").await;
    assert!(condition(&object, "Stalled")["message"].as_str().unwrap().contains("AdoptByName"));
    assert_eq!(world.telnyx.get_queue("shared").await.unwrap().max_size, Some(5));
    world.delete::<Queue>("shared").await;
    world.gone::<Queue>("shared").await;
    assert_eq!(world.remote("queues").await, 1, "what was never ours is not deleted");

    world.queue("shared", json!({ "maxSize": 50, "adoptionPolicy": "AdoptByName" })).await;
    world.ready::<Queue>("shared").await;
    assert_eq!(world.telnyx.get_queue("shared").await.unwrap().max_size, Some(50));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_to_claim_a_remote_object_is_refused_until_the_first_lets_go() {
    let mut world = World::with_account().await;
    let id = made_by_hand(&world, "wanted").await;
    let spec = json!({ "import": { "id": id.as_str() }, "deletionPolicy": "Retain" });
    world.application("first", spec.clone()).await;
    world.ready::<CallControlApplication>("first").await;
    world.application("second", spec).await;
    let object = world.reason::<CallControlApplication>("second", "Stalled", "Conflict").await;
    let message = condition(&object, "Stalled")["message"].as_str().unwrap();
    assert!(message.contains(&format!("{}/first", world.namespace)), "{message}");

    // The order of claims outlives a restart.
    world.stop_operator().await;
    world.start_operator().await;
    tokio::time::sleep(QUIET).await;
    world.ready::<CallControlApplication>("first").await;
    world.reason::<CallControlApplication>("second", "Stalled", "Conflict").await;

    world.delete::<CallControlApplication>("first").await;
    world.gone::<CallControlApplication>("first").await;
    world.ready::<CallControlApplication>("second").await;
    assert_eq!(world.remote("call_control_applications").await, 1);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_to_be_retained_outlives_its_object() {
    let world = World::with_account().await;
    world.application("support", json!({ "deletionPolicy": "Retain" })).await;
    let object = world.ready::<CallControlApplication>("support").await;
    world.delete::<CallControlApplication>("support").await;
    world.gone::<CallControlApplication>("support").await;
    assert_eq!(world.remote("call_control_applications").await, 1);

    // Applied again, it is found by its name when that is asked for, though its address bears the old UID.
    world.application("support", json!({ "adoptionPolicy": "AdoptByName" })).await;
    let again = world.ready::<CallControlApplication>("support").await;
    assert_eq!(again["status"]["id"], object["status"]["id"]);
    eventually("the address bears the new UID", || async {
        let id = ConnectionId::from(again["status"]["id"].as_str().unwrap());
        let url = world.telnyx.get_application(&id).await.unwrap().webhook_event_url.unwrap();
        if url.ends_with(again["metadata"]["uid"].as_str().unwrap()) { Ok(()) } else { Err(url) }
    })
    .await;
    world.end().await;
}
