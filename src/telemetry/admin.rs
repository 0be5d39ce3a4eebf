//! The admin port: `/livez`, `/readyz`, `/metrics`. For the kubelet and Prometheus, not for the internet.
//!
//! `/debug/state` and `/debug/log` answer connections over loopback alone: who may forward a port to the Pod, or is in
//! it, may look into the process and change what it logs; who merely reaches the port may not.

use super::log_level::{self, LONGEST, LevelError};
use super::{Metrics, States};
use axum::extract::{ConnectInfo, DefaultBodyLimit, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use std::collections::BTreeMap;
use std::net::SocketAddr;
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
    states: States,
}

/// Serves until `stop`.
pub async fn serve(
    listener: TcpListener,
    metrics: Arc<Metrics>,
    health: Health,
    states: States,
    stop: CancellationToken,
) -> std::io::Result<()> {
    let debug = Router::new()
        .route("/state", get(state))
        .route("/log", get(level).put(set_level))
        .layer(DefaultBodyLimit::max(LONGEST))
        .layer(from_fn(over_loopback));
    let routes = Router::new()
        .nest("/debug", debug)
        .route("/livez", get(|| async { "ok" }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(scrape))
        .with_state(Admin { metrics, health, states });
    let service = routes.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).with_graceful_shutdown(async move { stop.cancelled().await }).await
}

/// Lets only those through who are in the Pod's own network, as `kubectl port-forward` is.
async fn over_loopback(ConnectInfo(peer): ConnectInfo<SocketAddr>, request: Request, next: Next) -> Response {
    if is_local(peer) {
        return next.run(request).await;
    }
    let said = "only over loopback: kubectl port-forward to this Pod, then ask 127.0.0.1\n";
    (StatusCode::FORBIDDEN, said).into_response()
}

fn is_local(peer: SocketAddr) -> bool {
    peer.ip().to_canonical().is_loopback()
}

async fn state(State(admin): State<Admin>) -> Response {
    Json(admin.states.now()).into_response()
}

async fn level() -> Response {
    match log_level::of_process() {
        Ok(level) => format!("{}\n", level.current()).into_response(),
        Err(error) => refused(&error),
    }
}

async fn set_level(filter: String) -> Response {
    let changed = log_level::of_process().and_then(|level| {
        let before = level.current();
        level.change(&filter)?;
        // Told at the level that is never filtered out by mistake.
        tracing::warn!(before, now = level.current(), "the log level was changed over the admin port");
        Ok(level.current())
    });
    match changed {
        Ok(now) => format!("{now}\n").into_response(),
        Err(error) => refused(&error),
    }
}

fn refused(error: &LevelError) -> Response {
    let status = match error {
        LevelError::Unreadable { .. } | LevelError::TooMuch { .. } | LevelError::NotBuilt { .. } => {
            StatusCode::BAD_REQUEST
        }
        LevelError::NoLogs => StatusCode::NOT_FOUND,
    };
    (status, format!("{error}\n")).into_response()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_pods_own_loopback_is_local() {
        for (peer, local) in [
            ("127.0.0.1:5", true),
            ("127.9.9.9:5", true),
            ("[::1]:5", true),
            ("[::ffff:127.0.0.1]:5", true),
            ("10.1.2.3:5", false),
            ("[::ffff:10.1.2.3]:5", false),
            ("[fe80::1]:5", false),
        ] {
            assert_eq!(is_local(peer.parse().unwrap()), local, "{peer}");
        }
    }
}
