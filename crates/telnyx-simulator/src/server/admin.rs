//! `/sim`: what a test may ask and change. No key is needed; the server listens where its user told it to.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::state::Shared;
use crate::config::{ApiKey, Fault, IncomingCall, is_key};
use crate::model::{FaultView, NumberDials};

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/sim/counters", get(counters))
        .route("/sim/dials", get(dials))
        .route("/sim/calls", get(calls).post(call_in))
        .route("/sim/calls/{call_control_id}/press", post(press))
        .route("/sim/calls/{call_control_id}/leave", post(leave))
        .route("/sim/conferences", get(conferences))
        .route("/sim/objects", get(objects))
        .route("/sim/endpoints", get(endpoints))
        .route("/sim/public-key", get(public_key))
        .route("/sim/config", get(config))
        .route("/sim/time", get(time).post(advance))
        .route("/sim/faults", get(faults).post(arm).delete(disarm_all))
        .route("/sim/faults/{id}", delete(disarm))
        .route("/sim/keys", post(keys))
        .route("/sim/reset", post(reset))
}

type AppState = State<Arc<Shared>>;

async fn counters(State(shared): AppState) -> Json<Value> {
    let mut world = shared.world();
    world.catch_up(shared.clock.now());
    Json(world.counters())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WhichDials {
    number: Option<String>,
    #[serde(default)]
    at_least: u64,
}

async fn dials(State(shared): AppState, Query(which): Query<WhichDials>) -> Json<Vec<NumberDials>> {
    Json(shared.world().dials(which.number.as_deref(), which.at_least))
}

async fn calls(State(shared): AppState) -> Json<Vec<Value>> {
    let mut world = shared.world();
    world.catch_up(shared.clock.now());
    Json(world.calls())
}

/// Somebody calls the account.
async fn call_in(
    State(shared): AppState,
    Json(order): Json<IncomingCall>,
) -> Result<(StatusCode, Json<Value>), (StatusCode, String)> {
    let refuse = |error: String| (StatusCode::UNPROCESSABLE_ENTITY, error);
    order.check().map_err(|error| refuse(error.to_string()))?;
    let mut world = shared.world();
    world.catch_up(shared.clock.now());
    let id = world.call_in(&order).map_err(|error| refuse(error.to_string()))?;
    drop(world);
    shared.bell.notify_one();
    Ok((StatusCode::CREATED, Json(json!({ "callControlId": &*id }))))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Keypress {
    digits: String,
}

/// The other end of a live call presses keys.
async fn press(
    State(shared): AppState,
    Path(id): Path<String>,
    Json(keypress): Json<Keypress>,
) -> Result<StatusCode, (StatusCode, String)> {
    if keypress.digits.is_empty() || !keypress.digits.chars().all(is_key) {
        let want = "digits must be one or more of the keys 0 to 9, A to D, * and #";
        return Err((StatusCode::UNPROCESSABLE_ENTITY, want.to_owned()));
    }
    let mut world = shared.world();
    world.catch_up(shared.clock.now());
    let pressed = world.press(&id, &keypress.digits);
    drop(world);
    shared.bell.notify_one();
    Ok(if pressed.is_some() { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND })
}

/// The other end of a live call hangs up.
async fn leave(State(shared): AppState, Path(id): Path<String>) -> StatusCode {
    let mut world = shared.world();
    world.catch_up(shared.clock.now());
    let left = world.leave(&id);
    drop(world);
    shared.bell.notify_one();
    if left.is_some() { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND }
}

async fn conferences(State(shared): AppState) -> Json<Vec<Value>> {
    let mut world = shared.world();
    world.catch_up(shared.clock.now());
    Json(world.conferences())
}

async fn objects(State(shared): AppState) -> Json<Value> {
    let mut world = shared.world();
    world.catch_up(shared.clock.now());
    Json(world.objects())
}

async fn endpoints(State(shared): AppState) -> Json<Vec<String>> {
    Json(shared.world().endpoints().to_vec())
}

async fn public_key(State(shared): AppState) -> Json<Value> {
    Json(json!({ "publicKey": shared.public_key }))
}

/// The behaviour in force, without keys and seeds.
async fn config(State(shared): AppState) -> Json<Value> {
    let mut config = serde_json::to_value(&shared.config).unwrap_or_default();
    if let Some(config) = config.as_object_mut() {
        config.remove("keys");
        config.remove("signingSeed");
    }
    Json(config)
}

async fn time(State(shared): AppState) -> Json<Value> {
    Json(json!({ "now": shared.clock.now() }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Advance {
    advance_ms: u64,
}

/// Time jumps; everything due by then has happened when the answer comes, its webhooks are being sent.
async fn advance(State(shared): AppState, Json(advance): Json<Advance>) -> Json<Value> {
    shared.clock.jump(Duration::from_millis(advance.advance_ms));
    let now = shared.clock.now();
    shared.world().catch_up(now);
    shared.bell.notify_one();
    Json(json!({ "now": now }))
}

async fn faults(State(shared): AppState) -> Json<Vec<FaultView>> {
    Json(shared.world().faults())
}

async fn arm(State(shared): AppState, Json(fault): Json<Fault>) -> Result<Json<Value>, (StatusCode, String)> {
    fault.check("fault").map_err(|error| (StatusCode::UNPROCESSABLE_ENTITY, error.to_string()))?;
    Ok(Json(json!({ "id": shared.world().arm(fault) })))
}

async fn disarm(State(shared): AppState, Path(id): Path<u64>) -> StatusCode {
    if shared.world().disarm(id) { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND }
}

async fn disarm_all(State(shared): AppState) -> StatusCode {
    shared.world().disarm_all();
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
struct Keys {
    accept: Vec<ApiKey>,
    revoke: Vec<ApiKey>,
}

async fn keys(State(shared): AppState, Json(keys): Json<Keys>) -> StatusCode {
    let mut world = shared.world();
    for key in &keys.revoke {
        world.revoke_key(key);
    }
    for key in keys.accept {
        world.accept_key(key);
    }
    StatusCode::NO_CONTENT
}

async fn reset(State(shared): AppState) -> impl IntoResponse {
    shared.reset();
    StatusCode::NO_CONTENT
}
