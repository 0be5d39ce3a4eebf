//! Calls from dial to hangup over real sockets, with signed webhooks.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod support;

use std::time::Duration;

use serde_json::json;
use support::Stage;
use telnyx_simulator::config::Outcome;

const TO: &str = "+12025550100";

#[tokio::test]
async fn a_person_answers_hears_the_text_and_hangs_up() {
    let stage = Stage::configured(Outcome::Person, |config| config.callees.person.early_share = 0.0).await;
    let mut body = stage.dial_body(TO);
    body["client_state"] = json!("c3RhdGU=");
    let (status, call) = stage.post("/calls", body).await;
    assert_eq!((status, &call["data"]["is_alive"]), (200, &json!(false)));
    let id = call["data"]["call_control_id"].as_str().unwrap().to_owned();
    stage.receiver.until_type("call.initiated").await;
    stage.pass(Duration::from_secs(2)).await;
    stage.receiver.until_type("call.answered").await;
    let speak = json!({"payload": "Good evening.", "voice": "female", "language": "en-US", "client_state": "bmV3"});
    let (status, answer) = stage.post(&format!("/calls/{id}/actions/speak"), speak).await;
    assert_eq!((status, answer), (200, json!({"data": {"result": "ok"}})));
    stage.receiver.until_type("call.speak.started").await;
    stage.pass(Duration::from_secs(1)).await;
    stage.receiver.until_type("call.speak.ended").await;
    stage.pass(Duration::from_secs(5)).await;
    let hangup = stage.receiver.until_type("call.hangup").await;
    assert_eq!(hangup.payload()["hangup_cause"], "normal_clearing");
    assert_eq!(hangup.payload()["hangup_source"], "callee");
    assert_eq!(hangup.payload()["sip_hangup_cause"], "200");
    assert_eq!(hangup.payload()["client_state"], "bmV3");
    assert_eq!(
        stage.receiver.types(),
        ["call.initiated", "call.answered", "call.speak.started", "call.speak.ended", "call.hangup"]
    );
    assert!(stage.receiver.received().iter().all(|one| one.signature_fits));
    let (status, error) = stage.post(&format!("/calls/{id}/actions/hangup"), json!({})).await;
    assert_eq!((status, &error["errors"][0]["code"]), (422, &json!("90018")));
    let (_, retrieved) = stage.get(&format!("/calls/{id}")).await;
    assert_eq!(retrieved["data"]["is_alive"], false);
    stage.pass(Duration::from_secs(601)).await;
    let (status, _) = stage.get(&format!("/calls/{id}")).await;
    assert_eq!(status, 404);
    stage.simulator.stop().await;
}
