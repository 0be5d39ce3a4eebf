//! Logs to standard error.

use super::lines::ToStderr;
use super::log_level;
use clap::ValueEnum;
use std::io::IsTerminal as _;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line, for machines.
    Json,
}

/// The log level or filter is not one.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The filter cannot be read.
    #[error(
        "--log-level {filter:?} is neither a level (error, warn, info, debug, trace) nor a filter such as telnyx_operator=debug"
    )]
    Filter {
        /// What was given.
        filter: String,
        /// Why not.
        source: tracing_subscriber::filter::ParseError,
    },
}

/// Sends logs of this process to standard error. A second call changes nothing, so that tests may start several operators.
/// Lines that cannot be written are lost and counted; the process goes on.
pub fn init(format: LogFormat, filter: &str) -> Result<(), LogError> {
    let parsed = EnvFilter::try_new(filter).map_err(|source| LogError::Filter { filter: filter.to_owned(), source })?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(parsed)
        .with_span_events(FmtSpan::NONE)
        .with_ansi(coloured())
        // They would be told by `eprintln!`, which panics where standard error cannot be written.
        .log_internal_errors(false)
        .with_writer(ToStderr);
    // What cannot be initialised was set up by an earlier call.
    match format {
        LogFormat::Text => {
            let lines = lines.with_filter_reloading();
            let handle = lines.reload_handle();
            if lines.try_init().is_ok() {
                log_level::install(filter, Box::new(move |new| handle.reload(new).is_ok()));
            }
        }
        LogFormat::Json => {
            let lines = lines.json().flatten_event(true).with_filter_reloading();
            let handle = lines.reload_handle();
            if lines.try_init().is_ok() {
                log_level::install(filter, Box::new(move |new| handle.reload(new).is_ok()));
            }
        }
    }
    Ok(())
}

/// Colours are for eyes: not in a file or a pipe, nor where <https://no-color.org> asks for none.
fn coloured() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty())
}
