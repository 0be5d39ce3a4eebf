//! What goes from one replica to another, and what does not.

use std::sync::Arc;

use http::{Request, StatusCode};
use http_body_util::Full;
use telnyx_voice::webhook::public_key;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::tests::{Bed, OURS, PATH, actor, event};
use super::*;
use crate::ownership::{Contact, Fingerprint};

/// Two replicas: what reaches `near` is `far`'s to act on.
struct Pair {
    near: Bed,
    far: Bed,
    stop: CancellationToken,
    serving: JoinHandle<std::io::Result<()>>,
}

/// How the two know each other, where that is not as it should be.
#[derive(Default)]
struct Mistaken {
    /// What `near` takes for `far`'s certificate.
    far: Option<Fingerprint>,
    /// What `far` takes for `near`'s.
    near: Option<Fingerprint>,
}

impl Pair {
    async fn new(mistaken: Mistaken) -> Self {
        let (mut near, far) = (Bed::new(), Bed::new());
        let (of_near, of_far) = (Arc::new(Identity::make().unwrap()), Identity::make().unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let contact = Contact { address, fingerprint: mistaken.far.unwrap_or(of_far.fingerprint()) };
        let expected = mistaken.near.unwrap_or(of_near.fingerprint());
        let door = PeerDoor::new(listener, &of_far, Arc::new(move |fingerprint| *fingerprint == expected)).unwrap();
        let stop = CancellationToken::new();
        let serving = tokio::spawn(door.serve(Arc::clone(&far.receiver), stop.clone()));
        let holders: Holders = Arc::new(move |account| (account == "sales/main").then_some(contact));
        let receiver = Receiver::new(near.routes.clone(), Metrics::new(&mut near.registry));
        near.receiver = Arc::new(receiver.passing_on(Forwarder::new(of_near, holders)));
        near.routes.pass_on("sales", "main", public_key(&near.key));
        Self { near, far, stop, serving }
    }

    async fn end(self) -> Bed {
        self.stop.cancel();
        self.serving.await.unwrap().unwrap();
        self.near
    }
}

#[tokio::test]
async fn a_webhook_goes_to_the_replica_that_acts_for_its_account_and_that_one_answers() {
    let pair = Pair::new(Mistaken::default()).await;
    actor(pair.far.open(), Verdict::Durable);
    for id in ["e1", "e2", "e1"] {
        assert_eq!(pair.near.post(&event(id, OURS)).await, Answer::PassedOn, "{id}");
    }
    let far = pair.far.exposition();
    let counted = |result: &str, count: u8| {
        let line = format!(r#"webhook_deliveries_total{{result="{result}",event_type="call.answered"}} {count}"#);
        assert!(far.contains(&line), "{line}: {far}");
    };
    counted("acknowledged", 2);
    counted("duplicate", 1);
    let near = pair.end().await;
    assert_eq!(near.post(&event("e3", OURS)).await, Answer::HolderNotNow, "it has gone");
}

#[tokio::test]
async fn what_the_holder_does_not_take_is_wanted_again_and_goes_no_further() {
    let pair = Pair::new(Mistaken::default()).await;
    assert_eq!(pair.near.post(&event("e", OURS)).await, Answer::HolderNotNow, "it knows no such account yet");
    pair.far.routes.pass_on("sales", "main", public_key(&pair.far.key));
    assert_eq!(pair.near.post(&event("e", OURS)).await, Answer::HolderNotNow, "it does not act, and passes nothing on");
    assert!(pair.far.exposition().contains(r#"result="no_holder""#), "{}", pair.far.exposition());
    actor(pair.far.open(), Verdict::Again);
    assert_eq!(pair.near.post(&event("e", OURS)).await, Answer::HolderNotNow, "it cannot store it now");
    drop(pair.end().await);
}

#[tokio::test]
async fn nothing_is_passed_on_that_telnyx_has_not_signed() {
    let pair = Pair::new(Mistaken::default()).await;
    let mut inbox = pair.far.open();
    let unsigned = Request::post(PATH).body(Full::from(event("e", OURS))).unwrap();
    assert_eq!(pair.near.receiver.receive(unsigned).await, Answer::Forged);
    assert!(inbox.try_recv().is_err());
    assert!(!pair.far.exposition().contains("result="), "{}", pair.far.exposition());
    drop(pair.end().await);
}

#[tokio::test]
async fn a_webhook_is_told_to_nobody_but_the_holder() {
    let somebody_else = Identity::make().unwrap().fingerprint();
    let pair = Pair::new(Mistaken { far: Some(somebody_else), near: None }).await;
    let mut inbox = pair.far.open();
    assert_eq!(pair.near.post(&event("e", OURS)).await, Answer::HolderNotNow);
    assert!(inbox.try_recv().is_err());
    drop(pair.end().await);
}

#[tokio::test]
async fn nobody_but_a_replica_gets_an_answer_where_replicas_meet() {
    let somebody_else = Identity::make().unwrap().fingerprint();
    let pair = Pair::new(Mistaken { far: None, near: Some(somebody_else) }).await;
    let mut inbox = pair.far.open();
    assert_eq!(pair.near.post(&event("e", OURS)).await, Answer::HolderNotNow);
    assert!(inbox.try_recv().is_err());
    assert!(!pair.far.exposition().contains("result="), "{}", pair.far.exposition());
    drop(pair.end().await);
}

#[tokio::test]
async fn while_nobody_is_known_to_hold_the_account_telnyx_is_asked_to_come_again_soon() {
    let bed = Bed::new();
    bed.routes.pass_on("sales", "main", public_key(&bed.key));
    assert_eq!(bed.post(&event("e", OURS)).await, Answer::NoHolder);
    for answer in [Answer::NoHolder, Answer::HolderNotNow, Answer::TooSlow, Answer::AccountNotReady] {
        let response = server::response(answer);
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()["retry-after"], "1");
    }
    assert!(server::response(Answer::PassedOn).headers().is_empty());
}
