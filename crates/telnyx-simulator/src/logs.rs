//! Logs to standard error, of the simulator as a process of its own.

use std::ffi::OsStr;
use std::io::{IsTerminal as _, stderr};

use tracing_subscriber::EnvFilter;

/// Sends this process's logs to standard error: what `RUST_LOG` asks for, else level `info`. One that cannot be read is told of
/// in the first line. For a program's start; a second call panics, as two subscribers would.
pub fn log_to_stderr() {
    let (filter, complaint) = filter(std::env::var_os("RUST_LOG").as_deref());
    let coloured = coloured(stderr().is_terminal(), std::env::var_os("NO_COLOR").as_deref());
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(coloured).with_writer(stderr).init();
    if let Some(complaint) = complaint {
        tracing::warn!("RUST_LOG is not followed, the level is info: {complaint}");
    }
}

/// What is logged, and what is wrong with the words that asked for it.
fn filter(asked: Option<&OsStr>) -> (EnvFilter, Option<String>) {
    let parsed = match asked.map(OsStr::to_str) {
        None => return (EnvFilter::new("info"), None),
        Some(None) => Err("it is not UTF-8".to_owned()),
        Some(Some(directives)) => EnvFilter::try_new(directives).map_err(|error| error.to_string()),
    };
    parsed.map_or_else(|complaint| (EnvFilter::new("info"), Some(complaint)), |filter| (filter, None))
}

/// Colours are for eyes: not in a file or a pipe, nor where <https://no-color.org> asks for none.
fn coloured(terminal: bool, no_color: Option<&OsStr>) -> bool {
    terminal && no_color.is_none_or(OsStr::is_empty)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_followed_is_complained_of() {
        for (asked, followed, complains) in [
            (None, "info", false),
            (Some("telnyx_simulator=debug"), "telnyx_simulator=debug", false),
            (Some("telnyx_simulator=loud"), "info", true),
        ] {
            let (filter, complaint) = filter(asked.map(OsStr::new));
            assert_eq!((filter.to_string().as_str(), complaint.is_some()), (followed, complains), "{asked:?}");
        }
    }

    #[test]
    fn only_a_terminal_that_nobody_forbids_it_is_coloured() {
        for (terminal, no_color, expected) in [
            (true, None, true),
            (true, Some(""), true),
            (true, Some("1"), false),
            (false, None, false),
            (false, Some("1"), false),
        ] {
            assert_eq!(coloured(terminal, no_color.map(OsStr::new)), expected, "{terminal} {no_color:?}");
        }
    }
}
