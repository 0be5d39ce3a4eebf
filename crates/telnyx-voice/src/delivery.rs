//! What became of each webhook that was sent. A failed one can be read here and handled after all.

use serde_json::{Map, Value};

use crate::ids::{DeliveryId, EventId};
use crate::macros::{open_enum, record};
use crate::private::Private;
use crate::time::ApiTime;

open_enum! {
    /// Whether a webhook arrived.
    pub enum DeliveryStatus { Delivered = "delivered", Failed = "failed" }
}

record! {
    /// The request of one try.
    pub struct AttemptRequest {
        /// Pairs of name and value.
        headers: Vec<Vec<String>>,
        url: String,
    }
}

record! {
    /// The answer to one try.
    pub struct AttemptResponse {
        body: Private,
        /// Pairs of name and value.
        headers: Vec<Vec<String>>,
        status: i64,
    }
}

record! {
    /// The exchange of one try.
    pub struct AttemptHttp {
        request: AttemptRequest,
        response: AttemptResponse,
    }
}

record! {
    /// One try to deliver a webhook.
    pub struct DeliveryAttempt {
        /// Error codes of the delivery.
        errors: Vec<i64>,
        finished_at: ApiTime,
        http: AttemptHttp,
        started_at: ApiTime,
        status: DeliveryStatus,
    }
}

record! {
    /// The webhook as it was to be delivered.
    pub struct DeliveredWebhook {
        id: EventId,
        event_type: String,
        occurred_at: ApiTime,
        payload: Private<Map<String, Value>>,
        record_type: String,
    }
}

record! {
    /// One webhook and all tries to deliver it.
    pub struct WebhookDelivery {
        id: DeliveryId,
        attempts: Vec<DeliveryAttempt>,
        finished_at: ApiTime,
        record_type: String,
        started_at: ApiTime,
        status: DeliveryStatus,
        user_id: String,
        webhook: DeliveredWebhook,
    }
}

/// Which deliveries a list gives.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeliveryFilter {
    /// Delivered or failed.
    pub status: Option<DeliveryStatus>,
    /// One event type.
    pub event_type: Option<String>,
    /// Text within the webhook, for example a leg id.
    pub webhook_contains: Option<String>,
    /// Text within the tries.
    pub attempts_contains: Option<String>,
    /// Started then or later.
    pub started_since: Option<jiff::Timestamp>,
    /// Started then or earlier.
    pub started_until: Option<jiff::Timestamp>,
    /// Finished then or later.
    pub finished_since: Option<jiff::Timestamp>,
    /// Finished then or earlier.
    pub finished_until: Option<jiff::Timestamp>,
}

impl DeliveryFilter {
    /// The pairs of the query.
    #[must_use]
    pub fn query(&self) -> Vec<(&'static str, String)> {
        let mut query = Vec::new();
        query.extend(self.status.as_ref().map(|v| ("filter[status][eq]", v.to_string())));
        query.extend(self.event_type.clone().map(|v| ("filter[event_type]", v)));
        query.extend(self.webhook_contains.clone().map(|v| ("filter[webhook][contains]", v)));
        query.extend(self.attempts_contains.clone().map(|v| ("filter[attempts][contains]", v)));
        query.extend(self.started_since.map(|v| ("filter[started_at][gte]", v.to_string())));
        query.extend(self.started_until.map(|v| ("filter[started_at][lte]", v.to_string())));
        query.extend(self.finished_since.map(|v| ("filter[finished_at][gte]", v.to_string())));
        query.extend(self.finished_until.map(|v| ("filter[finished_at][lte]", v.to_string())));
        query
    }
}
