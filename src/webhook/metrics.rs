//! What is counted. Labels are closed sets: an event type that the API gained since is `other`, and nothing of a forged
//! delivery becomes a label.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::Answer;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    result: &'static str,
    event_type: &'static str,
}

/// Counters of one receiver.
#[derive(Clone, Debug)]
pub struct Metrics {
    deliveries: Family<Labels, Counter>,
    seconds: Histogram,
}

impl Metrics {
    /// Registers the counters.
    pub fn new(registry: &mut Registry) -> Self {
        let metrics = Self {
            deliveries: Family::default(),
            seconds: Histogram::new([0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0]),
        };
        registry.register("webhook_deliveries", "Webhook deliveries by result", metrics.deliveries.clone());
        registry.register(
            "webhook_answer_seconds",
            "Time from the head of a webhook request to its answer",
            metrics.seconds.clone(),
        );
        metrics
    }

    /// `event_type` is empty where the delivery was not read that far.
    pub(super) fn count(&self, answer: Answer, event_type: &'static str, took: Duration) {
        self.deliveries.get_or_create(&Labels { result: answer.label(), event_type }).inc();
        self.seconds.observe(took.as_secs_f64());
    }
}
