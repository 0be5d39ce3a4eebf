//! When a campaign ends, or stops itself, before all its targets were called.
//!
//! Knows the fields as written, their defaults and bounds. Does not know how they are acted on.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a campaign may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Budget {
    /// Calls placed at most, over all targets and attempts, 1 to 10000000. A call that Telnyx refuses is not placed; one
    /// that fails at a carrier is. When they are spent nothing more is dialled until the number is raised.
    #[schemars(range(min = 1, max = 10_000_000))]
    pub max_calls: u32,
}

/// When a campaign has what it wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SuccessPolicy {
    /// Targets that end as `Completed` or `VoicemailLeft`, 1 to 100000. From then on nobody else is called; who waits ends
    /// as `Skipped`. Calls under way may reach a few more.
    #[schemars(range(min = 1, max = 100_000))]
    pub completed_count: u32,
}

/// When a campaign has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FailurePolicy {
    /// Targets that may end without anybody reached, 0 to 100000. With one more the campaign has failed; who waits ends as
    /// `Skipped`.
    #[schemars(range(min = 0, max = 100_000))]
    pub max_failed_targets: u32,
}

/// How often a number may be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FrequencyCap {
    /// Calls at most, 1 to 8.
    #[schemars(range(min = 1, max = 8))]
    pub calls: u8,
    /// In any span of so many seconds, 60 to 2678400 (31 days).
    #[schemars(range(min = 60, max = 2_678_400))]
    pub within_secs: u32,
}

/// Rules that a campaign promises to keep.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Compliance {
    /// Whose: their hours must contain every window, and their frequency caps apply besides `frequency`. `Strict` is all of
    /// them at once, and calls nobody without consent. Unset: `Strict` for purpose `Telemarketing`, none for any other. Holidays
    /// and what is said are up to you.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "CompliancePreset")]
    pub preset: Option<CompliancePreset>,
    /// Whether targets without a `consentAt` that has passed are not called; they end as `ComplianceBlocked`. `Strict` has it
    /// so whatever stands here.
    #[serde(default)]
    pub consent_required: bool,
    /// Days on which nobody is called, from midnight to midnight on the callee's own clock; at most 400.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 400))]
    #[schemars(extend("x-kubernetes-list-type" = "atomic"))]
    pub holidays: Vec<Holiday>,
    /// Times at which nobody is called, the same for everybody; at most 100.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    #[schemars(extend("x-kubernetes-list-type" = "atomic"))]
    pub blackouts: Vec<Blackout>,
}

/// A day on which nobody is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Holiday {
    /// Which, as YYYY-MM-DD.
    #[schemars(length(max = 10), pattern(r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"))]
    pub date: String,
    /// What it is called, for whoever reads the manifest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub name: Option<String>,
    /// IANA names of the time zones where it is one, such as `Europe/Berlin`, written as targets and `calleeTimeZone` write
    /// them; at most 64. A callee who may live in one of them counts. Unset: everywhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    #[schemars(extend("x-kubernetes-list-type" = "atomic"))]
    #[schemars(inner(length(min = 1, max = 64), pattern(r"^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$")))]
    pub time_zones: Vec<String>,
}

/// A time at which nobody is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "self.start < self.end",
    "message": "end must be after start: nobody is called between them",
}]))]
pub struct Blackout {
    /// From this instant on no call is begun, nor so shortly before it that it would ring beyond.
    pub start: Time,
    /// Until this one.
    pub end: Time,
    /// What it is for, for whoever reads the manifest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub name: Option<String>,
}

/// Sets of calling rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum CompliancePreset {
    /// United States, selling: 08:00 to 21:00 (47 CFR 64.1200(c)(1)).
    UsTelemarketing,
    /// Florida and Oklahoma, selling: 08:00 to 20:00, 3 calls in 24 hours (Fla. Stat. 501.616(6)).
    UsFloridaOklahoma,
    /// United States, collecting debts: 08:00 to 21:00, 7 calls in 7 days (12 CFR 1006.14(b)(2)).
    UsDebtCollection,
    /// United States, recorded information to a landline: 3 calls in 30 days (47 CFR 64.1200(a)(3)).
    UsExemptInformational,
    /// United States, recorded health care calls to a landline: 1 in a day, 3 in 7 days (47 CFR 64.1200(a)(3)(v)).
    UsHealthcare,
    /// United Kingdom: 08:00 to 21:00 on weekdays, 09:00 to 21:00 on Saturdays, by habit.
    UnitedKingdom,
    /// Australia: 09:00 to 20:00 on weekdays, 09:00 to 17:00 on Saturdays.
    Australia,
    /// Canada: 09:00 to 21:30 on weekdays, 10:00 to 18:00 at weekends.
    Canada,
    /// All of them at once.
    Strict,
}

/// When a campaign stops itself, until somebody changes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CircuitBreaker {
    /// Whether it stops itself.
    #[serde(default = "on")]
    pub enabled: bool,
    /// Seconds that a result counts, 60 to 86400.
    #[serde(default = "default_window_secs")]
    #[schemars(range(min = 60, max = 86_400))]
    pub window_secs: u32,
    /// Results that say something, 10 to 1000; fewer never stop it.
    #[serde(default = "default_min_sample")]
    #[schemars(range(min = 10, max = 1000))]
    pub min_sample: u32,
    /// Of a hundred results, numbers that do not exist, 1 to 100. If they had rung before, or if hardly any other number
    /// exists either, the account is suspected and not the list.
    #[serde(default = "default_invalid_number_percent")]
    #[schemars(range(min = 1, max = 100))]
    pub invalid_number_percent: u8,
    /// Of a hundred results, calls rejected or lost at carriers, 1 to 100.
    #[serde(default = "default_reject_percent")]
    #[schemars(range(min = 1, max = 100))]
    pub reject_percent: u8,
    /// Of a hundred results, people who hung up within 6 seconds, 1 to 100.
    #[serde(default = "default_short_call_percent")]
    #[schemars(range(min = 1, max = 100))]
    pub short_call_percent: u8,
}

impl Default for CircuitBreaker {
    fn default() -> Self {
        Self {
            enabled: on(),
            window_secs: default_window_secs(),
            min_sample: default_min_sample(),
            invalid_number_percent: default_invalid_number_percent(),
            reject_percent: default_reject_percent(),
            short_call_percent: default_short_call_percent(),
        }
    }
}

/// A list that is burnt cannot be called again; a campaign that has stopped can go on.
fn on() -> bool {
    true
}

fn default_window_secs() -> u32 {
    3600
}

/// With fewer, a share of a third is chance.
fn default_min_sample() -> u32 {
    50
}

fn default_invalid_number_percent() -> u8 {
    30
}

/// People decline, too: more than a third is not people.
fn default_reject_percent() -> u8 {
    40
}

fn default_short_call_percent() -> u8 {
    50
}
