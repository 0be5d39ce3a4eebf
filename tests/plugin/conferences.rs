//! Looking at conferences and commanding them.

use crate::desk::Desk;
use crate::world::eventually;
use telnyx_voice::conference::{ConferenceJoinRequest, ConferenceRequest};

#[tokio::test(flavor = "multi_thread")]
async fn a_conference_is_shown_commanded_and_ended() {
    let desk = Desk::open().await;
    let nothing = desk.telnyx(&["conference", "list"]).await;
    assert!(nothing.err.contains("No conference is live"), "{}", nothing.err);
    let (host, guest) = (desk.call().await, desk.call().await);
    let request = ConferenceRequest::default().name("stand-up").call_control_id(&host);
    let id = desk.world.telnyx.create_conference(&request).await.unwrap().id.unwrap();
    let join = ConferenceJoinRequest::default().call_control_id(&guest);
    desk.world.telnyx.conference_command(&id, &join).await.unwrap();

    let listed = desk.telnyx(&["conference", "list"]).await.ok();
    assert!(listed.contains("stand-up   in_progress   support"), "{listed}");
    let one = desk.telnyx(&["conference", "get", id.as_str(), "-o", "json"]).await.json();
    assert_eq!(one["conference"]["name"], "stand-up");
    desk.telnyx(&["conference", "mute", "stand-up", guest.as_str()]).await.ok();
    let people = desk.telnyx(&["conference", "participants", "stand-up", "-o", "json"]).await.json();
    let muted: Vec<&str> = people["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["muted"] == true)
        .map(|one| one["call_control_id"].as_str().unwrap())
        .collect();
    assert_eq!(muted, [guest.as_str()]);

    let said = desk.telnyx(&["conference", "end", "retro"]).await.said();
    assert!(said.contains("no conference retro is live") && said.contains("there is stand-up"), "{said}");
    desk.telnyx(&["conference", "end", "stand-up"]).await.ok();
    eventually("the conference is over", || async {
        let ran = desk.telnyx(&["conference", "mute", "stand-up"]).await;
        if ran.err.contains("no conference stand-up is live") { Ok(()) } else { Err(ran.err) }
    })
    .await;
    desk.world.end().await;
}
