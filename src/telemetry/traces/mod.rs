//! Traces: what a pass over an object, or an attempt to reach somebody, did and when, as spans for an OpenTelemetry
//! collector.
//!
//! Promises that nobody waits for a collector: spans go into a bounded queue, and what finds no room there, or no ear, is
//! counted and lost. Off unless the environment names a collector; then nothing here costs more than a look. Attributes are
//! closed words, routes, statuses and names of Kubernetes objects: no number, no name of a person, no key, no text.
//!
//! Spans are told when they have ended, with the times at which they began and ended. So nothing has to be held for an
//! attempt, which outlives tasks and processes: its ids follow from its key, and whoever does a part of it tells its span.

mod export;
mod kubernetes;
mod settings;

pub use export::{Exporter, TraceError};
pub use settings::{Settings, SettingsError, Share};

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use opentelemetry::trace::{SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};
use sha2::{Digest as _, Sha256};
use telnyx_voice::Exchange;
use tokio::sync::mpsc;
use tracing::Instrument as _;

use export::Counts;

use crate::telemetry::Exemplar;

/// A span, as others are placed below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    trace: TraceId,
    span: SpanId,
}

tokio::task_local! {
    /// What the present work belongs to.
    static HERE: Option<Place>;
}

/// What the present work belongs to. `None`: it is not traced.
#[must_use]
pub fn here() -> Option<Place> {
    HERE.try_with(|place| *place).ok().flatten()
}

impl Place {
    /// A new span below this one.
    #[must_use]
    pub fn below(self) -> Self {
        Self { span: SpanId::from_bytes(rand::random()), ..self }
    }

    /// The trace's id as the W3C writes it: 32 hexadecimal digits.
    #[must_use]
    pub fn trace_id(self) -> String {
        self.trace.to_string()
    }

    /// Leads from a measured value to what it was measured in.
    pub(crate) fn exemplar(self) -> Exemplar {
        [("trace_id", self.trace_id())]
    }
}

/// Does `work` as a part of what is at `place`: requests are told as its children, and log lines carry its ids.
pub fn within<F: Future>(place: Option<Place>, work: F) -> impl Future<Output = F::Output> {
    // At the level of errors, so that no filter that lets a line pass takes the ids from it.
    let span = place.map_or_else(
        tracing::Span::none,
        |place| tracing::error_span!("traced", trace_id = %place.trace, span_id = %place.span),
    );
    HERE.scope(place, work.instrument(span))
}

/// A span that has ended.
#[derive(Clone, Debug)]
pub struct Span {
    /// Its own place.
    pub place: Place,
    /// What it is a part of. `None`: it is the whole.
    pub parent: Option<Place>,
    /// What was done, out of a closed set.
    pub name: Cow<'static, str>,
    /// Whether somebody else was asked.
    pub kind: SpanKind,
    /// When it began.
    pub from: SystemTime,
    /// When it ended; not before it began.
    pub to: SystemTime,
    /// Facts.
    pub attributes: Vec<KeyValue>,
    /// It did not end well.
    pub failed: bool,
}

impl Span {
    fn data(self, scope: InstrumentationScope) -> SpanData {
        SpanData {
            span_context: SpanContext::new(
                self.place.trace,
                self.place.span,
                TraceFlags::SAMPLED,
                false,
                TraceState::default(),
            ),
            parent_span_id: self.parent.map_or(SpanId::INVALID, |parent| parent.span),
            parent_span_is_remote: false,
            span_kind: self.kind,
            name: self.name,
            start_time: self.from,
            end_time: self.to.max(self.from),
            attributes: self.attributes,
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: if self.failed { Status::error("") } else { Status::Unset },
            instrumentation_scope: scope,
        }
    }
}

/// The way to the collector. Cheap to clone; clones are the same. Off by default.
#[derive(Clone, Default)]
pub struct Traces(Option<Arc<Inner>>);

struct Inner {
    queue: mpsc::Sender<SpanData>,
    share: Share,
    counts: Counts,
    scope: InstrumentationScope,
}

