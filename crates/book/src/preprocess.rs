//! mdBook's protocol for preprocessors: `[context, book]` as JSON in, the book as JSON out (mdBook: "Preprocessors").

use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::links::Place;
use crate::{links, pictures};

/// Why the book cannot be prepared.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PreprocessError {
    /// Standard input is not what mdBook sends, or standard output is closed.
    #[error("cannot exchange the book with mdBook")]
    Exchange(#[source] serde_json::Error),
    /// `book.toml` lacks a value.
    #[error("book.toml: {field} is needed")]
    Config {
        /// Which one.
        field: &'static str,
    },
    /// A flowchart that cannot be drawn.
    #[error("{}: a flowchart cannot be drawn: {reason}", page.display())]
    Picture {
        /// The page, within the book.
        page: PathBuf,
        /// What the drawing crate says.
        reason: String,
    },
}

/// Prepares the book of standard input.
pub(crate) fn run() -> Result<(), PreprocessError> {
    let (context, mut book): (Value, Value) =
        serde_json::from_reader(io::stdin().lock()).map_err(PreprocessError::Exchange)?;
    let text = |pointer: &str, field| {
        context.pointer(pointer).and_then(Value::as_str).ok_or(PreprocessError::Config { field })
    };
    let place = Place {
        root: PathBuf::from(text("/root", "root")?),
        pages: PathBuf::from(text("/config/book/src", "book.src")?),
        repository: text("/config/output/html/git-repository-url", "output.html.git-repository-url")?.to_owned(),
    };
    each_chapter(&mut book, &mut |page, content| {
        let linked = links::rewritten(content, page, &place);
        pictures::drawn(&linked).map_err(|reason| PreprocessError::Picture { page: page.to_owned(), reason })
    })?;
    serde_json::to_writer(io::stdout().lock(), &book).map_err(PreprocessError::Exchange)
}

/// Replaces the content of every chapter, wherever it stands: versions of mdBook name the lists differently.
fn each_chapter(
    value: &mut Value,
    change: &mut impl FnMut(&Path, &str) -> Result<String, PreprocessError>,
) -> Result<(), PreprocessError> {
    match value {
        Value::Array(items) => items.iter_mut().try_for_each(|item| each_chapter(item, change)),
        Value::Object(fields) => {
            let page = fields.get("source_path").and_then(Value::as_str).map(PathBuf::from);
            if let (Some(page), Some(content)) = (page, fields.get_mut("content"))
                && let Some(text) = content.as_str()
            {
                *content = Value::String(change(&page, text)?);
            }
            fields.values_mut().try_for_each(|field| each_chapter(field, change))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn chapters_are_found_at_every_depth_and_drafts_are_left_alone() {
        let chapter = |path: Value, below: Value| json!({ "Chapter": { "content": "a", "source_path": path, "sub_items": below } });
        let inner = chapter(json!("b/c.md"), json!([]));
        let mut book = json!({ "items": [chapter(json!("a.md"), json!([inner])), chapter(json!(null), json!([]))] });
        each_chapter(&mut book, &mut |page, content| Ok(format!("{content} of {}", page.display()))).unwrap();
        assert_eq!(book.pointer("/items/0/Chapter/content"), Some(&json!("a of a.md")));
        assert_eq!(book.pointer("/items/0/Chapter/sub_items/0/Chapter/content"), Some(&json!("a of b/c.md")));
        assert_eq!(book.pointer("/items/1/Chapter/content"), Some(&json!("a")));
    }
}
