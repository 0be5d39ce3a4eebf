//! `telnyx-operator import`, run as a user runs it: against the simulator, without a cluster.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests may")]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use telnyx_simulator::{Running, Simulator};
use telnyx_voice::{ApiKey, ApplicationRequest, Client, Outbound, ProfileRequest, QueueRequest};

const KEY: &str = "KEY0123456789ABCDEF";
const UID: &str = "3f0f4c0e-7a39-4b55-9d3c-0f6f7c5d2a11";

/// An account with two applications of one name, one of them ours, a profile and a queue.
async fn furnished() -> (Running, Client) {
    let simulator = Simulator::builder().api_key(KEY).start().await.unwrap();
    let client = Client::builder(ApiKey::new(KEY).unwrap()).base_url(simulator.base_url()).build().unwrap();
    let profile = ProfileRequest::default()
        .name("US calls".to_owned())
        .daily_spend_limit("25.50".to_owned())
        .tags(vec!["sales".to_owned()])
        .whitelisted_destinations(vec!["US".to_owned(), "CA".to_owned()]);
    let profile = client.create_outbound_voice_profile(&profile).await.unwrap();
    let outbound = Outbound { outbound_voice_profile_id: profile.id, channel_limit: Some(7) };
    let own = format!("https://hooks.example.com/webhooks/voice/main/{UID}");
    for url in ["https://elsewhere.example.com/hook", own.as_str()] {
        let application = ApplicationRequest::default()
            .application_name("Support line".to_owned())
            .webhook_event_url(url.to_owned())
            .outbound(outbound.clone());
        client.create_application(&application).await.unwrap();
    }
    client.create_queue(&QueueRequest::default().queue_name("Front_desk".to_owned()).max_size(30)).await.unwrap();
    (simulator, client)
}

fn operator(simulator: &Running, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_telnyx-operator"));
    command.args(arguments).args(["--base-url", &simulator.base_url()]).env("TELNYX_API_KEY", KEY).output().unwrap()
}

fn import(simulator: &Running, arguments: &[&str]) -> Output {
    operator(simulator, &[&["import", "--account", "main", "--namespace", "voice"], arguments].concat())
}

fn objects(output: &Output) -> Vec<Value> {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_saphyr::from_multiple(&String::from_utf8(output.stdout.clone()).unwrap()).unwrap()
}

fn plan(simulator: &Running, directory: &Path) -> Output {
    let arguments =
        ["plan", "--filename", directory.to_str().unwrap(), "--webhook-base-url", "https://hooks.example.com"];
    operator(simulator, &arguments)
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_an_account_holds_becomes_manifests_that_plan_empty() {
    let (simulator, _client) = furnished().await;
    let directory = tempfile::tempdir().unwrap();
    let output = import(&simulator, &["--all", "--output-dir", directory.path().to_str().unwrap()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut files: Vec<String> = std::fs::read_dir(directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    assert_eq!(
        files,
        [
            "callcontrolapplication-support-line-2.yaml",
            "callcontrolapplication-support-line.yaml",
            "outboundvoiceprofile-us-calls.yaml",
            "queue-front-desk.yaml",
        ]
    );
    let planned = plan(&simulator, directory.path());
    let text = String::from_utf8_lossy(&planned.stdout) + String::from_utf8_lossy(&planned.stderr);
    assert_eq!(planned.status.code(), Some(0), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_holds_what_is_there_by_the_names_of_the_kind_and_refers_to_what_came_along() {
    let (simulator, _client) = furnished().await;
    let objects = objects(&import(&simulator, &["--all"]));
    let of = |kind: &str| objects.iter().filter(|object| object["kind"] == kind).collect::<Vec<_>>();
    let profile = of("OutboundVoiceProfile")[0];
    assert_eq!(profile["metadata"], serde_json::json!({ "name": "us-calls", "namespace": "voice" }));
    assert_eq!(profile["spec"]["name"], "US calls");
    assert_eq!(profile["spec"]["dailySpendLimit"], "25.50");
    assert_eq!(profile["spec"]["accountRef"]["name"], "main");
    assert!(profile["spec"]["import"]["id"].is_string() && profile["spec"]["tags"].is_null(), "{profile}");
    for application in of("CallControlApplication") {
        let spec = &application["spec"];
        assert_eq!(spec["applicationName"], "Support line");
        assert_eq!(spec["outbound"]["channelLimit"], 7);
        assert_eq!(spec["outbound"]["outboundVoiceProfileRef"]["name"], "us-calls");
        assert!(spec["outbound"]["outboundVoiceProfileId"].is_null(), "{spec}");
    }
    let mut urls: Vec<_> =
        of("CallControlApplication").iter().map(|one| one["spec"]["webhookEventUrl"].as_str()).collect();
    urls.sort();
    assert_eq!(urls, [None, Some("https://elsewhere.example.com/hook")], "the operator's own address is not managed");
    let queue = of("Queue")[0];
    assert_eq!((&queue["spec"]["queueName"], &queue["spec"]["maxSize"]), (&"Front_desk".into(), &30.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_object_is_imported_by_its_id_and_one_that_is_not_there_is_an_error() {
    let (simulator, _client) = furnished().await;
    let objects = objects(&import(&simulator, &["queue/Front_desk"]));
    assert_eq!(objects.len(), 1, "{objects:?}");
    assert_eq!(objects[0]["kind"], "Queue");
    for (arguments, said) in [
        (&["queue/nobody"][..], "the account holds no queue nobody"),
        (&["banana/1"], "must be application/ID, profile/ID or queue/NAME"),
        (&[], "--all"),
    ] {
        let output = import(&simulator, arguments);
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && text.contains(said), "{arguments:?}: {text}");
    }
}
