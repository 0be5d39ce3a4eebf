//! How bytes are packed.
//!
//! gzip through flate2 with its Rust backend, which the operator has anyway; Zstandard through ruzstd, which is slower than
//! the C library (its own figures: 1.4 to 3.5 times) but needs no C compiler and no unsafe code of ours, and takes a limit on
//! its window. A list of 100,000 rows is unpacked in well under a second either way.

use std::fmt;
use std::io::{self, BufRead, BufReader, Read};

use flate2::read::MultiGzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// How bytes are packed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "uncompressed",
            Self::Gzip => "gzip",
            Self::Zstd => "Zstandard",
        })
    }
}

impl Compression {
    /// By the ending of a file name or key, `.gz` or `.zst`, and the name without it.
    #[must_use]
    pub fn of_key(key: &str) -> (Self, &str) {
        match key.rsplit_once('.') {
            Some((name, ending)) if ending.eq_ignore_ascii_case("gz") => (Self::Gzip, name),
            Some((name, ending)) if ending.eq_ignore_ascii_case("zst") => (Self::Zstd, name),
            Some(_) | None => (Self::None, key),
        }
    }

    /// What is in it.
    pub(crate) fn open<R: Read>(self, packed: R) -> Opened<R> {
        match self {
            Self::None => Opened::Plain(packed),
            Self::Gzip => Opened::Gzip(Box::new(MultiGzDecoder::new(packed))),
            Self::Zstd => Opened::Zstd(Box::new(Zstd::new(packed))),
        }
    }
}

/// What is in a packed source.
pub(crate) enum Opened<R: Read> {
    Plain(R),
    Gzip(Box<MultiGzDecoder<R>>),
    Zstd(Box<Zstd<R>>),
}

impl<R: Read> Read for Opened<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(plain) => plain.read(buffer),
            Self::Gzip(gzip) => gzip.read(buffer),
            Self::Zstd(zstd) => zstd.read(buffer),
        }
    }
}

/// The window that every decoder should have (RFC 8878, 3.1.1.1.2); `zstd` exceeds it only when asked to (`--ultra`, `--long`).
const LARGEST_WINDOW: u64 = 8 * 1024 * 1024;

/// All frames of a source, one after the other.
pub(crate) struct Zstd<R> {
    packed: BufReader<R>,
    decoder: FrameDecoder,
    in_frame: bool,
}

impl<R: Read> Zstd<R> {
    fn new(packed: R) -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(LARGEST_WINDOW);
        Self { packed: BufReader::new(packed), decoder, in_frame: false }
    }

    /// Goes to the next frame with data in it. `false`: there is none.
    fn next_frame(&mut self) -> io::Result<bool> {
        while !self.packed.fill_buf()?.is_empty() {
            match self.decoder.reset(&mut self.packed) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                    let skipped = io::copy(&mut self.packed.by_ref().take(length.into()), &mut io::sink())?;
                    if skipped < u64::from(length) {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                }
                Err(error) => return Err(io::Error::other(error)),
            }
        }
        Ok(false)
    }

    /// The frame says what its contents add up to, where whoever packed it chose so.
    fn check(&self) -> io::Result<()> {
        match (self.decoder.get_checksum_from_data(), self.decoder.get_calculated_checksum()) {
            (Some(written), Some(found)) if written != found => Err(io::ErrorKind::InvalidData.into()),
            (Some(_) | None, Some(_) | None) => Ok(()),
        }
    }
}

