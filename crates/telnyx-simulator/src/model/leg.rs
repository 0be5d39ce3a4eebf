//! Who a leg is, apart from where its call stands.
//!
//! Promises to outlive the call: a conference names its creator and a queue its callers when the calls themselves are
//! forgotten. Does not know whether the call is alive.

use std::sync::Arc;

use super::calls::{Call, CallKey, Overrides};
use super::outbox::Target;

/// The ids of a leg, its numbers, and where its webhooks go.
#[derive(Debug, Clone)]
pub(crate) struct Leg {
    pub(crate) key: CallKey,
    pub(crate) control_id: Arc<str>,
    pub(crate) leg_id: Arc<str>,
    pub(crate) session_id: Arc<str>,
    pub(crate) connection: Arc<str>,
    pub(crate) from: Arc<str>,
    pub(crate) to: Arc<str>,
    /// Where webhooks go when the application is gone.
    pub(crate) target: Arc<Target>,
    pub(crate) overrides: Overrides,
}

impl Leg {
    pub(crate) fn of(key: CallKey, call: &Call) -> Self {
        Self {
            key,
            control_id: Arc::clone(&call.control_id),
            leg_id: Arc::clone(&call.leg_id),
            session_id: Arc::clone(&call.session_id),
            connection: Arc::clone(&call.connection),
            from: Arc::clone(&call.from),
            to: Arc::clone(&call.to),
            target: Arc::clone(&call.target),
            overrides: call.overrides.clone(),
        }
    }
}
