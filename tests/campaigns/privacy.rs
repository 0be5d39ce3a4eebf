//! Phone numbers are personal data: in no log line, condition, event or metric, nor in what the admin port tells.

use k8s_openapi::api::events::v1::Event;
use serde_json::json;
use telnyx_operator::api::{DialJob, OutboundCampaign};

use crate::stage::KEY;
use crate::world::{World, people};

#[tokio::test]
async fn no_log_line_status_or_event_holds_a_phone_number() {
    let mut world = World::new(|_| {}).await;
    world.fault(json!({ "scope": { "route": "POST /calls" }, "probability": 0.2, "effect": "dropResponse" })).await;
    world.fault(json!({ "scope": { "route": "POST /calls" }, "probability": 0.2, "effect": { "refuse": { "status": 429, "code": "90103" } } })).await;
    world.fault(json!({ "probability": 0.1, "effect": "unknownEnum" })).await;
    let list = people(40) + "bad,15550000041\nworse,+1555000004x\n";
    world.list(&list).await;
    world.campaign("c", json!({})).await;
    world.reason("c", "Dialing", "Dialing").await;
    tokio::time::sleep(std::time::Duration::from_secs(7)).await;
    world.kill_operator().await;
    world.start_operator();
    world.complete("c").await;
    let mut said = world.log();
    assert!(said.contains("telnyx_operator::dialing"), "the log is the operator's");
    for campaign in world.all::<OutboundCampaign>().await {
        said += &serde_json::to_string(&campaign.status).unwrap();
    }
    for job in world.all::<DialJob>().await {
        said += &serde_json::to_string(&job.status).unwrap();
    }
    for event in world.all::<Event>().await {
        said += &serde_json::to_string(&event.note).unwrap();
    }
    let second_life = async || {
        let log = world.log();
        let lives: Vec<&str> = log.split("admin=").skip(1).collect();
        let address = lives.get(1).and_then(|line| line.split_whitespace().next()).map(str::to_owned);
        address.ok_or_else(|| format!("{} lives", lives.len()))
    };
    let admin = world.eventually("the operator that runs has said where its admin port is", second_life).await;
    for path in ["metrics", "debug/state"] {
        let told = world.http.get(format!("http://{admin}/{path}")).send().await.unwrap().text().await.unwrap();
        assert!(told.contains("dialers") || told.contains("campaign_targets"), "{told}");
        assert!(!told.contains(KEY), "{path} holds the API key");
        said += &told;
    }
    let leaks: Vec<&str> = said.lines().filter(|line| line.contains("1555000")).collect();
    assert!(leaks.is_empty(), "{} lines with a number, the first: {}", leaks.len(), leaks[0]);
    world.end().await;
}
