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

pub(crate) fn helm() -> PathBuf {
    Program::Helm.ensure(&|line| eprintln!("{line}")).unwrap()
}

pub(crate) fn run(command: &mut Command) -> Result<String, String> {
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stdout) + &text(&output.stderr)) }
}

pub(crate) fn chart() -> PathBuf {
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
fn a_value_that_cannot_be_is_refused_with_its_name_and_what_is_allowed() {
    for (values, words) in [
        ("webhook.prot=1", ["'/webhook'", "'prot' not allowed"]),
        ("replicaCount=2", ["''", "'replicaCount' not allowed"]),
        ("replicas=0", ["'/replicas'", "minimum"]),
        ("webhook.port=http", ["'/webhook/port'", "want integer"]),
        ("log.format=xml", ["'/log/format'", "'text', 'json'"]),
        ("traces.endpoint=collector:4317", ["'/traces/endpoint'", "does not match pattern"]),
        ("watchNamespaces[0]=Sales", ["'/watchNamespaces/0'", "does not match pattern"]),
        ("podDisruptionBudget.maxUnavailable=2", ["'/podDisruptionBudget/maxUnavailable'", "maximum"]),
        ("serviceAccount.create=false", ["serviceAccount.name is required", "serviceAccount.create is false"]),
        ("webhook.ingress.enabled=true", ["webhook.ingress.hosts is empty", "webhookBaseUrl"]),
        ("webhook.gateway.enabled=true", ["webhook.gateway.parentRefs is empty", "Gateway"]),
        ("account.create=true", ["account.secretName is required", "account.create=false"]),
        (
            "account.webhookBaseUrl=https://voice.example.com",
            ["account.secretName is required", "account.create=false"],
        ),
        ("account.secretName=telnyx,watchNamespaces[0]=sales", ["default", "is not among watchNamespaces"]),
        ("extraArgs[0]=--instance=blue", ["extraArgs has --instance", "under one name"]),
        ("extraEnv[0].name=HOSTNAME", ["extraEnv has HOSTNAME", "under one name"]),
    ] {
        let refusal =
            run(Command::new(helm()).arg("template").arg("x").arg(chart()).args(["--set", values])).unwrap_err();
        for word in words {
            assert!(refusal.contains(word), "{values}: {word:?} is not in {refusal}");
        }
    }
}

#[test]
fn an_account_is_declared_as_soon_as_its_secret_is_named_unless_it_is_switched_off() {
    let declared = |values: &str| {
        let rendered = run(Command::new(helm()).arg("template").arg("x").arg(chart()).args(["--set", values])).unwrap();
        let objects: Vec<Value> = serde_saphyr::from_multiple(&rendered).unwrap();
        let rights = objects
            .iter()
            .any(|object| object["kind"] == "Role" && object["metadata"]["name"] == "x-telnyx-operator-account");
        let deployment = objects.iter().find(|object| object["kind"] == "Deployment").unwrap();
        let arguments =
            deployment.pointer("/spec/template/spec/containers/0/args").unwrap().as_array().unwrap().clone();
        let account = arguments.iter().find_map(|word| word.as_str()?.strip_prefix("--account="));
        assert_eq!(rights, account.is_some(), "{values}: what it may, it needs");
        account.map(|json| serde_json::from_str::<Value>(json).unwrap())
    };
    assert_eq!(declared("log.format=json"), None);
    assert_eq!(declared("account.create=false,account.secretName=telnyx"), None);
    let account = declared("account.secretName=telnyx,account.webhookBaseUrl=https://voice.example.com").unwrap();
    assert_eq!(account["metadata"]["namespace"], "default");
    assert_eq!(
        account["spec"],
        json!({
            "apiKeySecretRef": { "name": "telnyx", "key": "apiKey" },
            "webhookPublicKeySecretRef": { "name": "telnyx", "key": "publicKey" },
            "webhookBaseUrl": "https://voice.example.com",
        })
    );
}

#[test]
fn every_value_is_described_and_none_is_in_the_file_that_the_schema_does_not_know() {
    let schema: Value =
        serde_json::from_str(&std::fs::read_to_string(chart().join("values.schema.json")).unwrap()).unwrap();
    let values: Value = serde_saphyr::from_str(&std::fs::read_to_string(chart().join("values.yaml")).unwrap()).unwrap();
    compare("", &schema, &values);
}

/// Where fields are listed, the list is closed, every one says what it is for, and the values name no other.
fn compare(at: &str, schema: &Value, values: &Value) {
    let Some(fields) = schema["properties"].as_object() else { return };
    assert_eq!(schema["additionalProperties"], false, "{at} takes whatever it is given");
    for (name, field) in fields {
        let at = format!("{at}.{name}");
        assert!(field["description"].as_str().is_some_and(|text| text.ends_with('.')), "{at} is not described");
        compare(&at, field, &values[name]);
        compare(&format!("{at}[]"), &field["items"], &Value::Null);
    }
    for name in values.as_object().into_iter().flat_map(|values| values.keys()) {
        assert!(fields.contains_key(name), "{at}.{name} has a value and no schema");
    }
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
        // After a slash kubectl expects a name.
        let (resource, subresource) =
            resource.split_once('/').map_or((resource, None), |(kind, subresource)| (kind, Some(subresource)));
        let answer = run(Command::new(access.kubectl())
            .arg("--kubeconfig")
            .arg(access.kubeconfig())
            .args(["auth", "can-i", verb, resource, "--namespace=default"])
            .args(subresource.map(|name| format!("--subresource={name}")))
            .arg(format!("--as=system:serviceaccount:{NAMESPACE}:telnyx-operator")));
        assert_eq!(answer.is_ok(), may, "{verb} {resource} {subresource:?}: {answer:?}");
    }

    let format = || {
        let arguments =
            ["get", "deployment", "telnyx-operator", "--output=jsonpath={..args}", "--namespace", NAMESPACE];
        let shown = run(Command::new(access.kubectl()).arg("--kubeconfig").arg(access.kubeconfig()).args(arguments));
        if shown.unwrap().contains("--log-format=json") { "json" } else { "text" }
    };
    helm(&["upgrade", "telnyx-operator", chart.to_str().unwrap(), "--set=log.format=json"]).unwrap();
    assert_eq!(format(), "json");
    helm(&["rollback", "telnyx-operator", "1"]).unwrap();
    assert_eq!(format(), "text");
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
        (false, "update", "outboundcampaigns.telnyx-operator.io/status"),
        (true, "create", "dialjobs.telnyx-operator.io"),
        (false, "delete", "dialjobs.telnyx-operator.io"),
        (true, "watch", "donotcalllists.telnyx-operator.io"),
        (true, "patch", "donotcalllists.telnyx-operator.io/status"),
        (false, "patch", "donotcalllists.telnyx-operator.io"),
        (true, "watch", "secrets"),
        (true, "create", "secrets"),
        (true, "patch", "secrets"),
        (true, "watch", "configmaps"),
        (true, "create", "events.events.k8s.io"),
        (true, "delete", "outboundcampaigns.telnyx-operator.io"),
        (false, "create", "outboundcampaigns.telnyx-operator.io"),
        (false, "create", "telnyxaccounts.telnyx-operator.io"),
        (false, "delete", "telnyxaccounts.telnyx-operator.io"),
        (false, "delete", "callcontrolapplications.telnyx-operator.io"),
        (false, "update", "callcontrolapplications.telnyx-operator.io"),
        (false, "update", "secrets"),
        (false, "update", "configmaps"),
        (true, "update", "leases.coordination.k8s.io"),
        (false, "delete", "leases.coordination.k8s.io"),
        (false, "create", "pods"),
        (false, "patch", "customresourcedefinitions.apiextensions.k8s.io"),
        (false, "create", "clusterrolebindings.rbac.authorization.k8s.io"),
    ]
}
