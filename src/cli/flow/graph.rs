//! `telnyx-operator flow graph`: a flow as a picture.

use std::process::ExitCode;

use super::{FlowError, Which};

/// Arguments of `flow graph`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    which: Which,
    /// What to print.
    #[arg(long, short, value_enum, default_value_t = Picture::Mermaid)]
    output: Picture,
}

/// A form of picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Picture {
    /// A Mermaid flowchart, which Git hosts and documentation sites draw.
    Mermaid,
    /// The same flowchart drawn, for everything else.
    Svg,
}

impl Args {
    /// Prints the flow as a picture.
    pub(super) fn execute(self) -> Result<ExitCode, FlowError> {
        let (_, flow, _) = self.which.compiled()?;
        let mermaid = call_flow::graph::mermaid(flow.spec());
        match self.output {
            Picture::Mermaid => print!("{mermaid}"),
            Picture::Svg => println!("{}", flowchart::svg(&mermaid).map_err(FlowError::Picture)?),
        }
        Ok(ExitCode::SUCCESS)
    }
}
