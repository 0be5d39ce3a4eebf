//! How often the same difference is put right before it is done ever more rarely.
//!
//! An API that accepts an update and then shows other values, or somebody who changes a field back each time, would
//! otherwise get the same update at every resync for ever. Pure: the time is an argument.

use reconcile_plan::Change;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, Instant};

/// So many times in a row the same difference is put right at once.
const AT_ONCE: u32 = 3;
/// The longest pause between two tries.
const LONGEST: Duration = Duration::from_hours(24);
/// After so many pauses without the difference, it is as if it were new.
const FORGOTTEN: u32 = 4;

/// The difference that was put right last.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Insistence(Option<Sent>);

#[derive(Clone, Copy, Debug)]
struct Sent {
    difference: u64,
    times: u32,
    at: Instant,
}

impl Insistence {
    /// May the update that puts `changes` right be sent at `now`? `period` is the account's resync period.
    pub(super) fn may_send(self, changes: &[Change], period: Duration, now: Instant) -> bool {
        self.of(changes).is_none_or(|sent| now.saturating_duration_since(sent.at) >= sent.pause(period))
    }

    /// It was sent.
    pub(super) fn sent(&mut self, changes: &[Change], period: Duration, now: Instant) {
        let recent = |sent: &Sent| {
            now.saturating_duration_since(sent.at) < sent.pause(period).max(period).saturating_mul(FORGOTTEN)
        };
        let times = self.of(changes).filter(recent).map_or(0, |sent| sent.times);
        self.0 = Some(Sent { difference: digest(changes), times: times.saturating_add(1), at: now });
    }

    fn of(self, changes: &[Change]) -> Option<Sent> {
        self.0.filter(|sent| sent.difference == digest(changes))
    }
}

impl Sent {
    fn pause(&self, period: Duration) -> Duration {
        match self.times.checked_sub(AT_ONCE) {
            None => Duration::ZERO,
            Some(more) => period.saturating_mul(2_u32.saturating_pow(more.saturating_add(1))).min(LONGEST),
        }
    }
}

fn digest(changes: &[Change]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for change in changes {
        (&change.path, change.desired.to_string(), change.actual.to_string()).hash(&mut hasher);
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const PERIOD: Duration = Duration::from_mins(10);

    fn difference(actual: &str) -> Vec<Change> {
        vec![Change { path: "name".into(), desired: json!("a"), actual: json!(actual) }]
    }

    /// After how many periods each update leaves, when the difference is found at every resync.
    fn updates(periods: u32) -> Vec<u32> {
        let (begun, mut insistence) = (Instant::now(), Insistence::default());
        let mut sent = vec![];
        for period in 0..periods {
            let now = begun + PERIOD * period;
            if insistence.may_send(&difference("b"), PERIOD, now) {
                insistence.sent(&difference("b"), PERIOD, now);
                sent.push(period);
            }
        }
        sent
    }

    #[test]
    fn what_never_converges_is_sent_ever_more_rarely_and_at_least_once_a_day() {
        assert_eq!(updates(70), [0, 1, 2, 4, 8, 16, 32, 64]);
        let week = updates(7 * 24 * 6);
        let longest = week.windows(2).map(|pair| pair[1] - pair[0]).max();
        assert_eq!(longest, Some(24 * 6));
    }

    #[test]
    fn another_difference_is_put_right_at_once() {
        let (now, mut insistence) = (Instant::now(), Insistence::default());
        for _ in 0..5 {
            insistence.sent(&difference("b"), PERIOD, now);
        }
        assert!(!insistence.may_send(&difference("b"), PERIOD, now + PERIOD));
        assert!(insistence.may_send(&difference("c"), PERIOD, now + PERIOD));
    }

    #[test]
    fn what_was_right_for_long_is_put_right_at_once_again() {
        let (begun, mut insistence) = (Instant::now(), Insistence::default());
        for _ in 0..AT_ONCE {
            insistence.sent(&difference("b"), PERIOD, begun);
        }
        let later = begun + PERIOD * 100;
        assert!(insistence.may_send(&difference("b"), PERIOD, later));
        insistence.sent(&difference("b"), PERIOD, later);
        assert!(insistence.may_send(&difference("b"), PERIOD, later));
    }
}
