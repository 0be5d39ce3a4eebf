//! What the operator costs and how fast it is, measured on a whole installation on loopback: a real kube-apiserver and
//! etcd, the simulated Voice API, and the operator as a process of its own with the chart's rights.
//!
//! Promises figures with their spread and the bound they are held against; it judges nothing and fails only when
//! something does not work. Everything shares this machine's cores: the API server, etcd and the simulator too.
//!
//! Usage: `cargo bench --bench operator -- [--only NAME[,NAME…]] [--runs N] [--json FILE]`

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark's output is its result")]
#![allow(clippy::indexing_slicing, reason = "JSON values give null for what they lack, and the benchmark says so")]

mod applications;
mod campaigns;
mod dialing;
mod edits;
mod etcd;
mod flows;
mod idle;
mod installation;
mod memory;
mod process;
mod report;
mod startup;
mod webhooks;
mod yardstick;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use report::Report;

/// Whatever goes wrong ends the benchmark with its message.
type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Measures the operator.
#[derive(Debug, Parser)]
struct Arguments {
    /// Which benchmarks to run; unset: all.
    #[arg(long, value_delimiter = ',')]
    only: Vec<Benchmark>,
    /// Counted runs of each benchmark that is repeated.
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// Where the results go as JSON.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/target/bench/results.json"))]
    json: PathBuf,
    /// What cargo itself passes.
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Benchmark {
    /// 1,000 applications: from the first create to the last Ready, a quiet resync, 100 edits.
    Applications,
    /// From an edit to its PATCH.
    Edits,
    /// Memory with 1,000 and 10,000 applications.
    Memory,
    /// 1,000 applications that nobody touches: memory, CPU, writes.
    Idle,
    /// From the start to 10,000 applications looked at.
    Startup,
    /// A campaign of 20,000 targets as fast as it goes, beside a bare dial loop.
    Dialing,
    /// Pacing at 30 calls per second.
    Pacing,
    /// 2,000 webhooks per second.
    Webhooks,
    /// 500 and 2,000 calls in flows.
    Flows,
    /// 100,000 targets: calls per second, memory, growth of etcd.
    #[value(name = "campaign-100k")]
    Campaign100k,
    /// Writes at the API server of a campaign of 1,000 targets.
    CampaignWrites,
    /// The operator killed 100 times during a campaign of 5,000 targets.
    Kills,
    /// Every webhook lost for five minutes.
    LostWebhooks,
}

impl Benchmark {
    const ALL: [Self; 13] = [
        Self::Applications,
        Self::Edits,
        Self::Memory,
        Self::Idle,
        Self::Startup,
        Self::Dialing,
        Self::Pacing,
        Self::Webhooks,
        Self::Flows,
        Self::Campaign100k,
        Self::CampaignWrites,
        Self::Kills,
        Self::LostWebhooks,
    ];

    async fn measure(self, runs: usize, report: &mut Report) -> Result<()> {
        match self {
            Self::Applications => applications::measure(runs, report).await,
            Self::Edits => edits::measure(report).await,
            Self::Memory => memory::measure(report).await,
            Self::Idle => idle::measure(report).await,
            Self::Startup => startup::measure(runs, report).await,
            Self::Dialing => dialing::throughput(runs, report).await,
            Self::Pacing => dialing::pacing(report).await,
            Self::Webhooks => webhooks::measure(report).await,
            Self::Flows => flows::measure(report).await,
            Self::Campaign100k => campaigns::large(report).await,
            Self::CampaignWrites => campaigns::writes(report).await,
            Self::Kills => campaigns::kills(report).await,
            Self::LostWebhooks => campaigns::lost_webhooks(report).await,
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let chosen = if arguments.only.is_empty() { Benchmark::ALL.to_vec() } else { arguments.only.clone() };
    let mut report = Report::default();
    let mut failed = false;
    for benchmark in chosen {
        eprintln!("bench: {benchmark:?}");
        let mut measured = Report::default();
        let ended = benchmark.measure(arguments.runs, &mut measured).await;
        // At once: whoever stops the next one keeps this one.
        println!("{}", measured.table());
        report.figures.append(&mut measured.figures);
        if let Err(error) = ended {
            eprintln!("bench: {benchmark:?}: {error}");
            let mut cause = error.source();
            while let Some(because) = cause {
                eprintln!("bench: because {because}");
                cause = because.source();
            }
            failed = true;
        }
    }
    if let Err(error) = report.write(&arguments.json) {
        eprintln!("bench: cannot write {}: {error}", arguments.json.display());
        failed = true;
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
