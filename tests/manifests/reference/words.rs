//! Text of a schema as Markdown.

use serde_json::Value;

/// A schema's description as one paragraph.
pub(super) fn sentence(schema: &Value) -> String {
    prose(schema["description"].as_str().unwrap_or_default())
}

/// Text on one line, with nothing in it that Markdown would take for HTML.
pub(super) fn prose(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let parts = line.split('`').enumerate();
    let parts = parts.map(|(at, part)| if at % 2 == 0 { part.replace('<', "&lt;") } else { part.to_owned() });
    parts.collect::<Vec<_>>().join("`")
}

/// Text for a cell of a table.
pub(super) fn cell(text: &str) -> String {
    prose(text).replace('|', "\\|")
}

/// Code for a cell of a table. Backticks within ask for more of them around it.
pub(super) fn code(text: &str) -> String {
    let text = text.replace('|', "\\|");
    if text.contains('`') { format!("`` {text} ``") } else { format!("`{text}`") }
}

/// The anchor of a heading that is a field's path.
pub(super) fn anchor(path: &str) -> String {
    path.to_lowercase().chars().filter(|letter| letter.is_alphanumeric() || ['-', '_'].contains(letter)).collect()
}

#[test]
fn what_a_table_or_html_would_swallow_is_written_so_that_it_is_read() {
    assert_eq!(prose("a <b>\n  `<c>` d"), "a &lt;b> `<c>` d");
    assert_eq!(cell("a | `b|c`"), "a \\| `b\\|c`");
    assert_eq!(code("a`b"), "`` a`b ``");
    assert_eq!(anchor("spec.steps[].onError"), "specstepsonerror");
}
