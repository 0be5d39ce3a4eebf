//! Lines of a document that is read once, in memory for one of them.

use std::io::{self, BufRead, BufReader, Read};

use crate::read::ReadError;
use crate::source::{MAX_BYTES, SourceError, Unpacked};

/// The longest line that is kept. Rows are shorter; a header with thousands of columns may be as long as this.
const LONGEST: usize = 64 * 1024;

/// One line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Text<'a> {
    /// Without its ending.
    Line(&'a str),
    /// Longer than any row may be.
    TooLong,
}

impl Text<'_> {
    pub(crate) fn len(self) -> usize {
        match self {
            Self::Line(text) => text.len(),
            Self::TooLong => 0,
        }
    }
}

/// Lines, ended by `\n`, `\r\n` or `\r` in any mixture, without the byte order mark that spreadsheets put first.
pub(crate) struct Lines<R> {
    source: BufReader<R>,
    line: Vec<u8>,
    too_long: bool,
    number: usize,
    bytes: u64,
    after_return: bool,
}

impl<R: Read> Lines<R> {
    pub(crate) fn new(source: R) -> Self {
        let source = BufReader::with_capacity(LONGEST, source);
        Self { source, line: Vec::new(), too_long: false, number: 0, bytes: 0, after_return: false }
    }

    /// The next line with its number, counted from 1; `None` after the last. Blank ones are handed out too.
    pub(crate) fn next_line(&mut self) -> Result<Option<(usize, Text<'_>)>, ReadError> {
        self.line.clear();
        self.too_long = false;
        if !self.gather()? {
            return Ok(None);
        }
        self.number += 1;
        let mut bytes = self.line.as_slice();
        if self.number == 1 {
            if let Some(kind) = Unpacked::of(bytes) {
                return Err(SourceError::NotUnpacked { kind }.into());
            }
            bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
        }
        if self.too_long {
            return Ok(Some((self.number, Text::TooLong)));
        }
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Some((self.number, Text::Line(text)))),
            Err(_) => Err(SourceError::NotUtf8 { line: self.number }.into()),
        }
    }

    /// Reads up to the end of a line. `false`: there is none left.
    fn gather(&mut self) -> Result<bool, ReadError> {
        let mut begun = false;
        loop {
            let available = match self.source.fill_buf() {
                Ok(available) => available,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(ReadError::Io(error)),
            };
            if available.is_empty() {
                return Ok(begun);
            }
            let skip = usize::from(std::mem::take(&mut self.after_return) && available.first() == Some(&b'\n'));
            let rest = available.get(skip..).unwrap_or_default();
            let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let part = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
            begun |= !rest.is_empty();
            let room = LONGEST.saturating_sub(self.line.len());
            self.too_long |= part.len() > room;
            self.line.extend_from_slice(part.get(..room.min(part.len())).unwrap_or_default());
            self.after_return = end.is_some_and(|at| rest.get(at) == Some(&b'\r'));
            let taken = skip + end.map_or(rest.len(), |at| at + 1);
            self.source.consume(taken);
            self.bytes += u64::try_from(taken).unwrap_or(u64::MAX);
            if self.bytes > MAX_BYTES {
                return Err(SourceError::TooLargeUnpacked.into());
            }
            if end.is_some() {
                return Ok(true);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A source that hands out its bytes in pieces of these lengths.
    struct Pieces<'a>(&'a [u8], Vec<usize>);

    impl Read for Pieces<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let piece = self.1.pop().unwrap_or(usize::MAX).max(1).min(self.0.len()).min(buffer.len());
            let (now, later) = self.0.split_at(piece);
            buffer[..piece].copy_from_slice(now);
            self.0 = later;
            Ok(piece)
        }
    }

    fn read(text: &[u8], pieces: Vec<usize>) -> Vec<(usize, String)> {
        let mut lines = Lines::new(Pieces(text, pieces));
        let mut all = Vec::new();
        while let Some((number, Text::Line(line))) = lines.next_line().unwrap() {
            all.push((number, line.to_owned()));
        }
        all
    }

    #[test]
    fn endings_may_be_mixed_and_the_last_may_be_missing() {
        let lines: Vec<_> = read(b"a\r\nb\rc\n\n\r\nd", vec![]).into_iter().map(|(_, line)| line).collect();
        assert_eq!(lines, ["a", "b", "c", "", "", "d"]);
        assert_eq!(read(b"a\n", vec![]).len(), 1);
        assert_eq!(read(b"", vec![]).len(), 0);
    }

    #[test]
    fn a_line_longer_than_any_row_takes_no_more_memory_than_that_and_hides_nothing_after_it() {
        let mut text = vec![b'x'; 5 * LONGEST];
        text.extend_from_slice(b"\nnext");
        let mut lines = Lines::new(text.as_slice());
        assert_eq!(lines.next_line().unwrap(), Some((1, Text::TooLong)));
        assert!(lines.line.capacity() <= 2 * LONGEST);
        assert_eq!(lines.next_line().unwrap(), Some((2, Text::Line("next"))));
    }

    proptest! {
        #[test]
        fn where_the_pieces_end_does_not_matter(
            text in "[ab\r\n]{0,60}", pieces in prop::collection::vec(1..5usize, 0..60)
        ) {
            prop_assert_eq!(read(text.as_bytes(), pieces), read(text.as_bytes(), vec![]));
        }
    }
}
