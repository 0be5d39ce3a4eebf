//! Looking into queues, and who may stay in them.

use crate::desk::{CALLED, Desk};
use crate::world::eventually;
use telnyx_voice::HangupRequest;

#[tokio::test(flavor = "multi_thread")]
async fn waiting_calls_are_listed_without_their_numbers() {
    let desk = Desk::open().await;
    let id = desk.call().await;
    desk.enqueue(&id).await;
    let queues = desk.telnyx(&["queue", "list"]).await.ok();
    let line = queues.lines().nth(1).unwrap();
    assert!(line.starts_with("waiting-room   1 "), "{queues}");
    let calls = desk.telnyx(&["queue", "calls", "waiting-room"]).await.ok();
    assert!(calls.contains(id.as_str()) && calls.contains("+*********01") && !calls.contains(CALLED), "{calls}");
    let whole = desk.telnyx(&["queue", "calls", "waiting-room", "--show-numbers"]).await.ok();
    assert!(whole.contains(CALLED), "{whole}");
    let json = desk.telnyx(&["queue", "calls", "waiting-room", "-o", "json"]).await;
    assert!(!json.out.contains(CALLED));
    assert_eq!(json.json()["items"][0]["queue_position"], 1);
    let one = desk.telnyx(&["queue", "get", "waiting-room", "-o", "json"]).await.json();
    assert_eq!(one["queue"]["current_size"], 1);
    // A queue with a call in it is not deleted.
    desk.telnyx(&["calls", "hangup", id.as_str()]).await.ok();
    desk.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_whose_place_is_kept_stays_after_it_hung_up_and_can_be_removed() {
    let desk = Desk::open().await;
    let id = desk.call().await;
    desk.enqueue(&id).await;
    desk.telnyx(&["queue", "keep", "waiting-room", id.as_str()]).await.ok();
    desk.world.telnyx.hangup(&id, &HangupRequest::default()).await.unwrap();
    eventually("the call is over and still there", || async {
        let calls = desk.telnyx(&["queue", "calls", "waiting-room"]).await.ok();
        if calls.contains(" no ") && calls.contains(id.as_str()) { Ok(()) } else { Err(calls) }
    })
    .await;
    let said = desk.telnyx(&["queue", "remove", "waiting-room", id.as_str()]).await.ok();
    assert!(said.contains("removed"), "{said}");
    let again = desk.telnyx(&["queue", "remove", "waiting-room", id.as_str()]).await.said();
    assert!(again.contains("is not in Queue waiting-room"), "{again}");
    desk.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_the_namespace_does_not_declare_is_not_looked_into() {
    let desk = Desk::open().await;
    let queue = telnyx_voice::QueueRequest::default().queue_name("private");
    desk.world.telnyx.create_queue(&queue).await.unwrap();
    let said = desk.telnyx(&["queue", "calls", "private"]).await.said();
    assert!(said.contains("no Queue private") && said.contains("there is waiting-room"), "{said}");
    desk.world.end().await;
}
