//! Argo CD by its health script and Flux by kstatus tell the truth about objects in every state that they can be in.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use telnyx_operator::api;
use testbed::{Testbed, eventually};

use crate::world::{CALLEES, NAMESPACE, PATIENCE, examples, list, name, objects, ours, path, pipe};

/// The objects that cannot be Ready, or are not working, stand here.
const ODD: &str = "odd";
/// What is made, changed and deleted while nobody looks.
const UNSEEN: &str = "unseen";

/// What kstatus and Argo CD say.
type Verdict = (&'static str, &'static str);

const WELL: Verdict = ("Current", "Healthy");
const ON_ITS_WAY: Verdict = ("InProgress", "Progressing");
const NEEDS_A_PERSON: Verdict = ("Failed", "Degraded");
/// What is suspended before it was made is not there yet, as Flux sees it.
const SUSPENDED_BEFORE: Verdict = ("InProgress", "Suspended");
const SUSPENDED: Verdict = ("Current", "Suspended");
const GOING: Verdict = ("Terminating", "Progressing");

#[tokio::test(flavor = "multi_thread")]
async fn argo_cd_and_flux_tell_the_truth_about_every_kind_in_every_state() {
    let folder = tempfile::tempdir().unwrap();
    let judge = judge(folder.path());
    let testbed = Testbed::builder().simulator_config(CALLEES).start().await.unwrap();
    let kubectl = testbed.kubectl().everywhere();
    for namespace in [NAMESPACE, ODD, UNSEEN] {
        kubectl.run(["create", "namespace", namespace]).await.unwrap();
    }
    let examples = objects(&examples(&testbed));
    kubectl.apply_manifest(&list(&examples)).await.unwrap();
    let odd = odd(&examples);
    let objects: Vec<Value> = odd.iter().map(|(object, _)| object.clone()).collect();
    kubectl.apply_manifest(&list(&objects)).await.unwrap();
    let mut expected: BTreeMap<String, Verdict> =
        odd.iter().filter_map(|(object, verdict)| Some((place(ODD, object), (*verdict)?))).collect();
    until_judged(&testbed, &judge, &expected).await;

    testbed.operator().stop().await.unwrap();
    let first_of_each: BTreeMap<String, Value> = examples
        .iter()
        .filter(|object| object["apiVersion"] == "telnyx-operator.io/v1alpha1")
        .map(|object| (object["kind"].as_str().unwrap().to_owned(), moved(object, UNSEEN)))
        .collect();
    let kinds: BTreeSet<String> = api::crds().into_iter().map(|crd| crd.spec.names.kind).collect();
    assert_eq!(first_of_each.keys().cloned().collect::<BTreeSet<_>>(), kinds, "an example of each kind");
    kubectl.apply_manifest(&list(&first_of_each.values().cloned().collect::<Vec<_>>())).await.unwrap();
    expected.extend(first_of_each.values().map(|object| (place(UNSEEN, object), ON_ITS_WAY)));
    let edit = json!({ "spec": { "maxSize": 7 } }).to_string();
    let demo = kubectl.in_namespace(NAMESPACE);
    let queues =
        demo.run(["get", "queues.telnyx-operator.io", "--output=jsonpath={.items[*].metadata.name}"]).await.unwrap();
    let queue = queues.split(' ').next().unwrap();
    demo.run(["patch", "queues.telnyx-operator.io", queue, "--type=merge", "--patch", &edit]).await.unwrap();
    expected.insert(format!("{NAMESPACE} Queue {queue}"), ON_ITS_WAY);
    demo.run(["delete", "callcontrolapplication", "on-call", "--wait=false"]).await.unwrap();
    expected.insert(format!("{NAMESPACE} CallControlApplication on-call"), GOING);
    until_judged(&testbed, &judge, &expected).await;
    testbed.stop().await.unwrap();
}

