//! Logs to standard error, of the simulator as a process of its own.

use std::ffi::OsStr;
use std::io::{IsTerminal as _, stderr};

use tracing_subscriber::EnvFilter;

/// Sends this process's logs to standard error: what `RUST_LOG` asks for, else level `info`. For a program's start; a second
/// call panics, as two subscribers would.
pub fn log_to_stderr() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let coloured = coloured(stderr().is_terminal(), std::env::var_os("NO_COLOR").as_deref());
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(coloured).with_writer(stderr).init();
}

/// Colours are for eyes: not in a file or a pipe, nor where <https://no-color.org> asks for none.
fn coloured(terminal: bool, no_color: Option<&OsStr>) -> bool {
    terminal && no_color.is_none_or(OsStr::is_empty)
}

#[cfg(test)]
mod tests {
    use super::*;

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
