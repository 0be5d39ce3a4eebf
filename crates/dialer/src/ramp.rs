//! How a campaign's rate rises from a start that nobody can regret.
//!
//! Promises that the rate never exceeds the campaign's, that it rises only while calls end well, and that any sign of
//! trouble halves it. Does not know when a campaign starts anew.

use std::time::Duration;

use crate::spec::{DialRate, Ramp};

/// Of a hundred results in one step, so many may be trouble before the rate stays where it is.
const TROUBLE_PERCENT: u32 = 10;

/// The rate in force.
#[derive(Clone, Debug)]
pub(crate) struct RampUp {
    rate: DialRate,
    since: Duration,
    dialled: u32,
    good: u32,
    trouble: u32,
}

impl RampUp {
    pub(crate) fn new(now: Duration) -> Self {
        Self { rate: DialRate::from_millis(0), since: now, dialled: 0, good: 0, trouble: 0 }
    }

    /// Begins again at the bottom.
    pub(crate) fn restart(&mut self, now: Duration) {
        *self = Self::new(now);
    }

    /// A call was started.
    pub(crate) fn dialled(&mut self) {
        self.dialled = self.dialled.saturating_add(1);
    }

    /// A call ended.
    pub(crate) fn ended(&mut self, trouble: bool) {
        let count = if trouble { &mut self.trouble } else { &mut self.good };
        *count = count.saturating_add(1);
    }

    /// Half the rate, and up again from there.
    pub(crate) fn halve(&mut self, now: Duration) {
        *self = Self { rate: DialRate::from_millis(self.rate.millis() / 2), ..Self::new(now) };
    }

    /// The rate at `now`, towards `target`.
    pub(crate) fn rate(&mut self, ramp: Option<&Ramp>, target: DialRate, now: Duration) -> DialRate {
        let Some(ramp) = ramp else { return target };
        let least = ramp.from.min(target).max(DialRate::from_millis(1));
        self.rate = self.rate.clamp(least, target.max(least));
        if now < self.since + ramp.every {
            return self.rate;
        }
        let ended = self.good.saturating_add(self.trouble);
        let calm = self.trouble.saturating_mul(100) <= ended.saturating_mul(TROUBLE_PERCENT);
        let step = self.rate.millis().saturating_mul(ramp.step_percent) / 100;
        // A step in which nothing was dialled says nothing.
        let rises = if calm && self.dialled > 0 { step.max(1) } else { 0 };
        let rate = DialRate::from_millis(self.rate.millis().saturating_add(rises)).min(target);
        *self = Self { rate, ..Self::new(now) };
        rate
    }

    /// When the rate may rise next; `None` when it has risen to `target`.
    pub(crate) fn next_step(&self, ramp: Option<&Ramp>, target: DialRate) -> Option<Duration> {
        let ramp = ramp.filter(|_| self.rate < target)?;
        Some(self.since + ramp.every)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);
    const RAMP: Ramp = Ramp { from: DialRate::per_second(1), step_percent: 50, every: MINUTE };
    const TARGET: DialRate = DialRate::per_second(4);

    /// Rates in thousandths after each minute, in which one call was dialled and these ended.
    fn climb(ramp: &mut RampUp, minutes: std::ops::Range<u32>, good: u32, trouble: u32) -> Vec<u32> {
        minutes
            .map(|minute| {
                let rate = ramp.rate(Some(&RAMP), TARGET, MINUTE * minute).millis();
                ramp.dialled();
                (0..good).for_each(|_| ramp.ended(false));
                (0..trouble).for_each(|_| ramp.ended(true));
                rate
            })
            .collect()
    }

    #[test]
    fn the_rate_rises_step_by_step_to_the_target() {
        let mut ramp = RampUp::new(Duration::ZERO);
        assert_eq!(climb(&mut ramp, 0..6, 9, 1), [1000, 1500, 2250, 3375, 4000, 4000]);
        assert_eq!(ramp.next_step(Some(&RAMP), TARGET), None);
        ramp.restart(MINUTE * 9);
        assert_eq!(climb(&mut ramp, 9..11, 9, 0), [1000, 1500]);
    }

    #[test]
    fn trouble_holds_it_and_a_refusal_halves_it() {
        let mut ramp = RampUp::new(Duration::ZERO);
        assert_eq!(climb(&mut ramp, 0..3, 8, 1), [1000, 1000, 1000]);
        assert_eq!(climb(&mut ramp, 3..6, 9, 0), [1000, 1500, 2250]);
        ramp.halve(MINUTE * 6);
        assert_eq!(climb(&mut ramp, 6..8, 9, 0), [1125, 1687]);
    }

    #[test]
    fn without_a_ramp_the_rate_is_the_target_and_an_idle_minute_is_no_proof() {
        let mut ramp = RampUp::new(Duration::ZERO);
        assert_eq!(ramp.rate(None, TARGET, Duration::ZERO), TARGET);
        assert_eq!(ramp.rate(Some(&RAMP), TARGET, MINUTE * 60), RAMP.from);
    }

    proptest! {
        #[test]
        fn the_rate_is_never_above_the_target_and_never_nothing(
            steps in prop::collection::vec((0..3u8, 0..100u64), 1..60),
            target in 1..100_000u32,
        ) {
            let (mut ramp, target) = (RampUp::new(Duration::ZERO), DialRate::from_millis(target));
            let mut now = Duration::ZERO;
            for (what, seconds) in steps {
                now += Duration::from_secs(seconds);
                match what {
                    0 => ramp.halve(now),
                    1 => ramp.restart(now),
                    _ => ramp.dialled(),
                }
                let rate = ramp.rate(Some(&RAMP), target, now);
                prop_assert!(rate <= target && rate.millis() > 0);
            }
        }
    }
}
