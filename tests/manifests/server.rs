//! An API server that serves our kinds.

use std::io::Write as _;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use dev_cluster::{Access, Options};
use futures::{StreamExt as _, stream};
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{ApiResource, DeleteParams, DynamicObject, ObjectMeta, Patch, PatchParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::GroupVersionKind;
use kube::runtime::{conditions, wait::await_condition};
use kube::{Api, Client, Config};
use serde_json::Value;
use telnyx_operator::api;
use uuid::Uuid;

/// A kind that was installed is served within this.
const SERVED_WITHIN: Duration = Duration::from_secs(30);

/// The API server, with a namespace for one test.
pub(crate) struct Server {
    access: Access,
    client: Client,
    namespace: String,
}

impl Server {
    /// Installs the kinds and makes a namespace.
    pub(crate) async fn ready() -> Self {
        let access = Access::shared_or_start(Options::default()).await.unwrap();
        let client = client(access.kubeconfig()).await;
        install(&client).await;
        let namespace = format!("manifests-{}", Uuid::new_v4().simple());
        let object = Namespace {
            metadata: ObjectMeta { name: Some(namespace.clone()), ..ObjectMeta::default() },
            ..Namespace::default()
        };
        Api::all(client.clone()).create(&PostParams::default(), &object).await.unwrap();
        Self { access, client, namespace }
    }

    /// Removes the namespace, and the cluster if it is ours.
    pub(crate) async fn release(self) {
        let namespaces: Api<Namespace> = Api::all(self.client.clone());
        namespaces.delete(&self.namespace, &DeleteParams::default()).await.unwrap();
        self.access.release().await.unwrap();
    }

    /// A kubectl, for what kubectl itself does.
    pub(crate) fn kubectl(&self) -> std::process::Command {
        let mut kubectl = std::process::Command::new(self.access.kubectl());
        kubectl.arg("--kubeconfig").arg(self.access.kubeconfig()).args(["--namespace", &self.namespace]);
        kubectl
    }

    /// What the server says to a new object; `None` when it would take it. Nothing is stored.
    pub(crate) async fn refusal(&self, object: &Value) -> Option<String> {
        let parameters = PostParams { dry_run: true, ..PostParams::default() };
        match self.api(object).create(&parameters, &parse(object)).await {
            Ok(_) => None,
            Err(kube::Error::Api(status)) => Some(status.message),
            Err(error) => panic!("the API server did not answer: {error}"),
        }
    }

    /// As [`Server::refusal`], for many objects at once, in their order.
    pub(crate) async fn refusals(&self, objects: impl IntoIterator<Item = Value>) -> Vec<Option<String>> {
        stream::iter(objects).map(|object| async move { self.refusal(&object).await }).buffered(16).collect().await
    }

    /// What the server says to a change of an object that it has; `None` when it would take it.
    pub(crate) async fn refusal_of_change(&self, before: &Value, after: &Value) -> Option<String> {
        let api = self.api(before);
        let mut old = parse(before);
        old.metadata.name = Some(format!("change-{}", Uuid::new_v4().simple()));
        let stored = api.create(&PostParams::default(), &old).await.unwrap();
        let mut new = parse(after);
        let name = stored.metadata.name.clone().unwrap();
        new.metadata.name = Some(name.clone());
        new.metadata.resource_version = stored.metadata.resource_version;
        let parameters = PostParams { dry_run: true, ..PostParams::default() };
        match api.replace(&name, &parameters, &new).await {
            Ok(_) => None,
            Err(kube::Error::Api(status)) => Some(status.message),
            Err(error) => panic!("the API server did not answer: {error}"),
        }
    }

    /// Stores an object and returns it as the server shows it.
    pub(crate) async fn store(&self, object: &Value) -> Value {
        let stored = self.api(object).create(&PostParams::default(), &parse(object)).await.unwrap();
        serde_json::to_value(stored).unwrap()
    }

    fn api(&self, object: &Value) -> Api<DynamicObject> {
        let kind = object["kind"].as_str().unwrap();
        let gvk = GroupVersionKind::gvk(api::GROUP, api::VERSION, kind);
        let resource = ApiResource::from_gvk_with_plural(&gvk, &format!("{}s", kind.to_lowercase()));
        Api::namespaced_with(self.client.clone(), &self.namespace, &resource)
    }
}

fn parse(object: &Value) -> DynamicObject {
    serde_json::from_value(object.clone()).unwrap()
}

/// A client for the cluster of a kubeconfig.
pub(crate) async fn client(kubeconfig: &Path) -> Client {
    let kubeconfig = Kubeconfig::read_from(kubeconfig).unwrap();
    let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap();
    Client::try_from(config).unwrap()
}

/// Installs the kinds and waits until they are served.
pub(crate) async fn install(client: &Client) {
    let crds: Api<CustomResourceDefinition> = Api::all(client.clone());
    for crd in api::crds() {
        let name = crd.metadata.name.clone().unwrap();
        crds.patch(&name, &PatchParams::apply("manifests-test").force(), &Patch::Apply(&crd)).await.unwrap();
        let established = await_condition(crds.clone(), &name, conditions::is_crd_established());
        tokio::time::timeout(SERVED_WITHIN, established).await.expect("the kind is not served").unwrap();
    }
}

/// Runs a command with a text on its standard input.
pub(crate) fn pipe(mut command: std::process::Command, text: &str) -> Output {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}
