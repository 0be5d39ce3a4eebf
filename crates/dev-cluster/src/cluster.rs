//! Starts the three components in their order, waits until their work shows, and stops them.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::binaries::{Binaries, BuildError};
use crate::certificates::{CertificateError, Pki};
use crate::components::{self, AUDIT_POLICY, Ports};
use crate::home::Home;
use crate::kubeconfig::{Endpoint, write_private};
use crate::probe::{Probe, ProbeError};
use crate::process::Process;

/// A port is free when it is picked and may be taken when the component binds it; that many starts are tried.
const PORT_ATTEMPTS: usize = 5;

/// How often readiness is asked for. The answer takes the API server well under a millisecond.
const READY_POLL: Duration = Duration::from_millis(50);

/// How long a component may take for an orderly end when its data is kept.
const STOP_GRACE: Duration = Duration::from_secs(5);

/// The first thing that the controller manager makes in a namespace: with it, tokens and RBAC work for everybody.
const FIRST_SERVICE_ACCOUNT: &str = "/api/v1/namespaces/default/serviceaccounts/default";

/// What kind of cluster to start. The default is one for tests.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where keys, data, logs and the kubeconfig go, kept afterwards; a cluster started again on it finds its
    /// objects, keys and tokens. Unset: a temporary folder, removed when the cluster is stopped and kept when its
    /// start failed or its owner panics.
    pub directory: Option<PathBuf>,
    /// Record every request (who, what, which object, never its content) in [`Cluster::audit_log`]. Off: it costs CPU
    /// and disk.
    pub audit_log: bool,
    /// The API server's fair queueing. Off, because it holds back a client that does more than its share, as
    /// benchmarks do.
    pub priority_and_fairness: bool,
    /// How long the start may take once the binaries are there. Three seconds are usual; 90 s leaves room for a busy
    /// machine.
    pub ready_timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { directory: None, audit_log: false, priority_and_fairness: false, ready_timeout: Duration::from_secs(90) }
    }
}

