//! How fast dials may leave.
//!
//! Promises that no 5 seconds ever hold more dials than Telnyx allows, that a rate is held in the long run, and that a
//! refusal for lack of capacity slows down at once and recovers slowly. Does not know campaigns, nor wall clocks.

use std::collections::VecDeque;
use std::time::Duration;

use crate::handover::Handover;
use crate::spec::DialRate;

/// Telnyx sums dials over the trailing 5 s (Telnyx: dials per second limit).
pub(crate) const DIAL_WINDOW: Duration = Duration::from_secs(5);

/// One dial in the bucket's unit: nanoseconds × thousandths of a dial per second.
const ONE_DIAL: u128 = 1_000_000_000 * 1000;

/// A token bucket over a [`DialRate`], exact in whole numbers.
#[derive(Clone, Debug)]
pub(crate) struct Bucket {
    rate: DialRate,
    burst: u128,
    level: u128,
    at: Duration,
}

impl Bucket {
    /// A bucket with one dial in it that never holds more than `burst` dials.
    pub(crate) fn new(rate: DialRate, burst: u32, now: Duration) -> Self {
        let burst = u128::from(burst.max(1)) * ONE_DIAL;
        Self { rate, burst, level: ONE_DIAL, at: now }
    }

    /// Changes the rate from now on.
    pub(crate) fn set_rate(&mut self, rate: DialRate, burst: u32, now: Duration) {
        self.refill(now);
        self.rate = rate;
        self.burst = u128::from(burst.max(1)) * ONE_DIAL;
        self.level = self.level.min(self.burst);
    }

    /// The rate in force.
    pub(crate) fn rate(&self) -> DialRate {
        self.rate
    }

    fn refill(&mut self, now: Duration) {
        let passed = now.saturating_sub(self.at).as_nanos();
        self.level = (self.level + passed * u128::from(self.rate.millis())).min(self.burst);
        self.at = self.at.max(now);
    }

    /// When the next dial may leave; `None` when never.
    pub(crate) fn ready_at(&self) -> Option<Duration> {
        self.nth_ready_at(1)
    }

    /// When the `n`-th dial from now on may leave; `None` when never.
    pub(crate) fn nth_ready_at(&self, n: u32) -> Option<Duration> {
        let missing = (ONE_DIAL * u128::from(n)).saturating_sub(self.level);
        if missing == 0 {
            return Some(self.at);
        }
        let nanos = missing.checked_div(u128::from(self.rate.millis()))? + 1;
        Some(self.at + Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX)))
    }

    /// How many dials may leave by `then`.
    pub(crate) fn by(&self, then: Duration) -> u32 {
        let passed = then.saturating_sub(self.at).as_nanos();
        let level = self.level + passed * u128::from(self.rate.millis());
        u32::try_from(level / ONE_DIAL).unwrap_or(u32::MAX)
    }

    /// Takes one dial out, if there is one.
    pub(crate) fn take(&mut self, now: Duration) -> bool {
        self.refill(now);
        if self.level < ONE_DIAL {
            return false;
        }
        self.level -= ONE_DIAL;
        true
    }
}

/// What an account may dial, whoever asks.
#[derive(Debug)]
pub(crate) struct Governor {
    limit: u32,
    bucket: Bucket,
    /// When each dial of the trailing window leaves it, the oldest first.
    emitted: VecDeque<Duration>,
    /// Until then nobody knows what was dialled before.
    unknown_until: Duration,
    not_before: Duration,
    /// Share of the limit in use, in thousandths: halved by a refusal, regained slowly.
    share: u32,
    share_at: Duration,
}

const FULL_SHARE: u32 = 1000;
/// The least share, so that a recovery can be noticed.
const LEAST_SHARE: u32 = 50;
/// A dial-rate refusal stops dialing this long.
const REFUSAL_PAUSE: Duration = Duration::from_secs(1);

impl Governor {
    /// A process that starts does not know what its predecessor dialled a moment ago, so the first window stays empty, unless
    /// that is [told](Self::take_over).
    pub(crate) fn new(limit: u32, now: Duration) -> Self {
        Self {
            limit,
            bucket: Bucket::new(DialRate::per_second(limit), burst(limit), now),
            emitted: VecDeque::new(),
            unknown_until: now + DIAL_WINDOW,
            not_before: now,
            share: FULL_SHARE,
            share_at: now,
        }
    }

    /// What the next dialer of the account has to know of this one.
    pub(crate) fn handover(&self, now: Duration) -> Handover {
        let pause = self.unknown_until.max(self.not_before).saturating_sub(now);
        let ages = self.emitted.iter().filter_map(|until| DIAL_WINDOW.checked_sub(until.checked_sub(now)?));
        Handover::new(pause, ages)
    }

    /// This is what the dialer before has left, read at `now`.
    pub(crate) fn take_over(&mut self, before: &Handover, now: Duration) {
        self.unknown_until = now;
        self.pause(now, before.pause());
        for (age, count) in before.oldest_first() {
            let until = (now + DIAL_WINDOW).saturating_sub(age);
            self.emitted.extend((0..count).map(|_| until));
        }
        self.emitted.make_contiguous().sort_unstable();
    }

