//! Time, as it is handed in.
//!
//! Promises that both clocks are read by the caller, once per event. Does not know how to read a clock.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// One reading of both clocks.
///
/// Calling windows and everything that outlives a restart (claims, retries) ask `wall`; pacing, resends and
/// acknowledgements ask `up`, which never jumps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// The wall clock. It may jump either way.
    pub wall: Timestamp,
    /// Time since the process started. It never goes back.
    pub up: Duration,
}

impl Now {
    /// The wall clock cut to milliseconds, which is what a store keeps.
    #[must_use]
    pub fn wall_millis(self) -> Timestamp {
        Timestamp::from_millisecond(self.wall.as_millisecond()).unwrap_or(self.wall)
    }
}

/// `at + by`, at most the last instant that can be written.
pub(crate) fn later(at: Timestamp, by: Duration) -> Timestamp {
    SignedDuration::try_from(by).ok().and_then(|by| at.checked_add(by).ok()).unwrap_or(Timestamp::MAX)
}

/// How long after `from` the instant `to` is; zero when it is not after.
pub(crate) fn gap(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or(Duration::ZERO)
}
