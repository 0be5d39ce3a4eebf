//! Starts a development cluster from the command line, and provides the programs that belong to it.

use std::ffi::OsString;
use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{error::Error, fs, io};

use clap::{Parser, Subcommand, ValueEnum};
use dev_cluster::binaries::{Program, Recipe, build};
use dev_cluster::{Access, Cluster, Options, SHARED_KUBECONFIG, chain};
use tokio::process::{Child, Command};
use tokio::runtime::Runtime;
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
    /// Run a command with a cluster of its own, whose kubeconfig the environment names; end as the command does.
    Run(Run),
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

#[derive(Debug, clap::Args)]
struct Run {
    /// The command and its arguments.
    #[arg(required = true, trailing_var_arg = true)]
    command: Vec<OsString>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ProgramName {
    Etcd,
    KubeApiserver,
    KubeControllerManager,
    Kubectl,
    Helm,
    Promtool,
}

impl From<ProgramName> for Program {
    fn from(name: ProgramName) -> Self {
        match name {
            ProgramName::Etcd => Self::Etcd,
            ProgramName::KubeApiserver => Self::KubeApiserver,
            ProgramName::KubeControllerManager => Self::KubeControllerManager,
            ProgramName::Kubectl => Self::Kubectl,
            ProgramName::Helm => Self::Helm,
            ProgramName::Promtool => Self::Promtool,
        }
    }
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("dev-cluster: {}", chain(&*error));
            ExitCode::FAILURE
        }
    }
}

fn run(command: Subcommands) -> Result<ExitCode, Box<dyn Error>> {
    match command {
        Subcommands::Build => {
            for recipe in Recipe::all() {
                println!("{}", build(&recipe, &progress)?.display());
            }
            Ok(ExitCode::SUCCESS)
        }
        Subcommands::Path { program } => {
            println!("{}", Program::from(program).ensure(&progress)?.display());
            Ok(ExitCode::SUCCESS)
        }
        Subcommands::Up(options) => Runtime::new()?.block_on(up(options)),
        Subcommands::Run(options) => Runtime::new()?.block_on(run_with_cluster(&options.command)),
    }
}

fn progress(line: &str) {
    eprintln!("dev-cluster: {line}");
}

async fn up(up: Up) -> Result<ExitCode, Box<dyn Error>> {
    let mut ends = Ends::listen()?;
    let options = Options {
        directory: up.dir,
        audit_log: up.audit_log,
        priority_and_fairness: up.priority_and_fairness,
        ..Options::default()
    };
    let mut cluster = tokio::select! {
        started = Cluster::start(options) => started?,
        _ = ends.any() => return Ok(ExitCode::SUCCESS),
    };
    announce(&cluster, up.ready_file.as_deref())?;
    let failure = tokio::select! {
        failure = cluster.failure() => Some(failure),
        _ = ends.any() => None,
    };
    cluster.stop().await?;
    if let Some(path) = up.ready_file {
        fs::remove_file(path)?;
    }
    failure.map_or(Ok(ExitCode::SUCCESS), |failure| Err(failure.into()))
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

async fn run_with_cluster(command: &[OsString]) -> Result<ExitCode, Box<dyn Error>> {
    let Some((program, arguments)) = command.split_first() else { return Err("no command given".into()) };
    let mut ends = Ends::listen()?;
    let access = tokio::select! {
        access = Access::shared_or_start(Options::default()) => access?,
        end = ends.any() => return Ok(exit_code_of(end)),
    };
    let mut child = Command::new(program)
        .args(arguments)
        .env(SHARED_KUBECONFIG, access.kubeconfig())
        .env("KUBECONFIG", access.kubeconfig())
        .spawn()
        .map_err(|error| format!("cannot run {}: {error}", program.display()))?;
    let status = loop {
        tokio::select! {
            status = child.wait() => break status?,
            // The command decides how it ends. Ctrl-C reached it without us, as everything in the terminal's
            // foreground.
            end = ends.any() => if end != SignalKind::interrupt().as_raw_value() { forward(end, &child)? },
        }
    };
    access.release().await?;
    Ok(status.code().or_else(|| Some(128 + status.signal()?)).map_or(ExitCode::FAILURE, exit_code))
}

fn forward(signal: i32, child: &Child) -> io::Result<()> {
    let pid = child.id().and_then(|pid| rustix::process::Pid::from_raw(pid.try_into().ok()?));
    let signal = rustix::process::Signal::from_named_raw(signal);
    match (pid, signal) {
        (Some(pid), Some(signal)) => Ok(rustix::process::kill_process(pid, signal)?),
        _ => Ok(()),
    }
}

/// What a shell reports of a program that a signal ended.
fn exit_code_of(signal: i32) -> ExitCode {
    exit_code(128 + signal)
}

fn exit_code(code: i32) -> ExitCode {
    u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from)
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

    /// The number of the signal that came.
    async fn any(&mut self) -> i32 {
        let kind = tokio::select! {
            _ = self.interrupt.recv() => SignalKind::interrupt(),
            _ = self.terminate.recv() => SignalKind::terminate(),
            _ = self.hang_up.recv() => SignalKind::hangup(),
        };
        kind.as_raw_value()
    }
}
