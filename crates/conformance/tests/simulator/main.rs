//! Telnyx's Python package drives the simulator: it can call every method, read every answer strictly, verify every webhook.

#![allow(clippy::unwrap_used, clippy::panic, clippy::string_slice, reason = "tests")]

mod coverage;
mod places;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use conformance::Python;
use serde::Deserialize;
use serde_json::json;
use telnyx_simulator::{Config, Simulator};

/// What `drive.py` leaves.
#[derive(Deserialize)]
struct Report {
    contract: Contract,
    /// Method to the story that drove it first.
    driven: BTreeMap<String, String>,
    /// Event type to the story in which it came first.
    events: BTreeMap<String, String>,
    complaints: Vec<String>,
}

#[derive(Deserialize)]
struct Contract {
    methods: BTreeSet<String>,
    events: BTreeSet<String>,
}

/// Runs every story of `drive.py` against a simulator in this process.
async fn drive() -> Report {
    let config = Config::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("simulator.yaml")).unwrap();
    let simulator = Simulator::builder().config(config).start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let [ready, report] = ["ready.json", "report.json"].map(|name| folder.path().join(name));
    let addresses = json!({
        "baseUrl": simulator.base_url(),
        "adminUrl": simulator.admin_url(),
        "publicKey": simulator.public_key_base64(),
    });
    std::fs::write(&ready, addresses.to_string()).unwrap();
    let arguments = [ready, report.clone()];
    // The simulator runs on this runtime: waiting for Python must not hold it up.
    let driven = tokio::task::spawn_blocking(move || Python::ready().unwrap().run("drive.py", &arguments));
    driven.await.unwrap().unwrap_or_else(|error| panic!("{error}"));
    simulator.stop().await;
    serde_json::from_slice(&std::fs::read(report).unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_python_package_drives_every_method_and_believes_every_answer_and_webhook() {
    let report = drive().await;
    assert_eq!(report.complaints, Vec::<String>::new());
    let names = |of: &BTreeMap<String, String>| of.keys().cloned().collect::<BTreeSet<_>>();
    let (driven, seen) = (names(&report.driven), names(&report.events));
    assert_eq!(driven, report.contract.methods, "driven, and methods of the contract");
    let unseen = &report.contract.events - &seen;
    assert_eq!(unseen, BTreeSet::new(), "events of the contract that never came");
    coverage::check(&report);
}
