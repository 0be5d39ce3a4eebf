//! What can be wrong with one row, in words that may be shown to anybody.

use std::fmt;

use crate::fields::{MAX_ID_CHARS, MAX_ROW_BYTES};

/// One row that cannot be called, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// Where the row stands in the source.
    pub place: Place,
    /// What is wrong with it.
    pub reason: Reason,
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.reason)
    }
}

/// Where a row stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Line of a document, counted from 1 as editors do.
    Line(usize),
    /// Index into `spec.targets`, counted from 0 as field paths do.
    Index(usize),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            Self::Index(index) => write!(f, "spec.targets[{index}]"),
        }
    }
}

/// Why a row cannot be called. No variant carries a cell: cells are personal data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// No id.
    #[error("id is missing")]
    IdMissing,
    /// An id that cannot stand in keys and object fields.
    #[error("id must be 1 to {MAX_ID_CHARS} of a-z, A-Z, 0-9, '.', '_' and '-', first and last a letter or digit")]
    IdInvalid,
    /// Another row has the id already.
    #[error("id is used already at {first}")]
    DuplicateId {
        /// Where it was first.
        first: Place,
    },
    /// No number.
    #[error("to is missing")]
    NumberMissing,
    /// Not a number that can be dialled.
    #[error("to must be a number in E.164 form: '+', a country code that does not begin with 0, at most 15 digits")]
    NumberInvalid,
    /// Not a number of the list's country, nor an international one.
    #[error("to is neither a valid number of the list's region nor one in E.164 form, such as +12125550100")]
    NumberUnreadable,
    /// Another row has the number already. One campaign calls a number for one row only.
    #[error("to is the same number as at {first}")]
    DuplicateNumber {
        /// Where it was first.
        first: Place,
    },
    /// A zone that the IANA database does not have.
    #[error("timeZone is not a name of the IANA time zone database, such as America/Chicago")]
    TimeZoneUnknown,
    /// Not an instant.
    #[error("{field} must be an instant such as 2026-03-01T09:00:00Z")]
    TimestampInvalid {
        /// The column.
        field: &'static str,
    },
    /// The row could never be called.
    #[error("expiresAt is not after notBefore")]
    NeverDue,
    /// Not a whole number in range.
    #[error("priority must be a whole number from -1000 to 1000")]
    PriorityInvalid,
    /// A row too large to be stored beside 249 others.
    #[error("row is longer than {MAX_ROW_BYTES} bytes")]
    TooLong,
    /// A CSV row with a missing or an extra cell.
    #[error("row has {found} cells, the header has {expected}")]
    CellCount {
        /// Columns of the header.
        expected: usize,
        /// Cells of this row.
        found: usize,
    },
    /// A CSV quote that does not close on its line, or is followed by more text.
    #[error("a quote is not closed on this line, or text follows the closing quote")]
    QuoteBroken,
    /// Not a JSON document.
    #[error("not valid JSON at column {column}")]
    NotJson {
        /// Column, counted from 1.
        column: usize,
    },
    /// JSON, but not an object of the known fields.
    #[error(
        "not a JSON object with the fields id, to, timeZone, notBefore, expiresAt, consentAt, priority and variables"
    )]
    NotATarget,
    /// A field of the wrong JSON type.
    #[error("{field} has the wrong JSON type")]
    WrongType {
        /// The field.
        field: &'static str,
    },
}
