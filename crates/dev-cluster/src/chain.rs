//! Printing an error once, at the edge of a program.

use std::error::Error;

/// An error and its causes, once, from the outermost to the innermost.
#[must_use]
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
