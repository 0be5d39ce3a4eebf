//! How many dials may start: a token bucket for evenness, and the API's own window as a hard bound.
//!
//! Telnyx counts dials over the trailing 5 seconds against 5 × the limit per second (Telnyx: dials per second limit). Whether a
//! refused dial counts is not documented; here every dial that was let go counts.

use std::collections::VecDeque;
use std::time::Duration;

/// What the API looks back over.
pub const WINDOW: Duration = Duration::from_secs(5);

/// Added to the window: dials that leave 5 s apart may arrive a little closer together. 20 ms costs 0.4 % of the rate.
pub const GUARD: Duration = Duration::from_millis(20);

/// Lets dials go, never more than 5 × `limit` in any 5 seconds, and no more than a third of a second's worth at once.
///
/// Time is an argument: how long something has been running, for example since the process began. It must not go back; where it
/// does, the latest moment seen counts.
#[derive(Debug, Clone)]
pub struct DialWindow {
    per_second: u32,
    /// Tokens in the bucket at `filled_at`. Below zero after a dial to several phones.
    tokens: f64,
    filled_at: Duration,
    /// When the last dials went, oldest first; never longer than the cap.
    gone: VecDeque<Duration>,
}

impl DialWindow {
    /// `per_second`: the account's limit, from 1; 30 unless support raised it.
    #[must_use]
    pub fn new(per_second: u32) -> Self {
        let per_second = per_second.max(1);
        let mut window = Self { per_second, tokens: 0.0, filled_at: Duration::ZERO, gone: VecDeque::new() };
        window.tokens = window.burst();
        window
    }

    /// The limit per second.
    #[must_use]
    pub const fn per_second(&self) -> u32 {
        self.per_second
    }

    /// Changes the limit. Dials that have gone still count.
    pub fn set_per_second(&mut self, per_second: u32, now: Duration) {
        self.advance(now);
        self.per_second = per_second.max(1);
        self.tokens = self.tokens.min(self.burst());
    }

    /// Lets `dials` go now, or says when to ask again. More than the window holds count as a window full.
    pub fn try_dial(&mut self, now: Duration, dials: u32) -> Result<(), Duration> {
        let now = self.advance(now);
        let dials = dials.clamp(1, self.cap());
        if let Some(at) = self.blocked_until(now, dials) {
            return Err(at);
        }
        self.tokens -= f64::from(dials);
        self.gone.extend((0..dials).map(|_| now));
        Ok(())
    }

    /// When `dials` may go at the earliest; `None`: now.
    pub fn next_at(&mut self, now: Duration, dials: u32) -> Option<Duration> {
        let now = self.advance(now);
        self.blocked_until(now, dials.clamp(1, self.cap()))
    }

    /// The dials of the last 5 seconds.
    #[must_use]
    pub fn in_window(&self, now: Duration) -> usize {
        let now = now.max(self.filled_at);
        self.gone.iter().rev().take_while(|at| **at + WINDOW > now).count()
    }

    const fn cap(&self) -> u32 {
        self.per_second.saturating_mul(5)
    }

    fn burst(&self) -> f64 {
        (f64::from(self.per_second) / 3.0).max(1.0)
    }

    fn advance(&mut self, now: Duration) -> Duration {
        let now = now.max(self.filled_at);
        let passed = now.saturating_sub(self.filled_at).as_secs_f64();
        self.tokens = (self.tokens + passed * f64::from(self.per_second)).min(self.burst());
        self.filled_at = now;
        while self.gone.front().is_some_and(|at| *at + WINDOW + GUARD <= now) {
            self.gone.pop_front();
        }
        now
    }

