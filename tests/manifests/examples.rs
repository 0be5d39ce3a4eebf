//! The examples work as they stand.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use audience::{Audience, Format, How};
use clap::Parser as _;
use dev_cluster::{Access, Options};
use serde_json::Value;

use crate::generated::path;
use crate::server::{client, install};

/// The quickstart first: the others stand in its namespace.
const DIRS: [&str; 2] = ["examples/quickstart", "examples"];

#[tokio::test]
async fn every_example_applies_cleanly() {
    // Not a shared cluster: examples name their namespace.
    let access = Access::start(Options::default()).await.unwrap();
    install(&client(access.kubeconfig()).await).await;
    for dir in DIRS {
        let output = Command::new(access.kubectl())
            .arg("--kubeconfig")
            .arg(access.kubeconfig())
            .args(["apply", "--validate=strict", "--filename"])
            .arg(path(dir))
            .output()
            .unwrap();
        let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success() && complained.is_empty(), "{dir}: {said}{complained}");
        assert!(said.lines().all(|line| line.ends_with(" created")), "{dir}: {said}");
    }
    access.release().await.unwrap();
}

#[tokio::test]
async fn the_quickstart_opens_the_account_of_the_simulator() {
    let objects = read("examples/quickstart/10-account.yaml");
    let [secret, account] = objects.as_slice() else { panic!("{objects:?}") };
    assert_eq!(secret["stringData"]["apiKey"], telnyx_simulator::config::DEFAULT_KEY);

    let simulator = telnyx_simulator::Simulator::builder().start().await.unwrap();
    assert_eq!(account["spec"]["webhookPublicKey"], simulator.public_key_base64());
    simulator.stop().await;

    let listen = telnyx_simulator::Args::try_parse_from(["telnyx-simulator"]).unwrap().listen;
    assert_eq!(account["spec"]["baseUrl"], format!("http://{listen}/v2"));
}

#[test]
fn the_quickstart_calls_two_hundred_numbers_that_belong_to_nobody() {
    let objects = read("examples/quickstart/50-audience.yaml");
    let list = objects[0]["data"]["customers.csv"].as_str().unwrap();
    let audience = Audience::parse(&How::plain(Format::Csv), list.as_bytes()).unwrap();
    assert_eq!((audience.rows.len(), audience.complaints.len()), (200, 0));
    for row in list.lines().skip(1) {
        let number = row.split(',').nth(1).unwrap();
        assert!(is_fictitious(number), "{number}");
    }
}

#[test]
fn no_example_holds_a_number_that_somebody_has() {
    for file in DIRS.into_iter().flat_map(manifests) {
        let text = fs::read_to_string(&file).unwrap();
        for (at, _) in text.match_indices("+1") {
            let number: String = text[at..].chars().take(12).collect();
            assert!(is_fictitious(&number), "{}: {number}", file.display());
        }
    }
}

/// 555-0100 to 555-0199 of any area code are set aside for fiction (North American Numbering Plan).
fn is_fictitious(number: &str) -> bool {
    number.len() == 12 && number.starts_with("+1") && number[5..].starts_with("55501")
}

fn read(name: &str) -> Vec<Value> {
    serde_saphyr::from_multiple(&fs::read_to_string(path(name)).unwrap()).unwrap()
}

fn manifests(dir: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(path(dir)).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.extension().is_some_and(|extension| extension == "yaml")).collect()
}
