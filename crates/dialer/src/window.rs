//! When a callee may be called.
//!
//! Promises the callee's own clock, daylight saving included; of a callee whose zone is one of several, every one of their
//! clocks. Where the clocks change, what is closed closes early and opens late. Does not know who lives where, nor which days
//! are holidays: it is told.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::spec::{Blackout, Window};

/// How far ahead an opening is looked for. Windows repeat weekly; one more day covers a change of the clocks.
const HORIZON_DAYS: i8 = 8;
/// How many weeks ahead an opening is looked for that days off put off: somewhat more than a year.
const WEEKS: i64 = 54;

/// From the first instant inside to the first one outside.
type Span = (Timestamp, Timestamp);

/// Whether calling is allowed, and for how long that answer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WindowState {
    /// Whether calling is allowed.
    pub(crate) open: bool,
    /// First instant for which this holds, as far as was looked.
    pub(crate) since: Timestamp,
    /// First instant for which it no longer does. A closed state that never opens is looked at again after the horizon.
    pub(crate) until: Timestamp,
    /// Whether `until` is a real opening or closing and not just the horizon.
    pub(crate) until_changes: bool,
}

impl WindowState {
    /// The state at `at`, for a callee who lives in one of `zones`: open while the windows are open in all of them and no
    /// blackout holds in any. Without any zone nothing ever opens.
    pub(crate) fn at(windows: &[Window], blackouts: &[Blackout], zones: &[TimeZone], at: Timestamp) -> Self {
        let spans = spans_about(windows, blackouts, zones, at);
        let horizon = at.checked_add((24 * i64::from(HORIZON_DAYS)).hours()).unwrap_or(Timestamp::MAX);
        if let Some((since, until)) = spans.iter().find(|(start, end)| *start <= at && at < *end) {
            return Self { open: true, since: *since, until: (*until).min(horizon), until_changes: *until < horizon };
        }
        let since = spans.iter().map(|(_, end)| *end).filter(|end| *end <= at).max().unwrap_or(at);
        let opens = opening_after(&spans, at).or_else(|| opening_after_days_off(windows, blackouts, zones, at));
        Self { open: false, since, until: opens.unwrap_or(horizon), until_changes: opens.is_some() }
    }

    /// Whether it still holds at `at`.
    pub(crate) fn covers(&self, at: Timestamp) -> bool {
        self.since <= at && at < self.until
    }
}

/// Open spans in all of the zones, from the day before `at` to the horizon, in order.
fn spans_about(windows: &[Window], blackouts: &[Blackout], zones: &[TimeZone], at: Timestamp) -> Vec<Span> {
    let spans_in = |zone: &TimeZone| {
        let today = zone.to_datetime(at).date();
        without(open_spans(windows, zone, today), closed_spans(blackouts, zone, today))
    };
    zones.iter().map(spans_in).reduce(|all, of_one| overlaps(&all, &of_one)).unwrap_or_default()
}

fn opening_after(spans: &[Span], at: Timestamp) -> Option<Timestamp> {
    spans.iter().map(|(start, _)| *start).filter(|start| at < *start).min()
}

/// The first opening beyond the horizon, where blackouts alone are in the way of an earlier one.
fn opening_after_days_off(
    windows: &[Window],
    blackouts: &[Blackout],
    zones: &[TimeZone],
    at: Timestamp,
) -> Option<Timestamp> {
    if blackouts.is_empty() {
        return None;
    }
    opening_after(&spans_about(windows, &[], zones, at), at)?;
    (1..=WEEKS).find_map(|week| {
        let later = at.checked_add((week * 7 * 24).hours()).ok()?;
        opening_after(&spans_about(windows, blackouts, zones, later), at)
    })
}

