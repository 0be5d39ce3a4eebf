//! What the API's headers say is left, and the pause after it said too much.

use std::time::Duration;

use crate::error::RateLimit;

/// A pause where a 429 names no reset, and the length of a window where the headers name none.
pub(super) const DEFAULT_RESET: Duration = Duration::from_secs(1);

/// The request quota of an account, as far as it is known.
#[derive(Debug, Clone, Default)]
pub(super) struct Quota {
    window: Option<Window>,
    paused_until: Duration,
}

#[derive(Debug, Clone)]
struct Window {
    limit: Option<u32>,
    remaining: u32,
    ends_at: Duration,
}

/// What a request may do as far as the quota goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Allowance {
    /// All may go.
    All,
    /// Little is left: commands on live calls only, until then.
    LiveOnly(Duration),
    /// Nothing may go until then.
    Nobody(Duration),
}

impl Quota {
    pub(super) fn allowance(&mut self, now: Duration) -> Allowance {
        if self.paused_until > now {
            return Allowance::Nobody(self.paused_until);
        }
        if self.window.as_ref().is_some_and(|window| window.ends_at <= now) {
            self.window = None;
        }
        match &self.window {
            Some(window) if window.remaining == 0 => Allowance::Nobody(window.ends_at),
            Some(window) if window.remaining <= window.reserve() => Allowance::LiveOnly(window.ends_at),
            Some(_) | None => Allowance::All,
        }
    }

    /// A request goes.
    pub(super) fn spend(&mut self) {
        if let Some(window) = &mut self.window {
            window.remaining = window.remaining.saturating_sub(1);
        }
    }

    /// An answer came, with these headers, while `in_flight` further requests were still out.
    ///
    /// Answers overtake each other: within a window the lowest count is true, and a later end is a new window.
    pub(super) fn learn(&mut self, now: Duration, rate: RateLimit, in_flight: u32) {
        let Some(remaining) = rate.remaining else { return };
        let ends_at = now + rate.reset.unwrap_or(DEFAULT_RESET);
        let remaining = remaining.saturating_sub(in_flight);
        // Headers count whole seconds, so the same window may seem to end up to a second later.
        let same = self.window.as_ref().filter(|known| known.ends_at > now && ends_at < known.ends_at + DEFAULT_RESET);
        let (remaining, ends_at) = match same {
            Some(known) => (remaining.min(known.remaining), known.ends_at.min(ends_at)),
            None => (remaining, ends_at),
        };
        let limit = rate.limit.or(self.window.as_ref().and_then(|known| known.limit));
        self.window = Some(Window { limit, remaining, ends_at });
    }

    /// The API said 429, too many requests. `jitter` 0 to 1 adds up to a fifth, so that processes do not return together.
    pub(super) fn refused(&mut self, now: Duration, reset: Option<Duration>, jitter: f64) {
        let pause = reset.filter(|reset| !reset.is_zero()).unwrap_or(DEFAULT_RESET);
        let pause = pause.mul_f64(1.0 + 0.2 * jitter.clamp(0.0, 1.0));
        self.paused_until = self.paused_until.max(now + pause);
        self.window = None;
    }

    pub(super) fn remaining(&self, now: Duration) -> Option<u32> {
        self.window.as_ref().filter(|window| window.ends_at > now).map(|window| window.remaining)
    }

    pub(super) fn limit(&self) -> Option<u32> {
        self.window.as_ref().and_then(|window| window.limit)
    }

    pub(super) fn paused_for(&self, now: Duration) -> Option<Duration> {
        self.paused_until.checked_sub(now).filter(|pause| !pause.is_zero())
    }
}

impl Window {
    /// What is kept for live calls: a tenth of the quota, where the quota is known.
    fn reserve(&self) -> u32 {
        self.limit.map_or(1, |limit| limit / 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn said(limit: u32, remaining: u32, reset: u64) -> RateLimit {
        RateLimit { limit: Some(limit), remaining: Some(remaining), reset: Some(secs(reset)) }
    }

    #[test]
    fn without_headers_all_may_go() {
        let mut quota = Quota::default();
        quota.learn(secs(0), RateLimit::default(), 5);
        assert_eq!(quota.allowance(secs(0)), Allowance::All);
        assert_eq!(quota.remaining(secs(0)), None);
    }

    #[test]
    fn the_last_tenth_is_for_live_calls_and_an_empty_window_for_nobody() {
        let mut quota = Quota::default();
        quota.learn(secs(0), said(100, 12, 30), 0);
        assert_eq!(quota.allowance(secs(0)), Allowance::All);
        quota.spend();
        quota.spend();
        assert_eq!(quota.allowance(secs(0)), Allowance::LiveOnly(secs(30)));
        (0..10).for_each(|_| quota.spend());
        assert_eq!(quota.allowance(secs(0)), Allowance::Nobody(secs(30)));
        assert_eq!(quota.allowance(secs(30)), Allowance::All);
    }

    #[test]
    fn requests_that_are_still_out_are_counted_as_spent() {
        let mut quota = Quota::default();
        quota.learn(secs(0), said(100, 50, 30), 20);
        assert_eq!(quota.remaining(secs(0)), Some(30));
    }

    #[test]
    fn an_answer_that_was_overtaken_does_not_give_back_what_is_spent() {
        let mut quota = Quota::default();
        quota.learn(secs(0), said(100, 40, 30), 0);
        quota.learn(secs(0), said(100, 45, 30), 0);
        assert_eq!(quota.remaining(secs(0)), Some(40));
    }

    #[test]
    fn a_later_end_is_a_new_window() {
        let mut quota = Quota::default();
        quota.learn(secs(0), said(100, 3, 2), 0);
        quota.learn(secs(1), said(100, 99, 60), 0);
        assert_eq!(quota.remaining(secs(1)), Some(99));
        assert_eq!(quota.limit(), Some(100));
    }

    #[test]
    fn a_refusal_pauses_until_the_reset_and_up_to_a_fifth_more() {
        for (reset, jitter, until) in [(Some(10), 0.0, 10), (Some(10), 1.0, 12), (None, 0.0, 1), (Some(0), 0.0, 1)] {
            let mut quota = Quota::default();
            quota.refused(secs(0), reset.map(secs), jitter);
            assert_eq!(quota.allowance(secs(0)), Allowance::Nobody(secs(until)));
            assert_eq!(quota.allowance(secs(until)), Allowance::All);
        }
    }

    #[test]
    fn a_second_refusal_does_not_shorten_the_pause() {
        let mut quota = Quota::default();
        quota.refused(secs(0), Some(secs(10)), 0.0);
        quota.refused(secs(1), Some(secs(1)), 0.0);
        assert_eq!(quota.paused_for(secs(1)), Some(secs(9)));
    }
}
