//! What can be counted. Labels are closed sets of words: never a name, an id or a text.

use super::lines;
use super::traces::{Place, here};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::exemplar::HistogramWithExemplars;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::exponential_buckets;
use prometheus_client::registry::Registry;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use telnyx_voice::Exchange;

/// Two words: what, and how it went.
type Labels = [(&'static str, &'static str); 2];
/// One word.
type Label = [(&'static str, &'static str); 1];
/// The trace that a value was measured in (`OpenMetrics`: exemplars), where it was traced.
pub(crate) type Exemplar = [(&'static str, String); 1];
type Seconds = HistogramWithExemplars<Exemplar>;
type Durations = Family<Label, Seconds, fn() -> Seconds>;

/// The operator's metrics. Every part adds its own to the same registry with [`Metrics::register`].
pub struct Metrics {
    registry: Mutex<Registry>,
    reconciles: Family<Labels, Counter>,
    reconcile_seconds: Durations,
    queue_wait: Durations,
    api_requests: Family<ApiLabels, Counter>,
    api_seconds: Family<RouteLabels, Seconds, fn() -> Seconds>,
    keys_refused: Counter,
    drifted_fields: Family<Label, Gauge>,
    objects: Family<Label, Gauge>,
    in_backoff: Family<Label, Gauge>,
    panics: Panics,
    events_dropped: Counter,
}

/// Method, route and status. Bounded: routes are templates out of the client's text, and statuses have three digits.
type ApiLabels = [(&'static str, String); 3];
/// Method and route.
type RouteLabels = [(&'static str, String); 2];

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let metrics = Self {
            registry: Mutex::new(Registry::with_prefix("telnyx_operator")),
            reconciles: Family::default(),
            reconcile_seconds: Family::new_with_constructor(seconds),
            queue_wait: Family::new_with_constructor(seconds),
            api_requests: Family::default(),
            api_seconds: Family::new_with_constructor(seconds),
            keys_refused: Counter::default(),
            drifted_fields: Family::default(),
            objects: Family::default(),
            in_backoff: Family::default(),
            panics: Panics::default(),
            events_dropped: Counter::default(),
        };
        metrics.register(|registry| {
            registry.register(
                "reconciles",
                "Passes over an object, by kind and how they ended",
                metrics.reconciles.clone(),
            );
            registry.register("reconcile_seconds", "How long a pass took", metrics.reconcile_seconds.clone());
            registry.register(
                "queue_wait_seconds",
                "How long an object waited for its pass, from what asked for it: an edit, news, another's wake-up; passes at a time \
                 that was set before wait for nobody and are not counted",
                metrics.queue_wait.clone(),
            );
            registry.register(
                "api_requests",
                "Requests to the Voice API, each try counted, by method, route and status of the answer",
                metrics.api_requests.clone(),
            );
            registry.register(
                "api_request_seconds",
                "How long the Voice API took to answer, from sending on",
                metrics.api_seconds.clone(),
            );
            // Of `api_requests` those with status 401, once more: without labels they stand at nought from the start, so that the
            // first of them is an increase.
            registry.register(
                "api_keys_refused",
                "Requests that the Voice API answered with 401: it refuses the key",
                metrics.keys_refused.clone(),
            );
            registry.register(
                "drifted_fields",
                "Fields that differ and are left so, at the last resync",
                metrics.drifted_fields.clone(),
            );
            registry.register("objects", "Objects of a kind that are known", metrics.objects.clone());
            registry.register(
                "objects_in_backoff",
                "Objects that wait for their next try, at the last resync",
                metrics.in_backoff.clone(),
            );
            registry.register("panics", "Work that a panic ended, a fault of this program, by what it was about", metrics.panics.0.clone());
            registry.register(
                "events_dropped",
                "Kubernetes events that were not published",
                metrics.events_dropped.clone(),
            );
            registry.register(
                "log_lines_lost",
                "Log lines that could not be written to standard error since the process began",
                lines::lost(),
            );
        });
        metrics
    }
}

/// 1 ms to about a minute.
fn seconds() -> Seconds {
    HistogramWithExemplars::new(exponential_buckets(0.001, 2.0, 17))
}

/// The trace of the present work.
fn exemplar() -> Option<Exemplar> {
    here().map(Place::exemplar)
}

/// Panics that were caught, by what they were about. Cheap to clone; clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Panics(pub(crate) Family<Label, Counter>);

impl Panics {
    /// Shows a nought until there is one.
    pub(crate) fn expect(&self, kind: &'static str) {
        drop(self.0.get_or_create(&[("kind", kind)]));
    }

    /// Another one, about something of `kind`.
    pub fn caught(&self, kind: &'static str) {
        self.0.get_or_create(&[("kind", kind)]).inc();
    }
}

impl Metrics {
    /// Adds metrics of another part. They get the same prefix.
    pub fn register<T>(&self, add: impl FnOnce(&mut Registry) -> T) -> T {
        add(&mut self.registry.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// All of them in the `OpenMetrics` text format.
    pub fn encode(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry.lock().unwrap_or_else(PoisonError::into_inner))?;
        Ok(text)
    }

    /// Passes over objects of `kind` will be told. What is rare and worth an alert begins at nought: a counter that appears
    /// with its first count has not increased, as Prometheus sees it.
    pub fn expect(&self, kind: &'static str) {
        for outcome in ["done", "terminal", "undecodable"] {
            drop(self.reconciles.get_or_create(&[("kind", kind), ("outcome", outcome)]));
        }
        self.panics.expect(kind);
    }

    /// An object of `kind` waited so long for its pass.
    pub fn waited(&self, kind: &'static str, waited: Duration) {
        self.queue_wait.get_or_create(&[("kind", kind)]).observe(waited.as_secs_f64(), exemplar(), None);
    }

    /// A pass over an object of `kind` ended as `outcome` says.
    pub fn reconciled(&self, kind: &'static str, outcome: &'static str, took: Duration) {
        self.reconciles.get_or_create(&[("kind", kind), ("outcome", outcome)]).inc();
        self.reconcile_seconds.get_or_create(&[("kind", kind)]).observe(took.as_secs_f64(), exemplar(), None);
    }

    /// What an API client tells of each try. The status is `none` where no answer came.
    pub fn exchanged(&self, exchange: &Exchange<'_>) {
        if exchange.status == Some(401) {
            self.keys_refused.inc();
        }
        let status = exchange.status.map_or_else(|| "none".to_owned(), |status| status.to_string());
        let (method, route) = (("method", exchange.method.to_owned()), ("route", exchange.route.to_owned()));
        self.api_requests.get_or_create(&[method.clone(), route.clone(), ("status", status)]).inc();
        self.api_seconds.get_or_create(&[method, route]).observe(exchange.took.as_secs_f64(), exemplar(), None);
    }

    /// So many fields of all objects of `kind` differ and are left so.
    pub fn drifted(&self, kind: &'static str, fields: usize) {
        self.drifted_fields.get_or_create(&[("kind", kind)]).set(i64::try_from(fields).unwrap_or(i64::MAX));
    }

    /// So many objects of `kind` are known.
    pub fn known(&self, kind: &'static str, objects: usize) {
        self.objects.get_or_create(&[("kind", kind)]).set(i64::try_from(objects).unwrap_or(i64::MAX));
    }

    /// So many objects of `kind` wait for their next try.
    pub fn backing_off(&self, kind: &'static str, objects: usize) {
        self.in_backoff.get_or_create(&[("kind", kind)]).set(i64::try_from(objects).unwrap_or(i64::MAX));
    }

    /// Counts panics.
    #[must_use]
    pub fn panics(&self) -> &Panics {
        &self.panics
    }

    /// An event was not published.
    pub fn event_dropped(&self) {
        self.events_dropped.inc();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_alert_waits_for_begins_at_nought() {
        let metrics = Metrics::default();
        metrics.expect("queue");
        let text = metrics.encode().unwrap();
        for line in [
            r#"telnyx_operator_reconciles_total{kind="queue",outcome="terminal"} 0"#,
            r#"telnyx_operator_reconciles_total{kind="queue",outcome="undecodable"} 0"#,
            r#"telnyx_operator_panics_total{kind="queue"} 0"#,
            "telnyx_operator_api_keys_refused_total 0",
        ] {
            assert!(text.contains(line), "{line} is missing in\n{text}");
        }
    }

    #[test]
    fn the_text_names_what_happened() {
        let metrics = Metrics::default();
        metrics.reconciled("Queue", "done", Duration::from_millis(3));
        let answered =
            Exchange { method: "GET", route: "/queues/{id}", status: Some(404), took: Duration::from_millis(50) };
        metrics.exchanged(&answered);
        metrics.exchanged(&Exchange { status: Some(401), ..answered });
        metrics.exchanged(&Exchange { status: None, took: Duration::from_secs(10), ..answered });
        let text = metrics.encode().unwrap();
        for line in [
            r#"telnyx_operator_reconciles_total{kind="Queue",outcome="done"} 1"#,
            r#"telnyx_operator_api_requests_total{method="GET",route="/queues/{id}",status="404"} 1"#,
            r#"telnyx_operator_api_requests_total{method="GET",route="/queues/{id}",status="none"} 1"#,
            "telnyx_operator_api_keys_refused_total 1",
            r#"telnyx_operator_api_request_seconds_count{method="GET",route="/queues/{id}"} 3"#,
        ] {
            assert!(text.contains(line), "{line} is missing in\n{text}");
        }
    }
}
