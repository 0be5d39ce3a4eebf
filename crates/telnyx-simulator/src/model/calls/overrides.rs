//! What a dial says about its own webhooks.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::outbox::Target;

/// `webhook_url`, `webhook_urls` and `webhook_retries_policies` of a dial.
#[derive(Debug, Clone, Default)]
pub(crate) struct Overrides {
    pub(crate) url: Option<Arc<str>>,
    pub(crate) by_event: BTreeMap<String, Arc<str>>,
    pub(crate) policies: BTreeMap<String, Arc<[u64]>>,
}

impl Overrides {
    /// Where an event goes. An overridden URL has no failover.
    pub(crate) fn target(&self, event_type: &str, usual: Arc<Target>) -> Arc<Target> {
        match self.by_event.get(event_type).or(self.url.as_ref()) {
            Some(url) => Arc::new(Target { url: Arc::clone(url), failover: None, ..(*usual).clone() }),
            None => usual,
        }
    }

    /// The waits between attempts, when the dial set them.
    pub(crate) fn waits(&self, event_type: &str) -> Option<Arc<[u64]>> {
        self.policies.get(event_type).cloned()
    }
}
