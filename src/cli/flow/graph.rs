//! `telnyx-operator flow graph`: a flow as a picture.

use std::process::ExitCode;

use mermaid_rs_renderer::{LayoutConfig, Theme, compute_layout, parse_mermaid, render_svg};

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
            Picture::Svg => println!("{}", svg(&mermaid)?),
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Draws the flowchart. The renderer takes labels as they are written, so that quotes, entities and HTML are undone here.
fn svg(mermaid: &str) -> Result<String, FlowError> {
    let mut graph = parse_mermaid(mermaid).map_err(|error| FlowError::Picture(error.to_string()))?.graph;
    for node in graph.nodes.values_mut() {
        node.label = plain(&node.label);
    }
    for label in graph.edges.iter_mut().filter_map(|edge| edge.label.as_mut()) {
        *label = plain(label);
    }
    let (theme, config) = (Theme::modern(), LayoutConfig::default());
    Ok(render_svg(&compute_layout(&graph, &theme, &config), &theme, &config))
}

fn plain(label: &str) -> String {
    let unquoted = label.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(label);
    let without_html = unquoted.replace("<small>", "").replace("</small>", "");
    without_html.replace("#quot;", "\"").replace("#lt;", "<").replace("#gt;", ">").replace("#35;", "#")
}
