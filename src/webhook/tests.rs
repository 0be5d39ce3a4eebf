//! What is believed, what is acknowledged, and what a stranger gets.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use jiff::{SignedDuration, Timestamp};
use prometheus_client::registry::Registry;
use telnyx_voice::webhook::{SIGNATURE_HEADER, SigningKey, TIMESTAMP_HEADER, public_key, sign};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::telemetry::hearing::Log;

pub(super) const PATH: &str = "/webhooks/sales/main/0b6b4d2e-0000-4000-8000-00000000cafe";
/// `1|owner|target|1|0|r`
pub(super) const OURS: &str = "MXxvd25lcnx0YXJnZXR8MXwwfHI=";

pub(super) struct Bed {
    pub(super) key: SigningKey,
    pub(super) routes: Routes,
    pub(super) receiver: Arc<Receiver>,
    pub(super) registry: Registry,
}

impl Bed {
    pub(super) fn new() -> Self {
        let mut registry = Registry::default();
        let (key, routes) = (SigningKey::from_bytes(&[7; 32]), Routes::default());
        let receiver = Arc::new(Receiver::new(routes.clone(), Metrics::new(&mut registry)));
        Self { key, routes, receiver, registry }
    }

    pub(super) fn open(&self) -> mpsc::Receiver<Delivery> {
        let (inbox, deliveries) = mpsc::channel(INBOX);
        self.routes.open("sales", "main", public_key(&self.key), inbox);
        deliveries
    }

    fn signed(&self, body: &str, at: Timestamp) -> Request<Full<Bytes>> {
        let headers = sign(&self.key, body.as_bytes(), at);
        Request::post(PATH)
            .header(SIGNATURE_HEADER, headers.signature)
            .header(TIMESTAMP_HEADER, headers.timestamp)
            .body(Full::from(body.to_owned()))
            .unwrap()
    }

    pub(super) async fn post(&self, body: &str) -> Answer {
        self.receiver.receive(self.signed(body, Timestamp::now())).await
    }

    pub(super) fn exposition(&self) -> String {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry).unwrap();
        text
    }
}

pub(super) fn event(id: &str, client_state: &str) -> String {
    format!(
        r#"{{"data":{{"id":"{id}","event_type":"call.answered","occurred_at":"2026-03-01T12:00:00Z","payload":{{
            "call_control_id":"v3:c","call_leg_id":"l","client_state":"{client_state}","to":"+15550100"}}}}}}"#
    )
}

/// Gives every delivery this verdict.
pub(super) fn actor(mut inbox: mpsc::Receiver<Delivery>, verdict: Verdict) {
    tokio::spawn(async move {
        while let Some(delivery) = inbox.recv().await {
            delivery.verdict.send(verdict).unwrap();
        }
    });
}

#[tokio::test]
async fn an_event_is_acknowledged_as_the_actor_says() {
    for (verdict, answer) in [
        (Verdict::Durable, Answer::Acknowledged),
        (Verdict::NotNeeded, Answer::NotNeeded),
        (Verdict::Again, Answer::NotNow),
    ] {
        let bed = Bed::new();
        actor(bed.open(), verdict);
        assert_eq!(bed.post(&event("e", OURS)).await, answer);
    }
}

