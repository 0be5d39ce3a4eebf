//! Results reach the user's own program, whatever stops on the way.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use k8s_openapi::api::core::v1::Secret;
use kube::api::PostParams;
use serde_json::{Value, json};
use sha2::Sha256;
use telnyx_operator::api::{DialJob, OutboundCampaign};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::world::{World, people};

const KEY: &str = "a key of sixteen bytes or more";

/// A program that takes results, and keeps them.
struct Sink {
    address: SocketAddr,
    desk: Arc<Desk>,
    server: JoinHandle<()>,
}

#[derive(Default)]
struct Desk {
    /// Requests that came, whatever became of them.
    asked: AtomicUsize,
    closed: Mutex<bool>,
    taken: Mutex<Vec<(HeaderMap, Value)>>,
}

impl Sink {
    /// Answers 503 until it is opened.
    async fn closed() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let desk = Arc::new(Desk::default());
        *desk.closed.lock().unwrap() = true;
        let router = Router::new().route("/results", post(take)).with_state(Arc::clone(&desk));
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, desk, server }
    }

    fn open(&self) {
        *self.desk.closed.lock().unwrap() = false;
    }

    fn spec(&self) -> Value {
        json!({ "sink": {
            "url": format!("http://{}/results", self.address),
            "auth": "Hmac",
            "secretRef": { "name": "sink", "key": "signing" },
        } })
    }

    /// The operator may reach it though it is on this machine.
    fn argument(&self) -> String {
        format!("--results-allow-host={}", self.address)
    }

    fn events(&self) -> Vec<Value> {
        self.desk.taken.lock().unwrap().iter().map(|(_, event)| event.clone()).collect()
    }

    /// The targets that were told of.
    fn subjects(&self) -> BTreeSet<String> {
        self.events().iter().map(|event| event["subject"].as_str().unwrap().to_owned()).collect()
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Takes an event that is signed as Standard Webhooks says.
async fn take(State(desk): State<Arc<Desk>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    desk.asked.fetch_add(1, Ordering::Relaxed);
    if *desk.closed.lock().unwrap() {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut mac = Hmac::<Sha256>::new_from_slice(KEY.as_bytes()).unwrap();
    mac.update(format!("{}.{}.", text("webhook-id"), text("webhook-timestamp")).as_bytes());
    mac.update(&body);
    if text("webhook-signature") != format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())) {
        return StatusCode::UNAUTHORIZED;
    }
    desk.taken.lock().unwrap().push((headers, serde_json::from_slice(&body).unwrap()));
    StatusCode::NO_CONTENT
}

async fn world(sink: &Sink) -> World {
    let world = World::with(|_| {}, vec![sink.argument()]).await;
    let secret = json!({ "metadata": { "name": "sink" }, "stringData": { "signing": KEY } });
    let secret: Secret = serde_json::from_value(secret).unwrap();
    world.api::<Secret>().create(&PostParams::default(), &secret).await.unwrap();
    world
}