/// Objects in the states that the examples are not in. Those without a verdict are there for the others.
fn odd(examples: &[Value]) -> Vec<(Value, Option<Verdict>)> {
    let like = |kind: &str, wanted: &str| {
        let example = examples
            .iter()
            .find(|object| object["kind"] == kind && object["metadata"]["name"] == wanted)
            .unwrap_or_else(|| panic!("no example of a {kind} {wanted}"));
        moved(example, ODD)
    };
    let named = |mut object: Value, name: &str| {
        object["metadata"]["name"] = json!(name);
        object
    };
    let with = |mut object: Value, changes: Value| {
        for (field, value) in changes.as_object().unwrap() {
            object["spec"][field] = value.clone();
        }
        object
    };
    let campaign = |name: &str, changes: Value| {
        let mut campaign = named(like("OutboundCampaign", "maintenance-notice"), name);
        campaign["spec"].as_object_mut().unwrap().remove("targetsFrom");
        with(
            with(
                campaign,
                json!({ "targets": [{ "id": "only", "to": "+13125550171", "timeZone": "America/Chicago" }] }),
            ),
            changes,
        )
    };
    let queue = |name: &str, account: &str| {
        named(with(like("Queue", "support"), json!({ "accountRef": { "name": account } })), name)
    };
    let flow = json!({ "apiVersion": "telnyx-operator.io/v1alpha1", "kind": "CallFlow",
        "metadata": { "name": "nonsense", "namespace": ODD },
        "spec": { "direction": "Inbound", "steps": [{ "name": "pick-up", "answer": {}, "next": "nowhere" }] } });
    let wrong_key = json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "wrong", "namespace": ODD },
        "stringData": { "apiKey": "KEY_OF_NOBODY" } });
    let wrong = with(like("TelnyxAccount", "demo"), json!({ "apiKeySecretRef": { "name": "wrong", "key": "apiKey" } }));
    vec![
        (like("Secret", "telnyx-api-key"), None),
        (like("TelnyxAccount", "demo"), Some(WELL)),
        (like("OutboundVoiceProfile", "north-america"), Some(WELL)),
        (like("CallControlApplication", "announcements"), Some(WELL)),
        (wrong_key, None),
        (named(wrong, "locked-out"), Some(NEEDS_A_PERSON)),
        (queue("orphan", "nobody"), Some(ON_ITS_WAY)),
        (queue("locked-out", "locked-out"), Some(ON_ITS_WAY)),
        (named(with(queue("asleep", "demo"), json!({ "suspend": true })), "asleep"), Some(SUSPENDED_BEFORE)),
        (flow, Some(NEEDS_A_PERSON)),
        (campaign("asleep", json!({ "suspend": true })), Some(SUSPENDED)),
        (campaign("later", json!({ "startAt": "2199-01-01T00:00:00Z" })), Some(WELL)),
        (campaign("over", json!({})), Some(WELL)),
        (campaign("homeless", json!({ "applicationRef": { "name": "nowhere" } })), Some(ON_ITS_WAY)),
        (
            campaign(
                "failed",
                json!({
                    "targets": [{ "id": "only", "to": "+13125550199", "timeZone": "America/Chicago" }, { "id": "other", "to": "+13125560199", "timeZone": "America/Chicago" }],
                    "failurePolicy": { "maxFailedTargets": 0 },
                    "retry": { "maxAttemptsPerTarget": 1 },
                }),
            ),
            Some(NEEDS_A_PERSON),
        ),
        (
            campaign(
                "late",
                json!({
                    "targets": [
                        { "id": "now", "to": "+13125550172", "timeZone": "America/Chicago" },
                        { "id": "never", "to": "+13125550173", "timeZone": "America/Chicago", "notBefore": "2199-01-01T00:00:00Z" },
                    ],
                    "activeDeadlineSeconds": 60,
                }),
            ),
            Some(NEEDS_A_PERSON),
        ),
    ]
}

fn moved(object: &Value, namespace: &str) -> Value {
    let mut object = object.clone();
    object["metadata"]["namespace"] = json!(namespace);
    object
}

