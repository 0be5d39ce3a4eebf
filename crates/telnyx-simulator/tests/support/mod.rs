//! A real client and a real webhook receiver for the tests of the server.

#![allow(dead_code, unreachable_pub, reason = "every test file uses its own part of it")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::missing_panics_doc, reason = "test support")]
#![allow(clippy::indexing_slicing, reason = "a missing field is a failed test")]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ed25519_dalek::{Signature, Verifier as _, VerifyingKey};
use serde_json::{Value, json};
use telnyx_simulator::config::{Outcome, Shares, Spread};
use telnyx_simulator::{Config, Running, Simulator};

pub const KEY: &str = "KEY_TEST";
pub const FROM: &str = "+12025550001";

/// One webhook as it arrived.
#[derive(Debug, Clone)]
pub struct Received {
    pub body: Value,
    pub raw: Vec<u8>,
    pub signature_fits: bool,
    pub timestamp: i64,
}

impl Received {
    pub fn event_type(&self) -> &str {
        self.body["data"]["event_type"].as_str().unwrap_or_default()
    }

    pub fn payload(&self) -> &Value {
        &self.body["data"]["payload"]
    }
}

/// A webhook receiver that checks every signature and answers as it is told.
#[derive(Clone)]
pub struct Receiver {
    state: Arc<ReceiverState>,
    pub url: String,
}

struct ReceiverState {
    key: Mutex<Option<VerifyingKey>>,
    received: Mutex<Vec<Received>>,
    answers: Mutex<VecDeque<(u16, Duration)>>,
    arrived: tokio::sync::Notify,
}

