//! How people are called: the part of a campaign that a job standing alone has too.
//!
//! Knows the fields as written, their defaults and bounds. Does not know who is called, nor how the fields are acted on.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::number::Number;
use super::references::{AccountRef, LocalRef};

/// How people are called.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "!(self.purpose in ['Telemarketing', 'DebtCollection']) || self.windows.all(w, w.start >= '08:00' && w.end <= '21:00')",
    "message": "windows must lie within 08:00 and 21:00 for purposes Telemarketing and DebtCollection (47 CFR 64.1200(c)(1), 12 CFR 1006.6(b)(1))",
}, {
    "rule": "!has(self.startAt) || !has(self.stopAt) || self.startAt < self.stopAt",
    "message": "stopAt must be after startAt",
}, {
    "rule": "self.ringTimeoutSecs < self.maxCallSecs",
    "message": "maxCallSecs must be longer than ringTimeoutSecs: it counts from the start of ringing",
}]))]
pub struct DialPlan {
    /// The account on whose behalf calls are made. Immutable.
    #[schemars(extend("x-kubernetes-validations" = [{
        "rule": "self == oldSelf",
        "message": "accountRef is immutable: create another resource for another account",
    }]))]
    pub account_ref: AccountRef,
    /// The `CallControlApplication` in this namespace that makes the calls. Its webhooks must reach the operator, and it
    /// needs an outbound voice profile. Immutable.
    #[schemars(extend("x-kubernetes-validations" = [{
        "rule": "self == oldSelf",
        "message": "applicationRef is immutable: create another resource for another application",
    }]))]
    pub application_ref: LocalRef,
    /// Caller ids: 1 to 100 numbers in E.164 form, each owned by the account or verified in it.
    #[schemars(length(min = 1, max = 100))]
    #[schemars(extend("x-kubernetes-list-type" = "set"))]
    pub from: Vec<Number>,
    /// Which caller id a call takes. `RoundRobin`: each call the next one. `Sticky`: a target keeps its caller id over
    /// all its attempts.
    #[serde(default)]
    pub from_selection: FromSelection,
    /// What the calls are for: `Telemarketing`, `Informational`, `DebtCollection`, `Healthcare`, `Political` or
    /// `Emergency`. Required, because the law depends on it. Choosing the right one, and having the consent that it
    /// needs, is up to you.
    pub purpose: Purpose,
    /// What is played to whom answers.
    pub announcement: Announcement,
    /// Answering machine detection, and what follows from its verdict.
    #[serde(default)]
    pub amd: Amd,
    /// Seconds that a phone may ring, 15 to 600. Shorter rings are nuisance calls in several countries (47 CFR
    /// 64.1200(a)(6)).
    #[serde(default = "default_ring_timeout_secs")]
    #[schemars(range(min = 15, max = 600))]
    pub ring_timeout_secs: u32,
    /// Seconds that a call may last from its start, 60 to 14400.
    #[serde(default = "default_max_call_secs")]
    #[schemars(range(min = 60, max = 14400))]
    pub max_call_secs: u32,
    /// How fast, and how many at once. Can be changed at any time.
    #[serde(default)]
    pub pacing: Pacing,
    /// When people may be called, on their own clock; at most 32 windows. Empty: never.
    #[serde(default = "default_windows")]
    #[schemars(length(max = 32))]
    pub windows: Vec<Window>,
    /// Whose clock is meant where a target does not say.
    #[serde(default)]
    pub callee_time_zone: CalleeTimeZone,
    /// What is tried again, when and how often.
    #[serde(default)]
    pub retry: Retry,
    /// What becomes of a call whose fate could not be found out. `CountAsAttempt`: it counts, and the next one waits at
    /// least `retry.minGapSecs`. `Skip`: the target is not called again. `Hold`: the target waits until this field is
    /// changed.
    #[serde(default)]
    pub on_ambiguous: OnAmbiguous,
    /// What `suspend: true` does to calls under way. `LetFinish`: they end by themselves. `StopRingingAfter15s`: what
    /// rings is hung up once it has rung for 15 seconds, what is answered ends by itself. `HangupAll`: all are hung up
    /// at once.
    #[serde(default)]
    pub drain_policy: DrainPolicy,
    /// Whether dialing is suspended: no call is started, calls under way follow `drainPolicy`, and nothing is lost. Can
    /// be changed at any time.
    #[serde(default)]
    pub suspend: bool,
    /// No call is started before this instant. Unset: calls start as soon as a window is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_at: Option<Time>,
    /// No call is started from this instant on; targets not reached by then end as `Expired`. Unset: no end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_at: Option<Time>,
}

