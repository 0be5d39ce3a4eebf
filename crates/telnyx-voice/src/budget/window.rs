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
