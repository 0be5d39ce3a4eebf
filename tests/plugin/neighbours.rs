//! One account, two namespaces: each reaches its own calls only.

use crate::desk::Desk;
use serde_json::json;
use telnyx_operator::api::{CallControlApplication, TelnyxAccount};

#[tokio::test(flavor = "multi_thread")]
async fn a_call_on_another_namespaces_application_is_left_alone() {
    let mut desk = Desk::open().await;
    let theirs = desk.call().await;
    let home = desk.world.move_next_door().await;
    let account = format!("{home}/main");
    let reference = json!({ "name": "main", "namespace": home });

    let said = desk.telnyx(&["calls", "hangup", theirs.as_str(), "--account", &account]).await.said();
    assert!(said.contains("does not admit namespace"), "{said}");
    let next_door = std::mem::replace(&mut desk.world.namespace, home.clone());
    desk.world.account(json!({ "allowedNamespaces": [next_door] })).await;
    desk.world.ready::<TelnyxAccount>("main").await;
    desk.world.namespace = next_door;

    let said = desk.telnyx(&["calls", "hangup", theirs.as_str(), "--account", &account]).await.said();
    assert!(said.contains("no CallControlApplication in namespace"), "{said}");
    desk.world.application("sales", json!({ "accountRef": reference })).await;
    desk.world.ready::<CallControlApplication>("sales").await;
    for command in ["hangup", "get"] {
        let said = desk.telnyx(&["calls", command, theirs.as_str(), "--account", &account]).await.said();
        assert!(said.contains("is live on none of the applications") && said.contains("(sales)"), "{said}");
    }
    assert_eq!(desk.world.requests("POST /calls/{call_control_id}/actions/hangup").await, 0);
    let state = desk.simulated_calls().await[0]["state"].clone();
    assert_eq!(state, "answered");
    desk.world.delete_namespace().await;
    desk.world.namespace = home;
    desk.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_that_is_only_observed_can_be_commanded() {
    let desk = Desk::open().await;
    let import = json!({ "id": desk.connection.as_str() });
    desk.world.application("support", json!({ "deletionPolicy": "Retain" })).await;
    desk.world.ready::<CallControlApplication>("support").await;
    desk.world.delete::<CallControlApplication>("support").await;
    desk.world.gone::<CallControlApplication>("support").await;
    desk.world.application("watched", json!({ "managementPolicy": "ObserveOnly", "import": import })).await;
    desk.world.ready::<CallControlApplication>("watched").await;
    let id = desk.call().await;
    desk.telnyx(&["calls", "hangup", id.as_str()]).await.ok();
    // Nobody here deletes it any more, and the profile is in use as long as it is there.
    desk.world.telnyx.delete_application(&desk.connection).await.unwrap();
    desk.world.end().await;
}
