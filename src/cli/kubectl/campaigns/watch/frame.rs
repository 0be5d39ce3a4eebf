//! One look at a campaign, as a picture and as a line. Pure.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::api::{Counts, OutboundCampaign};
use crate::cli::kubectl::print::span;

/// Whether colour may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// It may.
    Coloured,
    /// It may not.
    Plain,
}

/// What one look has shown.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sample {
    pub(super) at: Timestamp,
    phase: String,
    counts: Counts,
    in_flight: u32,
    cap: Option<u32>,
    dials_per_second: f64,
    next_dial: Option<Timestamp>,
    next_window: Option<Timestamp>,
    results_waiting: u32,
    message: String,
}

impl Sample {
    pub(super) fn of(campaign: &OutboundCampaign, at: Timestamp) -> Self {
        let status = campaign.status.clone().unwrap_or_default();
        let pacing = status.pacing.unwrap_or_default();
        let ready = status.conditions.iter().find(|condition| condition.type_ == "Ready");
        let dialing = status.conditions.iter().find(|condition| condition.type_ == "Dialing");
        let told = ready.filter(|ready| ready.status != "True").or(dialing).map(|told| told.message.clone());
        Self {
            at,
            phase: status.phase.unwrap_or_else(|| "Pending".to_owned()),
            counts: status.counts.unwrap_or_default(),
            in_flight: pacing.in_flight,
            cap: pacing.cap,
            dials_per_second: campaign.spec.plan.pacing.dials_per_second,
            next_dial: status.next_dial_at.map(|at| at.0),
            next_window: status.next_window_opens.map(|at| at.0),
            results_waiting: status.results.map_or(0, |results| results.waiting),
            message: told.unwrap_or_default(),
        }
    }

    #[cfg(test)]
    pub(super) fn at_second(second: i64) -> Self {
        Self {
            at: Timestamp::from_second(1_800_000_000 + second).unwrap(),
            phase: "Dialing".to_owned(),
            counts: Counts::default(),
            in_flight: 0,
            cap: None,
            dials_per_second: 1.0,
            next_dial: None,
            next_window: None,
            results_waiting: 0,
            message: String::new(),
        }
    }

    fn left(&self) -> u32 {
        self.counts.total.saturating_sub(self.counts.ended())
    }
}

/// Targets that ended a second, since the first sample. `None`: too little time has passed.
fn rate(first: &Sample, last: &Sample) -> Option<f64> {
    let seconds = last.at.duration_since(first.at).as_secs_f64();
    let ended = last.counts.ended().saturating_sub(first.counts.ended());
    (seconds >= 1.0).then(|| f64::from(ended) / seconds)
}

/// How long it may take: at the rate of the last minute, else at the pace that was asked for. `None`: nobody can say.
fn eta(first: &Sample, last: &Sample) -> Option<i64> {
    let waits = matches!(last.phase.as_str(), "Dialing" | "Delivering");
    let rate = rate(first, last).filter(|rate| *rate > 0.0).unwrap_or(last.dials_per_second);
    let seconds = (f64::from(last.left()) / rate).ceil();
    #[expect(clippy::cast_possible_truncation, reason = "bounded by the line before")]
    (waits && last.left() > 0 && (0.0..1e9).contains(&seconds)).then_some(seconds as i64)
}

/// Cells of a bar.
const WIDTH: u32 = 40;

/// The picture: bars, rates, what is under way, what comes next.
pub(super) fn frame(name: &str, first: &Sample, last: &Sample, style: Style) -> String {
    let Counts { total, completed, failed, blocked, ambiguous, expired, removed, .. } = last.counts;
    let paint = |code: &str, text: &str| match style {
        Style::Coloured => format!("\x1b[{code}m{text}\x1b[0m"),
        Style::Plain => text.to_owned(),
    };
    let mut out = format!("{}  {}\n", paint("1", name), paint(colour(&last.phase), &last.phase));
    let mut bar = |title: &str, code: &str, count: u32, of: u32, note: String| {
        let share = if of == 0 { 0 } else { u64::from(count) * u64::from(WIDTH) / u64::from(of) };
        let full = usize::try_from(share.min(WIDTH.into())).unwrap_or_default();
        let empty = usize::try_from(WIDTH).unwrap_or_default().saturating_sub(full);
        let cells = paint(code, &"█".repeat(full)) + &"░".repeat(empty);
        out.push_str(&["  ", &format!("{title:<10}"), &cells, "  ", &note, "\n"].concat());
    };
    let ended = last.counts.ended();
    bar("ended", "36", ended, total, format!("{ended} of {total}{}", percent(ended, total)));
    bar("reached", "32", completed, total, format!("{completed}{}", percent(completed, total)));
    bar("failed", "33", failed, total, failed.to_string());
    let other = blocked + ambiguous + expired + removed;
    bar(
        "other",
        "35",
        other,
        total,
        format!("{blocked} blocked, {ambiguous} ambiguous, {expired} expired, {removed} removed"),
    );
    let cap = last.cap.unwrap_or(0);
    let of = if cap > 0 { format!(" of {cap}") } else { String::new() };
    let Counts { claimed, ringing, live, .. } = last.counts;
    let doing = format!("{}{of}: {claimed} claimed, {ringing} ringing, {live} live", last.in_flight);
    bar("in flight", "34", last.in_flight, cap.max(1), doing);
    for row in rows(first, last) {
        out.push_str(&["  ", &row, "\n"].concat());
    }
    out
}

