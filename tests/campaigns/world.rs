//! A namespace on a real API server, a simulator, and the operator as a process that may be killed.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::fs::{File, OpenOptions};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use dev_cluster::{Access, Options};
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Secret};
use k8s_openapi::api::events::v1::Event;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams};
use kube::{Api, Client, Resource};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use telnyx_operator::api::{CallControlApplication, DialJob, OutboundCampaign, OutboundVoiceProfile, TelnyxAccount};
use telnyx_simulator::config::{Config as Behaviour, Person, Shares, Spread};
use telnyx_simulator::{JOURNAL_VARIABLE, Running, Simulator};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::cluster;

/// Long enough for a busy machine.
const PATIENCE: Duration = Duration::from_mins(4);
const KEY: &str = "KEY0123456789ABCDEF";

pub(crate) struct World {
    access: Option<Access>,
    pub(crate) client: Client,
    pub(crate) namespace: String,
    pub(crate) simulator: Running,
    pub(crate) http: reqwest::Client,
    home: TempDir,
    /// The operator's, with the rights of the chart's ServiceAccount.
    kubeconfig: PathBuf,
    port: u16,
    operator: Option<Child>,
}

/// Everybody answers at once and listens to the end.
pub(crate) fn willing(behaviour: &mut Behaviour) {
    behaviour.callees.shares = Shares::only(telnyx_simulator::config::Outcome::Person);
    behaviour.callees.initiated_after_ms = Spread::between(5, 20);
    behaviour.callees.ring_ms = Spread::between(50, 300);
    behaviour.callees.person =
        Person { early_share: 0.0, after_message_ms: Spread::between(2000, 3000), ..Person::default() };
    behaviour.callees.audio.speak_ms_per_character = 10;
    behaviour.limits.dials_per_second = Some(1000);
}

/// What the operator sends is kept for the judge that `make test` calls afterwards.
fn journal() -> Option<PathBuf> {
    std::env::var_os(JOURNAL_VARIABLE).map(PathBuf::from)
}

