//! Who a campaign calls: reads inline targets, CSV or JSON Lines into good rows *and* complaints.
//!
//! Promises: the same bytes always give the same rows in the same order; every row of the source is either a row or a
//! complaint, never silently gone; a complaint names the line and the reason, never the number or any other cell, so
//! complaints can be shown in a status. Ids and numbers are unique among the rows: the first of two wins, the second is
//! a complaint.
//!
//! Does not know: Kubernetes, campaigns, time zones' rules, or whether a number may be called.

mod complaint;
mod csv;
mod fields;
mod json_lines;
mod source;

pub use complaint::{Complaint, Place, Reason};
pub use fields::{RawTarget, Row};
pub use source::{Digest, Format, MAX_ROWS, SourceError};

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use dialer::{PhoneNumber, TargetId};

/// A source, read: what can be called, what was wrong, and which bytes this was.
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
    /// Reads a CSV or JSON Lines document.
    ///
    /// # Errors
    /// Only when no row at all can be trusted: not UTF-8, no usable header, too many rows. Anything wrong with one row
    /// is a complaint.
    pub fn parse(format: Format, bytes: &[u8]) -> Result<Self, SourceError> {
        let digest = Digest::of(bytes);
        let text = source::text(bytes)?;
        let mut reading = Reading::default();
        match format {
            Format::Csv => csv::read(text, &mut reading)?,
            Format::JsonLines => json_lines::read(text, &mut reading),
        }
        reading.finish(digest)
    }

    /// Reads targets that stand in the campaign itself. `digest` is the caller's: it knows which bytes they came from.
    ///
    /// # Errors
    /// When there are more than [`MAX_ROWS`].
    pub fn from_inline(digest: Digest, targets: impl IntoIterator<Item = RawTarget>) -> Result<Self, SourceError> {
        let mut reading = Reading::default();
        for (index, target) in targets.into_iter().enumerate() {
            reading.take(Place::Index(index), target.check());
        }
        reading.finish(digest)
    }
}

/// Rows and complaints as they come, with what is needed to see a second use of an id or a number.
#[derive(Default)]
struct Reading {
    rows: Vec<Row>,
    complaints: Vec<Complaint>,
    ids: BTreeMap<TargetId, Place>,
    numbers: BTreeMap<PhoneNumber, Place>,
}

impl Reading {
    fn take(&mut self, place: Place, row: Result<Row, Reason>) {
        match row.and_then(|row| self.unique(place, row)) {
            Ok(row) => self.rows.push(row),
            Err(reason) => self.complaints.push(Complaint { place, reason }),
        }
    }

    /// The id is looked at first: a row with both repeated is most likely the same row twice.
    fn unique(&mut self, place: Place, row: Row) -> Result<Row, Reason> {
        if let Some(first) = self.ids.get(&row.id) {
            return Err(Reason::DuplicateId { first: *first });
        }
        match self.numbers.entry(row.to.clone()) {
            Entry::Occupied(first) => Err(Reason::DuplicateNumber { first: *first.get() }),
            Entry::Vacant(free) => {
                free.insert(place);
                self.ids.insert(row.id.clone(), place);
                Ok(row)
            }
        }
    }

    fn finish(self, digest: Digest) -> Result<Audience, SourceError> {
        let found = self.rows.len().saturating_add(self.complaints.len());
        if found > MAX_ROWS {
            return Err(SourceError::TooManyRows { found });
        }
        Ok(Audience { digest, rows: self.rows, complaints: self.complaints })
    }
}

#[cfg(test)]
mod tests;