/// What is left of spans in order when others are taken out of them, in whatever order these come.
fn without(spans: Vec<Span>, taken: impl Iterator<Item = Span>) -> Vec<Span> {
    taken.fold(spans, |spans, (from, until)| {
        let left = |(start, end): Span| [(start, end.min(from)), (start.max(until), end)];
        if until <= from {
            return spans;
        }
        spans.into_iter().flat_map(left).filter(|(start, end)| start < end).collect()
    })
}

/// When blackouts close a zone, as far as they come near the days from yesterday to the horizon.
fn closed_spans(blackouts: &[Blackout], zone: &TimeZone, today: Date) -> impl Iterator<Item = Span> {
    let first = today.saturating_sub(2.days());
    let last = today.saturating_add((HORIZON_DAYS + 2).days());
    blackouts.iter().filter_map(move |blackout| match blackout {
        Blackout::Day { zones, .. } if !zones.is_empty() && !zones.contains(zone) => None,
        Blackout::Day { date, .. } if *date < first || last < *date => None,
        Blackout::Day { date, .. } => whole_day(*date, zone),
        Blackout::Span { from, until } => Some((*from, *until)),
    })
}

/// A day on the zone's own clock. Where that changes at midnight, so that midnight comes twice or not at all, the day is taken
/// to be longer: every instant that shows the date is inside.
fn whole_day(date: Date, zone: &TimeZone) -> Option<Span> {
    let midnight = |date: Date| zone.to_ambiguous_timestamp(date.to_datetime(Time::MIN));
    Some((midnight(date).earlier().ok()?, midnight(date.tomorrow().ok()?).later().ok()?))
}

/// What lies in both of two lists of spans, each in order and without overlaps of its own.
fn overlaps(left: &[Span], right: &[Span]) -> Vec<Span> {
    let pairs = left.iter().flat_map(|one| right.iter().map(move |other| (one.0.max(other.0), one.1.min(other.1))));
    pairs.filter(|(start, end)| start < end).collect()
}

/// Open spans from yesterday to the horizon, merged and in order.
fn open_spans(windows: &[Window], zone: &TimeZone, today: Date) -> Vec<Span> {
    let mut spans: Vec<Span> = (-1..=HORIZON_DAYS)
        .filter_map(|offset| today.checked_add(offset.days()).ok())
        .flat_map(|date| {
            let days = windows.iter().filter(move |window| window.days.contains(&date.weekday()));
            days.filter_map(move |window| span(window, zone, date))
        })
        .collect();
    spans.sort_unstable();
    let mut merged: Vec<Span> = Vec::with_capacity(spans.len());
    for (start, end) in spans {
        match merged.last_mut() {
            Some((_, last_end)) if start <= *last_end => *last_end = end.max(*last_end),
            _ => merged.push((start, end)),
        }
    }
    merged
}

fn span(window: &Window, zone: &TimeZone, date: Date) -> Option<Span> {
    let (end_date, end) = match window.end {
        Time::MIN => (date.tomorrow().ok()?, Time::MIN),
        end => (date, end),
    };
    // Where the clocks change, a time of day comes twice or not at all: then the window opens late and closes early.
    let start = zone.to_ambiguous_timestamp(date.to_datetime(window.start)).later().ok()?;
    let end = zone.to_ambiguous_timestamp(end_date.to_datetime(end)).earlier().ok()?;
    (start < end).then_some((start, end))
}

/// Whether the windows, open at times in each of several zones, are at no time of a week open in all of them. Blackouts do not
/// count: they pass.
pub(crate) fn never_together(windows: &[Window], zones: &[TimeZone], at: Timestamp) -> bool {
    let opens = |zones: &[TimeZone]| {
        let state = WindowState::at(windows, &[], zones, at);
        state.open || state.until_changes
    };
    zones.len() > 1 && !opens(zones) && zones.iter().all(|zone| opens(std::slice::from_ref(zone)))
}

#[cfg(test)]
mod tests {
    use jiff::civil::{Weekday, date, time};
    use proptest::prelude::*;

    use super::*;

