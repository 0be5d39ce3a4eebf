//! Having the operator look now, and putting what exists under its management.

use crate::desk::Desk;
use serde_json::json;
use telnyx_operator::api::{CallControlApplication, Queue};
use telnyx_voice::{ApplicationRequest, QueueRequest, QueueUpdate};

#[tokio::test(flavor = "multi_thread")]
async fn a_resync_puts_right_what_differs_before_the_next_round() {
    let desk = Desk::open().await;
    desk.world.account(json!({ "resyncPeriodSecs": 86_400 })).await;
    desk.world.queue("waiting-room", json!({ "maxSize": 7 })).await;
    desk.world.ready::<Queue>("waiting-room").await;
    let before = desk.world.get::<Queue>("waiting-room").await;
    desk.world.telnyx.update_queue("waiting-room", &QueueUpdate::default().max_size(9)).await.unwrap();
    let said = desk.telnyx(&["resync", "txq", "waiting-room", "--timeout", "180"]).await.ok();
    assert!(said.contains("Queue waiting-room was read anew: Ready True"), "{said}");
    let queue = desk.world.telnyx.get_queue("waiting-room").await.unwrap();
    assert_eq!(queue.max_size, Some(7));
    let after = desk.world.get::<Queue>("waiting-room").await;
    assert_eq!(after["metadata"]["generation"], before["metadata"]["generation"], "no spec was changed");
    for arguments in [["resync", "account", "main"], ["resync", "Application", "support"]] {
        let said = desk.telnyx(&[&arguments[..], &["--timeout", "180"]].concat()).await.ok();
        assert!(said.contains("was read anew"), "{said}");
    }

    let said = desk.telnyx(&["resync", "queue", "waiting"]).await.said();
    assert!(said.contains("no Queue waiting") && said.contains("there is waiting-room"), "{said}");
    let ran = desk.telnyx(&["resync", "flow", "support"]).await;
    assert!(ran.code == 2 && ran.err.contains("possible values: account"), "{}", ran.err);
    desk.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resync_that_nobody_heeds_says_how_the_object_stands() {
    let mut desk = Desk::open().await;
    desk.world.stop_operator().await;
    let said = desk.telnyx(&["resync", "queue", "waiting-room", "--timeout", "1"]).await.said();
    assert!(said.contains("a resync of Queue waiting-room was asked for") && said.contains("Ready True"), "{said}");
    assert!(said.contains("kubectl telnyx doctor"), "{said}");
    desk.telnyx(&["resync", "queue", "waiting-room", "--timeout", "0"]).await.ok();
    desk.world.start_operator().await;
    desk.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_exists_at_telnyx_is_adopted_as_it_is() {
    let desk = Desk::open().await;
    let request = ApplicationRequest::default()
        .application_name("Hotline".to_owned())
        .webhook_event_url("https://elsewhere.example.com/hook".to_owned());
    let hotline = desk.world.telnyx.create_application(&request).await.unwrap().id.unwrap();
    let adopt = |id: &'static str| ["adopt", "application", "hotline", "--timeout", "180", "--id", id];

    let said = desk.telnyx(&adopt("404")).await.said();
    assert!(said.contains("the account holds no application 404"), "{said}");
    let id: &'static str = hotline.as_str().to_owned().leak();
    let shown = desk.telnyx(&[&adopt(id)[..], &["--dry-run"]].concat()).await.ok();
    assert!(shown.contains("applicationName: Hotline") && shown.contains(id), "{shown}");
    assert!(desk.world.api::<CallControlApplication>().get_opt("hotline").await.unwrap().is_none());

    let patches = desk.world.requests("PATCH /call_control_applications/{id}").await;
    let said = desk.telnyx(&adopt(id)).await.ok();
    assert!(said.contains(&format!("CallControlApplication hotline stands for {id} now")), "{said}");
    let patched = desk.world.requests("PATCH /call_control_applications/{id}").await;
    assert_eq!(patched, patches, "nothing changed at Telnyx");
    let again = desk.telnyx(&adopt(id)).await.ok();
    assert!(again.contains("stands for") && again.contains("already"), "{again}");
    let other = desk.telnyx(&["adopt", "application", "support", "--id", id]).await.said();
    assert!(other.contains(desk.connection.as_str()) && other.contains("cannot change over"), "{other}");
    desk.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resource_whose_name_is_taken_adopts_the_namesake() {
    let desk = Desk::open().await;
    let request = QueueRequest::default().queue_name("night").max_size(5);
    desk.world.telnyx.create_queue(&request).await.unwrap();
    desk.world.queue("night", json!({})).await;
    desk.world.reason::<Queue>("night", "Ready", "NameTaken").await;
    let said = desk.telnyx(&["adopt", "queue", "night", "--id", "night", "--timeout", "180"]).await.ok();
    assert!(said.contains("Queue night stands for night now"), "{said}");
    assert_eq!(desk.world.get::<Queue>("night").await["spec"]["import"]["id"], "night");
    desk.world.end().await;
}
