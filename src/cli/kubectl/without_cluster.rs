//! For commands that can do without a cluster: for who has an API key, and no operator yet.

use clap::{Arg, ArgAction, ArgMatches, Args as _, Command, FromArgMatches as _};

use crate::cli::api_key::KeyArgs;

/// The option that asks for it.
const FLAG: &str = "without-cluster";

/// Adds the options.
pub(super) fn add(command: Command) -> Command {
    KeyArgs::augment_args(command).arg(
        Arg::new(FLAG)
            .long(FLAG)
            .action(ArgAction::SetTrue)
            .help("Asks no cluster: the API key is that of --api-key-file, which implies this, or of TELNYX_API_KEY"),
    )
}

/// Where the key is, if no cluster is to be asked for it.
pub(super) fn key(matches: &ArgMatches) -> Option<KeyArgs> {
    let key = KeyArgs::from_arg_matches(matches).unwrap_or_else(|error| error.exit());
    (matches.get_flag(FLAG) || key.is_in_a_file()).then_some(key)
}
