//! The document as a whole: bytes, text, lines, digest.

use std::fmt;

use sha2::{Digest as _, Sha256};

/// Most rows that one audience may have, good and bad together. Beyond this the targets would no longer fit
/// comfortably in a cluster's etcd (about 40 MB for this many, with their states).
pub const MAX_ROWS: usize = 100_000;

/// How a document is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// RFC 4180 with a header line. Line breaks inside quotes are not supported; see the `csv` module.
    Csv,
    /// One JSON object per line.
    JsonLines,
}

impl Format {
    /// By the ending of a file name or key: `.csv`; `.jsonl` or `.ndjson`. `None` for any other.
    #[must_use]
    pub fn of_key(key: &str) -> Option<Self> {
        let (_, ending) = key.rsplit_once('.')?;
        match ending.to_ascii_lowercase().as_str() {
            "csv" => Some(Self::Csv),
            "jsonl" | "ndjson" => Some(Self::JsonLines),
            _ => None,
        }
    }
}

/// Why nothing of a source can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// Not text.
    #[error("the audience is not UTF-8 at line {line}: save it as UTF-8")]
    NotUtf8 {
        /// First line with a byte sequence that is not UTF-8.
        line: usize,
    },
    /// Nothing to read.
    #[error("the audience has no header line: the first line must name the columns, id and to among them")]
    HeaderMissing,
    /// A broken quote in the header.
    #[error("the header line has a quote that is not closed, or text after a closing quote")]
    HeaderQuoteBroken,
    /// A column that every row needs.
    #[error("the header line has no column {column}: the first line must name the columns, separated by commas")]
    ColumnMissing {
        /// The missing column.
        column: &'static str,
    },
    /// A known column in other letters would quietly become a variable.
    #[error("the header's column {position} must be written {column}")]
    ColumnCase {
        /// Column, counted from 1.
        position: usize,
        /// The right spelling.
        column: &'static str,
    },
    /// Two columns of one name, or one without a name.
    #[error("the header's column {position} has no name, or the name of an earlier column")]
    ColumnName {
        /// Column, counted from 1.
        position: usize,
    },
    /// More than an audience may have.
    #[error("the audience has {found} rows, at most {MAX_ROWS} are allowed: split it over several campaigns")]
    TooManyRows {
        /// Rows found, good and bad.
        found: usize,
    },
}

/// sha256 of a source. Displays as lower-case hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text, without the byte order mark that spreadsheets put first.
pub(super) fn text(bytes: &[u8]) -> Result<&str, SourceError> {
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|error| {
        let (before, _) = bytes.split_at_checked(error.valid_up_to()).unwrap_or((bytes, &[]));
        let line = std::str::from_utf8(before).map_or(1, |text| numbered(text).count());
        SourceError::NotUtf8 { line }
    })
}

/// Lines with their number. Lines of white space only are left out; they still count.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    numbered(text).filter(|(_, line)| !line.trim().is_empty())
}

/// Lines, ended by `\n`, `\r\n` or `\r` in any mixture.
fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut rest = Some(text);
    let lines = std::iter::from_fn(move || {
        let text = rest?;
        let Some(end) = text.find(['\r', '\n']) else {
            rest = None;
            return Some(text);
        };
        let (line, ending) = text.split_at(end);
        rest = ending.strip_prefix("\r\n").or_else(|| ending.get(1..));
        Some(line)
    });
    (1..).zip(lines)
}
