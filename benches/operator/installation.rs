//! The installation that a benchmark measures, and how it is filled and watched.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures::{StreamExt as _, TryStreamExt as _, stream};
use k8s_openapi::NamespaceResourceScope;
use kube::api::{ListParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config, Resource};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use telnyx_operator::api::{CallControlApplication, OutboundVoiceProfile};
use testbed::{Testbed, eventually, is_ready};

use crate::Result;

/// The account that every benchmark uses.
pub(crate) const ACCOUNT: &str = "bench";
/// Key of the simulator's default account.
pub(crate) const API_KEY: &str = "KEY_SIMULATOR";
/// How many objects are created side by side.
const CREATES: usize = 16;

/// A running installation with an account in it.
pub(crate) struct Installation {
    pub(crate) testbed: Testbed,
    pub(crate) client: Client,
}

impl Installation {
    /// Starts everything; `simulator` is the simulator's behaviour file, `account` is laid over the account's spec.
    pub(crate) async fn start(simulator: &str, account: &Value) -> Result<Self> {
        let testbed = Testbed::builder().simulator_config(simulator).start().await?;
        let kubeconfig = Kubeconfig::read_from(testbed.cluster().kubeconfig())?;
        let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
        testbed.apply_account(ACCOUNT, account).await?;
        Ok(Self { client: Client::try_from(config)?, testbed })
    }

    /// The objects of a kind in the benchmark's namespace.
    pub(crate) fn api<K: Resource<DynamicType = (), Scope = NamespaceResourceScope>>(&self) -> Api<K> {
        Api::namespaced(self.client.clone(), self.testbed.namespace())
    }

    /// Creates objects, several at a time.
    pub(crate) async fn create<K>(&self, objects: impl Iterator<Item = Value>) -> Result<()>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
            + Clone
            + Serialize
            + DeserializeOwned
            + std::fmt::Debug,
    {
        let api = &self.api::<K>();
        stream::iter(objects.map(Ok))
            .try_for_each_concurrent(CREATES, |object| async move {
                let object: K = serde_json::from_value(object)?;
                api.create(&PostParams::default(), &object).await?;
                Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
            })
            .await
    }

    /// Creates a profile and an application that may call, and waits until the application is Ready.
    pub(crate) async fn create_caller(&self) -> Result<()> {
        let profile = json!({ "accountRef": { "name": ACCOUNT }, "whitelistedDestinations": ["US", "CA"] });
        let profile = manifest("OutboundVoiceProfile", "bench", &profile);
        self.create::<OutboundVoiceProfile>([profile].into_iter()).await?;
        let application = json!({
            "accountRef": { "name": ACCOUNT },
            "applicationName": "Benchmark",
            "outbound": { "outboundVoiceProfileRef": { "name": "bench" } },
        });
        let application = manifest("CallControlApplication", "bench", &application);
        self.create::<CallControlApplication>([application].into_iter()).await?;
        self.until_ready::<CallControlApplication>(1, Duration::from_secs(30)).await
    }

    /// Waits until `count` objects of a kind are Ready.
    pub(crate) async fn until_ready<K>(&self, count: usize, within: Duration) -> Result<()>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
            + Clone
            + Serialize
            + DeserializeOwned
            + std::fmt::Debug,
    {
        let api = self.api::<K>();
        eventually(&format!("{count} objects are Ready"), within, async || {
            let list = api.list(&ListParams::default()).await.map_err(|error| error.to_string())?;
            let ready = list.items.iter().filter(|object| is_ready(&json!(object))).count();
            if ready >= count { Ok(()) } else { Err(format!("{ready} are")) }
        })
        .await?;
        Ok(())
    }

    /// The simulator's counters.
    pub(crate) async fn counters(&self) -> Result<Counters> {
        Ok(Counters(self.testbed.simulator().get("/counters").await?))
    }

    /// Writes of applications that the API server has answered so far, by its own metrics: finalizers, status, creates.
    pub(crate) async fn application_writes(&self) -> Result<f64> {
        Ok(self.writes_where(|_, resource| resource == "callcontrolapplications").await?.values().sum())
    }

    /// Writes of whatever campaigns are made of that the API server has answered so far, by its own metrics and resource.
    /// Leases and what the cluster itself writes are left out. A server-side apply is a verb of its own there.
    pub(crate) async fn writes(&self) -> Result<BTreeMap<String, f64>> {
        const OF_CAMPAIGNS: [&str; 5] = ["outboundcampaigns", "dialjobs", "secrets", "configmaps", "events"];
        self.writes_where(|_, resource| OF_CAMPAIGNS.contains(&resource)).await
    }

