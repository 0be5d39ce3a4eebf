//! A campaign as one page of HTML: plots inside, nothing to fetch, no script.
//!
//! Pure: a summary and what the campaign asks for go in, text comes out. No phone number and no target is in it.

mod html;
mod svg;

use std::collections::BTreeMap;

use dialer::Outcome;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use self::html::{escaped, page, section, table};
use self::svg::{Words, bars, line};
use super::summary::{Decision, Summary};

/// Points of a line: a plot is some hundred pixels wide.
const POINTS: i64 = 240;

/// What a report says of the campaign itself.
#[derive(Clone, Debug)]
pub struct Subject {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its phase.
    pub phase: String,
    /// When the first call was started.
    pub started: Option<Timestamp>,
    /// When the last target ended.
    pub ended: Option<Timestamp>,
    /// Targets on the list; those that were not cut into jobs yet are in no row.
    pub targets: u32,
    /// Calls a second that it asks for.
    pub dials_per_second: f64,
    /// Most calls at once.
    pub max_concurrent: u32,
    /// The set of rules that it promises to keep.
    pub preset: Option<String>,
    /// The clock that hours are of.
    pub zone: TimeZone,
    /// When the report was made.
    pub made: Timestamp,
}

/// The page.
#[must_use]
pub fn report(subject: &Subject, summary: &Summary) -> String {
    let body = [
        head(subject, summary),
        progress(subject, summary),
        outcomes(summary),
        by_hour(summary),
        attempts(summary),
        pacing(subject, summary),
        compliance(subject, summary),
    ]
    .concat();
    page(&format!("Campaign {}", subject.name), &body)
}

fn head(subject: &Subject, summary: &Summary) -> String {
    let at = |at: Option<Timestamp>| at.map_or_else(|| "-".to_owned(), |at| clock(at, &subject.zone));
    let reached = summary.ended_as(Outcome::Completed) + summary.ended_as(Outcome::VoicemailLeft);
    let rows = [
        ("Phase", subject.phase.clone()),
        ("First call", at(subject.started)),
        ("Last target ended", at(subject.ended)),
        ("Targets", subject.targets.to_string()),
        ("Ended", (summary.targets - summary.open).to_string()),
        (
            "Heard the announcement, or got it on a machine",
            format!("{reached} ({})", percent(reached, summary.targets)),
        ),
        ("Minutes talked, of last calls", (summary.talked_secs / 60).to_string()),
    ];
    let rows: Vec<Vec<String>> = rows.into_iter().map(|(name, value)| vec![name.to_owned(), value]).collect();
    format!(
        "<h1>{}</h1>\n<p class=\"sub\">OutboundCampaign in namespace {}; made {}</p>\n{}",
        escaped(&subject.name),
        escaped(&subject.namespace),
        escaped(&clock(subject.made, &subject.zone)),
        table(&["", ""], &rows)
    )
}

fn progress(subject: &Subject, summary: &Summary) -> String {
    let mut sum = 0;
    let points: Vec<(i64, u32)> = binned(&summary.ended)
        .into_iter()
        .map(|(minute, ended)| {
            sum += ended;
            (minute, sum)
        })
        .collect();
    let said = format!("{sum} of {} targets have ended.", subject.targets);
    let words = Words { id: "progress", title: "Targets that have ended, over time", description: &said };
    let plot = timeline(&words, &points, subject, Some(f64::from(subject.targets)));
    section("Progress", &said, &plot, &minutes_table(&points, subject, "Ended so far"))
}