/// Telnyx's own default.
fn default_ring_timeout_secs() -> u32 {
    30
}

/// An announcement takes a minute or two; ten leave room, and bound what a forgotten call can cost.
fn default_max_call_secs() -> u32 {
    600
}

/// Within every telemarketing law known here at once: the United States with their states, the United Kingdom, Canada.
/// Australia closes at 17:00 on Saturdays too and asks for no Sundays.
fn default_windows() -> Vec<Window> {
    use Weekday::{Fri, Mon, Sat, Thu, Tue, Wed};
    vec![
        Window { days: vec![Mon, Tue, Wed, Thu, Fri], start: "09:00".to_owned(), end: "20:00".to_owned() },
        Window { days: vec![Sat], start: "10:00".to_owned(), end: "17:00".to_owned() },
    ]
}

/// Which caller id a call takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum FromSelection {
    /// Each call takes the next one. The default: it spreads the calls.
    #[default]
    RoundRobin,
    /// A target keeps its caller id over all its attempts.
    Sticky,
}

/// What the calls are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Purpose {
    /// Selling, or asking for consent to sell.
    Telemarketing,
    /// Information that the callee expects, such as a delivery or a closed school.
    Informational,
    /// Collecting a debt.
    DebtCollection,
    /// Health care, such as an appointment.
    Healthcare,
    /// Politics.
    Political,
    /// Danger to life or health.
    Emergency,
}

/// What is played to whom answers: text or audio.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "has(self.text) != has(self.audio)",
    "message": "set exactly one of text and audio",
}]))]
pub struct Announcement {
    /// Text that is spoken. Excludes `audio`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<AnnouncementText>,
    /// A recording that is played. Excludes `text`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audio: Option<AnnouncementAudio>,
}

/// Text that is spoken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AnnouncementText {
    /// The text, 1 to 3000 characters.
    #[schemars(length(min = 1, max = 3000))]
    pub payload: String,
    /// The voice: `female`, `male`, or a named one such as `AWS.Polly.Joanna` or `Telnyx.KokoroTTS.af`; at most 255
    /// characters.
    #[serde(default = "default_voice")]
    #[schemars(length(min = 1, max = 255))]
    pub voice: String,
    /// Language of the voices `female` and `male`, such as `en-US`; named voices bring their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = [
        "arb", "cmn-CN", "cy-GB", "da-DK", "de-DE", "en-AU", "en-GB", "en-GB-WLS", "en-IN", "en-US", "es-ES", "es-MX",
        "es-US", "fr-CA", "fr-FR", "hi-IN", "is-IS", "it-IT", "ja-JP", "ko-KR", "nb-NO", "nl-NL", "pl-PL", "pt-BR",
        "pt-PT", "ro-RO", "ru-RU", "sv-SE", "tr-TR"
    ]))]
    pub language: Option<String>,
}

fn default_voice() -> String {
    "female".to_owned()
}

/// A recording that is played.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AnnouncementAudio {
    /// Where Telnyx fetches the file, WAV or MP3; at most 2000 characters.
    #[schemars(length(max = 2000), pattern(r"^https?://[^\s/?#]+([/?#]\S*)?$"))]
    pub url: String,
}

/// Answering machine detection, and what follows from its verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Amd {
    /// The detector, in Telnyx's words: `disabled` (whoever answers is taken for a person), `premium` (recommended by
    /// Telnyx, billed per use; the only one that knows fax and silence), `detect` (a verdict only), `detect_beep`,
    /// `detect_words` or `greeting_end` (a verdict, and where the greeting ends).
    #[serde(default)]
    pub mode: AmdMode,
    /// Milliseconds that the detector may listen, 500 to 30000. Nothing is played meanwhile, and the law gives two
    /// seconds (47 CFR 64.1200(a)(7)): keep it short.
    #[serde(default = "default_total_analysis_time_millis")]
    #[schemars(range(min = 500, max = 30000))]
    pub total_analysis_time_millis: u32,
    /// A machine answered. `LeaveMessage`: wait for the end of its greeting, then play the announcement. `Hangup`: hang
    /// up without a word. `Continue`: play the announcement at once, as to a person.
    #[serde(default)]
    pub on_machine: OnMachine,
    /// A fax answered (mode `premium` only). `Hangup`, or `Continue`: play the announcement anyway.
    #[serde(default)]
    pub on_fax: OnNobody,
    /// Nobody spoke (mode `premium` only). `Hangup`, or `Continue`: play the announcement anyway.
    #[serde(default)]
    pub on_silence: OnNobody,
    /// The detector cannot tell, or never said. `TreatAsHuman`, as Telnyx advises, `TreatAsMachine` or `Hangup`.
    #[serde(default)]
    pub on_not_sure: OnNotSure,
}

