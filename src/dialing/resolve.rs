//! From a dial plan as written to what the dialer acts on.
//!
//! Pure and in one place: every default is applied, every text parsed, and whatever does not hold is named by its field
//! path with what to write instead. Most of it the API server refuses already; this is the proof, and the answer for what
//! a schema cannot know (time zones).

use std::sync::Arc;
use std::time::Duration;

use dialer::spec::{self, CampaignSpec, DialRate, Zone};
use dialer::{Outcome, PhoneNumber};
use jiff::Timestamp;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time as ApiTime;

use crate::api::{
    self, Amd, AmdMode, Announcement, DialPlan, DrainPolicy, FromSelection, OnAmbiguous, OnMachine, OnNobody,
    OnNotSure, Pacing, Retry, RetryAction, RetryOutcome, UnknownTimeZone, Weekday,
};

/// How long a machine's greeting may take. Voice mail boxes allow greetings of half a minute and more; `detect_words`
/// itself gives up after 30 s (Telnyx: answering machine detection guide).
const GREETING: Duration = Duration::from_secs(30);

/// A field that cannot be acted on. Never repeats the value: it may be a phone number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {problem}")]
pub struct FieldError {
    /// The field, as `kubectl explain` writes it.
    pub path: String,
    /// What to write instead.
    pub problem: &'static str,
}

impl FieldError {
    fn new(path: impl Into<String>, problem: &'static str) -> Self {
        Self { path: path.into(), problem }
    }
}

/// What the plan asks for. `root` is the path of the plan itself, such as `spec` or `spec.plan`; `connection_id` is the
/// application's id at Telnyx.
///
/// # Errors
/// Every field that cannot be acted on, not only the first.
pub fn resolve(root: &str, plan: &DialPlan, connection_id: &str) -> Result<CampaignSpec, Vec<FieldError>> {
    let mut errors = Vec::new();
    let mut keep = |error: FieldError| errors.push(error);
    let from = from(root, plan, &mut keep);
    let announcement = announcement(root, &plan.announcement).map_err(&mut keep).ok();
    let pacing = pacing(root, &plan.pacing).map_err(&mut keep).ok();
    let windows = windows(root, plan, &mut keep);
    let default_zone = zone(root, plan).map_err(&mut keep).ok();
    match (announcement, pacing, default_zone) {
        (Some(announcement), Some(pacing), Some(default_zone)) if errors.is_empty() => Ok(CampaignSpec {
            from,
            from_selection: match plan.from_selection {
                FromSelection::RoundRobin => spec::FromSelection::RoundRobin,
                FromSelection::Sticky => spec::FromSelection::Sticky,
            },
            connection_id: connection_id.into(),
            announcement,
            amd: amd(&plan.amd),
            ring_timeout: secs(plan.ring_timeout_secs),
            max_call: secs(plan.max_call_secs),
            pacing,
            windows,
            default_zone,
            retry: retry(&plan.retry),
            on_ambiguous: match plan.on_ambiguous {
                OnAmbiguous::CountAsAttempt => spec::OnAmbiguous::CountAsAttempt,
                OnAmbiguous::Skip => spec::OnAmbiguous::Skip,
                OnAmbiguous::Hold => spec::OnAmbiguous::Hold,
            },
            suspended: plan.suspend,
            drain: match plan.drain_policy {
                DrainPolicy::LetFinish => spec::DrainPolicy::LetFinish,
                DrainPolicy::StopRingingAfter15s => spec::DrainPolicy::StopRingingAfter15s,
                DrainPolicy::HangupAll => spec::DrainPolicy::HangupAll,
            },
            start_at: plan.start_at.as_ref().map(instant),
            stop_at: plan.stop_at.as_ref().map(instant),
        }),
        (Some(_) | None, Some(_) | None, Some(_) | None) => Err(errors),
    }
}

fn secs(count: u32) -> Duration {
    Duration::from_secs(count.into())
}

fn instant(time: &ApiTime) -> Timestamp {
    time.0
}

fn from(root: &str, plan: &DialPlan, keep: &mut impl FnMut(FieldError)) -> Vec<PhoneNumber> {
    if plan.from.is_empty() {
        keep(FieldError::new(format!("{root}.from"), "needs at least one number"));
    }
    let mut numbers = Vec::with_capacity(plan.from.len());
    for (index, number) in plan.from.iter().enumerate() {
        match PhoneNumber::parse(number.expose()) {
            Ok(number) => numbers.push(number),
            Err(_) => keep(FieldError::new(
                format!("{root}.from[{index}]"),
                "must be a number in E.164 form: '+', a country code that does not begin with 0, at most 15 digits",
            )),
        }
    }
    numbers
}

fn announcement(root: &str, written: &Announcement) -> Result<spec::Announcement, FieldError> {
    match (&written.text, &written.audio) {
        (Some(text), None) => Ok(spec::Announcement::Text {
            payload: text.payload.as_str().into(),
            voice: text.voice.as_str().into(),
            language: text.language.as_deref().map(Arc::from),
        }),
        (None, Some(audio)) => Ok(spec::Announcement::Audio { url: audio.url.as_str().into() }),
        (Some(_), Some(_)) | (None, None) => {
            Err(FieldError::new(format!("{root}.announcement"), "set exactly one of text and audio"))
        }
    }
}

