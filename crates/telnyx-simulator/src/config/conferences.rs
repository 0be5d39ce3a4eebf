//! How people behave in conferences.

use serde::{Deserialize, Serialize};

use super::Spread;

/// How people behave in conferences, and how long recordings of them take to appear.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Conferences {
    /// How long a person talks with others before hanging up.
    pub stays_ms: Spread,
    /// How long a person stays alone or on hold before hanging up.
    pub waits_ms: Spread,
    /// How long one speaks before another takes the floor; unset and nobody ever does.
    pub turn_ms: Option<Spread>,
    /// From the end of a recording to `conference.recording.saved`.
    pub recording_saved_after_ms: Spread,
}

impl Default for Conferences {
    fn default() -> Self {
        Self {
            stays_ms: Spread::between(60_000, 600_000),
            waits_ms: Spread::between(60_000, 300_000),
            turn_ms: Some(Spread::between(2000, 20_000)),
            recording_saved_after_ms: Spread::between(500, 3000),
        }
    }
}
