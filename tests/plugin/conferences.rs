//! Looking at conferences and commanding them.

use crate::desk::Desk;
use crate::world::eventually;
use serde_json::json;
use telnyx_operator::api::Conference;
use telnyx_voice::conference::{ConferenceJoinRequest, ConferenceRegion, ConferenceRequest};

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

    let change = ["conference", "participant", "stand-up", guest.as_str()];
    let options = ["--end-conference-on-exit", "--beep-enabled", "on_exit"];
    desk.telnyx(&[&change[..], &options].concat()).await.ok();
    let people = desk.telnyx(&["conference", "participants", "stand-up", "-o", "json"]).await.json();
    let who_ends = |one: &&serde_json::Value| one["end_conference_on_exit"] == true;
    let ending: Vec<_> = people["items"].as_array().unwrap().iter().filter(who_ends).collect();
    assert!(ending.len() == 1 && ending[0]["call_control_id"] == guest.as_str(), "{people}");
    let said = desk.telnyx(&change).await.said();
    assert!(said.contains("--soft-end-conference-on-exit"), "{said}");
    let said =
        desk.telnyx(&["conference", "participant", "stand-up", "v3:nobody", "--beep-enabled", "never"]).await.said();
    assert!(said.contains("does not take part in conference stand-up"), "{said}");

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

#[tokio::test(flavor = "multi_thread")]
async fn a_conference_in_a_region_that_a_policy_names_is_found_and_commanded() {
    let desk = Desk::open().await;
    let host = desk.call().await;
    let request = ConferenceRequest::default().name("abroad").region(ConferenceRegion::Europe).call_control_id(&host);
    desk.world.telnyx.create_conference(&request).await.unwrap();
    let nothing = desk.telnyx(&["conference", "list"]).await;
    assert!(nothing.err.contains("No conference is live"), "{}", nothing.err);
    let policy = json!({ "accountRef": { "name": "main" }, "region": "Europe" });
    desk.world.put::<Conference>("abroad", policy).await;
    let listed = desk.telnyx(&["conference", "list", "-o", "wide"]).await.ok();
    assert!(listed.contains("abroad") && listed.contains("Europe"), "{listed}");
    let one = desk.telnyx(&["conference", "get", "abroad", "-o", "json"]).await.json();
    assert_eq!(one["conference"]["region"], "Europe");
    desk.telnyx(&["conference", "mute", "abroad", host.as_str()]).await.ok();
    let people = desk.telnyx(&["conference", "participants", "abroad", "-o", "json"]).await.json();
    assert_eq!(people["items"][0]["muted"], true, "{people}");
    desk.telnyx(&["conference", "end", "abroad"]).await.ok();
    desk.world.end().await;
}
