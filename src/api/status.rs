//! Status shared by the kinds that mirror a remote object.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Annotation with any token. A new value makes the operator read the remote object now; the value is echoed in
/// `status.lastHandledReconcileAt` once that has happened.
pub const RECONCILE_REQUESTED_AT: &str = "telnyx-operator.io/reconcile-requested-at";

/// Annotation of a campaign with the names of rules that are set aside for it, separated by commas: `Consent`, `Frequency`, and
/// `DoNotCall` for purpose `Emergency`. What they object to is called all the same, and says so.
pub const COMPLIANCE_OVERRIDE: &str = "telnyx-operator.io/compliance-override";

/// What is true of an object and its counterpart at Telnyx.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RemoteStatus {
    /// The `metadata.generation` that this status is about. 0: the operator has not seen the object yet. Lower than
    /// `metadata.generation`: the operator has not finished with the newest spec.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// `Ready`: the remote object exists and is as declared. `Synced`: the last pass could read it and write what it
    /// had to. `Reconciling`: work is under way. `Stalled`: only a person can help; the message says how.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "super::schema::conditions")]
    pub conditions: Vec<Condition>,
    /// Id of the remote object at Telnyx. Unset: none is known yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The remote object as the API last showed it, in the API's own field names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "super::schema::open_object")]
    pub observed: Option<Map<String, Value>>,
    /// Fields where the remote object differs from this spec. Filled under `driftPolicy: Report` and
    /// `managementPolicy: ObserveOnly`; empty when there is no difference.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub drift: Vec<Drift>,
    /// When the operator last wrote to the remote object or found it changed. Passes that find nothing new leave it
    /// as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_sync_time: Option<Time>,
    /// The last value of the annotation `telnyx-operator.io/reconcile-requested-at` that the operator has acted on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_handled_reconcile_at: Option<String>,
}

/// A kind that shows nothing beyond what all show.
impl AsRef<Self> for RemoteStatus {
    fn as_ref(&self) -> &Self {
        self
    }
}

impl AsMut<Self> for RemoteStatus {
    fn as_mut(&mut self) -> &mut Self {
        self
    }
}

/// One field that differs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Drift {
    /// The field, in the API's own names, joined by dots: `outbound.channel_limit`.
    pub path: String,
    /// The value that this spec asks for.
    #[schemars(schema_with = "super::schema::any_value")]
    pub desired: Value,
    /// The value that the API shows. Null: it shows none.
    #[schemars(schema_with = "super::schema::any_value")]
    pub actual: Value,
}
