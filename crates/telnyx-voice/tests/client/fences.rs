//! A client with a fence sends what changes something only while the fence is open.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;
use telnyx_voice::{
    ApplicationRequest, Class, DialRequest, Endpoint, Error, Fence, HangupRequest, PhoneNumber, classify,
};

use crate::server::{Reply, Server, data};

/// Lets pass for as long as the seconds say; zero is closed.
fn open_for(seconds: &Arc<AtomicU64>) -> Fence {
    let seconds = Arc::clone(seconds);
    Arc::new(move || Some(Duration::from_secs(seconds.load(Ordering::SeqCst))).filter(|left| !left.is_zero()))
}

fn dial() -> DialRequest {
    let number = |text| PhoneNumber::parse(text).unwrap();
    DialRequest::new("app", &number("+15550100001"), &number("+15550100002")).command_id("once")
}

#[tokio::test]
async fn behind_a_closed_fence_reads_pass_and_nothing_else() {
    let server = Server::start([data(json!({ "id": "7" }))]).await;
    let client = server.builder().fence(open_for(&Arc::default())).build().unwrap();
    client.get_application(&"7".into()).await.unwrap();
    let application = ApplicationRequest::default().application_name("a").webhook_event_url("https://example.com");
    let refused = [
        client.dial(&dial()).await.unwrap_err(),
        client.hangup(&"c".into(), &HangupRequest::default().command_id("h")).await.unwrap_err(),
        client.create_application(&application).await.unwrap_err(),
        client.delete_application(&"7".into()).await.unwrap_err(),
    ];
    for error in refused {
        assert!(matches!(error, Error::Withheld), "{error:?}");
        assert!(!error.may_have_acted());
        assert_eq!(classify(&error, Endpoint::Dial), Class::Withheld);
    }
    assert_eq!(server.seen().len(), 1, "only the read was sent");
}

#[tokio::test]
async fn a_dial_is_begun_only_where_it_ends_before_the_fence_closes() {
    let server = Server::start([data(json!({ "call_control_id": "c", "call_leg_id": "l" }))]).await;
    let left = Arc::new(AtomicU64::new(6));
    let client = server.builder().fence(open_for(&left)).build().unwrap();
    assert!(matches!(client.dial(&dial()).await, Err(Error::Withheld)));
    left.store(7, Ordering::SeqCst);
    client.dial(&dial()).await.unwrap();
    assert_eq!(server.seen().len(), 1);
    assert_eq!(server.seen()[0].body["to"], "+15550100002");
}

#[tokio::test]
async fn a_fence_that_closes_between_the_decision_and_the_write_keeps_the_request_back() {
    // Open when the try begins, and closed when the body is asked for: what a process finds that stood still in between.
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let fence: Fence = Arc::new(move || (count.fetch_add(1, Ordering::SeqCst) == 0).then_some(Duration::from_secs(13)));
    let server = Server::start([]).await;
    let client = server.builder().fence(fence).build().unwrap();
    let error = client.dial(&dial()).await.unwrap_err();
    assert!(matches!(error, Error::Withheld), "{error:?}");
    assert_eq!(asked.load(Ordering::SeqCst), 2);
    assert!(server.seen().is_empty(), "the server has seen nothing of it");
}

#[tokio::test]
async fn a_try_that_was_kept_back_does_not_hide_one_before_it_that_may_have_acted() {
    // Open for the first try, and for its body; closed when it is tried again.
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let fence: Fence = Arc::new(move || (count.fetch_add(1, Ordering::SeqCst) < 2).then_some(Duration::from_secs(13)));
    let server = Server::start([Reply::Silence]).await;
    let client = server.builder().command_timeout(Duration::from_millis(50)).fence(fence).build().unwrap();
    let error = client.hangup(&"c".into(), &HangupRequest::default().command_id("h")).await.unwrap_err();
    assert!(matches!(error, Error::Timeout { .. }), "{error:?}");
    assert_eq!((server.seen().len(), asked.load(Ordering::SeqCst)), (1, 3), "it was sent once, and kept back once");
}

#[tokio::test]
async fn a_try_that_is_given_less_time_says_how_long_it_waited() {
    let server = Server::start([Reply::Silence]).await;
    let left = Arc::new(AtomicU64::new(3));
    let client = server.builder().timeout(Duration::from_millis(50)).fence(open_for(&left)).build().unwrap();
    let error = client.dial(&dial()).await.unwrap_err();
    assert!(matches!(error, Error::Timeout { after } if after == Duration::from_millis(50)), "{error:?}");
    assert!(error.may_have_acted());
}