#[tokio::test]
async fn every_result_arrives_though_the_sink_is_down_for_a_while_and_the_operator_is_killed() {
    let sink = Sink::closed().await;
    let mut world = world(&sink).await;
    world.list(&people(300)).await;
    world
        .campaign("c", json!({ "pacing": { "dialsPerSecond": 60, "maxConcurrentCalls": 200 }, "results": sink.spec() }))
        .await;
    world
        .until::<OutboundCampaign>("c", "says that the sink refuses", |campaign| {
            let results = &campaign["status"]["results"];
            results["lastFailure"] == "HTTP 503" && results["failingSince"].is_string()
        })
        .await;
    world.kill_operator().await;
    world.start_operator();
    world
        .until::<OutboundCampaign>("c", "has reached some", |campaign| {
            campaign["status"]["counts"]["completed"].as_u64() > Some(50)
        })
        .await;
    sink.open();
    world
        .eventually("the sink has some results", async || {
            let some = sink.subjects().len();
            if some > 40 { Ok(()) } else { Err(some.to_string()) }
        })
        .await;
    world.kill_operator().await;
    world.start_operator();
    let campaign = world.complete("c").await;
    assert_eq!(campaign["status"]["results"]["waiting"], 0, "{:#}", campaign["status"]);
    assert_eq!(sink.subjects().len(), 300, "every target was told of");
    let ids: BTreeSet<String> = sink.events().iter().map(|event| event["id"].to_string()).collect();
    assert_eq!(ids.len(), 300, "an event that comes twice has the same id");
    let uid = campaign["metadata"]["uid"].as_str().unwrap();
    for event in sink.events() {
        assert_eq!(event["id"], format!("{uid}/{}/1", event["subject"].as_str().unwrap()));
        assert_eq!(
            (&event["specversion"], &event["type"]),
            (&json!("1.0"), &json!("io.telnyx-operator.target.finished.v1"))
        );
        // Whoever hung up while the operator was down may have heard all of it, which nobody can tell any more.
        let outcome = event["data"]["outcome"].as_str().unwrap();
        assert!(["Completed", "HumanHangup"].contains(&outcome), "{event}");
        assert_eq!(event["data"]["hangupCause"], "normal_clearing");
        assert!(!event.to_string().contains("+1555"), "a number was sent");
    }
    let headers = sink.desk.taken.lock().unwrap()[0].0.clone();
    assert!(headers["content-type"].to_str().unwrap().starts_with("application/cloudevents+json"));
    let cursors: BTreeSet<String> =
        world.all::<DialJob>().await.into_iter().map(|job| job.status.unwrap().delivered).collect();
    assert_eq!(cursors, BTreeSet::from(["0-249".to_owned(), "0-49".to_owned()]));
    world.rang_once_per_attempt(300, 1).await;
    world.end().await;
}

#[tokio::test]
async fn a_sink_that_takes_nothing_stops_new_calls_and_loses_no_result() {
    let sink = Sink::closed().await;
    let world = world(&sink).await;
    world.list(&people(1500)).await;
    world
        .campaign(
            "c",
            json!({ "pacing": { "dialsPerSecond": 400, "maxConcurrentCalls": 100 }, "results": sink.spec() }),
        )
        .await;
    let waiting = world.until::<OutboundCampaign>("c", "waits for its sink", |campaign| {
        let status = &campaign["status"];
        let (waiting, pending) = (status["results"]["waiting"].as_u64(), status["counts"]["pending"].as_u64());
        // A result waits from when it is stored.
        let all_wait = waiting.zip(pending).is_some_and(|(waiting, pending)| waiting + pending == 1500);
        status["phase"] == "WaitingForSink" && status["pacing"]["inFlight"] == 0 && all_wait
    });
    let status = waiting.await["status"].clone();
    let pending = status["counts"]["pending"].as_u64().unwrap();
    assert!(pending > 0 && pending <= 500, "{status:#}");
    sink.open();
    world.complete("c").await;
    assert_eq!(sink.subjects().len(), 1500);
    world.end().await;
}

#[tokio::test]
async fn a_sink_on_the_operators_own_machine_is_refused_unless_its_owner_allowed_it() {
    let sink = Sink::closed().await;
    sink.open();
    let world = World::new(|_| {}).await;
    world.list(&people(2)).await;
    let url = format!("http://localhost:{}/results", sink.address.port());
    world.campaign("c", json!({ "results": { "sink": { "url": url } } })).await;
    world
        .until::<OutboundCampaign>("c", "says that the address is refused", |campaign| {
            campaign["status"]["results"]["lastFailure"] == "AddressRefused"
        })
        .await;
    world.reason("c", "Complete", "Delivering").await;
    // Whoever wants the results no more says so.
    world.change::<OutboundCampaign>("c", json!({ "results": null })).await;
    world.complete("c").await;
    assert_eq!(sink.desk.asked.load(Ordering::Relaxed), 0);
    world.end().await;
}
