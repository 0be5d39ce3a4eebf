//! Which account is meant, and who may use its key.

use crate::desk::{Desk, run};
use k8s_openapi::api::core::v1::Secret;
use serde_json::json;
use std::process::Command;
use telnyx_operator::api::TelnyxAccount;

#[tokio::test(flavor = "multi_thread")]
async fn the_account_is_the_namespaces_only_one_or_the_one_that_is_named() {
    let desk = Desk::open().await;
    let missing = desk.telnyx(&["queue", "list", "--account", "other"]).await.said();
    assert!(missing.contains("no TelnyxAccount other") && missing.contains("there is main"), "{missing}");
    let spec = desk.world.get::<TelnyxAccount>("main").await["spec"].clone();
    desk.world.put::<TelnyxAccount>("second", spec).await;
    let several = desk.telnyx(&["queue", "list"]).await.said();
    assert!(several.contains("several accounts (main, second)") && several.contains("--account"), "{several}");
    desk.telnyx(&["queue", "list", "--account", "main"]).await.ok();

    let kubeconfig = desk.world.access.as_ref().unwrap().kubeconfig();
    let elsewhere = desk.telnyx_as(kubeconfig, "kube-public", &["queue", "list"]).await.said();
    assert!(elsewhere.contains("no TelnyxAccount in namespace kube-public"), "{elsewhere}");
    desk.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_secret_and_one_without_the_key_name_the_remedy() {
    let desk = Desk::open().await;
    desk.world.account(json!({ "apiKeySecretRef": { "name": "nowhere", "key": "api-key" } })).await;
    let said = desk.telnyx(&["queue", "list"]).await.said();
    assert!(said.contains("Secret nowhere") && said.contains("does not exist"), "{said}");
    desk.world.account(json!({ "apiKeySecretRef": { "name": "telnyx", "key": "other" } })).await;
    let said = desk.telnyx(&["queue", "list"]).await.said();
    assert!(said.contains("has no key other") && said.contains("put the account's API key there"), "{said}");
    desk.world.account(json!({})).await;
    desk.world.ready::<TelnyxAccount>("main").await;
    desk.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_key_is_told_as_such() {
    let desk = Desk::open().await;
    desk.world.secret("wrong", "KEY00000000000000000").await;
    desk.world.account(json!({ "apiKeySecretRef": { "name": "wrong", "key": "api-key" } })).await;
    let said = desk.telnyx(&["queue", "list"]).await.said();
    assert!(said.contains("the API refused the key of account"), "{said}");
    desk.world.account(json!({})).await;
    desk.world.ready::<TelnyxAccount>("main").await;
    desk.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_may_not_read_the_secret_is_told_what_right_is_missing() {
    let desk = Desk::open().await;
    let (access, namespace) = (desk.world.access.as_ref().unwrap(), desk.world.namespace.clone());
    let kubectl = |arguments: Vec<&str>| {
        let mut command = Command::new(access.kubectl());
        command.arg("--kubeconfig").arg(access.kubeconfig()).args(["-n", &namespace]).args(arguments);
        run(command)
    };
    kubectl(vec!["create", "serviceaccount", "reader"]).await.ok();
    let token = kubectl(vec!["create", "token", "reader"]).await.ok();
    let kubeconfig = desk.bin.path().join("reader.kubeconfig");
    access.kubeconfig_for_token(token.trim(), &kubeconfig).unwrap();

    let said = desk.telnyx_as(&kubeconfig, &namespace, &["queue", "list"]).await.said();
    assert!(said.contains("you may not list telnyxaccounts.telnyx-operator.io"), "{said}");
    let resource = "--resource=telnyxaccounts.telnyx-operator.io,queues.telnyx-operator.io";
    kubectl(vec!["create", "role", "reader", "--verb=get,list", resource]).await.ok();
    let subject = format!("--serviceaccount={namespace}:reader");
    kubectl(vec!["create", "rolebinding", "reader", "--role=reader", &subject]).await.ok();
    let said = crate::world::eventually("the role is known", || async {
        let ran = desk.telnyx_as(&kubeconfig, &namespace, &["queue", "list"]).await;
        if ran.err.contains("telnyxaccounts") { Err(ran.err) } else { Ok(ran.said()) }
    })
    .await;
    assert!(said.contains("you may not read Secret telnyx") && said.contains("kubectl auth can-i get"), "{said}");

    // The one right more that it needs, on the one Secret.
    kubectl(vec!["create", "role", "key", "--verb=get", "--resource=secrets", "--resource-name=telnyx"]).await.ok();
    kubectl(vec!["create", "rolebinding", "key", "--role=key", &subject]).await.ok();
    crate::world::eventually("the role is known", || async {
        let ran = desk.telnyx_as(&kubeconfig, &namespace, &["queue", "list"]).await;
        if ran.code == 0 { Ok(()) } else { Err(ran.err) }
    })
    .await;
    assert!(desk.world.api::<Secret>().get("telnyx").await.is_ok());
    desk.world.end().await;
}
