//! `telnyx-operator flow`: checks, draws and tries call flows, without a cluster and without an account.

mod graph;
mod print;
mod run;
mod trial;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use call_flow::FlowKey;
use kube::ResourceExt as _;
use serde_json::Value;

use crate::api::{CallFlow, FlowProblem};
use crate::controllers::call_flow::compile;
use crate::flows::UserWebhooks;

/// Arguments of `flow`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Says what is wrong with the flows of a file, as the operator would; exits 1 when anything is.
    Check(Which),
    /// Draws a flow.
    Graph(graph::Args),
    /// Tries a flow out on a simulated call, and prints what happens as it happens.
    Run(run::Args),
}

/// Which flow.
#[derive(Debug, clap::Args)]
struct Which {
    /// A file of manifests in YAML or JSON; objects of other kinds are passed over.
    #[arg(long, short, value_name = "FILE")]
    file: PathBuf,
    /// The `CallFlow` of this name. Unset: the only one in the file.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
}

/// Why a flow cannot be shown or tried.
#[derive(Debug, thiserror::Error)]
pub enum FlowError {
    /// The file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not YAML, or a `CallFlow` in it is none.
    #[error("{}: {problem}", path.display())]
    Manifest {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// The file has no such flow.
    #[error("{}: there is no CallFlow of that name; it has {known}", path.display())]
    NoSuchFlow {
        /// Which file.
        path: PathBuf,
        /// The names of those that it has.
        known: String,
    },
    /// The file has several.
    #[error("{}: there are several CallFlows: choose one of {known} with --name", path.display())]
    Several {
        /// Which file.
        path: PathBuf,
        /// Their names.
        known: String,
    },
    /// The flow cannot be run.
    #[error("CallFlow {name} cannot be run:\n{problems}")]
    Invalid {
        /// Which.
        name: String,
        /// Everything that is wrong with it, a line each.
        problems: String,
    },
    /// The flow cannot be drawn.
    #[error("the flow cannot be drawn: {0}; -o mermaid prints it for other programs to draw")]
    Picture(String),
    /// The trial could not be set up, or broke off.
    #[error(transparent)]
    Trial(#[from] trial::TrialError),
}

impl Args {
    /// Does what the arguments say.
    pub fn execute(self) -> Result<ExitCode, FlowError> {
        match self.command {
            Command::Check(which) => check(&which),
            Command::Graph(args) => args.execute(),
            Command::Run(args) => args.execute(),
        }
    }
}

fn check(which: &Which) -> Result<ExitCode, FlowError> {
    let flows = read(&which.file)?;
    let chosen: Vec<_> = flows.iter().filter(|flow| which.names(flow)).collect();
    if chosen.is_empty() {
        return Err(which.none_of(&flows));
    }
    let mut code = ExitCode::SUCCESS;
    for flow in chosen {
        match compiled(flow) {
            Ok(_) => println!("CallFlow {}: valid", flow.name_any()),
            Err(problems) => {
                println!("CallFlow {}: invalid\n{}", flow.name_any(), lines(&problems));
                code = ExitCode::FAILURE;
            }
        }
    }
    Ok(code)
}

impl Which {
    fn names(&self, flow: &CallFlow) -> bool {
        self.name.as_ref().is_none_or(|name| *name == flow.name_any())
    }

    fn none_of(&self, flows: &[CallFlow]) -> FlowError {
        FlowError::NoSuchFlow { path: self.file.clone(), known: names(flows) }
    }

    /// The flow that is meant, ready to be run.
    fn compiled(&self) -> Result<(String, call_flow::Flow, UserWebhooks), FlowError> {
        let flows = read(&self.file)?;
        let mut meant = flows.iter().filter(|flow| self.names(flow));
        let flow = meant.next().ok_or_else(|| self.none_of(&flows))?;
        if meant.next().is_some() {
            return Err(FlowError::Several { path: self.file.clone(), known: names(&flows) });
        }
        let (compiled, webhooks) = compiled(flow)
            .map_err(|problems| FlowError::Invalid { name: flow.name_any(), problems: lines(&problems) })?;
        Ok((flow.name_any(), compiled, webhooks))
    }
}

fn compiled(flow: &CallFlow) -> Result<(call_flow::Flow, UserWebhooks), Vec<FlowProblem>> {
    compile(&flow.spec, FlowKey::new(&flow.name_any(), 1))
}

fn read(path: &Path) -> Result<Vec<CallFlow>, FlowError> {
    let complain = |problem: String| FlowError::Manifest { path: path.to_owned(), problem };
    let text = std::fs::read_to_string(path).map_err(|source| FlowError::Read { path: path.to_owned(), source })?;
    let objects: Vec<Value> =
        serde_saphyr::from_multiple(&text).map_err(|error| complain(error.without_snippet().to_string()))?;
    let flows = objects.into_iter().filter(|object| object.get("kind").is_some_and(|kind| kind == "CallFlow"));
    flows.map(|flow| serde_json::from_value(flow).map_err(|error| complain(format!("CallFlow: {error}")))).collect()
}

fn names(flows: &[CallFlow]) -> String {
    let names: Vec<_> = flows.iter().map(kube::ResourceExt::name_any).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

fn lines(problems: &[FlowProblem]) -> String {
    let line = |problem: &FlowProblem| match &problem.step {
        Some(step) => format!("  {} (step {step}): {}", problem.path, problem.message),
        None => format!("  {}: {}", problem.path, problem.message),
    };
    problems.iter().map(line).collect::<Vec<_>>().join("\n")
}
