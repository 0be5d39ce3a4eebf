//! How an account and everything that uses it stand.

use crate::desk::Desk;
use serde_json::{Value, json};
use telnyx_operator::api::{CallFlow, Queue};

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_shown_with_everything_that_uses_it() {
    let desk = Desk::open().await;
    let ran = desk.telnyx(&["status"]).await;
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let lines: Vec<&str> = ran.out.lines().collect();
    let begins = |line: usize, with: &str| lines[line].starts_with(with);
    assert!(begins(0, "NAME ") && lines[0].ends_with("DETAIL"), "{}", ran.out);
    assert!(begins(1, &format!("TelnyxAccount {}/main ", desk.world.namespace)), "{}", ran.out);
    assert!(begins(2, "├─ OutboundVoiceProfile us-calls ") && lines[2].contains(" Ready "), "{}", ran.out);
    assert!(begins(3, "├─ CallControlApplication support ") && begins(4, "└─ Queue waiting-room "), "{}", ran.out);
    assert!(!ran.out.contains('\x1b'), "there is no terminal: {}", ran.out);
    let wide = desk.telnyx(&["status", "main", "-o", "wide"]).await.ok();
    assert!(wide.contains(desk.connection.as_str()) && wide.contains("MESSAGE"), "{wide}");

    // Who is not well, and whom nobody uses.
    desk.world.queue("lost", json!({ "accountRef": { "name": "gone" } })).await;
    desk.world.reason::<Queue>("lost", "Ready", "AccountNotFound").await;
    let steps = json!({ "steps": [{ "name": "bye", "hangup": {} }] });
    desk.world.put::<CallFlow>("old", steps).await;
    let ran = desk.telnyx(&["status", "-o", "json"]).await;
    assert_eq!(ran.code, 3, "{}{}", ran.out, ran.err);
    let tree: Value = serde_json::from_str(&ran.out).unwrap();
    let health = |account: &str| {
        let found = tree["accounts"].as_array().unwrap().iter().find(|one| one["name"] == account).unwrap();
        (found["health"].clone(), found["children"][0]["name"].clone(), found["children"][0]["reason"].clone())
    };
    assert_eq!(health("gone"), (json!("Missing"), json!("lost"), json!("AccountNotFound")));
    assert_eq!(health("main").0, "Ready");
    assert_eq!(tree["unused"][0]["name"], "old");
    let one = desk.telnyx(&["status", "main", "-o", "yaml"]).await.ok();
    assert!(one.contains("waiting-room") && !one.contains("lost") && !one.contains("old"), "{one}");

    let everywhere = desk.telnyx_as(desk.kubeconfig(), "kube-public", &["status", "-A", "-o", "json"]).await;
    assert!(everywhere.out.contains(&desk.world.namespace), "{}", everywhere.err);
    let nowhere = desk.telnyx(&["status", "other"]).await.said();
    assert!(nowhere.contains("no TelnyxAccount other") && nowhere.contains("there is main"), "{nowhere}");
    desk.world.delete::<Queue>("lost").await;
    desk.world.end().await;
}
