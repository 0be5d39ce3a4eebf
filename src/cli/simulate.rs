//! `telnyx-operator simulate`: the Voice API in memory, for trying, testing and developing without an account.

use std::io;
use std::process::ExitCode;

/// Arguments of `simulate`.
#[derive(Debug, clap::Args)]
// The simulator's arguments bring a group of this name.
#[group(skip)]
pub struct Args {
    #[command(flatten)]
    simulator: telnyx_simulator::Args,
}

/// Why the simulator does not run.
#[derive(Debug, thiserror::Error)]
pub enum SimulateError {
    /// The system gave no threads.
    #[error("cannot start the runtime")]
    Runtime(#[source] io::Error),
    /// Its behaviour file, its address or its ready file cannot be used.
    #[error(transparent)]
    Serve(#[from] telnyx_simulator::ServeError),
}

impl Args {
    /// Runs the simulator until Ctrl-C or SIGTERM.
    pub fn execute(self) -> Result<ExitCode, SimulateError> {
        telnyx_simulator::log_to_stderr();
        let runtime = tokio::runtime::Runtime::new().map_err(SimulateError::Runtime)?;
        runtime.block_on(telnyx_simulator::serve(self.simulator))?;
        Ok(ExitCode::SUCCESS)
    }
}
