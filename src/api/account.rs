//! `TelnyxAccount`: whose credentials, keys, budget and defaults the other kinds use.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::columns::Column;
use super::policies::Policies;
use super::references::SecretKeyRef;

/// The address of the API when `spec.baseUrl` is unset.
pub const DEFAULT_BASE_URL: &str = "https://api.telnyx.com/v2";

/// What `kubectl get` shows.
pub(super) const COLUMNS: [Column; 4] = [
    Column::ready("Whether the API accepts the key."),
    Column::REASON,
    Column::text("Webhooks", ".spec.webhookBaseUrl", "Public address of the operator's webhook receiver.").wide(),
    Column::AGE,
];

/// A Telnyx account as the operator uses it. Nothing exists at Telnyx for it: the operator checks the API key and keeps
/// the account's budget of requests, dials and calls.
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "telnyx-operator.io",
    version = "v1alpha1",
    kind = "TelnyxAccount",
    plural = "telnyxaccounts",
    shortname = "txacct",
    category = "telnyx",
    namespaced,
    status = "TelnyxAccountStatus",
    derive = "PartialEq",
    doc = "A Telnyx account: its API key, webhook key, public webhook URL, budget, and defaults for the objects that use it."
)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "has(self.webhookPublicKey) != has(self.webhookPublicKeySecretRef)",
    "message": "set exactly one of webhookPublicKey and webhookPublicKeySecretRef: without the account's public key no webhook can be trusted (portal: Account Settings, Keys & Credentials, Public Key)",
}, {
    "rule": "!has(self.webhookFailoverBaseUrl) || has(self.webhookBaseUrl)",
    "message": "webhookFailoverBaseUrl needs webhookBaseUrl: a failover URL is used only after the first one failed",
}, {
    "rule": "!has(self.webhookFailoverBaseUrl) || self.webhookFailoverBaseUrl != self.webhookBaseUrl",
    "message": "webhookFailoverBaseUrl must differ from webhookBaseUrl",
}]))]
pub struct TelnyxAccountSpec {
    /// The Secret key that holds the API key (V2, it begins with `KEY`). The Secret is watched: a new key is used at
    /// once. A finalizer keeps the Secret for as long as the account, when both are deleted; alone it goes after ten seconds.
    pub api_key_secret_ref: SecretKeyRef,
    /// The account's public key, with which webhooks are verified: 32 bytes in base64, 44 characters. Exactly one of
    /// this and `webhookPublicKeySecretRef`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 44), pattern(r"^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$"))]
    pub webhook_public_key: Option<String>,
    /// The Secret key that holds the account's public key, in base64. Exactly one of this and `webhookPublicKey`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook_public_key_secret_ref: Option<SecretKeyRef>,
    /// Address of the API, version included. Change it to use a simulator, or `https://api.telnyx.eu/v2`.
    #[serde(default = "default_base_url")]
    #[schemars(length(max = 2000), pattern(r"^https?://[^\s/?#]+(/[^\s?#]*)?$"))]
    pub base_url: String,
    /// Public address under which Telnyx reaches the operator's webhook receiver, without a path of the receiver's own:
    /// `/webhooks/{namespace}/{account}/{object uid}` is added to it. Unset: applications need a `webhookEventUrl` of
    /// their own, and campaigns cannot run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1000), pattern(r"^https?://[^\s/?#]+(/[^\s?#]*)?$"))]
    pub webhook_base_url: Option<String>,
    /// Second public address of the receiver, which Telnyx uses after two failed attempts at the first. Unset: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1000), pattern(r"^https?://[^\s/?#]+(/[^\s?#]*)?$"))]
    pub webhook_failover_base_url: Option<String>,
    /// How much the operator may ask of the API, for all objects of this account together.
    #[serde(default)]
    pub limits: AccountLimits,
    /// Seconds between two comparisons of every object with the API, 1 to 86400; each is spread by up to 20 %. A
    /// comparison costs one request per 250 objects of a kind. Below 60 is for tests.
    #[serde(default = "default_resync_period_secs")]
    #[schemars(range(min = 1, max = 86400))]
    pub resync_period_secs: u32,
    /// Namespaces, besides its own, whose objects may use this account; `*` allows all. Empty: only its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 256), inner(length(min = 1, max = 63), pattern(r"^(\*|[a-z0-9]([-a-z0-9]*[a-z0-9])?)$")))]
    #[schemars(extend("x-kubernetes-list-type" = "set"))]
    pub allowed_namespaces: Vec<String>,
    /// Policies for objects that leave theirs unset.
    #[serde(default)]
    pub defaults: Policies,
}

fn default_base_url() -> String {
    DEFAULT_BASE_URL.to_owned()
}

fn default_resync_period_secs() -> u32 {
    600
}

impl TelnyxAccountSpec {
    /// Whether an object in `namespace` may use this account, which stands in `own`.
    #[must_use]
    pub fn allows(&self, own: &str, namespace: &str) -> bool {
        own == namespace || self.allowed_namespaces.iter().any(|allowed| allowed == "*" || allowed == namespace)
    }
}

/// How much the operator may ask of the API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountLimits {
    /// Calls that the account may start per second, counted over any 5 seconds; 1 to 1000. Telnyx allows 30 unless it
    /// has raised the account's limit (Telnyx: dials per second limit). All campaigns together plan with nine tenths of
    /// it, so that requests which bunch up on their way are not refused.
    #[serde(default = "default_dials_per_second")]
    #[schemars(range(min = 1, max = 1000))]
    pub dials_per_second: u32,
    /// Calls that may be under way at once, by all campaigns together; 1 to 100000. Telnyx allows 2 at sign-up and 10
    /// once verified, more on request. Unset: only each campaign's own limit applies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100_000))]
    pub concurrent_calls: Option<u32>,
    /// Requests that may be under way at once, 1 to 512.
    #[serde(default = "default_max_concurrent_requests")]
    #[schemars(range(min = 1, max = 512))]
    pub max_concurrent_requests: u32,
    /// Requests per second of every kind, 1 to 10000. Unset: only what the API's own rate limit headers say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 10_000))]
    pub requests_per_second: Option<u32>,
}

impl Default for AccountLimits {
    fn default() -> Self {
        Self {
            dials_per_second: default_dials_per_second(),
            concurrent_calls: None,
            max_concurrent_requests: default_max_concurrent_requests(),
            requests_per_second: None,
        }
    }
}

/// What Telnyx allows an account that has not asked for more.
fn default_dials_per_second() -> u32 {
    30
}

/// At 50 ms per request this is 400 requests per second, so that a thousand objects converge in under three seconds.
fn default_max_concurrent_requests() -> u32 {
    20
}

/// What is true of the account.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TelnyxAccountStatus {
    /// The `metadata.generation` that this status is about. 0: the operator has not seen the object yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// `Ready`: the API accepted the key, and the public key is usable. `Reconciling`: the first check is under way.
    /// `Stalled`: only a person can help; the message says how.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "super::schema::conditions")]
    pub conditions: Vec<Condition>,
    /// The last value of the annotation `telnyx-operator.io/reconcile-requested-at` that the operator has acted on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_handled_reconcile_at: Option<String>,
}
