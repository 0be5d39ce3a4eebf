//! The chart: it lints, installs, gives the operator what it needs and no more, and leaves the kinds when it goes.

use std::path::PathBuf;
use std::process::Command;

use dev_cluster::binaries::Program;
use dev_cluster::{Access, Options};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Api;
use kube::api::ListParams;
use serde_json::{Value, json};
use telnyx_operator::api;

use crate::generated::path;
use crate::server::client;

const NAMESPACE: &str = "telnyx-system";

fn helm() -> PathBuf {
    Program::Helm.ensure(&|line| eprintln!("{line}")).unwrap()
}

fn run(command: &mut Command) -> Result<String, String> {
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stdout) + &text(&output.stderr)) }
}

fn chart() -> PathBuf {
    path("charts/telnyx-operator")
}

#[test]
fn the_chart_lints_and_renders_with_every_switch_the_other_way() {
    run(Command::new(helm()).arg("lint").arg(chart()).arg("--strict")).unwrap();
    let rendered = run(Command::new(helm()).arg("template").arg("x").arg(chart()).args([
        "--set=crds.keep=false,serviceAccount.create=false,serviceAccount.name=mine,rbac.create=false",
        "--set=image.digest=sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "--set=nodeSelector.a=b,podAnnotations.c=d,podLabels.e=f,priorityClassName=high,imagePullSecrets[0].name=pull",
        "--set=extraArgs[0]=--more,extraEnv[0].name=G,extraEnv[0].value=h,webhook.service.annotations.i=j",
    ]))
    .unwrap();
    assert!(!rendered.contains("kind: ClusterRole") && !rendered.contains("kind: ServiceAccount"));
    assert!(!rendered.contains("helm.sh/resource-policy"));
    for expected in ["serviceAccountName: mine", "telnyx-operator@sha256:", "priorityClassName: high", "- --more"] {
        assert!(rendered.contains(expected), "{expected}");
    }
    let without =
        run(Command::new(helm()).arg("template").arg("x").arg(chart()).arg("--set=crds.enabled=false")).unwrap();
    assert!(!without.contains("CustomResourceDefinition"));
}

#[test]
fn a_misspelt_value_is_refused_by_name() {
    let refusal =
        run(Command::new(helm()).arg("template").arg("x").arg(chart()).arg("--set=webhook.prot=1")).unwrap_err();
    assert!(refusal.contains("prot"), "{refusal}");
}

#[tokio::test]
async fn the_chart_installs_with_least_rights_and_leaves_the_kinds_when_it_goes() {
    let access = Access::start(Options::default()).await.unwrap();
    let helm = |arguments: &[&str]| {
        run(Command::new(helm())
            .env("KUBECONFIG", access.kubeconfig())
            .args(arguments)
            .args(["--namespace", NAMESPACE]))
    };
    let chart = chart();
    helm(&["install", "telnyx-operator", chart.to_str().unwrap(), "--create-namespace"]).unwrap();

    let client = client(access.kubeconfig()).await;
    let installed: Api<CustomResourceDefinition> = Api::all(client);
    for expected in api::crds() {
        let name = expected.metadata.name.as_deref().unwrap();
        let crd = installed.get(name).await.unwrap();
        let schema = |crd: &CustomResourceDefinition| canonical(serde_json::to_value(&crd.spec.versions[0]).unwrap());
        assert!(schema(&crd) == schema(&expected), "{name} is not what the code says");
    }

    for (may, verb, resource) in rights() {
        let answer = run(Command::new(access.kubectl())
            .arg("--kubeconfig")
            .arg(access.kubeconfig())
            .args(["auth", "can-i", verb, resource, "--namespace=default"])
            .arg(format!("--as=system:serviceaccount:{NAMESPACE}:telnyx-operator")));
        assert_eq!(answer.is_ok(), may, "{verb} {resource}: {answer:?}");
    }

    helm(&["upgrade", "telnyx-operator", chart.to_str().unwrap(), "--set=crds.keep=true"]).unwrap();
    helm(&["uninstall", "telnyx-operator"]).unwrap();
    assert_eq!(installed.list(&ListParams::default()).await.unwrap().items.len(), api::crds().len());
    access.release().await.unwrap();
}

/// Numbers as floats: on their way through Helm and the API server 1.0 becomes 1.
fn canonical(value: Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_f64()),
        Value::Array(items) => items.into_iter().map(canonical).collect(),
        Value::Object(fields) => fields.into_iter().map(|(name, value)| (name, canonical(value))).collect(),
        Value::Null | Value::Bool(_) | Value::String(_) => value,
    }
}

/// Whether the operator may, what, on what.
fn rights() -> Vec<(bool, &'static str, &'static str)> {
    vec![
        (true, "watch", "telnyxaccounts.telnyx-operator.io"),
        (true, "patch", "callcontrolapplications.telnyx-operator.io"),
        (true, "update", "dialjobs.telnyx-operator.io/status"),
        (true, "patch", "queues.telnyx-operator.io/status"),
        (true, "patch", "conferences.telnyx-operator.io/status"),
        (true, "create", "dialjobs.telnyx-operator.io"),
        (true, "delete", "dialjobs.telnyx-operator.io"),
        (true, "watch", "secrets"),
        (true, "create", "secrets"),
        (true, "watch", "configmaps"),
        (true, "create", "events.events.k8s.io"),
        (true, "delete", "outboundcampaigns.telnyx-operator.io"),
        (false, "create", "outboundcampaigns.telnyx-operator.io"),
        (false, "delete", "telnyxaccounts.telnyx-operator.io"),
        (false, "delete", "callcontrolapplications.telnyx-operator.io"),
        (false, "update", "secrets"),
        (false, "patch", "secrets"),
        (false, "update", "configmaps"),
        (false, "create", "pods"),
        (false, "patch", "customresourcedefinitions.apiextensions.k8s.io"),
        (false, "create", "clusterrolebindings.rbac.authorization.k8s.io"),
    ]
}
