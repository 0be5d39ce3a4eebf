//! The document as a whole: bytes, text, lines, digest.

use std::{fmt, io};

use sha2::{Digest as _, Sha256};

use crate::Compression;

/// Most rows that one audience may have, good and bad together. Beyond this the targets would no longer fit
/// comfortably in a cluster's etcd (about 40 MB for this many, with their states).
pub const MAX_ROWS: usize = 100_000;
/// Most bytes of a source, as they come and as they are unpacked.
pub const MAX_BYTES: u64 = 512 * 1024 * 1024;
/// Most bytes of good rows together: 500 for each of [`MAX_ROWS`]. They are sorted in memory and kept in etcd.
pub const MAX_KEPT_BYTES: usize = 50_000_000;

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
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
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
    /// The header is in one piece, with another separator in it.
    #[error("the header line is separated by semicolons or tabs: save the list with commas")]
    OtherSeparator,
    /// A header without end.
    #[error("the header line is longer than 65536 bytes: is this a list?")]
    HeaderTooLong,
    /// A column that the spec names.
    #[error("the header line has no column {column}, which targetsFrom.columns.{field} names")]
    MappedColumnMissing {
        /// The field.
        field: &'static str,
        /// The column as the spec names it.
        column: Box<str>,
    },
    /// One column for two fields.
    #[error(
        "the header's column {position} is named for two fields, the second is targetsFrom.columns.{field}: give each its own"
    )]
    ColumnTwice {
        /// Column, counted from 1.
        position: usize,
        /// The second field.
        field: &'static str,
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
    #[error("the audience has more than {MAX_ROWS} rows: split it over several campaigns")]
    TooManyRows,
    /// More than can be kept.
    #[error(
        "the audience's rows are more than {MAX_KEPT_BYTES} bytes together: leave out columns that no call needs, or split it \
         over several campaigns"
    )]
    TooMuchToKeep,
    /// More than is read.
    #[error("the audience is larger than {MAX_BYTES} bytes: split it over several campaigns")]
    TooLarge,
    /// More than is read, once unpacked.
    #[error("the audience is larger than {MAX_BYTES} bytes when it is unpacked: split it over several campaigns")]
    TooLargeUnpacked,
    /// Packed data that cannot be unpacked.
    #[error("the audience is not {compression} data, or it is damaged or cut short")]
    Damaged {
        /// What it should be.
        compression: Compression,
    },
    /// Packed data that was taken for text.
    #[error("the audience is {kind}")]
    NotUnpacked {
        /// What it is.
        kind: Unpacked,
    },
}

/// What a document that should be text is instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unpacked {
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
    /// An archive; spreadsheets are some.
    Zip,
}

impl Unpacked {
    /// By the first bytes.
    pub(crate) fn of(bytes: &[u8]) -> Option<Self> {
        let kinds =
            [(&[0x1f, 0x8b][..], Self::Gzip), (&[0x28, 0xb5, 0x2f, 0xfd], Self::Zstd), (b"PK\x03\x04", Self::Zip)];
        kinds.into_iter().find(|(magic, _)| bytes.starts_with(magic)).map(|(_, kind)| kind)
    }
}

impl fmt::Display for Unpacked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gzip => "packed with gzip: set targetsFrom.compression to Gzip",
            Self::Zstd => "packed with Zstandard: set targetsFrom.compression to Zstd",
            Self::Zip => "a zip archive or a spreadsheet: save it as CSV",
        })
    }
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

/// sha256 on the way, and what else is to be known of the bytes.
#[derive(Debug, Default)]
pub struct Hashing {
    hasher: Sha256,
    /// How many there were.
    pub(crate) bytes: u64,
    /// Why no more came.
    pub(crate) failed: Option<io::Error>,
}

impl Hashing {
    /// The next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
        self.bytes = self.bytes.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
    }

    /// The digest of all of them.
    #[must_use]
    pub fn finish(self) -> Digest {
        Digest(self.hasher.finalize().into())
    }
}
