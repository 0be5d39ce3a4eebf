//! CSV with a header line: `id` and `to`, optionally `timeZone`, `notBefore`, `expiresAt`, `priority`; any other column
//! is a variable of that name.
//!
//! RFC 4180 but for one thing: a quoted cell ends on its own line. A quote that somebody forgot to close would
//! otherwise swallow every row up to the next quote, and those people would never be called. This way one row is
//! complained about and all others are read. That is also why the `csv` crate is not used here; it judges this module
//! in a test instead.

use std::collections::BTreeMap;

use super::fields::{MAX_ROW_BYTES, RawTarget};
use super::source::lines;
use super::{Place, Reading, Reason, SourceError};

const KNOWN: [&str; 6] = ["id", "to", "timeZone", "notBefore", "expiresAt", "priority"];

pub(super) fn read(text: &str, reading: &mut Reading) -> Result<(), SourceError> {
    let mut lines = lines(text);
    let (_, header) = lines.next().ok_or(SourceError::HeaderMissing)?;
    let columns = columns(header)?;
    for (line, row) in lines {
        reading.take(Place::Line(line), target(&columns, row).and_then(RawTarget::check));
    }
    Ok(())
}

/// The column names, known to hold `id` and `to`, to be unique, and to be no misspelling of a known one.
fn columns(header: &str) -> Result<Vec<String>, SourceError> {
    let columns: Vec<String> = cells(header)
        .map(|cell| cell.map(|name| name.trim().to_owned()))
        .collect::<Result<_, _>>()
        .map_err(|_| SourceError::HeaderQuoteBroken)?;
    let mut seen: Vec<&str> = Vec::with_capacity(columns.len());
    for (position, name) in (1..).zip(&columns) {
        if let Some(column) = KNOWN.into_iter().find(|known| known.eq_ignore_ascii_case(name) && *known != name) {
            return Err(SourceError::ColumnCase { position, column });
        }
        if name.is_empty() || seen.contains(&name.as_str()) {
            return Err(SourceError::ColumnName { position });
        }
        seen.push(name);
    }
    for column in ["id", "to"] {
        if !seen.contains(&column) {
            return Err(SourceError::ColumnMissing { column });
        }
    }
    Ok(columns)
}

fn target(columns: &[String], row: &str) -> Result<RawTarget, Reason> {
    if row.len() > MAX_ROW_BYTES {
        return Err(Reason::TooLong);
    }
    let cells = cells(row).collect::<Result<Vec<String>, Reason>>()?;
    if cells.len() != columns.len() {
        return Err(Reason::CellCount { expected: columns.len(), found: cells.len() });
    }
    let mut target = RawTarget { variables: BTreeMap::new(), ..RawTarget::default() };
    for (name, cell) in columns.iter().zip(cells) {
        let field = match name.as_str() {
            "id" => &mut target.id,
            "to" => &mut target.to,
            "timeZone" => &mut target.time_zone,
            "notBefore" => &mut target.not_before,
            "expiresAt" => &mut target.expires_at,
            "priority" => &mut target.priority,
            _ => {
                target.variables.insert(name.clone(), cell);
                continue;
            }
        };
        *field = Some(cell);
    }
    Ok(target)
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
