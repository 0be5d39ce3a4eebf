//! The operator's role, held against what the API server's audit log says that it used.

use std::collections::BTreeSet;
use std::path::PathBuf;

use dev_cluster::{Access, Options};
use serde_json::{Value, json};
use testbed::{Kubectl, Testbed, eventually};

use crate::world::{CALLEES, NAMESPACE, PATIENCE, all_ready, condition, examples, list, objects, ours};

const USER: &str = "system:serviceaccount:telnyx-operator:telnyx-operator";

/// What is granted though a life without accidents does not use it: group, resource, verb, and what needs it.
const NEEDED_BY_OTHERS: &[(&str, &str, &str, &str)] = &[
    ("telnyx-operator.io", "callflows/finalizers", "update", ENFORCEMENT),
    ("telnyx-operator.io", "outboundcampaigns/finalizers", "update", ENFORCEMENT),
    ("telnyx-operator.io", "dialjobs/finalizers", "update", ENFORCEMENT),
    ("", "secrets", "delete", LEFTOVERS),
];

/// Neither happens in a life without accidents, and of less than a month.
const LEFTOVERS: &str =
    "what a list that was read half-way has left is removed, and what the ledger need not remember any more";

/// Nothing asks for it on this cluster.
const ENFORCEMENT: &str =
    "the admission plugin OwnerReferencesPermissionEnforcement checks it for owner references that block deletion";

/// Group, resource (with its subresource) and verb.
type Right = (String, String, String);

