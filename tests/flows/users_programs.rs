//! `callWebhook` steps, and the program of the user's that they ask.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Redirect};
use axum::routing::post;
use k8s_openapi::api::core::v1::Secret;
use kube::api::PostParams;
use serde_json::{Value, json};
use telnyx_operator::api::CallFlow;
use tokio::net::TcpListener;

use crate::stage::KEY;
use crate::world::{World, patient};

type Requests = Arc<Mutex<Vec<(HeaderMap, Value)>>>;

/// A program that knows everybody by the same name.
async fn program() -> (String, Requests) {
    async fn lookup(State(requests): State<Requests>, headers: HeaderMap, body: String) -> axum::Json<Value> {
        requests.lock().unwrap().push((headers, serde_json::from_str(&body).unwrap()));
        axum::Json(json!({ "customer": { "tier": "gold" } }))
    }
    let requests = Requests::default();
    let app = Router::new().route("/lookup", post(lookup)).with_state(Arc::clone(&requests));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    (address, requests)
}

#[tokio::test]
async fn the_answer_of_the_users_program_decides_and_the_request_is_signed() {
    let (host, requests) = program().await;
    let world = World::opening(&host).await;
    let secret = json!({ "metadata": { "name": "crm" }, "stringData": { "key": "0123456789abcdef" } });
    let secret: Secret = serde_json::from_value(secret).unwrap();
    world.api::<Secret>().create(&PostParams::default(), &secret).await.unwrap();
    let flow = json!({
        "webhooks": { "allowedHosts": [host], "signingSecretRef": { "name": "crm", "key": "key" } },
        "variables": { "tier": { "maxLength": 16 } },
        "steps": [
            { "name": "answer", "answer": {} },
            { "name": "who", "callWebhook": { "url": format!("http://{host}/lookup"), "body": { "from": "support" } },
              "save": { "tier": "customer.tier" }, "onError": "end" },
            { "name": "rank", "switch": { "cases": [{ "when": "vars.tier == 'gold'", "next": "gold" }] }, "next": "end" },
            { "name": "gold", "speak": { "payload": "Welcome, {{tier}} customer.", "voice": "female" } },
        ],
    });
    world.create::<CallFlow>("flow", flow).await;
    world.line().await;
    world.ready::<CallFlow>("flow").await;
    let call = world.call_in(patient()).await;
    world.heard(&call, &["answer", "speak", "call.speak.ended", "hangup"]).await;
    let requests = requests.lock().unwrap().clone();
    assert_eq!(requests.len(), 1);
    let (headers, body) = &requests[0];
    assert_eq!(body, &json!({ "from": "support" }));
    assert_eq!(headers["webhook-id"], headers["idempotency-key"]);
    assert!(headers["webhook-signature"].to_str().unwrap().starts_with("v1,"));
    world.end().await;
}

#[tokio::test]
async fn a_flow_that_asks_the_operators_own_machine_goes_on_where_its_error_leads() {
    // It listens, and answers whoever asks. The operator's owner has not opened it.
    let (host, requests) = program().await;
    let world = World::empty().await;
    let flow = json!({
        "webhooks": { "allowedHosts": [host, "169.254.169.254"] },
        "variables": { "tier": { "maxLength": 16 } },
        "steps": [
            { "name": "answer", "answer": {} },
            { "name": "here", "callWebhook": { "url": format!("http://{host}/lookup"), "body": {} },
              "save": { "tier": "customer.tier" }, "next": "told", "onError": "link" },
            { "name": "link", "callWebhook": { "url": "http://169.254.169.254/latest/meta-data/", "body": {} },
              "next": "told", "onError": "sorry" },
            { "name": "told", "speak": { "payload": "You are {{tier}}.", "voice": "female" }, "next": "end" },
            { "name": "sorry", "hangup": {} },
        ],
    });
    world.create::<CallFlow>("flow", flow).await;
    world.line().await;
    world.ready::<CallFlow>("flow").await;
    let call = world.call_in(patient()).await;
    let log = world.heard(&call, &["answer", "hangup"]).await;
    assert!(!log.iter().any(|name| name == "speak"), "{log:?}");
    assert!(requests.lock().unwrap().is_empty(), "it was reached");
    let told = world.log().matches("loopback, link-local or metadata address").count();
    assert_eq!(told, 2, "the log says why, for each of both");
    world.end().await;
}

/// Paths that were asked for.
type Asked = Arc<Mutex<Vec<String>>>;

