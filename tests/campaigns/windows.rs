//! Nobody is called outside the windows of their own clock, and nobody whose clock is unknown.

use std::time::Duration;

use serde_json::json;
use telnyx_operator::api::OutboundCampaign;

use crate::world::{World, people};

#[tokio::test]
async fn a_closed_window_calls_nobody_until_it_opens() {
    let world = World::new(|_| {}).await;
    world.list(&people(10)).await;
    world.campaign("c", json!({ "windows": [] })).await;
    world.reason("c", "Dialing", "WindowClosed").await;
    // The dial window's pause after a start is over by then.
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(world.rings().await.len(), 0, "somebody was called outside every window");
    let all_day =
        json!([{ "days": ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"], "start": "00:00", "end": "24:00" }]);
    world.change::<OutboundCampaign>("c", json!({ "windows": all_day })).await;
    world.complete("c").await;
    world.rang_once_per_attempt(10, 1).await;
    world.end().await;
}

#[tokio::test]
async fn a_target_whose_zone_is_unknown_is_blocked_and_not_called() {
    let world = World::new(|_| {}).await;
    world.list("id,to,timeZone\nknown,+15550000100,America/Denver\nunknown,+9990000101,\n").await;
    world.campaign("c", json!({ "calleeTimeZone": null })).await;
    let campaign = world.complete("c").await;
    assert_eq!(campaign["status"]["counts"]["blocked"], 1, "{:#}", campaign["status"]);
    assert_eq!(world.target_states().await["unknown"]["outcome"], "ComplianceBlocked");
    world.rang_once_per_attempt(1, 1).await;
    world.end().await;
}
