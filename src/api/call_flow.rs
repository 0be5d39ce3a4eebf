//! `CallFlow`: what to do on a call, step by step.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::CustomResource;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::columns::Column;
use super::references::SecretKeyRef;

/// What `kubectl get` shows.
pub(super) const COLUMNS: [Column; 5] = [
    Column::ready("Whether calls can run it."),
    Column::number("Revision", ".status.revision", "The revision that new calls run."),
    Column::number("ActiveCalls", ".status.activeCalls", "Calls under way, of all revisions."),
    Column::REASON.wide(),
    Column::AGE,
];

/// A call flow. A call runs the revision that was current when it began, to its end.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "telnyx-operator.io",
    version = "v1alpha1",
    kind = "CallFlow",
    plural = "callflows",
    shortname = "flow",
    category = "telnyx",
    namespaced,
    status = "CallFlowStatus",
    derive = "PartialEq",
    doc = "What to do on a call: a graph of steps, each a command of the Voice API or a decision."
)]
#[serde(rename_all = "camelCase")]
pub struct CallFlowSpec {
    /// What `callWebhook` steps may reach. Unset: nothing; a flow with such a step is then refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhooks: Option<FlowWebhooks>,
    /// How many revisions are kept after their last call has ended, 1 to 50, the current one included.
    #[serde(default = "default_history")]
    #[schemars(range(min = 1, max = 50))]
    pub revision_history_limit: u32,
    /// The flow as it was written. Kept as it is, so that a mistake in it becomes a condition that names the step.
    #[serde(flatten)]
    #[schemars(schema_with = "written")]
    pub flow: Map<String, Value>,
}

fn default_history() -> u32 {
    10
}

fn written(generator: &mut SchemaGenerator) -> Schema {
    call_flow::FlowSpec::json_schema(generator)
}

/// What `callWebhook` steps may reach, and how they prove who they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FlowWebhooks {
    /// Hosts that may be called, 1 to 20: a name, or a name with `:port`. Nothing else is.
    #[schemars(
        length(min = 1, max = 20),
        inner(length(min = 1, max = 259), pattern(r"^[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?(:[0-9]{1,5})?$"))
    )]
    pub allowed_hosts: Vec<String>,
    /// A key of a Secret in this namespace, 16 to 512 bytes. Each request then carries the header `webhook-signature`: `v1,`
    /// and, in base64, the HMAC-SHA256 with this key of `webhook-id`, `.`, `webhook-timestamp`, `.` and the body, as Standard
    /// Webhooks describes it. Unset: requests are not signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signing_secret_ref: Option<SecretKeyRef>,
}

/// What is true of a flow. No phone number, and nothing that a caller said, is ever in it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CallFlowStatus {
    /// The `metadata.generation` that this status is about. 0: the operator has not seen the object yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// `Ready`: calls can run it. `Stalled`: only a person can help; the message names the step. `Reconciling`: it is being
    /// deleted and calls still run it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "super::schema::conditions")]
    pub conditions: Vec<Condition>,
    /// The revision that new calls run. Unset: none was ever valid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<i64>,
    /// Calls under way, of all revisions. Unset: the operator has not seen the object yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active_calls: Option<u32>,
    /// Revisions that calls run, or that new ones would: at most 50, the newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub revisions: Vec<FlowRevision>,
    /// Per step of the current revision how often it was entered and how often it failed, since the revision was made. Counted
    /// in memory and written every few seconds: a crash loses those.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 250))]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub steps: Vec<StepCount>,
    /// What is wrong with the spec: the first 20 mistakes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    pub problems: Vec<FlowProblem>,
}

/// One revision of a flow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FlowRevision {
    /// Its number.
    pub revision: i64,
    /// Calls under way that run it.
    pub active_calls: u32,
}

/// What happened at a step.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StepCount {
    /// Its name.
    pub name: String,
    /// How often a call came to it.
    pub entered: u64,
    /// How often it ended in an error.
    pub errors: u64,
}

/// A mistake in a flow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FlowProblem {
    /// Where: a path into the spec, such as `steps[2].speak.payload`.
    #[schemars(length(max = 512))]
    pub path: String,
    /// The step's name. Unset: it is about the flow as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 512))]
    pub step: Option<String>,
    /// What is wrong, and what to do.
    #[schemars(length(max = 2048))]
    pub message: String,
}
