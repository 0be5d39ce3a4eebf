//! Simulated time made of real time.
//!
//! simulated = start + real time since then × speed + jumps. Promises that it never goes back.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

use crate::model::Moment;

/// The clock that the whole server reads.
pub(super) struct Clock {
    started: Instant,
    start: Moment,
    speed: f64,
    jumped_micros: AtomicI64,
}

impl Clock {
    pub(super) fn start(speed: f64) -> Self {
        Self { started: Instant::now(), start: real_now(), speed, jumped_micros: AtomicI64::new(0) }
    }

    pub(super) fn now(&self) -> Moment {
        let jumped = Duration::from_micros(self.jumped_micros.load(Ordering::Acquire).unsigned_abs());
        self.start + self.started.elapsed().mul_f64(self.speed) + jumped
    }

    /// Lets `duration` of simulated time pass at once.
    pub(super) fn jump(&self, duration: Duration) {
        let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        self.jumped_micros.fetch_add(micros, Ordering::AcqRel);
    }

    /// When, without a further jump, it is `moment`.
    pub(super) fn instant_of(&self, moment: Moment) -> Instant {
        Instant::now() + moment.since(self.now()).div_f64(self.speed)
    }
}

/// The real time, which webhook signatures are checked against.
pub(super) fn real_now() -> Moment {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Moment::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
