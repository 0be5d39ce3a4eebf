//! Limits of the simulated account and how much history it keeps.

use serde::{Deserialize, Serialize};

use super::ConfigError;

/// Rate and capacity limits. Unset means no limit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Limits {
    /// Dials per second. Enforced over the trailing 5 s: at most five times as many (Telnyx: "Dials per second limit"). 30 for a new account.
    pub dials_per_second: Option<u32>,
    /// Calls at the same time over the whole account; beyond it a dial meets error 90041.
    pub concurrent_calls: Option<u32>,
    /// Requests per window over the whole API; beyond it 429 with code 10011.
    pub requests: Option<RequestLimit>,
    /// Longest text of a `speak` command, characters. The command's field says 3000, the error table 5000.
    pub speak_characters: usize,
    /// Bytes of a request body that are read before it is refused.
    pub body_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            dials_per_second: Some(30),
            concurrent_calls: None,
            requests: None,
            speak_characters: 3000,
            body_bytes: 1 << 20,
        }
    }
}

impl Limits {
    pub(super) fn check(&self, at: &str) -> Result<(), ConfigError> {
        match &self.requests {
            Some(limit) if limit.per_secs == 0 => {
                Err(ConfigError::OutOfRange { field: format!("{at}.requests.perSecs"), want: "at least 1" })
            }
            Some(_) | None => Ok(()),
        }
    }
}

/// A general request limit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RequestLimit {
    /// Requests that one window lets through.
    pub count: u32,
    /// Length of the window, simulated seconds.
    pub per_secs: u32,
    /// Whether responses carry `x-ratelimit-limit`, `-remaining` and `-reset`. The API's specification declares none of them.
    #[serde(default = "yes")]
    pub headers: bool,
}

const fn yes() -> bool {
    true
}

/// How call queues live and die.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Queues {
    /// Simulated seconds after which an empty, unused queue is collected; unset keeps it for ever. Telnyx collects them but names no period.
    pub collect_empty_after_secs: Option<u64>,
}

impl Default for Queues {
    fn default() -> Self {
        Self { collect_empty_after_secs: Some(86_400) }
    }
}

/// How much history is kept. Every list is a ring: the oldest entry makes room.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Retention {
    /// Simulated seconds for which an ended call can still be retrieved (Telnyx: "Retrieve a call status", 10 minutes).
    pub ended_call_secs: u64,
    /// Entries of `call_events`.
    pub call_events: usize,
    /// Entries of `webhook_deliveries`.
    pub webhook_deliveries: usize,
    /// Conferences that have ended.
    pub conferences: usize,
    /// Dials listed under `/sim/dials`. Counts per number go on beyond it.
    pub dials: usize,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            ended_call_secs: 600,
            call_events: 200_000,
            webhook_deliveries: 20_000,
            conferences: 10_000,
            dials: 200_000,
        }
    }
}
