//! An installation, and the examples as it takes them.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use testbed::{Testbed, eventually};

/// Where the examples stand.
pub(crate) const NAMESPACE: &str = "telnyx-demo";

/// A busy machine starts a process in seconds; nothing here takes longer than that many times over.
pub(crate) const PATIENCE: Duration = Duration::from_mins(3);

/// Callees who answer and are done at once. Numbers that end in 0199 are busy.
pub(crate) const CALLEES: &str = "
callees:
  ringMs: 200
  shares: { person: 1, machine: 0, fax: 0, silence: 0, noAnswer: 0, busy: 0, rejected: 0, notFound: 0, carrierFailure: 0 }
  person: { earlyShare: 0, afterMessageMs: 100 }
  audio: { speakMsPerCharacter: 5 }
  amd: { verdictMs: 200, notSureShare: 0, wrongShare: 0 }
numbers:
  - { suffix: \"0199\", outcome: busy, ringMs: 200 }
";

/// A file below the workspace.
pub(crate) fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Every example, with this installation's addresses: those that they name may be in use here.
pub(crate) fn examples(testbed: &Testbed) -> Vec<String> {
    let mut all = vec![];
    for folder in ["examples/quickstart", "examples/flows", "examples"] {
        let mut files: Vec<PathBuf> =
            std::fs::read_dir(path(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
        files.sort();
        all.extend(files.iter().map(|file| testbed.at_home(&std::fs::read_to_string(file).unwrap())));
    }
    all
}

/// The objects of some manifests.
pub(crate) fn objects(manifests: &[String]) -> Vec<Value> {
    manifests.iter().flat_map(|text| serde_saphyr::from_multiple::<Value>(text).unwrap()).collect()
}

/// Some objects as one manifest.
pub(crate) fn list(objects: &[Value]) -> String {
    json!({ "apiVersion": "v1", "kind": "List", "items": objects }).to_string()
}

/// Every object of our kinds that somebody applied, in all namespaces. The jobs of a campaign are not among them: they
/// are its parts, and its status tells of them.
pub(crate) async fn ours(testbed: &Testbed) -> Result<Vec<Value>, String> {
    let found = testbed.kubectl().json(["get", "telnyx", "--all-namespaces"]).await;
    let mut found = found.map_err(|error| error.to_string())?["items"].as_array().cloned().unwrap_or_default();
    found.retain(|object| object["metadata"]["ownerReferences"].is_null());
    Ok(found)
}

/// `Queue support`, say.
pub(crate) fn name(object: &Value) -> String {
    format!("{} {}", object["kind"].as_str().unwrap(), object["metadata"]["name"].as_str().unwrap())
}

/// Waits until so many objects are there and all are Ready.
pub(crate) async fn all_ready(testbed: &Testbed, count: usize) {
    eventually("all objects are Ready", PATIENCE, async || {
        let found = ours(testbed).await?;
        let waiting: Vec<String> = found.iter().filter(|object| !is_ready(object)).map(Value::to_string).collect();
        if waiting.is_empty() && found.len() == count {
            Ok(())
        } else {
            Err(format!("{} of {count} objects; not Ready: {}", found.len(), waiting.join("\n")))
        }
    })
    .await
    .unwrap();
}

/// The condition of this type; null when there is none.
pub(crate) fn condition<'a>(object: &'a Value, kind: &str) -> &'a Value {
    let conditions = object["status"]["conditions"].as_array();
    conditions.and_then(|all| all.iter().find(|condition| condition["type"] == kind)).unwrap_or(&Value::Null)
}

fn is_ready(object: &Value) -> bool {
    object["status"]["observedGeneration"] == object["metadata"]["generation"]
        && condition(object, "Ready")["status"] == "True"
}

/// Runs a command with a text on its standard input.
pub(crate) fn pipe(command: &mut Command, text: &str) -> Output {
    use std::io::Write as _;
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    std::thread::scope(|scope| {
        // Beside the reading, so that neither side waits for a full pipe.
        scope.spawn(move || stdin.write_all(text.as_bytes()).unwrap());
        child.wait_with_output().unwrap()
    })
}