impl Receiver {
    pub async fn start() -> Self {
        let state = Arc::new(ReceiverState {
            key: Mutex::new(None),
            received: Mutex::default(),
            answers: Mutex::default(),
            arrived: tokio::sync::Notify::new(),
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let app = Router::new().fallback(receive).with_state(Arc::clone(&state));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { state, url }
    }

    pub fn trust(&self, public_key: &str) {
        let bytes: [u8; 32] = BASE64.decode(public_key).unwrap().try_into().unwrap();
        *self.state.key.lock().unwrap() = Some(VerifyingKey::from_bytes(&bytes).unwrap());
    }

    /// The next webhooks are answered so, later ones with 200.
    pub fn answer_next(&self, answers: &[u16]) {
        self.state.answers.lock().unwrap().extend(answers.iter().map(|status| (*status, Duration::ZERO)));
    }

    /// The next webhook is answered only after this time.
    pub fn sleep_next(&self, wait: Duration) {
        self.state.answers.lock().unwrap().push_back((200, wait));
    }

    pub fn received(&self) -> Vec<Received> {
        self.state.received.lock().unwrap().clone()
    }

    pub fn types(&self) -> Vec<String> {
        self.received().iter().map(|one| one.event_type().to_owned()).collect()
    }

    /// Waits until `enough` says yes; fails after ten real seconds with what did arrive.
    pub async fn until(&self, what: &str, enough: impl Fn(&[Received]) -> bool) -> Vec<Received> {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
        loop {
            let arrived = self.state.arrived.notified();
            let received = self.received();
            if enough(&received) {
                return received;
            }
            let woken = tokio::time::timeout_at(deadline, arrived).await;
            assert!(woken.is_ok(), "waited for {what}, got {:?}", self.types());
        }
    }

    pub async fn until_type(&self, event_type: &str) -> Received {
        let all = self.until(event_type, |all| all.iter().any(|one| one.event_type() == event_type)).await;
        all.into_iter().find(|one| one.event_type() == event_type).unwrap()
    }
}

async fn receive(State(state): State<Arc<ReceiverState>>, headers: HeaderMap, raw: Bytes) -> StatusCode {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let timestamp = header("telnyx-timestamp");
    let signature =
        BASE64.decode(header("telnyx-signature-ed25519")).ok().and_then(|bytes| Signature::from_slice(&bytes).ok());
    let mut signed = timestamp.clone().into_bytes();
    signed.push(b'|');
    signed.extend_from_slice(&raw);
    let key = *state.key.lock().unwrap();
    let signature_fits = key.zip(signature).is_some_and(|(key, signature)| key.verify(&signed, &signature).is_ok());
    let body = serde_json::from_slice(&raw).unwrap_or_default();
    let timestamp = timestamp.parse().unwrap_or(0);
    state.received.lock().unwrap().push(Received { body, raw: raw.to_vec(), signature_fits, timestamp });
    state.arrived.notify_waiters();
    let (status, wait) = state.answers.lock().unwrap().pop_front().unwrap_or((200, Duration::ZERO));
    tokio::time::sleep(wait).await;
    StatusCode::from_u16(status).unwrap()
}

/// A running simulator with one application whose webhooks go to a receiver.
pub struct Stage {
    pub simulator: Running,
    pub receiver: Receiver,
    pub client: reqwest::Client,
    pub application: String,
    pub profile: String,
}

impl Stage {
    /// Callees always behave like `outcome`, at fixed times: initiated at once, two seconds of ringing.
    pub async fn with(outcome: Outcome) -> Self {
        Self::configured(outcome, |_| {}).await
    }

    pub async fn configured(outcome: Outcome, change: impl FnOnce(&mut Config)) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let receiver = Receiver::start().await;
        let simulator = Simulator::builder()
            .api_key(KEY)
            .configure(|config| {
                config.callees.shares = Shares::only(outcome);
                config.callees.initiated_after_ms = Spread::Fixed(0);
                config.callees.ring_ms = Spread::Fixed(2000);
                config.limits.dials_per_second = None;
                change(config);
            })
            .start()
            .await
            .unwrap();
        receiver.trust(simulator.public_key_base64());
        let mut stage = Self {
            simulator,
            receiver,
            client: reqwest::Client::new(),
            application: String::new(),
            profile: String::new(),
        };
        let (status, profile) = stage.post("/outbound_voice_profiles", json!({"name": "everyone"})).await;
        assert_eq!(status, 201, "{profile}");
        stage.profile.push_str(profile["data"]["id"].as_str().unwrap());
        let application = json!({
            "application_name": "stage",
            "webhook_event_url": stage.receiver.url,
            "webhook_api_version": "2",
            "outbound": {"outbound_voice_profile_id": stage.profile},
        });
        let (status, application) = stage.post("/call_control_applications", application).await;
        assert_eq!(status, 201, "{application}");
        stage.application.push_str(application["data"]["id"].as_str().unwrap());
        stage
    }

    pub async fn call(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        self.call_with_key(method, path, body, KEY).await
    }

    pub async fn call_with_key(&self, method: &str, path: &str, body: Option<Value>, key: &str) -> (u16, Value) {
        self.try_call(method, path, body, key).await.unwrap()
    }

    pub async fn try_call(
        &self,
        method: &str,
        path: &str,
        body: Option<Value>,
        key: &str,
    ) -> Result<(u16, Value), reqwest::Error> {
        let url = format!("{}{path}", self.simulator.base_url());
        let mut request = self.client.request(method.parse().unwrap(), url).bearer_auth(key);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await?;
        let status = response.status().as_u16();
        let text = response.text().await?;
        Ok((status, serde_json::from_str(&text).unwrap_or(Value::Null)))
    }

    pub async fn get(&self, path: &str) -> (u16, Value) {
        self.call("GET", path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.call("POST", path, Some(body)).await
    }

    pub async fn dial(&self, to: &str) -> String {
        let (status, call) = self.post("/calls", self.dial_body(to)).await;
        assert_eq!(status, 200, "{call}");
        call["data"]["call_control_id"].as_str().unwrap().to_owned()
    }

    pub fn dial_body(&self, to: &str) -> Value {
        json!({"to": to, "from": FROM, "connection_id": self.application})
    }

    pub async fn sim(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        let url = format!("{}{path}", self.simulator.admin_url());
        let mut request = self.client.request(method.parse().unwrap(), url);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        assert!(response.status().is_success(), "{method} {path}: {}", response.status());
        serde_json::from_str(&response.text().await.unwrap()).unwrap_or(Value::Null)
    }

    /// Lets simulated time pass.
    pub async fn pass(&self, duration: Duration) {
        let millis = u64::try_from(duration.as_millis()).unwrap();
        self.sim("POST", "/time", Some(json!({"advanceMs": millis}))).await;
    }

    pub async fn fault(&self, fault: Value) {
        self.sim("POST", "/faults", Some(fault)).await;
    }
}
