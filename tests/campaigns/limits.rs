//! What ends a campaign, or stops it, before all its targets were called.

use serde_json::json;
use telnyx_operator::api::OutboundCampaign;

use crate::stage::condition;
use crate::world::{World, adds_up, people};

#[tokio::test]
async fn a_budget_of_money_stops_a_campaign_over_restarts_and_a_share_reached_ends_it() {
    let mut world = World::new(|_| {}).await;
    world.list(&people(60)).await;
    let budget = |max: &str| json!({ "cost": { "max": max, "perCall": "0.05" } });
    let pacing = json!({ "dialsPerSecond": 5, "maxConcurrentCalls": 100 });
    world.campaign("c", json!({ "pacing": pacing, "budget": budget("1") })).await;
    world.reason("c", "Dialing", "BudgetSpent").await;
    let spent = world.until::<OutboundCampaign>("c", "has ended its calls", |campaign| {
        campaign["status"]["counts"]["completed"] == 20
    });
    assert_eq!(spent.await["status"]["cost"], json!({ "spent": "1.00", "reserved": "0.00" }));
    world.kill_operator().await;
    world.start_operator();
    world
        .eventually("the next operator has read the jobs", async || {
            let lives = world.log().matches("jobs handed to the dialer").count();
            if lives > 1 { Ok(()) } else { Err(lives.to_string()) }
        })
        .await;
    world.change::<OutboundCampaign>("c", json!({ "ttlSecondsAfterFinished": 86_400 })).await;
    world
        .until::<OutboundCampaign>("c", "was looked at by the next operator", |campaign| {
            campaign["status"]["observedGeneration"] == 2
        })
        .await;
    assert_eq!(world.rings().await.len(), 20, "the budget was forgotten");
    let more = json!({ "budget": budget("10"), "successPolicy": { "completedCount": "50%" } });
    world.change::<OutboundCampaign>("c", more).await;
    let campaign = world.complete("c").await;
    assert_eq!(condition(&campaign, "Complete")["reason"], "SuccessPolicyMet", "{:#}", campaign["status"]);
    assert!(campaign["status"]["outcomes"]["Completed"].as_u64() >= Some(30), "{:#}", campaign["status"]);
    world.end().await;
}

#[tokio::test]
async fn a_campaign_whose_time_is_over_calls_nobody_else() {
    let world = World::new(|_| {}).await;
    world.list(&people(300)).await;
    let pacing = json!({ "dialsPerSecond": 2, "maxConcurrentCalls": 100 });
    world.campaign("c", json!({ "pacing": pacing, "activeDeadlineSeconds": 60 })).await;
    let campaign = world.reason("c", "Failed", "DeadlineExceeded").await;
    let status = &campaign["status"];
    assert_eq!(
        (&condition(&campaign, "Complete")["status"], &status["phase"]),
        (&json!("False"), &json!("Failed")),
        "who waits for Complete must not take it for a success"
    );
    adds_up(&status["counts"]);
    let (expired, rang) = (status["counts"]["expired"].as_u64().unwrap(), world.rings().await.len() as u64);
    assert!(expired > 0 && rang > 0 && expired + rang == 300, "{rang} rang: {status:#}");
    world.end().await;
}