impl World {
    /// The account `main` and the application `announcements` are Ready.
    pub(crate) async fn new(configure: impl FnOnce(&mut Behaviour)) -> Self {
        drop(rustls::crypto::ring::default_provider().install_default());
        let access = Access::shared_or_start(Options::default()).await.unwrap();
        let client = cluster::client(access.kubeconfig()).await;
        cluster::install(&client).await;
        let home = tempfile::tempdir().unwrap();
        let kubeconfig = cluster::kubeconfig(&access, &client, home.path()).await;
        let namespace = format!("campaigns-{}", uuid::Uuid::new_v4().simple());
        let object: Namespace = serde_json::from_value(json!({ "metadata": { "name": namespace } })).unwrap();
        Api::all(client.clone()).create(&PostParams::default(), &object).await.unwrap();
        let simulator = Simulator::builder()
            .configure(willing)
            .configure(configure)
            .api_key(KEY)
            .journal(journal())
            .start()
            .await
            .unwrap();
        let mut world = Self {
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
        world.prepare().await;
        world
    }

    async fn prepare(&self) {
        let secret: Secret =
            serde_json::from_value(json!({ "metadata": { "name": "telnyx" }, "stringData": { "apiKey": KEY } }))
                .unwrap();
        self.api::<Secret>().create(&PostParams::default(), &secret).await.unwrap();
        self.create::<TelnyxAccount>(
            "main",
            json!({
                "apiKeySecretRef": { "name": "telnyx", "key": "apiKey" },
                "webhookPublicKey": self.simulator.public_key_base64(),
                "baseUrl": self.simulator.base_url(),
                "webhookBaseUrl": self.hooks(),
                "limits": { "dialsPerSecond": 500, "maxConcurrentRequests": 64 },
            }),
        )
        .await;
        let account = json!({ "name": "main" });
        self.create::<OutboundVoiceProfile>("out", json!({ "accountRef": account })).await;
        self.create::<CallControlApplication>(
            "announcements",
            json!({
                "accountRef": account,
                "outbound": { "outboundVoiceProfileRef": { "name": "out" } },
            }),
        )
        .await;
        self.until::<CallControlApplication>("announcements", "is Ready", |object| {
            condition(object, "Ready")["status"] == "True"
        })
        .await;
    }

    /// Where the operator receives webhooks.
    pub(crate) fn hooks(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.home.path().join("operator.log")
    }

    pub(crate) fn start_operator(&mut self) {
        let log = OpenOptions::new().create(true).append(true).open(self.log()).unwrap();
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

    /// SIGTERM, and waits for the end.
    pub(crate) async fn terminate_operator(&mut self) {
        let Some(mut operator) = self.operator.take() else { return };
        let pid = operator.id().unwrap().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().await.unwrap().success());
        let ended = tokio::time::timeout(Duration::from_secs(30), operator.wait()).await;
        assert!(ended.expect("the operator ends within 30 s").unwrap().success());
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

    /// The ConfigMap `list` with this document under `list.csv`.
    pub(crate) async fn list(&self, csv: &str) {
        let object = json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "list" }, "data": { "list.csv": csv },
        });
        let api = self.api::<ConfigMap>();
        api.patch("list", &PatchParams::apply("user").force(), &Patch::Apply(&object)).await.unwrap();
    }

    /// A campaign over the ConfigMap `list`, at any hour, with `changes` to its spec.
    pub(crate) async fn campaign(&self, name: &str, changes: Value) -> OutboundCampaign {
        let mut spec = plan();
        spec["targetsFrom"] = json!({ "configMap": { "name": "list", "key": "list.csv" } });
        merge(&mut spec, &changes);
        self.create(name, spec).await
    }

    pub(crate) async fn change<K>(&self, name: &str, spec: Value)
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned,
    {
        let patch = Patch::Merge(json!({ "spec": spec }));
        self.api::<K>().patch(name, &PatchParams::default(), &patch).await.unwrap();
    }

    /// Waits for a true `Complete`. Counts add up on the way. Returns the campaign.
    pub(crate) async fn complete(&self, name: &str) -> Value {
        self.until::<OutboundCampaign>(name, "is complete", |campaign| {
            adds_up(&campaign["status"]["counts"]);
            condition(campaign, "Complete")["status"] == "True"
        })
        .await
    }

    /// Waits until condition `kind` of the campaign has `reason`.
    pub(crate) async fn reason(&self, name: &str, kind: &str, reason: &str) -> Value {
        self.until::<OutboundCampaign>(name, &format!("has {kind} with reason {reason}"), |campaign| {
            condition(campaign, kind)["reason"] == reason
        })
        .await
    }

    /// Waits for an event about `name`. No event holds a whole phone number.
    pub(crate) async fn event(&self, name: &str, reason: &str) {
        self.eventually(&format!("an event {reason} about {name}"), async || {
            let events = self.all::<Event>().await;
            assert!(!serde_json::to_string(&events).unwrap().contains("+1555"), "{events:#?}");
            let about = events
                .iter()
                .filter(|event| event.regarding.as_ref().and_then(|object| object.name.as_deref()) == Some(name));
            let reasons: Vec<_> = about.filter_map(|event| event.reason.as_deref()).collect();
            if reasons.contains(&reason) { Ok(()) } else { Err(format!("{reasons:?}")) }
        })
        .await;
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

    /// Tries until it works. Fails with the last state seen and the end of the operator's log.
    pub(crate) async fn eventually<T>(&self, what: &str, attempt: impl AsyncFn() -> Result<T, String>) -> T {
        let begun = Instant::now();
        loop {
            match attempt().await {
                Ok(value) => return value,
                Err(last) if begun.elapsed() > PATIENCE => {
                    let log = std::fs::read_to_string(self.log()).unwrap_or_default();
                    let tail: Vec<&str> = log.lines().rev().take(40).collect();
                    let tail = tail.into_iter().rev().collect::<Vec<_>>().join("\n");
                    panic!("not within {PATIENCE:?}: {what}. Last seen:\n{last}\nThe operator said last:\n{tail}");
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }

    pub(crate) async fn sim(&self, path: &str) -> Value {
        let url = format!("{}{path}", self.simulator.admin_url());
        self.http.get(url).send().await.unwrap().json().await.unwrap()
    }

    pub(crate) async fn fault(&self, fault: Value) {
        let url = format!("{}/faults", self.simulator.admin_url());
        let answer = self.http.post(url).json(&fault).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }

    pub(crate) async fn no_more_faults(&self) {
        let url = format!("{}/faults", self.simulator.admin_url());
        assert!(self.http.delete(url).send().await.unwrap().status().is_success());
    }

    /// How often each attempt's phone was made to ring, by number and `client_state` without its position: the same for
    /// every dial of one attempt.
    pub(crate) async fn rings(&self) -> BTreeMap<(String, String), u64> {
        let mut rings = BTreeMap::new();
        for number in self.sim("/dials").await.as_array().unwrap() {
            for dial in number["dials"].as_array().unwrap() {
                let attempt = attempt(dial["clientState"].as_str().unwrap());
                *rings.entry((number["to"].as_str().unwrap().to_owned(), attempt)).or_default() += 1;
            }
        }
        rings
    }

    /// No attempt rang twice, and these numbers rang, each for so many attempts.
    pub(crate) async fn rang_once_per_attempt(&self, numbers: usize, attempts: u64) {
        let rings = self.rings().await;
        let twice: Vec<_> = rings.iter().filter(|(_, rang)| **rang > 1).collect();
        assert!(twice.is_empty(), "rung twice for one attempt: {twice:?}");
        let mut by_number = BTreeMap::<&str, u64>::new();
        for (number, _) in rings.keys() {
            *by_number.entry(number).or_default() += 1;
        }
        assert_eq!(by_number.len(), numbers);
        assert!(by_number.values().all(|rang| *rang == attempts), "{by_number:?}");
    }

    /// The outcomes of all targets, from the jobs.
    pub(crate) async fn target_states(&self) -> BTreeMap<String, Value> {
        let jobs = self.all::<DialJob>().await;
        let targets = jobs.into_iter().flat_map(|job| job.status.unwrap_or_default().targets);
        targets.map(|target| (target.id.clone(), serde_json::to_value(target).unwrap())).collect()
    }
}

/// The owner, target and number of an attempt, out of a `client_state`.
fn attempt(client_state: &str) -> String {
    let state = dialer::ClientState::decode(client_state).unwrap();
    state.key.attempt.to_string()
}

/// What a campaign and a job have in common, at any hour.
pub(crate) fn plan() -> Value {
    json!({
        "accountRef": { "name": "main" },
        "applicationRef": { "name": "announcements" },
        "from": ["+15550009999"],
        "purpose": "Informational",
        "announcement": { "text": { "payload": "Your parcel is here." } },
        "pacing": { "dialsPerSecond": 50, "maxConcurrentCalls": 500 },
        "calleeTimeZone": { "default": "America/Chicago" },
        "windows": [{ "days": ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"], "start": "00:00", "end": "24:00" }],
        "retry": { "maxAttemptsPerTarget": 1, "minGapSecs": 1 },
    })
}

/// `id,to` for so many people.
pub(crate) fn people(count: usize) -> String {
    (0..count).fold("id,to\n".to_owned(), |list, n| list + &format!("t{n},+1555{n:07}\n"))
}

/// The condition of this type; null when there is none.
pub(crate) fn condition<'a>(object: &'a Value, kind: &str) -> &'a Value {
    let conditions = object["status"]["conditions"].as_array();
    conditions.and_then(|all| all.iter().find(|condition| condition["type"] == kind)).unwrap_or(&Value::Null)
}

/// Fails unless the parts add up to the total.
pub(crate) fn adds_up(counts: &Value) {
    let Some(counts) = counts.as_object() else { return };
    let parts: u64 = counts.iter().filter(|(name, _)| *name != "total").filter_map(|(_, count)| count.as_u64()).sum();
    assert_eq!(Some(parts), counts["total"].as_u64(), "{counts:?}");
}

pub(crate) fn merge(spec: &mut Value, changes: &Value) {
    for (key, value) in changes.as_object().unwrap() {
        if value.is_null() {
            spec.as_object_mut().unwrap().remove(key);
        } else {
            spec[key] = value.clone();
        }
    }
}
