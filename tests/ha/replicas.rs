//! Two replicas, `a` and `b`, before one account, behind one address for webhooks.

use std::collections::BTreeMap;
use std::fs::File;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::Lease;
use kube::api::ListParams;
use serde_json::{Value, json};
use telnyx_simulator::config::Config as Behaviour;
use testbed::Port;
use tokio::process::{Child, Command};

use crate::proxy::Proxy;
use crate::stage::KEY;
use crate::world::{World, people};

/// The build that is tested.
const PROGRAM: &str = env!("CARGO_BIN_EXE_telnyx-operator");
/// For a process to end that has lost its lease, on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

pub(crate) struct Replicas {
    world: World,
    pub(crate) webhooks: Proxy,
    pub(crate) a: Replica,
    pub(crate) b: Replica,
}

impl Deref for Replicas {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}

pub(crate) struct Replica {
    pub(crate) name: &'static str,
    pub(crate) webhooks: Port,
    admin: Port,
    log: PathBuf,
    process: Child,
}

impl Replicas {
    /// `a` acts for the account, and `b` stands by. `a_goes_by` may turn `a`'s kubeconfig into another.
    pub(crate) async fn start(a_goes_by: impl AsyncFnOnce(&Path) -> PathBuf) -> Self {
        Self::with(Path::new(PROGRAM), a_goes_by, |_| {}).await
    }

    /// The same, where `a` is this build of the program.
    pub(crate) async fn with(
        program: &Path,
        a_goes_by: impl AsyncFnOnce(&Path) -> PathBuf,
        configure: impl FnOnce(&mut Behaviour),
    ) -> Self {
        let mut world = World::new(configure).await;
        // The stage's own operator has made the account Ready and hands it over to them.
        world.terminate_operator().await;
        let address = world.hooks().trim_start_matches("http://").to_owned();
        let kubeconfig = world.kubeconfig().to_owned();
        let a = Replica::start("a", program, &world, &a_goes_by(&kubeconfig).await).await;
        let webhooks = Proxy::start(&address, Some(a.webhooks.address())).await;
        until_held_by(&world, "a").await;
        let b = Replica::start("b", Path::new(PROGRAM), &world, &kubeconfig).await;
        b.until_ready(&world).await;
        Self { world, webhooks, a, b }
    }

    /// Sixty people are called, four a second. Returns once some have been, by `a`.
    pub(crate) async fn begin_campaign(&self) {
        self.list(&people(60)).await;
        self.campaign("c", json!({ "pacing": { "dialsPerSecond": 4, "maxConcurrentCalls": 60 } })).await;
        self.until_rung(6).await;
    }

    /// Waits until so many phones have rung. Returns how many have.
    pub(crate) async fn until_rung(&self, count: usize) -> usize {
        self.eventually(&format!("{count} phones have rung"), async || {
            let rung = self.rings().await.len();
            if rung >= count { Ok(rung) } else { Err(format!("{rung}; b said:\n{}", self.b.tail())) }
        })
        .await
    }

    /// Waits until Telnyx says that a webhook which it sent since then, signed as all are, was answered 503.
    pub(crate) async fn until_put_off_since(&self, then: Timestamp) {
        let url = format!("{}/webhook_deliveries", self.simulator.base_url());
        self.eventually("a webhook was put off", async || {
            let since = [("filter[started_at][gte]", then.to_string()), ("page[size]", "250".to_owned())];
            let answer = self.http.get(&url).bearer_auth(KEY).query(&since).send().await.unwrap();
            let answer: Value = answer.json().await.unwrap();
            let tries = answer["data"].as_array().unwrap().iter().flat_map(|one| one["attempts"].as_array().unwrap());
            let met: Vec<&Value> = tries.map(|attempt| &attempt["http"]["response"]["status"]).collect();
            if met.iter().any(|status| **status == 503) { Ok(()) } else { Err(format!("{met:?}")) }
        })
        .await;
    }

    pub(crate) async fn until_held_by(&self, instance: &str) {
        until_held_by(&self.world, instance).await;
    }

    /// The namespace goes with everything in it, leases too.
    pub(crate) async fn end(self) {
        self.world.end().await;
    }

    /// Everybody is called, once.
    pub(crate) async fn ends_well(self) {
        let campaign = self.complete("c").await;
        assert_eq!(campaign["status"]["counts"]["total"], 60, "{:#}", campaign["status"]);
        self.rang_once_per_attempt(60, 1).await;
        self.end().await;
    }
}

