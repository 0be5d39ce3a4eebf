//! How people are called: the part of a campaign that a job standing alone has too.
//!
//! Knows the fields as written, their defaults and bounds. Does not know who is called, nor how the fields are acted on.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::adaptive::{AdaptivePacing, PacingMode};
use super::announcement::{Amd, Announcement};
use super::limits::{Budget, CircuitBreaker, Compliance, FailurePolicy, FrequencyCap, SuccessPolicy};
use super::number::Number;
use super::references::{AccountRef, CallFlowRef, LocalRef};
use super::retry::Retry;

/// How people are called.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "!(self.purpose in ['Telemarketing', 'DebtCollection']) || self.windows.all(w, w.start >= '08:00' && w.end <= '21:00')",
    "message": "windows must lie within 08:00 and 21:00 for purposes Telemarketing and DebtCollection (47 CFR 64.1200(c)(1), 12 CFR 1006.6(b)(1))",
}, {
    "rule": "self.purpose != 'Telemarketing' || (has(self.compliance) && has(self.compliance.preset)) || self.windows.all(w, !('Sun' in w.days) && w.start >= '09:00' && w.end <= '20:00' && (!('Sat' in w.days) || (w.start >= '10:00' && w.end <= '17:00')))",
    "message": "without compliance.preset a campaign of purpose Telemarketing keeps the preset Strict: windows must lie within 09:00 and 20:00 from Monday to Friday and within 10:00 and 17:00 on Saturdays; name the preset of the law that applies to call at other hours",
}, {
    "rule": "!has(self.startAt) || !has(self.stopAt) || self.startAt < self.stopAt",
    "message": "stopAt must be after startAt",
}, {
    "rule": "self.ringTimeoutSecs < self.maxCallSecs",
    "message": "maxCallSecs must be longer than ringTimeoutSecs: it counts from the start of ringing",
}, {
    "rule": "self.pacing.mode != 'Adaptive' || has(self.callFlowRef)",
    "message": "pacing.mode Adaptive needs callFlowRef: only a flow can put callees through to an agent",
}, {
    "rule": "has(self.announcement) != has(self.callFlowRef)",
    "message": "set exactly one of announcement (played to whom answers) and callFlowRef (a CallFlow that has the call from the answer on)",
}, {
    "rule": "has(self.callFlowRef) == has(oldSelf.callFlowRef) && (!has(self.callFlowRef) || self.callFlowRef == oldSelf.callFlowRef)",
    "message": "callFlowRef is immutable, and cannot take the place of an announcement: create another resource; an edit of the CallFlow changes nothing for this one, which keeps its revision",
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
    /// all its attempts. `LocalPresence`: the one with the callee's country code that has the most digits in common with the
    /// callee's number, in North America the whole area code at least; of equals, and abroad, the next one.
    #[serde(default)]
    pub from_selection: FromSelection,
    /// What the calls are for: `Telemarketing`, `Informational`, `DebtCollection`, `Healthcare`, `Political` or
    /// `Emergency`. Required, because the law depends on it: `Telemarketing` keeps the preset `Strict`, `DebtCollection` the
    /// preset `UsDebtCollection`, unless `compliance.preset` names another. Choosing the right one, and having the consent that it needs, is up to you.
    pub purpose: Purpose,
    /// What is played to whom answers. Excludes `callFlowRef`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub announcement: Option<Announcement>,
    /// The `CallFlow` that has the call from the answer on, once `amd` allows. Its revision is fixed when the calls are first
    /// prepared, see `status.callFlow`; later edits of the flow change nothing. Excludes `announcement`. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_flow_ref: Option<CallFlowRef>,
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
    /// How often a number may be called, by all campaigns of the account together as far as their `DialJob`s exist; at most
    /// 8. What may have rung counts. Can be changed at any time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8))]
    pub frequency: Vec<FrequencyCap>,
    /// Rules that the campaign promises to keep. Unset: `preset: Strict` for purpose `Telemarketing`, `UsDebtCollection` for
    /// `DebtCollection`, otherwise none but the bounds of the other fields. Not legal advice. Can be changed at any time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compliance: Option<Compliance>,
    /// When the campaign stops itself because so much goes wrong that only a person can tell why. Can be changed at any time.
    #[serde(default)]
    pub circuit_breaker: CircuitBreaker,
    /// What the campaign may cost. Unset: no limit. Can be changed at any time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<Budget>,
    /// When the campaign has what it wants. Unset: when all targets have ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub success_policy: Option<SuccessPolicy>,
    /// When the campaign has failed. Unset: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_policy: Option<FailurePolicy>,
    /// What becomes of a call whose fate could not be found out. `CountAsAttempt`: it counts, and the next one waits at
    /// least `retry.minGapSecs`. `Skip`: the target is not called again. `Hold`: the target waits until this field is
    /// changed.
    #[serde(default)]
    pub on_ambiguous: OnAmbiguous,
    /// What `suspend: true`, the end of a campaign's `activeDeadlineSeconds`, or deleting the resource does to calls under way.
    /// `LetFinish`: they end by themselves, and what is deleted stays until they have. `StopRingingAfter15s`: what rings is hung up
    /// once it has rung for 15 seconds, what is answered ends by itself. `HangupAll`: all are hung up at once.
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

/// Within every preset of `compliance` at once: they are the hours of `Strict`.
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
    /// The nearest one to the callee; of equals the next one.
    LocalPresence,
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

/// How fast, and how many at once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "(self.mode == 'Adaptive') == has(self.adaptive)",
    "message": "mode Adaptive needs adaptive, with its agents, and adaptive is for mode Adaptive alone: set both or neither",
}]))]
pub struct Pacing {
    /// How the pace is found. `Fixed`: `dialsPerSecond` alone. `Adaptive`: by who is free to talk, see `adaptive`; at most
    /// `dialsPerSecond`.
    #[serde(default)]
    pub mode: PacingMode,
    /// Who is free to talk, and how many callees may be left without an agent. For mode `Adaptive` alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adaptive: Option<AdaptivePacing>,
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
    /// How the rate rises to `dialsPerSecond`. It begins anew when the operator starts, when a suspension ends and when
    /// windows open. Unset: the rate is there at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ramp_up: Option<RampUp>,
    /// Which campaigns of the account come first, 1 to 5: those with a higher priority, whatever they leave.
    #[serde(default = "default_priority")]
    #[schemars(range(min = 1, max = 5))]
    pub priority: u8,
    /// Share of what campaigns of the same priority divide, 1 to 100: channels, and the account's dials per second.
    #[serde(default = "default_share")]
    #[schemars(range(min = 1, max = 100))]
    pub share: u16,
}

