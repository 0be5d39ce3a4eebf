//! Phone numbers are personal data, and keys are worth money: neither is in a log line, condition, event, metric or trace, nor in
//! what the admin port tells. (Panics: `src/telemetry/panics.rs`.)

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::api::events::v1::Event;
use kube::api::PostParams;
use serde_json::{Value, json};
use telnyx_operator::api::{CallControlApplication, CallFlow, DialJob, OutboundCampaign, TelnyxAccount};
use tokio::net::TcpListener;

use crate::stage::KEY;
use crate::world::{World, people};

/// What the sink wants to see, word for word, in each request.
const TOKEN: &str = "TOKENofTHEsinkTOKENofTHEsink";
/// What the flow's requests are signed with.
const SIGNING: &str = "SIGNINGofTHEflowSIGNINGofTHEflow";
/// What the simulator says where a fault asks for a word that no document knows.
const UNKNOWN: &str = "simulated_unknown_value";

/// The user's own program: sink of results, adviser of flows, collector of traces. Each fails now and then.
#[derive(Clone, Default)]
struct Program {
    asked: Arc<AtomicUsize>,
    /// What proved that it came from the operator.
    proofs: Arc<Mutex<Vec<String>>>,
    traces: Arc<Mutex<Vec<u8>>>,
}

