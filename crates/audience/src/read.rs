//! Reads a source from its first byte to its last.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io::{self, Read};
use std::rc::Rc;

use dialer::{PhoneNumber, TargetId};

use crate::compression::Compression;
use crate::csv::CsvRows;
use crate::fields::{RawTarget, Row};
use crate::header::Columns;
use crate::json_lines;
use crate::lines::{Lines, Text};
use crate::number::Region;
use crate::source::{Digest, Format, Hashing, MAX_BYTES, MAX_KEPT_BYTES, MAX_ROWS, SourceError};
use crate::{Complaint, Place, Reason};

/// How a source is to be read.
#[derive(Clone, Debug)]
pub struct How {
    /// How rows are written.
    pub format: Format,
    /// How the bytes are packed.
    pub compression: Compression,
    /// What the columns of CSV are called.
    pub columns: Columns,
    /// The country of numbers that name none. `None`: every number must name its own.
    pub region: Option<Region>,
    /// What a number's second row is.
    pub duplicate_numbers: DuplicateNumbers,
}

impl How {
    /// Not packed, with the columns' own names, every number in E.164 form and once.
    #[must_use]
    pub fn plain(format: Format) -> Self {
        Self {
            format,
            compression: Compression::None,
            columns: Columns::default(),
            region: None,
            duplicate_numbers: DuplicateNumbers::default(),
        }
    }
}

/// What the second row with a number is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DuplicateNumbers {
    /// A complaint: one campaign calls a number for one row only.
    #[default]
    Reject,
    /// A target of its own: two people may share a telephone.
    Allow,
}

/// What was read.
#[derive(Debug)]
pub struct Summary {
    /// sha256 of the source's bytes as they came, packed or not.
    pub digest: Digest,
    /// Good rows.
    pub rows: usize,
    /// What was wrong, in the order of the source.
    pub complaints: Vec<Complaint>,
}

/// Why a source was not read to its end.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The document is at fault.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The bytes stopped coming.
    #[error("the audience cannot be read to its end")]
    Io(#[source] io::Error),
}

/// Reads a document and hands out its good rows one by one, in its order.
///
/// # Errors
/// When no row at all can be trusted, or the source fails. Rows that were handed out by then are void.
pub fn read(source: impl Read, how: &How, take: impl FnMut(Row)) -> Result<Summary, ReadError> {
    let origin = Rc::new(RefCell::new(Hashing::default()));
    let unpacked = how.compression.open(Origin { source, state: Rc::clone(&origin) });
    let mut reading = Reading::new(how, take);
    let outcome = rows(Lines::new(unpacked), how, &mut reading);
    let origin = origin.take();
    if let Some(error) = origin.failed {
        return Err(ReadError::Io(error));
    }
    if origin.bytes > MAX_BYTES {
        return Err(SourceError::TooLarge.into());
    }
    match outcome {
        Ok(()) => Ok(reading.finish(origin.finish())),
        Err(ReadError::Io(_)) => Err(SourceError::Damaged { compression: how.compression }.into()),
        Err(error) => Err(error),
    }
}

/// Reads targets that stand in the campaign itself. `digest` is the caller's: it knows which bytes they came from.
///
/// # Errors
/// When there are more than [`MAX_ROWS`].
pub fn read_inline(
    digest: Digest,
    how: &How,
    targets: impl IntoIterator<Item = RawTarget>,
    take: impl FnMut(Row),
) -> Result<Summary, SourceError> {
    let mut reading = Reading::new(how, take);
    for (index, target) in targets.into_iter().enumerate() {
        reading.take(Place::Index(index), 0, target.check(how.region))?;
    }
    Ok(reading.finish(digest))
}

fn rows(mut lines: Lines<impl Read>, how: &How, reading: &mut Reading<impl FnMut(Row)>) -> Result<(), ReadError> {
    let csv = match how.format {
        Format::Csv => Some(CsvRows::begin(&mut lines, &how.columns)?),
        Format::JsonLines => None,
    };
    while let Some((line, text)) = lines.next_line()? {
        let raw = match (text, &csv) {
            (Text::TooLong, _) => Err(Reason::TooLong),
            (Text::Line(text), _) if text.trim().is_empty() => continue,
            (Text::Line(text), _) if text.len() > crate::fields::MAX_ROW_BYTES => Err(Reason::TooLong),
            (Text::Line(text), Some(csv)) => csv.target(text),
            (Text::Line(text), None) => json_lines::target(text),
        };
        let weight = text.len();
        reading.take(Place::Line(line), weight, raw.and_then(|raw| raw.check(how.region)))?;
    }
    Ok(())
}

/// The source's own bytes, with what becomes of them noted where it outlives whoever unpacks them.
struct Origin<R> {
    source: R,
    state: Rc<RefCell<Hashing>>,
}

impl<R: Read> Read for Origin<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buffer);
        let mut state = self.state.borrow_mut();
        match read {
            Ok(count) => {
                state.update(buffer.get(..count).unwrap_or_default());
                if state.bytes > MAX_BYTES { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(count) }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) => {
                let kind = error.kind();
                state.failed = Some(error);
                Err(kind.into())
            }
        }
    }
}

/// Complaints as they come, with what is needed to see a second use of an id or a number.
struct Reading<T> {
    take: T,
    numbers_once: bool,
    rows: usize,
    kept_bytes: usize,
    complaints: Vec<Complaint>,
    ids: BTreeMap<TargetId, Place>,
    numbers: BTreeMap<PhoneNumber, Place>,
}

impl<T: FnMut(Row)> Reading<T> {
    fn new(how: &How, take: T) -> Self {
        Self {
            take,
            numbers_once: how.duplicate_numbers == DuplicateNumbers::Reject,
            rows: 0,
            kept_bytes: 0,
            complaints: Vec::new(),
            ids: BTreeMap::new(),
            numbers: BTreeMap::new(),
        }
    }

    fn take(&mut self, place: Place, weight: usize, row: Result<Row, Reason>) -> Result<(), SourceError> {
        match row.and_then(|row| self.unique(place, row)) {
            Ok(row) => {
                self.rows += 1;
                self.kept_bytes += weight;
                (self.take)(row);
            }
            Err(reason) => self.complaints.push(Complaint { place, reason }),
        }
        if self.rows + self.complaints.len() > MAX_ROWS {
            return Err(SourceError::TooManyRows);
        }
        if self.kept_bytes > MAX_KEPT_BYTES {
            return Err(SourceError::TooMuchToKeep);
        }
        Ok(())
    }

    /// The id is looked at first: a row with both repeated is most likely the same row twice.
    fn unique(&mut self, place: Place, row: Row) -> Result<Row, Reason> {
        if let Some(first) = self.ids.get(&row.id) {
            return Err(Reason::DuplicateId { first: *first });
        }
        if self.numbers_once {
            match self.numbers.entry(row.to.clone()) {
                Entry::Occupied(first) => return Err(Reason::DuplicateNumber { first: *first.get() }),
                Entry::Vacant(free) => drop(free.insert(place)),
            }
        }
        self.ids.insert(row.id.clone(), place);
        Ok(row)
    }

    fn finish(self, digest: Digest) -> Summary {
        Summary { digest, rows: self.rows, complaints: self.complaints }
    }
}
