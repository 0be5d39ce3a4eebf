//! `telnyx-operator flow graph`: a flow as a picture.

use std::process::ExitCode;

use super::{FlowError, Which};

/// Arguments of `flow graph`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    which: Which,
}

impl Args {
    /// Prints the flow as a Mermaid flowchart, which Git hosts and documentation sites draw.
    pub(super) fn execute(self) -> Result<ExitCode, FlowError> {
        let (_, flow, _) = self.which.compiled()?;
        print!("{}", call_flow::graph::mermaid(flow.spec()));
        Ok(ExitCode::SUCCESS)
    }
}
