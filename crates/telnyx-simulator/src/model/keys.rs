//! Which bearer keys are accepted.

use std::collections::BTreeSet;

use crate::config::ApiKey;

/// The account's keys, some of which may be revoked while it runs.
pub(crate) struct Keys {
    accepted: BTreeSet<ApiKey>,
}

impl Keys {
    pub(crate) fn new(keys: &[ApiKey]) -> Self {
        Self { accepted: keys.iter().cloned().collect() }
    }

    pub(crate) fn accepts(&self, key: Option<&str>) -> bool {
        key.is_some_and(|key| self.accepted.iter().any(|accepted| accepted.expose() == key))
    }

    pub(crate) fn revoke(&mut self, key: &ApiKey) -> bool {
        self.accepted.remove(key)
    }

    pub(crate) fn accept(&mut self, key: ApiKey) {
        self.accepted.insert(key);
    }
}
