//! What the doctor finds, with each thing well and with each thing broken.

use crate::cluster;
use crate::desk::Desk;
use crate::world::eventually;
use axum::Router;
use axum::http::{StatusCode, header};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use serde_json::{Value, json};
use telnyx_operator::api::{CallControlApplication, OutboundVoiceProfile, TelnyxAccount};

/// The ServiceAccount that the stories' operator has the rights of.
const OPERATOR: &str = "operator-of-the-stories/operator-of-the-stories";

/// What a run has found.
struct Findings {
    code: i32,
    all: Vec<Value>,
}

impl Findings {
    fn of(&self, check: &str) -> impl Iterator<Item = &Value> {
        self.all.iter().filter(move |finding| finding["check"] == check)
    }

    /// The check must have ended so, at least once, with a cause that says so.
    #[track_caller]
    fn has(&self, check: &str, verdict: &str, cause: &str) {
        let fits = |finding: &Value| {
            finding["verdict"] == verdict && finding["cause"].as_str().is_some_and(|text| text.contains(cause))
        };
        assert!(self.of(check).any(fits), "{check} {verdict} {cause:?} is not among {:#?}", self.all);
        if verdict != "OK" {
            let told = self.of(check).filter(|finding| fits(finding)).all(|finding| finding["remedy"].is_string());
            assert!(told, "{:#?}", self.all);
        }
        assert_eq!(self.code, i32::from(self.all.iter().any(|finding| finding["verdict"] == "FAIL")));
    }
}

async fn examined(desk: &Desk, arguments: &[&str]) -> Findings {
    let mut all = vec!["doctor", "-o", "json"];
    if !arguments.contains(&"--service-account") {
        all.extend(["--service-account", OPERATOR]);
    }
    let ran = desk.telnyx(&[&all[..], arguments].concat()).await;
    let value: Value = serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{}{}", ran.out, ran.err));
    Findings { code: ran.code, all: value["findings"].as_array().unwrap().clone() }
}

/// A desk whose webhooks reach its operator.
async fn connected() -> Desk {
    let desk = Desk::open().await;
    reconnected(&desk).await;
    desk
}

