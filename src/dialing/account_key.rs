//! Names an account.

use std::fmt;

use crate::api::AccountRef;

/// Names a `TelnyxAccount`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountKey {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl AccountKey {
    /// The account that an object in `namespace` means.
    #[must_use]
    pub fn of(reference: &AccountRef, namespace: &str) -> Self {
        let namespace = reference.namespace.clone().unwrap_or_else(|| namespace.to_owned());
        Self { namespace, name: reference.name.clone() }
    }
}

impl fmt::Display for AccountKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}