/// How the rate rises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RampUp {
    /// The first step, in percent of `dialsPerSecond`, 1 to 100.
    #[serde(default = "default_from_percent")]
    #[schemars(range(min = 1, max = 100))]
    pub from_percent: u32,
    /// What each further step adds, in percent of the step before, 1 to 1000.
    #[serde(default = "default_step_percent")]
    #[schemars(range(min = 1, max = 1000))]
    pub step_percent: u32,
    /// Seconds that a step lasts, 10 to 3600. The next one comes only if at most a tenth of the calls that ended in it
    /// were trouble: numbers that do not exist, rejections, failures, people who hung up within 6 seconds.
    #[serde(default = "default_every_secs")]
    #[schemars(range(min = 10, max = 3600))]
    pub every_secs: u32,
}

fn default_from_percent() -> u32 {
    10
}

fn default_step_percent() -> u32 {
    50
}

fn default_every_secs() -> u32 {
    60
}

impl Default for Pacing {
    fn default() -> Self {
        Self {
            mode: PacingMode::default(),
            adaptive: None,
            dials_per_second: default_campaign_dials_per_second(),
            max_concurrent_calls: default_max_concurrent_calls(),
            ramp_up: None,
            priority: default_priority(),
            share: default_share(),
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

/// In the middle, so that there is room on both sides.
fn default_priority() -> u8 {
    3
}

fn default_share() -> u16 {
    1
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
    /// there. Unset: the zones that their number may be in, by libphonenumber's data; where these are several, a target is
    /// called only while a window is open in all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64), pattern(r"^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$"))]
    pub default: Option<String>,
    /// What becomes of targets whose zone is unknown, or may be one of so many that no window is ever open in all of them.
    /// `Block`: they are not called and end as `ComplianceBlocked`.
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
