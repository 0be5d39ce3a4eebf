//! What calls cost, by a made-up tariff, and what each profile has spent today.
//!
//! Promises that a day ends at 00:00 UTC (Telnyx: "Outbound voice profiles"). Does not know who may spend how much.

use std::collections::HashMap;
use std::fmt;
use std::ops::{Add, Mul};
use std::sync::Arc;

use super::moment::Moment;

/// An amount of money in thousandths of a dollar.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Mills(u64);

/// What a started minute costs.
pub(crate) const RATE: Mills = Mills(5);

impl Mills {
    /// Reads dollars such as `10.50`; `None` when it is no amount. Smaller parts than a thousandth are cut off.
    pub(crate) fn parse(dollars: &str) -> Option<Self> {
        let (whole, part) = dollars.split_once('.').unwrap_or((dollars, ""));
        let digits: String = part.chars().chain("000".chars()).take(3).collect();
        let (whole, part) = (whole.parse::<u64>().ok()?, digits.parse::<u64>().ok()?);
        Some(Self(whole.checked_mul(1000)?.checked_add(part)?))
    }

    /// As a number of dollars, for comparison with one.
    pub(crate) fn dollars(self) -> f64 {
        f64::from(u32::try_from(self.0).unwrap_or(u32::MAX)) / 1000.0
    }
}

impl Add for Mills {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Mul<u64> for Mills {
    type Output = Self;

    fn mul(self, times: u64) -> Self {
        Self(self.0.saturating_mul(times))
    }
}

impl fmt::Display for Mills {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03}", self.0 / 1000, self.0 % 1000)
    }
}

/// What each profile has spent on the latest day on which it spent anything.
#[derive(Default)]
pub(crate) struct Spending {
    by_profile: HashMap<Arc<str>, (i64, Mills)>,
}

impl Spending {
    pub(crate) fn add(&mut self, now: Moment, profile: &Arc<str>, cost: Mills) {
        let spent = self.today(now, profile) + cost;
        self.by_profile.insert(Arc::clone(profile), (day(now), spent));
    }

    pub(crate) fn today(&self, now: Moment, profile: &str) -> Mills {
        self.by_profile.get(profile).filter(|(on, _)| *on == day(now)).map(|(_, spent)| *spent).unwrap_or_default()
    }
}

fn day(now: Moment) -> i64 {
    now.seconds().div_euclid(86_400)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn amounts_are_read_and_written_as_dollars() {
        for (text, shown) in [
            ("10", Some("10.000")),
            ("0.5", Some("0.500")),
            ("1.2345", Some("1.234")),
            ("", None),
            ("-1", None),
            ("a", None),
        ] {
            assert_eq!(Mills::parse(text).map(|amount| amount.to_string()).as_deref(), shown, "{text}");
        }
    }

    #[test]
    fn what_was_spent_is_forgotten_at_midnight() {
        let mut spending = Spending::default();
        let profile: Arc<str> = Arc::from("p");
        let evening = Moment::from_micros(0) + Duration::from_secs(86_399);
        spending.add(evening, &profile, RATE * 3);
        spending.add(evening, &profile, RATE);
        assert_eq!(spending.today(evening, "p"), RATE * 4);
        assert_eq!(spending.today(evening + Duration::from_secs(1), "p"), Mills::default());
    }
}