    const ALL_DAYS: [Weekday; 7] = [
        Weekday::Monday,
        Weekday::Tuesday,
        Weekday::Wednesday,
        Weekday::Thursday,
        Weekday::Friday,
        Weekday::Saturday,
        Weekday::Sunday,
    ];

    fn window(days: &[Weekday], start: Time, end: Time) -> Window {
        Window { days: days.to_vec(), start, end }
    }

    fn new_york() -> TimeZone {
        TimeZone::posix("EST5EDT,M3.2.0,M11.1.0").unwrap()
    }

    fn check(windows: &[Window], at: &str, open: bool, until: &str) {
        let state = WindowState::at(windows, &[], &[new_york()], at.parse().unwrap());
        let expected: Timestamp = until.parse().unwrap();
        assert_eq!((state.open, state.until), (open, expected), "{at}");
        assert!(state.covers(at.parse().unwrap()), "{at}");
    }

    #[test]
    fn a_window_follows_the_clock_of_the_callee() {
        let weekdays = [window(&ALL_DAYS[..5], time(9, 0, 0, 0), time(20, 0, 0, 0))];
        // Friday, before, inside, at the end; then it opens on Monday.
        check(&weekdays, "2026-07-03T12:59:59Z", false, "2026-07-03T13:00:00Z");
        check(&weekdays, "2026-07-03T13:00:00Z", true, "2026-07-04T00:00:00Z");
        check(&weekdays, "2026-07-04T00:00:00Z", false, "2026-07-06T13:00:00Z");
        // Winter time shifts the same window by an hour of UTC.
        check(&weekdays, "2026-11-02T14:00:00Z", true, "2026-11-03T01:00:00Z");
    }

    #[test]
    fn a_window_to_midnight_joins_the_one_after_it() {
        let night = [
            window(&[Weekday::Friday], time(22, 0, 0, 0), time(0, 0, 0, 0)),
            window(&[Weekday::Saturday], time(0, 0, 0, 0), time(2, 0, 0, 0)),
        ];
        check(&night, "2026-07-04T02:30:00Z", true, "2026-07-04T06:00:00Z");
    }

    #[test]
    fn a_window_over_the_lost_hour_is_shorter_by_it() {
        let early = [window(&ALL_DAYS, time(1, 30, 0, 0), time(3, 30, 0, 0))];
        check(&early, "2026-03-08T06:30:00Z", true, "2026-03-08T07:30:00Z");
    }

    #[test]
    fn a_window_that_begins_in_the_hour_that_comes_twice_opens_in_the_second() {
        let early = [window(&ALL_DAYS, time(1, 30, 0, 0), time(3, 30, 0, 0))];
        check(&early, "2026-11-01T05:30:00Z", false, "2026-11-01T06:30:00Z");
        let late = [window(&ALL_DAYS, time(0, 0, 0, 0), time(1, 30, 0, 0))];
        check(&late, "2026-11-01T05:00:00Z", true, "2026-11-01T05:30:00Z");
    }

    #[test]
    fn a_window_that_ends_in_the_lost_hour_closes_before_it() {
        let early = [window(&ALL_DAYS, time(0, 30, 0, 0), time(2, 30, 0, 0))];
        check(&early, "2026-03-08T06:00:00Z", true, "2026-03-08T06:30:00Z");
    }

    /// What the callee's own clock and calendar say.
    fn is_within(windows: &[Window], blackouts: &[Blackout], zone: &TimeZone, at: Timestamp) -> bool {
        let local = zone.to_datetime(at);
        let before = |end: Time| end == Time::MIN || local.time() < end;
        let inside = |window: &Window| window.days.contains(&local.weekday()) && window.start <= local.time();
        let off = |blackout: &Blackout| match blackout {
            Blackout::Day { date, zones } => *date == local.date() && (zones.is_empty() || zones.contains(zone)),
            Blackout::Span { from, until } => *from <= at && at < *until,
        };
        windows.iter().any(|window| inside(window) && before(window.end)) && !blackouts.iter().any(off)
    }

