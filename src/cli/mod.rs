//! The command line: one file per subcommand.
//!
//! Promises exit code 0 for success, 1 for a failure told on standard error with its causes, 2 where a subcommand gives
//! it a meaning of its own. Does not know what a subcommand does.

pub mod crds;
pub mod plan;
pub mod run;
pub mod simulate;

use std::error::Error;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Makes Telnyx Voice declarative: applications, profiles, queues and outbound campaigns as Kubernetes resources.
#[derive(Debug, Parser)]
#[command(name = "telnyx-operator", version, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Prints the custom resource definitions, or writes them into a directory.
    Crds(crds::Args),
    /// Serves the Telnyx Voice API from memory, with calls that nobody pays and signed webhooks.
    Simulate(simulate::Args),
    /// Shows what the operator would do with a directory of manifests; needs an API key and no cluster.
    Plan(plan::Args),
    /// Runs the operator against the cluster of KUBECONFIG or, in a Pod, its own.
    Run(run::Args),
}

impl Cli {
    /// Does what the arguments say.
    #[must_use]
    pub fn execute(self) -> ExitCode {
        let result = match self.command {
            Command::Crds(args) => args.execute().map_err(Into::into),
            Command::Simulate(args) => args.execute().map_err(Into::into),
            Command::Plan(args) => args.execute().map_err(Into::into),
            Command::Run(args) => args.execute().map_err(Into::into),
        };
        result.unwrap_or_else(|error: Box<dyn Error>| {
            eprintln!("telnyx-operator: {}", chain(&*error));
            ExitCode::FAILURE
        })
    }
}

/// An error and its causes, once, from the outermost to the innermost.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn no_argument_contradicts_another() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_failure_is_told_with_its_causes_once_each() {
        let error = crds::CrdsError::Stdout(std::io::Error::other("disk full"));
        assert_eq!(chain(&error), "cannot write to standard output: disk full");
    }
}
