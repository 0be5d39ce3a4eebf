//! How far long work has come: one line on standard error, drawn over itself, where somebody looks at it.
//!
//! Promises that nothing of it stays: the line goes when the work ends, and a file or a pipe never gets one. Does not know what
//! the work is.

use std::io::{self, IsTerminal as _, Stderr, Write};

/// Columns that a line may take. A longer one would be broken into two, of which the next is drawn over the last alone; no
/// terminal is narrower.
const WIDTH: usize = 79;
/// To the start of the line, and all of it away (ECMA-48, 8.3.41).
const WIPE: &str = "\r\x1b[K";

/// A line that says what is being done.
pub(crate) struct Progress<W: Write = Stderr> {
    /// `None`: nobody looks.
    to: Option<W>,
    drawn: bool,
}

impl Progress {
    /// On standard error, if that is a terminal.
    pub(crate) fn for_eyes() -> Self {
        let stderr = io::stderr();
        Self { to: stderr.is_terminal().then_some(stderr), drawn: false }
    }
}

impl<W: Write> Progress<W> {
    /// Says what is being done now, in place of what was said before.
    pub(crate) fn at(&mut self, step: &str) {
        if let Some(to) = &mut self.to {
            // A terminal that takes no more is no reason to leave the work.
            let _drawn = write!(to, "{}", frame(step)).and_then(|()| to.flush());
            self.drawn = true;
        }
    }
}

impl<W: Write> Drop for Progress<W> {
    fn drop(&mut self) {
        if let Some(to) = self.to.as_mut().filter(|_| self.drawn) {
            let _wiped = write!(to, "{WIPE}").and_then(|()| to.flush());
        }
    }
}

fn frame(step: &str) -> String {
    let step: String = if step.chars().count() > WIDTH {
        step.chars().take(WIDTH - 1).chain(['…']).collect()
    } else {
        step.to_owned()
    };
    format!("{WIPE}{step}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_is_drawn_over_the_last_and_nothing_stays() {
        let mut terminal = Vec::new();
        let mut progress = Progress { to: Some(&mut terminal), drawn: false };
        progress.at("reads profiles");
        progress.at("reads queues");
        drop(progress);
        assert_eq!(String::from_utf8(terminal).unwrap(), "\r\x1b[Kreads profiles\r\x1b[Kreads queues\r\x1b[K");
    }

    #[test]
    fn a_step_takes_one_line_of_any_terminal() {
        let frame = frame(&"ö".repeat(200));
        let shown = frame.strip_prefix(WIPE).unwrap();
        assert_eq!(shown.chars().count(), WIDTH);
        assert!(shown.ends_with('…'));
    }

    #[test]
    fn where_nobody_looks_nothing_is_written() {
        let mut file = Vec::new();
        drop(Progress { to: Some(&mut file), drawn: false });
        assert!(file.is_empty(), "work without steps leaves the line alone");
        let mut progress = Progress::<Vec<u8>> { to: None, drawn: false };
        progress.at("reads profiles");
        assert!(!progress.drawn);
    }
}
