//! CSV with a header line: `id` and `to`, optionally `timeZone`, `notBefore`, `expiresAt`, `consentAt` and `priority`, under
//! these names or others that the caller gives; any other column is a variable of that name.
//!
//! RFC 4180 but for one thing: a quoted cell ends on its own line. A quote that somebody forgot to close would
//! otherwise swallow every row up to the next quote, and those people would never be called. This way one row is
//! complained about and all others are read. That is also why the `csv` crate is not used here; it judges this module
//! in a test instead.

use std::io::Read;

use crate::Reason;
use crate::fields::RawTarget;
use crate::header::{Column, Columns, Field, columns};
use crate::lines::{Lines, Text};
use crate::read::ReadError;
use crate::source::SourceError;

/// A document whose header has been read.
pub(crate) struct CsvRows {
    columns: Vec<Column>,
}

impl CsvRows {
    /// Reads the header: the first line that is not blank.
    pub(crate) fn begin(lines: &mut Lines<impl Read>, given: &Columns) -> Result<Self, ReadError> {
        while let Some((_, text)) = lines.next_line()? {
            match text {
                Text::TooLong => return Err(SourceError::HeaderTooLong.into()),
                Text::Line(text) if text.trim().is_empty() => {}
                Text::Line(text) => {
                    let names: Vec<String> =
                        cells(text).collect::<Result<_, _>>().map_err(|_| SourceError::HeaderQuoteBroken)?;
                    return Ok(Self { columns: columns(&names, given)? });
                }
            }
        }
        Err(SourceError::HeaderMissing.into())
    }

    /// One row.
    pub(crate) fn target(&self, row: &str) -> Result<RawTarget, Reason> {
        let cells = cells(row).collect::<Result<Vec<String>, Reason>>()?;
        if cells.len() != self.columns.len() {
            return Err(Reason::CellCount { expected: self.columns.len(), found: cells.len() });
        }
        let mut target = RawTarget::default();
        for (column, cell) in self.columns.iter().zip(cells) {
            let field = match column {
                Column::Field(Field::Id) => &mut target.id,
                Column::Field(Field::To) => &mut target.to,
                Column::Field(Field::TimeZone) => &mut target.time_zone,
                Column::Field(Field::NotBefore) => &mut target.not_before,
                Column::Field(Field::ExpiresAt) => &mut target.expires_at,
                Column::Field(Field::ConsentAt) => &mut target.consent_at,
                Column::Field(Field::Priority) => &mut target.priority,
                Column::Variable(name) => {
                    target.variables.insert(name.clone(), cell);
                    continue;
                }
            };
            *field = Some(cell);
        }
        Ok(target)
    }
}

/// The cells of one line. Ends after the first broken quote.
fn cells(line: &str) -> impl Iterator<Item = Result<String, Reason>> {
    let mut rest = Some(line);
    std::iter::from_fn(move || {
        let text = rest?;
        match cell(text) {
            Ok((cell, after)) => {
                rest = after;
                Some(Ok(cell))
            }
            Err(reason) => {
                rest = None;
                Some(Err(reason))
            }
        }
    })
}

/// The first cell, and what follows its comma: `None` at the end of the line.
fn cell(text: &str) -> Result<(String, Option<&str>), Reason> {
    let Some(quoted) = text.strip_prefix('"') else {
        return Ok(match text.split_once(',') {
            Some((cell, rest)) => (cell.to_owned(), Some(rest)),
            None => (text.to_owned(), None),
        });
    };
    let mut cell = String::new();
    let mut rest = quoted;
    loop {
        let (part, after) = rest.split_once('"').ok_or(Reason::QuoteBroken)?;
        cell.push_str(part);
        if let Some(more) = after.strip_prefix('"') {
            cell.push('"');
            rest = more;
        } else if after.is_empty() {
            return Ok((cell, None));
        } else if let Some(rest) = after.strip_prefix(',') {
            return Ok((cell, Some(rest)));
        } else {
            return Err(Reason::QuoteBroken);
        }
    }
}
