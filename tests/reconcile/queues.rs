//! Who waits in a queue: shown while they wait, and in the way of its deletion.

use crate::world::{KEY, World, condition, eventually};
use serde_json::{Value, json};
use telnyx_operator::api::{CallControlApplication, OutboundVoiceProfile, Queue};
use telnyx_simulator::config::{Config, Outcome, Shares, Spread};
use telnyx_voice::{CallControlId, ConnectionId, DialRequest, HangupRequest, PhoneNumber};

/// Everybody answers at once and waits for as long as it takes.
pub(crate) fn patient(behaviour: &mut Config) {
    behaviour.callees.shares = Shares::only(Outcome::Person);
    behaviour.callees.initiated_after_ms = Spread::between(5, 20);
    behaviour.callees.ring_ms = Spread::between(20, 50);
    behaviour.callees.person.patience_ms = Spread::between(3_600_000, 3_600_000);
}

/// A queue and an application whose calls can enter it.
async fn waiting_room() -> (World, ConnectionId) {
    let world = World::with_account_on(patient).await;
    world.profile("us-calls", json!({})).await;
    world.ready::<OutboundVoiceProfile>("us-calls").await;
    world.application("support", json!({ "outbound": { "outboundVoiceProfileRef": { "name": "us-calls" } } })).await;
    let application = world.ready::<CallControlApplication>("support").await;
    world.queue("waiting-room", json!({ "maxSize": 30 })).await;
    world.ready::<Queue>("waiting-room").await;
    (world, ConnectionId::from(application["status"]["id"].as_str().unwrap()))
}

/// Dials somebody and puts them into the queue once they have answered.
async fn enqueued(world: &World, connection: &ConnectionId, number: u32) -> CallControlId {
    let parse = |text: String| PhoneNumber::parse(&text).unwrap();
    let (from, to) = (parse("+12025550199".to_owned()), parse(format!("+1312555{number:04}")));
    let call = world.telnyx.dial(&DialRequest::new(connection, &from, &to)).await.unwrap();
    let id = call.call_control_id.unwrap();
    let url = format!("{}/calls/{}/actions/enqueue", world.simulator.base_url(), id.as_str());
    eventually("the call has answered and waits", || async {
        let body = json!({ "queue_name": "waiting-room", "keep_after_hangup": number == 7 });
        let answer = reqwest::Client::new().post(&url).bearer_auth(KEY).json(&body).send().await.unwrap();
        if answer.status().is_success() { Ok(()) } else { Err(answer.text().await.unwrap()) }
    })
    .await;
    id
}

fn size(queue: &Value) -> &Value {
    &queue["status"]["occupancy"]["currentSize"]
}

#[tokio::test(flavor = "multi_thread")]
async fn status_shows_who_waits_and_no_number() {
    let (world, connection) = waiting_room().await;
    let empty = world.until::<Queue>("waiting-room", "is empty", |queue| size(queue) == 0).await;
    assert!(empty["status"]["occupancy"]["oldestEnqueuedAt"].is_null());
    let first = enqueued(&world, &connection, 1).await;
    let second = enqueued(&world, &connection, 2).await;
    let queue = world.until::<Queue>("waiting-room", "has two calls", |queue| size(queue) == 2).await;
    let occupancy = &queue["status"]["occupancy"];
    let calls = occupancy["calls"].as_array().unwrap();
    let ids: Vec<&str> = calls.iter().map(|call| call["callControlId"].as_str().unwrap()).collect();
    assert_eq!(ids, [first.as_str(), second.as_str()]);
    assert_eq!((&calls[0]["queuePosition"], &calls[0]["isAlive"]), (&json!(1), &json!(true)));
    assert_eq!(occupancy["oldestEnqueuedAt"], calls[0]["enqueuedAt"]);
    assert!(!queue["status"].to_string().contains("312555"), "{}", queue["status"]);
    assert_eq!(condition(&queue, "Ready")["status"], "True");

    // Nothing is written while they go on waiting: three listings later the object is the same.
    let start = world.requests("GET /queues").await;
    let calm =
        world.until::<Queue>("waiting-room", "is as it was", |_| true).await["metadata"]["resourceVersion"].clone();
    eventually("three listings", || async {
        let seen = world.requests("GET /queues").await - start;
        if seen >= 3 { Ok(()) } else { Err(seen.to_string()) }
    })
    .await;
    assert_eq!(world.get::<Queue>("waiting-room").await["metadata"]["resourceVersion"], calm);

    world.telnyx.hangup(&first, &HangupRequest::default()).await.unwrap();
    let queue = world.until::<Queue>("waiting-room", "has one call", |queue| size(queue) == 1).await;
    assert_eq!(queue["status"]["occupancy"]["calls"][0]["callControlId"], second.as_str());
    world.telnyx.hangup(&second, &HangupRequest::default()).await.unwrap();
    world.until::<Queue>("waiting-room", "is empty again", |queue| size(queue) == 0).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_in_use_is_read_between_two_listings() {
    let (world, connection) = waiting_room().await;
    let call = enqueued(&world, &connection, 1).await;
    world.until::<Queue>("waiting-room", "has a call", |queue| size(queue) == 1).await;
    // From now on the next listing is an hour away.
    world.account(json!({ "resyncPeriodSecs": 3600 })).await;
    world.telnyx.hangup(&call, &HangupRequest::default()).await.unwrap();
    world.until::<Queue>("waiting-room", "is empty", |queue| size(queue) == 0).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_is_deleted_when_the_last_call_has_left() {
    let (world, connection) = waiting_room().await;
    let first = enqueued(&world, &connection, 1).await;
    let second = enqueued(&world, &connection, 2).await;
    world.delete::<Queue>("waiting-room").await;
    let draining = world.reason::<Queue>("waiting-room", "Ready", "Draining").await;
    let ready = condition(&draining, "Ready");
    assert_eq!(ready["status"], "False");
    assert!(ready["message"].as_str().unwrap().starts_with("2 calls still wait"), "{ready}");
    assert!(condition(&draining, "Stalled").is_null(), "nobody needs to act");
    world.telnyx.hangup(&first, &HangupRequest::default()).await.unwrap();
    world
        .until::<Queue>("waiting-room", "waits for the last call", |queue| {
            condition(queue, "Ready")["message"].as_str().unwrap().starts_with("1 call still waits")
        })
        .await;
    world.telnyx.hangup(&second, &HangupRequest::default()).await.unwrap();
    world.gone::<Queue>("waiting-room").await;
    assert_eq!(world.remote("queues").await, 0);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_over_and_kept_is_shown_as_over_and_can_be_removed() {
    let (world, connection) = waiting_room().await;
    let kept = enqueued(&world, &connection, 7).await;
    world.telnyx.hangup(&kept, &HangupRequest::default()).await.unwrap();
    world
        .until::<Queue>("waiting-room", "shows a call that is over", |queue| {
            queue["status"]["occupancy"]["calls"][0]["isAlive"] == false
        })
        .await;
    world.telnyx.remove_queued_call("waiting-room", &kept).await.unwrap();
    world.until::<Queue>("waiting-room", "is empty", |queue| size(queue) == 0).await;
    world.end().await;
}
