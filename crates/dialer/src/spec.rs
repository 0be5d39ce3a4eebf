//! What a campaign asks for, resolved.
//!
//! Promises values ready to act on: every default is applied, every reference followed, nothing optional that is acted
//! on. Does not know the custom resources that it was made of, nor how their fields are validated.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;

use crate::aftermath::Aftermath;
use crate::compliance::Rule;
use crate::cost::CostLimit;
use crate::ids::TargetId;
use crate::now::later;
#[cfg(doc)]
use crate::outcome::Outcome;
use crate::phone::PhoneNumber;
use crate::rules::OutcomeRule;

/// One campaign, or one job that stands alone.
#[derive(Clone, Debug, PartialEq)]
pub struct CampaignSpec {
    /// Caller ids, at least one. Without any, nothing is dialled.
    pub from: Vec<PhoneNumber>,
    /// Which caller id an attempt takes.
    pub from_selection: FromSelection,
    /// The Call Control application's id.
    pub connection_id: Arc<str>,
    /// What is done with whom answers.
    pub treatment: Treatment,
    /// Answering machine detection and what follows from its verdict.
    pub amd: Amd,
    /// How long a phone may ring: 15 s or more, less is a nuisance call in several countries (47 CFR 64.1200(a)(6)).
    pub ring_timeout: Duration,
    /// How long a call may last from its start: 60 s to 14 400 s (Telnyx: `time_limit_secs`).
    pub max_call: Duration,
    /// How fast, and how many at once.
    pub pacing: Pacing,
    /// When the callee may be called, in the callee's own zone. Empty means never.
    pub windows: Vec<Window>,
    /// When nobody is called though a window is open.
    pub blackouts: Vec<Blackout>,
    /// The zone of targets that name none. [`Zone::Unknown`]: what each target's number tells.
    pub default_zone: Zone,
    /// What is tried again, when and how often.
    pub retry: RetryPolicy,
    /// What becomes of an attempt whose fate cannot be found out.
    pub on_ambiguous: OnAmbiguous,
    /// `true`: nothing new is dialled; what is under way follows `drain`.
    pub suspended: bool,
    /// What a suspension does to calls under way.
    pub drain: DrainPolicy,
    /// Nothing is dialled before.
    pub start_at: Option<Timestamp>,
    /// How often a number may be called by all campaigns of the account together; each campaign keeps to its own caps.
    pub frequency: Vec<FrequencyCap>,
    /// How long a number is left alone after calls that came to something.
    pub rests: Vec<Rest>,
    /// Targets without a recorded consent are not called.
    pub consent_required: bool,
    /// Rules that somebody has set aside for this campaign: what they object to is called all the same, and each call says so.
    pub set_aside: BTreeSet<Rule>,
    /// The do-not-call lists are asked only while they were read within this; `None`: however old they are.
    pub max_list_age: Option<Duration>,
    /// When the campaign stops itself; `None`: never.
    pub breaker: Option<Breaker>,
    /// Calls placed at most, over all targets and attempts. `None`: no limit.
    pub max_calls: Option<u32>,
    /// What all calls may cost together. `None`: no limit.
    pub cost: Option<CostLimit>,
    /// Targets that end as [`Outcome::Completed`] or [`Outcome::VoicemailLeft`] before the campaign has what it wanted; calls
    /// under way then may reach a few more. `None`: all.
    pub enough_reached: Option<Portion>,
    /// Targets that may fail (see [`Counts::failed`](crate::Counts::failed)) before the campaign has failed. `None`: all.
    pub most_failed: Option<Portion>,
    /// Targets of the whole list, of which shares are taken. `None`: those of all jobs, once every job was handed in.
    pub list: Option<u32>,
    /// How long the campaign may take from [`started_at`](Self::started_at) on. Then nothing more is dialled, calls under way
    /// follow `drain`, and what is left ends as [`Outcome::Expired`]. `None`: however long it takes.
    pub active_deadline: Option<Duration>,
    /// When its first call was started, as the shell remembers; `None`: none was.
    pub started_at: Option<Timestamp>,
    /// Nothing is dialled from here on; what is still undialled then ends as [`Outcome::Expired`].
    pub stop_at: Option<Timestamp>,
}

