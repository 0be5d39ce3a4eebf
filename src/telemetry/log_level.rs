//! Which log lines are written, changed while the process runs.
//!
//! The subscriber of logs is the process's, and so is this: there is one, set up by [`super::init`]. What may be asked for
//! at run time is less than `--log-level` allows, because whoever asks need not be who started the process: at level
//! `trace`, which releases do not have, other crates write the bytes that they send, keys among them.

use std::fmt;
use std::sync::{Mutex, OnceLock, PoisonError};

use tracing::Level;
use tracing::level_filters::{LevelFilter, STATIC_MAX_LEVEL};
use tracing_subscriber::EnvFilter;

/// The crates of this workspace that log. None of them writes keys or whole numbers at any level.
const OURS: &[&str] = &["telnyx_operator", "telnyx_voice", "telnyx_simulator"];
/// Longest filter that is read, in bytes.
pub(super) const LONGEST: usize = 1024;

/// Puts a filter into force. `false`: the subscriber is gone.
type Set = Box<dyn Fn(EnvFilter) -> bool + Send + Sync>;

/// The filter in force, and the way to another.
pub(super) struct LogLevel {
    current: Mutex<String>,
    set: Set,
}

impl fmt::Debug for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogLevel").field("current", &self.current()).finish_non_exhaustive()
    }
}

/// Why the level stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum LevelError {
    /// Not a filter.
    #[error(
        "{part:?} is neither a level (error, warn, info, debug, off) nor TARGET=LEVEL; several are joined by commas, as in \"telnyx_operator=debug,info\""
    )]
    Unreadable {
        /// Which part of it.
        part: String,
    },
    /// More than may be asked for at run time.
    #[error("{part:?} asks for level trace of crates that then write keys: trace is for {}", OURS.join(", "))]
    TooMuch {
        /// Which part of it.
        part: String,
    },
    /// More than this build has.
    #[error("{part:?} asks for level trace, which this build does not have: debug is the most that it tells")]
    NotBuilt {
        /// Which part of it.
        part: String,
    },
    /// The process logs nothing.
    #[error("this process has set up no logs")]
    NoLogs,
}

static OF_PROCESS: OnceLock<LogLevel> = OnceLock::new();

/// Notes the process's subscriber. The first call counts.
pub(super) fn install(filter: &str, set: Set) {
    // Whoever came first has set up the logs.
    let _already = OF_PROCESS.set(LogLevel::new(filter, set));
}

/// That of the process, once there is one.
pub(super) fn of_process() -> Result<&'static LogLevel, LevelError> {
    OF_PROCESS.get().ok_or(LevelError::NoLogs)
}

impl LogLevel {
    pub(super) fn new(filter: &str, set: Set) -> Self {
        Self { current: Mutex::new(filter.to_owned()), set }
    }

    /// The filter in force, as it was written.
    pub(super) fn current(&self) -> String {
        self.current.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts another filter into force, at once and for the whole process. One that cannot be read changes nothing.
    pub(super) fn change(&self, filter: &str) -> Result<(), LevelError> {
        let filter = filter.trim();
        let parsed = parse(filter, STATIC_MAX_LEVEL)?;
        // Held over the change, so that what is shown is what is in force.
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if !(self.set)(parsed) {
            return Err(LevelError::NoLogs);
        }
        filter.clone_into(&mut current);
        Ok(())
    }
}

/// What the filter asks for, of a build that has no more than `most`.
fn parse(filter: &str, most: LevelFilter) -> Result<EnvFilter, LevelError> {
    for part in filter.split(',').map(str::trim) {
        let (target, level) = match part.split_once('=') {
            Some((target, level)) => (Some(target.trim()), level.trim()),
            None => (None, part),
        };
        let unreadable = || LevelError::Unreadable { part: part.to_owned() };
        // Spans and their fields can be filtered by with --log-level.
        let plain =
            |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-:".contains(c));
        if !plain(level) || target.is_some_and(|target| !plain(target)) {
            return Err(unreadable());
        }
        let wanted = if level.eq_ignore_ascii_case("off") {
            None
        } else {
            Some(level.parse::<Level>().map_err(|_| unreadable())?)
        };
        let ours = target.is_some_and(|target| OURS.contains(&target.split("::").next().unwrap_or_default()));
        if wanted == Some(Level::TRACE) && !ours {
            return Err(LevelError::TooMuch { part: part.to_owned() });
        }
        if wanted.is_some_and(|wanted| LevelFilter::from(wanted) > most) {
            return Err(LevelError::NotBuilt { part: part.to_owned() });
        }
    }
    EnvFilter::try_new(filter).map_err(|_| LevelError::Unreadable { part: filter.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn a_level_or_targets_with_levels_may_be_asked_for_but_no_trace_of_other_crates() {
        let table = "
            info                            fine
            OFF                             fine
            telnyx_operator=debug,info      fine
            telnyx_operator::flows=trace    fine
            kube=debug, warn                fine
            trace                           much
            hyper=trace,info                much
            hyper=TRACE                     much
            telnyx_operators=trace          much
            loud                            unreadable
            hyper                           unreadable
            a=b=c                           unreadable
            [span{field=x}]=debug           unreadable
            telnyx_operator=                unreadable
            info,,debug                     unreadable
        ";
        for line in table.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (filter, expected) = line.rsplit_once(' ').unwrap();
            let got = match parse(filter.trim(), LevelFilter::TRACE) {
                Ok(_) => "fine",
                Err(LevelError::NotBuilt { .. }) => "not built",
                Err(LevelError::TooMuch { .. }) => "much",
                Err(LevelError::Unreadable { .. }) => "unreadable",
                Err(LevelError::NoLogs) => "no logs",
            };
            assert_eq!(got, expected, "{line}");
        }
    }

    #[test]
    fn a_build_without_a_level_says_so() {
        let part = "telnyx_operator::flows=trace";
        assert_eq!(parse(part, LevelFilter::DEBUG).unwrap_err(), LevelError::NotBuilt { part: part.to_owned() });
        assert!(parse("telnyx_operator=debug,info", LevelFilter::DEBUG).is_ok());
    }

    #[test]
    fn a_filter_that_is_refused_changes_nothing() {
        let changes = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&changes);
        let level = LogLevel::new("info", Box::new(move |_| counted.fetch_add(1, Ordering::Relaxed) < 1));
        assert!(level.change("loud").is_err() && level.change("").is_err());
        assert_eq!((level.current().as_str(), changes.load(Ordering::Relaxed)), ("info", 0));
        level.change(" debug\n").unwrap();
        assert_eq!((level.current().as_str(), changes.load(Ordering::Relaxed)), ("debug", 1));
        assert_eq!(level.change("warn"), Err(LevelError::NoLogs));
        assert_eq!(level.current(), "debug");
    }
}