/// Waits until the account's lease says so.
async fn until_held_by(world: &World, instance: &str) {
    world
        .eventually(&format!("{instance} holds the account's lease"), async || {
            let holders = holders(world).await;
            let of_account = holders.iter().find(|(name, _)| name.starts_with("main-"));
            if of_account.is_some_and(|(_, holder)| holder == instance) { Ok(()) } else { Err(format!("{holders:?}")) }
        })
        .await;
}

/// Who holds which account's lease.
pub(crate) async fn holders(world: &World) -> BTreeMap<String, String> {
    let of_accounts = ListParams::default().labels("telnyx-operator.io/lease=account");
    let leases = world.api::<Lease>().list(&of_accounts).await.unwrap();
    let holder = |lease: Lease| Some((lease.metadata.name?, lease.spec?.holder_identity?));
    leases.items.into_iter().filter_map(holder).collect()
}

impl Replica {
    async fn start(name: &'static str, program: &Path, world: &World, kubeconfig: &Path) -> Self {
        let (webhooks, admin) = (Port::keep().unwrap(), Port::keep().unwrap());
        let log = world.home().join(format!("{name}.log"));
        let output = File::create(&log).unwrap();
        let mut command = Command::new(program);
        command.args(["run", "--instance", name, "--namespace", &world.namespace]);
        command.arg(format!("--webhook-listen={webhooks}")).arg(format!("--admin-listen={admin}"));
        // An older build may not pass webhooks on.
        let help = Command::new(program).args(["run", "--help"]).output().await.unwrap();
        if String::from_utf8_lossy(&help.stdout).contains("--peer-listen") {
            command.arg("--peer-listen=127.0.0.1:0");
        }
        command.arg("--log-level=telnyx_operator=debug,info").env_clear().env("KUBECONFIG", kubeconfig);
        command.stdin(Stdio::null()).stdout(output.try_clone().unwrap()).stderr(output).kill_on_drop(true);
        Self { name, webhooks, admin, log, process: command.spawn().unwrap() }
    }

    /// Waits until it says that it is ready.
    pub(crate) async fn until_ready(&self, world: &World) {
        let url = format!("http://{}/readyz", self.admin);
        world
            .eventually(&format!("{} is ready", self.name), async || match world.http.get(&url).send().await {
                Ok(answer) if answer.status().is_success() => Ok(()),
                Ok(answer) => Err(answer.text().await.unwrap_or_default()),
                Err(error) => Err(format!("{error}. It said last:\n{}", self.tail())),
            })
            .await;
    }

    /// The status that its admin port answers with.
    pub(crate) async fn asked(&self, world: &World, path: &str) -> u16 {
        let url = format!("http://{}{path}", self.admin);
        world.http.get(url).send().await.unwrap().status().as_u16()
    }

    /// Waits until its log holds this.
    pub(crate) async fn until_it_says(&self, world: &World, text: &str) {
        let said = async || if self.log().contains(text) { Ok(()) } else { Err(self.tail()) };
        world.eventually(&format!("{} says {text:?}", self.name), said).await;
    }

    /// All that it has said.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// The sum of its metrics whose lines begin so.
    pub(crate) async fn metric(&self, world: &World, line: &str) -> u64 {
        let url = format!("http://{}/metrics", self.admin);
        let text = world.http.get(url).send().await.unwrap().text().await.unwrap();
        let found = text.lines().filter(|found| found.starts_with(line));
        found.map(|found| found.rsplit_once(' ').unwrap().1.parse::<u64>().unwrap()).sum()
    }

    /// Sends it a signal, by its process id.
    pub(crate) async fn signal(&self, signal: &str) {
        let pid = self.process.id().unwrap().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().await.unwrap().success());
    }

    /// Waits until its process has ended.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        let ended = tokio::time::timeout(PATIENCE, self.process.wait()).await;
        ended.unwrap_or_else(|_| panic!("{} has not ended. It said last:\n{}", self.name, self.tail())).unwrap()
    }

    /// Whether its process has not ended.
    pub(crate) fn is_running(&mut self) -> bool {
        self.process.try_wait().unwrap().is_none()
    }

    /// What it said last.
    pub(crate) fn tail(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }
}
