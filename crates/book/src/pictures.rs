//! Mermaid flowcharts as SVG, so that the book needs no script to draw them.

use flowchart::svg;

/// The page with its flowcharts drawn. The error is the drawing crate's.
pub(crate) fn drawn(content: &str) -> Result<String, String> {
    let mut written = String::with_capacity(content.len());
    let mut chart: Option<String> = None;
    for line in content.split_inclusive('\n') {
        match (line.trim_end(), chart.as_mut()) {
            ("```mermaid", None) => chart = Some(String::new()),
            ("```", Some(source)) => {
                written.push_str(&figure(&svg(source)?));
                chart = None;
            }
            (_, Some(source)) => source.push_str(line),
            (_, None) => written.push_str(line),
        }
    }
    match chart {
        Some(_) => Err("its block has no end".to_owned()),
        None => Ok(written),
    }
}

/// A picture as a block of HTML, which a blank line would end; no wider than the page.
fn figure(picture: &str) -> String {
    let lines: Vec<&str> = picture.lines().filter(|line| !line.trim().is_empty()).collect();
    let picture = lines.join("\n").replacen("<svg ", "<svg style=\"max-width: 100%; height: auto\" ", 1);
    format!("<div class=\"flowchart\">\n{picture}\n</div>\n")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use super::*;

    #[test]
    fn a_flowchart_is_drawn_where_it_stood_and_other_blocks_stay() {
        let page =
            "a\n```mermaid\nflowchart LR\n  x[Ask] -->|\"#quot;otherwise#quot;\"| y[Go]\n```\nb\n```yaml\nc: d\n```\n";
        let written = drawn(page).unwrap();
        assert!(written.starts_with("a\n<div class=\"flowchart\">\n<svg "), "{written}");
        assert!(written.ends_with("</svg>\n</div>\nb\n```yaml\nc: d\n```\n"), "{written}");
        assert!(written.contains(">Ask<") && written.contains("otherwise") && !written.contains("#quot;"), "{written}");
        assert!(drawn("```mermaid\nflowchart LR\n").is_err());
    }
}