    /// Writes of all that the operator may write, leases apart, that the API server has answered so far.
    pub(crate) async fn own_writes(&self) -> Result<f64> {
        const OTHERS: [&str; 4] = ["secrets", "configmaps", "controllerrevisions", "events"];
        let counts = |group: &str, resource: &str| group == "telnyx-operator.io" || OTHERS.contains(&resource);
        Ok(self.writes_where(counts).await?.values().sum())
    }

    /// By resource; `counts` is asked for group and resource.
    async fn writes_where(&self, counts: impl Fn(&str, &str) -> bool) -> Result<BTreeMap<String, f64>> {
        let text = self.client.request_text(http::Request::get("/metrics").body(Vec::new())?).await?;
        let mut writes = BTreeMap::new();
        for line in text.lines().filter(|line| line.starts_with("apiserver_request_total{")) {
            let label = |name: &str| Some(line.split_once(&format!("{name}=\""))?.1.split_once('"')?.0);
            let is_write =
                label("verb").is_some_and(|verb| ["POST", "PUT", "PATCH", "APPLY", "DELETE"].contains(&verb));
            let group = label("group").unwrap_or_default();
            let Some(resource) = label("resource").filter(|resource| is_write && counts(group, resource)) else {
                continue;
            };
            let count = line.rsplit(' ').next().and_then(|count| count.parse::<f64>().ok());
            *writes.entry(resource.to_owned()).or_default() += count.unwrap_or_default();
        }
        Ok(writes)
    }

    /// CPU seconds that the API server has used so far.
    pub(crate) fn api_server_cpu(&self) -> Result<f64> {
        let pids = self.testbed.cluster().pids();
        pids.and_then(|[_, api_server, _]| crate::process::cpu_seconds(api_server))
            .ok_or_else(|| "the API server does not run".into())
    }

    /// CPU seconds that the operator has used so far.
    pub(crate) fn operator_cpu(&self) -> Result<f64> {
        self.operator_figure(crate::process::cpu_seconds)
    }

    /// Resident memory of the operator, MB.
    pub(crate) fn operator_memory(&self) -> Result<f64> {
        self.operator_figure(crate::process::resident_mb)
    }

    fn operator_figure(&self, figure: fn(u32) -> Option<f64>) -> Result<f64> {
        self.testbed.operator().pid().and_then(figure).ok_or_else(|| "the operator does not run".into())
    }
}

/// What the simulator has counted so far.
#[derive(Debug, Clone)]
pub(crate) struct Counters(pub(crate) Value);

impl Counters {
    /// Requests to one endpoint, such as `PATCH /call_control_applications/{id}`, whatever their answer.
    pub(crate) fn requests(&self, endpoint: &str) -> u64 {
        self.sum(|name| name == endpoint)
    }

    /// Requests to all endpoints.
    pub(crate) fn all_requests(&self) -> u64 {
        self.sum(|_| true)
    }

    fn sum(&self, counts: impl Fn(&str) -> bool) -> u64 {
        let requests = self.0.get("requests").and_then(Value::as_object);
        requests
            .into_iter()
            .flatten()
            .filter(|(endpoint, _)| counts(endpoint))
            .filter_map(|(_, statuses)| statuses.as_object())
            .flat_map(|statuses| statuses.values())
            .filter_map(Value::as_u64)
            .sum()
    }

    /// Answers with this status, whatever the endpoint.
    pub(crate) fn answers(&self, status: u16) -> u64 {
        let requests = self.0.get("requests").and_then(Value::as_object);
        let of_status = |statuses: &Value| statuses.get(status.to_string()).and_then(Value::as_u64);
        requests.into_iter().flatten().filter_map(|(_, statuses)| of_status(statuses)).sum()
    }

    /// The number at a JSON pointer.
    pub(crate) fn number(&self, pointer: &str) -> u64 {
        self.0.pointer(pointer).and_then(Value::as_u64).unwrap_or_default()
    }
}

/// A manifest of one of the operator's kinds.
pub(crate) fn manifest(kind: &str, name: &str, spec: &Value) -> Value {
    json!({ "apiVersion": "telnyx-operator.io/v1alpha1", "kind": kind, "metadata": { "name": name }, "spec": spec })
}

/// An application of the account.
pub(crate) fn application(number: usize) -> Value {
    let spec = json!({ "accountRef": { "name": ACCOUNT }, "applicationName": format!("Application {number}") });
    manifest("CallControlApplication", &format!("application-{number:05}"), &spec)
}

/// Seconds since `begun`.
pub(crate) fn seconds(begun: Instant) -> f64 {
    begun.elapsed().as_secs_f64()
}

/// The next item of a stream, `None` when it ends or brings nothing within the time.
pub(crate) async fn next_within<T>(
    stream: &mut (impl futures::Stream<Item = T> + Unpin),
    within: Duration,
) -> Option<T> {
    tokio::time::timeout(within, stream.next()).await.ok().flatten()
}
