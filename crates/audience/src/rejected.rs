//! The complaints as a document of their own.

use std::io::{self, Write};

use flate2::write::GzEncoder;

use crate::{Complaint, Place};

/// All complaints as CSV with the columns `line` and `reason`, packed with gzip: of 100,000 rows a few hundred kilobytes. The
/// same complaints give the same bytes. The index of an inline target stands under `line`, counted from 0.
///
/// # Errors
/// Never: it is written to memory.
pub fn rejected_csv_gz(complaints: &[Complaint]) -> io::Result<Vec<u8>> {
    let mut packed = GzEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(b"line,reason\n")?;
    for Complaint { place, reason } in complaints {
        let (Place::Line(line) | Place::Index(line)) = place;
        // No reason has a quote in it.
        writeln!(packed, "{line},\"{reason}\"")?;
    }
    packed.finish()
}
