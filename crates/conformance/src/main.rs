//! `conformance`: judges what the operator sent.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser as _;
use conformance::{Python, users};

/// Others' code as judge of what the operator sends.
#[derive(Debug, clap::Parser)]
#[command(version)]
enum Args {
    /// Holds every request body of a simulator's journal against the types of Telnyx's Python package.
    Journal {
        /// What simulators wrote while the operator's tests ran.
        file: PathBuf,
        /// Endpoint that must be in it, as `POST /calls`. May be given several times.
        #[arg(long, value_name = "ENDPOINT")]
        expect: Vec<String>,
        /// Expects every endpoint to which a kind of object or a step of a call flow sends a body.
        #[arg(long)]
        complete: bool,
    },
}

fn main() -> ExitCode {
    let Args::Journal { file, expect, complete } = Args::parse();
    let mut arguments = vec![file.into_os_string()];
    arguments.extend(expect.into_iter().map(Into::into));
    arguments.extend(users::endpoints().filter(|_| complete).map(Into::into));
    let judged = Python::ready()
        .map_err(|error| error.to_string())
        .and_then(|python| python.run("journal.py", &arguments).map_err(|error| error.to_string()));
    match judged {
        Ok(said) => {
            print!("{said}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