fn rows(first: &Sample, last: &Sample) -> Vec<String> {
    let mut rows = Vec::new();
    if let Some(rate) = rate(first, last) {
        rows.push(format!("rate      {rate:.1} targets a second; {} calls a second asked for", last.dials_per_second));
    }
    let until = |at: Timestamp| {
        let seconds = at.duration_since(last.at).as_secs();
        format!("{} (in {})", at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S UTC"), span(seconds))
    };
    if let Some(at) = last.next_window {
        rows.push(format!("window    opens {}", until(at)));
    }
    if let Some(at) = last.next_dial {
        rows.push(format!("next call {}", until(at)));
    }
    if last.results_waiting > 0 {
        rows.push(format!("results   {} wait for the sink", last.results_waiting));
    }
    if let Some(seconds) = eta(first, last) {
        rows.push(format!("left      {}, about {}", last.left(), span(seconds)));
    }
    if !last.message.is_empty() {
        rows.push(format!("note      {}", last.message));
    }
    rows
}

/// The same in a line, with the time in front.
pub(super) fn line(first: &Sample, last: &Sample) -> String {
    let Counts { total, completed, failed, .. } = last.counts;
    let mut parts = vec![
        last.at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        format!("phase={}", last.phase),
        format!("ended={}/{total}", last.counts.ended()),
        format!("reached={completed}"),
        format!("failed={failed}"),
        format!("inFlight={}", last.in_flight),
    ];
    parts.extend(last.next_window.map(|at| format!("nextWindow={at}")));
    parts.extend((last.results_waiting > 0).then(|| format!("resultsWaiting={}", last.results_waiting)));
    parts.extend(eta(first, last).map(|seconds| format!("eta={}", span(seconds))));
    parts.join(" ")
}

fn percent(count: u32, of: u32) -> String {
    if of == 0 { String::new() } else { format!(", {:.0} %", f64::from(count) * 100.0 / f64::from(of)) }
}

/// Red needs a person, yellow waits, green goes on (ECMA-48: SGR).
fn colour(phase: &str) -> &'static str {
    match phase {
        "Dialing" | "Complete" | "Delivering" => "32",
        "Blocked" | "Failed" | "Halted" => "31",
        _ => "33",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair() -> (Sample, Sample) {
        let mut first = Sample::at_second(0);
        first.counts = Counts { total: 100, pending: 90, completed: 10, ..Counts::default() };
        let mut last = Sample::at_second(10);
        last.counts =
            Counts { total: 100, pending: 45, live: 3, ringing: 2, completed: 40, failed: 10, ..Counts::default() };
        (last.in_flight, last.cap) = (5, Some(10));
        (first, last)
    }

    #[test]
    fn the_picture_has_bars_rates_and_what_is_left() {
        let (first, last) = pair();
        let picture = frame("spring", &first, &last, Style::Plain);
        assert!(!picture.contains('\x1b'), "colour was not asked for");
        for part in [
            "spring  Dialing\n",
            "ended     ████████████████████░░░░░░░░░░░░░░░░░░░░  50 of 100, 50 %\n",
            "reached   ████████████████░░░░░░░░░░░░░░░░░░░░░░░░  40, 40 %\n",
            "in flight ████████████████████░░░░░░░░░░░░░░░░░░░░  5 of 10: 0 claimed, 2 ringing, 3 live\n",
            "rate      4.0 targets a second; 1 calls a second asked for\n",
            "left      50, about 13s\n",
        ] {
            assert!(picture.contains(part), "{part:?} is missing in\n{picture}");
        }
        assert!(frame("spring", &first, &last, Style::Coloured).contains("\x1b[32mDialing\x1b[0m"));
    }

    #[test]
    fn a_line_says_the_same_in_words() {
        let (first, mut last) = pair();
        assert_eq!(
            line(&first, &last),
            "2027-01-15T08:00:10Z phase=Dialing ended=50/100 reached=40 failed=10 inFlight=5 eta=13s"
        );
        last.phase = "WaitingForWindow".to_owned();
        last.next_window = Some(Timestamp::from_second(1_800_003_600).unwrap());
        assert!(
            line(&first, &last).ends_with(" inFlight=5 nextWindow=2027-01-15T09:00:00Z"),
            "{}",
            line(&first, &last)
        );
    }

    #[test]
    fn a_campaign_that_nobody_has_looked_at_is_drawn_too() {
        let first = Sample::at_second(0);
        assert!(frame("c", &first, &first, Style::Plain).contains("0 of 0\n"));
    }
}