    fn blocked_until(&self, now: Duration, dials: u32) -> Option<Duration> {
        let by_bucket = (self.tokens < 1.0).then(|| {
            // A nanosecond more, so that rounding cannot ask for the same moment again.
            now + Duration::from_secs_f64((1.0 - self.tokens) / f64::from(self.per_second)) + Duration::from_nanos(1)
        });
        let too_many = (self.gone.len() + dials as usize).saturating_sub(self.cap() as usize);
        let by_window = too_many.checked_sub(1).and_then(|index| self.gone.get(index)).map(|at| *at + WINDOW + GUARD);
        by_bucket.max(by_window)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    /// Dials as soon as it may, from `from` until `until`; the moments at which they went.
    fn dial_all(window: &mut DialWindow, from: Duration, until: Duration) -> Vec<Duration> {
        let (mut now, mut gone) = (from, Vec::new());
        while now < until {
            match window.try_dial(now, 1) {
                Ok(()) => gone.push(now),
                Err(at) => {
                    assert!(at > now, "asking again at once would spin");
                    now = at;
                }
            }
        }
        gone
    }

    fn most_in_any_window(gone: &[Duration]) -> usize {
        let in_window = |(index, end): (usize, &Duration)| {
            gone[..=index].iter().rev().take_while(|at| **at + WINDOW > *end).count()
        };
        gone.iter().enumerate().map(in_window).max().unwrap_or(0)
    }

    #[test]
    fn a_third_of_a_second_may_go_at_once() {
        let mut window = DialWindow::new(30);
        let gone = dial_all(&mut window, Duration::ZERO, ms(1));
        assert_eq!(gone.len(), 10);
    }

    #[test]
    fn the_long_run_is_within_one_percent_of_the_limit() {
        for per_second in [1, 7, 30, 100] {
            let gone = dial_all(&mut DialWindow::new(per_second), Duration::ZERO, Duration::from_mins(10));
            let rate = f64::from(u32::try_from(gone.len()).unwrap()) / 600.0;
            let error = rate / f64::from(per_second) - 1.0;
            assert!(error.abs() < 0.01, "{per_second}/s became {rate}/s");
            assert_eq!(most_in_any_window(&gone), per_second as usize * 5);
        }
    }

    #[test]
    fn a_lower_limit_holds_at_once() {
        let mut window = DialWindow::new(30);
        dial_all(&mut window, Duration::ZERO, ms(5_000));
        window.set_per_second(1, ms(5_000));
        let gone = dial_all(&mut window, ms(5_000), ms(15_000));
        // The old dials must leave the window before the first new one.
        assert!(gone[0] >= ms(9_000), "{:?}", gone[0]);
        assert!(most_in_any_window(&gone) <= 5);
    }

    #[test]
    fn time_that_goes_back_gives_nothing() {
        let mut window = DialWindow::new(3);
        assert_eq!(window.try_dial(ms(10_000), 1), Ok(()));
        assert!(window.try_dial(ms(1), 1).is_err());
        assert_eq!(window.in_window(ms(1)), 1);
    }

    #[test]
    fn a_dial_to_several_phones_counts_for_each() {
        let mut window = DialWindow::new(30);
        assert_eq!(window.try_dial(Duration::ZERO, 150), Ok(()));
        assert_eq!(window.in_window(Duration::ZERO), 150);
        let next = window.next_at(Duration::ZERO, 1).unwrap();
        assert!(next >= WINDOW, "{next:?}");
        assert_eq!(window.try_dial(next, 1), Ok(()));
    }

    proptest! {
        #[test]
        fn no_five_seconds_ever_hold_more_than_five_times_the_limit(
            per_second in 1_u32..60,
            asks in proptest::collection::vec((0_u64..400, 1_u32..6), 1..600),
        ) {
            let mut window = DialWindow::new(per_second);
            let (mut now, mut gone) = (Duration::ZERO, Vec::new());
            for (wait, phones) in asks {
                now += ms(wait);
                let expected = window.next_at(now, phones);
                let answer = window.try_dial(now, phones);
                prop_assert_eq!(answer.err(), expected);
                if answer.is_ok() {
                    gone.extend((0..phones.min(per_second * 5)).map(|_| now));
                }
                // Every window that is full ends with a dial, so it is enough to look back from each.
                let recent = gone.iter().rev().take_while(|at| **at + WINDOW > now).count();
                prop_assert!(recent <= per_second as usize * 5);
                prop_assert!(window.in_window(now) <= per_second as usize * 5);
            }
        }

        #[test]
        fn the_moment_that_is_named_is_the_right_one(
            per_second in 1_u32..60,
            asks in proptest::collection::vec((0_u64..100, 1_u32..6), 1..200),
        ) {
            let mut window = DialWindow::new(per_second);
            let mut now = Duration::ZERO;
            for (wait, phones) in asks {
                now += ms(wait);
                let mut looked = 0;
                while let Err(at) = window.try_dial(now, phones) {
                    prop_assert!(at > now);
                    now = at;
                    looked += 1;
                    prop_assert!(looked < 8, "it names one moment after the other");
                }
            }
        }
    }
}
