//! What the user allows the operator to do with the remote object.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Whether the operator may change the remote object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ManagementPolicy {
    /// Create, update and delete.
    #[default]
    Full,
    /// Read only: status tells what is there; nothing is ever written to the API, deletion included.
    ObserveOnly,
}

/// What deleting the Kubernetes object does to the remote one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeletionPolicy {
    /// Delete it, and keep the finalizer until a read says that it is gone.
    #[default]
    Delete,
    /// Leave it as it is.
    Retain,
}

/// What to do with a remote object that differs from the spec although the spec did not change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum DriftPolicy {
    /// Put it back.
    #[default]
    Correct,
    /// Write the differences to `status.drift` and change nothing.
    Report,
}

/// What to do with a remote object of the same name that this operator did not make.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum AdoptionPolicy {
    /// Leave it alone. Where names are unique at the API, this blocks the object with reason `NameTaken`.
    #[default]
    Never,
    /// Take it over when exactly one has that name.
    AdoptByName,
}

/// All that the user decided about one object, defaults applied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// May it be written at all?
    pub management: ManagementPolicy,
    /// What deletion means.
    pub deletion: DeletionPolicy,
    /// What drift means.
    pub drift: DriftPolicy,
    /// What a namesake means.
    pub adoption: AdoptionPolicy,
    /// `spec.suspend`: nothing is created or changed. Deletion still works, because it is a separate wish of the user.
    pub suspended: bool,
    /// `spec.import.id`: the existing remote object to manage instead of a new one.
    pub import: Option<String>,
    /// Is the difference the user's own edit (generation not yet observed in sync) rather than drift? An edit is carried
    /// out under [`DriftPolicy::Report`] too; only what changed behind the user's back is merely reported.
    pub edited: bool,
    /// Which fields the edit changed, by path; `None` when that is not known, and then every difference counts as edited.
    /// Under [`DriftPolicy::Report`] the other differences are older than the edit, and stay.
    pub edits: Option<BTreeSet<String>>,
}
