//! Caller ids, and the pauses of those that analytics engines block.
//!
//! Promises that a blocked caller id rests, longer each time, and that one whose calls ring is fresh again. Keeps no
//! numbers, only their places in the campaign's list.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::phone::PhoneNumber;

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

    /// Of those that may be shown, the one nearest to the callee; of several equally near ones, and where none is near, the
    /// next in turn.
    pub(crate) fn nearest(&mut self, own: &[PhoneNumber], callee: &PhoneNumber, now: Duration) -> Option<u16> {
        let shown = (0..).zip(own).filter(|(from, _)| self.may_show(*from, now));
        let near: Vec<(u16, Nearness)> = shown.map(|(from, number)| (from, Nearness::of(number, callee))).collect();
        let best = near.iter().map(|(_, nearness)| *nearness).max()?;
        let nearest = || near.iter().filter(|(_, nearness)| *nearness == best).map(|(from, _)| *from);
        let chosen = nearest().find(|from| *from >= self.next).or_else(|| nearest().next())?;
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

/// How near two numbers are. More is nearer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Nearness {
    /// Of different country codes.
    Abroad,
    /// Of the same country code, and so many more digits the same from the left.
    SameCountry(usize),
}

impl Nearness {
    fn of(one: &PhoneNumber, other: &PhoneNumber) -> Self {
        let (one, other) = (digits(one), digits(other));
        let code = country_code(one);
        if code != country_code(other) {
            return Self::Abroad;
        }
        let alike = one.bytes().zip(other.bytes()).skip(code.len()).take_while(|(a, b)| a == b).count();
        // In North America three digits are an area; a part of them is none.
        Self::SameCountry(if code == "1" && alike < 3 { 0 } else { alike })
    }
}

fn digits(number: &PhoneNumber) -> &str {
    number.expose().trim_start_matches('+')
}

/// The country code, by the lengths of ITU-T's list of assigned codes (annex to Operational Bulletin 1114, E.164): one digit
/// for 1 and 7, two for those here, three for all others.
fn country_code(digits: &str) -> &str {
    const TWO: [&str; 44] = [
        "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46", "47", "48", "49",
        "51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63", "64", "65", "66", "81", "82", "84",
        "86", "90", "91", "92", "93", "94", "95", "98",
    ];
    let length = match digits.get(..2) {
        Some(two) if TWO.contains(&two) => 2,
        Some(two) if two.starts_with(['1', '7']) => 1,
        Some(_) => 3,
        None => digits.len(),
    };
    digits.get(..length).unwrap_or(digits)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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
    fn number(text: &str) -> PhoneNumber {
        PhoneNumber::parse(text).unwrap()
    }

    /// A callee, and which of the caller ids it sees.
    #[test]
    fn a_callee_sees_the_caller_id_of_its_own_area_or_else_of_its_country() {
        let own = ["+13125550100", "+14155550100", "+493012345", "+498912345", "+37120123456"].map(number);
        for (callee, seen) in [
            ("+13125559999", &[0][..]),
            ("+14155550101", &[1]),
            // 313 is Detroit, not near to Chicago's 312.
            ("+13135559999", &[0, 1]),
            ("+493098765", &[2]),
            ("+498998765", &[3]),
            // 0821, Augsburg, begins like Munich.
            ("+4982112345", &[3]),
            ("+49401234567", &[2, 3]),
            // 371 is Latvia, 37 nobody, and 372 Estonia.
            ("+37129999999", &[4]),
            ("+3725012345", &[0, 1, 2, 3, 4]),
            ("+442071234567", &[0, 1, 2, 3, 4]),
        ] {
            let mut ids = CallerIds::default();
            let turns: Vec<u16> =
                (0..seen.len()).map(|_| ids.nearest(&own, &number(callee), MINUTE).unwrap()).collect();
            assert_eq!(turns, seen, "{callee}");
        }
    }

    #[test]
    fn while_the_nearest_rests_the_next_nearest_is_shown() {
        let own = ["+13125550100", "+13125550200", "+14155550100"].map(number);
        let callee = number("+13125550109");
        let mut ids = CallerIds::default();
        assert_eq!(ids.nearest(&own, &callee, MINUTE), Some(0));
        ids.blocked(0, MINUTE);
        assert_eq!(ids.nearest(&own, &callee, MINUTE), Some(1));
        ids.blocked(1, MINUTE);
        assert_eq!(ids.nearest(&own, &callee, MINUTE), Some(2));
        ids.blocked(2, MINUTE);
        assert_eq!(ids.nearest(&own, &callee, MINUTE), None);
        assert_eq!(ids.nearest(&own, &callee, 10 * MINUTE), Some(0));
    }

    proptest! {
        #[test]
        fn every_callee_sees_some_caller_id_and_none_abroad_where_there_is_one_at_home(
            own in prop::collection::vec("[1-9][0-9]{7,13}", 1..20), callee in "[1-9][0-9]{7,13}",
        ) {
            let own: Vec<PhoneNumber> = own.iter().map(|digits| number(&format!("+{digits}"))).collect();
            let callee = number(&format!("+{callee}"));
            let chosen = CallerIds::default().nearest(&own, &callee, MINUTE).unwrap();
            let code = |number: &PhoneNumber| country_code(digits(number)).to_owned();
            let at_home = own.iter().any(|number| code(number) == code(&callee));
            prop_assert_eq!(code(&own[usize::from(chosen)]) == code(&callee), at_home);
        }
    }
}