async fn reconnected(desk: &Desk) {
    desk.world.account(json!({ "webhookBaseUrl": desk.world.hooks })).await;
    desk.world.profile("us-calls", json!({ "whitelistedDestinations": ["US"] })).await;
    desk.world.ready::<TelnyxAccount>("main").await;
    desk.world.ready::<OutboundVoiceProfile>("us-calls").await;
    eventually("the application has the new address", || async {
        let application = desk.world.telnyx.get_application(&desk.connection).await.unwrap();
        let url = application.webhook_event_url.unwrap();
        if url.starts_with(&desk.world.hooks) { Ok(()) } else { Err(url) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_all_is_well_nothing_fails() {
    let desk = connected().await;
    let found = examined(&desk, &[]).await;
    assert_eq!(found.code, 0, "{:#?}", found.all);
    for (check, cause) in [
        ("cluster", "answers"),
        ("definitions", "as this version has them"),
        ("rights", "are granted"),
        ("account", "Ready"),
        ("secret", "holds a key"),
        ("key", "Telnyx accepts it"),
        ("public key", "well-formed"),
        ("application", "as it should be"),
        ("profile", "calls may go to US"),
        ("webhooks", "the operator refuses what is not signed"),
        ("number", "was refused"),
    ] {
        found.has(check, "OK", cause);
    }
    assert_eq!(found.of("clock").filter(|finding| finding["verdict"] == "OK").count(), 2, "{:#?}", found.all);
    found.has("address", "WARN", "only a simulator reaches it");
    // Calls leave traces: Telnyx says what became of their webhooks.
    desk.call().await;
    eventually("Telnyx says that webhooks arrived", || async {
        let found = examined(&desk, &["main"]).await;
        let said = found.of("deliveries").next().unwrap()["cause"].as_str().unwrap().to_owned();
        if said.contains("arrived") && found.code == 0 { Ok(()) } else { Err(said) }
    })
    .await;
    let table = desk.telnyx(&["doctor", "--service-account", OPERATOR]).await.ok();
    assert!(table.starts_with("RESULT ") && table.contains("→ use a public https address"), "{table}");
    desk.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_does_not_answer_and_an_account_that_is_not_there_are_told() {
    let desk = Desk::open().await;
    let kubeconfig = desk.bin.path().join("dead.kubeconfig");
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "dead",
        "clusters": [{ "name": "dead", "cluster": { "server": "http://127.0.0.1:1" } }],
        "users": [{ "name": "dead", "user": {} }],
        "contexts": [{ "name": "dead", "context": { "cluster": "dead", "user": "dead" } }],
    });
    std::fs::write(&kubeconfig, config.to_string()).unwrap();
    let ran = desk.telnyx_as(&kubeconfig, "voice", &["doctor", "-o", "json"]).await;
    assert_eq!(ran.code, 1, "{}", ran.err);
    let value: Value = serde_json::from_str(&ran.out).unwrap();
    let all = value["findings"].as_array().unwrap().clone();
    assert_eq!(all.len(), 1, "nothing more can be said: {all:#?}");
    Findings { code: 1, all }.has("cluster", "FAIL", "does not answer");

    examined(&desk, &["other"]).await.has("account", "FAIL", "no TelnyxAccount other");
    let found = examined(&desk, &["--service-account", "kube-public/default"]).await;
    found.has("rights", "FAIL", "it may not");
    desk.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_that_do_not_work_are_told_apart() {
    let desk = Desk::open().await;
    let spec = |name: &str| json!({ "apiKeySecretRef": { "name": name, "key": "api-key" } });
    desk.world.account(spec("nowhere")).await;
    desk.world.reason::<TelnyxAccount>("main", "Ready", "SecretNotFound").await;
    let found = examined(&desk, &[]).await;
    found.has("secret", "FAIL", "does not exist");
    found.has("account", "FAIL", "SecretNotFound");

    desk.world.secret("wrong", "KEY00000000000000000").await;
    desk.world.account(spec("wrong")).await;
    examined(&desk, &[]).await.has("key", "FAIL", "Telnyx refuses it");

    let garbage = json!({ "metadata": { "name": "public" }, "stringData": { "key": "garbage" } });
    let garbage: Secret = serde_json::from_value(garbage).unwrap();
    desk.world.api::<Secret>().create(&PostParams::default(), &garbage).await.unwrap();
    let by_secret = json!({
        "webhookPublicKey": null, "webhookPublicKeySecretRef": { "name": "public", "key": "key" },
        "webhookBaseUrl": "http://hooks.example.com",
    });
    desk.world.account(by_secret).await;
    let found = examined(&desk, &[]).await;
    found.has("public key", "FAIL", "base64 of 32 bytes");
    found.has("address", "FAIL", "everybody on the way reads them");
    desk.world.account(json!({})).await;
    desk.world.ready::<TelnyxAccount>("main").await;
    desk.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_an_hour_behind_is_told() {
    let desk = Desk::open().await;
    // An API that lives an hour ago.
    let then = jiff::Zoned::now().checked_sub(jiff::SignedDuration::from_hours(1)).unwrap();
    let date = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&then.timestamp()).unwrap();
    let answer = move || async move { (StatusCode::UNAUTHORIZED, [(header::DATE, date)], "{\"errors\":[]}") };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/v2", listener.local_addr().unwrap());
    let serving = tokio::spawn(axum::serve(listener, Router::new().fallback(answer)).into_future());
    desk.world.account(json!({ "baseUrl": base })).await;
    examined(&desk, &[]).await.has("clock", "FAIL", "ahead of the API's; webhooks are refused");
    serving.abort();
    examined(&desk, &[]).await.has("clock", "FAIL", "the API cannot be reached");
    desk.world.account(json!({})).await;
    desk.world.ready::<TelnyxAccount>("main").await;
    desk.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_changed_at_telnyx_and_webhooks_that_meet_nobody_are_told() {
    let mut desk = connected().await;
    let call = desk.call().await;
    desk.world.stop_operator().await;
    let found = examined(&desk, &[]).await;
    found.has("webhooks", "FAIL", "cannot be reached");

    // Telnyx finds nobody, either.
    desk.telnyx(&["calls", "hangup", call.as_str()]).await.ok();
    eventually("Telnyx says that webhooks did not arrive", || async {
        let found = examined(&desk, &[]).await;
        let newest = found.of("deliveries").next().unwrap().clone();
        if newest["verdict"] == "FAIL" { Ok(()) } else { Err(newest.to_string()) }
    })
    .await;

    let change = |changes: Value| {
        let url = format!("{}/call_control_applications/{}", desk.world.simulator.base_url(), desk.connection);
        let mut body = json!({ "application_name": "support", "webhook_event_url": "https://elsewhere.example.com/x" });
        body.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        reqwest::Client::new().patch(url).bearer_auth(crate::world::KEY).json(&body).send()
    };
    assert!(change(json!({})).await.unwrap().status().is_success());
    examined(&desk, &[]).await.has("application", "FAIL", "its webhooks go elsewhere (https://elsewhere.example.com)");
    assert!(change(json!({ "active": false })).await.unwrap().status().is_success());
    examined(&desk, &[]).await.has("application", "FAIL", "switched off");
    desk.world.telnyx.delete_application(&desk.connection).await.unwrap();
    examined(&desk, &[]).await.has("application", "FAIL", "does not have it any more");

    desk.world.start_operator().await;
    desk.world.profile("us-calls", json!({ "enabled": false })).await;
    desk.world.ready::<OutboundVoiceProfile>("us-calls").await;
    desk.world.ready::<CallControlApplication>("support").await;
    eventually("the new application's profile is told to be off", || async {
        let found = examined(&desk, &[]).await;
        let profile = found.of("profile").next().cloned().unwrap_or_default();
        if profile["verdict"] == "FAIL" && profile["cause"].as_str().unwrap().contains("switched off") {
            Ok(())
        } else {
            Err(format!("{:#?}", found.all))
        }
    })
    .await;
    desk.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn definitions_and_deployments_that_do_not_fit_are_told() {
    let desk = Desk::alone().await;
    let definitions: Api<CustomResourceDefinition> = Api::all(desk.world.client.clone());
    definitions.delete("donotcalllists.telnyx-operator.io", &DeleteParams::default()).await.unwrap();
    // An older queue.
    let fields = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/maxSize";
    let patch: json_patch::Patch = serde_json::from_value(json!([{ "op": "remove", "path": fields }])).unwrap();
    let patch = Patch::<()>::Json(patch);
    definitions.patch("queues.telnyx-operator.io", &PatchParams::default(), &patch).await.unwrap();
    for (name, ready) in [("one", 1), ("other", 0)] {
        let labels = json!({ "app.kubernetes.io/name": "telnyx-operator", "app.kubernetes.io/instance": name });
        let container = json!({ "name": "operator", "image": "telnyx-operator:none", "args": ["run"] });
        let deployment = json!({
            "metadata": { "name": name, "labels": labels },
            "spec": { "paused": true, "selector": { "matchLabels": labels }, "template": {
                "metadata": { "labels": labels }, "spec": { "serviceAccountName": "nobody", "containers": [container] }
            } },
        });
        let deployments = desk.world.api::<Deployment>();
        let deployment: Deployment = serde_json::from_value(deployment).unwrap();
        deployments.create(&PostParams::default(), &deployment).await.unwrap();
        if ready == 1 {
            eventually("the Deployment counts as ready", || async {
                let status = json!({ "status": { "replicas": 1, "readyReplicas": 1 } });
                let patched =
                    deployments.patch_status(name, &PatchParams::default(), &Patch::Merge(status)).await.unwrap();
                let ready = patched.status.and_then(|status| status.ready_replicas);
                if ready == Some(1) { Ok(()) } else { Err(format!("{ready:?}")) }
            })
            .await;
        }
    }
    let ran = desk.telnyx(&["doctor", "-o", "json"]).await;
    let value: Value = serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{}{}", ran.out, ran.err));
    let found = Findings { code: ran.code, all: value["findings"].as_array().unwrap().clone() };
    found.has("definitions", "FAIL", "is not installed");
    found.has("definitions", "FAIL", "it lacks spec.maxSize");
    found.has("operator", "FAIL", "no Pod of it is ready");
    found.has("operator", "FAIL", "watches namespaces that");
    found.has("rights", "FAIL", "it may not");
    cluster::install_now(&desk.world.client).await;
    desk.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_public_key_of_another_account_is_told_as_soon_as_a_call_was_made() {
    // Well-formed, and of somebody else (RFC 8032, section 7.1, test 1).
    const OTHERS: &str = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
    let desk = connected().await;
    desk.world.account(json!({ "webhookBaseUrl": desk.world.hooks, "webhookPublicKey": OTHERS })).await;
    desk.world.ready::<TelnyxAccount>("main").await;
    examined(&desk, &[]).await.has("public key", "OK", "well-formed");
    let found = eventually("Telnyx says that webhooks were refused", || async {
        // Those of the first may have been taken before the receiver knew of the new key.
        desk.call().await;
        let found = examined(&desk, &[]).await;
        let newest = found.of("deliveries").next().unwrap().clone();
        if newest["verdict"] == "FAIL" { Ok(found) } else { Err(newest.to_string()) }
    })
    .await;
    found.has("deliveries", "FAIL", "the newest met status 401: the signature did not fit");
    let remedy = found.of("deliveries").next().unwrap()["remedy"].as_str().unwrap();
    assert!(remedy.starts_with("the account's public key is another's"), "{remedy}");
    desk.world.account(json!({ "webhookBaseUrl": desk.world.hooks })).await;
    desk.world.ready::<TelnyxAccount>("main").await;
    desk.world.end().await;
}
