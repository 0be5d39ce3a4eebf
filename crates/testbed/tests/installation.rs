//! An installation starts as a user's does, survives its operator, and leaves nothing behind.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::time::Duration;

use serde_json::{Value, json};
use testbed::{Testbed, TimedOut, eventually};

async fn ready(testbed: &Testbed, object: &str) -> Result<Value, TimedOut> {
    eventually(&format!("{object} is Ready"), Duration::from_mins(1), async || {
        let object = testbed.kubectl().json(["get", object]).await.map_err(|error| error.to_string())?;
        let conditions = object.pointer("/status/conditions").and_then(Value::as_array).cloned().unwrap_or_default();
        let ready = conditions.iter().any(|condition| {
            condition.get("type").is_some_and(|it| it == "Ready")
                && condition.get("status").is_some_and(|it| it == "True")
        });
        if ready { Ok(object) } else { Err(format!("{:?}", object.get("status"))) }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_installation_works_and_survives_a_killed_operator() {
    let testbed = Testbed::builder().start().await.unwrap();
    testbed.apply_account("acme", &json!({ "resyncPeriodSecs": 1 })).await.unwrap();
    ready(&testbed, "telnyxaccount/acme").await.unwrap();

    let first = testbed.operator().pid().unwrap();
    testbed.operator().sigkill().await.unwrap();
    assert_eq!(testbed.operator().pid(), None);
    let queue = json!({ "apiVersion": "telnyx-operator.io/v1alpha1", "kind": "Queue", "metadata": { "name": "support" },
        "spec": { "accountRef": { "name": "acme" }, "maxSize": 5 } });
    testbed.kubectl().apply_manifest(&queue.to_string()).await.unwrap();
    testbed.operator().start().await.unwrap();
    assert_ne!(testbed.operator().pid(), Some(first));
    let queue = ready(&testbed, "queue/support").await.unwrap();
    assert!(queue["status"]["id"].is_string(), "{queue}");

    let exit = testbed.operator().stop().await.unwrap().unwrap();
    assert_eq!(exit.code(), Some(0), "SIGTERM is an orderly end");
    let folder = testbed.directory().to_owned();
    testbed.stop().await.unwrap();
    assert!(!folder.exists());
}
