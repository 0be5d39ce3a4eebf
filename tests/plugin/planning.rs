//! Importing and planning with the key of the account in the cluster, and leaving objects alone.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};
use telnyx_operator::api::CallControlApplication;

use crate::desk::{Desk, run};
use crate::world::{HOOKS, KEY, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn what_an_account_holds_is_imported_and_planned_with_the_key_in_the_cluster() {
    let desk = Desk::open().await;
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().to_str().unwrap();
    desk.telnyx(&["import", "--all", "--output-dir", directory]).await.ok();
    let mut files: Vec<String> =
        fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    files.sort();
    assert_eq!(
        files,
        ["callcontrolapplication-support.yaml", "outboundvoiceprofile-us-calls.yaml", "queue-waiting-room.yaml"]
    );
    let planned = desk.telnyx(&["plan", "-f", directory]).await.ok();
    assert!(planned.contains("0 to create, 0 to change"), "{planned}");

    let queue = folder.path().join("queue-waiting-room.yaml");
    let mut manifest: Value = serde_saphyr::from_str(&fs::read_to_string(&queue).unwrap()).unwrap();
    manifest["spec"]["maxSize"] = json!(7);
    fs::write(&queue, manifest.to_string()).unwrap();
    let planned = desk.telnyx(&["plan", "-f", directory, "-o", "json"]).await;
    assert_eq!((planned.code, planned.err.as_str()), (2, ""), "changes, and no line of progress in a pipe");
    let planned: Value = serde_json::from_str(&planned.out).unwrap();
    let changes: Vec<&Value> =
        planned["objects"].as_array().unwrap().iter().map(|one| &one["changes"][0]["path"]).collect();
    assert!(changes.contains(&&json!("max_size")), "{planned}");
    let said = desk.telnyx(&["plan", "-f", directory, "--account", "other/main"]).await.ok();
    assert!(said.contains("0 unchanged"), "nothing uses that account: {said}");
    desk.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_a_key_and_no_cluster_plans_and_imports_too() {
    let desk = Desk::open().await;
    let base_url = desk.world.simulator.base_url();
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().to_str().unwrap();
    let alone = |arguments: &[&str]| {
        let mut command = Command::new(desk.program("kubectl-telnyx"));
        command.args(arguments).args(["--base-url", &base_url, "--without-cluster", "-n", &desk.world.namespace]);
        command.env("KUBECONFIG", "/nonexistent").env("TELNYX_API_KEY", KEY);
        run(command)
    };
    let said = alone(&["import", "--all"]).await.said();
    assert!(said.contains("--account must name the TelnyxAccount"), "{said}");
    alone(&["import", "--all", "--account", "main", "-d", directory]).await.ok();
    // No cluster says where webhooks go.
    let planned = alone(&["plan", "-f", directory, "--webhook-base-url", HOOKS]).await.ok();
    assert!(planned.contains("0 to create, 0 to change"), "{planned}");
    desk.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_application_is_left_alone_until_it_is_resumed() {
    let desk = Desk::open().await;
    let there = async || desk.world.telnyx.get_application(&desk.connection).await.unwrap();
    let said = desk.telnyx(&["suspend", "ccapp", "support"]).await.ok();
    assert_eq!(said, "CallControlApplication support is suspended: the operator leaves it alone\n");
    desk.world.reason::<CallControlApplication>("support", "Ready", "Suspended").await;
    let again = desk.telnyx(&["suspend", "application", "support"]).await.ok();
    assert!(again.contains("was suspended already"), "{again}");

    // By whoever applied it, who says nothing of its suspension.
    let outbound = json!({ "outboundVoiceProfileRef": { "name": "us-calls" } });
    desk.world.application("support", json!({ "applicationName": "Help", "outbound": outbound })).await;
    desk.world.reason::<CallControlApplication>("support", "Ready", "Suspended").await;
    assert_ne!(there().await.application_name.as_deref(), Some("Help"));
    let said = desk.telnyx(&["resume", "application", "support"]).await.ok();
    assert!(said.contains("is looked after again"), "{said}");
    eventually("the new name arrives", || async {
        let name = there().await.application_name;
        if name.as_deref() == Some("Help") { Ok(()) } else { Err(format!("{name:?}")) }
    })
    .await;
    let said = desk.telnyx(&["resume", "application", "nobody"]).await.said();
    assert!(said.contains("no CallControlApplication nobody") && said.contains("there is support"), "{said}");
    desk.world.end().await;
}
