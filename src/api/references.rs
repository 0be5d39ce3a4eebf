//! How one object names another.
//!
//! References are by name: the operator resolves them when it acts, and waits when the other object is not there yet.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Names the `TelnyxAccount` on whose behalf the operator acts.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountRef {
    /// Name of the `TelnyxAccount`.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// Namespace of the `TelnyxAccount`. Unset: the namespace of this object. The account must list this object's
    /// namespace in `spec.allowedNamespaces`, unless it is its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub namespace: Option<String>,
}

/// Names an object of a known kind in the same namespace.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LocalRef {
    /// Name of the object, in the same namespace.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
}

/// Names a `CallFlow` in the same namespace, and perhaps one of its revisions.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CallFlowRef {
    /// Name of the `CallFlow`, in the same namespace.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// The revision, as the flow's `status.revisions` counts them. Unset: the one that new calls run when this object is first
    /// prepared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 4_294_967_295_i64))]
    pub revision: Option<u32>,
}

/// The revision of a `CallFlow` that calls run, fixed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PinnedFlow {
    /// Name of the `CallFlow`, in the same namespace.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// The revision.
    #[schemars(range(min = 1, max = 4_294_967_295_i64))]
    pub revision: u32,
    /// The flow's UID: one made later under the same name is another.
    #[schemars(length(min = 1, max = 63))]
    pub uid: String,
}

/// Names one key of a Secret in the same namespace.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretKeyRef {
    /// Name of the Secret, in the same namespace.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// Key in the Secret's `data`.
    #[schemars(length(min = 1, max = 253), pattern(r"^[-._a-zA-Z0-9]+$"))]
    pub key: String,
}

/// Names one key of a ConfigMap in the same namespace.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConfigMapKeyRef {
    /// Name of the ConfigMap, in the same namespace.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// Key in the ConfigMap's `data` or `binaryData`.
    #[schemars(length(min = 1, max = 253), pattern(r"^[-._a-zA-Z0-9]+$"))]
    pub key: String,
}
