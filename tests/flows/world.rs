//! A namespace on a real API server, a simulator whom people call, and the operator as a process that may be killed.

use std::fmt::Debug;
use std::fs::{File, OpenOptions};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use dev_cluster::{Access, Options};
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use kube::{Api, Client, Resource};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use telnyx_operator::api::{CallControlApplication, CallFlow, TelnyxAccount};
use telnyx_simulator::{JOURNAL_VARIABLE, Running, Simulator};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::cluster;

/// Long enough for a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);
const KEY: &str = "KEY0123456789ABCDEF";
const CALLER: &str = "+15550100001";
const LINE: &str = "+15550100002";

pub(crate) struct World {
    access: Option<Access>,
    pub(crate) client: Client,
    pub(crate) namespace: String,
    pub(crate) simulator: Running,
    http: reqwest::Client,
    /// What the operator sent. Where all stories keep it together, Telnyx's own package judges it afterwards.
    journal: PathBuf,
    home: TempDir,
    /// The operator's, with the rights of the chart's ServiceAccount.
    kubeconfig: PathBuf,
    port: u16,
    operator: Option<Child>,
}

impl World {
    /// The account `main` is Ready; the application `line` runs the flow `flow`, which is there too.
    pub(crate) async fn new(flow: Value) -> Self {
        let world = Self::empty().await;
        world.create::<CallFlow>("flow", flow).await;
        world.line().await;
        world.ready::<CallFlow>("flow").await;
        world
    }

    /// The account `main` is being made, and nothing else.
    pub(crate) async fn empty() -> Self {
        drop(rustls::crypto::ring::default_provider().install_default());
        let access = Access::shared_or_start(Options::default()).await.unwrap();
        let client = cluster::client(access.kubeconfig()).await;
        cluster::install(&client).await;
        let home = tempfile::tempdir().unwrap();
        let kubeconfig = cluster::kubeconfig(&access, &client, home.path()).await;
        let namespace = format!("flows-{}", uuid::Uuid::new_v4().simple());
        let object: Namespace = serde_json::from_value(json!({ "metadata": { "name": namespace } })).unwrap();
        Api::all(client.clone()).create(&PostParams::default(), &object).await.unwrap();
        let journal =
            std::env::var_os(JOURNAL_VARIABLE).map_or_else(|| home.path().join("journal.jsonl"), PathBuf::from);
        let simulator = Simulator::builder()
            .configure(|behaviour| behaviour.callees.audio.speak_ms_per_character = 10)
            .api_key(KEY)
            .journal(Some(journal.clone()))
            .start()
            .await
            .unwrap();
        let mut world = Self {
            journal,
            access: Some(access),
            client,
            namespace,
            simulator,
            http: reqwest::Client::new(),
            home,
            kubeconfig,
            port: TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port(),
            operator: None,
        };
        world.start_operator();
        let secret = json!({ "metadata": { "name": "telnyx" }, "stringData": { "apiKey": KEY } });
        let secret: Secret = serde_json::from_value(secret).unwrap();
        world.api::<Secret>().create(&PostParams::default(), &secret).await.unwrap();
        world
            .create::<TelnyxAccount>(
                "main",
                json!({
                    "apiKeySecretRef": { "name": "telnyx", "key": "apiKey" },
                    "webhookPublicKey": world.simulator.public_key_base64(),
                    "baseUrl": world.simulator.base_url(),
                    "webhookBaseUrl": format!("http://127.0.0.1:{}", world.port),
                }),
            )
            .await;
        world
    }