fn outcomes(summary: &Summary) -> String {
    let mut all: Vec<(Outcome, u32)> = summary.outcomes.iter().map(|(outcome, count)| (*outcome, *count)).collect();
    all.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let bars_of: Vec<(String, f64, f64)> =
        all.iter().map(|(outcome, count)| (format!("{outcome:?}"), f64::from(*count), 0.0)).collect();
    let said = match all.first() {
        Some((most, count)) => {
            format!(
                "Most often {most:?}: {count} of {} targets ({}).",
                summary.targets,
                percent(*count, summary.targets)
            )
        }
        None => "No target has ended.".to_owned(),
    };
    let words = Words { id: "outcomes", title: "Targets by outcome", description: &said };
    let rows = all.iter().map(|(outcome, count)| row(&format!("{outcome:?}"), *count, summary.targets));
    section(
        "Outcomes",
        &said,
        &bars(&words, &bars_of),
        &table(&["Outcome", "Targets", "Share"], &rows.collect::<Vec<_>>()),
    )
}

fn by_hour(summary: &Summary) -> String {
    let values: Vec<(String, f64, f64)> = summary
        .by_hour
        .iter()
        .map(|(hour, calls)| (format!("{hour:02}"), f64::from(calls.rang), f64::from(calls.reached)))
        .collect();
    let (rang, reached) =
        summary.by_hour.values().fold((0, 0), |(rang, reached), calls| (rang + calls.rang, reached + calls.reached));
    let said = format!(
        "{reached} of {rang} calls that rang reached a person ({}). Of the last eight calls of each target; the green part \
         reached a person.",
        percent(reached, rang)
    );
    let words =
        Words { id: "hours", title: "Calls by hour of the day, and those that reached a person", description: &said };
    let rows: Vec<Vec<String>> = summary
        .by_hour
        .iter()
        .map(|(hour, calls)| {
            let share = percent(calls.reached, calls.rang);
            vec![format!("{hour:02}:00"), calls.rang.to_string(), calls.reached.to_string(), share]
        })
        .collect();
    section("Answer rate by hour", &said, &bars(&words, &values), &table(&["Hour", "Calls", "Reached", "Share"], &rows))
}

fn attempts(summary: &Summary) -> String {
    let values: Vec<(String, f64, f64)> =
        summary.attempts.iter().map(|(used, targets)| (used.to_string(), f64::from(*targets), 0.0)).collect();
    let all: u32 = summary.attempts.iter().map(|(used, targets)| u32::from(*used) * targets).sum();
    let said = format!("{all} attempts for {} targets.", summary.targets);
    let words = Words { id: "attempts", title: "Targets by attempts used", description: &said };
    let rows = summary.attempts.iter().map(|(used, targets)| row(&used.to_string(), *targets, summary.targets));
    section(
        "Attempts per target",
        &said,
        &bars(&words, &values),
        &table(&["Attempts", "Targets", "Share"], &rows.collect::<Vec<_>>()),
    )
}

fn pacing(subject: &Subject, summary: &Summary) -> String {
    let points: Vec<(i64, u32)> = filled(&summary.rang);
    let limit = subject.dials_per_second * 60.0;
    let most = summary.rang.values().copied().max().unwrap_or_default();
    let said = format!(
        "At most {most} calls that rang in one minute; {limit:.0} a minute and {} at once are allowed.",
        subject.max_concurrent
    );
    let words = Words {
        id: "pacing",
        title: "Calls that rang in each minute, and the pace that was asked for",
        description: &said,
    };
    let plot = timeline(&words, &points, subject, Some(limit));
    section("Pacing against limits", &said, &plot, &minutes_table(&points, subject, "Calls"))
}

/// Outcomes that are decisions not to call, or not to call again.
const DECISIONS: [(Outcome, &str); 6] = [
    (Outcome::ComplianceBlocked, "must not be called: on a list, without consent, or in a zone that nobody knows"),
    (Outcome::DestinationBlocked, "the account may not call there"),
    (Outcome::BlockedByAnalytics, "the caller id was blocked on every try"),
    (Outcome::OptedOut, "asked not to be called again"),
    (Outcome::Expired, "its time passed before it could be called within the rules"),
    (Outcome::Skipped, "the campaign was over first"),
];