    fn day_off(date: Date) -> Blackout {
        Blackout::Day { date, zones: Vec::new() }
    }

    fn always() -> Vec<Window> {
        vec![window(&ALL_DAYS, Time::MIN, Time::MIN)]
    }

    #[test]
    fn a_holiday_is_closed_from_midnight_to_midnight_on_the_callees_clock() {
        let holiday = [day_off(date(2026, 7, 3))];
        let state =
            |windows: &[Window], at: &str| WindowState::at(windows, &holiday, &[new_york()], at.parse().unwrap());
        // A window that spans midnight into the holiday closes there, and opens again at its end.
        let night = state(&always(), "2026-07-03T03:00:00Z");
        assert_eq!((night.open, night.until), (true, "2026-07-03T04:00:00Z".parse().unwrap()));
        let off = state(&always(), "2026-07-03T04:00:00Z");
        assert_eq!((off.open, off.until), (false, "2026-07-04T04:00:00Z".parse().unwrap()));
        assert!(state(&always(), "2026-07-04T04:00:00Z").open);
        // Friday off: from Thursday evening to Monday.
        let weekdays = [window(&ALL_DAYS[..5], time(9, 0, 0, 0), time(20, 0, 0, 0))];
        let weekend = state(&weekdays, "2026-07-03T00:00:00Z");
        assert_eq!((weekend.open, weekend.until), (false, "2026-07-06T13:00:00Z".parse().unwrap()));
        assert!(weekend.until_changes);
    }

    #[test]
    fn a_blackout_closes_everywhere_at_once_and_a_holiday_of_some_zones_in_these_alone() {
        let (noon, one): (Timestamp, Timestamp) =
            ("2026-07-03T16:00:00Z".parse().unwrap(), "2026-07-03T17:00:00Z".parse().unwrap());
        let (new_york, tokyo) = (new_york(), TimeZone::posix("JST-9").unwrap());
        let open = |blackout: Blackout, zones: &[TimeZone]| WindowState::at(&always(), &[blackout], zones, noon).open;
        for zone in [&new_york, &tokyo] {
            assert!(!open(Blackout::Span { from: noon, until: one }, std::slice::from_ref(zone)));
            assert!(open(Blackout::Span { from: one, until: noon }, std::slice::from_ref(zone)), "it never is");
        }
        let in_new_york = |date| Blackout::Day { date, zones: vec![new_york.clone()] };
        assert!(!open(in_new_york(date(2026, 7, 3)), std::slice::from_ref(&new_york)));
        assert!(open(in_new_york(date(2026, 7, 4)), std::slice::from_ref(&new_york)), "tomorrow there, today in Tokyo");
        assert!(open(in_new_york(date(2026, 7, 4)), std::slice::from_ref(&tokyo)), "not theirs");
        let either = [tokyo, new_york.clone()];
        assert!(!open(in_new_york(date(2026, 7, 3)), &either), "who may live there");
    }

    #[test]
    fn an_opening_that_days_off_put_off_is_found_beyond_the_coming_week() {
        let mondays = [window(&ALL_DAYS[..1], time(9, 0, 0, 0), time(10, 0, 0, 0))];
        let at: Timestamp = "2026-07-03T13:00:00Z".parse().unwrap();
        let first_monday = date(2026, 7, 6);
        let state = |weeks: i64| {
            let off: Vec<_> = (0..weeks).map(|week| day_off(first_monday + (week * 7).days())).collect();
            WindowState::at(&mondays, &off, &[new_york()], at)
        };
        assert_eq!(state(0).until, "2026-07-06T13:00:00Z".parse().unwrap());
        assert_eq!(state(4).until, "2026-08-03T13:00:00Z".parse().unwrap());
        // Winter time by then.
        assert_eq!(state(20).until, "2026-11-23T14:00:00Z".parse().unwrap());
        assert!(state(20).until_changes && !state(20).open);
        assert!(!state(60).until_changes, "more than a year ahead nobody has to know");
        let never = WindowState::at(&[], &[day_off(first_monday)], &[new_york()], at);
        assert!(!never.until_changes, "without windows nothing is put off");
    }