    /// The application that calls come in on.
    pub(crate) async fn line(&self) {
        let spec = json!({ "accountRef": { "name": "main" }, "callFlowRef": { "name": "flow" } });
        self.create::<CallControlApplication>("line", spec).await;
        self.ready::<CallControlApplication>("line").await;
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    fn log_file(&self) -> PathBuf {
        self.home.path().join("operator.log")
    }

    pub(crate) fn start_operator(&mut self) {
        let log = OpenOptions::new().create(true).append(true).open(self.log_file()).unwrap();
        let output = |log: &File| Stdio::from(log.try_clone().unwrap());
        let mut command = Command::new(env!("CARGO_BIN_EXE_telnyx-operator"));
        command.args(["run", "--namespace", &self.namespace, "--admin-listen", "127.0.0.1:0", "--webhook-listen"]);
        command
            .arg(format!("127.0.0.1:{}", self.port))
            .args(["--log-level", "telnyx_operator=debug,telnyx_voice=debug,info"]);
        command.env_clear().env("KUBECONFIG", &self.kubeconfig);
        command.stdin(Stdio::null()).stdout(output(&log)).stderr(output(&log)).kill_on_drop(true);
        self.operator = Some(command.spawn().unwrap());
    }

    /// SIGKILL: nothing is stored that was not stored before.
    pub(crate) async fn kill_operator(&mut self) {
        if let Some(mut operator) = self.operator.take() {
            operator.kill().await.unwrap();
        }
    }

    /// Removes the namespace with everything in it; the operator has to let go of it.
    pub(crate) async fn end(mut self) {
        let namespaces: Api<Namespace> = Api::all(self.client.clone());
        namespaces.delete(&self.namespace, &DeleteParams::default()).await.unwrap();
        self.eventually("the namespace is gone", async || match namespaces.get_opt(&self.namespace).await.unwrap() {
            None => Ok(()),
            Some(namespace) => Err(format!("{:?}", namespace.status)),
        })
        .await;
        self.kill_operator().await;
        self.access.take().unwrap().release().await.unwrap();
    }

    pub(crate) fn api<K>(&self) -> Api<K>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    pub(crate) async fn create<K>(&self, name: &str, spec: Value) -> K
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned + Serialize,
    {
        let object = json!({
            "apiVersion": K::api_version(&()),
            "kind": K::kind(&()),
            "metadata": { "name": name },
            "spec": spec,
        });
        let object: K = serde_json::from_value(object).unwrap();
        self.api().create(&PostParams::default(), &object).await.unwrap()
    }

    pub(crate) async fn change_flow(&self, spec: Value) {
        let patch = Patch::Merge(json!({ "spec": spec }));
        self.api::<CallFlow>().patch("flow", &PatchParams::default(), &patch).await.unwrap();
    }

    pub(crate) async fn ready<K>(&self, name: &str) -> Value
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned + Serialize,
    {
        self.until::<K>(name, "is Ready", |object| {
            condition(object, "Ready")["status"] == "True"
                && object["status"]["observedGeneration"] == object["metadata"]["generation"]
        })
        .await
    }

    pub(crate) async fn until<K>(&self, name: &str, what: &str, test: impl Fn(&Value) -> bool) -> Value
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned + Serialize,
    {
        self.eventually(&format!("{name} {what}"), async || {
            let object = serde_json::to_value(self.api::<K>().get(name).await.unwrap()).unwrap();
            if test(&object) { Ok(object) } else { Err(format!("{:#}", object["status"])) }
        })
        .await
    }

    /// Tries until it works. Fails with the last state seen and the end of the operator's log.
    pub(crate) async fn eventually<T>(&self, what: &str, attempt: impl AsyncFn() -> Result<T, String>) -> T {
        let begun = Instant::now();
        loop {
            match attempt().await {
                Ok(value) => return value,
                Err(last) if begun.elapsed() > PATIENCE => {
                    let log = self.log();
                    let tail: Vec<&str> = log.lines().rev().take(60).collect();
                    let tail = tail.into_iter().rev().collect::<Vec<_>>().join("\n");
                    panic!("not within {PATIENCE:?}: {what}. Last seen:\n{last}\nThe operator said last:\n{tail}");
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let url = format!("{}{path}", self.simulator.admin_url());
        let answer = self.http.post(url).json(&body).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
        answer.json().await.unwrap_or_default()
    }

    /// The bodies that were sent to this path, by this story or, where the journal is shared, by any.
    pub(crate) fn requests(&self, path: &str) -> Vec<Value> {
        let journal = std::fs::read_to_string(&self.journal).unwrap();
        // The last line may be under way.
        let lines = journal.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines.filter(|line| line["path"] == path).map(|line| line["body"].clone()).collect()
    }

    /// From now on webhooks of this type do not arrive.
    pub(crate) async fn lose_webhooks(&self, event_type: &str) {
        self.post("/faults", json!({ "scope": { "event": event_type }, "effect": "dropWebhook" })).await;
    }

    /// Somebody calls the line; `person` says how they behave. Returns the call's id.
    pub(crate) async fn call_in(&self, person: Value) -> String {
        let line = serde_json::to_value(self.api::<CallControlApplication>().get("line").await.unwrap()).unwrap();
        let order = json!({ "to": LINE, "from": CALLER, "connectionId": line["status"]["id"], "person": person });
        self.post("/calls", order).await["callControlId"].as_str().unwrap().to_owned()
    }

    /// The caller hangs up.
    pub(crate) async fn leave(&self, call: &str) {
        self.post(&format!("/calls/{call}/leave"), json!({})).await;
    }

    /// The caller presses keys.
    pub(crate) async fn press(&self, call: &str, digits: &str) {
        self.post(&format!("/calls/{call}/press"), json!({ "digits": digits })).await;
    }

    /// What the API's log knows of a call: commands and webhooks in their order.
    pub(crate) async fn log_of(&self, call: &str) -> Vec<String> {
        let url = format!("{}/call_events", self.simulator.base_url());
        let request = self.http.get(url).bearer_auth(KEY).query(&[("page[size]", "250")]);
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        let rows = answer["data"].as_array().unwrap_or_else(|| panic!("{answer}"));
        let leg = rows
            .iter()
            .find(|row| row["metadata"]["payload"]["call_control_id"] == call)
            .map(|row| &row["call_leg_id"]);
        let mut rows: Vec<(String, String)> = rows
            .iter()
            .filter(|row| Some(&row["call_leg_id"]) == leg)
            .map(|row| {
                let text = |field: &str| row[field].as_str().unwrap_or_default().to_owned();
                (text("event_timestamp"), text("name"))
            })
            .collect();
        rows.sort_by(|a, b| a.0.cmp(&b.0));
        rows.into_iter().map(|(_, name)| name).collect()
    }

    /// Waits until the call's log holds these names in this order, others between them.
    pub(crate) async fn heard(&self, call: &str, names: &[&str]) -> Vec<String> {
        self.eventually(&format!("the call's log holds {names:?}"), async || {
            let log = self.log_of(call).await;
            let mut wanted = names.iter().peekable();
            for name in &log {
                wanted.next_if(|wanted| **wanted == name);
            }
            if wanted.peek().is_none() { Ok(log) } else { Err(format!("{log:?}")) }
        })
        .await
    }
}

/// Somebody who stays on the line.
pub(crate) fn patient() -> Value {
    json!({ "earlyShare": 0, "afterMessageMs": 600_000, "patienceMs": 600_000 })
}

/// The same, who presses this when asked.
pub(crate) fn pressing(digits: &str) -> Value {
    let mut person = patient();
    person["keys"] = json!({ "replies": [digits] });
    person
}

/// The condition of this type; null when there is none.
pub(crate) fn condition<'a>(object: &'a Value, kind: &str) -> &'a Value {
    let conditions = object["status"]["conditions"].as_array();
    conditions.and_then(|all| all.iter().find(|condition| condition["type"] == kind)).unwrap_or(&Value::Null)
}