fn compliance(subject: &Subject, summary: &Summary) -> String {
    let preset = subject.preset.as_deref().unwrap_or("none");
    let blocked: u32 = DECISIONS.iter().map(|(outcome, _)| summary.ended_as(*outcome)).sum();
    let said =
        format!("Preset: {preset}. {blocked} targets ended by a decision not to call them, or not to call again.");
    let rows: Vec<Vec<String>> = DECISIONS
        .iter()
        .map(|(outcome, why)| vec![format!("{outcome:?}: {why}"), summary.ended_as(*outcome).to_string()])
        .collect();
    let table = table(&["Decision", "Targets"], &rows);
    format!(
        "<section>\n<h2>Compliance decisions</h2>\n<p>{}</p>\n{table}{}</section>\n",
        escaped(&said),
        by_rule(summary)
    )
}

/// What each calling rule has done; nothing where none has done anything.
fn by_rule(summary: &Summary) -> String {
    if summary.decisions.is_empty() {
        return String::new();
    }
    let rows: Vec<Vec<String>> = summary
        .decisions
        .iter()
        .map(|((rule, decision), targets)| {
            let did = match decision {
                Decision::Blocked => "not called",
                Decision::Waits => "wait for their turn",
                Decision::SetAside => "called all the same: the rule was set aside",
            };
            vec![format!("{rule:?}"), did.to_owned(), targets.to_string()]
        })
        .collect();
    table(&["Rule", "What it did", "Targets"], &rows)
}

fn row(name: &str, count: u32, of: u32) -> Vec<String> {
    vec![name.to_owned(), count.to_string(), percent(count, of)]
}

fn percent(count: u32, of: u32) -> String {
    if of == 0 { "-".to_owned() } else { format!("{:.1} %", f64::from(count) * 100.0 / f64::from(of)) }
}

fn clock(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M %Z").to_string()
}

/// Counts per minute, summed over as many minutes as keep the points few.
fn binned(minutes: &BTreeMap<i64, u32>) -> Vec<(i64, u32)> {
    let step = step(minutes);
    let mut bins = BTreeMap::<i64, u32>::new();
    for (minute, count) in minutes {
        *bins.entry(minute - minute.rem_euclid(step)).or_default() += count;
    }
    bins.into_iter().collect()
}

/// The highest minute of each bin, and zero where there was none, so that pauses show.
fn filled(minutes: &BTreeMap<i64, u32>) -> Vec<(i64, u32)> {
    let step = step(minutes);
    let (Some((first, _)), Some((last, _))) = (minutes.first_key_value(), minutes.last_key_value()) else {
        return Vec::new();
    };
    let bins = (0..=POINTS + 1).map(|bin| first + bin * step).take_while(|minute| minute <= last);
    bins.map(|minute| (minute, minutes.range(minute..minute + step).map(|(_, count)| *count).max().unwrap_or(0)))
        .collect()
}

fn step(minutes: &BTreeMap<i64, u32>) -> i64 {
    let span =
        minutes.last_key_value().zip(minutes.first_key_value()).map_or(0, |((last, _), (first, _))| last - first);
    (span / POINTS + 1).max(1)
}

fn timeline(words: &Words<'_>, points: &[(i64, u32)], subject: &Subject, limit: Option<f64>) -> String {
    let name = |minute: Option<&(i64, u32)>| {
        let at = minute.and_then(|(minute, _)| Timestamp::from_second(minute * 60).ok());
        at.map(|at| clock(at, &subject.zone)).unwrap_or_default()
    };
    let ends = (name(points.first()), name(points.last()));
    #[expect(clippy::cast_precision_loss, reason = "minutes since 1970 are far below 2^52")]
    let drawn: Vec<(f64, f64)> = points.iter().map(|(minute, value)| (*minute as f64, f64::from(*value))).collect();
    line(words, &drawn, (&ends.0, &ends.1), limit)
}