    /// Every zone that there is, around every change of its clocks in two years: while a window is open the callee's clock
    /// is inside it, and hours away from a change it is closed only while the clock is outside.
    #[test]
    fn in_every_zone_and_over_every_change_of_the_clocks_the_callees_clock_decides() {
        let begin: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let end: Timestamp = "2028-01-01T00:00:00Z".parse().unwrap();
        let day = [window(&ALL_DAYS, time(8, 0, 0, 0), time(21, 0, 0, 0))];
        let night = [
            window(&ALL_DAYS, time(23, 30, 0, 0), time(0, 0, 0, 0)),
            window(&ALL_DAYS, time(0, 15, 0, 0), time(1, 20, 0, 0)),
            window(&ALL_DAYS, time(2, 10, 0, 0), time(2, 40, 0, 0)),
        ];
        let always = always();
        let (mut zones, mut changes) = (0, 0);
        for name in jiff::tz::db().available() {
            let zone = TimeZone::get(name.as_str()).unwrap();
            zones += 1;
            let mut times: Vec<Timestamp> =
                zone.following(begin).map(|t| t.timestamp()).take_while(|t| *t < end).collect();
            changes += times.len();
            times.push(begin);
            for change in times {
                for windows in [&day[..], &night[..]] {
                    walk(windows, &[], &zone, change, name.as_str());
                }
                // The clocks change on a holiday, on its eve, and on the day after.
                let today = zone.to_datetime(change).date();
                for date in [today.yesterday().unwrap(), today, today.tomorrow().unwrap()] {
                    walk(&always, &[day_off(date)], &zone, change, name.as_str());
                }
            }
        }
        assert!(zones > 400 && changes > 500, "{zones} zones, {changes} changes");
    }

    /// From a day before to a day after, from one state to the next.
    fn walk(windows: &[Window], blackouts: &[Blackout], zone: &TimeZone, change: Timestamp, name: &str) {
        let (mut at, end) = (change - 26.hours(), change + 26.hours());
        while at < end {
            let state = WindowState::at(windows, blackouts, std::slice::from_ref(zone), at);
            assert!(state.covers(at) && state.until > at, "{name}");
            let span = state.until.as_second() - at.as_second();
            for inside in [0, span / 3, span / 2, span - 1] {
                let inside = at + inside.seconds();
                let far = (inside.as_second() - change.as_second()).abs() > 3 * 3600;
                let within = is_within(windows, blackouts, zone, inside);
                assert!(within || !state.open, "{name}: open at {inside}, when it is {}", zone.to_datetime(inside));
                assert!(state.open || !within || !far, "{name}: closed at {inside}, {}", zone.to_datetime(inside));
            }
            at = state.until;
        }
    }

    #[test]
    fn of_several_zones_all_must_be_open() {
        let weekdays = [window(&ALL_DAYS[..5], time(9, 0, 0, 0), time(20, 0, 0, 0))];
        let zones = [new_york(), TimeZone::posix("PST8PDT,M3.2.0,M11.1.0").unwrap()];
        let state = |at: &str| WindowState::at(&weekdays, &[], &zones, at.parse().unwrap());
        // Friday, 9 in New York, 9 in Los Angeles, 20 in New York; then Monday, 9 in Los Angeles.
        assert!(!state("2026-07-03T13:00:00Z").open);
        assert_eq!(state("2026-07-03T13:00:00Z").until, "2026-07-03T16:00:00Z".parse().unwrap());
        assert!(state("2026-07-03T16:00:00Z").open);
        assert_eq!(state("2026-07-03T16:00:00Z").until, "2026-07-04T00:00:00Z".parse().unwrap());
        assert_eq!(state("2026-07-04T00:00:00Z").until, "2026-07-06T16:00:00Z".parse().unwrap());
    }