#[expect(clippy::unused_async, reason = "axum calls nothing else")]
impl Program {
    async fn start() -> (Self, String) {
        let program = Self::default();
        let routes = Router::new()
            .route("/results", post(Self::take))
            .route("/lookup", post(Self::look_up))
            .route("/v1/traces", post(Self::collect))
            .with_state(program.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        // Ends with the test's runtime.
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        (program, address)
    }

    fn proven(&self, headers: &HeaderMap, header: &str) {
        let proof = headers.get(header).and_then(|value| value.to_str().ok()).unwrap_or_default();
        self.proofs.lock().unwrap().push(proof.to_owned());
    }

    async fn take(State(program): State<Self>, headers: HeaderMap) -> StatusCode {
        program.proven(&headers, "authorization");
        match program.asked.fetch_add(1, Ordering::Relaxed) % 7 {
            0 => StatusCode::SERVICE_UNAVAILABLE,
            3 => StatusCode::UNAUTHORIZED,
            _ => StatusCode::NO_CONTENT,
        }
    }

    async fn look_up(State(program): State<Self>, headers: HeaderMap) -> (StatusCode, axum::Json<Value>) {
        program.proven(&headers, "webhook-signature");
        let fails = program.asked.fetch_add(1, Ordering::Relaxed).is_multiple_of(5);
        let status = if fails { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::OK };
        (status, axum::Json(json!({ "customer": { "tier": "gold" } })))
    }

    async fn collect(State(program): State<Self>, body: Bytes) {
        program.traces.lock().unwrap().extend_from_slice(&body);
    }
}

/// A world that hands keys to `program`, at this address, in every way that there is.
async fn world(address: &str) -> World {
    let opened = ["results", "flow-webhook"].map(|what| format!("--{what}-allow-host={address}"));
    let world = World::with(|_| {}, opened.to_vec()).await;
    let secret = json!({ "metadata": { "name": "keys" }, "stringData": { "token": TOKEN, "signing": SIGNING } });
    let secret: Secret = serde_json::from_value(secret).unwrap();
    world.api::<Secret>().create(&PostParams::default(), &secret).await.unwrap();
    let flow = json!({
        "direction": "Outbound",
        "webhooks": { "allowedHosts": [address], "signingSecretRef": { "name": "keys", "key": "signing" } },
        "variables": { "tier": { "maxLength": 16 } },
        "steps": [
            { "name": "who", "callWebhook": { "url": format!("http://{address}/lookup"), "body": {} },
              "save": { "tier": "customer.tier" }, "onError": "greet" },
            { "name": "greet", "speak": { "payload": "Good day.", "voice": "female" } },
        ],
    });
    world.create::<CallFlow>("ask", flow).await;
    world.ready::<CallFlow>("ask").await;
    world
}

/// All that the operator has told of itself, wherever it tells something.
async fn said(world: &World) -> String {
    let mut said = world.log();
    assert!(said.contains("telnyx_operator::dialing"), "the log is the operator's");
    for campaign in world.all::<OutboundCampaign>().await {
        said += &serde_json::to_string(&campaign.status).unwrap();
    }
    for job in world.all::<DialJob>().await {
        said += &serde_json::to_string(&job.status).unwrap();
    }
    for account in world.all::<TelnyxAccount>().await {
        said += &serde_json::to_string(&account.status).unwrap();
    }
    for application in world.all::<CallControlApplication>().await {
        said += &serde_json::to_string(&application.status).unwrap();
    }
    for flow in world.all::<CallFlow>().await {
        said += &serde_json::to_string(&flow.status).unwrap();
    }
    for event in world.all::<Event>().await {
        said += &serde_json::to_string(&event.note).unwrap();
    }
    for path in ["metrics", "debug/state"] {
        let told = told(world, 1, path).await;
        assert!(told.contains("dialers") || told.contains("campaign_targets"), "{told}");
        said += &told;
    }
    said
}

/// What the admin port of the operator tells in this life of its, from 0.
async fn told(world: &World, life: usize, path: &str) -> String {
    let address = async || {
        let log = world.log();
        let lives: Vec<&str> = log.split("admin=").skip(1).collect();
        let address = lives.get(life).and_then(|line| line.split_whitespace().next()).map(str::to_owned);
        address.ok_or_else(|| format!("{} lives", lives.len()))
    };
    let admin = world.eventually("the operator that runs has said where its admin port is", address).await;
    world.http.get(format!("http://{admin}/{path}")).send().await.unwrap().text().await.unwrap()
}

/// The values of the labels of all series. An exemplar is none of them.
fn labels(metrics: &str) -> BTreeSet<&str> {
    let series = metrics.lines().filter_map(|line| line.split(" # ").next());
    let braces = series.filter_map(|line| line.split_once('{')?.1.rsplit_once('}'));
    let labels = braces.flat_map(|(labels, _)| labels.split("\","));
    labels.filter_map(|label| label.split_once("=\"")).map(|(_, value)| value.trim_end_matches('"')).collect()
}

/// The number of series does not grow with objects, campaigns or calls.
async fn labels_are_closed_sets_of_words(world: &World) {
    let metrics = told(world, 0, "metrics").await;
    let values = labels(&metrics);
    assert!(values.contains("call.hangup") && values.contains("/calls"), "{values:?}");
    // What users name, what Telnyx numbers, and words of Telnyx that no document knows.
    let uids = world.all::<OutboundCampaign>().await.into_iter().filter_map(|campaign| campaign.metadata.uid);
    let calls = world.sim("/calls").await;
    let calls = calls.as_array().unwrap().iter().map(|call| call["callControlId"].as_str().unwrap().to_owned());
    let named = ["c", "f", "ask", "main", "t1", UNKNOWN].map(str::to_owned).into_iter();
    for name in named.chain([world.namespace.clone()]).chain(uids).chain(calls) {
        assert!(!values.contains(name.as_str()), "the series grow with each {name}");
    }
}

#[tokio::test]
async fn nothing_that_the_operator_tells_of_itself_holds_a_phone_number_or_a_key() {
    let (program, address) = Program::start().await;
    let mut world = world(&address).await;
    // From its second life on it tells traces, too.
    world.environment.push(("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{address}")));
    world.fault(json!({ "scope": { "route": "POST /calls" }, "probability": 0.2, "effect": "dropResponse" })).await;
    world.fault(json!({ "scope": { "route": "POST /calls" }, "probability": 0.2, "effect": { "refuse": { "status": 429, "code": "90103" } } })).await;
    world.fault(json!({ "probability": 0.1, "effect": "unknownEnum" })).await;
    let list = people(40) + "bad,15550000041\nworse,+1555000004x\n";
    world.list(&list).await;
    let sink = json!({
        "url": format!("http://{address}/results"), "auth": "Bearer", "secretRef": { "name": "keys", "key": "token" },
    });
    world.campaign("c", json!({ "results": { "sink": sink } })).await;
    world.campaign("f", json!({ "announcement": null, "callFlowRef": { "name": "ask" } })).await;
    world.reason("c", "Dialing", "Dialing").await;
    tokio::time::sleep(std::time::Duration::from_secs(7)).await;
    labels_are_closed_sets_of_words(&world).await;
    world.kill_operator().await;
    world.start_operator();
    world.complete("c").await;
    world.complete("f").await;
    let traced = async || {
        let traces = program.traces.lock().unwrap();
        if traces.is_empty() { Err("none yet".to_owned()) } else { Ok(String::from_utf8_lossy(&traces).into_owned()) }
    };
    let said = said(&world).await + &world.eventually("there are traces", traced).await;
    let proofs = program.proofs.lock().unwrap().clone();
    assert!(proofs.contains(&format!("Bearer {TOKEN}")), "the sink was shown its token");
    assert!(proofs.iter().any(|proof| proof.starts_with("v1,")), "the flow's requests were signed");
    let leaks: Vec<&str> = said.lines().filter(|line| line.contains("1555000")).collect();
    assert!(leaks.is_empty(), "{} lines with a number, the first: {}", leaks.len(), leaks[0]);
    for key in [KEY, TOKEN, SIGNING] {
        // As it is, and as a Secret shows it.
        for key in [key.to_owned(), STANDARD.encode(key)] {
            let leaks: Vec<&str> = said.lines().filter(|line| line.contains(&key)).collect();
            assert!(leaks.is_empty(), "{} lines with {key}, the first: {}", leaks.len(), leaks[0]);
        }
    }
    world.end().await;
}
