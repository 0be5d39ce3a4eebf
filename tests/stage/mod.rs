//! Where a story plays: a namespace on a real API server, a simulator with an account, and the operator as a process of
//! its own that may be killed.
#![allow(dead_code, reason = "each story uses its part of the stage")]

use std::fmt::Debug;
use std::fs::{File, OpenOptions};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use dev_cluster::{Access, Options};
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::api::{ListParams, Patch, PatchParams, PostParams};
use kube::{Api, Client, Resource};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use telnyx_operator::api::TelnyxAccount;
use telnyx_simulator::config::Config as Behaviour;
use telnyx_simulator::{JOURNAL_VARIABLE, Running, Simulator};
use tempfile::TempDir;
use testbed::Port;
use tokio::process::{Child, Command};

use crate::cluster;

/// Long enough for a busy machine.
const PATIENCE: Duration = Duration::from_mins(4);
/// The account's key.
pub(crate) const KEY: &str = "KEY0123456789ABCDEF";

pub(crate) struct Stage {
    access: Option<Access>,
    pub(crate) client: Client,
    pub(crate) namespace: String,
    pub(crate) simulator: Running,
    pub(crate) http: reqwest::Client,
    /// What the operator sent. Where all stories keep it together, Telnyx's own package judges it afterwards.
    journal: PathBuf,
    home: TempDir,
    /// The operator's, with the rights of the chart's ServiceAccount.
    kubeconfig: PathBuf,
    port: Port,
    /// Of the operator, besides its own.
    arguments: Vec<String>,
    /// The operator's, from its next start on.
    pub(crate) environment: Vec<(&'static str, String)>,
    operator: Option<Child>,
}

impl Stage {
    /// The operator runs, and the account `main` is being made with `account` in its spec. `name` begins the namespace's.
    pub(crate) async fn new(name: &str, configure: impl FnOnce(&mut Behaviour), account: Value) -> Self {
        Self::with(name, configure, account, vec![]).await
    }

    /// The same, with an operator that has further arguments.
    pub(crate) async fn with(
        name: &str,
        configure: impl FnOnce(&mut Behaviour),
        account: Value,
        arguments: Vec<String>,
    ) -> Self {
        drop(rustls::crypto::ring::default_provider().install_default());
        let access = Access::shared_or_start(Options::default()).await.unwrap();
        let client = cluster::client(access.kubeconfig()).await;
        cluster::install(&access, &client).await;
        let home = tempfile::tempdir().unwrap();
        let kubeconfig = cluster::kubeconfig(&access, &client, home.path()).await;
        let namespace = format!("{name}-{}", uuid::Uuid::new_v4().simple());
        let object: Namespace = serde_json::from_value(json!({ "metadata": { "name": namespace } })).unwrap();
        Api::all(client.clone()).create(&PostParams::default(), &object).await.unwrap();
        let journal =
            std::env::var_os(JOURNAL_VARIABLE).map_or_else(|| home.path().join("journal.jsonl"), PathBuf::from);
        let simulator = Simulator::builder()
            .configure(configure)
            .api_key(KEY)
            .journal(Some(journal.clone()))
            .start()
            .await
            .unwrap();
        let mut stage = Self {
            access: Some(access),
            client,
            namespace,
            simulator,
            http: reqwest::Client::new(),
            journal,
            home,
            kubeconfig,
            port: Port::keep().unwrap(),
            arguments,
            environment: vec![],
            operator: None,
        };
        stage.start_operator();
        stage.open_account(&account).await;
        stage
    }

    async fn open_account(&self, changes: &Value) {
        let secret = json!({ "metadata": { "name": "telnyx" }, "stringData": { "apiKey": KEY } });
        let secret: Secret = serde_json::from_value(secret).unwrap();
        self.api::<Secret>().create(&PostParams::default(), &secret).await.unwrap();
        let mut spec = json!({
            "apiKeySecretRef": { "name": "telnyx", "key": "apiKey" },
            "webhookPublicKey": self.simulator.public_key_base64(),
            "baseUrl": self.simulator.base_url(),
            "webhookBaseUrl": self.hooks(),
        });
        merge(&mut spec, changes);
        self.create::<TelnyxAccount>("main", spec).await;
    }

    /// What `kubectl telnyx ARGUMENTS` prints in this namespace, to the cluster's administrator. It must succeed.
    pub(crate) async fn telnyx(&self, arguments: &[&str]) -> String {
        let output = self.plugin(arguments).await;
        let (out, err) =
            (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr).into_owned());
        assert!(output.status.success(), "{arguments:?}: {err}");
        out
    }

    /// What the same says when it fails, as it must.
    pub(crate) async fn telnyx_refuses(&self, arguments: &[&str]) -> String {
        let output = self.plugin(arguments).await;
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    async fn plugin(&self, arguments: &[&str]) -> std::process::Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_telnyx-operator"));
        command.args(["kubectl", "-n", &self.namespace, "--kubeconfig"]);
        command.arg(self.access.as_ref().unwrap().kubeconfig()).args(arguments);
        command.env_clear().stdin(Stdio::null()).kill_on_drop(true).output().await.unwrap()
    }

