//! When a campaign ends, or stops itself, before all its targets were called.
//!
//! Knows the fields as written, their defaults and bounds. Does not know how they are acted on.

use std::borrow::Cow;

use dialer::cost::{Money, NotMoney};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// What a campaign may cost. When it is spent nothing more is dialled until it is raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "has(self.maxCalls) || has(self.cost)",
    "message": "set maxCalls, cost or both; a campaign without a limit has no budget",
}]))]
pub struct Budget {
    /// Calls placed at most, over all targets and attempts, 1 to 10000000. A call that Telnyx refuses is not placed; one
    /// that fails at a carrier is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 10_000_000))]
    pub max_calls: Option<u32>,
    /// Money at most, by prices that you state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<CostBudget>,
}

/// A bound of money, and the prices that calls are counted at, all in one currency. Telnyx is not asked what it charges. Calls
/// under way are counted as if each lasted for `ringTimeoutSecs` and `maxCallSecs`, so that the bound holds whatever becomes
/// of them; what they did not use is free again when they end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "double(self.max) > 0.0 && (double(self.perMinute) > 0.0 || double(self.perCall) > 0.0)",
    "message": "max must be above 0, and so must perMinute or perCall: without a price nothing is counted",
}]))]
pub struct CostBudget {
    /// What all calls together may cost: up to 9 digits, and up to 6 behind a point, such as `"250"` or `"99.50"`.
    pub max: Amount,
    /// What each begun minute of an answered call costs, such as `"0.0070"`.
    #[serde(default)]
    pub per_minute: Amount,
    /// What each call costs that is placed, answered or not.
    #[serde(default)]
    pub per_call: Amount,
}

/// An amount of money, as a decimal text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Amount(Money);

impl Amount {
    /// The money.
    #[must_use]
    pub fn money(self) -> Money {
        self.0
    }
}

impl From<Amount> for String {
    fn from(amount: Amount) -> Self {
        amount.0.to_string()
    }
}

impl TryFrom<String> for Amount {
    type Error = NotMoney;

    fn try_from(text: String) -> Result<Self, NotMoney> {
        Money::parse(&text).map(Self)
    }
}

impl JsonSchema for Amount {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Amount".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "maxLength": 16, "pattern": "^[0-9]{1,9}([.][0-9]{1,6})?$" })
    }
}

/// When a campaign has what it wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SuccessPolicy {
    /// Targets that end as `Completed` or `VoicemailLeft`, 1 to 100000, or a share of the list, such as `25%`. From then on
    /// nobody else is called; who waits ends as `Skipped`. Calls under way may reach a few more.
    #[schemars(schema_with = "at_least_one")]
    pub completed_count: CountOrPercent,
}

/// When a campaign has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FailurePolicy {
    /// Targets that may end without anybody reached, 0 to 100000, or a share of the list, such as `10%`. With one more the
    /// campaign has failed; who waits ends as `Skipped`.
    #[schemars(schema_with = "any_number")]
    pub max_failed_targets: CountOrPercent,
}

/// So many targets, as a number, or a share of the list, as a text such as `10%`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum CountOrPercent {
    /// So many.
    Count(u32),
    /// So many of a hundred.
    Percent(Percent),
}

/// A share, 0 to 100 percent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Percent(u8);

impl Percent {
    /// Of a hundred, 0 to 100.
    #[must_use]
    pub fn of_a_hundred(self) -> u8 {
        self.0
    }
}

impl From<Percent> for String {
    fn from(percent: Percent) -> Self {
        format!("{}%", percent.0)
    }
}

/// The text is no share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a share such as 10%, at most 100%")]
pub struct NotAPercentage;

impl TryFrom<String> for Percent {
    type Error = NotAPercentage;

    fn try_from(text: String) -> Result<Self, NotAPercentage> {
        let digits = text.strip_suffix('%').filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
        let percent = digits.and_then(|digits| digits.parse().ok()).filter(|percent| *percent <= 100);
        percent.map(Self).ok_or(NotAPercentage)
    }
}

fn at_least_one(_: &mut SchemaGenerator) -> Schema {
    count_or_percent(1, "^([1-9][0-9]?|100)%$")
}

fn any_number(_: &mut SchemaGenerator) -> Schema {
    count_or_percent(0, "^([0-9]|[1-9][0-9]|100)%$")
}

/// Of a number the bounds count, of a text the pattern.
fn count_or_percent(minimum: u32, pattern: &str) -> Schema {
    json_schema!({
        "x-kubernetes-int-or-string": true,
        "minimum": minimum,
        "maximum": 100_000,
        "maxLength": 4,
        "pattern": pattern,
    })
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
    /// them at once, and calls nobody without consent. Unset: `Strict` for purpose `Telemarketing`, `UsDebtCollection` for
    /// `DebtCollection`, none for any other. Holidays and what is said are up to you.
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
    /// United States, collecting debts: 08:00 to 21:00, 7 calls in 7 days, none for 7 days after a conversation
    /// (12 CFR 1006.14(b)(2)).
    UsDebtCollection,
    /// United States, recorded information to a landline: 3 calls in 30 days (47 CFR 64.1200(a)(3)).
    UsExemptInformational,
    /// United States, recorded health care calls to a landline: 1 in a day, 3 in 7 days (47 CFR 64.1200(a)(3)(v)).
    UsHealthcare,
    /// United Kingdom: 08:00 to 21:00 on weekdays, 09:00 to 21:00 on Saturdays, by habit; no call for 24 hours after a machine
    /// answered, nor for 72 after an abandoned call (Ofcom: persistent misuse, 2010).
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_portion_is_read_and_written_as_kubernetes_writes_them() {
        let read = |value: Value| serde_json::from_value::<CountOrPercent>(value);
        for good in [json!(0), json!(250), json!("0%"), json!("10%"), json!("100%")] {
            assert_eq!(serde_json::to_value(read(good.clone()).unwrap()).unwrap(), good);
        }
        for bad in [json!("101%"), json!("10"), json!("%"), json!("-1%"), json!("+1%"), json!("1.5%"), json!(-1)] {
            assert!(read(bad.clone()).is_err(), "{bad}");
        }
    }
}
