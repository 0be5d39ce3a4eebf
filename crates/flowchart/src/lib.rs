//! Mermaid flowcharts as SVG, for readers without a script that draws them.

use mermaid_rs_renderer::{LayoutConfig, Theme, compute_layout, parse_mermaid, render_svg};

/// The flowchart drawn. The renderer takes labels as they are written, so that quotes, entities and HTML are undone here.
///
/// # Errors
///
/// It is no flowchart; the text is the renderer's.
pub fn svg(source: &str) -> Result<String, String> {
    let mut graph = parse_mermaid(source).map_err(|error| error.to_string())?.graph;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_drawn_as_they_are_meant() {
        let drawn = svg("flowchart LR\n  x[\"Ask<small>twice</small>\"] -->|\"#quot;no#quot;\"| y[Go]\n");
        assert!(drawn.as_deref().is_ok_and(|svg| svg.starts_with("<svg ") && svg.contains("Asktwice")), "{drawn:?}");
        assert!(drawn.as_deref().is_ok_and(|svg| !svg.contains("#quot;") && !svg.contains("small")), "{drawn:?}");
    }
}
