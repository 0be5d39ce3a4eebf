//! Caller ids, and the pauses of those that analytics engines block.
//!
//! Promises that a blocked caller id rests, longer each time, and that one whose calls ring is fresh again. Does not know
//! the numbers, only their places in the campaign's list.

use std::collections::BTreeMap;
use std::time::Duration;

/// The first rest of a caller id. It doubles with each further block, for a label wears off in days, not minutes.
const FIRST_REST: Duration = Duration::from_mins(5);
/// The longest rest.
const LONGEST_REST: Duration = Duration::from_hours(4);

/// The caller ids of one campaign.
#[derive(Clone, Debug, Default)]
pub(crate) struct CallerIds {
    next: u16,
    blocked: BTreeMap<u16, Blocked>,
}

#[derive(Clone, Copy, Debug)]
struct Blocked {
    until: Duration,
    in_a_row: u32,
}

impl CallerIds {
    /// The call of `from` was blocked by an analytics engine (SIP 608, RFC 8688).
    pub(crate) fn blocked(&mut self, from: u16, now: Duration) {
        let blocked = self.blocked.entry(from).or_insert(Blocked { until: now, in_a_row: 0 });
        // Calls that were in the air together say the same thing once.
        if blocked.until <= now {
            let rest = FIRST_REST.saturating_mul(1 << blocked.in_a_row.min(10)).min(LONGEST_REST);
            *blocked = Blocked { until: now + rest, in_a_row: blocked.in_a_row.saturating_add(1) };
        }
    }

    /// A call of `from` has rung.
    pub(crate) fn rang(&mut self, from: u16, now: Duration) {
        if self.blocked.get(&from).is_some_and(|blocked| blocked.until <= now) {
            self.blocked.remove(&from);
        }
    }

    /// Whether `from` may be shown.
    pub(crate) fn may_show(&self, from: u16, now: Duration) -> bool {
        self.blocked.get(&from).is_none_or(|blocked| blocked.until <= now)
    }

    /// When the first of `count` may be shown again; `None` when one may be shown now.
    pub(crate) fn rest_until(&self, count: u16, now: Duration) -> Option<Duration> {
        if (0..count).any(|from| self.may_show(from, now)) {
            return None;
        }
        self.blocked.range(..count).map(|(_, blocked)| blocked.until).min()
    }

    /// The next of `count` that may be shown, in turn.
    pub(crate) fn in_turn(&mut self, count: u16, now: Duration) -> Option<u16> {
        let chosen = self.from(self.next, count, now)?;
        self.next = chosen.wrapping_add(1);
        Some(chosen)
    }

    /// `own` if it may be shown, else the next that may.
    pub(crate) fn from(&self, own: u16, count: u16, now: Duration) -> Option<u16> {
        let count = count.max(1);
        let own = own % count;
        (own..count).chain(0..own).find(|from| self.may_show(*from, now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    #[test]
    fn a_blocked_caller_id_rests_longer_each_time_until_it_rings_again() {
        let mut ids = CallerIds::default();
        ids.blocked(0, Duration::ZERO);
        ids.blocked(0, MINUTE);
        assert!(!ids.may_show(0, 4 * MINUTE) && ids.may_show(0, 5 * MINUTE), "two calls in the air count once");
        ids.blocked(0, 6 * MINUTE);
        assert!(!ids.may_show(0, 15 * MINUTE) && ids.may_show(0, 16 * MINUTE));
        ids.rang(0, 17 * MINUTE);
        ids.blocked(0, 20 * MINUTE);
        assert!(ids.may_show(0, 25 * MINUTE));
    }

    #[test]
    fn the_others_take_the_place_of_one_that_rests() {
        let mut ids = CallerIds::default();
        let turns = |ids: &mut CallerIds| (0..4).map(|_| ids.in_turn(3, MINUTE).unwrap()).collect::<Vec<_>>();
        assert_eq!(turns(&mut ids), [0, 1, 2, 0]);
        ids.blocked(1, MINUTE);
        assert_eq!(turns(&mut ids), [2, 0, 2, 0]);
        assert_eq!(ids.from(1, 3, MINUTE), Some(2));
        ids.blocked(0, 2 * MINUTE);
        ids.blocked(2, 3 * MINUTE);
        assert_eq!((ids.in_turn(3, 4 * MINUTE), ids.rest_until(3, 4 * MINUTE)), (None, Some(6 * MINUTE)));
        assert_eq!(ids.rest_until(3, 6 * MINUTE), None);
    }
}
