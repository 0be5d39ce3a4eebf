//! Rows as JSON Lines.

use std::io::Write;

use super::file::FileError;
use super::row::Row;

pub(super) fn write(out: &mut impl Write, rows: &[Row], with_numbers: bool) -> Result<(), FileError> {
    for row in rows {
        serde_json::to_writer(&mut *out, &row.to_json(with_numbers)).map_err(std::io::Error::from)?;
        out.write_all(b"\n")?;
    }
    Ok(out.flush()?)
}
