//! The examples do what they say: applied as they stand, everything in them becomes Ready.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may")]

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::Duration;
use testbed::{Testbed, eventually};

/// Kinds with a counterpart at Telnyx: in a manifest, and as kubectl names them.
const KINDS: [(&str, &str); 6] = [
    ("TelnyxAccount", "telnyxaccounts"),
    ("OutboundVoiceProfile", "outboundvoiceprofiles"),
    ("CallControlApplication", "callcontrolapplications"),
    ("Queue", "queues.telnyx-operator.io"),
    ("Conference", "conferences.telnyx-operator.io"),
    ("CallFlow", "callflows"),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_object_of_the_examples_becomes_ready() {
    let testbed = Testbed::builder().start().await.unwrap();
    let kubectl = testbed.kubectl().in_namespace("telnyx-demo");
    let mut applied = String::new();
    for file in examples() {
        // The ports that the examples name may be in use here; nothing else of them is changed.
        let manifest = std::fs::read_to_string(&file)
            .unwrap()
            .replace("http://127.0.0.1:12111/v2", &testbed.simulator().base_url())
            .replace("http://127.0.0.1:8080", &testbed.operator().webhook_url());
        kubectl.apply_manifest(&manifest).await.unwrap();
        applied.push_str(&manifest);
    }
    for (kind, plural) in KINDS {
        let count = applied.lines().filter(|line| line.strip_prefix("kind: ") == Some(kind)).count();
        assert!(count > 0, "no example of a {kind}");
        eventually(&format!("all {plural} are Ready"), Duration::from_mins(1), async || {
            let found = kubectl.json(["get", plural]).await.map_err(|error| error.to_string())?;
            let found = found["items"].as_array().cloned().unwrap_or_default();
            let waiting: Vec<String> = found.iter().filter(|object| !is_ready(object)).map(Value::to_string).collect();
            if waiting.is_empty() && found.len() == count { Ok(()) } else { Err(waiting.join("\n")) }
        })
        .await
        .unwrap();
    }
    testbed.stop().await.unwrap();
}

/// The quickstart first: the others stand in its namespace.
fn examples() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut all = vec![];
    for folder in [root.join("quickstart"), root.join("flows"), root] {
        let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
        files.sort();
        all.extend(files);
    }
    all
}

fn is_ready(object: &Value) -> bool {
    let conditions = object["status"]["conditions"].as_array().cloned().unwrap_or_default();
    object["status"]["observedGeneration"] == object["metadata"]["generation"]
        && conditions.iter().any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
}
