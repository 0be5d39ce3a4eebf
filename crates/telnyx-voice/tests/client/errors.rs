//! Answers that say no, and answers that say nothing.

use serde_json::json;
use telnyx_voice::{
    ApiKey, ApplicationRequest, Class, Client, DialRequest, Endpoint, Error, HangupRequest, PhoneNumber, QueueUpdate,
    classify,
};

use crate::server::{Reply, Server, data, raw};

fn dial() -> DialRequest {
    let number = |text| PhoneNumber::parse(text).unwrap();
    DialRequest::new("app", &number("+15550100001"), &number("+15550100002"))
}

#[tokio::test]
async fn a_refusal_keeps_code_field_and_detail_and_hides_the_number() {
    let body = json!({ "errors": [
        { "code": "10016", "title": "Phone number must be in +E164 format", "detail": "+1 (555) 010-0002 is wrong",
          "source": { "pointer": "/to" }, "meta": { "url": "https://example.com" } },
        { "code": "10033", "title": "Out of range", "source": { "parameter": "page[size]" } },
    ] });
    let server = Server::start([Reply::Json(422, body)]).await;
    let error = server.client().dial(&dial()).await.unwrap_err();
    assert_eq!(classify(&error, Endpoint::Dial), Class::InvalidDestination);
    let api = error.api().unwrap();
    assert_eq!(api.status, 422);
    assert_eq!(api.items[0].pointer.as_deref(), Some("/to"));
    assert_eq!(api.items[0].detail, "+1 (555) 010-0002 is wrong");
    assert_eq!(api.items[1].parameter.as_deref(), Some("page[size]"));
    for shown in [format!("{error}"), format!("{error:?}"), api.safe_detail(), api.items[0].safe_detail()] {
        assert!(!shown.contains("555"), "{shown}");
        assert!(!shown.contains("0002"), "{shown}");
    }
}

#[tokio::test]
async fn an_error_body_that_is_not_json_still_has_its_status() {
    let server = Server::start([Reply::Text(403, "<html>Blocked by the proxy</html>")]).await;
    let error = server.client().dial(&dial()).await.unwrap_err();
    assert_eq!(error.api().unwrap().status, 403);
    assert_eq!(error.api().unwrap().items, []);
    assert_eq!(classify(&error, Endpoint::Dial), Class::Forbidden);
}

#[tokio::test]
async fn an_error_body_that_breaks_off_still_has_its_status() {
    let (url, server) = raw(b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 99\r\n\r\n{\"er").await;
    let client = Client::builder(ApiKey::new("KEY").unwrap()).base_url(url).build().unwrap();
    let error = client.dial(&dial()).await.unwrap_err();
    assert_eq!(classify(&error, Endpoint::Dial), Class::Unauthenticated);
    server.await.unwrap();
}

#[tokio::test]
async fn an_error_body_of_another_form_is_read_as_far_as_it_goes() {
    let body = json!({ "errors": [{ "code": 90018, "title": null, "detail": "over" }, { "source": null }] });
    let server = Server::start([Reply::Json(422, body)]).await;
    let error = server.client().hangup(&"v3:x".into(), &HangupRequest::default()).await.unwrap_err();
    assert_eq!(error.api().unwrap().code(), Some("90018"));
    assert_eq!(classify(&error, Endpoint::Hangup), Class::AlreadyDone);
}

#[tokio::test]
async fn a_dial_that_is_accepted_without_ids_says_so() {
    let bodies = [
        Reply::Text(200, ""),
        Reply::Json(200, json!({})),
        data(json!({})),
        data(json!(null)),
        data(json!({ "call_control_id": "" })),
        data(json!({ "call_control_id": 7 })),
    ];
    for body in bodies {
        let server = Server::start([body]).await;
        let error = server.client().dial(&dial()).await.unwrap_err();
        assert!(matches!(error, Error::AcceptedWithoutIds { status: 200 }), "{error:?}");
        assert_eq!(classify(&error, Endpoint::Dial), Class::AcceptedWithoutIds);
        assert!(error.may_have_acted());
    }
}

#[tokio::test]
async fn a_dial_is_accepted_though_it_is_not_alive() {
    let answer = data(json!({
        "call_control_id": "v3:x", "call_leg_id": "l", "call_session_id": "s", "is_alive": false, "record_type": "call",
    }));
    let server = Server::start([answer]).await;
    let call = server.client().dial(&dial()).await.unwrap();
    assert_eq!(call.call_control_id.unwrap().as_str(), "v3:x");
}

#[tokio::test]
async fn a_create_that_is_accepted_without_an_id_says_so() {
    for body in [Reply::Json(201, json!({ "data": {} })), Reply::Text(201, "{\"data\": [")] {
        let server = Server::start([body]).await;
        let error = server.client().create_application(&ApplicationRequest::default()).await.unwrap_err();
        assert!(matches!(error, Error::AcceptedWithoutIds { status: 201 }), "{error:?}");
    }
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_not_taken_for_an_empty_one() {
    for body in [Reply::Text(200, "<html>"), data(json!({ "active": "yes" })), Reply::Json(200, json!({}))] {
        let server = Server::start([body]).await;
        let error = server.client().get_application(&"7".into()).await.unwrap_err();
        assert!(matches!(error, Error::Decode { status: 200, .. }), "{error:?}");
        assert_eq!(classify(&error, Endpoint::Applications), Class::Unreadable);
    }
}

#[tokio::test]
async fn a_repeated_command_with_an_empty_answer_is_accepted() {
    let server = Server::start([Reply::Text(200, "")]).await;
    let result = server.client().hangup(&"v3:x".into(), &HangupRequest::default()).await.unwrap();
    assert_eq!(result.result, None);
}

#[tokio::test]
async fn a_redirect_is_not_followed_with_the_key() {
    let server = Server::start([Reply::WithHeaders(302, json!({}), vec![("location", "http://127.0.0.1:9/")])]).await;
    let error = server.client().dial(&dial()).await.unwrap_err();
    assert_eq!(error.api().unwrap().status, 302);
    assert_eq!(classify(&error, Endpoint::Dial), Class::Refused);
}

#[tokio::test]
async fn a_name_that_would_leave_its_path_is_not_sent() {
    let server = Server::start([]).await;
    for name in ["", ".", ".."] {
        let error = server.client().update_queue(name, &QueueUpdate::default().max_size(7)).await.unwrap_err();
        assert!(matches!(error, Error::Unsendable { field: "queue_name", .. }), "{error:?}");
    }
    assert!(server.seen().is_empty());
}
