//! A namespace with an application and a queue, people who answer, and the plugin as a user has it on the PATH.

use crate::world::{KEY, World, eventually};
use serde_json::{Value, json};
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::{Command, Output};
use telnyx_operator::api::{CallControlApplication, OutboundVoiceProfile, Queue};
use telnyx_simulator::config::{Config, Outcome, Shares, Spread};
use telnyx_voice::{CallControlId, ConnectionId, DialRequest, PhoneNumber};
use tempfile::TempDir;

/// The number of whoever is called; no output may show it.
pub(crate) const CALLED: &str = "+13125550101";
const CALLER: &str = "+12025550199";

pub(crate) struct Desk {
    pub(crate) world: World,
    pub(crate) connection: ConnectionId,
    /// Where the plugin's links are.
    pub(crate) bin: TempDir,
}

/// What a run of the program left.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// What was printed by a run that must have succeeded.
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.code, 0, "{}{}", self.out, self.err);
        self.out
    }

    /// What was said by a run that must have failed.
    pub(crate) fn said(self) -> String {
        assert_eq!(self.code, 1, "{}{}", self.out, self.err);
        self.err
    }

    pub(crate) fn json(self) -> Value {
        serde_json::from_str(&self.ok()).unwrap()
    }
}

/// Everybody answers at once and stays on the line for as long as it takes.
fn patient(behaviour: &mut Config) {
    behaviour.callees.shares = Shares::only(Outcome::Person);
    behaviour.callees.initiated_after_ms = Spread::between(5, 20);
    behaviour.callees.ring_ms = Spread::between(20, 50);
    behaviour.callees.person.early_share = 0.0;
    behaviour.callees.person.after_message_ms = Spread::between(3_600_000, 3_600_000);
    behaviour.callees.person.patience_ms = Spread::between(3_600_000, 3_600_000);
}

impl Desk {
    pub(crate) async fn open() -> Self {
        let world = World::with_account_on(patient).await;
        let connection = application(&world).await;
        world.queue("waiting-room", json!({})).await;
        world.ready::<Queue>("waiting-room").await;
        Self { world, connection, bin: programs() }
    }

    /// On a cluster of its own, without an account: for stories that meddle with the definitions.
    pub(crate) async fn alone() -> Self {
        Self { world: World::alone().await, connection: ConnectionId::from("none"), bin: programs() }
    }

    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.bin.path().join(name)
    }

    /// `kubectl telnyx ARGUMENTS` in the desk's namespace, as the cluster's administrator.
    pub(crate) async fn telnyx(&self, arguments: &[&str]) -> Ran {
        self.telnyx_as(self.kubeconfig(), &self.world.namespace, arguments).await
    }

    /// The cluster's administrator's.
    pub(crate) fn kubeconfig(&self) -> &std::path::Path {
        self.world.access.as_ref().unwrap().kubeconfig()
    }

    pub(crate) async fn telnyx_as(&self, kubeconfig: &std::path::Path, namespace: &str, arguments: &[&str]) -> Ran {
        let mut command = Command::new(self.program("kubectl-telnyx"));
        command.arg("--kubeconfig").arg(kubeconfig).args(["-n", namespace]).args(arguments);
        run(command).await
    }

    /// A call that has been answered.
    pub(crate) async fn call(&self) -> CallControlId {
        self.call_on(&self.connection).await
    }

    pub(crate) async fn call_on(&self, connection: &ConnectionId) -> CallControlId {
        let (from, to) = (PhoneNumber::parse(CALLER).unwrap(), PhoneNumber::parse(CALLED).unwrap());
        let call = self.world.telnyx.dial(&DialRequest::new(connection, &from, &to)).await.unwrap();
        let id = call.call_control_id.unwrap();
        eventually("the call is answered", || async {
            let calls = self.simulated_calls().await;
            let state =
                calls.iter().find(|call| call["callControlId"] == id.as_str()).map(|call| call["state"].clone());
            if state == Some(json!("answered")) { Ok(()) } else { Err(format!("{state:?}")) }
        })
        .await;
        id
    }

    /// Every call as the simulator knows it.
    pub(crate) async fn simulated_calls(&self) -> Vec<Value> {
        let url = format!("{}/calls", self.world.simulator.admin_url());
        reqwest::get(url).await.unwrap().json().await.unwrap()
    }

    pub(crate) async fn enqueue(&self, call: &CallControlId) {
        let url = format!("{}/calls/{call}/actions/enqueue", self.world.simulator.base_url());
        let body = json!({ "queue_name": "waiting-room" });
        let answer = reqwest::Client::new().post(url).bearer_auth(KEY).json(&body).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }
}

fn programs() -> TempDir {
    let bin = tempfile::tempdir().unwrap();
    for name in ["kubectl-telnyx", "kubectl_complete-telnyx"] {
        symlink(env!("CARGO_BIN_EXE_telnyx-operator"), bin.path().join(name)).unwrap();
    }
    bin
}

/// An application through which calls can leave.
pub(crate) async fn application(world: &World) -> ConnectionId {
    let account = json!({ "name": "main" });
    world.profile("us-calls", json!({ "accountRef": account })).await;
    world.ready::<OutboundVoiceProfile>("us-calls").await;
    world.application("support", json!({ "outbound": { "outboundVoiceProfileRef": { "name": "us-calls" } } })).await;
    let application = world.ready::<CallControlApplication>("support").await;
    ConnectionId::from(application["status"]["id"].as_str().unwrap())
}

/// Runs a program while the simulator goes on in this process. Nothing that it prints holds the API key.
pub(crate) async fn run(mut command: Command) -> Ran {
    let output: Output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let ran = Ran { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) };
    assert!(!ran.out.contains(KEY) && !ran.err.contains(KEY), "the API key was printed");
    ran
}
