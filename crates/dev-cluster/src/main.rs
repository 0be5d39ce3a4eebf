//! Starts a development cluster from the command line, and provides the programs that belong to it.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{error::Error, fs, io};

use clap::{Parser, Subcommand, ValueEnum};
use dev_cluster::binaries::{Program, Recipe, build};
use dev_cluster::{Cluster, Options};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// A real Kubernetes API on loopback: etcd, kube-apiserver, kube-controller-manager.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Subcommands,
}

#[derive(Debug, Subcommand)]
enum Subcommands {
    /// Compile everything that is not in the cache yet.
    Build,
    /// Print where a program is, after compiling it if need be.
    Path {
        /// Which program.
        program: ProgramName,
    },
    /// Start a cluster; stop it on Ctrl-C or SIGTERM.
    Up(Up),
}

#[derive(Debug, clap::Args)]
struct Up {
    /// Keep keys, data and logs in this directory, and start again from what is there.
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Write the path of the kubeconfig to this file once the cluster is ready.
    #[arg(long)]
    ready_file: Option<PathBuf>,
    /// Record every request in `audit.log`, at level Metadata.
    #[arg(long)]
    audit_log: bool,
    /// Turn on the API server's priority and fairness.
    #[arg(long)]
    priority_and_fairness: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ProgramName {
    Etcd,
    KubeApiserver,
    KubeControllerManager,
    Kubectl,
    Helm,
}

impl From<ProgramName> for Program {
    fn from(name: ProgramName) -> Self {
        match name {
            ProgramName::Etcd => Self::Etcd,
            ProgramName::KubeApiserver => Self::KubeApiserver,
            ProgramName::KubeControllerManager => Self::KubeControllerManager,
            ProgramName::Kubectl => Self::Kubectl,
            ProgramName::Helm => Self::Helm,
        }
    }
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let mut message = error.to_string();
            let mut source = error.source();
            while let Some(cause) = source {
                message.push_str(": ");
                message.push_str(&cause.to_string());
                source = cause.source();
            }
            eprintln!("dev-cluster: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Subcommands) -> Result<(), Box<dyn Error>> {
    match command {
        Subcommands::Build => {
            for recipe in [Recipe::kubernetes(), Recipe::helm()] {
                println!("{}", build(&recipe, &progress)?.display());
            }
            Ok(())
        }
        Subcommands::Path { program } => {
            println!("{}", Program::from(program).ensure(&progress)?.display());
            Ok(())
        }
        Subcommands::Up(up_options) => tokio::runtime::Runtime::new()?.block_on(up(up_options)),
    }
}

fn progress(line: &str) {
    eprintln!("dev-cluster: {line}");
}

async fn up(up: Up) -> Result<(), Box<dyn Error>> {
    let mut ends = Ends::listen()?;
    let options = Options {
        directory: up.dir,
        audit_log: up.audit_log,
        priority_and_fairness: up.priority_and_fairness,
        ..Options::default()
    };
    let mut cluster = tokio::select! {
        started = Cluster::start(options) => started?,
        () = ends.any() => return Ok(()),
    };
    announce(&cluster, up.ready_file.as_deref())?;
    let failure = tokio::select! {
        failure = cluster.failure() => Some(failure),
        () = ends.any() => None,
    };
    cluster.stop().await?;
    if let Some(path) = up.ready_file {
        fs::remove_file(path)?;
    }
    failure.map_or(Ok(()), |failure| Err(failure.into()))
}

fn announce(cluster: &Cluster, ready_file: Option<&Path>) -> io::Result<()> {
    let kubeconfig = cluster.kubeconfig().display();
    let mut out = io::stdout().lock();
    writeln!(out, "The cluster is ready; Ctrl-C stops it. Its files are in {}.", cluster.directory().display())?;
    writeln!(out, "export KUBECONFIG={kubeconfig}")?;
    if let Some(path) = ready_file {
        // Whoever waits for the file must not read half of it.
        let temporary = path.with_extension("tmp");
        fs::write(&temporary, format!("{kubeconfig}\n"))?;
        fs::rename(temporary, path)?;
    }
    Ok(())
}

/// The ways in which somebody asks us to end.
struct Ends {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
}

impl Ends {
    fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    async fn any(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hang_up.recv() => {}
        }
    }
}
