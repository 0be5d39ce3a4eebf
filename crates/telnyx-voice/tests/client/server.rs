//! An API that answers as a test says and remembers what it was asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, Uri};
use serde_json::{Value, json};
use telnyx_voice::{ApiKey, Builder, Client, RetryPolicy};

/// One answer.
pub(crate) enum Reply {
    Json(u16, Value),
    Text(u16, &'static str),
    WithHeaders(u16, Value, Vec<(&'static str, &'static str)>),
    /// The request is read, and no answer ever comes.
    Silence,
}

/// What a request was.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

#[derive(Default)]
struct Script {
    replies: VecDeque<Reply>,
    seen: Vec<Seen>,
}

pub(crate) struct Server {
    address: std::net::SocketAddr,
    script: Arc<Mutex<Script>>,
    task: tokio::task::JoinHandle<()>,
}

impl Server {
    /// Answers with these, in order. One request more is a failure of the test.
    pub(crate) async fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        let script = Arc::new(Mutex::new(Script { replies: replies.into_iter().collect(), seen: Vec::new() }));
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new().fallback(answer).with_state(Arc::clone(&script));
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { address, script, task }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/v2", self.address)
    }

    /// A client that loses no time between tries.
    pub(crate) fn client(&self) -> Client {
        self.builder().build().unwrap()
    }

    pub(crate) fn builder(&self) -> Builder {
        let retries = RetryPolicy {
            first_pause: Duration::from_millis(1),
            longest_pause: Duration::from_millis(2),
            ..RetryPolicy::default()
        };
        Client::builder(ApiKey::new("KEY0123").unwrap()).base_url(self.url()).retries(retries)
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.script.lock().unwrap().seen.clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(
    State(script): State<Arc<Mutex<Script>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let reply = {
        let mut script = script.lock().unwrap();
        let query = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(&uri).unwrap().0;
        let body = if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).unwrap() };
        script.seen.push(Seen { method, path: uri.path().to_owned(), query, headers, body });
        script.replies.pop_front()
    };
    match reply.unwrap_or(Reply::Text(599, "the test did not expect this request")) {
        Reply::Json(status, body) => response(status, body.to_string(), &[]),
        Reply::Text(status, body) => response(status, body.to_owned(), &[]),
        Reply::WithHeaders(status, body, headers) => response(status, body.to_string(), &headers),
        Reply::Silence => std::future::pending().await,
    }
}

fn response(status: u16, body: String, headers: &[(&str, &str)]) -> Response<Body> {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(Body::from(body)).unwrap()
}

/// An answer with an object in it.
pub(crate) fn data(object: Value) -> Reply {
    Reply::Json(200, Value::from_iter([("data", object)]))
}

/// An answer that says no, in the API's form.
pub(crate) fn refusal(status: u16, code: &str) -> Reply {
    Reply::Json(status, json!({ "errors": [{ "code": code, "title": "No" }] }))
}

/// Reads one request, answers with these bytes, and closes the connection.
pub(crate) async fn raw(answer: &'static [u8]) -> (String, tokio::task::JoinHandle<()>) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}/v2", listener.local_addr().unwrap());
    let task = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        assert!(stream.read(&mut [0; 4096]).await.unwrap() > 0);
        stream.write_all(answer).await.unwrap();
    });
    (url, task)
}
