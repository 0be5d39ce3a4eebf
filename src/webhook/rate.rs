//! A bound on deliveries per second, asked before any work is done for one.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A token bucket: `per_second` on average, that many at once after a quiet second.
#[derive(Debug)]
pub(super) struct Rate {
    per_second: u32,
    bucket: Mutex<Bucket>,
}

#[derive(Debug)]
struct Bucket {
    tokens: f64,
    filled: Instant,
}

impl Rate {
    pub(super) fn new(per_second: u32, now: Instant) -> Self {
        Self { per_second, bucket: Mutex::new(Bucket { tokens: f64::from(per_second), filled: now }) }
    }

    /// Whether one more may be handled now.
    pub(super) fn admits(&self, now: Instant) -> bool {
        let rate = f64::from(self.per_second);
        let mut bucket = self.bucket.lock().unwrap_or_else(PoisonError::into_inner);
        let passed: Duration = now.saturating_duration_since(bucket.filled);
        bucket.tokens = (bucket.tokens + passed.as_secs_f64() * rate).min(rate);
        bucket.filled = bucket.filled.max(now);
        let admitted = bucket.tokens >= 1.0;
        if admitted {
            bucket.tokens -= 1.0;
        }
        admitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_gets_the_rate_and_no_more_and_a_quiet_second_fills_up_once() {
        let start = Instant::now();
        let rate = Rate::new(100, start);
        let admitted =
            |from: u64, to: u64| (from..to).filter(|ms| rate.admits(start + Duration::from_millis(*ms))).count();
        assert_eq!((0..1000).filter(|_| rate.admits(start)).count(), 100);
        assert_eq!(admitted(0, 1000), 99);
        assert!((0..1000).filter(|_| rate.admits(start + Duration::from_mins(1))).count() == 100);
        assert!(!rate.admits(start), "a clock reading from before gives nothing");
    }
}