fn minutes_table(points: &[(i64, u32)], subject: &Subject, what: &str) -> String {
    let rows: Vec<Vec<String>> = points
        .iter()
        .filter_map(|(minute, value)| {
            let at = Timestamp::from_second(minute * 60).ok()?;
            Some(vec![clock(at, &subject.zone), value.to_string()])
        })
        .collect();
    table(&["Minute", what], &rows)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::row::{Row, tests::rows};
    use super::*;

    fn subject() -> Subject {
        Subject {
            namespace: "voice".to_owned(),
            name: "spring<script>".to_owned(),
            phase: "Complete".to_owned(),
            started: Timestamp::from_second(1_800_000_000).ok(),
            ended: None,
            targets: 1003,
            dials_per_second: 2.0,
            max_concurrent: 10,
            preset: Some("Strict".to_owned()),
            zone: TimeZone::UTC,
            made: Timestamp::from_second(1_800_009_000).unwrap(),
        }
    }

    fn summary() -> Summary {
        let mut summary = Summary::new(TimeZone::UTC);
        for row in rows() {
            summary.add(&row);
        }
        for n in 0..1000u32 {
            let rang = 1_800_000_000 + n * 30;
            let outcome = if n % 3 == 0 { "Busy" } else { "NoAnswer" };
            let target = json!({
                "id": format!("x{n}"), "state": "Done", "attempts": 1 + n % 3, "outcome": outcome, "rang": [rang],
                "endedAt": rang + 30,
            });
            summary.add(&Row::new("c-00001", &serde_json::from_value(target).unwrap()));
        }
        let called = json!({ "id": "y", "state": "Done", "outcome": "Busy", "rule": "Consent" });
        summary.add(&Row::new("c-00001", &serde_json::from_value(called).unwrap()));
        summary
    }

    #[test]
    fn the_page_says_everything_once_and_needs_nothing_else() {
        let page = report(&subject(), &summary());
        for title in [
            "Progress",
            "Outcomes",
            "Answer rate by hour",
            "Attempts per target",
            "Pacing against limits",
            "Compliance decisions",
        ] {
            assert_eq!(page.matches(&format!("<h2>{title}</h2>")).count(), 1, "{title}");
        }
        assert_eq!(page.matches("<svg ").count(), 5);
        assert_eq!((page.matches("<title id=").count(), page.matches("<desc id=").count()), (5, 5));
        for foreign in ["<script", "http:", "https:", "src=", "url(", "@import"] {
            assert!(!page.contains(foreign), "{foreign}");
        }
        assert!(page.contains("spring&lt;script&gt;") && page.contains("prefers-color-scheme:dark"));
        assert!(page.contains("Preset: Strict.") && page.contains("Most often NoAnswer: 666 of 1003 targets (66.4 %)"));
        assert!(page.contains("Consent") && page.contains("called all the same"));
        assert!(!page.contains("NaN") && !page.contains("5550100"), "no number");
    }

    #[test]
    fn every_element_is_closed_in_order() {
        let page = report(&subject(), &summary());
        let mut open = Vec::new();
        for tag in page.split('<').skip(1).filter_map(|rest| rest.split('>').next()) {
            if tag.starts_with('!') || tag.ends_with('/') {
                continue;
            }
            match tag.strip_prefix('/') {
                Some(name) => assert_eq!(open.pop(), Some(name), "in {page}"),
                None => open.push(tag.split(' ').next().unwrap()),
            }
        }
        assert!(open.is_empty(), "{open:?}");
    }

    #[test]
    fn a_campaign_that_called_nobody_has_a_page_too() {
        let page = report(&subject(), &Summary::new(TimeZone::UTC));
        assert!(page.contains("No target has ended.") && !page.contains("NaN"), "{page}");
    }

    #[test]
    fn a_long_campaign_has_as_many_points_as_fit() {
        let month: BTreeMap<i64, u32> = (0..40_000).map(|minute| (minute, 1)).collect();
        let bins = binned(&month);
        assert!(bins.len() <= 242, "{}", bins.len());
        assert_eq!(bins.iter().map(|(_, count)| count).sum::<u32>(), 40_000);
        let pauses = filled(&BTreeMap::from([(0, 5), (100, 5)]));
        assert_eq!((pauses.len(), pauses[50].1), (101, 0));
    }
}
