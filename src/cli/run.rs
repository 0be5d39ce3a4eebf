//! `telnyx-operator run`: the operator itself.

use std::net::{IpAddr, SocketAddr};
use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::declared::{self, Declared};
use crate::fetch::Reach;
use crate::operator::{Fallen, Operator, OperatorError, Options, PeerOptions};
use crate::telemetry::traces::{self, SettingsError};
use crate::telemetry::{self, LogError, LogFormat};

/// Arguments of `run`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where Telnyx's webhooks are received. Put TLS in front of it.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    webhook_listen: SocketAddr,
    /// Where /livez, /readyz and /metrics are served.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8081")]
    admin_listen: SocketAddr,
    /// Where other replicas pass webhooks on to this one, over TLS in which both prove who they are. Nobody does where it is not
    /// given, and webhooks that reach a replica which does not act for their account are answered 503.
    #[arg(long, value_name = "ADDRESS")]
    peer_listen: Option<SocketAddr>,
    /// The address that other replicas reach this one by: its Pod's.
    #[arg(long, value_name = "IP", env = "POD_IP")]
    peer_address: Option<IpAddr>,
    /// A namespace to watch; may be given several times. All of them where none is given.
    #[arg(long = "namespace", value_name = "NAME")]
    namespaces: Vec<String>,
    /// A host, or HOST:PORT, that campaigns' results may be taken to though it is on the operator's own machine or link
    /// (loopback, link-local); may be given several times.
    #[arg(long = "results-allow-host", value_name = "HOST")]
    results_hosts: Vec<String>,
    /// A host, or HOST:PORT, that `callWebhook` steps of flows that list it may ask though it is on the operator's own machine or
    /// link (loopback, link-local); may be given several times.
    #[arg(long = "flow-webhook-allow-host", value_name = "HOST")]
    flow_webhook_hosts: Vec<String>,
    /// A `TelnyxAccount` as JSON, with its namespace: it is applied when the operator starts, as soon as its kind is served, and stays
    /// when the operator is gone.
    #[arg(long, value_name = "JSON", value_parser = Declared::parse)]
    account: Option<Declared>,
    /// How log lines look.
    #[arg(long, value_enum, default_value_t)]
    log_format: LogFormat,
    /// Least level that is logged (error, warn, info, debug, trace), or a filter such as `telnyx_operator=debug,info`.
    #[arg(long, value_name = "LEVEL", env = "RUST_LOG", default_value = "info")]
    log_level: String,
    /// Names this process in leases and events. No two that run at a time may have the same.
    #[arg(long, value_name = "NAME", env = "HOSTNAME", default_value = "telnyx-operator")]
    instance: String,
    /// A host that URLs in specs may name; may be given several times. Every host with a public or private address where none
    /// is given.
    #[arg(long = "source-host", value_name = "HOST")]
    source_hosts: Vec<String>,
    /// Lets URLs in specs lead to loopback addresses, and there without TLS. For tests and trials on one machine.
    #[arg(long)]
    allow_loopback_sources: bool,
}

/// How a process ends that has lost a lease: as one that should be tried again (`EX_TEMPFAIL` of sysexits.h).
const LOST: i32 = 75;

/// Why the operator did not run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The logs cannot be set up.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The runtime cannot be started.
    #[error("cannot start the async runtime")]
    Runtime(#[source] std::io::Error),
    /// No cluster to connect to.
    #[error("no Kubernetes cluster: set KUBECONFIG, or run in a Pod with a ServiceAccount")]
    NoCluster(#[source] kube::config::InferConfigError),
    /// The client for the cluster cannot be made.
    #[error("cannot make a client for the Kubernetes API")]
    Client(#[source] kube::Error),
    /// Signals cannot be received.
    #[error("cannot receive signals")]
    Signal(#[source] std::io::Error),
    /// Fix the environment.
    #[error(transparent)]
    Traces(#[from] SettingsError),
    /// A part cannot be started.
    #[error(transparent)]
    Operator(#[from] OperatorError),
}

impl Args {
    /// Runs until SIGTERM or SIGINT.
    pub fn execute(self) -> Result<ExitCode, RunError> {
        telemetry::init(self.log_format, &self.log_level)?;
        telemetry::panics::tell();
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(RunError::Runtime)?;
        runtime.block_on(self.run())?;
        Ok(ExitCode::SUCCESS)
    }

    async fn run(self) -> Result<(), RunError> {
        // Two TLS users in one process: the first to install a provider wins, and both accept ring.
        drop(rustls::crypto::ring::default_provider().install_default());
        let config = kube::Config::infer().await.map_err(RunError::NoCluster)?;
        let client = kube::Client::try_from(config).map_err(RunError::Client)?;
        let shutdown = CancellationToken::new();
        let options = Options {
            admin_listen: self.admin_listen,
            webhook_listen: self.webhook_listen,
            peers: self.peer_listen.map(|listen| PeerOptions { listen, address: self.peer_address }),
            namespaces: self.namespaces,
            results_hosts: self.results_hosts,
            flow_webhook_hosts: self.flow_webhook_hosts,
            instance: self.instance,
            reach: Reach::new(self.source_hosts, self.allow_loopback_sources),
            traces: traces::Settings::read(|name| std::env::var(name).ok())?,
        };
        stop_on_signals(shutdown.clone())?;
        let mut operator = Operator::prepare(client, options, shutdown).await?;
        if let Some(account) = self.account {
            let context = operator.context();
            // Before any part runs, so that nobody takes an operator without its account for one that is ready.
            context.health.expect(declared::PART);
            let (kube, health, shutdown) = (context.kube.clone(), context.health.clone(), context.shutdown.clone());
            operator.add(account.run(kube, health, shutdown));
        }
        if let (Ok(webhooks), Ok(admin)) = (operator.webhook_address(), operator.admin_address()) {
            tracing::info!(version = env!("CARGO_PKG_VERSION"), %webhooks, %admin, "running");
        }
        match operator.run().await {
            Ok(()) => {}
            Err(Fallen::Lost(lost)) => {
                tracing::error!(%lost, "another replica may act now: this process ends at once and starts anew");
                // Not by returning, which would let what was begun go on for a moment.
                std::process::exit(LOST);
            }
            Err(fallen @ Fallen::Part) => return Err(OperatorError::from(fallen).into()),
        }
        tracing::info!("stopped");
        Ok(())
    }
}

/// The first signal asks every part to finish. A second ends the process at once.
fn stop_on_signals(shutdown: CancellationToken) -> Result<(), RunError> {
    let mut terminate = signal(SignalKind::terminate()).map_err(RunError::Signal)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(RunError::Signal)?;
    // Lives as long as the process, which it ends.
    tokio::spawn(async move {
        for last in [false, true] {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if last {
                std::process::exit(130);
            }
            tracing::info!("stopping: work that was begun is finished");
            shutdown.cancel();
        }
    });
    Ok(())
}