impl fmt::Debug for Traces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Traces").field("on", &self.0.is_some()).finish()
    }
}

impl Traces {
    fn new(queue: mpsc::Sender<SpanData>, share: Share, counts: Counts) -> Self {
        let scope = InstrumentationScope::builder("telnyx-operator").with_version(env!("CARGO_PKG_VERSION")).build();
        Self(Some(Arc::new(Inner { queue, share, counts, scope })))
    }

    /// A new trace. `None`: traces are off, or this one is not among the share that is told.
    #[must_use]
    pub fn begin(&self) -> Option<Place> {
        let inner = self.0.as_ref()?;
        inner.admit(TraceId::from_bytes(rand::random()), SpanId::from_bytes(rand::random()))
    }

    /// The trace whose ids follow from `key`, whoever asks and however often; nobody makes a key while traces are off. `None` as for
    /// [`begin`](Self::begin).
    #[must_use]
    pub fn following<K: AsRef<[u8]>>(&self, key: impl FnOnce() -> K) -> Option<Place> {
        let inner = self.0.as_ref()?;
        let digest = Sha256::new().chain_update("trace/").chain_update(key()).finalize();
        let (trace, rest) = digest.split_first_chunk()?;
        inner.admit(TraceId::from_bytes(*trace), SpanId::from_bytes(*rest.first_chunk()?))
    }

    /// Tells of a span. Never waits.
    pub fn tell(&self, span: Span) {
        let Some(inner) = &self.0 else { return };
        if inner.queue.try_send(span.data(inner.scope.clone())).is_err() {
            inner.counts.lost_in_queue();
        }
    }

    /// One pass over an object, as a trace of its own. `work` gives the word of its outcome.
    pub fn pass<T>(
        &self,
        kind: &'static str,
        namespace: &str,
        name: &str,
        work: impl Future<Output = (&'static str, T)>,
    ) -> impl Future<Output = T> {
        let place = self.begin();
        let whose = place.map(|place| (place, namespace.to_owned(), name.to_owned()));
        async move {
            let from = SystemTime::now();
            let (outcome, result) = within(place, work).await;
            if let Some((place, namespace, name)) = whose {
                self.tell(Span {
                    place,
                    parent: None,
                    name: Cow::Owned(format!("reconcile {kind}")),
                    kind: SpanKind::Internal,
                    from,
                    to: SystemTime::now(),
                    attributes: vec![
                        KeyValue::new("telnyx_operator.kind", kind),
                        KeyValue::new("k8s.namespace.name", namespace),
                        KeyValue::new("telnyx_operator.object", name),
                        KeyValue::new("telnyx_operator.outcome", outcome),
                    ],
                    failed: matches!(outcome, "retry" | "terminal" | "panic"),
                });
            }
            result
        }
    }

    /// What an API client tells of each try: a child of the work that it was done for.
    pub fn exchanged(&self, exchange: &Exchange<'_>) {
        let (Some(_), Some(parent)) = (&self.0, here()) else { return };
        let to = SystemTime::now();
        let from = to.checked_sub(exchange.took).unwrap_or(to);
        self.requested(parent, (exchange.method, exchange.route), exchange.status, (from, to));
    }

    /// A request was made for what is at `parent`. No status: there was no answer.
    fn requested(
        &self,
        parent: Place,
        (method, route): (&str, &str),
        status: Option<u16>,
        (from, to): (SystemTime, SystemTime),
    ) {
        let mut attributes = vec![
            KeyValue::new("http.request.method", method.to_owned()),
            KeyValue::new("url.template", route.to_owned()),
        ];
        if let Some(status) = status {
            attributes.push(KeyValue::new("http.response.status_code", i64::from(status)));
        }
        self.tell(Span {
            place: parent.below(),
            parent: Some(parent),
            name: Cow::Owned(format!("{method} {route}")),
            kind: SpanKind::Client,
            from,
            to,
            attributes,
            failed: status.is_none_or(|status| status >= 400),
        });
    }
}

impl Inner {
    fn admit(&self, trace: TraceId, span: SpanId) -> Option<Place> {
        let is_valid = trace != TraceId::INVALID && span != SpanId::INVALID;
        (is_valid && self.share.admits(trace)).then_some(Place { trace, span })
    }
}

/// The system's clock at a moment of ours, and a little later where `from` is later: spans do not end before they begin.
pub(crate) fn from_to(from: jiff::Timestamp, to: jiff::Timestamp) -> (SystemTime, SystemTime) {
    (SystemTime::from(from), SystemTime::from(to.max(from)))
}

/// Longest that the end of the process waits for the last spans to be taken.
pub const FLUSHING: Duration = Duration::from_secs(3);

#[cfg(test)]
mod tests {
    use super::*;

