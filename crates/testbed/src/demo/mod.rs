//! The demo: what a person sees who types `make demo`.
//!
//! Promises that what it prints is read from the cluster and the API while it happens, that it fails when a step does
//! not come true, and that Ctrl-C at any moment leaves no process behind. Does not know how the operator works.

mod kills;
mod progress;
mod quickstart;
mod story;

use std::env;
use std::path::{Path, PathBuf};
use std::time::Duration;

use dev_cluster::Access;
use testbed::{Kubectl, KubectlError, ServiceError, SimulatorError, Testbed, TestbedError, TimedOut};
use tokio::signal::unix::{SignalKind, signal};

use kills::Kills;
use quickstart::Ports;
use story::Story;

/// How people answer in the demo: briefly, so that 200 calls fit into a minute.
const BEHAVIOUR: &str = include_str!("simulator.yaml");

/// What the demo can be told.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Leave everything running after the campaign, until Ctrl-C.
    #[arg(long)]
    keep: bool,
    /// Use the cluster that `KUBECONFIG` names instead of starting one.
    #[arg(long)]
    existing_cluster: bool,
    /// Kill the operator (SIGKILL) about so many seconds after each of its starts, and start it again at once, all the time.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u16).range(1..))]
    kill_every: Option<u16>,
    /// Keep the logs and configuration of operator and simulator in this folder.
    #[arg(long, value_name = "FOLDER")]
    dir: Option<PathBuf>,
}

/// Why the demo ended early. Each names the step that did not come true.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DemoError {
    /// Something did not start or stop.
    #[error("the installation failed")]
    Testbed(#[from] TestbedError),
    /// kubectl failed.
    #[error(transparent)]
    Kubectl(#[from] KubectlError),
    /// The simulator's admin API failed.
    #[error(transparent)]
    Simulator(#[from] SimulatorError),
    /// Something did not happen in time.
    #[error(transparent)]
    TimedOut(#[from] TimedOut),
    /// The operator does not start again after it was killed.
    #[error("the operator was killed and does not come back")]
    Service(#[from] ServiceError),
    /// What must never happen.
    #[error("{phones} phones rang twice for one attempt")]
    RangTwice {
        /// How many.
        phones: usize,
    },
    /// `--existing-cluster` without a cluster.
    #[error("KUBECONFIG names no cluster: set it to the kubeconfig of the cluster to use")]
    NoKubeconfig,
    /// The cluster that `KUBECONFIG` names cannot be reached.
    #[error("cannot use the cluster that KUBECONFIG names")]
    Cluster(#[from] dev_cluster::AccessError),
    /// The demo removes the operator's definitions at its end, and with them every object of them.
    #[error("the cluster already has Telnyx accounts ({accounts}): use one where the operator is not installed")]
    InUse {
        /// Their namespaces and names.
        accounts: String,
    },
    /// Signals or the terminal.
    #[error("cannot talk to the terminal")]
    Io(#[from] std::io::Error),
}

/// How the demo ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// It was told to its end.
    Told,
    /// Ctrl-C or SIGTERM came first.
    Interrupted,
}

/// Tells the whole story; ends early, and orderly, on Ctrl-C.
pub(crate) async fn run(options: &Options) -> Result<End, DemoError> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let stopped = async {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    };
    let ended = tokio::select! {
        told = tell(options) => Some(told),
        // The installation belongs to the future that is dropped here: its processes end with it.
        () = stopped => None,
    };
    if let Some(told) = ended {
        return told.map(|()| End::Told);
    }
    let cluster = if options.existing_cluster { "" } else { ", kube-controller-manager, kube-apiserver, etcd" };
    println!("\nStopped: the operator, the simulator{cluster}.");
    if options.existing_cluster {
        println!("The cluster still has what was installed: {}", story::CLEAN_UP);
    }
    Ok(End::Interrupted)
}

async fn tell(options: &Options) -> Result<(), DemoError> {
    let ports = Ports::choose()?;
    let mut builder = Testbed::builder()
        .simulator_port(ports.simulator.clone())
        .webhook_port(ports.webhooks.clone())
        .simulator_config(BEHAVIOUR);
    if options.existing_cluster {
        let kubeconfig = env::var_os("KUBECONFIG").filter(|path| !path.is_empty()).ok_or(DemoError::NoKubeconfig)?;
        let kubeconfig = PathBuf::from(kubeconfig);
        refuse_a_cluster_in_use(&kubeconfig).await?;
        builder = builder.existing_cluster(kubeconfig);
    }
    if let Some(folder) = &options.dir {
        builder = builder.directory(folder);
    }
    let mut story = Story::begin(options.kill_every.is_some());
    story.chapter("Start etcd, kube-apiserver, the simulated Voice API and the operator on loopback");
    let testbed = builder.start().await?;
    Story::installed(&testbed);

    let quickstart = ports.folder(testbed.directory())?;
    let told = tell_of(&mut story, &testbed, &quickstart, options.keep);
    if let Some(seconds) = options.kill_every {
        let kills = Kills::default();
        let killed = kills.go_on(testbed.operator(), Duration::from_secs(seconds.into()));
        tokio::select! {
            told = told => told?,
            Err(never_came_back) = killed => return Err(never_came_back.into()),
        }
        story.chapter(&format!("All that while the operator was killed {} times", kills.count()));
    } else {
        told.await?;
    }
    if options.existing_cluster {
        testbed.uninstall().await?;
    }
    testbed.stop().await?;
    story.end();
    Ok(())
}

/// The chapters in which the operator runs.
async fn tell_of(story: &mut Story, testbed: &Testbed, quickstart: &Path, keep: bool) -> Result<(), DemoError> {
    story.apply_quickstart(testbed, quickstart).await?;
    story.watch_campaign(testbed).await?;
    story.repair_drift(testbed).await?;
    if keep {
        story.how_to_play(testbed);
        std::future::pending::<()>().await;
    }
    story.delete_everything(testbed, quickstart).await
}

async fn refuse_a_cluster_in_use(kubeconfig: &Path) -> Result<(), DemoError> {
    let access = Access::shared(kubeconfig.to_owned())?;
    let kubectl = Kubectl::new(access.kubectl(), access.kubeconfig(), story::NAMESPACE);
    let definition = "customresourcedefinition/telnyxaccounts.telnyx-operator.io";
    if kubectl.run(["get", definition, "--ignore-not-found", "--output=name"]).await?.trim().is_empty() {
        return Ok(());
    }
    let template = "--output=jsonpath={range .items[*]}{.metadata.namespace}/{.metadata.name} {end}";
    let accounts = kubectl.run(["get", "telnyxaccounts", "--all-namespaces", template]).await?;
    // What an earlier demo left behind is the demo's own.
    let others: Vec<&str> =
        accounts.split_whitespace().filter(|account| !account.starts_with(&format!("{}/", story::NAMESPACE))).collect();
    if others.is_empty() { Ok(()) } else { Err(DemoError::InUse { accounts: others.join(", ") }) }
}