#[tokio::test(flavor = "multi_thread")]
async fn the_chart_grants_what_the_operator_uses_and_nothing_else() {
    let testbed = audited(&[]).await;
    live_through_everything(&testbed).await;
    testbed.operator().stop().await.unwrap();

    let (used, refused) = recorded(&testbed);
    assert!(refused.is_empty(), "the role lacks {refused:#?}");
    let role = testbed.kubectl().json(["get", "clusterrole", "telnyx-operator"]).await.unwrap();
    let granted = granted(&role);
    let needed_by_others: BTreeSet<Right> = NEEDED_BY_OTHERS
        .iter()
        .map(|(group, resource, verb, _)| ((*group).to_owned(), (*resource).to_owned(), (*verb).to_owned()))
        .collect();
    let idle: Vec<_> = granted.difference(&used).filter(|right| !needed_by_others.contains(right)).collect();
    assert!(idle.is_empty(), "granted and not used: {idle:#?}");
    let explained: Vec<_> =
        needed_by_others.iter().filter(|right| used.contains(right) || !granted.contains(right)).collect();
    assert!(explained.is_empty(), "used, or not granted, and yet explained: {explained:#?}");
    testbed.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_of_one_namespace_lives_with_a_role_in_it() {
    let testbed = audited(&["watchNamespaces={voice}"]).await;
    testbed.apply_account("acme", &json!({})).await.unwrap();
    let queue = json!({ "apiVersion": "telnyx-operator.io/v1alpha1", "kind": "Queue", "metadata": { "name": "support" },
        "spec": { "accountRef": { "name": "acme" } } });
    testbed.kubectl().apply_manifest(&queue.to_string()).await.unwrap();
    all_ready(&testbed, 2).await;
    let roles = testbed.kubectl().run(["get", "clusterrole,clusterrolebinding", "telnyx-operator"]).await;
    assert!(roles.unwrap_err().message().contains("not found"));
    let (used, refused) = recorded(&testbed);
    assert!(refused.is_empty(), "the role lacks {refused:#?}");
    assert!(used.iter().any(|(_, resource, verb)| resource == "queues/status" && verb == "patch"), "{used:#?}");
    testbed.stop().await.unwrap();
}

async fn audited(values: &[&str]) -> Testbed {
    let options = Options { audit_log: true, ..Options::default() };
    let builder = Testbed::builder().cluster(options).simulator_config(CALLEES);
    values.iter().fold(builder, |builder, value| builder.chart_value(*value)).start().await.unwrap()
}

/// Everything that objects go through between their creation and their end.
async fn live_through_everything(testbed: &Testbed) {
    let kubectl = testbed.kubectl().in_namespace(NAMESPACE);
    kubectl.run(["create", "namespace", NAMESPACE]).await.unwrap();
    let all = objects(&examples(testbed));
    kubectl.apply_manifest(&list(&all)).await.unwrap();
    let campaign = short_campaign(&all);
    kubectl.apply_manifest(&campaign.to_string()).await.unwrap();
    eventually("the campaign is over and gone", PATIENCE, async || {
        let found =
            kubectl.run(["get", "outboundcampaigns", "--output=name"]).await.map_err(|error| error.to_string())?;
        if found.contains("short-lived") { Err(found) } else { Ok(()) }
    })
    .await
    .unwrap();
    for job in waiting_jobs(&all) {
        kubectl.apply_manifest(&job.to_string()).await.unwrap();
        let name = job["metadata"]["name"].as_str().unwrap();
        eventually("the job says what it waits for", PATIENCE, async || {
            let job = kubectl.json(["get", "dialjob", name]).await.map_err(|error| error.to_string())?;
            if condition(&job, "Reconciling")["status"] == "True" { Ok(()) } else { Err(job.to_string()) }
        })
        .await
        .unwrap();
    }
    // Under Report an edit is held against what was seen last.
    for (kind, edit) in [
        ("callcontrolapplication/hotline", json!({ "dtmfType": "Inband" })),
        ("outboundvoiceprofile/careful", json!({ "concurrentCallLimit": 3 })),
        ("queues.telnyx-operator.io/support", json!({ "maxSize": 8 })),
    ] {
        let mut spec = edit;
        spec["driftPolicy"] = json!("Report");
        edited(&kubectl, kind, &spec).await;
    }
    // An edit makes a revision, and lets the one before go that no call is in.
    edited(&kubectl, "callflow/survey", &json!({ "timeLimitSecs": 600, "revisionHistoryLimit": 1 })).await;
    eventually("the revision before the edit is gone", PATIENCE, async || {
        let found =
            kubectl.run(["get", "controllerrevisions", "--output=name"]).await.map_err(|error| error.to_string())?;
        let kept = found.lines().filter(|name| name.contains("/survey-")).count();
        if kept == 1 { Ok(()) } else { Err(found) }
    })
    .await
    .unwrap();
    kubectl.run(["delete", "outboundcampaigns,dialjobs", "--all", "--timeout=120s"]).await.unwrap();
    kubectl.run(["delete", "telnyx", "--all", "--timeout=120s"]).await.unwrap();
    assert!(ours(testbed).await.unwrap().is_empty());
}

/// Edits an object and waits until the edit has been acted on.
async fn edited(kubectl: &Kubectl, object: &str, spec: &Value) {
    let patch = json!({ "spec": spec }).to_string();
    kubectl.run(["patch", object, "--type=merge", "--patch", &patch]).await.unwrap();
    eventually("the edited object is Ready", PATIENCE, async || {
        let object = kubectl.json(["get", object]).await.map_err(|error| error.to_string())?;
        let seen = object["status"]["observedGeneration"] == object["metadata"]["generation"];
        if seen && condition(&object, "Ready")["status"] == "True" { Ok(()) } else { Err(object.to_string()) }
    })
    .await
    .unwrap();
}

/// A campaign out of the quickstart's that calls one person and deletes itself afterwards.
fn short_campaign(examples: &[Value]) -> Value {
    let mut campaign = examples.iter().find(|object| object["kind"] == "OutboundCampaign").unwrap().clone();
    campaign["metadata"]["name"] = json!("short-lived");
    let spec = campaign["spec"].as_object_mut().unwrap();
    spec.remove("targetsFrom");
    spec.insert("targets".to_owned(), json!([{ "id": "only", "to": "+13125550171", "timeZone": "America/Chicago" }]));
    spec.insert("ttlSecondsAfterFinished".to_owned(), json!(0));
    campaign
}

/// Jobs that stand alone; one names an application that does not exist, one such a flow.
fn waiting_jobs(examples: &[Value]) -> [Value; 2] {
    let job = |name: &str, field: &str| {
        let mut job = examples.iter().find(|object| object["kind"] == "DialJob").unwrap().clone();
        job["metadata"]["name"] = json!(name);
        job["spec"]["plan"][field] = json!({ "name": "nowhere" });
        job
    };
    let mut without_flow = job("without-flow", "callFlowRef");
    without_flow["spec"]["plan"].as_object_mut().unwrap().remove("announcement");
    [job("homeless", "applicationRef"), without_flow]
}

/// What the operator used, and what it was refused, by the audit log.
fn recorded(testbed: &Testbed) -> (BTreeSet<Right>, BTreeSet<Right>) {
    let log: PathBuf = match testbed.cluster() {
        Access::Own(cluster) => cluster.audit_log(),
        Access::Shared { .. } => panic!("the cluster is not ours"),
    };
    let (mut used, mut refused) = (BTreeSet::new(), BTreeSet::new());
    for line in std::fs::read_to_string(log).unwrap().lines() {
        // The last line may be half written.
        let Ok(event) = serde_json::from_str::<Value>(line) else { continue };
        let about = &event["objectRef"];
        if event["user"]["username"] != USER || about.is_null() {
            continue;
        }
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let resource = match about["subresource"].as_str() {
            Some(subresource) => format!("{}/{subresource}", text(&about["resource"])),
            None => text(&about["resource"]),
        };
        let right = (text(&about["apiGroup"]), resource, text(&event["verb"]));
        match event["annotations"]["authorization.k8s.io/decision"].as_str() {
            Some("allow") => used.insert(right),
            _ => refused.insert(right),
        };
    }
    assert!(!used.is_empty(), "the operator is not in the audit log");
    (used, refused)
}

/// A role's rules, one by one.
fn granted(role: &Value) -> BTreeSet<Right> {
    let words = |rule: &Value, field: &str| -> Vec<String> {
        rule[field].as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned()).collect()
    };
    let mut rights = BTreeSet::new();
    for rule in role["rules"].as_array().unwrap() {
        for group in words(rule, "apiGroups") {
            for resource in words(rule, "resources") {
                for verb in words(rule, "verbs") {
                    rights.insert((group.clone(), resource.clone(), verb));
                }
            }
        }
    }
    rights
}