impl Default for Amd {
    fn default() -> Self {
        Self {
            mode: AmdMode::default(),
            total_analysis_time_millis: default_total_analysis_time_millis(),
            on_machine: OnMachine::default(),
            on_fax: OnNobody::default(),
            on_silence: OnNobody::default(),
            on_not_sure: OnNotSure::default(),
        }
    }
}

/// The API's own default; its guide names another for `premium`, so it is always sent.
fn default_total_analysis_time_millis() -> u32 {
    3500
}

/// The detector (Telnyx: answering machine detection guide).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AmdMode {
    /// None. The default, as at Telnyx.
    #[default]
    Disabled,
    /// The recommended one.
    Premium,
    /// A verdict only.
    Detect,
    /// A greeting event only when a beep is heard.
    DetectBeep,
    /// A greeting event at the beep or after 30 seconds.
    DetectWords,
    /// A greeting event on silence or beep.
    GreetingEnd,
}

/// A machine answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum OnMachine {
    /// Wait for the end of the greeting, then play the announcement. The default: the message arrives.
    #[default]
    LeaveMessage,
    /// Hang up without a word.
    Hangup,
    /// Play the announcement at once.
    Continue,
}

/// A fax, or silence, answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum OnNobody {
    /// Hang up. The default: nobody listens.
    #[default]
    Hangup,
    /// Play the announcement anyway.
    Continue,
}

/// The detector cannot tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum OnNotSure {
    /// As to a person. The default, as Telnyx advises.
    #[default]
    TreatAsHuman,
    /// As to a machine.
    TreatAsMachine,
    /// Hang up.
    Hangup,
}

/// How fast, and how many at once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Pacing {
    /// Calls started per second, 0.01 to 1000; it is rounded to thousandths. The account's limit applies to all
    /// campaigns together.
    #[serde(default = "default_campaign_dials_per_second")]
    #[schemars(range(min = 0.01, max = 1000))]
    // The API server compares a whole number with the whole part of a minimum, so that 0 would pass.
    #[schemars(extend("x-kubernetes-validations" = [{
        "rule": "self >= 0.01",
        "message": "should be greater than or equal to 0.01: use suspend to stop dialing",
    }]))]
    pub dials_per_second: f64,
    /// Calls claimed, ringing or answered at once, 1 to 10000. The account's limit applies to all campaigns together.
    #[serde(default = "default_max_concurrent_calls")]
    #[schemars(range(min = 1, max = 10_000))]
    pub max_concurrent_calls: u32,
}

impl Default for Pacing {
    fn default() -> Self {
        Self {
            dials_per_second: default_campaign_dials_per_second(),
            max_concurrent_calls: default_max_concurrent_calls(),
        }
    }
}

/// Slow enough to notice a mistake before many phones have rung.
fn default_campaign_dials_per_second() -> f64 {
    1.0
}

/// What Telnyx allows an account at sign-up.
fn default_max_concurrent_calls() -> u32 {
    2
}

/// A daily window on the callee's clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "self.start < self.end",
    "message": "end must be after start: split a window that passes midnight into two",
}]))]
pub struct Window {
    /// Weekdays on which it opens: `Mon`, `Tue`, `Wed`, `Thu`, `Fri`, `Sat`, `Sun`.
    #[schemars(length(min = 1, max = 7))]
    #[schemars(extend("x-kubernetes-list-type" = "set"))]
    pub days: Vec<Weekday>,
    /// First minute in which calls may start, as HH:MM.
    #[schemars(length(max = 5), pattern(r"^([01][0-9]|2[0-3]):[0-5][0-9]$"))]
    pub start: String,
    /// Minute from which on no call may start, as HH:MM; `24:00` for the end of the day.
    #[schemars(length(max = 5), pattern(r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"))]
    pub end: String,
}

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Weekday {
    /// Monday.
    Mon,
    /// Tuesday.
    Tue,
    /// Wednesday.
    Wed,
    /// Thursday.
    Thu,
    /// Friday.
    Fri,
    /// Saturday.
    Sat,
    /// Sunday.
    Sun,
}

