//! Dialing by agents: who is there to talk, and how many callees may be left without one.
//!
//! Knows the fields as written, their defaults and bounds. Does not know how they are acted on.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::references::LocalRef;

/// How the pace is found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum PacingMode {
    /// `dialsPerSecond` alone. The default.
    #[default]
    Fixed,
    /// By who is free to talk, at most `dialsPerSecond`.
    Adaptive,
}

/// Dials by the agents who are free. A call is abandoned when a person answered it and no agent was connected within two
/// seconds of the end of the greeting, as the detector heard it, or else of the answer. Not legal advice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "self.abandonRateTarget <= self.hardStop",
    "message": "abandonRateTarget must not be above hardStop",
}]))]
pub struct AdaptivePacing {
    /// Who they are.
    pub agents: Agents,
    /// Share of the calls answered by a person that may be abandoned before each free agent has a single line again, 0.001
    /// to 0.03. Until 200 people have answered, each has a single line anyway.
    #[serde(default = "default_abandon_rate_target")]
    #[schemars(range(min = 0.001, max = 0.03))]
    // The API server compares a whole number with the whole part of a minimum, so that 0 would pass.
    #[schemars(extend("x-kubernetes-validations" = [{
        "rule": "self >= 0.001",
        "message": "should be greater than or equal to 0.001",
    }]))]
    pub abandon_rate_target: f64,
    /// With this share abandoned the campaign halts until somebody changes it, 0.001 to 0.03 (47 CFR 64.1200(a)(7)). Of
    /// fewer than 100 answers as many may be abandoned as of 100.
    #[serde(default = "default_hard_stop")]
    #[schemars(range(min = 0.001, max = 0.03))]
    // The API server compares a whole number with the whole part of a minimum, so that 0 would pass.
    #[schemars(extend("x-kubernetes-validations" = [{
        "rule": "self >= 0.001",
        "message": "should be greater than or equal to 0.001",
    }]))]
    pub hard_stop: f64,
    /// Over how many days both are measured, 1 to 30; or over the campaign, where it is younger.
    #[serde(default = "default_window_days")]
    #[schemars(range(min = 1, max = 30))]
    pub window_days: u32,
}

/// Below what the law allows, so that there is room for bad luck.
fn default_abandon_rate_target() -> f64 {
    0.02
}

fn default_hard_stop() -> f64 {
    0.03
}

fn default_window_days() -> u32 {
    30
}

/// Who is there to talk to whom answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "has(self.count) != has(self.conferenceRef)",
    "message": "set exactly one of count (agents who answer, beside queueRef or not) and conferenceRef (agents who wait there on hold): without agents nobody may be called",
}, {
    "rule": "!has(self.queueRef) || has(self.count)",
    "message": "queueRef needs count: a queue tells who waits, not how many agents there are",
}]))]
pub struct Agents {
    /// So many, 1 to 10000. Each answered call of the campaign takes one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 10_000))]
    pub count: Option<u32>,
    /// The `Queue` in this namespace in which callers wait for them, whoever called: those who wait go before new calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue_ref: Option<LocalRef>,
    /// The `Conference` in this namespace in which agents wait: whoever is on hold there is free; at most
    /// 20 are counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conference_ref: Option<LocalRef>,
}
