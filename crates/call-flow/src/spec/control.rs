//! Parameters of the steps that are the flow's own: they send no command of their own.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Chooses the next step by what is known.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Switch {
    /// Looked at in order; the first that is true decides. When none is, the step's `next` follows.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 50)))]
    pub cases: Vec<Case>,
}

/// One way out of a switch.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Case {
    /// A CEL expression that is true or false, over `digits`, `amd`, `attempt`, `direction` and `vars.<variable>`.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 1024)))]
    pub when: String,
    /// The step that follows, or `end`.
    pub next: String,
}

/// Waits while nothing is said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Wait {
    /// Seconds, 1 to 14400.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 14400)))]
    pub secs: u32,
}

/// Gives variables new values.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Set {
    /// By variable: a text that may hold `{{variable}}`. All are filled in before any is set.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 32)))]
    pub variables: BTreeMap<String, String>,
}

/// Goes back, a bounded number of times.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Loop {
    /// The step to go back to. It stands before this one.
    pub to: String,
    /// How often, 1 to 100. After that the step's `next` follows, and the count begins again.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 100)))]
    pub times: u8,
}

/// Says how the call counts, until another step says otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetOutcome {
    /// The outcome in your own words, up to 64 characters. May hold `{{variable}}`; what is filled in is cut at 64 bytes. A
    /// campaign keeps it with the target, where its rules and whoever reads the results find it.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 64)))]
    pub value: String,
    /// Whether the call has reached what the flow is for. `true`: it counts as a success, also when the callee hangs up before
    /// the flow's end. `false`: it does not, also when the flow comes to its end. Unset: it does when the flow comes to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub success: Option<bool>,
}

/// Notes that the other party is not to be called again, by any campaign of the account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OptOut {}

/// Asks a program of the user's own.
///
/// Sent as a POST of `body` in JSON, with the header `idempotency-key`: the same for every repetition of the same step of the
/// same call.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CallWebhook {
    /// `https://` or `http://`. The host cannot hold `{{variable}}`; what follows it can, and is escaped.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 2000)))]
    pub url: String,
    /// JSON of the user's own. Texts may hold `{{variable}}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(schema_with = "crate::spec::schema::free_form"))]
    pub body: Option<Value>,
}