fn place(namespace: &str, object: &Value) -> String {
    format!("{namespace} {}", name(object))
}

/// Waits until both tools say of every object what is expected; of those that are not named, that all is well.
async fn until_judged(testbed: &Testbed, judge: &Path, expected: &BTreeMap<String, Verdict>) {
    eventually("every object is judged as it should be", PATIENCE, async || {
        let found = ours(testbed).await?;
        let output = pipe(Command::new(judge).arg(path("gitops/argocd/health.lua")), &json!(found).to_string());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let verdicts: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
        let (mut seen, mut wrong) = (BTreeSet::new(), vec![]);
        for (object, verdict) in found.iter().zip(&verdicts) {
            let place = place(object["metadata"]["namespace"].as_str().unwrap(), object);
            let (kstatus, argo) = expected.get(&place).copied().unwrap_or(WELL);
            if verdict["kstatus"] != kstatus || verdict["argo"] != argo {
                let conditions = &object["status"]["conditions"];
                wrong.push(format!("{place}: {kstatus} and {argo} expected, not {verdict}, with {conditions}"));
            }
            seen.insert(place);
        }
        wrong.extend(
            expected.keys().filter(|place| !seen.contains(*place)).map(|place| format!("{place} is not there")),
        );
        if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
    })
    .await
    .unwrap();
}

/// The program with the real libraries, compiled; Go keeps what it has compiled once.
fn judge(folder: &Path) -> PathBuf {
    let program = folder.join("judge");
    let output = Command::new("go")
        .args(["build", "-mod=readonly", "-buildvcs=false", "-o"])
        .arg(&program)
        .arg(".")
        .current_dir(path("gitops/judge"))
        .envs([("GOWORK", "off"), ("CGO_ENABLED", "0")])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    program
}

#[test]
fn the_settings_for_argo_cd_hold_the_script_for_every_kind() {
    let script = std::fs::read_to_string(path("gitops/argocd/health.lua")).unwrap();
    let indented: String =
        script.lines().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("    {line}\n") }).collect();
    let mut text = "# Generated by `make generate` out of health.lua: kubectl patch -n argocd configmap argocd-cm --patch-file THIS\n\
                    data:\n"
        .to_owned();
    for crd in api::crds() {
        let key = format!("resource.customizations.health.{}_{}", api::GROUP, crd.spec.names.kind);
        text.extend(["  ", &key, ": |\n", &indented]);
    }
    let stored = path("gitops/argocd/argocd-cm.yaml");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&stored, &text).unwrap();
    }
    let before = std::fs::read_to_string(&stored).unwrap_or_default();
    assert!(before == text, "{} is out of date: run `make generate` and commit", stored.display());
    let read: Value = serde_saphyr::from_str(&text).unwrap();
    for value in read["data"].as_object().unwrap().values() {
        assert_eq!(value.as_str().unwrap(), script);
    }
}

#[test]
fn the_pipelines_call_the_plan_as_it_is() {
    let help = Command::new(env!("CARGO_BIN_EXE_telnyx-operator")).args(["plan", "--help"]).output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    assert!(help.contains("0 nothing to do, 2 changes"), "{help}");
    for file in ["gitops/ci/github-actions.yaml", "gitops/ci/gitlab-ci.yaml"] {
        let text = std::fs::read_to_string(path(file)).unwrap();
        let _parses: Value = serde_saphyr::from_str(&text).unwrap();
        let call = text.lines().find_map(|line| line.split_once("\"$IMAGE\" ")).unwrap().1;
        let words: Vec<&str> = call.split([' ', '|', '>']).take_while(|word| !word.is_empty()).collect();
        assert_eq!(words.first(), Some(&"plan"), "{file}");
        for option in words.iter().filter(|word| word.starts_with("--")) {
            assert!(help.contains(*option), "{file} uses {option}, which plan does not have");
        }
        assert!(help.contains("TELNYX_API_KEY") && text.contains("--env TELNYX_API_KEY"), "{file}");
    }
}
