//! Each call ends as what happened on it, and is tried again as the campaign says.

use serde_json::json;
use telnyx_simulator::config::{NumberRule, Outcome};

use crate::world::{World, condition};

fn rule(suffix: &str, outcome: Outcome) -> NumberRule {
    NumberRule { suffix: Some(suffix.to_owned()), outcome: Some(outcome), ..NumberRule::default() }
}

#[tokio::test]
async fn each_target_ends_with_the_outcome_of_its_call() {
    let world = World::new(|behaviour| {
        behaviour.numbers = vec![
            rule("01", Outcome::Busy),
            rule("02", Outcome::NotFound),
            rule("03", Outcome::Rejected),
            rule("04", Outcome::Machine),
            rule("05", Outcome::Fax),
        ];
        behaviour.callees.amd.verdict_ms = telnyx_simulator::config::Spread::between(100, 300);
        behaviour.callees.amd.not_sure_share = 0.0;
        behaviour.callees.amd.wrong_share = 0.0;
        behaviour.callees.machine.greeting_ms = telnyx_simulator::config::Spread::Fixed(1000);
    })
    .await;
    world.list("id,to\nperson,+15550000100\nbusy,+15550000101\ndead,+15550000102\ndeclines,+15550000103\nmachine,+15550000104\nfax,+15550000105\n").await;
    world.campaign("c", json!({ "amd": { "mode": "premium", "onMachine": "LeaveMessage" } })).await;
    let campaign = world.complete("c").await;
    let outcome = |target: &str, states: &std::collections::BTreeMap<String, serde_json::Value>| {
        states[target]["outcome"].as_str().unwrap_or_default().to_owned()
    };
    let states = world.target_states().await;
    for (target, expected) in [
        ("person", "Completed"),
        ("busy", "Busy"),
        ("dead", "InvalidNumber"),
        ("declines", "Rejected"),
        ("machine", "VoicemailLeft"),
        ("fax", "Fax"),
    ] {
        assert_eq!(outcome(target, &states), expected, "{target}: {:#}", states[target]);
    }
    assert_eq!(campaign["status"]["counts"]["completed"], 2, "{:#}", campaign["status"]);
    assert_eq!(campaign["status"]["counts"]["failed"], 4);
    assert_eq!(campaign["status"]["phase"], "Complete");
    assert_eq!(condition(&campaign, "Ready")["status"], "True");
    assert!(campaign["status"]["startTime"].is_string() && campaign["status"]["completionTime"].is_string());
    world.rang_once_per_attempt(6, 1).await;
    world.end().await;
}

#[tokio::test]
async fn a_busy_line_is_tried_again_within_the_one_shared_cap() {
    let world = World::new(|behaviour| behaviour.numbers = vec![rule("1", Outcome::Busy)]).await;
    world.list("id,to\nbusy,+15550000101\nperson,+15550000100\n").await;
    world
        .campaign(
            "c",
            json!({ "retry": {
                "maxAttemptsPerTarget": 3, "minGapSecs": 1,
                "rules": [{ "outcomes": ["Busy"], "action": "Retry", "afterSecs": 1 }],
            }}),
        )
        .await;
    world.complete("c").await;
    let states = world.target_states().await;
    assert_eq!((&states["busy"]["outcome"], &states["busy"]["attempts"]), (&json!("Busy"), &json!(3)));
    assert_eq!((&states["person"]["outcome"], &states["person"]["attempts"]), (&json!("Completed"), &json!(1)));
    let dials = world.sim("/dials?number=%2B15550000101").await;
    assert_eq!(dials[0]["count"], 3);
    world.end().await;
}

#[tokio::test]
async fn a_number_that_telnyx_refuses_ends_alone_and_a_refused_caller_id_stalls_the_campaign() {
    let world = World::new(|_| {}).await;
    world
        .fault(json!({
            "scope": { "route": "POST /calls", "number": "+15550000101" },
            "effect": { "refuse": { "status": 422, "code": "10016" } },
        }))
        .await;
    world.list("id,to\nbad,+15550000101\ngood,+15550000100\n").await;
    world.campaign("c", json!({})).await;
    let campaign = world.until::<telnyx_operator::api::OutboundCampaign>("c", "has an end for both", |campaign| {
        let ready = condition(campaign, "Complete")["status"] == "True";
        ready || condition(campaign, "Stalled")["status"] == "True"
    });
    let campaign = campaign.await;
    // The simulator's refusal carries no pointer, so it could be the caller id: that is the campaign's to mend.
    assert_eq!(condition(&campaign, "Stalled")["reason"], "ConfigRefused", "{:#}", campaign["status"]);
    let message = condition(&campaign, "Stalled")["message"].as_str().unwrap().to_owned();
    assert!(message.contains("422") && message.contains("10016"), "{message}");
    world.no_more_faults().await;
    world.change::<telnyx_operator::api::OutboundCampaign>("c", json!({ "pacing": { "dialsPerSecond": 20 } })).await;
    world.complete("c").await;
    world.rang_once_per_attempt(2, 1).await;
    world.end().await;
}