impl CampaignSpec {
    /// When its time is over.
    #[must_use]
    pub fn deadline(&self) -> Option<Timestamp> {
        Some(later(self.started_at?, self.active_deadline?))
    }

    /// Whether somebody has written it anew, and it is not only known better.
    pub(crate) fn is_edited_from(&self, before: &Self) -> bool {
        let known = Self { list: self.list, started_at: self.started_at, ..before.clone() };
        known != *self
    }
}

/// Some of the targets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Portion {
    /// So many.
    Targets(u32),
    /// So many hundredths of the list.
    Percent(u8),
}

impl Portion {
    /// How many of `all` are at least so many, and one at the least.
    #[must_use]
    pub fn at_least(self, all: u32) -> u32 {
        match self {
            Self::Targets(count) => count,
            Self::Percent(percent) => saturated((u64::from(all) * u64::from(percent)).div_ceil(100).max(1)),
        }
    }

    /// How many of `all` are at most so many.
    #[must_use]
    pub fn at_most(self, all: u32) -> u32 {
        match self {
            Self::Targets(count) => count,
            Self::Percent(percent) => saturated(u64::from(all) * u64::from(percent) / 100),
        }
    }
}

fn saturated(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// Whether more jobs of an owner will be handed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Jobs are still to come: the owner is not finished even when all its targets are.
    MoreToCome,
    /// Every job has been handed in.
    Complete,
}

/// Which caller id an attempt takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FromSelection {
    /// Each dial takes the next one.
    RoundRobin,
    /// A target keeps its caller id over all its attempts.
    Sticky,
    /// The one with the callee's country code and the most digits in common with its number; of equals, the next one.
    LocalPresence,
}

/// What is done with whom answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Treatment {
    /// It is played, and the call hung up.
    Announcement(Announcement),
    /// A flow has the call until it ends.
    Flow(FlowKey),
}

/// Which flow, at which revision: whoever runs flows knows it by this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FlowKey {
    /// The flow, whatever its revision.
    pub flow: u64,
    /// The revision; a campaign keeps it.
    pub revision: u32,
}

/// What is played to whom answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Announcement {
    /// Spoken text (Telnyx: `speak`).
    Text {
        /// 1 to 3000 characters.
        payload: Arc<str>,
        /// A voice, `female`, `AWS.Polly.Joanna` and the like.
        voice: Arc<str>,
        /// The language, where the voice needs one.
        language: Option<Arc<str>>,
    },
    /// A recording (Telnyx: `playback_start`).
    Audio {
        /// Where Telnyx fetches it.
        url: Arc<str>,
    },
}

/// Answering machine detection and what follows from its verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amd {
    /// The detector.
    pub mode: AmdMode,
    /// How long it may listen (Telnyx: `total_analysis_time_millis`).
    pub total_analysis: Duration,
    /// How long a machine's greeting may take before the beep (Telnyx: `greeting_duration_millis` for premium;
    /// `detect_words` gives up after 30 s). After it, the message is left without a beep.
    pub greeting: Duration,
    /// A machine answered.
    pub on_machine: OnMachine,
    /// A fax answered (premium only).
    pub on_fax: OnNobody,
    /// Nobody spoke (premium only).
    pub on_silence: OnNobody,
    /// The detector cannot tell, or never said. Telnyx advises to treat that as a human.
    pub on_not_sure: OnNotSure,
}

/// The detector (Telnyx: answering machine detection guide).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AmdMode {
    /// None: whoever answers is taken for a person.
    Disabled,
    /// Telnyx's recommended one; knows fax and silence.
    Premium,
    /// `detect`: a verdict only.
    Detect,
    /// `detect_beep`: a greeting event only when a beep is heard.
    DetectBeep,
    /// `detect_words`: a greeting event at the beep or after 30 s.
    DetectWords,
    /// `greeting_end`: a greeting event on silence or beep.
    GreetingEnd,
}

/// A machine answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnMachine {
    /// Wait for the end of the greeting, then play the announcement.
    LeaveMessage,
    /// Hang up without a word.
    Hangup,
    /// Play the announcement at once, as to a person.
    Continue,
}

/// A fax, or silence, answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnNobody {
    /// Hang up.
    Hangup,
    /// Play the announcement anyway.
    Continue,
}

/// The detector cannot tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnNotSure {
    /// Play the announcement as to a person.
    TreatAsHuman,
    /// Act as for a machine.
    TreatAsMachine,
    /// Hang up.
    Hangup,
}

