//! What the loop needs to know of a kind's Kubernetes object. Knows nothing of the remote side.

use crate::api::{
    AccountRef, CallControlApplication, Import, OutboundVoiceProfile, Policies, Queue, RemoteStatus, ResolvedPolicies,
};
use k8s_openapi::NamespaceResourceScope;
use kube::Resource;
use serde::de::DeserializeOwned;
use std::fmt::Debug;

/// A namespaced Kubernetes object.
pub trait Object:
    Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned + Send + Sync + 'static
{
    /// `namespace/name`, for messages.
    fn place(&self) -> String {
        format!("{}/{}", self.namespace(), self.name())
    }

    /// Its namespace. Every kind here is namespaced, and the API server refuses objects without one.
    fn namespace(&self) -> &str {
        self.meta().namespace.as_deref().unwrap_or_default()
    }

    /// Its name.
    fn name(&self) -> &str {
        self.meta().name.as_deref().unwrap_or_default()
    }

    /// Its UID.
    fn uid(&self) -> &str {
        self.meta().uid.as_deref().unwrap_or_default()
    }

    /// Its generation.
    fn generation(&self) -> i64 {
        self.meta().generation.unwrap_or_default()
    }

    /// Has its deletion been asked for?
    fn deleting(&self) -> bool {
        self.meta().deletion_timestamp.is_some()
    }

    /// The value of an annotation.
    fn annotation(&self, key: &str) -> Option<&str> {
        self.meta().annotations.as_ref()?.get(key).map(String::as_str)
    }

    /// Its `metadata.resourceVersion` as a number; Kubernetes compares resource versions of one resource as integers
    /// (Kubernetes API concepts: resource versions, since 1.35).
    fn version(&self) -> u64 {
        self.meta().resource_version.as_deref().and_then(|version| version.parse().ok()).unwrap_or_default()
    }
}

impl<K> Object for K where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + Debug
        + DeserializeOwned
        + Send
        + Sync
        + 'static
{
}

/// A Kubernetes object that stands for one remote object.
pub trait Managed: Object {
    /// The account it belongs to.
    fn account_ref(&self) -> &AccountRef;
    /// The existing remote object that it takes over.
    fn import(&self) -> Option<&Import>;
    /// Is it to be left alone?
    fn suspended(&self) -> bool;
    /// The choices written in the spec.
    fn policies(&self) -> Policies;
    /// The status as read.
    fn status(&self) -> Option<&RemoteStatus>;
    /// The status, to be made smaller before it is kept in memory.
    fn status_mut(&mut self) -> Option<&mut RemoteStatus>;
}

macro_rules! managed {
    ($($kind:ty),+) => { $(
        impl Managed for $kind {
            fn account_ref(&self) -> &AccountRef {
                &self.spec.account_ref
            }
            fn import(&self) -> Option<&Import> {
                self.spec.import.as_ref()
            }
            fn suspended(&self) -> bool {
                self.spec.suspend
            }
            fn policies(&self) -> Policies {
                self.spec.policies
            }
            fn status(&self) -> Option<&RemoteStatus> {
                self.status.as_ref().map(AsRef::as_ref)
            }
            fn status_mut(&mut self) -> Option<&mut RemoteStatus> {
                self.status.as_mut().map(AsMut::as_mut)
            }
        }
    )+ };
}

managed!(CallControlApplication, OutboundVoiceProfile, Queue);

/// The user's decisions about one object, as the plan takes them. `defaults` are the account's.
#[must_use]
pub fn policy_of<K: Managed>(object: &K, defaults: Policies, edited: bool) -> reconcile_plan::Policy {
    let chosen: ResolvedPolicies = object.policies().resolve(defaults);
    reconcile_plan::Policy {
        management: match chosen.management {
            crate::api::ManagementPolicy::Full => reconcile_plan::ManagementPolicy::Full,
            crate::api::ManagementPolicy::ObserveOnly => reconcile_plan::ManagementPolicy::ObserveOnly,
        },
        deletion: match chosen.deletion {
            crate::api::DeletionPolicy::Delete => reconcile_plan::DeletionPolicy::Delete,
            crate::api::DeletionPolicy::Retain => reconcile_plan::DeletionPolicy::Retain,
        },
        drift: match chosen.drift {
            crate::api::DriftPolicy::Correct => reconcile_plan::DriftPolicy::Correct,
            crate::api::DriftPolicy::Report => reconcile_plan::DriftPolicy::Report,
        },
        adoption: match chosen.adoption {
            crate::api::AdoptionPolicy::Never => reconcile_plan::AdoptionPolicy::Never,
            crate::api::AdoptionPolicy::AdoptByName => reconcile_plan::AdoptionPolicy::AdoptByName,
        },
        suspended: object.suspended(),
        import: object.import().map(|import| import.id.clone()),
        edited,
        edits: None,
    }
}