/// Whose clock is meant where a target does not say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CalleeTimeZone {
    /// IANA name of the time zone of targets without one, such as `America/Chicago`. Set it only when all of them live
    /// there. Unset: their zone is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64), pattern(r"^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$"))]
    pub default: Option<String>,
    /// What becomes of targets whose zone is unknown. `Block`: they are not called and end as `ComplianceBlocked`.
    #[serde(default)]
    pub unknown: UnknownTimeZone,
}

/// What becomes of targets whose zone is unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum UnknownTimeZone {
    /// They are not called. The default: nobody is called at night for want of a column.
    #[default]
    Block,
}

/// What is tried again, when and how often.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Retry {
    /// Attempts per target, over all outcomes together; 1 to 20.
    #[serde(default = "default_max_attempts_per_target")]
    #[schemars(range(min = 1, max = 20))]
    pub max_attempts_per_target: u32,
    /// Least seconds between two attempts that may both have rung, 1 to 2592000 (30 days).
    #[serde(default = "default_min_gap_secs")]
    #[schemars(range(min = 1, max = 2_592_000))]
    pub min_gap_secs: u32,
    /// Seconds to wait after the first, second, … attempt, each 0 to 2592000; the last one repeats; at most 20. Empty:
    /// each outcome's own wait, such as 15 minutes after `Busy` and 2 hours after `NoAnswer`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20), inner(range(min = 0, max = 2_592_000)))]
    pub backoff_secs: Vec<u32>,
    /// Retries per target after failures of a carrier, 0 to 100. They ring no phone and use no attempt.
    #[serde(default = "default_infra_retries")]
    #[schemars(range(min = 0, max = 100))]
    pub infra_retries: u32,
    /// Exceptions for single outcomes, at most 20; the first rule that names the outcome applies.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    pub rules: Vec<RetryRule>,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            max_attempts_per_target: default_max_attempts_per_target(),
            min_gap_secs: default_min_gap_secs(),
            backoff_secs: Vec::new(),
            infra_retries: default_infra_retries(),
            rules: Vec::new(),
        }
    }
}

/// The most that Florida and Oklahoma allow in 24 hours on one subject (Fla. Stat. 501.616(6)(b)).
fn default_max_attempts_per_target() -> u32 {
    3
}

fn default_min_gap_secs() -> u32 {
    3600
}

fn default_infra_retries() -> u32 {
    5
}

/// An exception for single outcomes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "!has(self.afterSecs) || self.action == 'Retry'",
    "message": "afterSecs is only for action Retry",
}]))]
pub struct RetryRule {
    /// Outcomes that the rule is for, 1 to 20.
    #[schemars(length(min = 1, max = 20))]
    #[schemars(extend("x-kubernetes-list-type" = "set"))]
    pub outcomes: Vec<RetryOutcome>,
    /// `Retry`: try again while attempts are left. `FailTarget`: do not call the target again.
    pub action: RetryAction,
    /// Seconds to wait before the retry, 0 to 2592000; `minGapSecs` still applies. Unset: as `backoffSecs` says. Only
    /// for `Retry`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 2_592_000))]
    pub after_secs: Option<u32>,
}

/// What a rule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum RetryAction {
    /// Try again while attempts are left.
    Retry,
    /// Do not call the target again.
    FailTarget,
}

/// Outcomes of an attempt that a rule may be about. Outcomes that end a target whatever a rule says are not here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum RetryOutcome {
    /// A person answered and hung up before the end of the announcement.
    HumanHangup,
    /// The announcement was left on a machine.
    VoicemailLeft,
    /// A machine answered and no message was left.
    Machine,
    /// A fax answered.
    Fax,
    /// Nobody spoke.
    Silence,
    /// Nobody answered.
    NoAnswer,
    /// The line was busy.
    Busy,
    /// The callee declined.
    Rejected,
    /// A carrier blocked the caller id.
    BlockedByAnalytics,
    /// The number does not exist.
    InvalidNumber,
    /// The call lasted as long as it may.
    TimeLimit,
    /// The announcement could not be played.
    FlowError,
}

/// What becomes of a call whose fate could not be found out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum OnAmbiguous {
    /// It counts, and the next one waits for the least gap. The default: neither called twice in a row nor forgotten.
    #[default]
    CountAsAttempt,
    /// The target is not called again.
    Skip,
    /// The target waits until the policy is changed.
    Hold,
}

/// What a suspension does to calls under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum DrainPolicy {
    /// They end by themselves. The default: nobody is cut off.
    #[default]
    LetFinish,
    /// What rings is hung up once it has rung for 15 seconds; what is answered ends by itself.
    StopRingingAfter15s,
    /// All are hung up at once.
    HangupAll,
}