impl<R: Read> Read for Zstd<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            if !self.in_frame && !self.next_frame()? {
                return Ok(0);
            }
            self.in_frame = true;
            while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                self.decoder
                    .decode_blocks(&mut self.packed, BlockDecodingStrategy::UptoBlocks(1))
                    .map_err(io::Error::other)?;
            }
            let count = self.decoder.read(buffer)?;
            if count > 0 {
                return Ok(count);
            }
            self.check()?;
            self.in_frame = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::write::GzEncoder;
    use proptest::prelude::*;
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};

    use super::*;

    fn gzip(plain: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    fn zstd(plain: &[u8]) -> Vec<u8> {
        compress_to_vec(plain, CompressionLevel::Fastest)
    }

    fn open(compression: Compression, packed: &[u8]) -> io::Result<Vec<u8>> {
        let mut plain = Vec::new();
        compression.open(packed).read_to_end(&mut plain).map(|_| plain)
    }

    #[test]
    fn the_ending_tells() {
        assert_eq!(Compression::of_key("list.csv.gz"), (Compression::Gzip, "list.csv"));
        assert_eq!(Compression::of_key("list.jsonl.ZST"), (Compression::Zstd, "list.jsonl"));
        assert_eq!(Compression::of_key("list.csv"), (Compression::None, "list.csv"));
    }

    #[test]
    fn several_members_and_frames_are_one_document() {
        let gzips = [gzip(b"id,to\n"), gzip(b"a,+15550100\n")].concat();
        assert_eq!(open(Compression::Gzip, &gzips).unwrap(), b"id,to\na,+15550100\n");
        // A frame to skip (RFC 8878, 3.1.2) may stand anywhere.
        let skipped = [&[0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0][..], b"xyz"].concat();
        let frames = [zstd(b"id,to\n"), skipped, zstd(b"a,+15550100\n")].concat();
        assert_eq!(open(Compression::Zstd, &frames).unwrap(), b"id,to\na,+15550100\n");
    }

    /// `printf 'id,to\na,+15550100\n' | zstd -19 | xxd -i`, by the reference implementation (zstd 1.5).
    #[test]
    fn what_the_reference_implementation_writes_is_read() {
        let packed = REFERENCE;
        assert_eq!(open(Compression::Zstd, packed).unwrap(), b"id,to\na,+15550100\n");
        let mut damaged = packed.to_vec();
        *damaged.last_mut().unwrap() ^= 1;
        assert!(open(Compression::Zstd, &damaged).is_err(), "its checksum is looked at");
    }

    const REFERENCE: &[u8] = &[
        0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x68, 0x91, 0x00, 0x00, 0x69, 0x64, 0x2c, 0x74, 0x6f, 0x0a, 0x61, 0x2c, 0x2b,
        0x31, 0x35, 0x35, 0x35, 0x30, 0x31, 0x30, 0x30, 0x0a, 0xcb, 0x24, 0x77, 0xd5,
    ];

    #[test]
    fn a_frame_that_wants_more_window_than_is_given_is_refused() {
        // Magic number, descriptor without content size, and a window of 2^(10+17) bytes.
        let greedy = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 17 << 3, 0x01, 0x00, 0x00];
        assert!(open(Compression::Zstd, &greedy).is_err());
    }

    proptest! {
        #[test]
        fn what_was_packed_is_unpacked_and_what_is_cut_short_is_noticed(
            plain in prop::collection::vec(any::<u8>(), 0..3000), cut in 0..1000usize
        ) {
            for (compression, packed) in [(Compression::Gzip, gzip(&plain)), (Compression::Zstd, zstd(&plain))] {
                prop_assert_eq!(open(compression, &packed).unwrap(), plain.clone());
                let short = &packed[..=cut % (packed.len() - 1)];
                prop_assert!(open(compression, short).is_err(), "{} of {}", short.len(), packed.len());
            }
        }

        #[test]
        fn any_bytes_are_opened_without_a_panic(packed in prop::collection::vec(any::<u8>(), 0..300)) {
            let zstd = [&[0x28, 0xb5, 0x2f, 0xfd][..], &packed].concat();
            let gzip = [&[0x1f, 0x8b, 8, 0][..], &packed].concat();
            let _ = (open(Compression::Zstd, &zstd), open(Compression::Gzip, &gzip));
        }
    }
}
