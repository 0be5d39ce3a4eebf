//! Accepts connections and splits their requests between the API and `/sim`.
//!
//! Written on hyper instead of `axum::serve` because a fault must be able to close a connection without a byte.

use std::sync::Arc;

use axum::Router;
use axum::body::Body as HttpBody;
use axum::http::Request as HttpRequest;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use super::state::Shared;
use super::{admin, api};

/// The request was dropped by a fault.
#[derive(Debug, thiserror::Error)]
#[error("closed by a fault")]
struct Closed;

pub(super) async fn listen(listener: TcpListener, shared: Arc<Shared>, stop: CancellationToken) {
    let admin = admin::routes().with_state(Arc::clone(&shared));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        while connections.try_join_next().is_some() {}
        match accepted {
            Ok((stream, _)) => {
                connections.spawn(converse(stream, Arc::clone(&shared), admin.clone()));
            }
            // Out of file descriptors, most likely: those in use come back, so go on after a breath.
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        }
    }
    connections.shutdown().await;
}

async fn converse(stream: TcpStream, shared: Arc<Shared>, admin: Router) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection keeps Nagle's algorithm");
    }
    let service = service_fn(move |request: HttpRequest<hyper::body::Incoming>| {
        let (shared, admin) = (Arc::clone(&shared), admin.clone());
        async move {
            let request = request.map(HttpBody::new);
            if request.uri().path().starts_with("/sim/") {
                let Ok(response) = admin.oneshot(request).await;
                return Ok(response);
            }
            api::handle(&shared, request).await.ok_or(Closed)
        }
    });
    if let Err(error) = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await {
        tracing::debug!(%error, "a connection ended early");
    }
}
