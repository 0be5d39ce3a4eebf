//! How long one object waits before it is tried again.

use std::time::Duration;

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_mins(5);
const SLOW: Duration = Duration::from_mins(20);
/// The fewest milliseconds between two tries: full jitter may draw zero, and zero is a hot loop.
const LEAST_MILLIS: u64 = 50;

/// The retries of one object: exponential from 1 s to 5 min, with full jitter so that objects that failed together do not
/// come back together. A new generation starts over, because the user may just have fixed the cause.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backoff {
    tries: u32,
    generation: i64,
}

impl Backoff {
    /// Counts a failure of `generation` and says how long to wait: at least 50 ms, at most min(1 s × 2ⁿ, 5 min).
    /// `roll` is a random share of that ceiling, 0 to 1; values outside are taken as the nearest end.
    pub fn next(&mut self, generation: i64, roll: f64) -> Duration {
        if generation != self.generation {
            *self = Self { tries: 0, generation };
        }
        let ceiling = FIRST.saturating_mul(2_u32.saturating_pow(self.tries)).min(LONGEST);
        self.tries = self.tries.saturating_add(1);
        share(ceiling, roll)
    }

    /// Failures of the present generation since the last [`Backoff::reset`].
    #[must_use]
    pub fn tries(&self) -> u32 {
        self.tries
    }

    /// Forgets the failures. Called after a success.
    pub fn reset(&mut self) {
        self.tries = 0;
    }
}

/// When to look again at what only a person can fix: 10 to 20 minutes, spread by `roll` (0 to 1). The remote side may
/// have been repaired without any event reaching us.
#[must_use]
pub fn slow_retry(roll: f64) -> Duration {
    SLOW / 2 + share(SLOW / 2, roll)
}

fn share(ceiling: Duration, roll: f64) -> Duration {
    let roll = if roll.is_finite() { roll.clamp(0.0, 1.0) } else { 1.0 };
    ceiling.mul_f64(roll).max(Duration::from_millis(LEAST_MILLIS)).min(ceiling)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_wait_stays_within_its_bounds(rolls in prop::collection::vec(any::<f64>(), 1..80)) {
            let mut backoff = Backoff::default();
            for (tried, roll) in rolls.into_iter().enumerate() {
                let wait = backoff.next(1, roll);
                let ceiling = Duration::from_secs(1 << tried.min(20)).min(LONGEST);
                prop_assert!(wait >= Duration::from_millis(50) && wait <= ceiling, "{wait:?} of {ceiling:?}");
            }
        }

        #[test]
        fn a_slow_retry_takes_ten_to_twenty_minutes(roll in any::<f64>()) {
            let wait = slow_retry(roll);
            prop_assert!(wait >= SLOW / 2 && wait <= SLOW, "{wait:?}");
        }
    }

    #[test]
    fn a_new_generation_starts_over() {
        let mut backoff = Backoff::default();
        let waits: Vec<_> = (0..10).map(|_| backoff.next(1, 1.0).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300]);
        assert_eq!(backoff.next(2, 1.0).as_secs(), 1);
        assert_eq!(backoff.next(2, 1.0).as_secs(), 2);
        backoff.reset();
        assert_eq!(backoff.next(2, 1.0).as_secs(), 1);
    }
}
