//! How long the services around a call take and what they find.

use serde::{Deserialize, Serialize};

use super::{ConfigError, Spread, share};

/// How long the services around a call take and what they find.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Services {
    /// From the end of a recording to `call.recording.saved`.
    pub recording_saved_after_ms: Spread,
    /// From there to `call.recording.transcription.saved`.
    pub transcript_saved_after_ms: Spread,
    /// How long a SIP REFER takes.
    pub refer_ms: Spread,
    /// From the answer to the result of deepfake detection.
    pub deepfake_result_after_ms: Spread,
    /// Share of people whose voice is found to be fake.
    pub fake_share: f64,
    /// From the end of a conversation with an AI assistant to its insights.
    pub insights_after_ms: Spread,
    /// From when such a conversation, its insights, its recordings and its call are complete to `call.analyzed`.
    pub analyzed_after_ms: Spread,
    /// How long an assistant needs for one question.
    pub question_ms: Spread,
    /// How long a payment processor takes.
    pub payment_ms: Spread,
}

impl Default for Services {
    fn default() -> Self {
        Self {
            recording_saved_after_ms: Spread::between(500, 2000),
            transcript_saved_after_ms: Spread::between(1000, 4000),
            refer_ms: Spread::between(500, 3000),
            deepfake_result_after_ms: Spread::between(3000, 8000),
            fake_share: 0.0,
            insights_after_ms: Spread::between(2000, 6000),
            analyzed_after_ms: Spread::between(1000, 5000),
            question_ms: Spread::between(1500, 4000),
            payment_ms: Spread::between(800, 3000),
        }
    }
}

impl Services {
    pub(super) fn check(&self, at: &str) -> Result<(), ConfigError> {
        share(format!("{at}.fakeShare"), self.fake_share)
    }
}
