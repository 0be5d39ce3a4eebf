//! Who is called: targets as written in a manifest, and where longer lists come from.

use std::collections::BTreeMap;
use std::fmt;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::number::Number;
use super::references::{ConfigMapKeyRef, SecretKeyRef};

/// One person to call.
#[derive(Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "!has(self.notBefore) || !has(self.expiresAt) || self.notBefore < self.expiresAt",
    "message": "expiresAt must be after notBefore",
}]))]
pub struct Target {
    /// Who this is, unique in the list: 1 to 63 letters, digits, `-`, `_` or `.`, beginning and ending with a letter or
    /// digit. It appears in status and logs: use a customer number, never the phone number.
    #[schemars(length(min = 1, max = 63), pattern(r"^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$"))]
    pub id: String,
    /// The number to call, in E.164 form.
    pub to: Number,
    /// IANA name of the time zone in which this person lives, such as `America/Chicago`. Unset: `calleeTimeZone`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64), pattern(r"^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$"))]
    pub time_zone: Option<String>,
    /// Not called before this instant. Unset: no such limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Time>,
    /// Not called from this instant on; ends as `Expired` unless reached before. Unset: no such limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Time>,
    /// Higher is called earlier, -1000 to 1000. Unset: 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = -1000, max = 1000))]
    pub priority: Option<i32>,
    /// Values of this person, at most 20 of at most 256 characters. Kept with the target for call flows.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 20))]
    #[schemars(schema_with = "variables")]
    pub variables: BTreeMap<String, String>,
}

impl fmt::Debug for Target {
    /// The id only: all else is personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target").field("id", &self.id).finish_non_exhaustive()
    }
}

fn variables(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({
        "type": "object",
        "maxProperties": 20,
        "additionalProperties": { "type": "string", "maxLength": 256 },
    })
}

/// A longer list of targets, kept in a ConfigMap or a Secret of the same namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "has(self.configMap) != has(self.secret)",
    "message": "set exactly one of configMap and secret",
}, {
    "rule": "has(self.format) || (has(self.configMap) ? self.configMap.key : has(self.secret) ? self.secret.key : '.csv').matches('[.](csv|CSV|jsonl|ndjson)$')",
    "message": "set format, or name a key that ends in .csv, .jsonl or .ndjson",
}]))]
pub struct TargetsFrom {
    /// A key of a ConfigMap. Excludes `secret`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_map: Option<ConfigMapKeyRef>,
    /// A key of a Secret: the better place for personal data. Excludes `configMap`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<SecretKeyRef>,
    /// How the list is written. `Csv`: a header line with the columns `id` and `to`, optionally `timeZone`,
    /// `notBefore`, `expiresAt` and `priority`; other columns are variables. `JsonLines`: one object with these fields
    /// per line. Unset: by the ending of the key, `.csv`, `.jsonl` or `.ndjson`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "AudienceFormat")]
    pub format: Option<AudienceFormat>,
}

/// How a list of targets is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum AudienceFormat {
    /// Comma-separated values with a header line.
    Csv,
    /// One JSON object per line.
    JsonLines,
}
