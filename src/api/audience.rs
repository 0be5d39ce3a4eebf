//! Who is called: targets as written in a manifest, and where longer lists come from.

use std::collections::BTreeMap;
use std::fmt;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::number::Number;
use super::references::{ConfigMapKeyRef, LocalRef, SecretKeyRef};

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
    /// When this person agreed to be called. Where `compliance.consentRequired` is set, who has not, or only will, is not
    /// called. Unset: nobody has recorded it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent_at: Option<Time>,
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

/// A longer list of targets, kept in a ConfigMap or a Secret of the same namespace, or where a URL says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "[has(self.configMap), has(self.secret), has(self.object)].filter(given, given).size() == 1",
    "message": "set exactly one of configMap, secret and object",
}, {
    "rule": "has(self.format) || (has(self.configMap) ? self.configMap.key : has(self.secret) ? self.secret.key : has(self.object) ? self.object.url : '.csv').matches('[.](csv|CSV|jsonl|ndjson)([.](gz|zst))?([?#].*)?$')",
    "message": "set format, or name a key or url that ends in .csv, .jsonl or .ndjson, with .gz or .zst after it where the list is compressed",
}, {
    "rule": "!has(self.columns) || !has(self.format) || self.format == 'Csv'",
    "message": "columns are for format Csv only",
}]))]
pub struct TargetsFrom {
    /// A key of a ConfigMap. Excludes `secret` and `object`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_map: Option<ConfigMapKeyRef>,
    /// A key of a Secret: the better place for personal data. Excludes `configMap` and `object`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<SecretKeyRef>,
    /// A document at a URL, up to 512 MiB: for lists larger than the 1 MiB that a ConfigMap or Secret holds. Excludes
    /// `configMap` and `secret`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<ListObject>,
    /// How the list is written. `Csv`: a header line with the columns `id` and `to`, optionally `timeZone`,
    /// `notBefore`, `expiresAt`, `consentAt` and `priority`; other columns are variables. `JsonLines`: one object with these fields
    /// per line. Unset: by the ending of the key or URL, `.csv`, `.jsonl` or `.ndjson`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "AudienceFormat")]
    pub format: Option<AudienceFormat>,
    /// How the list is compressed. Unset: by the ending of the key or URL, `.gz` or `.zst`; not at all for any other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "AudienceCompression")]
    pub compression: Option<AudienceCompression>,
    /// What the columns of CSV are called that hold a target's fields. A field left out has the column of its own name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub columns: Option<ListColumns>,
    /// The country, as ISO 3166 abbreviates it, whose numbers may be written as they are there, such as `(212) 555-0100` with
    /// `US`. Unset: every number must begin with `+` and its country code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2), pattern(r"^[A-Z]{2}$"))]
    pub default_region: Option<String>,
    /// What a second row with the same number is. `Reject`: a row that cannot be called, since one campaign calls a number
    /// for one target. `Allow`: a target of its own; two people may share a telephone. Ids are always unique.
    #[serde(default)]
    pub duplicate_numbers: DuplicateNumbers,
    /// SHA-256 that the list must have as it is stored, compressed or not, in hexadecimal. Any other list calls nobody.
    /// Unset: whatever is there when the campaign reads it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64), pattern(r"^[0-9a-f]{64}$"))]
    pub sha256: Option<String>,
}

/// A document at a URL.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "self.url.startsWith('s3://') || (!has(self.region) && !has(self.endpoint))",
    "message": "region and endpoint are for s3:// only",
}]))]
pub struct ListObject {
    /// Where: `https://host/path`, `s3://bucket/key`, `gs://bucket/key`, or `az://account/container/key`. Credentials
    /// belong into `secretRef`, also those that could stand in a query: a spec is read by many.
    #[schemars(length(min = 8, max = 2048), pattern(r"^(https?|s3|gs|az)://[^\s]+$"))]
    pub url: String,
    /// A Secret of this namespace with the credentials. For https: `token`, or `username` and `password`, or `query` (what is
    /// put after `?`). For s3: `accessKeyId`, `secretAccessKey` and perhaps `sessionToken`. For gs: `serviceAccountKey`
    /// (JSON). For az: `accessKey`, or `sasToken`. Unset: the document is public.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<LocalRef>,
    /// The bucket's region, such as `eu-central-1`. Unset: `us-east-1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64), pattern(r"^[a-z0-9-]+$"))]
    pub region: Option<String>,
    /// `https://` address of a store that speaks S3's protocol, such as `MinIO` or Ceph. Unset: AWS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048), pattern(r"^https?://[^\s]+$"))]
    pub endpoint: Option<String>,
}

/// Columns of CSV by the field that they hold, exactly as the header line writes them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListColumns {
    /// Column of `id`. Unset: `id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256))]
    pub id: Option<String>,
    /// Column of `to`, the number. Unset: `to`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256))]
    pub to: Option<String>,
    /// Column of `timeZone`. Unset: `timeZone`, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256))]
    pub time_zone: Option<String>,
    /// Column of `notBefore`. Unset: `notBefore`, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256))]
    pub not_before: Option<String>,
    /// Column of `expiresAt`. Unset: `expiresAt`, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256))]
    pub expires_at: Option<String>,
    /// Column of `consentAt`. Unset: `consentAt`, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256))]
    pub consent_at: Option<String>,
    /// Column of `priority`. Unset: `priority`, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256))]
    pub priority: Option<String>,
}

/// How a list of targets is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum AudienceCompression {
    /// Not at all.
    None,
    /// gzip.
    Gzip,
    /// Zstandard, with a window of at most 8 MiB, as it has unless asked otherwise.
    Zstd,
}

/// What a second row with the same number is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum DuplicateNumbers {
    /// A row that cannot be called. The default: nobody is called twice for want of a clean list.
    #[default]
    Reject,
    /// A target of its own.
    Allow,
}

/// How a list of targets is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum AudienceFormat {
    /// Comma-separated values with a header line.
    Csv,
    /// One JSON object per line.
    JsonLines,
}
