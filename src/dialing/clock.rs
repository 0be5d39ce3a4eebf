//! Both clocks, read together, once per event.

use std::time::Duration;

use dialer::Now;
use jiff::Timestamp;
use tokio::time::Instant;

/// Reads the clocks. `up` counts from when this was made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    origin: Instant,
}

impl Clock {
    pub(super) fn start() -> Self {
        Self { origin: Instant::now() }
    }

    pub(super) fn now(self) -> Now {
        Now { wall: Timestamp::now(), up: self.origin.elapsed() }
    }

    /// When `up` will read this much.
    pub(super) fn at(self, up: Duration) -> Instant {
        self.origin + up
    }
}
