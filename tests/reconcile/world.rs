//! A namespace on a real API server, a simulator, and an operator that watches the one and talks to the other.

use crate::cluster;
use dev_cluster::Access;
use k8s_openapi::api::core::v1::{Namespace, Secret};
use k8s_openapi::api::events::v1::Event;
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, PostParams};
use kube::{Client, Resource};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::future::Future;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use telnyx_operator::api::{CallControlApplication, OutboundVoiceProfile, Queue, TelnyxAccount};
use telnyx_operator::fetch::Reach;
use telnyx_operator::operator::{Operator, Options};
use telnyx_simulator::config::Config as Behaviour;
use telnyx_simulator::{JOURNAL_VARIABLE, Running, Simulator};
use telnyx_voice::ApiKey;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Long enough for a busy machine; a story that works takes a fraction of a second.
const PATIENCE: Duration = Duration::from_mins(3);
/// How long something must stay as it is to be called quiet: several resync periods of the stories' one second.
pub(crate) const QUIET: Duration = Duration::from_secs(4);
pub(crate) const KEY: &str = "KEY0123456789ABCDEF";
pub(crate) const HOOKS: &str = "https://hooks.example.com";

pub(crate) struct World {
    pub(crate) access: Option<Access>,
    pub(crate) client: Client,
    /// What the operator gets: the rights of the chart's ServiceAccount.
    operators: Client,
    /// Where everything is done.
    pub(crate) namespace: String,
    /// What the operator watches.
    watched: Vec<String>,
    pub(crate) simulator: Running,
    pub(crate) telnyx: telnyx_voice::Client,
    http: reqwest::Client,
    operator: Option<(CancellationToken, JoinHandle<()>)>,
    pub(crate) admin: String,
    /// Where it receives webhooks.
    pub(crate) hooks: String,
}

impl World {
    /// Everything is up; there is no account yet.
    pub(crate) async fn new() -> Self {
        drop(rustls::crypto::ring::default_provider().install_default());
        if let Ok(filter) = std::env::var("RUST_LOG") {
            telnyx_operator::telemetry::init(telnyx_operator::telemetry::LogFormat::Text, &filter).unwrap();
        }
        Self::on(Access::shared_or_start(dev_cluster::Options::default()).await.unwrap(), |_| {}).await
    }

    /// As [`World::new`], on a cluster of its own: for stories that meddle with the definitions.
    pub(crate) async fn alone() -> Self {
        Self::on(Access::start(dev_cluster::Options::default()).await.unwrap(), |_| {}).await
    }

    async fn on(access: Access, configure: impl FnOnce(&mut Behaviour)) -> Self {
        let client = cluster::client(access.kubeconfig()).await;
        cluster::install(&access, &client).await;
        let folder = tempfile::tempdir().unwrap();
        let operators = cluster::client(&cluster::kubeconfig(&access, &client, folder.path()).await).await;
        let namespace = format!("reconcile-{}", uuid::Uuid::new_v4().simple());
        // What the operator sends is kept for the judge that `make test` calls afterwards.
        let journal = std::env::var_os(JOURNAL_VARIABLE).map(PathBuf::from);
        let simulator = Simulator::builder().configure(configure).api_key(KEY).journal(journal).start().await.unwrap();
        let telnyx =
            telnyx_voice::Client::builder(ApiKey::new(KEY).unwrap()).base_url(simulator.base_url()).build().unwrap();
        let mut world = Self {
            access: Some(access),
            client,
            operators,
            watched: vec![namespace.clone()],
            namespace,
            simulator,
            telnyx,
            http: reqwest::Client::new(),
            operator: None,
            admin: String::new(),
            hooks: String::new(),
        };
        world.create_namespace().await;
        world.start_operator().await;
        world
    }

    /// As [`World::new`], with a Ready account `main` that resyncs every second.
    pub(crate) async fn with_account() -> Self {
        let world = Self::new().await;
        world.open_account().await;
        world
    }

    /// As [`World::with_account`], at a simulator that behaves otherwise.
    pub(crate) async fn with_account_on(configure: impl FnOnce(&mut Behaviour)) -> Self {
        drop(rustls::crypto::ring::default_provider().install_default());
        let access = Access::shared_or_start(dev_cluster::Options::default()).await.unwrap();
        let world = Self::on(access, configure).await;
        world.open_account().await;
        world
    }

