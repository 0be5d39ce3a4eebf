//! The command line: one file per subcommand.
//!
//! Promises exit code 0 for success, 1 for a failure told on standard error with its causes, 2 where a subcommand gives
//! it a meaning of its own. Does not know what a subcommand does.

pub mod api_key;
pub mod crds;
#[cfg(feature = "workstation")]
pub mod flow;
#[cfg(feature = "workstation")]
pub mod import;
#[cfg(feature = "workstation")]
pub mod kubectl;
pub mod plan;
mod progress;
pub mod run;
#[cfg(feature = "workstation")]
pub mod simulate;

use std::error::Error;
use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[cfg(feature = "workstation")]
use self::kubectl::Called;

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
    #[cfg(feature = "workstation")]
    Simulate(simulate::Args),
    /// Shows what the operator would do with a directory of manifests; needs an API key and no cluster.
    Plan(plan::Args),
    /// Writes manifests for what an account holds already; needs an API key and no cluster.
    #[cfg(feature = "workstation")]
    Import(import::Args),
    /// Looks at live calls and queues and commands them: what `kubectl telnyx` does.
    #[cfg(feature = "workstation")]
    Kubectl(kubectl::Args),
    /// Checks, draws and tries call flows; needs neither a cluster nor an account.
    #[cfg(feature = "workstation")]
    Flow(flow::Args),
    /// Runs the operator against the cluster of KUBECONFIG or, in a Pod, its own.
    Run(run::Args),
}

impl Cli {
    /// Does what the arguments say.
    #[must_use]
    pub fn execute(self) -> ExitCode {
        let result: Result<_, Box<dyn Error>> = match self.command {
            Command::Crds(args) => args.execute().map_err(Into::into),
            #[cfg(feature = "workstation")]
            Command::Simulate(args) => args.execute().map_err(Into::into),
            Command::Plan(args) => args.execute().map_err(Into::into),
            #[cfg(feature = "workstation")]
            Command::Import(args) => args.execute().map_err(Into::into),
            #[cfg(feature = "workstation")]
            Command::Kubectl(args) => args.execute().map_err(Into::into),
            #[cfg(feature = "workstation")]
            Command::Flow(args) => args.execute().map_err(Into::into),
            Command::Run(args) => args.execute().map_err(Into::into),
        };
        result.unwrap_or_else(|error| failed("telnyx-operator", &*error))
    }
}

/// Does what the arguments say.
#[cfg(not(feature = "workstation"))]
#[must_use]
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    Cli::parse_from(arguments).execute()
}

/// Does what the arguments say, as the program that they name: the operator, or kubectl's plugin.
#[cfg(feature = "workstation")]
#[must_use]
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let (program, rest) = arguments.split_first().map_or((None, &[][..]), |(program, rest)| (Some(program), rest));
    match Called::by(program.map(OsString::as_os_str)) {
        Called::Operator => Cli::parse_from(arguments).execute(),
        Called::Completer => kubectl::suggest(rest),
        Called::Plugin => kubectl::run(rest.to_vec()).unwrap_or_else(|error| failed(kubectl::NAME, &error)),
    }
}

fn failed(program: &str, error: &dyn Error) -> ExitCode {
    // Not `eprintln!`, which panics where nobody can be told. The exit code says it still.
    let _untold = writeln!(std::io::stderr(), "{program}: {}", chain(error));
    ExitCode::FAILURE
}

/// An error and its causes, once, from the outermost to the innermost.
pub(crate) fn chain(error: &dyn Error) -> String {
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
