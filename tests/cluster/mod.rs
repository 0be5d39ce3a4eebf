//! What a story's cluster needs: the definitions, and an operator that may do what the chart's role allows its
//! ServiceAccount, and nothing else. A rule that the chart lacks fails the stories that need it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use dev_cluster::Access;
use dev_cluster::binaries::Program;
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::{Namespace, ServiceAccount};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, DynamicObject, ListParams, Patch, PatchParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::{ApiResource, GroupVersionKind};
use kube::runtime::{conditions, wait::await_condition};
use kube::{Client, Config};
use serde_json::{Value, json};
use telnyx_operator::api::TelnyxAccount;

/// The release, its namespace and its ServiceAccount. All stories on a cluster share them.
const NAME: &str = "operator-of-the-stories";
/// Longer than any story.
const TOKEN_SECONDS: i64 = 7200;
const PATIENCE: Duration = Duration::from_mins(3);

/// Installs the definitions, and waits until they are served.
pub(crate) async fn install(admin: &Client) {
    let definitions: Api<CustomResourceDefinition> = Api::all(admin.clone());
    for definition in telnyx_operator::api::crds() {
        let name = definition.metadata.name.clone().unwrap();
        let parameters = PatchParams::apply("tests").force();
        definitions.patch(&name, &parameters, &Patch::Apply(&definition)).await.unwrap();
        let served = await_condition(definitions.clone(), &name, conditions::is_crd_established());
        tokio::time::timeout(PATIENCE, served).await.expect("the kind is served").unwrap();
    }
}

/// Writes a kubeconfig of the chart's ServiceAccount into `folder`. `admin` is the cluster's administrator.
pub(crate) async fn kubeconfig(access: &Access, admin: &Client, folder: &Path) -> PathBuf {
    let parameters = PatchParams::apply("stories").force();
    let namespace = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": NAME } });
    let namespaces: Api<Namespace> = Api::all(admin.clone());
    namespaces.patch(NAME, &parameters, &Patch::Apply(&namespace)).await.unwrap();
    for object in rendered() {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap();
        let (group, version) = text("/apiVersion").split_once('/').unwrap_or(("", text("/apiVersion")));
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, text("/kind")));
        let api: Api<DynamicObject> = match object.pointer("/metadata/namespace") {
            Some(_) => Api::namespaced_with(admin.clone(), NAME, &resource),
            None => Api::all_with(admin.clone(), &resource),
        };
        api.patch(text("/metadata/name"), &parameters, &Patch::Apply(object)).await.unwrap();
    }
    let path = folder.join("operator.kubeconfig");
    access.kubeconfig_for_token(&token(admin).await, &path).unwrap();
    until_granted(&client(&path).await).await;
    path
}

/// A client with the rights of a kubeconfig.
pub(crate) async fn client(kubeconfig: &Path) -> Client {
    let config = Kubeconfig::read_from(kubeconfig).unwrap();
    Client::try_from(Config::from_custom_kubeconfig(config, &KubeConfigOptions::default()).await.unwrap()).unwrap()
}

async fn token(admin: &Client) -> String {
    let spec = TokenRequestSpec { expiration_seconds: Some(TOKEN_SECONDS), ..TokenRequestSpec::default() };
    let request = TokenRequest { spec, ..TokenRequest::default() };
    let accounts: Api<ServiceAccount> = Api::namespaced(admin.clone(), NAME);
    let granted = accounts.create_token_request(NAME, &PostParams::default(), &request).await.unwrap();
    granted.status.unwrap().token
}

/// The API server learns of roles and bindings through a watch of its own, a moment after it has stored them.
async fn until_granted(operator: &Client) {
    let accounts: Api<TelnyxAccount> = Api::all(operator.clone());
    let begun = std::time::Instant::now();
    while let Err(error) = accounts.list(&ListParams::default().limit(1)).await {
        assert!(begun.elapsed() < PATIENCE, "the chart's role lets it list accounts: {error}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The chart's account, role and binding.
fn rendered() -> &'static [Value] {
    static RENDERED: OnceLock<Vec<Value>> = OnceLock::new();
    RENDERED.get_or_init(|| {
        let helm = Program::Helm.ensure(&|line| eprintln!("{line}")).unwrap();
        let chart = concat!(env!("CARGO_MANIFEST_DIR"), "/charts/telnyx-operator");
        let shown = ["serviceaccount", "clusterrole", "clusterrolebinding"];
        let output = Command::new(helm)
            .args(["template", NAME, chart, "--namespace", NAME, "--set=crds.enabled=false"])
            .arg(format!("--set=fullnameOverride={NAME}"))
            .args(shown.map(|name| format!("--show-only=templates/{name}.yaml")))
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_saphyr::from_multiple(&String::from_utf8(output.stdout).unwrap()).unwrap()
    })
}
