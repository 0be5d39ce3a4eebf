//! The task that takes spans to the collector, many at a time.
//!
//! A batch is sent once. While the collector is slow the queue fills, while it is away batches are lost; both are counted,
//! and nobody else notices.

use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SpanData, SpanExporter as _};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::{Settings, Traces};
use crate::fetch::public_roots;
use crate::telemetry::Metrics;

/// Spans that may wait: some 4 MB, and a second of the busiest minute.
const WAITING: usize = 8_192;
/// Most spans of one request.
const BATCH: usize = 512;
/// Longest that a span waits for others to go with.
const GATHER: Duration = Duration::from_secs(1);
/// For the collector to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Spans by what became of them. Cheap to clone; clones are the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Counts(Family<[(&'static str, &'static str); 1], Counter>);

impl Counts {
    fn register(&self, registry: &mut Registry) {
        let help = "Spans of traces, by what became of them: exported; lost because too many waited (queue_full), or because the \
                    collector did not take them (refused)";
        registry.register("trace_spans", help, self.0.clone());
    }

    fn add(&self, result: &'static str, spans: usize) {
        self.0.get_or_create(&[("result", result)]).inc_by(u64::try_from(spans).unwrap_or(u64::MAX));
    }

    pub(super) fn lost_in_queue(&self) {
        self.add("queue_full", 1);
    }

    #[cfg(test)]
    pub(super) fn of(&self, result: &'static str) -> u64 {
        self.0.get_or_create(&[("result", result)]).get()
    }
}

/// Why no traces can leave.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// TLS cannot be set up.
    #[error("cannot set up TLS for traces")]
    Tls(#[from] rustls::Error),
    /// The client cannot be made.
    #[error("cannot make a client for traces")]
    Client(#[from] reqwest::Error),
    /// What the environment says of the exporter cannot be followed.
    #[error("the environment's OTEL_EXPORTER_OTLP_… cannot be followed")]
    Settings(#[from] ExporterBuildError),
}

/// Takes spans to the collector until told to stop.
#[derive(Debug)]
pub struct Exporter {
    queue: mpsc::Receiver<SpanData>,
    to: SpanExporter,
    counts: Counts,
}

impl Traces {
    /// Traces that go where `settings` say. `instance` names this process among replicas.
    pub fn open(settings: Settings, instance: &str, metrics: &Metrics) -> Result<(Self, Exporter), TraceError> {
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(public_roots()?)
            .user_agent(concat!("telnyx-operator/", env!("CARGO_PKG_VERSION")))
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        let builder = SpanExporter::builder().with_http().with_http_client(client).with_endpoint(settings.endpoint);
        let mut to = builder.build()?;
        let service = settings.service.unwrap_or_else(|| "telnyx-operator".to_owned());
        let resource = Resource::builder().with_service_name(service).with_attributes([
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
            KeyValue::new("service.instance.id", instance.to_owned()),
        ]);
        to.set_resource(&resource.build());
        let counts = Counts::default();
        metrics.register(|registry| counts.register(registry));
        let (sender, queue) = mpsc::channel(WAITING);
        Ok((Self::new(sender, settings.share, counts.clone()), Exporter { queue, to, counts }))
    }
}

impl Exporter {
    /// Runs until `stop`, then takes along what is waiting already.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut failing = false;
        loop {
            let batch = self.gather(&stop).await;
            if batch.is_empty() {
                return;
            }
            let spans = batch.len();
            let answer = timeout(PATIENCE, self.to.export(batch)).await;
            let failure = match answer {
                Ok(Ok(())) => None,
                Ok(Err(error)) => Some(error.to_string()),
                Err(_) => Some("no answer in time".to_owned()),
            };
            self.counts.add(if failure.is_none() { "exported" } else { "refused" }, spans);
            if let Some(why) = &failure {
                tracing::debug!(why, spans, "spans were not exported");
            }
            match (failing, failure.is_some()) {
                (false, true) => tracing::warn!("the collector takes no spans: traces have a gap until it does"),
                (true, false) => tracing::info!("the collector takes spans again"),
                (false, false) | (true, true) => {}
            }
            failing = failure.is_some();
        }
    }

    /// The next spans to go together. Empty: there are none, and there will be none.
    async fn gather(&mut self, stop: &CancellationToken) -> Vec<SpanData> {
        let mut batch = Vec::new();
        let mut deadline = None;
        while batch.len() < BATCH {
            // The first is waited for as long as it takes.
            let until = deadline.unwrap_or_else(|| Instant::now() + Duration::from_hours(24));
            let next = tokio::select! {
                biased;
                next = self.queue.recv() => next,
                () = stop.cancelled() => self.queue.try_recv().ok(),
                () = sleep_until(until) => if deadline.is_some() { None } else { continue },
            };
            let Some(next) = next else { break };
            batch.push(next);
            deadline.get_or_insert_with(|| Instant::now() + GATHER);
        }
        batch
    }
}
