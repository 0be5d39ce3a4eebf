//! Each call ends as what happened on it, and is tried again as the campaign says.

use serde_json::json;
use telnyx_operator::api::OutboundCampaign;
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

/// Telnyx refuses the dial of one of two targets, and blames this field, or none. Returns the campaign once it has an end, or stands.
async fn one_is_refused(world: &World, pointer: serde_json::Value) -> serde_json::Value {
    let refuse = json!({ "refuse": { "status": 422, "code": "10016", "pointer": pointer } });
    world.fault(json!({ "scope": { "route": "POST /calls", "number": "+15550000101" }, "effect": refuse })).await;
    world.list("id,to\nbad,+15550000101\ngood,+15550000100\n").await;
    world.campaign("c", json!({})).await;
    world
        .until::<OutboundCampaign>("c", "has an end for both", |campaign| {
            let complete = condition(campaign, "Complete")["status"] == "True";
            complete || condition(campaign, "Stalled")["status"] == "True"
        })
        .await
}

#[tokio::test]
async fn a_number_that_telnyx_refuses_ends_alone() {
    let world = World::new(|_| {}).await;
    let campaign = one_is_refused(&world, json!("/to")).await;
    assert_eq!(condition(&campaign, "Complete")["status"], "True", "{:#}", campaign["status"]);
    let states = world.target_states().await;
    assert_eq!(states["bad"]["outcome"], "InvalidNumber", "{:#}", states["bad"]);
    assert_eq!(states["good"]["outcome"], "Completed", "{:#}", states["good"]);
    world.end().await;
}

#[tokio::test]
async fn a_caller_id_that_telnyx_refuses_stalls_the_campaign_until_it_is_changed() {
    let world = World::new(|_| {}).await;
    let campaign = one_is_refused(&world, json!("/from")).await;
    assert_eq!(condition(&campaign, "Stalled")["reason"], "ConfigRefused", "{:#}", campaign["status"]);
    let message = condition(&campaign, "Stalled")["message"].as_str().unwrap().to_owned();
    assert!(message.contains("spec.from") && message.contains("10016"), "{message}");
    world.no_more_faults().await;
    world.change::<OutboundCampaign>("c", json!({ "suspend": true })).await;
    world.change::<OutboundCampaign>("c", json!({ "suspend": false, "from": ["+15550009998"] })).await;
    world.complete("c").await;
    world.rang_once_per_attempt(2, 1).await;
    world.end().await;
}

#[tokio::test]
async fn a_refusal_that_blames_no_field_may_be_the_campaigns_to_mend_and_stalls_it() {
    let world = World::new(|_| {}).await;
    let campaign = one_is_refused(&world, json!(null)).await;
    assert_eq!(condition(&campaign, "Stalled")["reason"], "ConfigRefused", "{:#}", campaign["status"]);
    let message = condition(&campaign, "Stalled")["message"].as_str().unwrap().to_owned();
    assert!(message.contains("422") && message.contains("10016"), "{message}");
    world.no_more_faults().await;
    world.change::<OutboundCampaign>("c", json!({ "pacing": { "dialsPerSecond": 20 } })).await;
    world.complete("c").await;
    world.rang_once_per_attempt(2, 1).await;
    world.end().await;
}

#[tokio::test]
async fn an_announcement_from_a_file_is_played_to_its_end_and_one_without_its_file_is_a_failure_of_that_call() {
    let world = World::new(|_| {}).await;
    world.list("id,to\nheard,+15550000100\n").await;
    let of = |file: &str| json!({ "announcement": { "text": null, "audio": { "url": format!("https://media.example.com/{file}") } } });
    world.campaign("played", of("notice.mp3")).await;
    world.complete("played").await;
    let states = world.target_states().await;
    assert_eq!(states["heard"]["outcome"], "Completed", "{:#}", states["heard"]);
    let calls = world.sim("/calls").await;
    let heard = calls.as_array().unwrap().iter().find(|call| call["to"] == "+15550000100").unwrap();
    let id = heard["callControlId"].as_str().unwrap().replace(':', "%3A");
    let path = format!("/calls/{id}/actions/playback_start");
    assert_eq!(world.requests(&path)[0]["audio_url"], "https://media.example.com/notice.mp3");

    world.list("id,to\nsilent,+15550000101\n").await;
    world.campaign("missing", of("notice.missing.mp3")).await;
    world.complete("missing").await;
    let states = world.target_states().await;
    assert_eq!(states["silent"]["outcome"], "FlowError", "{:#}", states["silent"]);
    world.end().await;
}