    /// The configured limit changed.
    pub(crate) fn set_limit(&mut self, limit: u32, now: Duration) {
        if self.limit != limit {
            self.limit = limit;
            self.apply(now);
        }
    }

    /// The rate in force.
    pub(crate) fn rate(&self) -> DialRate {
        DialRate::from_millis(self.limit.saturating_mul(self.share))
    }

    /// Dials that fit in one window: nine tenths of what Telnyx allows, because its clock is not ours.
    fn window_cap(&self) -> usize {
        let cap = u64::from(self.limit) * DIAL_WINDOW.as_secs() * 9 / 10;
        usize::try_from(cap.max(1)).unwrap_or(usize::MAX)
    }

    /// When the next dial may leave; `None` when never.
    pub(crate) fn ready_at(&self) -> Option<Duration> {
        let in_bucket = self.bucket.ready_at()?;
        let in_window = match self.emitted.len().checked_sub(self.window_cap()) {
            Some(index) => self.emitted.get(index).copied().unwrap_or_default(),
            None => Duration::ZERO,
        };
        Some(in_bucket.max(in_window).max(self.not_before).max(self.unknown_until))
    }

    /// Takes one dial, if one may leave now.
    pub(crate) fn take(&mut self, now: Duration) -> bool {
        self.recover(now);
        while self.emitted.front().is_some_and(|until| *until <= now) {
            self.emitted.pop_front();
        }
        if self.is_paused(now) || self.emitted.len() >= self.window_cap() || !self.bucket.take(now) {
            return false;
        }
        self.emitted.push_back(now + DIAL_WINDOW);
        true
    }

    /// 429 with 90103: dialing too fast. Halves the rate once per pause, however many dials were in the air.
    pub(crate) fn dialled_too_fast(&mut self, now: Duration) {
        if now >= self.not_before {
            self.share = (self.share / 2).max(LEAST_SHARE);
            self.share_at = now;
            self.apply(now);
        }
        self.pause(now, REFUSAL_PAUSE);
    }

    /// Nothing leaves for this long.
    pub(crate) fn pause(&mut self, now: Duration, how_long: Duration) {
        self.not_before = self.not_before.max(now + how_long);
    }

    /// Whether dialing is stopped.
    pub(crate) fn is_paused(&self, now: Duration) -> bool {
        now < self.not_before.max(self.unknown_until)
    }

    /// Gives back a twentieth of the limit for every 5 s.
    fn recover(&mut self, now: Duration) {
        let steps = now.saturating_sub(self.share_at).as_secs() / 5;
        if self.share == FULL_SHARE || steps == 0 {
            return;
        }
        let regained = u32::try_from(steps).unwrap_or(u32::MAX).saturating_mul(FULL_SHARE / 20);
        self.share = self.share.saturating_add(regained).min(FULL_SHARE);
        self.share_at += Duration::from_secs(steps * 5);
        self.apply(now);
    }

    fn apply(&mut self, now: Duration) {
        self.bucket.set_rate(self.rate(), burst(self.limit), now);
    }
}

/// A third of a second's dials at once: enough to catch up after a pause, little enough to leave room for others.
fn burst(limit: u32) -> u32 {
    (limit / 3).max(1)
}

/// A channel limit that Telnyx enforces and nobody told us.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LearnedCap(Option<(u32, Duration)>);

/// A clean minute gives one channel back.
const CLEAN: Duration = Duration::from_mins(1);

impl LearnedCap {
    /// Refused with `in_flight` calls besides the refused one.
    pub(crate) fn refused(&mut self, in_flight: u32, now: Duration) {
        let known = self.get(now).unwrap_or(u32::MAX);
        self.0 = Some((in_flight.min(known).max(1), now));
    }

