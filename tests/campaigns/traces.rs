//! Traces, as a collector gets them from the operator's own process: OTLP over HTTP, decoded here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use opentelemetry::trace::TraceId;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Told;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use serde_json::json;
use telnyx_operator::api::{DialJob, Queue};
use tokio::net::TcpListener;

use crate::stage::KEY;
use crate::world::{World, condition, plan};

/// What was taken, as it came.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<Bytes>>>);

async fn take(State(collector): State<Collector>, headers: HeaderMap, body: Bytes) -> StatusCode {
    assert_eq!(headers["content-type"], "application/x-protobuf");
    collector.0.lock().unwrap().push(body);
    StatusCode::OK
}

impl Collector {
    /// A collector, and its address.
    async fn start() -> (Self, String) {
        let collector = Self::default();
        let routes = Router::new().route("/v1/traces", post(take)).with_state(collector.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        // Ends with the test's runtime.
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        (collector, url)
    }

    fn requests(&self) -> Vec<ExportTraceServiceRequest> {
        let taken = self.0.lock().unwrap();
        taken.iter().map(|body| ExportTraceServiceRequest::decode(body.clone()).unwrap()).collect()
    }

    /// All spans by trace.
    fn traces(&self) -> BTreeMap<Vec<u8>, Vec<Span>> {
        let mut traces = BTreeMap::<_, Vec<Span>>::new();
        let resources = self.requests().into_iter().flat_map(|request| request.resource_spans);
        for span in resources.flat_map(|resource| resource.scope_spans).flat_map(|scope| scope.spans) {
            traces.entry(span.trace_id.clone()).or_default().push(span);
        }
        traces
    }

    /// A whole trace whose root is `root` and that has all these parts; what there is where there is none.
    fn trace(&self, root: &str, parts: &[&str]) -> Result<Vec<Span>, String> {
        let traces = self.traces();
        let is_whole = |spans: &&Vec<Span>| {
            let has = |name: &str| spans.iter().any(|span| span.name == name);
            spans.iter().any(|span| span.name == root && span.parent_span_id.is_empty())
                && parts.iter().all(|part| has(part))
        };
        let found = traces.values().find(is_whole).cloned();
        let names =
            || traces.values().map(|spans| spans.iter().map(|span| &span.name).collect::<Vec<_>>()).collect::<Vec<_>>();
        found.ok_or_else(|| format!("no {root} with {parts:?} in {:#?}", names()))
    }
}

fn attribute(attributes: &[KeyValue], key: &str) -> Told {
    let attribute = attributes.iter().find(|attribute| attribute.key == key);
    attribute
        .and_then(|attribute| attribute.value.clone()?.value)
        .unwrap_or_else(|| panic!("no {key}: {attributes:#?}"))
}

fn text(text: &str) -> Told {
    Told::StringValue(text.to_owned())
}

/// The root of a trace whose other spans are all parts of it and lie within its time.
fn root(spans: &[Span]) -> &Span {
    let roots: Vec<&Span> = spans.iter().filter(|span| span.parent_span_id.is_empty()).collect();
    assert_eq!(roots.len(), 1, "{spans:#?}");
    let ids: BTreeSet<&[u8]> = spans.iter().map(|span| span.span_id.as_slice()).collect();
    assert_eq!(ids.len(), spans.len(), "two spans with one id: {spans:#?}");
    for span in spans {
        assert!(span.start_time_unix_nano <= span.end_time_unix_nano, "{span:#?}");
        assert!(span.parent_span_id.is_empty() || span.parent_span_id == roots[0].span_id, "{span:#?}");
    }
    roots[0]
}

/// What the operator that runs tells at its admin port.
async fn metrics(world: &World) -> String {
    let log = world.log();
    let (_, told) = log.rsplit_once(r#""admin":""#).expect("the log says where the admin port is");
    let address = told.split('"').next().unwrap();
    world.http.get(format!("http://{address}/metrics")).send().await.unwrap().text().await.unwrap()
}

/// A job for one person, to its end.
async fn call(world: &World) {
    let targets = json!([{ "id": "row-of-ann", "to": "+15550000100", "variables": { "name": "Ann" } }]);
    world.create::<DialJob>("alone", json!({ "plan": plan(), "targets": targets })).await;
    world.until::<DialJob>("alone", "is complete", |job| condition(job, "Complete")["status"] == "True").await;
}

/// A world whose operator starts with this environment.
async fn world(environment: Vec<(&'static str, String)>) -> World {
    let mut world = World::with(|_| {}, vec!["--log-format=json".to_owned()]).await;
    world.terminate_operator().await;
    world.environment = environment;
    world.start_operator();
    world
}

#[tokio::test]
async fn a_collector_is_told_of_each_pass_and_attempt_with_the_requests_made_for_it() {
    let (collector, url) = Collector::start().await;
    let world = world(vec![("OTEL_EXPORTER_OTLP_ENDPOINT", url)]).await;
    world.create::<Queue>("support", json!({ "accountRef": { "name": "main" } })).await;
    world.ready::<Queue>("support").await;

    let status = "PATCH /apis/telnyx-operator.io/v1alpha1/namespaces/{namespace}/queues/{name}/status";
    let told = async || collector.trace("reconcile queue", &["POST /queues", status]);
    let pass = world.eventually("the pass that made the queue is told", told).await;
    let whole = root(&pass);
    let outcome = attribute(&whole.attributes, "telnyx_operator.outcome");
    assert_eq!((attribute(&whole.attributes, "telnyx_operator.object"), outcome), (text("support"), text("done")));
    let made = pass.iter().find(|span| span.name == "POST /queues").unwrap();
    assert_eq!(attribute(&made.attributes, "url.template"), text("/queues"));
    assert!(matches!(attribute(&made.attributes, "http.response.status_code"), Told::IntValue(200..=201)));
    assert!(whole.start_time_unix_nano <= made.start_time_unix_nano);
    assert!(made.end_time_unix_nano <= whole.end_time_unix_nano);
    let id = TraceId::from_bytes(whole.trace_id.clone().try_into().unwrap());
    let id = format!(r#""trace_id":"{id}""#);
    assert!(world.log().contains(&id), "no log line of the pass carries its trace's id");

    call(&world).await;
    let command = |name: &str| format!("POST /calls/{{call_control_id}}/actions/{name}");
    let (speak, hangup) = (command("speak"), command("hangup"));
    let parts = ["claim", "dial", "ring", "talk", "POST /calls", &speak, &hangup];
    let attempt = world.eventually("the attempt is told", async || collector.trace("attempt", &parts)).await;
    let whole = root(&attempt);
    assert_eq!(attribute(&whole.attributes, "telnyx_operator.outcome"), text("Completed"));
    assert_eq!(attribute(&whole.attributes, "telnyx.hangup_cause"), text("normal_clearing"));
    for phase in attempt.iter().filter(|span| parts[..4].contains(&span.name.as_str())) {
        assert!(whole.start_time_unix_nano <= phase.start_time_unix_nano, "{phase:#?}");
        assert!(phase.end_time_unix_nano <= whole.end_time_unix_nano, "{phase:#?}");
    }
    world.eventually("passes over the job are told", async || collector.trace("reconcile job", &[])).await;
    let attempts = collector.traces().into_values().flatten().filter(|span| span.name == "attempt").count();
    assert_eq!(attempts, 1, "one call, one trace");

    let metrics = metrics(&world).await;
    for histogram in ["reconcile_seconds", "queue_wait_seconds", "api_request_seconds", "dial_seconds"] {
        let series = format!("telnyx_operator_{histogram}_bucket");
        let mut buckets = metrics.lines().filter(|line| line.starts_with(&series));
        assert!(buckets.any(|line| line.contains(r#"# {trace_id=""#)), "{histogram} has no exemplar");
    }
    let resource = collector.requests()[0].resource_spans[0].resource.clone().unwrap();
    assert_eq!(attribute(&resource.attributes, "service.name"), text("telnyx-operator"));
    let told = collector.0.lock().unwrap().concat();
    let told = String::from_utf8_lossy(&told).into_owned();
    for private in ["1555000", "row-of-ann", "Ann", "parcel", KEY] {
        assert!(!told.contains(private), "a span holds {private:?}");
    }
    world.end().await;
}

#[tokio::test]
async fn a_collector_that_never_answers_holds_nobody_up_and_what_is_lost_is_counted() {
    // Connections are made, and nobody ever takes one.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let mut world = world(vec![("OTEL_EXPORTER_OTLP_ENDPOINT", url)]).await;
    call(&world).await;
    let lost = async || {
        let metrics = metrics(&world).await;
        let lost =
            metrics.lines().find(|line| line.starts_with(r#"telnyx_operator_trace_spans_total{result="refused"}"#));
        lost.map(drop).ok_or_else(|| "none is counted".to_owned())
    };
    world.eventually("lost spans are counted", lost).await;
    assert!(world.log().contains("the collector takes no spans"));
    // It ends in time, though the last spans find no ear.
    world.terminate_operator().await;
    world.start_operator();
    world.end().await;
}

#[tokio::test]
async fn without_a_collector_nothing_is_traced() {
    let world = world(vec![("OTEL_TRACES_SAMPLER", "always_on".to_owned())]).await;
    call(&world).await;
    let metrics = metrics(&world).await;
    assert!(metrics.contains("telnyx_operator_attempts_total{outcome=\"Completed\"} 1"), "{metrics}");
    assert!(!metrics.contains("trace_id") && !metrics.contains("trace_spans"), "{metrics}");
    assert!(!world.log().contains("trace_id"));
    world.end().await;
}