/// What a flow carries that has the call of an attempt.
fn flow_state() -> String {
    let spec = serde_json::from_str(r#"{"steps":[{"name":"bye","hangup":{}}]}"#).unwrap();
    let flow = call_flow::compile(&spec, call_flow::FlowKey::new("uid", 1)).unwrap();
    let start = call_flow::CallStart {
        leg: call_flow::Leg { call_control_id: "v3:c".into(), call_leg_id: "l".into(), connection_id: None },
        direction: call_flow::position::CallDirection::Outbound,
        answered: true,
        detection: call_flow::Detection::Disabled,
        attempt: 1,
        origin: "1|owner|target|1|0|f0huu".to_owned(),
        caller: None,
    };
    flow.first_position(&start, Timestamp::now()).unwrap().encode().unwrap().as_str().to_owned()
}

#[tokio::test]
async fn an_event_of_a_call_that_a_flow_has_reaches_the_flow_and_then_the_dialer() {
    let bed = Bed::new();
    let mut attempts = bed.open();
    let (inbox, mut flows) = mpsc::channel(INBOX);
    let under_way = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    bed.routes.open_flows("sales", "main", FlowLine::new(inbox, Arc::clone(&under_way)));
    let flow_says = async |verdict, flows: &mut mpsc::Receiver<FlowOrder>| match flows.recv().await {
        Some(FlowOrder::Webhook(delivery)) => delivery.verdict.send(verdict).unwrap(),
        other => panic!("{other:?}"),
    };

    let body = event("e", &flow_state());
    let refused = async {
        flow_says(Verdict::Again, &mut flows).await;
        assert!(attempts.try_recv().is_err(), "the dialer hears of it only once the flow has dealt with it");
    };
    assert_eq!(tokio::join!(bed.post(&body), refused).0, Answer::NotNow);
    let dealt_with = async {
        flow_says(Verdict::NotNeeded, &mut flows).await;
        let delivery = attempts.recv().await.unwrap();
        delivery.verdict.send(Verdict::Durable).unwrap();
    };
    assert_eq!(tokio::join!(bed.post(&body), dealt_with).0, Answer::Acknowledged);

    // Before the flow's first command the call says nothing of it: it is told while it has any call of an attempt.
    let only_dialer = async {
        attempts.recv().await.unwrap().verdict.send(Verdict::Durable).unwrap();
    };
    let body = event("f", OURS);
    assert_eq!(tokio::join!(bed.post(&body), only_dialer).0, Answer::Acknowledged);
    assert!(flows.try_recv().is_err());
    under_way.store(1, std::sync::atomic::Ordering::Release);
    let both = async {
        flow_says(Verdict::NotNeeded, &mut flows).await;
        attempts.recv().await.unwrap().verdict.send(Verdict::Durable).unwrap();
    };
    let body = event("g", OURS);
    assert_eq!(tokio::join!(bed.post(&body), both).0, Answer::Acknowledged);
}

#[tokio::test]
async fn a_repeat_is_acknowledged_only_once_the_first_was() {
    let bed = Bed::new();
    let mut inbox = bed.open();
    let body = event("e", OURS);
    let first = bed.post(&body);
    let second = async {
        let delivery = inbox.recv().await.unwrap();
        assert_eq!(bed.post(&event("e", OURS)).await, Answer::InFlight);
        delivery.verdict.send(Verdict::Again).unwrap();
    };
    assert_eq!(tokio::join!(first, second).0, Answer::NotNow);
    actor(inbox, Verdict::Durable);
    assert_eq!(bed.post(&event("e", OURS)).await, Answer::Acknowledged);
    assert_eq!(bed.post(&event("e", OURS)).await, Answer::Duplicate);
}

#[tokio::test(start_paused = true)]
async fn silence_of_the_actor_is_answered_503_before_telnyx_gives_up() {
    let bed = Bed::new();
    let mut inbox = bed.open();
    let (body, began) = (event("e", OURS), tokio::time::Instant::now());
    let holds = async {
        let held = inbox.recv().await.unwrap();
        tokio::time::sleep(Duration::from_secs(10)).await;
        drop(held);
    };
    tokio::select! {
        answer = bed.post(&body) => assert_eq!(answer, Answer::TooSlow),
        () = holds => panic!("the delivery waited for the actor"),
    }
    assert!(began.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn a_full_inbox_is_answered_503_at_once() {
    let bed = Bed::new();
    let _inbox = bed.open();
    let mut waiting = Vec::new();
    for n in 0..INBOX {
        let (receiver, request) =
            (Arc::clone(&bed.receiver), bed.signed(&event(&n.to_string(), OURS), Timestamp::now()));
        waiting.push(tokio::spawn(async move { receiver.receive(request).await }));
    }
    while bed.routes.open_places("sales", "main") > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(bed.post(&event("one more", OURS)).await, Answer::Busy);
    waiting.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test]
async fn an_event_of_nobodys_call_is_acknowledged_without_an_actor() {
    let bed = Bed::new();
    drop(bed.open());
    assert_eq!(bed.post(&event("e", "aGVsbG8=")).await, Answer::NotNeeded);
    assert_eq!(
        bed.post(r#"{"data":{"id":"e","event_type":"conference.created","payload":{}}}"#).await,
        Answer::NotNeeded
    );
    assert_eq!(
        bed.post(r#"{"data":{"id":"e","event_type":"call.of.tomorrow","payload":{}}}"#).await,
        Answer::NotNeeded
    );
}

#[tokio::test]
async fn nothing_is_believed_without_a_fitting_signature() {
    let bed = Bed::new();
    actor(bed.open(), Verdict::Durable);
    let now = Timestamp::now();
    let body = event("e", OURS);
    let check = async |request: Request<Full<Bytes>>, answer: Answer| {
        assert_eq!(bed.receiver.receive(request).await, answer);
    };
    let mut altered = bed.signed(&body, now);
    *altered.body_mut() = Full::from(body.replace("answered", "hangup"));
    check(altered, Answer::Forged).await;
    for header in [SIGNATURE_HEADER, TIMESTAMP_HEADER] {
        let mut bare = bed.signed(&body, now);
        bare.headers_mut().remove(header);
        check(bare, Answer::Forged).await;
    }
    let stranger = Bed { key: SigningKey::from_bytes(&[8; 32]), ..Bed::new() };
    check(stranger.signed(&body, now), Answer::Forged).await;
    check(bed.signed(&body, now - SignedDuration::from_secs(301)), Answer::Stale).await;
    check(bed.signed(&body, now + SignedDuration::from_secs(310)), Answer::Stale).await;
    check(bed.signed("not json", now), Answer::Malformed).await;
    check(bed.signed(&body, now - SignedDuration::from_secs(290)), Answer::Acknowledged).await;
}

#[tokio::test]
async fn a_key_that_fits_no_signature_is_told_once_a_minute_and_what_is_not_signed_never() {
    let bed = Bed::new();
    let _inbox = bed.open();
    let (log, _listening) = Log::listen();
    let mut bare = bed.signed(&event("e", OURS), Timestamp::now());
    bare.headers_mut().remove(SIGNATURE_HEADER);
    assert_eq!(bed.receiver.receive(bare).await, Answer::Forged);
    assert_eq!(log.text(), "");
    let stranger = Bed { key: SigningKey::from_bytes(&[8; 32]), ..Bed::new() };
    for _ in 0..5 {
        let forged = stranger.signed(&event("e", OURS), Timestamp::now());
        assert_eq!(bed.receiver.receive(forged).await, Answer::Forged);
    }
    let log = log.text();
    assert_eq!(log.lines().count(), 1, "{log}");
    assert!(log.contains(" WARN ") && log.contains("sales/main") && log.contains("Public Key"), "{log}");
}

#[tokio::test]
async fn an_unknown_account_is_retried_until_all_accounts_are_known() {
    let bed = Bed::new();
    assert_eq!(bed.post(&event("e", OURS)).await, Answer::NotSynced);
    bed.routes.hold("sales", "main");
    assert_eq!(bed.post(&event("e", OURS)).await, Answer::AccountNotReady);
    bed.routes.synced();
    assert_eq!(bed.post(&event("e", OURS)).await, Answer::AccountNotReady);
    bed.routes.close("sales", "main");
    assert_eq!(bed.post(&event("e", OURS)).await, Answer::UnknownAccount);
}

#[tokio::test]
async fn only_posts_to_webhooks_are_served() {
    let bed = Bed::new();
    actor(bed.open(), Verdict::Durable);
    for path in [
        "/",
        "/metrics",
        "/webhooks",
        "/webhooks/sales/main",
        "/webhooks/sales/main/",
        "/webhooks//main/u",
        "/webhooks/a/sales/main/u",
    ] {
        let mut request = bed.signed(&event("e", OURS), Timestamp::now());
        *request.uri_mut() = path.parse().unwrap();
        assert_eq!(bed.receiver.receive(request).await, Answer::NotFound, "{path}");
    }
    let mut request = bed.signed(&event("e", OURS), Timestamp::now());
    *request.method_mut() = http::Method::GET;
    assert_eq!(bed.receiver.receive(request).await, Answer::MethodNotAllowed);
}

#[tokio::test]
async fn what_is_counted_holds_nothing_of_a_person_or_of_a_stranger() {
    let bed = Bed::new();
    actor(bed.open(), Verdict::Durable);
    bed.post(&event("e", OURS)).await;
    bed.post(r#"{"data":{"id":"x","event_type":"call.+15550100","payload":{}}}"#).await;
    let text = bed.exposition();
    assert!(text.contains(r#"webhook_deliveries_total{result="acknowledged",event_type="call.answered"} 1"#), "{text}");
    assert!(text.contains(r#"webhook_deliveries_total{result="not_needed",event_type="other"} 1"#), "{text}");
    assert!(!text.contains("15550100"));
}

/// A server on loopback, and what it answers to these bytes.
async fn raw(bytes: &[u8]) -> String {
    let bed = Bed::new();
    actor(bed.open(), Verdict::Durable);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let server = tokio::spawn(serve(listener, bed.receiver, stop.clone()));
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = vec![0; 256];
    let read = stream.read(&mut answer).await.unwrap();
    answer.truncate(read);
    drop(stream);
    stop.cancel();
    server.await.unwrap().unwrap();
    String::from_utf8(answer).unwrap().lines().next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn an_oversized_body_is_refused_whether_announced_or_not() {
    let announced = format!("POST {PATH} HTTP/1.1\r\nhost: x\r\ncontent-length: 262145\r\n\r\n");
    assert_eq!(raw(announced.as_bytes()).await, "HTTP/1.1 413 Payload Too Large");
    let mut chunked = format!("POST {PATH} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n").into_bytes();
    for _ in 0..5 {
        chunked.extend_from_slice(b"10000\r\n");
        chunked.extend(std::iter::repeat_n(b'x', 65536));
        chunked.extend_from_slice(b"\r\n");
    }
    assert_eq!(raw(&chunked).await, "HTTP/1.1 413 Payload Too Large");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sender_of_an_oversized_body_reads_why_it_was_refused() {
    drop(rustls::crypto::ring::default_provider().install_default());
    let bed = Bed::new();
    actor(bed.open(), Verdict::Durable);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}{PATH}", listener.local_addr().unwrap());
    let stop = CancellationToken::new();
    let server = tokio::spawn(serve(listener, bed.receiver, stop.clone()));
    let client = reqwest::Client::new();
    for _ in 0..100 {
        let answer = client.post(&url).body("x".repeat(900_000)).send().await.unwrap();
        assert_eq!(answer.status(), 413);
    }
    stop.cancel();
    server.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_signed_webhook_passes_through_the_server() {
    let body = event("e", OURS);
    let headers = sign(&SigningKey::from_bytes(&[7; 32]), body.as_bytes(), Timestamp::now());
    let request = format!(
        "POST {PATH} HTTP/1.1\r\nhost: x\r\n{SIGNATURE_HEADER}: {}\r\n{TIMESTAMP_HEADER}: {}\r\ncontent-length: {}\r\n\r\n{body}",
        headers.signature,
        headers.timestamp,
        body.len()
    );
    assert_eq!(raw(request.as_bytes()).await, "HTTP/1.1 200 OK");
}

#[tokio::test]
async fn a_flood_is_bounded_before_any_signature_is_checked() {
    let bed = Bed::new();
    let _inbox = bed.open();
    let began = Instant::now();
    let mut admitted = 0;
    for _ in 0..40_000 {
        let request = Request::post(PATH).body(Full::<Bytes>::default()).unwrap();
        admitted += u128::from(bed.receiver.receive(request).await != Answer::RateBound);
    }
    let most = 8_000 + 8 * (began.elapsed().as_millis() + 1);
    assert!(admitted <= most, "{admitted} admitted, at most {most}");
}