    /// Makes the account `main` and waits until it is Ready.
    pub(crate) async fn open_account(&self) {
        self.secret("telnyx", KEY).await;
        self.account(json!({})).await;
        self.ready::<TelnyxAccount>("main").await;
    }

    /// Moves to a new namespace beside this one, which the operator watches as well. Returns the old one.
    pub(crate) async fn move_next_door(&mut self) -> String {
        let next_door = format!("{}-next-door", self.namespace);
        let home = std::mem::replace(&mut self.namespace, next_door);
        self.create_namespace().await;
        self.stop_operator().await;
        self.watched.push(self.namespace.clone());
        self.start_operator().await;
        home
    }

    async fn create_namespace(&self) {
        let object: Namespace = serde_json::from_value(json!({ "metadata": { "name": self.namespace } })).unwrap();
        Api::all(self.client.clone()).create(&PostParams::default(), &object).await.unwrap();
    }

    pub(crate) async fn start_operator(&mut self) {
        let shutdown = CancellationToken::new();
        let any = "127.0.0.1:0".parse().unwrap();
        let options = Options {
            results_hosts: vec![],
            flow_webhook_hosts: vec![],
            admin_listen: any,
            webhook_listen: any,
            peers: None,
            namespaces: self.watched.clone(),
            instance: "test".to_owned(),
            reach: Reach::default(),
            traces: None,
        };
        let operator = Operator::prepare(self.operators.clone(), options, shutdown.clone()).await.unwrap();
        self.admin = format!("http://{}", operator.admin_address().unwrap());
        self.hooks = format!("http://{}", operator.webhook_address().unwrap());
        self.operator = Some((shutdown, tokio::spawn(async move { operator.run().await.unwrap() })));
    }

    pub(crate) async fn stop_operator(&mut self) {
        if let Some((shutdown, task)) = self.operator.take() {
            shutdown.cancel();
            tokio::time::timeout(Duration::from_secs(20), task).await.expect("the operator stops within 20 s").unwrap();
        }
    }

    /// Ends the operator where it stands, whatever it waits for.
    pub(crate) async fn kill_operator(&mut self) {
        if let Some((_, task)) = self.operator.take() {
            task.abort();
            assert!(task.await.unwrap_err().is_cancelled());
        }
    }

    /// Removes everything; the operator must let go of it.
    pub(crate) async fn end(mut self) {
        cluster::clear(&self.client, &self.namespace).await;
        self.stop_operator().await;
        self.access.take().unwrap().release().await.unwrap();
    }

    /// Returns at once. A namespace that is being deleted already is fine.
    pub(crate) async fn ask_for_deletion_of_namespace(&self) {
        let namespaces: Api<Namespace> = Api::all(self.client.clone());
        drop(namespaces.delete(&self.namespace, &DeleteParams::default()).await);
    }

    /// Removes the namespace whole, its Secrets with it; the operator must let go of everything in it.
    pub(crate) async fn delete_namespace(&self) {
        self.ask_for_deletion_of_namespace().await;
        let namespaces: Api<Namespace> = Api::all(self.client.clone());
        eventually("the namespace is gone", || async {
            match namespaces.get_opt(&self.namespace).await.unwrap() {
                None => Ok(()),
                Some(namespace) => Err(format!("{:?}", namespace.status)),
            }
        })
        .await;
    }

