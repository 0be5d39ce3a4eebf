//! What calls cost, by stated prices, and how many more may be placed before a bound of money could be passed.
//!
//! Promises that calls under way count for as long as they may last, so that the bound holds whatever becomes of them.
//! Does not know what Telnyx charges: prices are what somebody has written down.

use std::fmt;
use std::time::Duration;

/// Money, in millionths of whatever currency prices are in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Money(u64);

/// Digits behind the point.
const PLACES: usize = 6;
const UNIT: u64 = 1_000_000;

/// The text is no amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an amount: write at most 9 digits and at most 6 behind a point, such as 12.50")]
pub struct NotMoney;

impl Money {
    /// Millionths.
    #[must_use]
    pub const fn from_millionths(millionths: u64) -> Self {
        Self(millionths)
    }

    /// Millionths.
    #[must_use]
    pub const fn millionths(self) -> u64 {
        self.0
    }

    /// As a number to reckon roughly with.
    #[must_use]
    pub fn units(self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "far below 2^53 for any campaign")]
        let millionths = self.0 as f64;
        millionths / 1e6
    }

    /// A decimal text: up to 9 digits, and up to 6 behind a point.
    ///
    /// # Errors
    /// Anything else, a sign or a space too.
    pub fn parse(text: &str) -> Result<Self, NotMoney> {
        let (whole, part) = text.split_once('.').map_or((text, None), |(whole, part)| (whole, Some(part)));
        let digits = |text: &str, most: usize| {
            (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
        };
        if !digits(whole, 9) || part.is_some_and(|part| !digits(part, PLACES)) {
            return Err(NotMoney);
        }
        let units: u64 = whole.parse().map_err(|_| NotMoney)?;
        let part: u64 = format!("{:0<PLACES$}", part.unwrap_or_default()).parse().map_err(|_| NotMoney)?;
        Ok(Self(units * UNIT + part))
    }

    fn times(self, count: u64) -> Self {
        Self(self.0.saturating_mul(count))
    }

    fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl fmt::Display for Money {
    /// With two places, or as many more as it has.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = format!("{:0PLACES$}", self.0 % UNIT);
        let (cents, rest) = part.split_at_checked(2).unwrap_or((&part, ""));
        write!(f, "{}.{cents}{}", self.0 / UNIT, rest.trim_end_matches('0'))
    }
}

/// A bound of money, and the prices that calls are counted at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CostLimit {
    /// What all calls together may cost.
    pub most: Money,
    /// What each call costs that is placed, answered or not.
    pub per_call: Money,
    /// What each begun minute of an answered call costs.
    pub per_minute: Money,
}

/// What calls have cost, and may still.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spending {
    /// For calls that were placed, and the minutes of those that have ended.
    pub spent: Money,
    /// At most, for the minutes of calls under way.
    pub reserved: Money,
}

/// What is counted of a campaign's calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Placed {
    /// All of them, those under way among them.
    pub(crate) calls: u64,
    /// Begun minutes of those that have ended.
    pub(crate) minutes: u64,
    /// Those of them that are under way, or of which nobody knows whether they are.
    pub(crate) under_way: u64,
}

impl CostLimit {
    /// What was placed has cost, and may still; `longest`: how long a call may last, its ringing included.
    pub(crate) fn spending(&self, placed: Placed, longest: Duration) -> Spending {
        Spending {
            spent: self.per_call.times(placed.calls).plus(self.per_minute.times(placed.minutes)),
            reserved: self.longest(longest).times(placed.under_way),
        }
    }

    /// How many more calls may be placed, though each of them and of those under way may last so long.
    pub(crate) fn calls_left(&self, placed: Placed, longest: Duration) -> u32 {
        let Spending { spent, reserved } = self.spending(placed, longest);
        let left = self.most.0.saturating_sub(spent.plus(reserved).0);
        let each = self.per_call.plus(self.longest(longest)).0;
        left.checked_div(each).map_or(u32::MAX, |calls| u32::try_from(calls).unwrap_or(u32::MAX))
    }

    fn longest(&self, longest: Duration) -> Money {
        self.per_minute.times(begun_minutes(longest))
    }
}

/// Minutes that have begun by then.
pub(crate) fn begun_minutes(lasted: Duration) -> u64 {
    lasted.as_millis().div_ceil(60_000).try_into().unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn amounts_are_read_and_written() {
        for (text, millionths, shown) in [
            ("0", 0, "0.00"),
            ("12.5", 12_500_000, "12.50"),
            ("0.0065", 6500, "0.0065"),
            ("999999999.999999", 999_999_999_999_999, "999999999.999999"),
            ("007.10", 7_100_000, "7.10"),
        ] {
            let money = Money::parse(text).unwrap();
            assert_eq!((money.millionths(), money.to_string().as_str()), (millionths, shown), "{text}");
        }
        for bad in ["", ".", "1.", ".5", "-1", "+1", "1,5", "1e3", " 1", "1.0000001", "1000000000", "1.2.3", "٣"] {
            assert_eq!(Money::parse(bad), Err(NotMoney), "{bad}");
        }
    }

    #[test]
    fn a_minute_counts_from_its_begin() {
        let minutes = |millis| begun_minutes(Duration::from_millis(millis));
        assert_eq!([0, 1, 999, 60_000, 60_001, 120_000].map(minutes), [0, 1, 1, 1, 2, 2]);
    }

    #[test]
    fn calls_under_way_count_for_as_long_as_they_may_last() {
        let money = |text| Money::parse(text).unwrap();
        let limit = CostLimit { most: money("10"), per_call: money("0.5"), per_minute: money("0.1") };
        let longest = Duration::from_mins(10);
        assert_eq!(limit.calls_left(Placed::default(), longest), 6);
        let placed = Placed { calls: 6, minutes: 0, under_way: 6 };
        let spending = limit.spending(placed, longest);
        assert_eq!((spending.spent, spending.reserved), (money("3"), money("6")));
        assert_eq!(limit.calls_left(placed, longest), 0);
        let ended = Placed { minutes: 6, under_way: 0, ..placed };
        assert_eq!(limit.calls_left(ended, longest), 4, "they were shorter than they might have been");
        let free = CostLimit { per_call: Money::default(), per_minute: Money::default(), ..limit };
        assert_eq!(free.calls_left(placed, longest), u32::MAX);
    }

    proptest! {
        #[test]
        fn whatever_becomes_of_the_calls_the_bound_holds(
            prices in (0..2_000_000u64, 0..500_000u64, 1..100_000_000u64),
            longest in 1..3600u64,
            lasted in prop::collection::vec(0..3600u64, 1..200),
        ) {
            let (per_call, per_minute, most) = prices;
            let [per_call, per_minute, most] = [per_call, per_minute, most].map(Money::from_millionths);
            let limit = CostLimit { most, per_call, per_minute };
            let (longest, mut placed) = (Duration::from_secs(longest), Placed::default());
            for lasts in lasted {
                let batch = u64::from(limit.calls_left(placed, longest).min(5));
                placed.calls += batch;
                placed.under_way += batch;
                let Spending { spent, reserved } = limit.spending(placed, longest);
                prop_assert!(spent.plus(reserved) <= most || batch == 0);
                if placed.under_way > 0 {
                    placed.under_way -= 1;
                    placed.minutes += begun_minutes(Duration::from_secs(lasts).min(longest));
                }
                prop_assert!(limit.spending(placed, longest).spent <= most);
            }
        }
    }
}
