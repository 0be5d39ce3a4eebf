//! A campaign with agents calls no more people than agents are free, and lets those who wait in the queue go first.

use serde_json::{Value, json};
use telnyx_operator::api::{CallControlApplication, CallFlow, OutboundCampaign, Queue};
use telnyx_simulator::config::{Person, Spread};

use crate::stage::condition;
use crate::world::{World, people};

const LINE: &str = "+15550100002";

/// Stays on the line until somebody hangs up.
fn patient() -> Person {
    let long = Spread::Fixed(3_600_000);
    Person {
        early_share: 0.0,
        after_message_ms: long,
        patience_ms: long,
        talk_ms: long,
        hold_ms: long,
        ..Person::default()
    }
}

/// Puts whoever calls in into the queue `support`.
fn waiting() -> Value {
    json!({
        "direction": "Inbound",
        "steps": [
            { "name": "pick-up", "answer": {} },
            { "name": "wait", "enqueue": { "queueName": "support", "maxWaitTimeSecs": 3000 } },
        ],
    })
}

/// Puts whoever is called through to the agents, who are in a conference.
fn put_through(conference: &str) -> Value {
    json!({
        "direction": "Outbound",
        "steps": [
            { "name": "begin", "createConference": { "name": conference }, "transitions": { "exists": "join" }, "next": "end" },
            { "name": "join", "joinConference": { "conference": conference }, "next": "end" },
        ],
    })
}

/// Calls in, waits until it is in the queue behind so many others, and returns the call's id.
async fn caller(world: &World, line: &Value, others: u64) -> String {
    let order = json!({
        "to": LINE, "from": "+15550009001", "connectionId": line["status"]["id"],
        "person": { "earlyShare": 0, "patienceMs": 3_600_000, "holdMs": 3_600_000 },
    });
    let call = world.post("/calls", order).await["callControlId"].as_str().unwrap().to_owned();
    let url = format!("{}/queues/support", world.simulator.base_url());
    world
        .eventually("the caller waits in the queue", async || {
            let answer = world.http.get(&url).bearer_auth(crate::stage::KEY).send().await.unwrap();
            let queue: Value = answer.json().await.unwrap();
            let size = queue["data"]["current_size"].as_u64();
            if size > Some(others) { Ok(()) } else { Err(queue.to_string()) }
        })
        .await;
    call
}

/// Waits until so many people talk to agents, which leaves none for anybody else, and no more phones rang.
async fn talking(world: &World, live: u64, rang: usize) {
    let what = format!("has {live} people talking and no agent free");
    world
        .until::<OutboundCampaign>("c", &what, |campaign| {
            campaign["status"]["counts"]["live"] == live && condition(campaign, "Dialing")["reason"] == "NoFreeAgent"
        })
        .await;
    assert_eq!(world.rings().await.len(), rang, "more phones rang than agents were free");
}

#[tokio::test]
async fn a_campaign_rings_as_many_phones_as_agents_are_free_and_callers_in_the_queue_go_first() {
    let world = World::new(|behaviour| behaviour.callees.person = patient()).await;
    let account = json!({ "name": "main" });
    world.create::<Queue>("support", json!({ "accountRef": account })).await;
    world.ready::<Queue>("support").await;
    let is_ready = |object: &Value| condition(object, "Ready")["status"] == "True";
    for (name, flow) in [("waiting", waiting()), ("talk", put_through(&world.namespace))] {
        world.create::<CallFlow>(name, flow).await;
        world.until::<CallFlow>(name, "is Ready", is_ready).await;
    }
    let line = json!({ "accountRef": account, "callFlowRef": { "name": "waiting" } });
    world.create::<CallControlApplication>("line", line).await;
    let line = world.until::<CallControlApplication>("line", "is Ready", is_ready).await;
    let callers = [caller(&world, &line, 0).await, caller(&world, &line, 1).await];

    world.list(&people(8)).await;
    let adaptive = json!({ "agents": { "count": 3, "queueRef": { "name": "support" } } });
    let pacing = json!({ "mode": "Adaptive", "adaptive": adaptive, "dialsPerSecond": 50, "maxConcurrentCalls": 50 });
    let flow = json!({ "name": "talk" });
    let changes = json!({ "announcement": null, "callFlowRef": flow, "pacing": pacing, "drainPolicy": "HangupAll" });
    world.campaign("c", changes).await;

    // Of three agents two are for those who wait.
    talking(&world, 1, 1).await;
    for (caller, live) in callers.iter().zip([2, 3]) {
        world.post(&format!("/calls/{caller}/leave"), json!({})).await;
        talking(&world, live, usize::try_from(live).unwrap()).await;
    }
    // Whoever ends a talk makes room for one more.
    let states = world.target_states().await;
    let first = states.values().find_map(|state| state["callControlId"].as_str()).unwrap();
    world.post(&format!("/calls/{first}/leave"), json!({})).await;
    world
        .until::<OutboundCampaign>("c", "has called a fourth", |campaign| {
            campaign["status"]["counts"]["pending"] == 4 && campaign["status"]["counts"]["live"] == 3
        })
        .await;
    talking(&world, 3, 4).await;
    world
        .until::<OutboundCampaign>("c", "has counted whom it put through", |campaign| {
            campaign["status"]["abandonment"]["answered"].as_u64() >= Some(1)
        })
        .await;
    world.end().await;
}