    pub(crate) fn api<K>(&self) -> Api<K>
    where
        K: Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>,
    {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    pub(crate) async fn secret(&self, name: &str, key: &str) {
        let secret: Secret = serde_json::from_value(json!({
            "metadata": { "name": name }, "stringData": { "api-key": key },
        }))
        .unwrap();
        self.apply(name, &secret, "v1", "Secret").await;
    }

    /// The account `main`, with `changes` to its spec.
    pub(crate) async fn account(&self, changes: Value) {
        let mut spec = json!({
            "apiKeySecretRef": { "name": "telnyx", "key": "api-key" },
            "webhookPublicKey": self.simulator.public_key_base64(),
            "baseUrl": self.simulator.base_url(),
            "webhookBaseUrl": HOOKS,
            "resyncPeriodSecs": 1,
        });
        merge(&mut spec, &changes);
        self.put::<TelnyxAccount>("main", spec).await;
    }

    pub(crate) async fn application(&self, name: &str, changes: Value) {
        let mut spec = json!({ "accountRef": { "name": "main" } });
        merge(&mut spec, &changes);
        self.put::<CallControlApplication>(name, spec).await;
    }

    pub(crate) async fn profile(&self, name: &str, changes: Value) {
        let mut spec = json!({ "accountRef": { "name": "main" } });
        merge(&mut spec, &changes);
        self.put::<OutboundVoiceProfile>(name, spec).await;
    }

    pub(crate) async fn queue(&self, name: &str, changes: Value) {
        let mut spec = json!({ "accountRef": { "name": "main" } });
        merge(&mut spec, &changes);
        self.put::<Queue>(name, spec).await;
    }

    /// Applies an object as a user would, with the annotation that kubectl leaves on everything it applies.
    pub(crate) async fn put<K>(&self, name: &str, spec: Value)
    where
        K: Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope> + Clone + Debug + DeserializeOwned,
    {
        let annotations = json!({ "kubectl.kubernetes.io/last-applied-configuration": "{}" });
        let object = json!({ "metadata": { "name": name, "annotations": annotations }, "spec": spec });
        self.apply(name, &object, "telnyx-operator.io/v1alpha1", &K::kind(&())).await;
    }

    async fn apply(&self, name: &str, object: &impl Serialize, version: &str, kind: &str) {
        let mut object = serde_json::to_value(object).unwrap();
        object["apiVersion"] = json!(version);
        object["kind"] = json!(kind);
        let (group, version) = version.split_once('/').unwrap_or(("", version));
        let kind = kube::core::GroupVersionKind::gvk(group, version, kind);
        let resource = kube::api::ApiResource::from_gvk(&kind);
        let api: Api<kube::api::DynamicObject> = Api::namespaced_with(self.client.clone(), &self.namespace, &resource);
        api.patch(name, &PatchParams::apply("user").force(), &Patch::Apply(object)).await.unwrap();
    }

    pub(crate) async fn annotate<K>(&self, name: &str, key: &str, value: &str)
    where
        K: Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope> + Clone + Debug + DeserializeOwned,
    {
        let patch = json!({ "metadata": { "annotations": { key: value } } });
        self.api::<K>().patch(name, &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
    }

    pub(crate) async fn delete<K>(&self, name: &str)
    where
        K: Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope> + Clone + Debug + DeserializeOwned,
    {
        self.api::<K>().delete(name, &DeleteParams::default()).await.unwrap();
    }

    pub(crate) async fn gone<K>(&self, name: &str)
    where
        K: Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
            + Clone
            + Debug
            + DeserializeOwned
            + Serialize,
    {
        eventually(&format!("{name} is gone"), || async {
            match self.api::<K>().get_opt(name).await.unwrap() {
                None => Ok(()),
                Some(object) => Err(serde_json::to_string_pretty(&object).unwrap()),
            }
        })
        .await;
    }

    /// Waits for a true `Ready` of the present generation. Returns the object.
    pub(crate) async fn ready<K>(&self, name: &str) -> Value
    where
        K: Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
            + Clone
            + Debug
            + DeserializeOwned
            + Serialize,
    {
        self.until::<K>(name, "is ready", |object| {
            object["status"]["observedGeneration"] == object["metadata"]["generation"]
                && condition(object, "Ready")["status"] == "True"
        })
        .await
    }

    /// Waits until condition `kind` has `reason` for the present generation.
    pub(crate) async fn reason<K>(&self, name: &str, kind: &str, reason: &str) -> Value
    where
        K: Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
            + Clone
            + Debug
            + DeserializeOwned
            + Serialize,
    {
        self.until::<K>(name, &format!("has {kind} with reason {reason}"), |object| {
            object["status"]["observedGeneration"] == object["metadata"]["generation"]
                && condition(object, kind)["reason"] == reason
        })
        .await
    }

    pub(crate) async fn until<K>(&self, name: &str, what: &str, test: impl Fn(&Value) -> bool) -> Value
    where
        K: Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
            + Clone
            + Debug
            + DeserializeOwned
            + Serialize,
    {
        eventually(&format!("{name} {what}"), || async {
            let mut object = serde_json::to_value(self.api::<K>().get(name).await.unwrap()).unwrap();
            object["metadata"].as_object_mut().unwrap().remove("managedFields");
            if test(&object) { Ok(object) } else { Err(serde_json::to_string_pretty(&object).unwrap()) }
        })
        .await
    }

    pub(crate) async fn get<K>(&self, name: &str) -> Value
    where
        K: Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
            + Clone
            + Debug
            + DeserializeOwned
            + Serialize,
    {
        serde_json::to_value(self.api::<K>().get(name).await.unwrap()).unwrap()
    }

    /// Reasons of the events about `name`.
    pub(crate) async fn events(&self, name: &str) -> Vec<String> {
        let all = self.api::<Event>().list(&ListParams::default()).await.unwrap();
        all.items
            .into_iter()
            .filter(|event| event.regarding.as_ref().and_then(|about| about.name.as_deref()) == Some(name))
            .filter_map(|event| event.reason)
            .collect()
    }

    /// Waits for an event about `name`.
    pub(crate) async fn event(&self, name: &str, reason: &str) {
        eventually(&format!("an event {reason} about {name}"), || async {
            let events = self.events(name).await;
            if events.iter().any(|seen| seen == reason) { Ok(()) } else { Err(format!("{events:?}")) }
        })
        .await;
    }

    /// Requests that the simulator has answered on a route, whatever the status.
    pub(crate) async fn requests(&self, route: &str) -> u64 {
        let counters = self.counters().await;
        let by_status = counters["requests"][route].as_object().cloned().unwrap_or_default();
        by_status.values().filter_map(Value::as_u64).sum()
    }

    pub(crate) async fn counters(&self) -> Value {
        let text = self.http.get(format!("{}/counters", self.simulator.admin_url())).send().await.unwrap();
        text.json().await.unwrap()
    }

    /// How many remote objects there are, by kind.
    pub(crate) async fn remote(&self, kind: &str) -> u64 {
        let answer = self.http.get(format!("{}/objects", self.simulator.admin_url())).send().await.unwrap();
        answer.json::<Value>().await.unwrap()[kind].as_u64().unwrap()
    }

    pub(crate) async fn fault(&self, fault: Value) {
        let answer =
            self.http.post(format!("{}/faults", self.simulator.admin_url())).json(&fault).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }

    pub(crate) async fn no_more_faults(&self) {
        let answer = self.http.delete(format!("{}/faults", self.simulator.admin_url())).send().await.unwrap();
        assert!(answer.status().is_success());
    }

    pub(crate) async fn keys(&self, keys: Value) {
        let answer = self.http.post(format!("{}/keys", self.simulator.admin_url())).json(&keys).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }

    pub(crate) async fn scrape(&self, path: &str) -> String {
        self.http.get(format!("{}{path}", self.admin)).send().await.unwrap().text().await.unwrap()
    }

    /// Versions of everything that the operator could write to.
    pub(crate) async fn versions(&self) -> BTreeSet<String> {
        let mut versions = BTreeSet::new();
        for object in self.api::<CallControlApplication>().list(&ListParams::default()).await.unwrap() {
            versions.insert(version(&object));
        }
        for object in self.api::<OutboundVoiceProfile>().list(&ListParams::default()).await.unwrap() {
            versions.insert(version(&object));
        }
        for object in self.api::<Queue>().list(&ListParams::default()).await.unwrap() {
            versions.insert(version(&object));
        }
        for object in self.api::<TelnyxAccount>().list(&ListParams::default()).await.unwrap() {
            versions.insert(version(&object));
        }
        versions
    }
}

fn version<K: Resource<DynamicType = ()>>(object: &K) -> String {
    let meta = object.meta();
    let (name, version) = (meta.name.as_deref().unwrap(), meta.resource_version.as_deref().unwrap());
    format!("{}/{name}@{version}", K::kind(&()))
}

/// The condition of this type; null when there is none.
pub(crate) fn condition<'a>(object: &'a Value, kind: &str) -> &'a Value {
    let conditions = object["status"]["conditions"].as_array();
    conditions.and_then(|all| all.iter().find(|condition| condition["type"] == kind)).unwrap_or(&Value::Null)
}

/// Tries until it works. Fails with the last state seen.
pub(crate) async fn eventually<T, F>(what: &str, attempt: impl Fn() -> F) -> T
where
    F: Future<Output = Result<T, String>>,
{
    let begun = Instant::now();
    loop {
        match attempt().await {
            Ok(value) => return value,
            Err(last) if begun.elapsed() > PATIENCE => panic!("not within {PATIENCE:?}: {what}. Last seen:\n{last}"),
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

fn merge(spec: &mut Value, changes: &Value) {
    for (key, value) in changes.as_object().unwrap() {
        if value.is_null() {
            spec.as_object_mut().unwrap().remove(key);
        } else {
            spec[key] = value.clone();
        }
    }
}
