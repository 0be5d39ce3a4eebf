//! `DoNotCallList`: numbers that nobody may call.

use std::fmt;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::CustomResource;
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};

use super::columns::Column;
use super::references::{AccountRef, ConfigMapKeyRef, SecretKeyRef};
use super::schema::add_rules;

/// What `kubectl get` shows.
pub(super) const COLUMNS: [Column; 6] = [
    Column::ready("Whether the list is read and obeyed."),
    Column::number("Entries", ".status.entries", "Numbers listed."),
    Column::number("Rejected", ".status.rejected", "Rows that name no number."),
    Column::since("AsOf", ".status.asOf", "When the source was read that was not read for longest."),
    Column::REASON.wide(),
    Column::AGE,
];

/// Numbers that no campaign of an account may call, whatever its purpose. Until a list that was declared is read, the
/// account's campaigns call nobody.
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "telnyx-operator.io",
    version = "v1alpha1",
    kind = "DoNotCallList",
    plural = "donotcalllists",
    shortname = "dnc",
    category = "telnyx",
    namespaced,
    status = "DoNotCallListStatus",
    derive = "PartialEq",
    doc = "Numbers that no campaign of an account may call."
)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = list_rules)]
pub struct DoNotCallListSpec {
    /// The account whose campaigns obey the list: all of them, in every namespace. Immutable.
    pub account_ref: AccountRef,
    /// Up to 1000 entries.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000))]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["number"]))]
    pub numbers: Vec<DoNotCallEntry>,
    /// Where longer lists are kept, up to 16. All of them count, together with `numbers`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    #[schemars(extend("x-kubernetes-list-type" = "atomic"))]
    pub sources: Vec<DoNotCallSource>,
    /// How entries are written, in `numbers` and in the sources, and how opt-outs are kept. `Plain`: as numbers. `Hashed`: as
    /// the HMAC-SHA256 of the number in E.164 form with the key of `saltSecretRef`, 64 hexadecimal digits; it is matched by
    /// that. Immutable.
    #[serde(default)]
    pub storage: DoNotCallStorage,
    /// A key of a Secret in this namespace, 16 bytes at least. Needed by `storage: Hashed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub salt_secret_ref: Option<SecretKeyRef>,
    /// Whether whoever asks the account's campaigns or call flows not to be called any more is put on this list. The entries
    /// are kept in Secrets that the list owns; they are deleted with it.
    #[serde(default)]
    pub receives_opt_outs: bool,
}

const RULES: [(&str, &str); 4] = [
    (
        "has(self.numbers) || has(self.sources) || self.receivesOptOuts",
        "set numbers, sources or receivesOptOuts: a list of nothing forbids nothing",
    ),
    (
        "(self.storage == 'Hashed') == has(self.saltSecretRef)",
        "storage Hashed needs saltSecretRef, and saltSecretRef needs storage Hashed",
    ),
    ("self.accountRef == oldSelf.accountRef", "accountRef is immutable: create another list"),
    (
        "self.storage == oldSelf.storage && has(self.saltSecretRef) == has(oldSelf.saltSecretRef) && (!has(self.saltSecretRef) || self.saltSecretRef == oldSelf.saltSecretRef)",
        "storage and saltSecretRef are immutable, because opt-outs are kept by them: create another list",
    ),
];

fn list_rules(schema: &mut Schema) {
    add_rules(schema, &RULES);
}

/// One entry.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DoNotCallEntry {
    /// A number in E.164 form, such as `+13125550101`; with `storage: Hashed` its digest.
    #[schemars(length(max = 64), pattern(r"^([+][1-9][0-9]{1,14}|[0-9a-f]{64})$"))]
    pub number: String,
    /// The number may be called again from then on. Unset: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Time>,
}

impl fmt::Debug for DoNotCallEntry {
    /// Not the number: personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DoNotCallEntry").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

/// How entries are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum DoNotCallStorage {
    /// As numbers.
    #[default]
    Plain,
    /// As keyed digests.
    Hashed,
}