    fn traces(room: usize, share: &str) -> (Traces, mpsc::Receiver<SpanData>, Counts) {
        let (queue, told) = mpsc::channel(room);
        let counts = Counts::default();
        (Traces::new(queue, Share::parse(share).unwrap(), counts.clone()), told, counts)
    }

    fn span(place: Place) -> Span {
        let now = SystemTime::UNIX_EPOCH;
        Span {
            place,
            parent: None,
            name: "x".into(),
            kind: SpanKind::Internal,
            from: now,
            to: now,
            attributes: vec![],
            failed: false,
        }
    }

    #[test]
    fn what_follows_from_a_key_is_the_same_for_everybody() {
        let (traces, ..) = traces(1, "1");
        assert_eq!(traces.following(|| b"a"), traces.following(|| b"a"));
        assert_ne!(traces.following(|| b"a"), traces.following(|| b"b"));
        assert_ne!(traces.begin(), traces.begin());
    }

    #[test]
    fn nothing_is_traced_while_traces_are_off() {
        let off = Traces::default();
        assert_eq!((off.begin(), off.following(|| -> [u8; 1] { unreachable!("nobody makes a key") })), (None, None));
    }

    #[test]
    fn a_share_of_the_traces_is_told_and_the_same_whoever_asks() {
        let (half, ..) = traces(1, "0.5");
        let keys = || (0_u32..2_000).map(u32::to_be_bytes);
        let told: Vec<bool> = keys().map(|key| half.following(|| key).is_some()).collect();
        let again: Vec<bool> = keys().map(|key| half.following(|| key).is_some()).collect();
        let share = told.iter().filter(|told| **told).count();
        assert!((900..1_100).contains(&share), "{share}");
        assert_eq!(told, again);
        let (none, ..) = traces(1, "0");
        assert!(keys().all(|key| none.following(|| key).is_none()));
    }

    #[test]
    fn what_finds_no_room_is_counted_and_nobody_waits() {
        let (traces, mut told, counts) = traces(2, "1");
        let place = traces.begin().unwrap();
        (0..5).for_each(|_| traces.tell(span(place)));
        assert_eq!(counts.of("queue_full"), 3);
        assert!(told.try_recv().is_ok() && told.try_recv().is_ok() && told.try_recv().is_err());
    }

    #[tokio::test]
    async fn requests_of_a_pass_are_its_children_and_others_are_not_told() {
        let (traces, mut told, _) = traces(8, "1");
        let exchange =
            Exchange { method: "GET", route: "/queues/{id}", status: Some(404), took: Duration::from_millis(20) };
        traces.exchanged(&exchange);
        traces
            .pass("queue", "voice", "support", async {
                traces.exchanged(&exchange);
                ("done", ())
            })
            .await;
        let (request, pass) = (told.try_recv().unwrap(), told.try_recv().unwrap());
        assert!(told.try_recv().is_err());
        assert_eq!((request.name.as_ref(), pass.name.as_ref()), ("GET /queues/{id}", "reconcile queue"));
        assert_eq!(request.span_context.trace_id(), pass.span_context.trace_id());
        assert_eq!((request.parent_span_id, pass.parent_span_id), (pass.span_context.span_id(), SpanId::INVALID));
        assert_eq!(request.end_time.duration_since(request.start_time).unwrap(), exchange.took);
        assert_eq!((request.status, pass.status), (Status::error(""), Status::Unset));
    }
}
