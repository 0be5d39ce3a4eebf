//! When a profile lets calls start, and how often each number was called since.
//!
//! Promises that counts begin anew whenever the window opens, on both sides of midnight alike (Telnyx: "Configure Repeat Call
//! Guard on Outbound Voice Profiles"), and that no more is remembered than one window of each profile. Does not know what is
//! refused for it.

use std::collections::HashMap;
use std::sync::Arc;

use super::moment::Moment;

const DAY_SECS: i64 = 86_400;

/// A time of day in UTC, to the minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TimeOfDay(i64);

impl TimeOfDay {
    /// Reads `HH:MM`, as the reference writes it, also with what clients of Telnyx append: seconds (`:00`), and `Z` after them,
    /// perhaps after a fraction (`:00.00Z`). Neither counts. `None` when it is no time of day in UTC.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (hours, rest) = text.split_once(':')?;
        let (minutes, seconds) =
            rest.split_once(':').map_or((rest, None), |(minutes, seconds)| (minutes, Some(seconds)));
        let (hours, minutes) = (two_digits(hours, 24)?, two_digits(minutes, 60)?);
        if let Some(seconds) = seconds {
            are_seconds(seconds).then_some(())?;
        }
        Some(Self(hours * 3600 + minutes * 60))
    }
}

fn two_digits(text: &str, below: i64) -> Option<i64> {
    let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|value| digits && *value < below)
}

/// `SS`, `SSZ` or `SS.fffZ`.
fn are_seconds(text: &str) -> bool {
    let (seconds, fraction) = match text.strip_suffix('Z') {
        Some(text) => text.split_once('.').map_or((text, None), |(seconds, fraction)| (seconds, Some(fraction))),
        None => (text, None),
    };
    let is_fraction = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    two_digits(seconds, 60).is_some() && fraction.is_none_or(is_fraction)
}

/// A stretch of every day. Without a start it begins, without an end it ends at midnight; one that ends when it starts
/// lasts all day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) start: Option<TimeOfDay>,
    pub(crate) end: Option<TimeOfDay>,
}

impl Window {
    /// When the window opened that is open now; `None` while it is closed.
    pub(crate) fn opened_at(self, now: Moment) -> Option<Moment> {
        let (opened, since) = self.last_opened(now);
        let start = self.start.map_or(0, |time| time.0);
        let length = match (self.end.map_or(DAY_SECS, |time| time.0) - start).rem_euclid(DAY_SECS) {
            0 => DAY_SECS,
            length => length,
        };
        (since < length).then_some(opened)
    }

    /// When it opened last, and the seconds since.
    fn last_opened(self, now: Moment) -> (Moment, i64) {
        let start = self.start.map_or(0, |time| time.0);
        let since = (now.seconds() - start).rem_euclid(DAY_SECS);
        let opened = (now.seconds() - since).saturating_mul(1_000_000);
        (Moment::from_micros(opened), since)
    }
}

/// How often each number was called in the window of each profile that opened last.
#[derive(Default)]
pub(crate) struct CallGuard {
    by_profile: HashMap<Arc<str>, Counted>,
}

/// The calls of one window.
struct Counted {
    opened: Moment,
    by_number: HashMap<Arc<str>, u64>,
}

impl CallGuard {
    /// Calls to this number since the window opened.
    pub(crate) fn calls(&self, profile: &str, opened: Moment, number: &str) -> u64 {
        let counted = self.by_profile.get(profile).filter(|counted| counted.opened == opened);
        counted.and_then(|counted| counted.by_number.get(number)).copied().unwrap_or(0)
    }

    /// A call to this number starts within the window that opened then.
    pub(crate) fn count(&mut self, profile: &Arc<str>, opened: Moment, number: &Arc<str>) {
        let fresh = || Counted { opened, by_number: HashMap::new() };
        let counted = self.by_profile.entry(Arc::clone(profile)).or_insert_with(fresh);
        if counted.opened != opened {
            *counted = fresh();
        }
        *counted.by_number.entry(Arc::clone(number)).or_default() += 1;
    }

    /// The profile is gone.
    pub(crate) fn forget(&mut self, profile: &str) {
        self.by_profile.remove(profile);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn window(start: &str, end: &str) -> Window {
        Window { start: TimeOfDay::parse(start), end: TimeOfDay::parse(end) }
    }

    /// Minutes into an unremarkable day.
    fn at(minutes: u64) -> Moment {
        Moment::from_micros(1_760_054_400_000_000) + Duration::from_mins(minutes)
    }

    #[test]
    fn a_time_of_day_is_hours_and_minutes_and_perhaps_seconds() {
        for (text, minutes) in [
            ("08:30", Some(510)),
            ("00:00", Some(0)),
            ("23:59:59", Some(1439)),
            ("20:00:00.00Z", Some(1200)),
            ("20:00:00Z", Some(1200)),
            ("20:00:00.00", None),
            ("20:00:00.Z", None),
            ("20:00:60", None),
            ("20:00:", None),
            ("20:00Z", None),
            ("20:00:00:00", None),
            ("08:30:rubbish", None),
            ("08:30:00+02:00", None),
            ("+8:+5", None),
            ("٠8:30", None),
            ("24:00", None),
            ("8:30", None),
            ("12:60", None),
            ("noon", None),
            ("-1:00", None),
            ("", None),
        ] {
            assert_eq!(TimeOfDay::parse(text).map(|time| time.0 / 60), minutes, "{text}");
        }
    }

    #[test]
    fn a_window_may_span_midnight_and_one_without_bounds_is_the_day() {
        // start, end, minutes into the day -> minutes since it opened
        for (start, end, now, since) in [
            ("08:00", "18:00", 479, None),
            ("08:00", "18:00", 480, Some(0)),
            ("08:00", "18:00", 1079, Some(599)),
            ("08:00", "18:00", 1080, None),
            ("14:00", "02:00", 840, Some(0)),
            ("14:00", "02:00", 60, Some(660)),
            ("14:00", "02:00", 120, None),
            ("", "", 700, Some(700)),
            ("08:00", "", 1439, Some(959)),
            ("", "08:00", 480, None),
            ("09:00", "09:00", 539, Some(1439)),
        ] {
            let opened = window(start, end).opened_at(at(now));
            let found = opened.map(|opened| at(now).since(opened).as_secs() / 60);
            assert_eq!(found, since, "{start} to {end} at {now}");
        }
    }

    #[test]
    fn counts_begin_anew_when_the_window_opens() {
        let (profile, number): (Arc<str>, Arc<str>) = ("p".into(), "+12025550100".into());
        let mut guard = CallGuard::default();
        guard.count(&profile, at(0), &number);
        guard.count(&profile, at(0), &number);
        assert_eq!((guard.calls("p", at(0), &number), guard.calls("p", at(1440), &number)), (2, 0));
        guard.count(&profile, at(1440), &number);
        assert_eq!((guard.calls("p", at(0), &number), guard.calls("p", at(1440), &number)), (0, 1));
        assert_eq!(guard.calls("q", at(1440), &number), 0);
    }
}
