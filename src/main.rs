//! `telnyx-operator`, and `kubectl-telnyx` under that name: parses its arguments and does what they say.

use std::process::ExitCode;

fn main() -> ExitCode {
    telnyx_operator::cli::main(std::env::args_os())
}