    /// A directory of this stage alone.
    pub(crate) fn home(&self) -> &std::path::Path {
        self.home.path()
    }

    /// The operator's, with the rights of the chart's ServiceAccount.
    pub(crate) fn kubeconfig(&self) -> &std::path::Path {
        &self.kubeconfig
    }

    /// Where the operator receives webhooks.
    pub(crate) fn hooks(&self) -> String {
        format!("http://{}", self.port)
    }

    /// All that the operator has said, over all its lives.
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
        command.arg(self.port.to_string()).args([
            "--log-level",
            "telnyx_operator=debug,telnyx_voice=debug,info",
            "--allow-loopback-sources",
        ]);
        command.args(&self.arguments);
        command.env_clear().env("KUBECONFIG", &self.kubeconfig).envs(self.environment.iter().cloned());
        command.stdin(Stdio::null()).stdout(output(&log)).stderr(output(&log)).kill_on_drop(true);
        self.operator = Some(command.spawn().unwrap());
    }

    /// SIGKILL: nothing is stored that was not stored before.
    pub(crate) async fn kill_operator(&mut self) {
        if let Some(mut operator) = self.operator.take() {
            operator.kill().await.unwrap();
        }
    }

    /// The most memory that the operator has had since it started, in bytes (`VmHWM` of proc(5)).
    pub(crate) fn operator_memory(&self) -> u64 {
        let pid = self.operator.as_ref().and_then(Child::id).unwrap();
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }

    /// SIGTERM, and waits for the end.
    pub(crate) async fn terminate_operator(&mut self) {
        let Some(mut operator) = self.operator.take() else { return };
        let pid = operator.id().unwrap().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().await.unwrap().success());
        let ended = tokio::time::timeout(Duration::from_secs(30), operator.wait()).await;
        assert!(ended.expect("the operator ends within 30 s").unwrap().success());
    }

    /// Removes everything; the operator has to let go of it.
    pub(crate) async fn end(mut self) {
        cluster::clear(&self.client, &self.namespace).await;
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

    pub(crate) async fn change<K>(&self, name: &str, spec: Value)
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned,
    {
        let patch = Patch::Merge(json!({ "spec": spec }));
        self.api::<K>().patch(name, &PatchParams::default(), &patch).await.unwrap();
    }

    pub(crate) async fn get<K>(&self, name: &str) -> Value
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned + Serialize,
    {
        let mut object = serde_json::to_value(self.api::<K>().get(name).await.unwrap()).unwrap();
        object["metadata"].as_object_mut().unwrap().remove("managedFields");
        object
    }

    pub(crate) async fn all<K>(&self) -> Vec<K>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned,
    {
        self.api::<K>().list(&ListParams::default()).await.unwrap().items
    }

    /// Waits for a true `Ready` of the present generation. Returns the object.
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
            let object = self.get::<K>(name).await;
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

    /// What the simulator's own side says.
    pub(crate) async fn sim(&self, path: &str) -> Value {
        let url = format!("{}{path}", self.simulator.admin_url());
        self.http.get(url).send().await.unwrap().json().await.unwrap()
    }

    /// Tells the simulator's own side something. Returns its answer.
    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        let url = format!("{}{path}", self.simulator.admin_url());
        let answer = self.http.post(url).json(&body).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
        answer.json().await.unwrap_or_default()
    }

    pub(crate) async fn fault(&self, fault: Value) {
        self.post("/faults", fault).await;
    }

    pub(crate) async fn no_more_faults(&self) {
        let url = format!("{}/faults", self.simulator.admin_url());
        assert!(self.http.delete(url).send().await.unwrap().status().is_success());
    }

    /// The bodies that were sent to this path, by this story or, where the journal is shared, by any.
    pub(crate) fn requests(&self, path: &str) -> Vec<Value> {
        let journal = std::fs::read_to_string(&self.journal).unwrap();
        // The last line may be under way.
        let lines = journal.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines.filter(|line| line["path"] == path).map(|line| line["body"].clone()).collect()
    }
}

/// The condition of this type; null when there is none.
pub(crate) fn condition<'a>(object: &'a Value, kind: &str) -> &'a Value {
    let conditions = object["status"]["conditions"].as_array();
    conditions.and_then(|all| all.iter().find(|condition| condition["type"] == kind)).unwrap_or(&Value::Null)
}

/// Sets members of a spec; null takes one away.
pub(crate) fn merge(spec: &mut Value, changes: &Value) {
    for (key, value) in changes.as_object().unwrap() {
        if value.is_null() {
            spec.as_object_mut().unwrap().remove(key);
        } else {
            spec[key] = value.clone();
        }
    }
}
