//! A campaign that is only rehearsed: what is assumed of the callees, and what came of it.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::campaign::AudienceStatus;

/// What a dry run assumes of the people on the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "self.answerPercent + self.machinePercent + self.invalidNumberPercent <= 100",
    "message": "answerPercent, machinePercent and invalidNumberPercent must add up to 100 at most",
}]))]
pub struct DryRunAssumptions {
    /// Of a hundred calls, those that a person answers, 0 to 100.
    #[serde(default = "default_answer_percent")]
    #[schemars(range(min = 0, max = 100))]
    pub answer_percent: u8,
    /// Of a hundred calls, those that a machine answers, 0 to 100.
    #[serde(default = "default_machine_percent")]
    #[schemars(range(min = 0, max = 100))]
    pub machine_percent: u8,
    /// Of a hundred calls, those to numbers that do not exist, 0 to 100.
    #[serde(default = "default_invalid_number_percent")]
    #[schemars(range(min = 0, max = 100))]
    pub invalid_number_percent: u8,
    /// Seconds that the announcement takes, or the flow, 1 to 14400.
    #[serde(default = "default_talk_secs")]
    #[schemars(range(min = 1, max = 14_400))]
    pub talk_secs: u32,
}

/// A guess, to be replaced by what one knows of one's list; so are the others.
fn default_answer_percent() -> u8 {
    25
}

fn default_machine_percent() -> u8 {
    25
}

fn default_invalid_number_percent() -> u8 {
    2
}

fn default_talk_secs() -> u32 {
    40
}

impl Default for DryRunAssumptions {
    fn default() -> Self {
        Self {
            answer_percent: default_answer_percent(),
            machine_percent: default_machine_percent(),
            invalid_number_percent: default_invalid_number_percent(),
            talk_secs: default_talk_secs(),
        }
    }
}

/// What came of a dry run. Nobody was called for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EstimateStatus {
    /// The `metadata.generation` that was rehearsed.
    pub generation: i64,
    /// The list as it was read for it. Nothing of it is kept: a campaign that begins reads its list again.
    pub audience: AudienceStatus,
    /// When the campaign was taken to begin: when it was rehearsed.
    pub start: Time,
    /// When the first call would be started. Unset: none would.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_dial: Option<Time>,
    /// When the last target would have ended. Unset: some never would, or not within a year; see `stoppedBy`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finish: Option<Time>,
    /// What would keep the campaign from ending (`Window`, `Budget`, `CircuitBreaker` and the like), or end it before all its
    /// targets were reached: `SuccessPolicy`, `FailurePolicy`, `Rule`, `Deadline`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub stopped_by: Option<String>,
    /// Calls that would be started from now on.
    pub dials: u32,
    /// Targets that would not be called, because they must not be.
    pub blocked: u32,
    /// Most calls at once.
    pub most_at_once: u32,
    /// How targets would end: the number per outcome. Of a campaign that has called people already, those are counted too.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub outcomes: BTreeMap<String, u32>,
    /// Seconds for which something would hold up the next call, by what: `Pacing`, `Concurrency`, `Window` and the like.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub held_up_secs: BTreeMap<String, i64>,
    /// Seconds of answered calls.
    pub talk_secs: i64,
    /// What the calls would cost by the prices of `budget.cost`, those placed before among them. Unset: it states none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 24))]
    pub cost: Option<String>,
    /// The first 168 hours that would have calls.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 168))]
    #[schemars(extend("x-kubernetes-list-type" = "atomic"))]
    pub per_hour: Vec<EstimatedHour>,
}

/// Calls in one hour.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EstimatedHour {
    /// Its first instant.
    pub at: Time,
    /// Calls that would be started in it.
    pub dials: u32,
}
