//! How webhooks are delivered.

use serde::{Deserialize, Serialize};

use super::Spread;

/// How webhooks are delivered when the application says nothing else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Webhooks {
    /// Real milliseconds that a receiver has to answer, unless the application sets `webhook_timeout_secs` (Telnyx: 2 s).
    pub patience_ms: u64,
    /// Attempts after the first one. Telnyx does not publish the number.
    pub retries: u32,
    /// Wait before the first retry, simulated milliseconds; doubles each time.
    pub backoff_ms: u64,
    /// Longest wait between two attempts, simulated milliseconds.
    pub max_backoff_ms: u64,
    /// Failed attempts in a row after which the failover URL takes over (Telnyx: two).
    pub failover_after: u32,
    /// Wait between an event and its first attempt, simulated milliseconds.
    pub send_after_ms: Spread,
    /// Requests under way at the same time.
    pub connections: usize,
    /// Webhooks that may wait; beyond it the newest is lost and counted.
    pub max_pending: usize,
}

impl Default for Webhooks {
    fn default() -> Self {
        Self {
            patience_ms: 2000,
            retries: 5,
            backoff_ms: 1000,
            max_backoff_ms: 30_000,
            failover_after: 2,
            send_after_ms: Spread::Fixed(0),
            connections: 128,
            max_pending: 200_000,
        }
    }
}
