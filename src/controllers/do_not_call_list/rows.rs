//! From the bytes of one source to entries, with every complaint. Pure.

use jiff::Timestamp;

use crate::api::DoNotCallFormat;
use crate::dialing::{BadEntry, Mark, Marking};

/// Entries of one list at most: 64 MiB of numbers are no more than five times as many.
const MOST: usize = 2_000_000;
/// Complaints that are kept; more are counted.
const COMPLAINTS: usize = 100;
/// The column of a CSV file that says until when an entry counts.
const EXPIRES_AT: &str = "expiresAt";

/// What a source says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Rows {
    /// The entries.
    pub(super) entries: Vec<(Mark, Option<Timestamp>)>,
    /// The first rows that name no number: where, and why.
    pub(super) complaints: Vec<(u32, BadRow)>,
    /// How many there are.
    pub(super) rejected: u32,
}

/// Why a row names no number. Never repeats it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadRow {
    #[error(transparent)]
    Entry(#[from] BadEntry),
    #[error("the row has no such cell")]
    NoCell,
    #[error(
        "expiresAt must be an instant such as 2026-03-01T09:00:00Z, or empty; until it is mended the entry counts for good"
    )]
    Expiry,
    #[error("a quote is not closed, or the row is not UTF-8")]
    Unreadable,
}

/// Why nothing of a source can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadSource {
    #[error("it is not UTF-8: save it as UTF-8")]
    NotText,
    #[error("its header line has no column of the name in `column`")]
    NoColumn,
    #[error("it has more than {MOST} entries: split it over several lists")]
    TooMany,
}

impl Rows {
    /// Takes one entry in. One whose expiry cannot be read counts for good, and is complained about.
    pub(super) fn take(
        &mut self,
        line: u32,
        entry: &str,
        expiry: Result<Option<Timestamp>, BadRow>,
        marking: &Marking,
    ) {
        match marking.read(entry) {
            Ok(mark) => {
                self.entries.push((mark, expiry.unwrap_or_default()));
                if let Err(problem) = expiry {
                    self.complain(line, problem);
                }
            }
            Err(problem) => self.complain(line, problem.into()),
        }
    }

    fn complain(&mut self, line: u32, problem: BadRow) {
        self.rejected = self.rejected.saturating_add(1);
        if self.complaints.len() < COMPLAINTS {
            self.complaints.push((line, problem));
        }
    }
}

/// Reads a source.
pub(super) fn parse(bytes: &[u8], format: DoNotCallFormat, column: &str, marking: &Marking) -> Result<Rows, BadSource> {
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let rows = match format {
        DoNotCallFormat::Lines => lines(std::str::from_utf8(bytes).map_err(|_| BadSource::NotText)?, marking),
        DoNotCallFormat::Csv => csv(bytes, column, marking)?,
    };
    if rows.entries.len() > MOST { Err(BadSource::TooMany) } else { Ok(rows) }
}

fn lines(text: &str, marking: &Marking) -> Rows {
    let mut rows = Rows::default();
    for (line, row) in (1..).zip(text.lines()) {
        let row = row.trim();
        if !row.is_empty() && !row.starts_with('#') {
            rows.take(line, row, Ok(None), marking);
        }
    }
    rows
}

fn csv(bytes: &[u8], column: &str, marking: &Marking) -> Result<Rows, BadSource> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(bytes);
    let header = reader.headers().map_err(|_| BadSource::NotText)?.clone();
    let place = |name: &str| header.iter().position(|cell| cell == name);
    let at = place(column).ok_or(BadSource::NoColumn)?;
    let expires = place(EXPIRES_AT);
    let mut rows = Rows::default();
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                rows.complain(u32::try_from(line).unwrap_or(u32::MAX), BadRow::Unreadable);
                continue;
            }
        };
        let line = u32::try_from(record.position().map_or(0, csv::Position::line)).unwrap_or(u32::MAX);
        let expiry = match expires.and_then(|at| record.get(at)).filter(|cell| !cell.is_empty()) {
            Some(cell) => cell.parse().map(Some).map_err(|_| BadRow::Expiry),
            None => Ok(None),
        };
        match record.get(at) {
            Some(cell) => rows.take(line, cell, expiry, marking),
            None => rows.complain(line, BadRow::NoCell),
        }
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, format: DoNotCallFormat) -> Result<Rows, BadSource> {
        parse(text.as_bytes(), format, "phone", &Marking::Plain)
    }

    fn mark(number: &str) -> Mark {
        Marking::Plain.read(number).unwrap()
    }

    #[test]
    fn lines_are_entries_but_for_empty_ones_and_remarks() {
        let rows =
            read("\u{feff}+13125550101\r\n\n# remark\n +1 312 555 0102 \n555\n", DoNotCallFormat::Lines).unwrap();
        assert_eq!(rows.entries, [(mark("+13125550101"), None), (mark("+13125550102"), None)]);
        assert_eq!((rows.rejected, rows.complaints), (1, vec![(5, BadRow::Entry(BadEntry::NotANumber))]));
    }

    #[test]
    fn a_csv_file_is_read_by_its_columns_and_each_bad_row_is_told() {
        let text = "name,phone,expiresAt\n\"A, B\",+13125550101,2027-01-01T00:00:00Z\nC,+13125550102,\nD,nobody,\nE\nF,+13125550103,soon\n";
        let rows = read(text, DoNotCallFormat::Csv).unwrap();
        let new_year = "2027-01-01T00:00:00Z".parse().ok();
        assert_eq!(
            rows.entries,
            [(mark("+13125550101"), new_year), (mark("+13125550102"), None), (mark("+13125550103"), None)],
            "an expiry that cannot be read lets nobody be called"
        );
        let complaints: Vec<u32> = rows.complaints.iter().map(|(line, _)| *line).collect();
        assert_eq!((rows.rejected, complaints), (3, vec![4, 5, 6]));
    }

    #[test]
    fn what_cannot_be_read_at_all_is_refused() {
        assert_eq!(read("number\n+12\n", DoNotCallFormat::Csv), Err(BadSource::NoColumn));
        assert_eq!(parse(b"\xff\xfe", DoNotCallFormat::Lines, "", &Marking::Plain), Err(BadSource::NotText));
    }

    #[test]
    fn complaints_are_bounded_and_counted() {
        let rows = read(&"x\n".repeat(1000), DoNotCallFormat::Lines).unwrap();
        assert_eq!((rows.complaints.len(), rows.rejected), (COMPLAINTS, 1000));
    }
}