fn amd(written: &Amd) -> spec::Amd {
    let nobody = |policy| match policy {
        OnNobody::Hangup => spec::OnNobody::Hangup,
        OnNobody::Continue => spec::OnNobody::Continue,
    };
    spec::Amd {
        mode: match written.mode {
            AmdMode::Disabled => spec::AmdMode::Disabled,
            AmdMode::Premium => spec::AmdMode::Premium,
            AmdMode::Detect => spec::AmdMode::Detect,
            AmdMode::DetectBeep => spec::AmdMode::DetectBeep,
            AmdMode::DetectWords => spec::AmdMode::DetectWords,
            AmdMode::GreetingEnd => spec::AmdMode::GreetingEnd,
        },
        total_analysis: Duration::from_millis(written.total_analysis_time_millis.into()),
        greeting: GREETING,
        on_machine: match written.on_machine {
            OnMachine::LeaveMessage => spec::OnMachine::LeaveMessage,
            OnMachine::Hangup => spec::OnMachine::Hangup,
            OnMachine::Continue => spec::OnMachine::Continue,
        },
        on_fax: nobody(written.on_fax),
        on_silence: nobody(written.on_silence),
        on_not_sure: match written.on_not_sure {
            OnNotSure::TreatAsHuman => spec::OnNotSure::TreatAsHuman,
            OnNotSure::TreatAsMachine => spec::OnNotSure::TreatAsMachine,
            OnNotSure::Hangup => spec::OnNotSure::Hangup,
        },
    }
}

fn pacing(root: &str, written: &Pacing) -> Result<spec::Pacing, FieldError> {
    let thousandths = (written.dials_per_second * 1000.0).round();
    if !(1.0..=1_000_000.0).contains(&thousandths) {
        return Err(FieldError::new(format!("{root}.pacing.dialsPerSecond"), "must be 0.001 to 1000"));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "1 to 1,000,000, checked above")]
    let dials_per_second = DialRate::from_millis(thousandths as u32);
    Ok(spec::Pacing { dials_per_second, max_concurrent: written.max_concurrent_calls })
}

fn windows(root: &str, plan: &DialPlan, keep: &mut impl FnMut(FieldError)) -> Vec<spec::Window> {
    let mut windows = Vec::with_capacity(plan.windows.len());
    for (index, written) in plan.windows.iter().enumerate() {
        match window(&format!("{root}.windows[{index}]"), written) {
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
    Ok(spec::Window { days: written.days.iter().copied().map(weekday).collect(), start, end })
}

/// `HH:MM`; `24:00` is the last instant of the day.
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

fn zone(root: &str, plan: &DialPlan) -> Result<Zone, FieldError> {
    let UnknownTimeZone::Block = plan.callee_time_zone.unknown;
    let Some(name) = &plan.callee_time_zone.default else {
        return Ok(Zone::Unknown);
    };
    TimeZone::get(name).map(Zone::Known).map_err(|_| {
        FieldError::new(
            format!("{root}.calleeTimeZone.default"),
            "must be a name of the IANA time zone database, such as America/Chicago",
        )
    })
}

fn retry(written: &Retry) -> spec::RetryPolicy {
    let count = |count: u32| u16::try_from(count).unwrap_or(u16::MAX);
    spec::RetryPolicy {
        max_attempts_per_target: count(written.max_attempts_per_target),
        min_gap: secs(written.min_gap_secs),
        backoff: written.backoff_secs.iter().copied().map(secs).collect(),
        infra_retries: count(written.infra_retries),
        rules: written
            .rules
            .iter()
            .map(|rule| spec::RetryRule {
                outcomes: rule.outcomes.iter().copied().map(outcome).collect(),
                action: match rule.action {
                    RetryAction::Retry => spec::RetryAction::Retry { after: rule.after_secs.map(secs) },
                    RetryAction::FailTarget => spec::RetryAction::Finish,
                },
            })
            .collect(),
    }
}

fn outcome(written: RetryOutcome) -> Outcome {
    match written {
        RetryOutcome::HumanHangup => Outcome::HumanHangup,
        RetryOutcome::VoicemailLeft => Outcome::VoicemailLeft,
        RetryOutcome::Machine => Outcome::Machine,
        RetryOutcome::Fax => Outcome::Fax,
        RetryOutcome::Silence => Outcome::Silence,
        RetryOutcome::NoAnswer => Outcome::NoAnswer,
        RetryOutcome::Busy => Outcome::Busy,
        RetryOutcome::Rejected => Outcome::Rejected,
        RetryOutcome::BlockedByAnalytics => Outcome::BlockedByAnalytics,
        RetryOutcome::InvalidNumber => Outcome::InvalidNumber,
        RetryOutcome::TimeLimit => Outcome::TimeLimit,
        RetryOutcome::FlowError => Outcome::FlowError,
    }
}
