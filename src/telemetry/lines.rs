//! Log lines on their way to standard error.
//!
//! Promises that a line which cannot be written, because the node's disk is full or nobody reads any more, is counted and ends
//! nothing. Does not know what a line says, nor where lines go on to.

use std::io::{self, Stderr, Write};
use std::sync::LazyLock;

use prometheus_client::metrics::counter::Counter;
use tracing_subscriber::fmt::MakeWriter;

/// Lines that were lost. One number for the process, as its standard error is one.
static LOST: LazyLock<Counter> = LazyLock::new(Counter::default);

/// The count of this process's lines that could not be written.
pub(super) fn lost() -> Counter {
    LOST.clone()
}

/// Writes each line to standard error.
#[derive(Clone, Copy, Debug)]
pub(super) struct ToStderr;

impl<'a> MakeWriter<'a> for ToStderr {
    type Writer = Line<Stderr>;

    fn make_writer(&'a self) -> Self::Writer {
        Line { to: io::stderr(), lost: lost() }
    }
}

/// One line. Never fails: whoever logs can do nothing about it.
#[derive(Debug)]
pub(super) struct Line<W> {
    to: W,
    lost: Counter,
}

impl<W: Write> Write for Line<W> {
    /// Takes all of it; the subscriber hands a line over in one piece.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.to.write_all(line).is_err() {
            self.lost.inc();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        // Standard error keeps nothing back.
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    /// A disk with room for so many bytes.
    #[derive(Clone)]
    struct Disk(Arc<Mutex<(usize, Vec<u8>)>>);

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let (room, written) = &mut *self.0.lock().unwrap();
            let fits = bytes.len().min(room.saturating_sub(written.len()));
            written.extend_from_slice(&bytes[..fits]);
            if fits == 0 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(fits) }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_that_find_no_room_are_counted_and_the_next_is_written_once_there_is_some() {
        let (disk, lost) = (Disk(Arc::new(Mutex::new((10, vec![])))), Counter::default());
        let (to, counted) = (disk.clone(), lost.clone());
        let lines = tracing_subscriber::fmt()
            .without_time()
            .with_level(false)
            .with_target(false)
            .with_ansi(false)
            .log_internal_errors(false)
            .with_writer(move || Line { to: to.clone(), lost: counted.clone() })
            .finish();
        tracing::subscriber::with_default(lines, || {
            tracing::info!("fits");
            tracing::info!("fits no more");
            tracing::info!("nor this");
            assert_eq!(lost.get(), 2);
            disk.0.lock().unwrap().0 = 100;
            tracing::info!("there is room");
        });
        assert_eq!(lost.get(), 2);
        let written = String::from_utf8(disk.0.lock().unwrap().1.clone()).unwrap();
        assert!(written.starts_with("fits\n") && written.ends_with("there is room\n"), "{written}");
    }
}
