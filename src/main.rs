//! `telnyx-operator`: parses its arguments and does what they say.

use std::process::ExitCode;

use clap::Parser as _;
use telnyx_operator::cli::Cli;

fn main() -> ExitCode {
    Cli::parse().execute()
}
