//! What is said of a panic.
//!
//! Promises its place always, and its text only where that is a part of the program. A text that was put together when it
//! happened quotes what the program had in hand (a slice of a text quotes the text), which may be a number or a key. Whoever
//! catches a panic must not tell its text either: [`tokio::task::JoinError`] does when it is printed.

use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::{self, PanicHookInfo};

/// From now on panics of this process are log lines.
pub fn tell() {
    panic::set_hook(Box::new(say));
}

fn say(panicked: &PanicHookInfo<'_>) {
    let place = panicked.location().map(ToString::to_string).unwrap_or_default();
    let text = text_of(panicked.payload());
    let (thread, backtrace) = (std::thread::current(), Backtrace::capture());
    let thread = thread.name().unwrap_or("unnamed");
    // RUST_BACKTRACE asks for it. It names functions and lines, no values.
    if backtrace.status() == BacktraceStatus::Captured {
        tracing::error!(%place, thread, %backtrace, "panicked: {text}");
    } else {
        tracing::error!(%place, thread, "panicked: {text}");
    }
}

/// A text without parts is in the program as it stands; one with parts comes as a `String` (`std::panic::PanicHookInfo`:
/// `payload`).
fn text_of(payload: &(dyn Any + Send)) -> &'static str {
    payload.downcast_ref::<&'static str>().copied().unwrap_or("its text may quote personal data and is not told")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::hearing::Log;

    const KEY: &str = "KEY0123456789ABCDEF";

    /// What the log holds after a panic, by way of the hook itself.
    fn said(panicking: impl FnOnce() + panic::UnwindSafe) -> String {
        let (here, before) = (std::thread::current().id(), panic::take_hook());
        // Other tests panic in their own threads, and are heard as before.
        panic::set_hook(Box::new(
            move |panicked| {
                if std::thread::current().id() == here { say(panicked) } else { before(panicked) }
            },
        ));
        let (log, _listening) = Log::listen();
        assert!(panic::catch_unwind(panicking).is_err());
        log.text()
    }

    #[test]
    fn a_panic_tells_its_place_and_nothing_that_was_in_hand() {
        let line = said(|| panic!("the key is {KEY}, told {} times", std::env::args().count()));
        assert!(line.contains("panics.rs:") && line.contains("ERROR"), "{line}");
        assert!(!line.contains(KEY), "{line}");
        // Library code quotes the text that it was to cut.
        let text = format!("é{KEY}");
        let line = said(move || drop(text[1..].to_owned()));
        assert!(line.contains("panics.rs:") && !line.contains(KEY), "{line}");
        let line = said(|| {
            let _number: u32 = KEY.parse().map_err(|_| KEY).unwrap();
        });
        assert!(line.contains("panics.rs:") && !line.contains(KEY), "{line}");
        let line = said(|| panic!("a table lacks its head"));
        assert!(line.contains("a table lacks its head"), "{line}");
    }
}