    /// How many calls at once, as far as is known.
    pub(crate) fn get(self, now: Duration) -> Option<u32> {
        let (cap, at) = self.0?;
        let minutes = now.saturating_sub(at).as_secs() / CLEAN.as_secs();
        Some(cap.saturating_add(u32::try_from(minutes).unwrap_or(u32::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn emit_all(governor: &mut Governor, mut now: Duration, until: Duration) -> Vec<Duration> {
        let mut times = Vec::new();
        while let Some(at) = governor.ready_at().filter(|at| *at < until) {
            now = now.max(at);
            if governor.take(now) {
                times.push(now);
            }
        }
        times
    }

    fn most_in_any_window(times: &[Duration]) -> usize {
        times
            .iter()
            .map(|start| times.iter().filter(|t| *t >= start && **t < *start + DIAL_WINDOW).count())
            .max()
            .unwrap()
    }

    #[test]
    fn a_rate_is_held_in_the_long_run() {
        for (millis, seconds, expected) in
            [(30_000, 600, 18_000), (500, 600, 300), (1_000_000, 10, 10_000), (333, 1000, 333)]
        {
            let mut bucket = Bucket::new(DialRate::from_millis(millis), 2, Duration::ZERO);
            let mut dials = 0;
            let mut now = Duration::ZERO;
            while let Some(at) = bucket.ready_at().filter(|at| *at < Duration::from_secs(seconds)) {
                now = now.max(at);
                dials += u64::from(bucket.take(now));
            }
            assert!(dials.abs_diff(expected) <= 2, "{millis}: {dials}, not {expected}");
        }
    }

    #[test]
    fn a_rate_of_zero_never_dials_again() {
        let mut bucket = Bucket::new(DialRate::from_millis(0), 1, Duration::ZERO);
        assert!(bucket.take(Duration::ZERO));
        assert_eq!(bucket.ready_at(), None);
    }

    #[test]
    fn the_first_window_after_a_start_stays_empty() {
        let mut governor = Governor::new(30, Duration::from_secs(100));
        assert!(!governor.take(Duration::from_millis(104_999)));
        assert!(governor.take(Duration::from_secs(105)));
    }

    #[test]
    fn who_is_told_of_the_dials_before_begins_at_once_where_there_is_room() {
        let mut before = Governor::new(30, Duration::ZERO);
        let now = Duration::from_mins(1);
        assert!(before.take(now));
        let mut next = Governor::new(30, Duration::from_secs(3));
        next.take_over(&before.handover(now), Duration::from_secs(3));
        assert!(!next.is_paused(Duration::from_secs(3)) && next.take(Duration::from_secs(3)));
    }

    #[test]
    fn who_takes_over_from_one_that_was_told_nothing_waits_for_as_long_as_that_one_would_have() {
        let before = Governor::new(30, Duration::ZERO);
        let mut next = Governor::new(30, Duration::from_secs(100));
        next.take_over(&before.handover(Duration::from_secs(2)), Duration::from_secs(100));
        assert!(!next.take(Duration::from_millis(102_999)));
        assert!(next.take(Duration::from_secs(103)));
    }

    #[test]
    fn a_refusal_halves_once_and_recovers() {
        let mut governor = Governor::new(40, Duration::ZERO);
        let start = Duration::from_secs(10);
        for late in 0..5 {
            governor.dialled_too_fast(start + Duration::from_millis(late));
        }
        assert_eq!(governor.rate(), DialRate::per_second(20));
        assert!(!governor.take(start + Duration::from_millis(900)));
        assert!(governor.take(start + Duration::from_mins(1)));
        assert_eq!(governor.rate(), DialRate::per_second(40));
    }

    #[test]
    fn a_learned_cap_opens_by_one_each_clean_minute() {
        let mut cap = LearnedCap::default();
        assert_eq!(cap.get(Duration::ZERO), None);
        cap.refused(9, Duration::from_secs(5));
        cap.refused(7, Duration::from_secs(6));
        assert_eq!(cap.get(Duration::from_secs(65)), Some(7));
        assert_eq!(cap.get(Duration::from_secs(126)), Some(9));
    }

    proptest! {
        #[test]
        fn no_window_holds_more_than_nine_tenths(limit in 1..60u32, refusals in prop::collection::vec(0..30_000u64, 0..4)) {
            let mut governor = Governor::new(limit, Duration::ZERO);
            let mut times = Vec::new();
            let mut now = Duration::ZERO;
            let mut refusals = refusals;
            refusals.sort_unstable();
            for at in refusals.into_iter().chain([30_000]).map(Duration::from_millis) {
                times.extend(emit_all(&mut governor, now, at));
                now = at;
                governor.dialled_too_fast(at);
            }
            if !times.is_empty() {
                prop_assert!(most_in_any_window(&times) <= (limit as usize * 5 * 9 / 10).max(1));
            }
        }

        /// One dialer after the other, each with a clock of its own and what the one before has left, read some time after it was
        /// written. All dial as fast as they may.
        #[test]
        fn no_window_over_several_owners_holds_more_than_nine_tenths(
            limit in 1..60u32,
            owners in prop::collection::vec((0..12_000u64, 0..2_000u64, 0..100_000u64), 1..6),
        ) {
            let (mut world, mut times) = (Duration::ZERO, Vec::new());
            let mut left: Option<String> = None;
            for (acts_for, gap, clock) in owners {
                // What the owner's clock reads when the world's reads zero.
                let clock = Duration::from_millis(clock);
                let begins = world + clock;
                let mut governor = Governor::new(limit, begins);
                if let Some(left) = &left {
                    governor.take_over(&left.parse().unwrap(), begins);
                }
                let ends = begins + Duration::from_millis(acts_for);
                times.extend(emit_all(&mut governor, begins, ends).into_iter().map(|at| at.saturating_sub(clock)));
                left = Some(governor.handover(ends).to_string());
                world = ends.saturating_sub(clock) + Duration::from_millis(gap);
            }
            if !times.is_empty() {
                prop_assert!(most_in_any_window(&times) <= (limit as usize * 5 * 9 / 10).max(1));
            }
        }
    }
}
