//! A file of rows in one of the formats, written a few at a time.

use std::io::{self, Write};

use super::csv::CsvFile;
use super::json_lines;
use super::parquet::ParquetFile;
use super::row::Row;

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A line with the names of the columns, then a line for each target (RFC 4180).
    Csv,
    /// A JSON object for each target, one a line.
    JsonLines,
    /// Apache Parquet, uncompressed.
    Parquet,
}

impl Format {
    /// The words for them on a command line.
    pub const WORDS: [&'static str; 3] = ["csv", "jsonl", "parquet"];

    /// The format that a word means.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        match word {
            "csv" => Some(Self::Csv),
            "jsonl" => Some(Self::JsonLines),
            "parquet" => Some(Self::Parquet),
            _ => None,
        }
    }
}

/// Why a file cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The place that it is written to.
    #[error(transparent)]
    Write(#[from] io::Error),
    /// A row that is not CSV.
    #[error("a row cannot be written as CSV")]
    Csv(#[from] ::csv::Error),
    /// A row that is not Parquet.
    #[error("the rows cannot be written as Parquet")]
    Parquet(#[from] ::parquet::errors::ParquetError),
}

/// A file of rows. Holds no more than the rows that it was given last, and of Parquet the index of what was written.
pub enum ResultsFile<W: Write + Send> {
    /// See [`Format::Csv`].
    Csv(Box<CsvFile<W>>),
    /// See [`Format::JsonLines`].
    JsonLines {
        /// Where to.
        out: W,
        /// Whether numbers are among the columns.
        with_numbers: bool,
    },
    /// See [`Format::Parquet`].
    Parquet(Box<ParquetFile<W>>),
}

impl<W: Write + Send> ResultsFile<W> {
    /// Begins a file.
    pub fn new(format: Format, out: W, with_numbers: bool) -> Result<Self, FileError> {
        Ok(match format {
            Format::Csv => Self::Csv(Box::new(CsvFile::new(out, with_numbers)?)),
            Format::JsonLines => Self::JsonLines { out, with_numbers },
            Format::Parquet => Self::Parquet(Box::new(ParquetFile::new(out, with_numbers)?)),
        })
    }

    /// Writes some more rows. For Parquet they become one row group: hand in thousands, not one.
    pub fn write(&mut self, rows: &[Row]) -> Result<(), FileError> {
        match self {
            Self::Csv(file) => file.write(rows),
            Self::JsonLines { out, with_numbers } => json_lines::write(out, rows, *with_numbers),
            Self::Parquet(file) => file.write(rows),
        }
    }

    /// Ends the file. A Parquet file that was not ended cannot be read.
    pub fn end(self) -> Result<(), FileError> {
        match self {
            Self::Csv(file) => file.end(),
            Self::JsonLines { mut out, .. } => Ok(out.flush()?),
            Self::Parquet(file) => file.end(),
        }
    }
}

#[cfg(test)]
mod tests {
    use ::parquet::file::reader::{FileReader as _, SerializedFileReader};

    use super::super::row::tests::rows;
    use super::*;

    fn written(format: Format, with_numbers: bool) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut file = ResultsFile::new(format, &mut bytes, with_numbers).unwrap();
        // Twice, as pages come.
        file.write(&rows()).unwrap();
        file.write(&rows()).unwrap();
        file.end().unwrap();
        bytes
    }

    #[test]
    fn csv_has_one_header_and_a_line_a_target() {
        let text = String::from_utf8(written(Format::Csv, false)).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 5, "{text}");
        assert_eq!(
            lines[0],
            "id,job,state,outcome,lastOutcome,attempts,refusals,firstRangAt,lastRangAt,endedAt,talkedSecs,amd,hangupCause,sipCode,outcomeRule,rule"
        );
        assert_eq!(
            lines[1],
            "t1,c-00000,Done,Completed,Completed,2,1,2027-01-15T08:00:00Z,2027-01-15T09:00:00Z,2027-01-15T09:00:34Z,12,human,normal_clearing,200,,"
        );
        assert_eq!(lines[2], "t2,c-00000,Pending,,,0,0,,,,,,,,,");
        assert!(String::from_utf8(written(Format::Csv, true)).unwrap().contains("t1,+15550100,"));
    }

    #[test]
    fn json_lines_are_one_object_each() {
        let text = String::from_utf8(written(Format::JsonLines, true)).unwrap();
        let objects: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(objects.len(), 4);
        assert_eq!((&objects[0]["number"], &objects[1]["id"]), (&"+15550100".into(), &"t2".into()));
    }

    #[test]
    fn parquet_is_read_back_with_its_types() {
        let reader = SerializedFileReader::new(bytes::Bytes::from(written(Format::Parquet, false))).unwrap();
        let metadata = reader.metadata();
        assert_eq!((metadata.file_metadata().num_rows(), metadata.num_row_groups()), (4, 2));
        let rows: Vec<String> = reader.get_row_iter(None).unwrap().map(|row| row.unwrap().to_string()).collect();
        assert!(rows[0].contains("id: \"t1\"") && rows[0].contains("attempts: 2"), "{}", rows[0]);
        assert!(rows[0].contains("talkedSecs: 12") && rows[0].contains("endedAt: 2027-01-15 09:00:34"), "{}", rows[0]);
        assert!(rows[1].contains("outcome: null"), "{}", rows[1]);
        assert!(!rows.concat().contains("5550100"));
    }
}
