//! Who a campaign calls: reads inline targets, CSV or JSON Lines, compressed or not, into good rows *and* complaints.
//!
//! Promises: the same bytes always give the same rows in the same order; every row of the source is either a row or a
//! complaint, never silently gone; a complaint names the line and the reason, never the number or any other cell, so
//! complaints can be shown in a status. Ids are unique among the rows, numbers too unless that is waived: the first of two
//! wins, the second is a complaint. Reading takes memory for the ids and numbers seen, and for one line; what becomes of the
//! rows is the caller's choice.
//!
//! Does not know: Kubernetes, campaigns, where bytes come from, or whether a number may be called.

mod complaint;
mod compression;
mod csv;
mod fields;
mod header;
mod json_lines;
mod lines;
mod number;
mod read;
mod rejected;
mod source;
mod zones;

pub use complaint::{Complaint, Place, Reason};
pub use compression::Compression;
pub use fields::{RawTarget, Row};
pub use header::Columns;
pub use number::{Region, UnknownRegion};
pub use read::{DuplicateNumbers, How, ReadError, Summary, read, read_inline};
pub use rejected::rejected_csv_gz;
pub use source::{Digest, Format, Hashing, MAX_BYTES, MAX_KEPT_BYTES, MAX_ROWS, SourceError, Unpacked};
pub use zones::{DATA_VERSION, zones_of};

/// A source, read and held: for lists known to be small.
#[derive(Debug)]
pub struct Audience {
    /// sha256 of the source's bytes. Equal digests mean equal rows in equal order.
    pub digest: Digest,
    /// The good rows, in the order of the source.
    pub rows: Vec<Row>,
    /// What was wrong, in the order of the source.
    pub complaints: Vec<Complaint>,
}

impl Audience {
    /// Reads a document.
    ///
    /// # Errors
    /// Only when no row at all can be trusted: not UTF-8, no usable header, too many rows. Anything wrong with one row
    /// is a complaint.
    pub fn parse(how: &How, bytes: &[u8]) -> Result<Self, SourceError> {
        let mut rows = Vec::new();
        match read(bytes, how, |row| rows.push(row)) {
            Ok(Summary { digest, complaints, .. }) => Ok(Self { digest, rows, complaints }),
            Err(ReadError::Source(error)) => Err(error),
            // Memory is read without failures.
            Err(ReadError::Io(_)) => Err(SourceError::HeaderMissing),
        }
    }
}

#[cfg(test)]
mod tests;