/// Dials per second in thousandths, so that 0.5/s is exact: 500.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DialRate(u32);

impl DialRate {
    /// Thousandths of a dial per second.
    #[must_use]
    pub const fn from_millis(thousandths: u32) -> Self {
        Self(thousandths)
    }

    /// Whole dials per second, at most four million.
    #[must_use]
    pub const fn per_second(dials: u32) -> Self {
        Self(dials.saturating_mul(1000))
    }

    /// Thousandths of a dial per second.
    #[must_use]
    pub const fn millis(self) -> u32 {
        self.0
    }
}

/// How fast a campaign dials, and how many calls at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pacing {
    /// How the rate rises; `None`: it is there at once. It begins anew with the process, when a suspension or a halt ends
    /// and when windows open.
    pub ramp: Option<Ramp>,
    /// Campaigns of a higher priority come first, whatever they leave.
    pub priority: u8,
    /// Share of what campaigns of the same priority divide, at least 1.
    pub share: u16,
    /// Dials started per second in the long run; a pause lets it catch up by about a second's worth, no more.
    pub dials_per_second: DialRate,
    /// Calls claimed, ringing or live at once.
    pub max_concurrent: u32,
    /// Dials by who is free to talk; `None`: nobody has to be.
    pub adaptive: Option<Adaptive>,
}

/// Dials by the agents who are free, so that nobody who answers is left without one.
///
/// A call is abandoned when a person answered it and no agent was connected within two seconds of the end of the greeting,
/// as the detector heard it, or else of the answer (47 CFR 64.1200(a)(7)). Shares are of the calls that a person answered,
/// per campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Adaptive {
    /// Who they are.
    pub agents: Agents,
    /// Abandoned calls aimed at, in thousandths: above, each free agent has one line.
    pub target: u16,
    /// With so many abandoned, in thousandths, the campaign halts until somebody changes it.
    pub hard_stop: u16,
    /// Over how long both are measured: 30 days, or as long as the campaign lasts (47 CFR 64.1200(a)(7)).
    pub window: Duration,
}

/// Who is there to talk to whom answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agents {
    /// So many. Each answered call of the campaign takes one.
    Count(u32),
    /// So many, likewise; callers who wait in a queue, as [`Event::Agents`](crate::Event::Agents) tells, come first.
    CountBesideQueue(u32),
    /// Whoever [`Event::Agents`](crate::Event::Agents) tells to be free.
    Told,
}

/// How often a number may be called. What may have rung counts, whichever campaign called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrequencyCap {
    /// Calls at most, 1 to 8: a target remembers no more.
    pub calls: u8,
    /// In any span of this length, at most 31 days.
    pub within: Duration,
}

/// A number is left alone for a while after a call that came to something, whichever campaign called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rest {
    /// To what.
    pub after: Aftermath,
    /// How long from its claim on, at most 31 days.
    pub lasts: Duration,
}

/// How a campaign's rate rises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ramp {
    /// The rate to begin with.
    pub from: DialRate,
    /// What each step adds, in hundredths of the rate.
    pub step_percent: u32,
    /// How long a step lasts. The next one comes only if at most a tenth of the calls that ended in it were trouble:
    /// unknown numbers, rejections, failures, short calls.
    pub every: Duration,
}

/// When a campaign stops itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Breaker {
    /// Results older than this do not count.
    pub window: Duration,
    /// Fewer results than this say nothing.
    pub least_sample: u32,
    /// Hundredths of the results that are unknown numbers.
    pub invalid_percent: u8,
    /// Hundredths of the results that are rejected, or lost at carriers.
    pub reject_percent: u8,
    /// Hundredths of the results that are people who hung up within 6 s.
    pub short_percent: u8,
}

/// What an account may do, shared by all its campaigns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountLimits {
    /// Telnyx's dial limit: 30 per second unless support raised it. No 5 s hold more than 0.9 × 5 × this
    /// (Telnyx: dials per second limit).
    pub dials_per_second: u32,
    /// Calls claimed, ringing or live at once over all campaigns.
    pub max_concurrent: u32,
}

/// A daily window in the callee's zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// The weekdays it opens on.
    pub days: Vec<Weekday>,
    /// First instant inside.
    pub start: Time,
    /// First instant outside; not after `start` means the window is empty.
    pub end: Time,
}

