//! Rows as CSV.

use std::io::Write;

use csv::Writer;

use super::file::FileError;
use super::row::{Cell, Row, columns};

/// A CSV file under way.
pub struct CsvFile<W: Write> {
    out: Writer<W>,
    with_numbers: bool,
}

impl<W: Write> CsvFile<W> {
    pub(super) fn new(out: W, with_numbers: bool) -> Result<Self, FileError> {
        let mut out = Writer::from_writer(out);
        out.write_record(columns(with_numbers).map(|column| column.name))?;
        Ok(Self { out, with_numbers })
    }

    pub(super) fn write(&mut self, rows: &[Row]) -> Result<(), FileError> {
        for row in rows {
            self.out.write_record(columns(self.with_numbers).map(|column| match column.of(row) {
                Cell::Text(text) => text.unwrap_or_default(),
                Cell::Number(number) => number.map(|number| number.to_string()).unwrap_or_default(),
                Cell::Instant(instant) => instant.map(|instant| instant.to_string()).unwrap_or_default(),
            }))?;
        }
        Ok(self.out.flush()?)
    }

    pub(super) fn end(mut self) -> Result<(), FileError> {
        Ok(self.out.flush()?)
    }
}