    #[test]
    fn zones_whose_windows_never_meet_never_open() {
        let morning = [window(&ALL_DAYS, time(9, 0, 0, 0), time(12, 0, 0, 0))];
        let zones = [new_york(), TimeZone::posix("JST-9").unwrap()];
        let state = WindowState::at(&morning, &[], &zones, "2026-07-03T13:00:00Z".parse().unwrap());
        assert!(!state.open && !state.until_changes);
        assert!(never_together(&morning, &zones, "2026-07-03T13:00:00Z".parse().unwrap()));
        assert!(!never_together(&morning, &zones[..1], "2026-07-03T13:00:00Z".parse().unwrap()));
        assert!(!never_together(&[], &zones, "2026-07-03T13:00:00Z".parse().unwrap()), "no windows is the user's wish");
    }

    #[test]
    fn without_windows_nothing_ever_opens() {
        let state = WindowState::at(&[], &[], &[new_york()], "2026-07-03T12:00:00Z".parse().unwrap());
        assert!(!state.open && !state.until_changes);
    }

    proptest! {
        #[test]
        fn several_zones_are_open_together_exactly_when_each_is(
            at in 1_780_000_000_i64..1_800_000_000,
            offsets in prop::collection::vec(-12..13i8, 1..4),
            hours in prop::collection::vec((0..24i8, 0..24i8, 0..7usize), 0..4),
        ) {
            let windows: Vec<_> = hours
                .iter()
                .map(|(start, end, days)| window(&ALL_DAYS[..=*days], time(*start, 15, 0, 0), time(*end, 45, 0, 0)))
                .collect();
            let zones: Vec<_> = offsets.iter().map(|hours| TimeZone::fixed(jiff::tz::offset(*hours))).collect();
            let at = Timestamp::from_second(at).unwrap();
            let together = WindowState::at(&windows, &[], &zones, at);
            let each = zones.iter().map(|zone| WindowState::at(&windows, &[], std::slice::from_ref(zone), at).open);
            prop_assert_eq!(together.open, each.into_iter().all(|open| open));
            prop_assert!(together.covers(at));
        }

        #[test]
        fn the_answer_holds_all_the_time_that_it_says(
            at in 1_780_000_000_i64..1_800_000_000,
            share in 0..1000_i64,
            starts in prop::collection::vec((0..24i8, 0..24i8, 0..7usize), 0..4),
            days in prop::collection::vec(-3..40i64, 0..12),
            spans in prop::collection::vec((-3000..20_000i64, -10..5000i64), 0..3),
        ) {
            let windows: Vec<_> = starts
                .iter()
                .map(|(start, end, days)| window(&ALL_DAYS[..=*days], time(*start, 15, 0, 0), time(*end, 45, 0, 0)))
                .collect();
            let at = Timestamp::from_second(at).unwrap();
            let today = new_york().to_datetime(at).date();
            let days = days.iter().map(|ahead| day_off(today + ahead.days()));
            let spans = spans.iter().map(|(start, minutes)| {
                let from = at + start.minutes();
                Blackout::Span { from, until: from + minutes.minutes() }
            });
            let blackouts: Vec<_> = days.chain(spans).collect();
            let state_at = |at| WindowState::at(&windows, &blackouts, &[new_york()], at);
            let state = state_at(at);
            prop_assert!(state.covers(at));
            let length = state.until.as_second() - at.as_second();
            let inside = Timestamp::from_second(at.as_second() + length * share / 1000).unwrap();
            prop_assert_eq!(state_at(inside).open, state.open);
            prop_assert!(!state.open || is_within(&windows, &blackouts, &new_york(), inside));
            if state.until_changes {
                prop_assert_eq!(state_at(state.until).open, !state.open);
            }
        }
    }
}