/// A time at which nobody is called, whatever the windows say.
#[derive(Clone, Debug, PartialEq)]
pub enum Blackout {
    /// A day, from midnight to midnight on the callee's own clock: a holiday.
    Day {
        /// Which.
        date: Date,
        /// Callees in these zones alone, compared by name; a callee who may live in one of them counts. Empty: everybody.
        zones: Vec<TimeZone>,
    },
    /// The same time everywhere.
    Span {
        /// First instant of it.
        from: Timestamp,
        /// First instant after it; not after `from` means that there is none.
        until: Timestamp,
    },
}

/// Where the callee lives.
#[derive(Clone, Debug, PartialEq)]
pub enum Zone {
    /// Known.
    Known(TimeZone),
    /// One of these, nobody knows which: called only while the windows are open in all of them. Ends as
    /// [`Outcome::ComplianceBlocked`] where the windows have no such time in the coming week.
    OneOf(Arc<[TimeZone]>),
    /// Unknown: never called, ends as [`Outcome::ComplianceBlocked`].
    Unknown,
}

impl Zone {
    /// The zones in all of which a window must be open; empty when unknown.
    #[must_use]
    pub fn all(&self) -> &[TimeZone] {
        match self {
            Self::Known(zone) => std::slice::from_ref(zone),
            Self::OneOf(zones) => zones,
            Self::Unknown => &[],
        }
    }
}

/// What is tried again, when and how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Attempts per target over all outcomes together, at least 1.
    pub max_attempts_per_target: u16,
    /// The least time between two attempts that may both have rung.
    pub min_gap: Duration,
    /// Wait after the 1st, 2nd, … attempt; the last one repeats. Empty: each outcome's own wait.
    pub backoff: Vec<Duration>,
    /// Moves the next attempt by two hours where it would fall on the hour of one that nobody answered, days later.
    pub vary_time_of_day: bool,
    /// Retries after carrier failures, which ring no phone and use no attempt.
    pub infra_retries: u16,
    /// Exceptions, at most [`MOST_RULES`](crate::rules::MOST_RULES): the first that fits applies. What fits none follows
    /// the table in [`crate::outcome`].
    pub rules: Vec<OutcomeRule>,
}

/// What becomes of an attempt whose fate cannot be found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnAmbiguous {
    /// It counts as an attempt; the next one waits for `min_gap`.
    CountAsAttempt,
    /// The target is done with.
    Skip,
    /// The target waits until the policy is changed.
    Hold,
}

/// What a suspension does to calls under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DrainPolicy {
    /// They end by themselves.
    LetFinish,
    /// What rings is hung up once it has rung 15 s; what is answered ends by itself.
    StopRingingAfter15s,
    /// All are hung up at once.
    HangupAll,
}

/// One target of a job.
#[derive(Clone, Debug)]
pub struct TargetSpec {
    /// Unique within the owner.
    pub id: TargetId,
    /// Whom to call.
    pub to: PhoneNumber,
    /// The target's own zone; `None` takes the campaign's default.
    pub zone: Option<Zone>,
    /// The zone that the number tells of. Counts where neither the target nor the campaign names one.
    pub zone_of_number: Zone,
    /// When the callee agreed to be called; `None`: nobody recorded it.
    pub consent_at: Option<Timestamp>,
    /// Not dialled before.
    pub not_before: Option<Timestamp>,
    /// Not dialled from here on; ends as [`Outcome::Expired`] unless it was reached before.
    pub expires_at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A share, of how many, at least, at most.
    #[test]
    fn a_share_is_rounded_against_who_would_call_too_few_or_fail_too_late() {
        for (percent, all, least, most) in [
            (10, 1000, 100, 100),
            (10, 5, 1, 0),
            (33, 10, 4, 3),
            (100, 7, 7, 7),
            (0, 7, 1, 0),
            (1, 0, 1, 0),
            (100, u32::MAX, u32::MAX, u32::MAX),
        ] {
            let share = Portion::Percent(percent);
            assert_eq!((share.at_least(all), share.at_most(all)), (least, most), "{percent} % of {all}");
        }
        assert_eq!((Portion::Targets(3).at_least(2), Portion::Targets(3).at_most(2)), (3, 3));
    }
}
