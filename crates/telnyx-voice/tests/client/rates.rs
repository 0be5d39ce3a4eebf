//! What the answers teach the budget.

use std::time::Duration;

use serde_json::json;
use telnyx_voice::{DialRequest, HangupRequest, Lane, PhoneNumber};

use crate::server::{Reply, Server, data, refusal};

fn dial() -> DialRequest {
    let number = |text| PhoneNumber::parse(text).unwrap();
    DialRequest::new("app", &number("+15550100001"), &number("+15550100002"))
}

#[tokio::test]
async fn the_rate_headers_are_learned() {
    let headers = vec![("x-ratelimit-limit", "200"), ("x-ratelimit-remaining", "150"), ("x-ratelimit-reset", "30")];
    let server = Server::start([Reply::WithHeaders(200, json!({ "data": { "id": "7" } }), headers)]).await;
    let client = server.client();
    client.get_application(&"7".into()).await.unwrap();
    let state = client.budget().state();
    assert_eq!((state.quota_limit, state.quota_remaining), (Some(200), Some(150)));
    assert_eq!(state.paused_for, None);
}

#[tokio::test]
async fn too_many_requests_pause_everything_until_the_reset() {
    let limited = Reply::WithHeaders(
        429,
        json!({ "errors": [{ "code": "10011", "title": "Too many requests" }] }),
        vec![("x-ratelimit-reset", "20")],
    );
    let server = Server::start([limited]).await;
    let client = server.client();
    client.hangup(&"v3:x".into(), &HangupRequest::default().command_id("one")).await.unwrap_err();
    let pause = client.budget().state().paused_for.unwrap();
    assert!((Duration::from_secs(19)..=Duration::from_secs(24)).contains(&pause), "{pause:?}");

    // The most urgent request waits too.
    let urgent = client.lane(Lane::LiveCall);
    let call = "v3:y".into();
    let hangup = HangupRequest::default();
    let mut waiting = std::pin::pin!(urgent.hangup(&call, &hangup));
    assert!(futures::poll!(waiting.as_mut()).is_pending());
    assert_eq!(client.budget().state().live_call.waiting, 1);
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn too_many_dials_pause_dials_alone() {
    let server = Server::start([refusal(429, "90103"), data(json!({ "result": "ok" }))]).await;
    let client = server.client();
    client.dial(&dial()).await.unwrap_err();
    let state = client.budget().state();
    assert_eq!(state.paused_for, None);
    assert!(state.dials_paused_for.unwrap() > Duration::from_millis(500));

    let request = dial();
    let mut waiting = std::pin::pin!(client.dial(&request));
    assert!(futures::poll!(waiting.as_mut()).is_pending());
    client.hangup(&"v3:x".into(), &HangupRequest::default()).await.unwrap();
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn a_refusal_about_srtp_pauses_nothing() {
    let server = Server::start([refusal(422, "10011")]).await;
    let client = server.client();
    client.dial(&dial()).await.unwrap_err();
    let state = client.budget().state();
    assert_eq!((state.paused_for, state.dials_paused_for), (None, None));
}
