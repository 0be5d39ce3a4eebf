//! Consent, days off, and rules that somebody sets aside.

use jiff::{Timestamp, ToSpan};
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};
use telnyx_operator::api::OutboundCampaign;

use crate::world::{World, condition, people};

const OVERRIDE: &str = "telnyx-operator.io/compliance-override";

/// Three people, of whom the first has agreed and the second will only next year.
fn agreed() -> String {
    let later = Timestamp::now() + (24 * 365).hours();
    format!("id,to,consentAt\nyes,+15550000001,2025-01-01T00:00:00Z\nlater,+15550000002,{later}\nno,+15550000003,\n")
}

/// Sets the annotation, or takes it away, and the suspension with it.
async fn set_aside(world: &World, campaign: &str, rules: Value) {
    let patch = json!({ "metadata": { "annotations": { OVERRIDE: rules } }, "spec": { "suspend": false } });
    world.api::<OutboundCampaign>().patch(campaign, &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
}

#[tokio::test]
async fn who_has_not_agreed_is_not_called_unless_the_rule_is_set_aside_and_then_the_target_says_so() {
    let world = World::new(|_| {}).await;
    world.list(&agreed()).await;
    let needed = json!({ "compliance": { "consentRequired": true } });
    world.campaign("strict", needed.clone()).await;
    let campaign = world.complete("strict").await;
    assert_eq!(campaign["status"]["counts"]["blocked"], 2, "{:#}", campaign["status"]);
    assert_eq!(condition(&campaign, "RulesSetAside"), &Value::Null);
    let states = world.target_states().await;
    for id in ["later", "no"] {
        assert_eq!((&states[id]["outcome"], &states[id]["rule"]), (&json!("ComplianceBlocked"), &json!("Consent")));
    }
    world.rang_once_per_attempt(1, 1).await;

    let mut loose = needed;
    loose["suspend"] = json!(true);
    world.campaign("loose", loose).await;
    set_aside(&world, "loose", json!("Consent")).await;
    let campaign = world.complete("loose").await;
    assert_eq!(campaign["status"]["counts"]["completed"], 3, "{:#}", campaign["status"]);
    let told = condition(&campaign, "RulesSetAside");
    assert_eq!((told["status"].as_str(), told["reason"].as_str()), (Some("True"), Some("Overridden")));
    assert!(told["message"].as_str().unwrap().starts_with("Consent: "), "{told:#}");
    world.event("loose", "RulesSetAside").await;
    let file = world.telnyx(&["campaign", "results", "loose"]).await;
    let with_rule: Vec<&str> = file.lines().filter(|line| line.ends_with(",Consent")).collect();
    assert_eq!(with_rule.len(), 2, "who was called in spite of the rule says so:\n{file}");
    world.end().await;
}

#[tokio::test]
async fn an_annotation_that_cannot_be_read_calls_nobody_until_it_can() {
    let world = World::new(|_| {}).await;
    world.list(&people(2)).await;
    world.campaign("c", json!({ "suspend": true })).await;
    set_aside(&world, "c", json!("Frequency, DoNotCall")).await;
    let campaign = world.reason("c", "Stalled", "InvalidSpec").await;
    let message = condition(&campaign, "Stalled")["message"].as_str().unwrap().to_owned();
    assert!(message.contains(OVERRIDE) && message.contains("Emergency"), "{message}");
    assert_eq!(world.rings().await.len(), 0);
    set_aside(&world, "c", Value::Null).await;
    let campaign = world.complete("c").await;
    assert_eq!(condition(&campaign, "RulesSetAside"), &Value::Null);
    world.rang_once_per_attempt(2, 1).await;
    world.end().await;
}

#[tokio::test]
async fn an_edit_that_cannot_be_acted_on_stops_a_campaign_that_dials() {
    let world = World::new(|_| {}).await;
    world.list(&people(200)).await;
    world.campaign("c", json!({ "pacing": { "dialsPerSecond": 10, "maxConcurrentCalls": 100 } })).await;
    world
        .until::<OutboundCampaign>("c", "has begun", |campaign| {
            campaign["status"]["counts"]["pending"].as_u64().is_some_and(|pending| pending < 200)
        })
        .await;
    // Its windows are wider than what this preset allows.
    world.change::<OutboundCampaign>("c", json!({ "compliance": { "preset": "Strict" } })).await;
    world.reason("c", "Stalled", "InvalidSpec").await;
    // At this pace some would be under way at any moment.
    let idle = async || {
        let states = world.target_states().await;
        let live =
            states.values().filter(|target| target["state"] == "Claimed" || target["state"] == "Dialing").count();
        if live == 0 { Ok(world.rings().await.len()) } else { Err(format!("{live} calls are under way")) }
    };
    let rang = world.eventually("the calls under way have ended", idle).await;
    assert!(rang < 200, "all had rung before the edit");
    world.change::<OutboundCampaign>("c", json!({ "compliance": null })).await;
    world.complete("c").await;
    world.rang_once_per_attempt(200, 1).await;
    world.end().await;
}

#[tokio::test]
async fn on_a_day_off_nobody_is_called_and_status_says_when_the_next_day_begins() {
    let world = World::new(|_| {}).await;
    world.list(&people(3)).await;
    // Also tomorrow, so that it does not matter if midnight passes meanwhile.
    let today = Timestamp::now().in_tz("America/Chicago").unwrap().date();
    let tomorrow = today.tomorrow().unwrap();
    let opens = tomorrow.tomorrow().unwrap().in_tz("America/Chicago").unwrap().timestamp();
    let holidays = json!([
        { "date": today.to_string(), "name": "Founders' day" },
        { "date": tomorrow.to_string(), "timeZones": ["America/New_York", "America/Chicago"] },
    ]);
    world.campaign("c", json!({ "compliance": { "holidays": holidays } })).await;
    let campaign = world.reason("c", "Dialing", "WindowClosed").await;
    let told = campaign["status"]["nextWindowOpens"].as_str().unwrap().parse::<Timestamp>().unwrap();
    assert_eq!(told, opens, "{:#}", campaign["status"]);
    assert_eq!(world.rings().await.len(), 0);
    // A holiday of another zone is none here.
    let elsewhere = json!([{ "date": today.to_string(), "timeZones": ["America/New_York"] }]);
    world.change::<OutboundCampaign>("c", json!({ "compliance": { "holidays": elsewhere } })).await;
    world.complete("c").await;
    world.rang_once_per_attempt(3, 1).await;
    world.end().await;
}