/// Where a part of the list is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "[has(self.configMap), has(self.secret), has(self.url)].filter(set, set).size() == 1",
    "message": "set exactly one of configMap, secret and url",
}]))]
pub struct DoNotCallSource {
    /// A key of a ConfigMap in this namespace. Read again when it changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_map: Option<ConfigMapKeyRef>,
    /// A key of a Secret in this namespace. Read again when it changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<SecretKeyRef>,
    /// A file on a web server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<DoNotCallUrl>,
    /// How it is written. `Lines`: one entry per line; empty lines and those that begin with `#` are left out. `Csv`: a header
    /// line; the entries are in `column`, and a column `expiresAt` may hold instants. Unset: `Csv` where the key, or the path of
    /// the URL, ends in `.csv`, otherwise `Lines`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "DoNotCallFormat")]
    pub format: Option<DoNotCallFormat>,
    /// The column of a CSV file that holds the entries. Unset: `number`.
    // Not by the schema: a list without keys is applied as a whole, and one with a value in it that nobody wrote is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub column: Option<String>,
}

/// A file on a web server: at most 64 MiB, sent within a minute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DoNotCallUrl {
    /// Where it is. Only https, and no host with a loopback, link-local or metadata address; the operator's options
    /// `--source-host` and `--allow-loopback-sources` narrow and widen that.
    #[schemars(length(max = 2048), pattern(r"^https?://[^\s/]+(/[^\s]*)?$"))]
    pub address: String,
    /// Seconds between two readings, 300 to 604800 (a week); the annotation `telnyx-operator.io/reconcile-requested-at` asks now. When one fails, the last good content goes on to count; campaigns
    /// under a preset that limits the age of a list stop when it is too old. Unset: 86400, a day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 300, max = 604_800))]
    pub refresh_secs: Option<u32>,
}

/// How a part of the list is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum DoNotCallFormat {
    /// One entry per line.
    Lines,
    /// Comma-separated values with a header line.
    Csv,
}

/// What is true of a list. No number is ever in it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DoNotCallListStatus {
    /// The `metadata.generation` that this status is about. 0: the operator has not seen the object yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// `Ready`: every source was read and is obeyed. `Synced`: the last reading of each source went well and every row names a
    /// number. `Reconciling`: something is waited for. `Stalled`: only a person can help; the message says how.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "super::schema::conditions")]
    pub conditions: Vec<Condition>,
    /// Entries that are obeyed, of all sources together; a number in two of them counts twice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entries: Option<u32>,
    /// Rows that name no number, of all sources together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejected: Option<u32>,
    /// When the URL was read that was not read for longest. Unset: no URL is among the sources; everything else is as it is
    /// now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Time>,
    /// What each source brought: `numbers` first, then `sources` in their order, then the opt-outs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 18))]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["source"]))]
    pub sources: Vec<DoNotCallCount>,
    /// The last value of the annotation `telnyx-operator.io/reconcile-requested-at` for which every URL was asked again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_handled_reconcile_at: Option<String>,
    /// The first 100 rows that name no number.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub rejected_rows: Vec<DoNotCallRejected>,
}

/// What one source brought.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DoNotCallCount {
    /// Which: `numbers`, `sources[0]` and so on, or `optOuts`.
    pub source: String,
    /// Entries that are obeyed.
    pub entries: u32,
    /// Rows that name no number.
    pub rejected: u32,
    /// When this content was first read. Unset: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_at: Option<Time>,
    /// Why the last reading failed. Unset: it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 512))]
    pub problem: Option<String>,
}

/// A row that names no number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DoNotCallRejected {
    /// Which source.
    pub source: String,
    /// Line, counted from 1; for `numbers` the index, counted from 0.
    pub line: u32,
    /// What is wrong with it, and what would be right.
    #[schemars(length(max = 256))]
    pub reason: String,
}
