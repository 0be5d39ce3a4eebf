//! `telnyx-simulator`: the simulator on its own.

use std::process::ExitCode;

use clap::Parser as _;

#[tokio::main]
async fn main() -> ExitCode {
    telnyx_simulator::log_to_stderr();
    let args = telnyx_simulator::Args::parse();
    match telnyx_simulator::serve(args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "the simulator stopped");
            ExitCode::FAILURE
        }
    }
}
