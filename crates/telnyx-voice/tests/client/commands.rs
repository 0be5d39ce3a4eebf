//! Commands: what is held back, and what is sent again.

use serde_json::json;
use telnyx_voice::bounds::{Problem, Rule};
use telnyx_voice::call::{EnqueueRequest, GatherRequest, SendDtmfRequest, SiprecStartRequest};
use telnyx_voice::conference::{ConferenceHoldRequest, ConferenceJoinRequest, ConferenceRequest};
use telnyx_voice::{CallCommand as _, Class, DialRequest, Endpoint, Error, PhoneNumber, classify};

use crate::server::{Reply, Server, data, refusal};

fn ok() -> Reply {
    data(json!({ "result": "ok" }))
}

#[tokio::test]
async fn what_the_api_would_refuse_is_not_sent() {
    let server = Server::start([]).await;
    let client = server.client();
    let leg = "v3:x".into();
    let number = |text| PhoneNumber::parse(text).unwrap();
    let dial = DialRequest::new("app", &number("+15550100001"), &number("+15550100002")).timeout_secs(4);
    let errors = [
        client.command(&leg, &SendDtmfRequest::default().digits("12 34")).await.unwrap_err(),
        client.command(&leg, &GatherRequest::default().maximum_digits(129)).await.unwrap_err(),
        client.conference_command(&"c".into(), &ConferenceJoinRequest::default()).await.unwrap_err(),
        client
            .create_conference(&ConferenceRequest::default().name("a").call_control_id("v3:x").max_participants(1))
            .await
            .unwrap_err(),
        client.dial(&dial).await.unwrap_err(),
    ];
    let broken: Vec<_> = errors
        .iter()
        .map(|error| {
            assert!(!error.may_have_acted());
            assert_eq!(classify(error, Endpoint::Command), Class::InvalidRequest);
            let Error::OutOfBounds(error) = error else { panic!("{error:?}") };
            (error.field.as_str(), error.problem, error.allowed)
        })
        .collect();
    assert_eq!(
        broken,
        [
            ("digits", Problem::CharacterAt(3), Rule::Characters("0-9A-D*#wW")),
            ("maximum_digits", Problem::Number(129.0), Rule::Range(1, 128)),
            ("call_control_id", Problem::Missing, Rule::AtSend),
            ("max_participants", Problem::Number(1.0), Rule::Range(2, 800)),
            ("timeout_secs", Problem::Number(4.0), Rule::Range(5, 600)),
        ]
    );
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn a_command_is_sent_again_under_its_id_and_not_without_one() {
    let leg = "v3:x".into();
    let server = Server::start([refusal(503, "10007"), ok()]).await;
    let enqueue = EnqueueRequest::default().queue_name("support");
    server.client().command(&leg, &enqueue.clone().command_id("c1")).await.unwrap();
    assert_eq!(server.seen().len(), 2);
    assert!(server.seen().iter().all(|seen| seen.body["command_id"] == "c1"));

    let server = Server::start([refusal(503, "10007")]).await;
    let error = server.client().command(&leg, &enqueue).await.unwrap_err();
    assert_eq!(classify(&error, EnqueueRequest::OPERATION.endpoint), Class::Unavailable);
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn what_has_no_command_id_is_never_sent_twice() {
    let server = Server::start([refusal(503, "10007"), refusal(503, "10007")]).await;
    let client = server.client();
    client.command(&"v3:x".into(), &SiprecStartRequest::default()).await.unwrap_err();
    client.conference_command(&"c".into(), &ConferenceHoldRequest::default()).await.unwrap_err();
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn a_change_of_the_client_state_is_repeated_because_it_is_a_put() {
    let server = Server::start([refusal(503, "10007"), ok()]).await;
    server.client().update_client_state(&"v3:x".into(), &"YQ==".into()).await.unwrap();
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn a_conference_is_made_again_under_its_command_id_only() {
    let request = ConferenceRequest::default().name("support").call_control_id("v3:x");
    let server = Server::start([refusal(503, "10007"), data(json!({ "id": "7" }))]).await;
    let made = server.client().create_conference(&request.clone().command_id("c1")).await.unwrap();
    assert_eq!(made.id, Some("7".into()));

    let server = Server::start([refusal(503, "10007")]).await;
    server.client().create_conference(&request).await.unwrap_err();
    assert_eq!(server.seen().len(), 1);
}
