//! Webhook payloads of what goes on during a call besides what is heard.
//!
//! Field names and values are those of Telnyx's webhook reference ("Voice API webhooks").

use std::sync::Arc;

use serde::Serialize;

/// The parts of a payload that depend on the event.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub(crate) enum Happening {
    /// `call.dtmf.received`
    Dtmf { from: Arc<str>, to: Arc<str>, digit: char },
    /// `call.gather.ended`
    GatherEnded { from: Arc<str>, to: Arc<str>, digits: String, status: &'static str },
}

impl Happening {
    pub(crate) const fn event_type(&self) -> &'static str {
        match self {
            Self::Dtmf { .. } => "call.dtmf.received",
            Self::GatherEnded { .. } => "call.gather.ended",
        }
    }

    /// Whether the payload holds `call_control_id`.
    pub(crate) const fn names_call(&self) -> bool {
        match self {
            Self::Dtmf { .. } | Self::GatherEnded { .. } => true,
        }
    }

    /// Replaces the value that a receiver decides by with `unknown`.
    pub(crate) const fn distort(&mut self, unknown: &'static str) {
        match self {
            Self::GatherEnded { status, .. } => *status = unknown,
            Self::Dtmf { .. } => {}
        }
    }
}