/// A program that answers nothing on `/slow`, too much on `/large`, with another address on `/moved`, and as it should elsewhere.
async fn program_that_misbehaves() -> (String, Asked) {
    async fn answer(State(asked): State<Asked>, uri: axum::http::Uri) -> axum::response::Response {
        asked.lock().unwrap().push(uri.path().to_owned());
        match uri.path() {
            "/slow" => std::future::pending().await,
            "/large" => axum::Json(json!({ "text": "a".repeat(64 * 1024) })).into_response(),
            "/moved" => Redirect::temporary("/there").into_response(),
            _ => axum::Json(json!({ "ok": true })).into_response(),
        }
    }
    let asked = Asked::default();
    let app = Router::new().fallback(answer).with_state(Arc::clone(&asked));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    (address, asked)
}

#[tokio::test]
async fn an_answer_that_is_late_long_or_elsewhere_is_none_and_another_port_is_not_asked() {
    let (host, asked) = program_that_misbehaves().await;
    let (unlisted, never_asked) = program_that_misbehaves().await;
    let ask = |name: &str, url: String, on_error: &str| {
        let asks = json!({ "url": url });
        json!({ "name": name, "callWebhook": asks, "timeoutSecs": 2, "onError": on_error, "next": "wrong" })
    };
    let flow = json!({
        "webhooks": { "allowedHosts": [host] },
        "steps": [
            { "name": "answer", "answer": {} },
            ask("slow", format!("http://{host}/slow"), "large"),
            ask("large", format!("http://{host}/large"), "moved"),
            ask("moved", format!("http://{host}/moved"), "unlisted"),
            ask("unlisted", format!("http://{unlisted}/fine"), "fine"),
            { "name": "fine", "callWebhook": { "url": format!("http://{host}/fine") }, "onError": "wrong", "next": "bye" },
            { "name": "bye", "speak": { "payload": "Good bye.", "voice": "female" }, "next": "end" },
            { "name": "wrong", "hangup": {} },
        ],
    });
    let world = World::opening(&host).await;
    world.create::<CallFlow>("flow", flow).await;
    world.line().await;
    world.ready::<CallFlow>("flow").await;
    let call = world.call_in(patient()).await;
    world.heard(&call, &["answer", "speak", "call.speak.ended", "hangup"]).await;
    assert_eq!(*asked.lock().unwrap(), ["/slow", "/large", "/moved", "/fine"]);
    assert!(never_asked.lock().unwrap().is_empty());
    world.end().await;
}

/// Where a program asks the API which conversations have begun.
#[derive(Clone)]
struct Calls {
    http: reqwest::Client,
    events: String,
}

impl Calls {
    /// The conversation that the assistant of this call leads.
    async fn conversation(&self, call: &Value) -> Option<Value> {
        let request = self.http.get(&self.events).bearer_auth(KEY).query(&[("page[size]", "250")]);
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        let payloads = answer["data"].as_array().unwrap().iter().map(|row| &row["metadata"]["payload"]);
        let mut of_call = payloads.filter(|payload| payload["call_control_id"] == *call);
        of_call.find_map(|payload| payload.get("conversation_id").cloned())
    }
}

/// A program that knows which conversation an assistant leads on a call.
fn serve_conversations(listener: TcpListener, calls: Calls) {
    async fn lookup(State(calls): State<Calls>, body: String) -> axum::Json<Value> {
        let asked: Value = serde_json::from_str(&body).unwrap();
        axum::Json(json!({ "conversation": calls.conversation(&asked["call"]).await }))
    }
    let app = Router::new().route("/conversation", post(lookup)).with_state(calls);
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
}

#[tokio::test]
async fn a_colleague_joins_the_conversation_that_the_users_program_names() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let world = World::opening(&host).await;
    let events = format!("{}/call_events", world.simulator.base_url());
    serve_conversations(listener, Calls { http: world.http.clone(), events });
    let participant = json!({ "id": "{{secondLeg}}", "role": "user" });
    let flow = json!({
        "webhooks": { "allowedHosts": [host] },
        "variables": { "conversation": { "maxLength": 40 } },
        "steps": [
            { "name": "answer", "answer": {} },
            { "name": "colleague", "dial": { "to": "+15550100003", "from": "+15550100002" } },
            { "name": "assistant", "startAiAssistant": { "assistant": { "id": "assistant-1" } }, "waitForEnd": false },
            { "name": "which", "callWebhook": {
                "url": format!("http://{host}/conversation"), "body": { "call": "{{callControlId}}" } },
              "save": { "conversation": "conversation" }, "onError": "end" },
            { "name": "join", "joinAiAssistant": { "conversationId": "{{conversation}}", "participant": participant },
              "waitForEnd": false, "onError": "end" },
            { "name": "enough", "stopAiAssistant": {} },
        ],
    });
    world.create::<CallFlow>("flow", flow).await;
    world.line().await;
    world.line_calls_out().await;
    world.ready::<CallFlow>("flow").await;
    let call = world.call_in(patient()).await;
    let story = ["ai_assistant_start", "ai_assistant_join", "ai_assistant_stop", "call.conversation.ended", "hangup"];
    world.heard(&call, &story).await;
    world.end().await;
}
