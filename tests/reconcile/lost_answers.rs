//! The request arrived, the answer did not.

use crate::world::{World, eventually};
use serde_json::{Value, json};
use telnyx_operator::api::{CallControlApplication, OutboundVoiceProfile, Queue};

const CREATE: &str = "POST /call_control_applications";

async fn adopts_what_it_made(effect: Value) {
    let world = World::with_account().await;
    world.fault(json!({ "scope": { "route": CREATE }, "times": 1, "effect": effect })).await;
    world.application("support", json!({})).await;
    world.ready::<CallControlApplication>("support").await;
    assert_eq!(world.remote("call_control_applications").await, 1);
    assert_eq!(world.requests(CREATE).await, 1, "created once, then found");
    world.event("support", "Adopted").await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_create_response_adopts_what_it_made() {
    adopts_what_it_made(json!("dropResponse")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_500_after_the_create_was_carried_out_adopts_what_it_made() {
    adopts_what_it_made(json!({ "carryOutThenRefuse": { "status": 500, "code": "10007" } })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_2xx_without_an_id_adopts_what_it_made() {
    adopts_what_it_made(json!("emptyData")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_no_json_adopts_what_it_made() {
    adopts_what_it_made(json!("garbledBody")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_comes_after_the_patience_for_it_adopts_what_it_made() {
    // A request is given up after ten seconds.
    adopts_what_it_made(json!({ "delayResponse": { "ms": 15_000 } })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_create_that_never_arrived_is_sent_again() {
    let world = World::with_account().await;
    world.fault(json!({ "scope": { "route": CREATE }, "times": 1, "effect": "dropRequest" })).await;
    world.application("support", json!({})).await;
    world.ready::<CallControlApplication>("support").await;
    assert_eq!(world.remote("call_control_applications").await, 1);
    world.end().await;
}

/// A listing is read each second: one of them while the create is on its way, so that it does not show what it makes.
#[tokio::test(flavor = "multi_thread")]
async fn a_create_that_is_carried_out_late_and_never_answered_is_looked_for_in_a_listing_begun_afterwards() {
    let world = World::with_account().await;
    world.application("first", json!({})).await;
    world.ready::<CallControlApplication>("first").await;
    for effect in [json!({ "delayRequest": { "ms": 4000 } }), json!("dropResponse")] {
        world.fault(json!({ "scope": { "route": CREATE }, "times": 1, "effect": effect })).await;
    }
    world.application("late", json!({})).await;
    world.ready::<CallControlApplication>("late").await;
    world.event("late", "Adopted").await;
    assert_eq!((world.remote("call_control_applications").await, world.requests(CREATE).await), (2, 2));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_create_that_arrives_after_it_was_given_up_is_adopted() {
    let world = World::with_account().await;
    // A request is given up after ten seconds.
    let late = json!({ "delayRequest": { "ms": 14_000 } });
    world.fault(json!({ "scope": { "route": CREATE }, "times": 1, "effect": late })).await;
    world.application("support", json!({})).await;
    world.ready::<CallControlApplication>("support").await;
    world.event("support", "Adopted").await;
    assert_eq!(world.remote("call_control_applications").await, 1);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_lost_answers_neither_duplicate_nor_leak() {
    let world = World::with_account().await;
    world.fault(json!({ "scope": { "route": CREATE }, "probability": 0.5, "effect": "dropResponse" })).await;
    for number in 0..20 {
        world.application(&format!("app-{number}"), json!({})).await;
    }
    for number in 0..20 {
        world.ready::<CallControlApplication>(&format!("app-{number}")).await;
    }
    assert_eq!(world.remote("call_control_applications").await, 20);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kinds_without_a_webhook_url_adopt_what_they_made_too() {
    let world = World::with_account().await;
    for route in ["POST /queues", "POST /outbound_voice_profiles"] {
        world.fault(json!({ "scope": { "route": route }, "times": 1, "effect": "dropResponse" })).await;
    }
    world.queue("waiting-room", json!({ "maxSize": 9 })).await;
    world.profile("us-calls", json!({})).await;
    world.ready::<Queue>("waiting-room").await;
    world.ready::<OutboundVoiceProfile>("us-calls").await;
    assert_eq!((world.remote("queues").await, world.remote("outbound_voice_profiles").await), (1, 1));
    world.end().await;
}

/// The process dies while the answers are on their way: what was made must be found by its mark, or by the note that its
/// name was free.
#[tokio::test(flavor = "multi_thread")]
async fn a_crash_before_the_answer_arrives_adopts_what_was_made() {
    let mut world = World::with_account().await;
    for kind in ["/call_control_applications", "/queues", "/outbound_voice_profiles"] {
        let later = json!({ "delayResponse": { "ms": 60_000 } });
        world.fault(json!({ "scope": { "route": format!("POST {kind}") }, "effect": later })).await;
    }
    world.application("marked", json!({})).await;
    world.application("unmarked", json!({ "webhookEventUrl": "https://elsewhere.example.com/hook" })).await;
    world.queue("waiting-room", json!({ "maxSize": 9 })).await;
    world.profile("us-calls", json!({})).await;
    eventually("everything was made", || async {
        let made = (
            world.remote("call_control_applications").await,
            world.remote("queues").await,
            world.remote("outbound_voice_profiles").await,
        );
        if made == (2, 1, 1) { Ok(()) } else { Err(format!("{made:?}")) }
    })
    .await;
    world.kill_operator().await;
    world.no_more_faults().await;
    world.start_operator().await;
    world.ready::<CallControlApplication>("marked").await;
    world.ready::<CallControlApplication>("unmarked").await;
    world.ready::<Queue>("waiting-room").await;
    world.ready::<OutboundVoiceProfile>("us-calls").await;
    assert_eq!(world.remote("call_control_applications").await, 2);
    assert_eq!((world.remote("queues").await, world.remote("outbound_voice_profiles").await), (1, 1));
    world.end().await;
}

/// One object of each kind, so that there is a listing; then no create is answered, and no listing that could tell what
/// became of it.
async fn lose_every_answer(world: &World) {
    world.application("first", json!({})).await;
    world.queue("first", json!({})).await;
    world.profile("first", json!({})).await;
    world.ready::<CallControlApplication>("first").await;
    world.ready::<Queue>("first").await;
    world.ready::<OutboundVoiceProfile>("first").await;
    for kind in ["/call_control_applications", "/queues", "/outbound_voice_profiles"] {
        world.fault(json!({ "scope": { "route": format!("POST {kind}") }, "effect": "dropResponse" })).await;
        let no_list = json!({ "refuse": { "status": 503, "code": "10007" } });
        world.fault(json!({ "scope": { "route": format!("GET {kind}") }, "effect": no_list })).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_made_and_never_known_is_deleted_with_its_object() {
    let mut world = World::with_account().await;
    lose_every_answer(&world).await;
    world.application("support", json!({})).await;
    eventually("it was made", || async {
        let made = world.remote("call_control_applications").await;
        if made == 2 { Ok(()) } else { Err(made.to_string()) }
    })
    .await;
    assert!(world.get::<CallControlApplication>("support").await["status"]["id"].is_null());
    world.stop_operator().await;
    world.no_more_faults().await;
    world.start_operator().await;
    world.delete::<CallControlApplication>("support").await;
    world.gone::<CallControlApplication>("support").await;
    assert_eq!(world.remote("call_control_applications").await, 1, "only the other one is left");
    world.end().await;
}
