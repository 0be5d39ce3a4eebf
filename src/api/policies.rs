//! What the operator may do to a remote object, chosen per object or once per account.
//!
//! Knows the choices and how an object's choice, the account's choice and the built-in default combine. Does not know
//! how they are carried out.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The four choices as written: every one may be unset. Stands flattened in the spec of each kind that mirrors a remote
/// object, and as `spec.defaults` of a `TelnyxAccount`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Policies {
    /// Whether the operator writes to the API for this object. `Full`: create, update and delete. `ObserveOnly`: read
    /// only; status shows the remote object and every difference, nothing is ever written, and deleting the resource
    /// leaves the remote object alone. Unset: the account's `spec.defaults`, else `Full`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ManagementPolicy")]
    pub management_policy: Option<ManagementPolicy>,
    /// What deleting this resource does to the remote object. `Delete`: it is deleted too, and the resource stays until
    /// a read has shown that it is gone. `Retain`: it is left as it is. Unset: the account's `spec.defaults`, else
    /// `Delete`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "DeletionPolicy")]
    pub deletion_policy: Option<DeletionPolicy>,
    /// What happens when the remote object was changed by somebody else. `Correct`: the fields set in this spec are
    /// written back. `Report`: the difference is shown in `status.drift` and nothing is written until the spec changes.
    /// Unset: the account's `spec.defaults`, else `Correct`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "DriftPolicy")]
    pub drift_policy: Option<DriftPolicy>,
    /// What happens when there is no remote object of ours yet, but one with the same name exists. `Never`: it is left
    /// alone; kinds whose names are unique at Telnyx (queues) report `Conflict`, the others create their own.
    /// `AdoptByName`: if exactly one has the name, and no other resource manages it, it becomes this resource's. Unset:
    /// the account's `spec.defaults`, else `Never`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "AdoptionPolicy")]
    pub adoption_policy: Option<AdoptionPolicy>,
}

/// The four choices as acted on: nothing is open any more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ResolvedPolicies {
    /// Whether the operator writes to the API.
    pub management: ManagementPolicy,
    /// What deleting the resource does to the remote object.
    pub deletion: DeletionPolicy,
    /// What happens to changes made by somebody else.
    pub drift: DriftPolicy,
    /// What happens when an object of the same name exists already.
    pub adoption: AdoptionPolicy,
}

impl Policies {
    /// The object's choice where it has one, else the account's, else the built-in default.
    #[must_use]
    pub fn resolve(self, account: Self) -> ResolvedPolicies {
        ResolvedPolicies {
            management: self.management_policy.or(account.management_policy).unwrap_or_default(),
            deletion: self.deletion_policy.or(account.deletion_policy).unwrap_or_default(),
            drift: self.drift_policy.or(account.drift_policy).unwrap_or_default(),
            adoption: self.adoption_policy.or(account.adoption_policy).unwrap_or_default(),
        }
    }
}

/// Whether the operator writes to the API for an object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum ManagementPolicy {
    /// Create, update and delete. The default: this is what a declarative resource is for.
    #[default]
    Full,
    /// Read, never write.
    ObserveOnly,
}

/// What deleting the resource does to the remote object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum DeletionPolicy {
    /// The remote object goes too. The default: what was applied is undone by deleting it.
    #[default]
    Delete,
    /// The remote object stays as it is.
    Retain,
}

/// What happens to changes made by somebody else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum DriftPolicy {
    /// They are written back. The default: the spec is the truth.
    #[default]
    Correct,
    /// They are shown in status.
    Report,
}

/// What happens when a remote object of the same name exists and is not ours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum AdoptionPolicy {
    /// It is left alone. The default: taking over what somebody else made needs to be asked for.
    #[default]
    Never,
    /// The only one of that name becomes ours.
    AdoptByName,
}

/// Which existing remote object a resource takes over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Import {
    /// Id of the remote object at Telnyx, 1 to 255 characters. Immutable: to manage another object, make another
    /// resource.
    #[schemars(length(min = 1, max = 255))]
    #[schemars(extend("x-kubernetes-validations" = [{
        "rule": "self == oldSelf",
        "message": "import.id is immutable: create another resource for another remote object",
    }]))]
    pub id: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_objects_choice_wins_over_the_accounts_which_wins_over_the_default() {
        let object = Policies { drift_policy: Some(DriftPolicy::Report), ..Policies::default() };
        let account = Policies {
            drift_policy: Some(DriftPolicy::Correct),
            deletion_policy: Some(DeletionPolicy::Retain),
            ..Policies::default()
        };
        assert_eq!(
            object.resolve(account),
            ResolvedPolicies {
                management: ManagementPolicy::Full,
                deletion: DeletionPolicy::Retain,
                drift: DriftPolicy::Report,
                adoption: AdoptionPolicy::Never,
            }
        );
    }
}
