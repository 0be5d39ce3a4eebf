//! What the API remembers of calls: every command and webhook, for 24 hours, or longer when one leg or session is asked for.

use serde_json::{Map, Value};

use crate::ids::{CallLegId, CallSessionId, ConnectionId};
use crate::macros::{open_enum, record};
use crate::private::{Party, Private};
use crate::time::ApiTime;

open_enum! {
    /// Which way a remembered event went.
    pub enum CallEventType { Command = "command", Webhook = "webhook" }
}

open_enum! {
    /// Which product an event belongs to.
    pub enum Product { CallControl = "call_control", Fax = "fax", Texml = "texml" }
}

record! {
    /// A command that was received or a webhook that was sent.
    pub struct CallEvent {
        call_leg_id: CallLegId,
        call_session_id: CallSessionId,
        event_timestamp: ApiTime,
        /// The body of the command or of the webhook.
        metadata: Private<Map<String, Value>>,
        /// The webhook's event type, or the command's name.
        name: String,
        record_type: String,
        r#type: CallEventType,
    }
}

/// Bounds on a moment. The API takes one of them per request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OccurredAt {
    /// Exactly then.
    At(jiff::Timestamp),
    /// Later than.
    After(jiff::Timestamp),
    /// Then or later.
    Since(jiff::Timestamp),
    /// Earlier than.
    Before(jiff::Timestamp),
    /// Then or earlier.
    Until(jiff::Timestamp),
}

/// Which call events a list gives. Without `leg_id` and `application_session_id`, only the last 24 hours can be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallEventFilter {
    /// Of one call leg.
    pub leg_id: Option<CallLegId>,
    /// Of one call session.
    pub application_session_id: Option<CallSessionId>,
    /// Of one application.
    pub connection_id: Option<ConnectionId>,
    /// Webhooks whose delivery failed, or did not.
    pub failed: Option<bool>,
    /// Called from.
    pub from: Option<Party>,
    /// Called to.
    pub to: Option<Party>,
    /// The event's name.
    pub name: Option<String>,
    /// When it happened.
    pub occurred_at: Option<OccurredAt>,
    /// The product.
    pub product: Option<Product>,
    /// Command or webhook.
    pub event_type: Option<CallEventType>,
}

impl CallEventFilter {
    /// The pairs of the query.
    #[must_use]
    pub fn query(&self) -> Vec<(&'static str, String)> {
        let mut query = Vec::new();
        query.extend(self.leg_id.as_ref().map(|v| ("filter[leg_id]", v.to_string())));
        query.extend(self.application_session_id.as_ref().map(|v| ("filter[application_session_id]", v.to_string())));
        query.extend(self.connection_id.as_ref().map(|v| ("filter[connection_id]", v.to_string())));
        query.extend(self.failed.map(|v| ("filter[failed]", v.to_string())));
        query.extend(self.from.as_ref().map(|v| ("filter[from]", v.expose().to_owned())));
        query.extend(self.to.as_ref().map(|v| ("filter[to]", v.expose().to_owned())));
        query.extend(self.name.clone().map(|v| ("filter[name]", v)));
        query.extend(self.occurred_at.as_ref().map(|v| match v {
            OccurredAt::At(t) => ("filter[occurred_at][eq]", t.to_string()),
            OccurredAt::After(t) => ("filter[occurred_at][gt]", t.to_string()),
            OccurredAt::Since(t) => ("filter[occurred_at][gte]", t.to_string()),
            OccurredAt::Before(t) => ("filter[occurred_at][lt]", t.to_string()),
            OccurredAt::Until(t) => ("filter[occurred_at][lte]", t.to_string()),
        }));
        query.extend(self.product.as_ref().map(|v| ("filter[product]", v.to_string())));
        query.extend(self.event_type.as_ref().map(|v| ("filter[type]", v.to_string())));
        query
    }
}
