//! What a story's cluster needs: the definitions, and an operator that may do what the chart's role allows its
//! ServiceAccount, and nothing else. A rule that the chart lacks fails the stories that need it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use dev_cluster::Access;
use dev_cluster::binaries::Program;
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{Namespace, ServiceAccount};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::{ApiResource, GroupVersionKind};
use kube::runtime::{conditions, wait::await_condition};
use kube::{Client, Config, ResourceExt as _};
use serde_json::{Value, json};
use telnyx_operator::api::TelnyxAccount;
use tokio::sync::OnceCell;

/// The release, its namespace and its ServiceAccount. All stories on a cluster share them.
const NAME: &str = "operator-of-the-stories";
/// Longer than any story.
const TOKEN_SECONDS: i64 = 7200;
const PATIENCE: Duration = Duration::from_mins(3);

/// Installs the definitions, and waits until they are served. A cluster that all stories share needs that once.
pub(crate) async fn install(access: &Access, admin: &Client) {
    static SHARED: OnceCell<()> = OnceCell::const_new();
    match access {
        Access::Shared { .. } => *SHARED.get_or_init(|| install_now(admin)).await,
        Access::Own(_) => install_now(admin).await,
    }
}

/// The like, though it was done before.
pub(crate) async fn install_now(admin: &Client) {
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
    static SHARED: OnceCell<String> = OnceCell::const_new();
    let path = folder.join("operator.kubeconfig");
    match access {
        Access::Shared { .. } => {
            let token = SHARED.get_or_init(|| granted(access, admin, &path)).await;
            access.kubeconfig_for_token(token, &path).unwrap();
        }
        Access::Own(_) => drop(granted(access, admin, &path).await),
    }
    path
}

/// A token of the chart's ServiceAccount, whose rights hold already. A kubeconfig with it lies at `path`.
async fn granted(access: &Access, admin: &Client, path: &Path) -> String {
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
    let token = token(admin).await;
    access.kubeconfig_for_token(&token, path).unwrap();
    until_granted(&client(path).await).await;
    token
}

/// All that is left of the operator's kinds, with what it says of itself.
async fn described(kinds: &[Api<DynamicObject>]) -> String {
    let mut text = String::new();
    for api in kinds {
        for object in api.list(&ListParams::default()).await.unwrap() {
            let status = object.data.get("status").unwrap_or(&serde_json::Value::Null);
            write!(text, "\n{} {:?} {status}", object.name_any(), object.finalizers()).unwrap();
        }
    }
    text
}

/// Deletes everything of ours in a namespace and waits until the operator has let go of it; then the namespace goes too, which
/// nobody waits for: its controller begins no sooner than five seconds after the deletion.
pub(crate) async fn clear(admin: &Client, namespace: &str) {
    let ours = telnyx_operator::api::crds().into_iter().map(|definition| {
        let names = &definition.spec.names;
        let kind = GroupVersionKind::gvk(&definition.spec.group, &definition.spec.versions[0].name, &names.kind);
        Api::<DynamicObject>::namespaced_with(
            admin.clone(),
            namespace,
            &ApiResource::from_gvk_with_plural(&kind, &names.plural),
        )
    });
    let ours: Vec<_> = ours.collect();
    for api in &ours {
        api.delete_collection(&DeleteParams::default(), &ListParams::default()).await.unwrap();
    }
    // An account's lease is let go by the operator too, last of all. A namespace's own stays.
    let leases = Api::<DynamicObject>::namespaced_with(admin.clone(), namespace, &ApiResource::erase::<Lease>(&()));
    let begun = std::time::Instant::now();
    for api in ours.iter().chain([&leases]) {
        loop {
            let mut left = api.list(&ListParams::default()).await.unwrap().items;
            left.retain(|object| *api.resource_url() != *leases.resource_url() || !object.finalizers().is_empty());
            if left.is_empty() {
                break;
            }
            let is_late = begun.elapsed() >= PATIENCE;
            assert!(!is_late, "{}: still there: {}", api.resource_url(), described(&ours).await);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    let namespaces: Api<Namespace> = Api::all(admin.clone());
    match namespaces.delete(namespace, &DeleteParams::default()).await {
        Ok(_) => {}
        Err(kube::Error::Api(status)) if status.code == 404 => {}
        Err(error) => panic!("{error}"),
    }
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