/// Why there is no cluster. The logs of what was started are kept where the message says.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The programs are missing and could not be compiled.
    #[error("the programs of the cluster are not to be had")]
    Binaries(#[from] BuildError),
    /// A file or folder could not be made.
    #[error("cannot write below {}", path.display())]
    Directory {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The keys could not be made.
    #[error("cannot make the cluster's keys")]
    Certificates(#[from] CertificateError),
    /// The client that asks for readiness could not be made.
    #[error("cannot watch the cluster start")]
    Probe(#[from] ProbeError),
    /// No free port could be found.
    #[error("no free port on 127.0.0.1")]
    Port(#[source] io::Error),
    /// A component could not be started or asked how it is.
    #[error("cannot run {component}")]
    Run {
        /// Which.
        component: String,
        /// Why.
        source: io::Error,
    },
    /// A component ended by itself.
    #[error("{component} ended with {status}; its log is {}, the end of it:\n{tail}", log.display())]
    Ended {
        /// Which.
        component: String,
        /// How.
        status: ExitStatus,
        /// Its log.
        log: PathBuf,
        /// The last lines of it.
        tail: String,
    },
    /// The cluster did not become ready in time.
    #[error("not ready after {after:?}: {last}; the logs are in {}", logs.display())]
    NotReady {
        /// How long it was waited for.
        after: Duration,
        /// What was seen last.
        last: String,
        /// Where to look.
        logs: PathBuf,
    },
}

impl StartError {
    /// Another program got the port between our choice and its use; with other ports it works.
    fn is_port_taken(&self) -> bool {
        matches!(self, Self::Ended { tail, .. } if tail.contains("address already in use"))
    }
}

/// A running cluster. Dropping it kills its processes.
#[derive(Debug)]
pub struct Cluster {
    // Dropped in this order: whoever uses the next one ends before it, and the folder goes last.
    controller_manager: Process,
    apiserver: Process,
    etcd: Process,
    home: Home,
    endpoint: Endpoint,
    kubeconfig: PathBuf,
    binaries: Binaries,
}

impl Cluster {
    /// Starts a cluster and returns when RBAC, ServiceAccounts and their tokens work.
    ///
    /// Where the programs are missing they are compiled first, with progress on standard error: minutes, once per
    /// machine. Cancelling the future stops what was started.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let binaries = ensure_binaries().await?;
        let mut home = Home::open(options.directory.as_deref(), "dev-cluster-").map_err(|source| {
            StartError::Directory { path: options.directory.clone().unwrap_or_else(std::env::temp_dir), source }
        })?;
        match start_on_free_ports(&binaries, home.path(), &options).await {
            Ok(started) => Ok(started.into_cluster(home, binaries)),
            Err(error) => {
                home.keep();
                Err(error)
            }
        }
    }

    /// The administrator's kubeconfig. The file goes with the cluster.
    #[must_use]
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// The content of [`Cluster::kubeconfig`].
    pub fn admin_kubeconfig_yaml(&self) -> io::Result<String> {
        fs::read_to_string(&self.kubeconfig)
    }

    /// Writes a kubeconfig for whoever owns `token`, a ServiceAccount's for one.
    pub fn kubeconfig_for_token(&self, token: &str, path: &Path) -> io::Result<()> {
        write_private(path, &self.endpoint.kubeconfig_for_token(token))
    }

    /// Where the API server listens, and its authority.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// A kubectl of the cluster's version.
    #[must_use]
    pub fn kubectl(&self) -> &Path {
        &self.binaries.kubectl
    }

    /// The folder with keys, data and logs.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.home.path()
    }

    /// One JSON object per request, when [`Options::audit_log`] is on.
    #[must_use]
    pub fn audit_log(&self) -> PathBuf {
        self.home.path().join("audit.log")
    }

    /// The process ids of the components, to measure what they use.
    #[must_use]
    pub fn pids(&self) -> [u32; 3] {
        [self.etcd.pid(), self.apiserver.pid(), self.controller_manager.pid()]
    }

    /// Returns when a component has ended by itself, with its name and the end of its log. Cancelling the future
    /// changes nothing.
    pub async fn failure(&mut self) -> StartError {
        loop {
            for process in [&mut self.etcd, &mut self.apiserver, &mut self.controller_manager] {
                if let Err(error) = still_runs(process) {
                    self.home.keep();
                    return error;
                }
            }
            sleep(READY_POLL).await;
        }
    }

    /// Stops all components and, unless a directory was given, removes what they left.
    pub async fn stop(mut self) -> io::Result<()> {
        for process in [&mut self.controller_manager, &mut self.apiserver, &mut self.etcd] {
            if self.home.is_temporary() {
                // Nobody will read the data again.
                process.kill().await?;
            } else {
                process.stop(STOP_GRACE).await?;
            }
        }
        Ok(())
    }
}

async fn ensure_binaries() -> Result<Binaries, StartError> {
    let ensure = || Binaries::ensure(&|line| eprintln!("dev-cluster: {line}"));
    match tokio::task::spawn_blocking(ensure).await {
        Ok(binaries) => Ok(binaries?),
        Err(error) => Err(StartError::Run {
            component: "the search for the programs".to_owned(),
            source: io::Error::other(error),
        }),
    }
}

/// Everything of a cluster but its folder.
struct Started {
    etcd: Process,
    apiserver: Process,
    controller_manager: Process,
    endpoint: Endpoint,
    kubeconfig: PathBuf,
}

impl Started {
    fn into_cluster(self, home: Home, binaries: Binaries) -> Cluster {
        let Self { etcd, apiserver, controller_manager, endpoint, kubeconfig } = self;
        Cluster { controller_manager, apiserver, etcd, home, endpoint, kubeconfig, binaries }
    }
}

async fn start_on_free_ports(binaries: &Binaries, directory: &Path, options: &Options) -> Result<Started, StartError> {
    let mut attempt = 1;
    loop {
        match start(binaries, directory, options).await {
            Err(error) if error.is_port_taken() && attempt < PORT_ATTEMPTS => attempt += 1,
            result => return result,
        }
    }
}

async fn start(binaries: &Binaries, directory: &Path, options: &Options) -> Result<Started, StartError> {
    let deadline = Instant::now() + options.ready_timeout;
    let write_error = |source| StartError::Directory { path: directory.to_owned(), source };
    let logs = directory.join("logs");
    fs::create_dir_all(&logs).map_err(write_error)?;
    fs::write(directory.join("audit-policy.yaml"), AUDIT_POLICY).map_err(write_error)?;
    let pki = Pki::ensure(&directory.join("pki"))?;
    let ports = free_ports().map_err(StartError::Port)?;

    let authority = fs::read(pki.authority()).map_err(write_error)?;
    let endpoint = Endpoint::new(format!("https://127.0.0.1:{}", ports.apiserver), authority);
    let kubeconfig = directory.join("admin.kubeconfig");
    let admin = endpoint.kubeconfig_for_certificate(&pki.admin()).map_err(write_error)?;
    write_private(&kubeconfig, &admin).map_err(write_error)?;
    let manager_kubeconfig = directory.join("controller-manager.kubeconfig");
    let manager = endpoint.kubeconfig_for_certificate(&pki.controller_manager()).map_err(write_error)?;
    write_private(&manager_kubeconfig, &manager).map_err(write_error)?;

    let probe = Probe::new(endpoint.server(), &pki)?;
    let mut etcd = run("etcd", &components::etcd(binaries, ports, &directory.join("etcd")), &logs)?;
    // Started at once: it waits for etcd by itself.
    let apiserver = components::apiserver(binaries, ports, &pki, directory, options);
    let mut apiserver = run("kube-apiserver", &apiserver, &logs)?;
    let wait = Wait { probe: &probe, deadline, timeout: options.ready_timeout, logs: &logs };
    wait.until_found("/readyz", &mut [&mut etcd, &mut apiserver]).await?;
    // Not before: it gives up when there is no API server for ten seconds.
    let manager = components::controller_manager(binaries, &pki, &manager_kubeconfig);
    let mut controller_manager = run("kube-controller-manager", &manager, &logs)?;
    wait.until_found(FIRST_SERVICE_ACCOUNT, &mut [&mut etcd, &mut apiserver, &mut controller_manager]).await?;
    Ok(Started { etcd, apiserver, controller_manager, endpoint, kubeconfig })
}

fn run(name: &str, command: &Command, logs: &Path) -> Result<Process, StartError> {
    Process::spawn(name, command, &logs.join(format!("{name}.log")))
        .map_err(|source| StartError::Run { component: name.to_owned(), source })
}

/// A bounded wait for one more sign of life.
struct Wait<'a> {
    probe: &'a Probe,
    deadline: Instant,
    timeout: Duration,
    logs: &'a Path,
}

impl Wait<'_> {
    async fn until_found(&self, path: &str, processes: &mut [&mut Process]) -> Result<(), StartError> {
        loop {
            for process in &mut *processes {
                still_runs(process)?;
            }
            let Err(last) = self.probe.found(path).await else { return Ok(()) };
            if Instant::now() >= self.deadline {
                return Err(StartError::NotReady { after: self.timeout, last, logs: self.logs.to_owned() });
            }
            sleep(READY_POLL).await;
        }
    }
}

fn still_runs(process: &mut Process) -> Result<(), StartError> {
    match process.try_exit() {
        Ok(None) => Ok(()),
        Ok(Some(status)) => Err(StartError::Ended {
            component: process.name().to_owned(),
            status,
            log: process.log().to_owned(),
            tail: process.log_tail(),
        }),
        Err(source) => Err(StartError::Run { component: process.name().to_owned(), source }),
    }
}

/// Three ports that nobody listens on. All are held while the others are picked, so they differ.
fn free_ports() -> io::Result<Ports> {
    let pick = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let (etcd_client, etcd_peer, apiserver) = (pick()?, pick()?, pick()?);
    Ok(Ports {
        etcd_client: etcd_client.local_addr()?.port(),
        etcd_peer: etcd_peer.local_addr()?.port(),
        apiserver: apiserver.local_addr()?.port(),
    })
}
