//! What is sent again, and what never is.

use std::time::Duration;

use serde_json::json;
use telnyx_voice::{
    ApiKey, ApplicationRequest, Class, Client, DialRequest, Endpoint, Error, HangupRequest, PhoneNumber, RetryPolicy,
    classify,
};

use crate::server::{Reply, Server, data, raw, refusal};

fn dial() -> DialRequest {
    let number = |text| PhoneNumber::parse(text).unwrap();
    DialRequest::new("app", &number("+15550100001"), &number("+15550100002")).command_id("once")
}

fn application() -> ApplicationRequest {
    ApplicationRequest::default().application_name("a").webhook_event_url("https://example.com")
}

#[tokio::test]
async fn a_read_is_repeated_until_it_succeeds() {
    let server = Server::start([refusal(503, "10007"), Reply::Text(502, "<html>"), data(json!({ "id": "7" }))]).await;
    let application = server.client().get_application(&"7".into()).await.unwrap();
    assert_eq!(application.id, Some("7".into()));
    assert_eq!(server.seen().len(), 3);
}

#[tokio::test]
async fn a_read_gives_up_after_three_tries() {
    let server = Server::start([refusal(500, "10007"), refusal(500, "10007"), refusal(503, "10007")]).await;
    let error = server.client().get_application(&"7".into()).await.unwrap_err();
    assert_eq!(error.api().unwrap().status, 503);
    assert_eq!(server.seen().len(), 3);
}

#[tokio::test]
async fn a_read_that_is_refused_is_not_repeated() {
    let server = Server::start([refusal(404, "10005")]).await;
    let error = server.client().get_application(&"7".into()).await.unwrap_err();
    assert_eq!(classify(&error, Endpoint::Applications), Class::NotFound);
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_create_whose_fate_is_unknown_is_not_repeated() {
    for reply in [refusal(500, "10007"), Reply::Silence] {
        let server = Server::start([reply]).await;
        let client = server.builder().timeout(Duration::from_millis(50)).build().unwrap();
        let error = client.create_application(&application()).await.unwrap_err();
        assert!(error.may_have_acted(), "{error}");
        assert_eq!(server.seen().len(), 1);
    }
}

#[tokio::test]
async fn a_create_that_was_turned_away_for_the_rate_is_repeated() {
    let limited = Reply::WithHeaders(
        429,
        json!({ "errors": [{ "code": "10011", "title": "Too many requests" }] }),
        vec![("x-ratelimit-reset", "0.01")],
    );
    let server = Server::start([limited, data(json!({ "id": "7" }))]).await;
    server.client().create_application(&application()).await.unwrap();
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn an_update_of_an_application_is_repeated() {
    let server = Server::start([refusal(500, "10007"), data(json!({ "id": "7" }))]).await;
    server.client().update_application(&"7".into(), &application()).await.unwrap();
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn a_dial_is_sent_once_whatever_happens() {
    for reply in [refusal(500, "10007"), refusal(429, "10011"), refusal(429, "90103"), Reply::Silence] {
        let server = Server::start([reply]).await;
        let client = server.builder().timeout(Duration::from_millis(50)).build().unwrap();
        client.dial(&dial()).await.unwrap_err();
        assert_eq!(server.seen().len(), 1);
    }
}

#[tokio::test]
async fn a_command_is_repeated_under_its_id() {
    let server = Server::start([refusal(500, "10007"), Reply::Silence, data(json!({ "result": "ok" }))]).await;
    let client = server.builder().command_timeout(Duration::from_millis(50)).build().unwrap();
    client.hangup(&"v3:x".into(), &HangupRequest::default().command_id("one")).await.unwrap();
    let ids: Vec<_> = server.seen().into_iter().map(|seen| seen.body["command_id"].clone()).collect();
    assert_eq!(ids, ["one", "one", "one"]);
}

#[tokio::test]
async fn a_command_without_an_id_is_sent_once() {
    let server = Server::start([refusal(500, "10007")]).await;
    server.client().hangup(&"v3:x".into(), &HangupRequest::default()).await.unwrap_err();
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_command_that_was_refused_is_not_repeated_under_its_id() {
    let server = Server::start([refusal(429, "10011")]).await;
    let hangup = HangupRequest::default().command_id("one");
    let error = server.client().hangup(&"v3:x".into(), &hangup).await.unwrap_err();
    assert_eq!(classify(&error, Endpoint::Hangup), Class::RequestRate);
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_silent_api_times_out_with_an_unknown_fate() {
    let server = Server::start([Reply::Silence]).await;
    let client = server.builder().timeout(Duration::from_millis(50)).build().unwrap();
    let error = client.dial(&dial()).await.unwrap_err();
    assert!(matches!(error, Error::Timeout { after } if after == Duration::from_millis(50)), "{error:?}");
    assert_eq!(classify(&error, Endpoint::Dial), Class::FateUnknown);
}

#[tokio::test]
async fn a_connection_that_breaks_after_the_request_leaves_the_fate_unknown() {
    let (url, server) = raw(b"").await;
    let client = Client::builder(ApiKey::new("KEY").unwrap()).base_url(url).build().unwrap();
    let error = client.dial(&dial()).await.unwrap_err();
    assert!(matches!(error, Error::NoAnswer(_)), "{error:?}");
    server.await.unwrap();
}

#[tokio::test]
async fn a_refused_connection_means_that_nothing_was_sent() {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}/v2", listener.local_addr().unwrap());
    drop(listener);
    let once = RetryPolicy { tries: 1, ..RetryPolicy::default() };
    let client = Client::builder(ApiKey::new("KEY").unwrap()).base_url(url).retries(once).build().unwrap();
    let error = client.dial(&dial()).await.unwrap_err();
    assert!(matches!(error, Error::NotSent(_)), "{error:?}");
    assert!(!error.may_have_acted());
    assert_eq!(classify(&error, Endpoint::Dial), Class::NotSent);
}

#[tokio::test]
async fn a_name_that_does_not_resolve_means_that_nothing_was_sent() {
    let once = RetryPolicy { tries: 1, ..RetryPolicy::default() };
    // RFC 2606 reserves the domain for names that never exist.
    let client = Client::builder(ApiKey::new("KEY").unwrap()).base_url("http://telnyx.invalid/v2").retries(once);
    let error = client.build().unwrap().dial(&dial()).await.unwrap_err();
    assert!(matches!(error, Error::NotSent(_)), "{error:?}");
}
