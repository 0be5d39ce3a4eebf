//! What `/sim` tells, and the program on its own.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod support;

use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::json;
use support::{FROM, Stage};
use telnyx_simulator::config::Outcome;

const TO: &str = "+12025550100";

#[tokio::test]
async fn counters_dials_calls_and_objects_tell_what_happened() {
    let stage = Stage::with(Outcome::Busy).await;
    let mut body = stage.dial_body(TO);
    body["client_state"] = json!("b25l");
    body["command_id"] = json!("c-1");
    stage.post("/calls", body.clone()).await;
    stage.post("/calls", body).await;
    stage.get("/nothing").await;
    let calls = stage.sim("GET", "/calls", None).await;
    assert_eq!((&calls[0]["to"], &calls[0]["from"], &calls[0]["state"]), (&json!(TO), &json!(FROM), &json!("ringing")));
    stage.pass(Duration::from_secs(3)).await;
    stage.receiver.until("both webhooks", |all| all.len() == 2).await;
    let counters = stage.sim("GET", "/counters", None).await;
    assert_eq!(counters["requests"]["POST /calls"], json!({"200": 2}));
    assert_eq!(counters["requests"]["POST /call_control_applications"], json!({"201": 1}));
    assert_eq!(counters["unknownRoutes"], 1);
    assert_eq!(counters["dials"], json!({"accepted": 1, "duplicates": 1, "refused": {}, "maxInFiveSeconds": 1}));
    assert_eq!((&counters["concurrentCalls"], &counters["maxConcurrentCalls"]), (&json!(0), &json!(1)));
    assert_eq!(counters["endedCalls"], json!({"user_busy": 1}));
    assert_eq!(counters["webhooks"]["events"], 2);
    let dials = stage.sim("GET", "/dials?number=%2B12025550100", None).await;
    assert_eq!((&dials[0]["to"], &dials[0]["count"]), (&json!(TO), &json!(1)));
    assert_eq!(
        (&dials[0]["dials"][0]["clientState"], &dials[0]["dials"][0]["commandId"]),
        (&json!("b25l"), &json!("c-1"))
    );
    assert_eq!(stage.sim("GET", "/dials?atLeast=2", None).await, json!([]));
    let objects = json!({"call_control_applications": 1, "outbound_voice_profiles": 1, "queues": 0});
    assert_eq!(stage.sim("GET", "/objects", None).await, objects);
    let config = stage.sim("GET", "/config", None).await;
    assert!(config["callees"].is_object() && config.get("keys").is_none() && config.get("signingSeed").is_none());
    let key = stage.sim("GET", "/public-key", None).await;
    assert_eq!(key["publicKey"], stage.simulator.public_key_base64());
    stage.sim("POST", "/reset", None).await;
    assert_eq!(stage.sim("GET", "/objects", None).await["call_control_applications"], 0);
    assert_eq!(stage.sim("GET", "/counters", None).await["requests"], json!({}));
}

#[tokio::test]
async fn conferences_are_shown_with_who_is_in_them() {
    let stage = Stage::with(Outcome::Person).await;
    let mut body = stage.dial_body(TO);
    body["conference_config"] = json!({"conference_name": "room", "mute": true});
    stage.post("/calls", body).await;
    stage.pass(Duration::from_secs(3)).await;
    let shown = stage.sim("GET", "/conferences", None).await;
    assert_eq!((&shown[0]["name"], &shown[0]["status"]), (&json!("room"), &json!("in_progress")));
    assert_eq!(shown[0]["participants"][0]["muted"], true);
    let counters = stage.sim("GET", "/counters", None).await;
    assert_eq!(counters["conferences"], json!({"created": 1, "ended": {}, "maxParticipants": 1}));
}

#[tokio::test]
async fn somebody_calls_presses_a_key_and_leaves() {
    let stage = Stage::with(Outcome::Person).await;
    let order = json!({"to": FROM, "from": TO, "connectionId": stage.application, "person": {"patienceMs": 600_000}});
    let placed = stage.sim("POST", "/calls", Some(order)).await;
    let id = placed["callControlId"].as_str().unwrap().to_owned();
    stage.pass(Duration::from_secs(1)).await;
    assert_eq!(stage.receiver.until_type("call.initiated").await.payload()["direction"], "incoming");
    assert_eq!(stage.post(&format!("/calls/{id}/actions/answer"), json!({})).await.0, 200);
    stage.sim("POST", &format!("/calls/{id}/press"), Some(json!({"digits": "#"}))).await;
    assert_eq!(stage.receiver.until_type("call.dtmf.received").await.payload()["digit"], "#");
    stage.sim("POST", &format!("/calls/{id}/leave"), None).await;
    assert_eq!(stage.receiver.until_type("call.hangup").await.payload()["hangup_source"], "caller");
}

#[tokio::test]
async fn time_runs_as_fast_as_it_is_told() {
    let stage = Stage::configured(Outcome::Busy, |config| config.speed = 100.0).await;
    stage.dial(TO).await;
    stage.receiver.until_type("call.hangup").await;
}

#[tokio::test]
async fn a_stopped_simulator_no_longer_listens() {
    let stage = Stage::with(Outcome::Busy).await;
    let address = stage.simulator.addr();
    assert!(tokio::net::TcpStream::connect(address).await.is_ok());
    stage.simulator.stop().await;
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn the_program_writes_its_ready_file_and_stops_on_sigterm() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    let ready = folder.path().join("ready.json");
    let mut child = Command::new(env!("CARGO_BIN_EXE_telnyx-simulator"))
        .args(["--listen", "127.0.0.1:0", "--api-key", "KEY_CLI", "--ready-file"])
        .arg(&ready)
        .args(["--config", concat!(env!("CARGO_MANIFEST_DIR"), "/simulator.yaml")])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut text = String::new();
    for _ in 0..1000 {
        if let Ok(read) = std::fs::read_to_string(&ready) {
            text = read;
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let told: serde_json::Value = serde_json::from_str(&text).unwrap();
    let url = format!("{}/queues", told["baseUrl"].as_str().unwrap());
    let client = reqwest::Client::new();
    assert_eq!(client.get(&url).bearer_auth("KEY_CLI").send().await.unwrap().status(), 200);
    assert_eq!(client.get(&url).bearer_auth("KEY_SIMULATOR").send().await.unwrap().status(), 401);
    assert_eq!(told["publicKey"].as_str().unwrap().len(), 44);
    let asked = Command::new("kill").arg(child.id().to_string()).status().unwrap();
    assert!(asked.success());
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_wrong_behaviour_file_stops_the_program_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wrong.yaml");
    std::fs::write(&path, "speeed: 2\n").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_telnyx-simulator")).arg("--config").arg(&path).output().unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("speeed"));
}
