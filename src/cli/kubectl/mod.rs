//! `kubectl telnyx`: shows how accounts and what uses them stand; looks at live calls, queues, conferences and campaigns,
//! and commands them; plans and imports what an account holds.
//!
//! The same program under another name: `kubectl-telnyx` on the PATH is what kubectl runs for `kubectl telnyx`;
//! `telnyx-operator kubectl` does the same. It asks Telnyx itself, with the API key of the account's Secret, which it
//! reads with the rights of whoever runs it. It touches nothing but what this namespace's resources stand for.
//!
//! Does not need a running operator, and knows nothing of flows.

mod account;
mod adopt;
mod calls;
mod campaigns;
mod complete;
mod conferences;
mod doctor;
mod error;
mod fields;
mod import;
mod kinds;
mod options;
mod place;
mod plan;
mod print;
mod queues;
mod reach;
mod resync;
mod status;
mod suspension;
mod verbs;
mod wait;
mod without_cluster;

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::ExitCode;

use clap::{ArgMatches, Command};

pub use self::error::PluginError;
use self::options::Options;
use self::suspension::Wish;

/// The program's name as a plugin. kubectl finds it on the PATH.
pub const NAME: &str = "kubectl-telnyx";
/// Its name when kubectl asks for completions (kubectl: plugins, since 1.26).
const COMPLETER: &str = "kubectl_complete-telnyx";

/// What the program is asked to be, by the name under which it was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Called {
    /// `kubectl-telnyx`.
    Plugin,
    /// `kubectl_complete-telnyx`.
    Completer,
    /// Anything else: the operator.
    Operator,
}

impl Called {
    pub(super) fn by(program: Option<&OsStr>) -> Self {
        let name = program.and_then(|program| Path::new(program).file_stem()).and_then(OsStr::to_str);
        match name {
            Some(NAME) => Self::Plugin,
            Some(COMPLETER) => Self::Completer,
            Some(_) | None => Self::Operator,
        }
    }
}

/// Arguments of `telnyx-operator kubectl`: those of the plugin.
#[derive(Debug, clap::Args)]
#[command(disable_help_flag = true)]
pub struct Args {
    /// What follows `kubectl telnyx`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENT")]
    rest: Vec<OsString>,
}

impl Args {
    /// Does what the arguments say.
    pub fn execute(self) -> Result<ExitCode, PluginError> {
        run(self.rest)
    }
}

/// The whole command line.
#[must_use]
pub fn command() -> Command {
    let command = Command::new(NAME)
        .bin_name("kubectl telnyx")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Shows how the accounts and everything that uses them stand; looks at live calls, queues, conferences and campaigns, and commands them; \
             plans manifests and writes them")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands([
            status::command(),
            doctor::command(),
            resync::command(),
            adopt::command(),
            suspension::suspend(),
            suspension::resume(),
            plan::command(),
            import::command(),
            calls::command(),
            queues::command(),
            conferences::command(),
            campaigns::command(),
            complete::command(),
        ]);
    Options::add(command)
}

/// Runs the plugin with these arguments, without the program's name.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> Result<ExitCode, PluginError> {
    let matches = match command().try_get_matches_from(std::iter::once(NAME.into()).chain(arguments)) {
        Ok(matches) => matches,
        // A misspelt argument, or help that was asked for: clap knows stream and exit code.
        Err(error) => error.exit(),
    };
    match matches.subcommand() {
        Some((complete::COMMAND, matches)) => complete::script(matches),
        Some((area, matches)) => in_runtime(area, matches),
        None => Ok(ExitCode::FAILURE),
    }
}

/// Answers kubectl's question for completions of these words, the last of which is being typed.
#[must_use]
pub fn suggest(words: &[OsString]) -> ExitCode {
    print!("{}", complete::suggestions(command(), words));
    ExitCode::SUCCESS
}

fn in_runtime(area: &str, matches: &ArgMatches) -> Result<ExitCode, PluginError> {
    // Two TLS users in one process: the first to install a provider wins, and both accept ring.
    drop(rustls::crypto::ring::default_provider().install_default());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(PluginError::Runtime)?;
    runtime.block_on(async {
        match area {
            status::COMMAND => return status::run(matches).await,
            doctor::COMMAND => return doctor::run(matches).await,
            plan::COMMAND => return plan::run(matches).await,
            import::COMMAND => import::run(matches).await,
            resync::COMMAND => resync::run(matches).await,
            adopt::COMMAND => adopt::run(matches).await,
            suspension::SUSPEND => suspension::run(matches, Wish::Suspend).await,
            suspension::RESUME => suspension::run(matches, Wish::Resume).await,
            calls::COMMAND => calls::run(matches).await,
            campaigns::COMMAND => campaigns::run(matches).await,
            conferences::COMMAND => conferences::run(matches).await,
            _ => queues::run(matches).await,
        }?;
        Ok(ExitCode::SUCCESS)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_argument_contradicts_another() {
        command().debug_assert();
    }

    #[test]
    fn the_name_says_what_the_program_is() {
        let called = |name: &str| Called::by(Some(OsStr::new(name)));
        assert_eq!(called("kubectl-telnyx"), Called::Plugin);
        assert_eq!(called("/usr/local/bin/kubectl-telnyx"), Called::Plugin);
        assert_eq!(called("kubectl_complete-telnyx"), Called::Completer);
        assert_eq!(called("./telnyx-operator"), Called::Operator);
        assert_eq!(Called::by(None), Called::Operator);
    }
}
