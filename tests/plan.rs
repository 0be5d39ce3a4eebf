//! `telnyx-operator plan`, run as a user runs it: against manifests on disk and the simulator, without a cluster.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests may")]

use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use telnyx_simulator::{Running, Simulator};
use telnyx_voice::{ApiKey, ApplicationRequest, Client, ProfileRequest, QueueRequest};

const KEY: &str = "KEY0123456789ABCDEF";
const UID: &str = "3f0f4c0e-7a39-4b55-9d3c-0f6f7c5d2a11";

const ACCOUNT: &str = "
apiVersion: telnyx-operator.io/v1alpha1
kind: TelnyxAccount
metadata: {name: main, namespace: calls}
spec:
  apiKeySecretRef: {name: telnyx, key: api-key}
  webhookPublicKey: 3ILFodLUgsE22tsj5OfqF9klPxqCCxpeWOK7u1lV2qo=
  baseUrl: BASE
  webhookBaseUrl: https://hooks.example.com
";

const OBJECTS: &str = "
apiVersion: telnyx-operator.io/v1alpha1
kind: OutboundVoiceProfile
metadata: {name: us, namespace: calls}
spec:
  accountRef: {name: main}
  name: US calls
  dailySpendLimit: '10.00'
---
apiVersion: telnyx-operator.io/v1alpha1
kind: CallControlApplication
metadata: {name: support, namespace: calls}
spec:
  accountRef: {name: main}
  active: true
  outbound:
    outboundVoiceProfileRef: {name: us}
---
apiVersion: telnyx-operator.io/v1alpha1
kind: Queue
metadata: {name: waiting-room, namespace: calls}
spec:
  accountRef: {name: main}
  maxSize: 40
";

async fn simulator() -> (Running, Client) {
    let simulator = Simulator::builder().api_key(KEY).start().await.unwrap();
    let client = Client::builder(ApiKey::new(KEY).unwrap()).base_url(simulator.base_url()).build().unwrap();
    (simulator, client)
}

fn manifests(simulator: &Running, objects: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(directory.path().join("sub")).unwrap();
    fs::write(directory.path().join("account.yaml"), ACCOUNT.replace("BASE", &simulator.base_url())).unwrap();
    fs::write(directory.path().join("sub/objects.yml"), objects).unwrap();
    directory
}

async fn plan(directory: &Path, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_telnyx-operator"));
    command.args(["plan", "-f"]).arg(directory).args(more).env("TELNYX_API_KEY", KEY);
    // The simulator runs on this runtime: waiting for the command must not hold it up.
    tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap()
}

async fn json(directory: &Path) -> (Option<i32>, Value) {
    let output = plan(directory, &["--output", "json"]).await;
    let text = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    (output.status.code(), serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}{errors}")))
}

fn action<'a>(plan: &'a Value, name: &str) -> &'a Value {
    let objects = plan["objects"].as_array().unwrap();
    objects.iter().find(|object| object["name"] == name).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_account_gets_everything_and_a_matching_one_nothing() {
    let (simulator, client) = simulator().await;
    let directory = manifests(&simulator, OBJECTS);
    let output = plan(directory.path(), &[]).await;
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(2), "{text}{}", String::from_utf8_lossy(&output.stderr));
    for line in [
        "+ OutboundVoiceProfile calls/us: create",
        "+ CallControlApplication calls/support: create",
        r#"    webhook_event_url: "https://hooks.example.com/webhooks/calls/main/(uid)""#,
        "+ Queue calls/waiting-room: create",
        "    max_size: 40",
        "3 to create, 0 to change",
    ] {
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }

    let profile =
        ProfileRequest::default().name("US calls").daily_spend_limit("10").tags(vec![format!("telnyx-operator:{UID}")]);
    let profile = client.create_outbound_voice_profile(&profile).await.unwrap().id.unwrap();
    let application = ApplicationRequest::default()
        .application_name("support")
        .webhook_event_url(format!("https://hooks.example.com/webhooks/calls/main/{UID}"))
        .webhook_api_version("2")
        .outbound(telnyx_voice::Outbound::default().outbound_voice_profile_id(profile));
    client.create_application(&application).await.unwrap();
    let queue = QueueRequest::default().queue_name("waiting-room").max_size(41);
    client.create_queue(&queue).await.unwrap();

    let (code, found) = json(directory.path()).await;
    assert_eq!(code, Some(2), "{found}");
    assert_eq!(
        (&action(&found, "us")["action"], &action(&found, "support")["action"]),
        (&"Nothing".into(), &"Nothing".into())
    );
    let queue = action(&found, "waiting-room");
    assert_eq!(queue["action"], "Update");
    assert_eq!(queue["changes"], serde_json::json!([{ "path": "max_size", "desired": 40, "actual": 41 }]));

    fs::write(directory.path().join("sub/objects.yml"), OBJECTS.replace("maxSize: 40", "maxSize: 41")).unwrap();
    let (code, found) = json(directory.path()).await;
    assert_eq!(code, Some(0), "{found}");
    assert_eq!(found["summary"]["unchanged"], 3);
    simulator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistake_is_named_by_file_and_field() {
    let (simulator, _) = simulator().await;
    let directory =
        manifests(&simulator, &OBJECTS.replace("maxSize: 40", "maxSize: many").replace("active:", "activ:"));
    let output = plan(directory.path(), &[]).await;
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text.contains("sub/objects.yml: Queue waiting-room: spec.maxSize: must be an integer"), "{text}");
    assert!(
        text.contains("sub/objects.yml: CallControlApplication support: spec.activ: there is no such field"),
        "{text}"
    );

    fs::write(directory.path().join("sub/objects.yml"), OBJECTS.replace("{name: us, ", "{name: them, ")).unwrap();
    let output = plan(directory.path(), &[]).await;
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("OutboundVoiceProfile us: it does not exist in this namespace"), "{text}");
    simulator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_key_opens_one_account() {
    let (simulator, _) = simulator().await;
    let other = OBJECTS.replace("accountRef: {name: main}\n  maxSize", "accountRef: {name: other}\n  maxSize");
    let directory = manifests(&simulator, &other);
    let output = plan(directory.path(), &[]).await;
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("calls/main, calls/other") && text.contains("--account"), "{text}");
    let output = plan(directory.path(), &["--account", "main"]).await;
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.code() == Some(2) && text.contains("2 to create"), "{text}");
    simulator.stop().await;
}
