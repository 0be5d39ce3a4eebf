//! `callWebhook` steps, and the program of the user's that they ask.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use k8s_openapi::api::core::v1::Secret;
use kube::api::PostParams;
use serde_json::{Value, json};

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
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
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
    world.create::<telnyx_operator::api::CallFlow>("flow", flow).await;
    world.line().await;
    world.ready::<telnyx_operator::api::CallFlow>("flow").await;
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
    world.create::<telnyx_operator::api::CallFlow>("flow", flow).await;
    world.line().await;
    world.ready::<telnyx_operator::api::CallFlow>("flow").await;
    let call = world.call_in(patient()).await;
    let log = world.heard(&call, &["answer", "hangup"]).await;
    assert!(!log.iter().any(|name| name == "speak"), "{log:?}");
    assert!(requests.lock().unwrap().is_empty(), "it was reached");
    let told = world.log().matches("loopback, link-local or metadata address").count();
    assert_eq!(told, 2, "the log says why, for each of both");
    world.end().await;
}
