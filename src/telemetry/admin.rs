//! The admin port: `/livez`, `/readyz`, `/metrics`. For the kubelet and Prometheus, not for the internet.

use super::Metrics;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Which parts of the process are ready. A part that never announced itself is not waited for.
#[derive(Clone, Debug, Default)]
pub struct Health {
    parts: Arc<Mutex<BTreeMap<&'static str, bool>>>,
}

impl Health {
    /// `part` exists and is not ready yet.
    pub fn expect(&self, part: &'static str) {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner).entry(part).or_insert(false);
    }

    /// `part` is ready.
    pub fn ready(&self, part: &'static str) {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner).insert(part, true);
    }

    /// The parts that are not ready.
    #[must_use]
    pub fn missing(&self) -> Vec<&'static str> {
        let parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        parts.iter().filter(|(_, ready)| !**ready).map(|(part, _)| *part).collect()
    }
}

#[derive(Clone)]
struct Admin {
    metrics: Arc<Metrics>,
    health: Health,
}

/// Serves until `stop`.
pub async fn serve(
    listener: TcpListener,
    metrics: Arc<Metrics>,
    health: Health,
    stop: CancellationToken,
) -> std::io::Result<()> {
    let routes = Router::new()
        .route("/livez", get(|| async { "ok" }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(scrape))
        .with_state(Admin { metrics, health });
    axum::serve(listener, routes).with_graceful_shutdown(async move { stop.cancelled().await }).await
}

async fn readyz(State(admin): State<Admin>) -> Response {
    let missing = admin.health.missing();
    if missing.is_empty() {
        return "ok".into_response();
    }
    (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {}", missing.join(", "))).into_response()
}

async fn scrape(State(admin): State<Admin>) -> Response {
    match admin.metrics.encode() {
        Ok(text) => {
            let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            ([(header::CONTENT_TYPE, kind)], text).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
