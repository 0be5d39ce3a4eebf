//! What a dialer leaves to the next of its account, so that both together dial no faster than one may.
//!
//! Promises to be on the safe side: ages are rounded down, and count from when they are read, so that a dial is never taken for older
//! than it is. Holds nothing of a person, and is small enough for an annotation.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::pacing::DIAL_WINDOW;

/// How exactly ages are told. A tenth of a second of five is what a governor keeps in reserve at most.
const STEP: Duration = Duration::from_millis(100);
/// The longest pause that is believed. Telnyx's request limits are by the minute.
const LONGEST_PAUSE: Duration = Duration::from_mins(10);
/// The most dials that are believed to have left in one step: a thousand a second would be a hundred.
const MOST: u32 = 10_000;

/// Dials within the last five seconds, by how long ago, and for how long nothing may leave.
///
/// As text: milliseconds of the pause, then for each step its age in milliseconds and how many dials, as in `0 300*2 1200*1`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Handover {
    pause: Duration,
    dials: BTreeMap<Duration, u32>,
}

/// The text is not what a dialer has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a pause and ages of dials")]
pub struct NotAHandover;

impl Handover {
    /// Nothing may leave for this long, and a dial left at each of these ages.
    pub(crate) fn new(pause: Duration, ages: impl Iterator<Item = Duration>) -> Self {
        let mut handover = Self { pause, dials: BTreeMap::new() };
        for age in ages {
            handover.add(age, 1);
        }
        handover
    }

    fn add(&mut self, age: Duration, count: u32) {
        if age < DIAL_WINDOW {
            let steps = u32::try_from(age.as_millis() / STEP.as_millis()).unwrap_or(u32::MAX);
            let dials = self.dials.entry(STEP * steps).or_default();
            *dials = dials.saturating_add(count);
        }
    }

    /// The same, read so much later.
    #[must_use]
    pub fn aged(&self, by: Duration) -> Self {
        let mut aged = Self { pause: self.pause.saturating_sub(by), dials: BTreeMap::new() };
        for (age, count) in &self.dials {
            aged.add(*age + by, *count);
        }
        aged
    }

    /// How long nothing may leave.
    pub(crate) fn pause(&self) -> Duration {
        self.pause
    }

    /// Ages and how many dials, the oldest first.
    pub(crate) fn oldest_first(&self) -> impl Iterator<Item = (Duration, u32)> {
        self.dials.iter().rev().map(|(age, count)| (*age, *count))
    }
}

impl fmt::Display for Handover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Up to the next whole one.
        write!(f, "{}", self.pause.as_nanos().div_ceil(1_000_000))?;
        self.dials.iter().try_for_each(|(age, count)| write!(f, " {}*{count}", age.as_millis()))
    }
}

impl FromStr for Handover {
    type Err = NotAHandover;

    fn from_str(text: &str) -> Result<Self, NotAHandover> {
        let millis = |text: &str| text.parse().map(Duration::from_millis).map_err(|_| NotAHandover);
        let mut words = text.split(' ');
        let pause = millis(words.next().unwrap_or_default())?;
        let mut handover = Self { pause, dials: BTreeMap::new() };
        for word in words {
            let (age, count) = word.split_once('*').ok_or(NotAHandover)?;
            let (age, count) = (millis(age)?, count.parse().map_err(|_| NotAHandover)?);
            if age >= DIAL_WINDOW || count > MOST {
                return Err(NotAHandover);
            }
            handover.add(age, count);
        }
        if pause > LONGEST_PAUSE || handover.dials.values().any(|count| *count > MOST) {
            return Err(NotAHandover);
        }
        Ok(handover)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(pause: u64, ages: &[u64]) -> Handover {
        Handover::new(Duration::from_millis(pause), ages.iter().copied().map(Duration::from_millis))
    }

    #[test]
    fn ages_are_rounded_down_and_grow_until_they_do_not_count() {
        let left = of(250, &[0, 399, 301, 1_250, 4_999, 5_000]);
        assert_eq!(left.to_string(), "250 0*1 300*2 1200*1 4900*1");
        assert_eq!(left.aged(Duration::from_millis(260)).to_string(), "0 200*1 500*2 1400*1");
        assert_eq!(left.aged(Duration::from_secs(5)), Handover::default());
    }

    #[test]
    fn what_no_dialer_writes_is_not_read() {
        for text in
            ["", "x", "-1", "0  1*1", "0 1", "0 1*", "0 1*x", "0 5000*1", "0 100*10001", "0 1*9999 2*9999", "600001"]
        {
            assert_eq!(text.parse::<Handover>(), Err(NotAHandover), "{text:?}");
        }
        assert_eq!("0".parse(), Ok(Handover::default()));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(pause in 0..600_000u64, ages in prop::collection::vec(0..6_000u64, 0..200)) {
            let left = of(pause, &ages);
            prop_assert_eq!(left.to_string().parse(), Ok(left));
        }
    }
}
