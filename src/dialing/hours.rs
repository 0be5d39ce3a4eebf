//! When people may be called, and when not: windows, days off, blackouts. Pure.

use dialer::compliance::Rules;
use dialer::spec;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

use super::resolve::FieldError;
use crate::api::{self, Blackout, DialPlan, Holiday, Weekday};

/// When people may be called, of which nothing may lie outside the preset's hours. `root` is the path of the plan.
pub(super) fn windows(
    root: &str,
    plan: &DialPlan,
    rules: Option<&Rules>,
    keep: &mut impl FnMut(FieldError),
) -> Vec<spec::Window> {
    let mut windows = Vec::with_capacity(plan.windows.len());
    for (index, written) in plan.windows.iter().enumerate() {
        match window(&format!("{root}.windows[{index}]"), written) {
            Ok(window) if rules.is_some_and(|rules| !rules.allow(&window)) => keep(FieldError::new(
                format!("{root}.windows[{index}]"),
                "must lie within the hours of compliance.preset, which unless another is named is Strict for purpose Telemarketing and \
                 UsDebtCollection for purpose DebtCollection, on each of its days: see the field's description",
            )),
            Ok(window) => windows.push(window),
            Err(error) => keep(error),
        }
    }
    windows
}

fn window(path: &str, written: &api::Window) -> Result<spec::Window, FieldError> {
    let time = |field: &str, text: &str| {
        clock_time(text)
            .ok_or_else(|| FieldError::new(format!("{path}.{field}"), "must be a time of day such as 09:00"))
    };
    let (start, end) = (time("start", &written.start)?, time("end", &written.end)?);
    if end <= start {
        return Err(FieldError::new(format!("{path}.end"), "must be after start: split a window that passes midnight"));
    }
    // Midnight as the dialer has it, so that the window goes on in one that begins there.
    let end = if end == Time::MAX { Time::MIN } else { end };
    Ok(spec::Window { days: written.days.iter().copied().map(weekday).collect(), start, end })
}

/// `HH:MM`; `24:00` comes after all others.
fn clock_time(text: &str) -> Option<Time> {
    if text == "24:00" {
        return Some(Time::MAX);
    }
    let (hour, minute) = text.split_once(':')?;
    Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
}

fn weekday(day: Weekday) -> jiff::civil::Weekday {
    match day {
        Weekday::Mon => jiff::civil::Weekday::Monday,
        Weekday::Tue => jiff::civil::Weekday::Tuesday,
        Weekday::Wed => jiff::civil::Weekday::Wednesday,
        Weekday::Thu => jiff::civil::Weekday::Thursday,
        Weekday::Fri => jiff::civil::Weekday::Friday,
        Weekday::Sat => jiff::civil::Weekday::Saturday,
        Weekday::Sun => jiff::civil::Weekday::Sunday,
    }
}

/// Days off, and times at which nobody is called. `root` is the path of the plan.
pub(super) fn blackouts(root: &str, plan: &DialPlan, keep: &mut impl FnMut(FieldError)) -> Vec<spec::Blackout> {
    let Some(compliance) = &plan.compliance else { return Vec::new() };
    let mut all = Vec::with_capacity(compliance.holidays.len() + compliance.blackouts.len());
    for (index, holiday) in compliance.holidays.iter().enumerate() {
        match day(&format!("{root}.compliance.holidays[{index}]"), holiday) {
            Ok(day) => all.push(day),
            Err(error) => keep(error),
        }
    }
    for (index, Blackout { start, end, .. }) in compliance.blackouts.iter().enumerate() {
        if end.0 <= start.0 {
            keep(FieldError::new(format!("{root}.compliance.blackouts[{index}].end"), "must be after start"));
        }
        all.push(spec::Blackout::Span { from: start.0, until: end.0 });
    }
    all
}

fn day(path: &str, holiday: &Holiday) -> Result<spec::Blackout, FieldError> {
    let date: Date = holiday.date.parse().map_err(|_| {
        FieldError::new(format!("{path}.date"), "must be a day of the calendar as YYYY-MM-DD, such as 2026-12-25")
    })?;
    let zone = |(index, name): (usize, &String)| {
        TimeZone::get(name).map_err(|_| {
            FieldError::new(
                format!("{path}.timeZones[{index}]"),
                "must be a name of the IANA time zone database, such as Europe/Berlin",
            )
        })
    };
    let zones = holiday.time_zones.iter().enumerate().map(zone).collect::<Result<_, _>>()?;
    Ok(spec::Blackout::Day { date, zones })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn plan(compliance: &Value) -> DialPlan {
        let plan = json!({
            "accountRef": { "name": "a" },
            "applicationRef": { "name": "b" },
            "from": ["+15550100"],
            "purpose": "Informational",
            "announcement": { "text": { "payload": "hello" } },
            "compliance": compliance,
        });
        serde_json::from_value(plan).unwrap()
    }

    #[test]
    fn days_off_and_blackouts_arrive_and_what_is_no_day_or_zone_is_named_by_its_path() {
        let compliance = json!({
            "holidays": [
                { "date": "2026-12-25", "name": "Christmas" },
                { "date": "2026-10-03", "timeZones": ["Europe/Berlin"] },
            ],
            "blackouts": [{ "start": "2026-06-01T10:00:00Z", "end": "2026-06-01T11:00:00Z" }],
        });
        let mut errors = Vec::new();
        let read = blackouts("spec", &plan(&compliance), &mut |error| errors.push(error));
        assert_eq!(errors, []);
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        assert_eq!(
            read,
            [
                spec::Blackout::Day { date: Date::constant(2026, 12, 25), zones: Vec::new() },
                spec::Blackout::Day { date: Date::constant(2026, 10, 3), zones: vec![berlin] },
                spec::Blackout::Span {
                    from: "2026-06-01T10:00:00Z".parse().unwrap(),
                    until: "2026-06-01T11:00:00Z".parse().unwrap(),
                },
            ]
        );
        let wrong = json!({
            "holidays": [
                { "date": "2026-02-30" },
                { "date": "2026-12-25", "timeZones": ["Europe/Berlin", "Mars/Olympus"] },
            ],
            "blackouts": [{ "start": "2026-06-01T10:00:00Z", "end": "2026-06-01T10:00:00Z" }],
        });
        blackouts("spec", &plan(&wrong), &mut |error| errors.push(error));
        let paths: Vec<_> = errors.iter().map(|error| error.path.as_str()).collect();
        assert_eq!(
            paths,
            [
                "spec.compliance.holidays[0].date",
                "spec.compliance.holidays[1].timeZones[1]",
                "spec.compliance.blackouts[0].end"
            ]
        );
    }
}
