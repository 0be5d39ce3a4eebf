//! `Queue`: mirrors `/queues`.

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::policies::{Import, Policies};
use super::references::AccountRef;
use super::status::RemoteStatus;

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
    status = "RemoteStatus",
    derive = "PartialEq",
    doc = "A queue at Telnyx in which calls wait.",
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = r#".status.conditions[?(@.type=="Ready")].status"#,
        description = "Whether the queue exists and is as declared."
    ),
    printcolumn(
        name = "Synced",
        type_ = "string",
        json_path = r#".status.conditions[?(@.type=="Synced")].status"#,
        description = "Whether the last pass could read and write it."
    ),
    printcolumn(name = "Id", type_ = "string", json_path = ".status.id", description = "Id at Telnyx."),
    printcolumn(
        name = "Reason",
        type_ = "string",
        json_path = r#".status.conditions[?(@.type=="Ready")].reason"#,
        description = "Why it is ready or not.",
        priority = "1"
    ),
    printcolumn(
        name = "Account",
        type_ = "string",
        json_path = ".spec.accountRef.name",
        description = "The TelnyxAccount.",
        priority = "1"
    ),
    printcolumn(
        name = "Age",
        type_ = "date",
        json_path = ".metadata.creationTimestamp",
        description = "Time since the resource was created."
    )
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
