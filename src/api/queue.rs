//! `Queue`: mirrors `/queues`.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::columns::Column;
use super::policies::{Import, Policies};
use super::references::AccountRef;
use super::status::RemoteStatus;

/// What `kubectl get` shows.
pub(super) const COLUMNS: [Column; 9] = [
    Column::ready("Whether the queue exists and is as declared."),
    Column::SYNCED,
    Column::ID,
    Column::number("Calls", ".status.occupancy.currentSize", "Calls in the queue."),
    Column::since("Oldest", ".status.occupancy.oldestEnqueuedAt", "How long the call that came first has waited."),
    Column::number("Average", ".status.occupancy.averageWaitTimeSecs", "Average wait in seconds, as Telnyx counts it.")
        .wide(),
    Column::REASON.wide(),
    Column::ACCOUNT,
    Column::AGE,
];

/// A call queue. Telnyx removes queues that stay empty; the operator makes them again.
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "telnyx-operator.io",
    version = "v1alpha1",
    kind = "Queue",
    plural = "queues",
    shortname = "txq",
    category = "telnyx",
    namespaced,
    status = "QueueStatus",
    derive = "PartialEq",
    doc = "A queue at Telnyx in which calls wait."
)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "has(self.queueName) == has(oldSelf.queueName) && (!has(self.queueName) || self.queueName == oldSelf.queueName)",
    "message": "queueName is immutable: Telnyx cannot rename a queue, create another resource",
}]))]
pub struct QueueSpec {
    /// The account that the queue belongs to. Immutable.
    #[schemars(extend("x-kubernetes-validations" = [{
        "rule": "self == oldSelf",
        "message": "accountRef is immutable: a queue cannot move to another account, create another resource",
    }]))]
    pub account_ref: AccountRef,
    /// Takes over a queue that exists already, instead of creating one. Unset: one is created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub import: Option<Import>,
    /// Whether the operator leaves this object alone: nothing is read or written, except that deleting the resource
    /// still follows its deletion policy. Unset: false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub suspend: bool,
    /// The policies.
    #[serde(flatten)]
    pub policies: Policies,

    /// Name of the queue, 1 to 255 characters, unique in the account. Calls are put into the queue by this name.
    /// Immutable. Unset: `metadata.name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255))]
    pub queue_name: Option<String>,
    /// Most calls that may wait, 1 to 100000. Unset: unmanaged; new queues hold 300.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100_000))]
    pub max_size: Option<u32>,
}

/// What is true of a queue.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct QueueStatus {
    /// What all kinds with a remote object have.
    #[serde(flatten)]
    pub remote: RemoteStatus,
    /// The calls in the queue. Read with the account's listings, every `resyncPeriodSecs` of the `TelnyxAccount`; while
    /// calls wait, every 10 seconds. Unset: not
    /// read yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occupancy: Option<Occupancy>,
}

impl AsRef<RemoteStatus> for QueueStatus {
    fn as_ref(&self) -> &RemoteStatus {
        &self.remote
    }
}

impl AsMut<RemoteStatus> for QueueStatus {
    fn as_mut(&mut self) -> &mut RemoteStatus {
        &mut self.remote
    }
}

/// The calls in a queue. Waits are given by the moment when they began, so that a call that goes on waiting changes
/// nothing here.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Occupancy {
    /// How many calls are in the queue.
    #[serde(default)]
    pub current_size: u64,
    /// How long calls waited on average, in seconds, as Telnyx counted it when who is in the queue last changed. It grows
    /// while they wait; that alone changes nothing here.
    #[serde(default)]
    pub average_wait_time_secs: u64,
    /// Since when the call that came first has waited. Unset: no call waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest_enqueued_at: Option<Time>,
    /// The first calls, at most 20, the head first. `kubectl telnyx queue calls` shows them all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    pub calls: Vec<QueuedCall>,
}

/// A call in a queue.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct QueuedCall {
    /// The call's id, by which commands address it.
    pub call_control_id: String,
    /// Its place, from 1; the head of the queue is next.
    #[serde(default)]
    pub queue_position: u64,
    /// Since when it has waited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enqueued_at: Option<Time>,
    /// Whether it is still up. A call that was enqueued with `keep_after_hangup` keeps its place when it is over, until
    /// it is removed.
    #[serde(default)]
    pub is_alive: bool,
}
