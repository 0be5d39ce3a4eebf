//! What a user writes.
//!
//! Promises that reading refuses what it does not understand, by name. Does not know whether the steps make sense together: see
//! `compile`.

pub mod action;
pub mod control;
pub mod params;
#[cfg(feature = "schema")]
pub(crate) mod schema;
mod step;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use action::{Action, Kind};
pub use step::Step;

/// The target that ends the call.
pub const END: &str = "end";

/// A call flow: what to do on a call, step by step.
///
/// Every text among a step's parameters may hold `{{name}}`: a variable, or one of `amd`, `attempt`, `callControlId`, `conference`,
/// `connectionId`, `digits`, `direction` and `secondLeg`. Values from a list, numbers and switches cannot. In what an assistant
/// is told, other names are left to Telnyx, which fills in its dynamic variables there.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FlowSpec {
    /// Which calls may run it. Unset: `Any`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub direction: Direction,
    /// What the flow remembers, by name. All of it travels with the call, so it must be short.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(feature = "schema", schemars(length(max = 32)))]
    pub variables: BTreeMap<String, Variable>,
    /// Where an outbound call goes by who, or what, answered. Unset: the first step, whoever answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amd: Option<AmdBranch>,
    /// The step that follows an error of any step without an `onError` of its own. Unset: the call is hung up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_error: Option<String>,
    /// Seconds after which the call is hung up whatever it does, 60 to 14400, counted from its start. Unset: 14400, the longest
    /// that the API lets a call live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 60, max = 14400)))]
    pub time_limit_secs: Option<u32>,
    /// What to do, in order. After the last step the call is hung up.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 250)))]
    #[cfg_attr(feature = "schema", schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"])))]
    pub steps: Vec<Step>,
}

impl FlowSpec {
    /// Whether a step says that the other party is not to be called again.
    pub(crate) fn opts_out(&self) -> bool {
        self.steps.iter().any(|step| step.action.kind() == Kind::OptOut)
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Which calls may run a flow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Direction {
    /// Calls that come in.
    Inbound,
    /// Calls that were placed.
    Outbound,
    /// Both. `answer` does nothing on a call that was placed.
    #[default]
    Any,
}

/// Something that a flow remembers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Variable {
    /// The longest value in bytes, 1 to 256. A longer one is an error of the step that sets it.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 256)))]
    pub max_length: u16,
    /// The value at the start. Unset: empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub default: String,
}

/// Where an outbound call goes by who, or what, answered. A target is the name of a step or `end`; unset: the first step.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AmdBranch {
    /// A person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub human: Option<String>,
    /// A machine. With `beep` set: a machine whose greeting did not end in time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine: Option<String>,
    /// A machine whose greeting has ended: a message can be left. Set, it makes the flow wait for that end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beep: Option<String>,
    /// A fax. Only premium detection tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fax: Option<String>,
    /// Nobody spoke. Only premium detection tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silence: Option<String>,
    /// The detector could not tell. Unset: as `human`, which is what Telnyx advises.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_sure: Option<String>,
    /// The detector did not say in time. Unset: as `notSure`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<String>,
    /// Seconds to wait for the verdict, 1 to 120. Unset: 35, which outlasts the premium detector's 30.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 120)))]
    pub verdict_timeout_secs: Option<u32>,
    /// Seconds to wait for the end of a machine's greeting, 1 to 120. Unset: 60.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 120)))]
    pub greeting_timeout_secs: Option<u32>,
}
