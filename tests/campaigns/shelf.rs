//! A web server with lists on it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use futures::{StreamExt, stream};

/// What is served under a name.
#[derive(Clone)]
pub(crate) enum Item {
    /// These bytes, under this `ETag`.
    List(Bytes, &'static str),
    /// Something that is announced as so many bytes, and never sent.
    Announced(u64),
    /// So many bytes, which are not announced.
    Endless(Bytes),
    /// A refusal.
    Status(StatusCode),
    /// These bytes, for whoever sends this `Authorization`.
    Guarded(Bytes, &'static str),
}

/// A web server that ends with the test's runtime.
#[derive(Clone)]
pub(crate) struct Shelf {
    url: String,
    items: Arc<Mutex<BTreeMap<String, Item>>>,
}

impl Shelf {
    pub(crate) async fn open() -> Self {
        let items = Arc::<Mutex<BTreeMap<String, Item>>>::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().route("/{name}", get(serve)).with_state(Arc::clone(&items));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, items }
    }

    /// Puts it there and returns its URL.
    pub(crate) fn put(&self, name: &str, item: Item) -> String {
        self.items.lock().unwrap().insert(name.to_owned(), item);
        format!("{}/{name}", self.url)
    }
}

async fn serve(
    State(items): State<Arc<Mutex<BTreeMap<String, Item>>>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    let item = items.lock().unwrap().get(&name).cloned();
    let sent = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    match item {
        None => StatusCode::NOT_FOUND.into_response(),
        Some(Item::Status(status)) => status.into_response(),
        Some(Item::List(_, tag)) if sent("if-none-match").as_deref() == Some(tag) => {
            StatusCode::NOT_MODIFIED.into_response()
        }
        Some(Item::List(bytes, tag)) => ([("etag", tag)], bytes).into_response(),
        Some(Item::Guarded(bytes, allowed)) if sent("authorization").as_deref() == Some(allowed) => {
            bytes.into_response()
        }
        Some(Item::Guarded(..)) => StatusCode::UNAUTHORIZED.into_response(),
        Some(Item::Announced(size)) => {
            let nothing = stream::pending::<Result<Bytes, std::io::Error>>();
            ([("content-length", size.to_string())], Body::from_stream(nothing)).into_response()
        }
        Some(Item::Endless(bytes)) => {
            let begun = stream::once(async { Ok::<_, std::io::Error>(Bytes::from_static(b"id,to\n")) });
            Body::from_stream(begun.chain(stream::repeat_with(move || Ok(bytes.clone())))).into_response()
        }
    }
}
