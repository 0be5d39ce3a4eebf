//! A release of the chart from an empty cluster to calls, as docs/production.md describes it: installed, upgraded, uninstalled and
//! installed again by Helm, with the operator that its Deployment describes.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use testbed::{Kubectl, Port, Testbed, eventually};

use crate::world::{CALLEES, PATIENCE, condition};

const RELEASE: &str = "telnyx-operator";
const ACCOUNT: &str = "telnyxaccount/main";
/// Whom the campaign calls, and how fast: slow enough that a restart falls into the middle.
const PEOPLE: usize = 40;

/// One `helm install` on a new cluster, with two values: the Secret, and the public address. The third only says where Telnyx is.
async fn installed() -> Testbed {
    let (api, hooks) = (Port::keep().unwrap(), Port::keep().unwrap());
    let testbed = Testbed::builder()
        .by_helm()
        .secret("telnyx")
        .simulator_config(CALLEES)
        .simulator_port(api.clone())
        .webhook_port(hooks.clone())
        .chart_value("account.secretName=telnyx")
        .chart_value(format!("account.webhookBaseUrl=http://{hooks}"))
        .chart_value(format!("account.spec.baseUrl=http://{api}/v2"))
        .start()
        .await
        .unwrap();
    ready(&home(&testbed), ACCOUNT).await;
    testbed
}

/// kubectl in the release's namespace.
fn home(testbed: &Testbed) -> Kubectl {
    testbed.kubectl().in_namespace(testbed.system_namespace())
}

/// Waits until an object is Ready as its newest spec asks.
async fn ready(kubectl: &Kubectl, object: &str) -> Value {
    until(kubectl, object, "Ready", |_| true).await
}

async fn until(kubectl: &Kubectl, object: &str, kind: &str, also: impl Fn(&Value) -> bool) -> Value {
    eventually(&format!("{object} is {kind}"), PATIENCE, async || {
        let found = kubectl.json(["get", object]).await.map_err(|error| error.to_string())?;
        let seen = found["status"]["observedGeneration"] == found["metadata"]["generation"];
        if seen && condition(&found, kind)["status"] == "True" && also(&found) {
            Ok(found)
        } else {
            Err(found.to_string())
        }
    })
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_values_take_a_new_cluster_to_a_ready_account_that_outlives_the_release() {
    let mut testbed = installed().await;
    let kubectl = home(&testbed);

    let failover = "account.webhookFailoverBaseUrl=https://voice-b.example.com";
    testbed.release("upgrade", &[failover]).await.unwrap();
    testbed.roll_out().await.unwrap();
    until(&kubectl, ACCOUNT, "Ready", |account| {
        account["spec"]["webhookFailoverBaseUrl"] == "https://voice-b.example.com"
    })
    .await;
    testbed.release("upgrade", &[]).await.unwrap();
    testbed.roll_out().await.unwrap();
    let account =
        until(&kubectl, ACCOUNT, "Ready", |account| account["spec"]["webhookFailoverBaseUrl"].is_null()).await;

    testbed.operator().stop().await.unwrap();
    testbed.helm(&["uninstall", RELEASE]).await.unwrap();
    let kept = kubectl.json(["get", ACCOUNT]).await.unwrap();
    assert_eq!((&kept["metadata"]["uid"], &kept["spec"]), (&account["metadata"]["uid"], &account["spec"]));
    let rights = kubectl.run(["get", "role,rolebinding,serviceaccount", "--output=name"]).await.unwrap();
    assert!(!rights.contains("telnyx-operator"), "{rights}");
    testbed.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_the_api_server_refuses_keeps_no_other_waiting() {
    let mut testbed = installed().await;
    let kubectl = home(&testbed);
    testbed.release("upgrade", &["account.spec.resyncPeriodSecs=-1"]).await.unwrap();
    testbed.roll_out().await.unwrap();
    let log = std::fs::read_to_string(testbed.operator().log()).unwrap();
    assert!(log.contains("the API server refuses the declared account") && log.contains("resyncPeriodSecs"), "{log}");
    ready(&kubectl, ACCOUNT).await;
    testbed.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_during_a_campaign_loses_nothing_and_a_second_installation_creates_nothing() {
    let mut testbed = installed().await;
    let kubectl = home(&testbed);
    kubectl.apply_manifest(&world()).await.unwrap();
    ready(&kubectl, "callcontrolapplication/notices").await;
    eventually("the campaign is under way", PATIENCE, async || {
        let rung = rings(&testbed).await.len();
        if rung >= PEOPLE / 8 { Ok(()) } else { Err(format!("{rung} of {PEOPLE} phones have rung")) }
    })
    .await
    .unwrap();

    testbed.release("upgrade", &["log.format=json", "log.filter=debug"]).await.unwrap();
    testbed.roll_out().await.unwrap();
    // However long that took, the budget has kept the campaign from its end.
    assert!(rings(&testbed).await.len() < PEOPLE);
    let rest = r#"{"spec":{"budget":null,"pacing":{"dialsPerSecond":20}}}"#;
    kubectl.run(["patch", "outboundcampaign/notice", "--type=merge", "--patch", rest]).await.unwrap();
    until(&kubectl, "outboundcampaign/notice", "Complete", |_| true).await;
    let rung = rings(&testbed).await;
    assert_eq!(rung.len(), PEOPLE, "everybody was called");
    assert!(rung.values().all(|times| *times == 1), "and nobody twice: {rung:?}");

    let objects = testbed.simulator().get("/objects").await.unwrap();
    assert_eq!(objects["call_control_applications"], 1, "{objects}");
    testbed.operator().stop().await.unwrap();
    testbed.helm(&["uninstall", RELEASE]).await.unwrap();
    let definitions = kubectl.run(["get", "customresourcedefinitions", "--output=name"]).await.unwrap();
    assert_eq!(definitions.lines().filter(|name| name.ends_with(".telnyx-operator.io")).count(), 9, "{definitions}");
    assert_eq!(testbed.simulator().get("/objects").await.unwrap(), objects, "what exists at Telnyx stays");

    let before = requests(&testbed).await;
    testbed.release("install", &[]).await.unwrap();
    testbed.roll_out().await.unwrap();
    for object in [
        ACCOUNT,
        "outboundvoiceprofile/everybody",
        "callcontrolapplication/notices",
        "queues.telnyx-operator.io/agents",
    ] {
        // The new operator's own word, not the old one's.
        let token = format!("telnyx-operator.io/reconcile-requested-at={RELEASE}-again");
        kubectl.run(["annotate", object, &token]).await.unwrap();
        until(&kubectl, object, "Ready", |object| {
            object["status"]["lastHandledReconcileAt"] == format!("{RELEASE}-again")
        })
        .await;
    }
    let written: BTreeMap<_, _> = requests(&testbed)
        .await
        .into_iter()
        .filter(|(endpoint, count)| !endpoint.starts_with("GET") && before.get(endpoint) != Some(count))
        .collect();
    assert!(written.is_empty(), "a second installation writes nothing at Telnyx: {written:?}");
    assert_eq!(testbed.simulator().get("/objects").await.unwrap(), objects);
    testbed.stop().await.unwrap();
}

/// A campaign to [`PEOPLE`] who all answer, and what it needs.
fn world() -> String {
    let object = |kind: &str, name: &str, mut spec: Value| {
        spec["accountRef"] = json!({ "name": "main" });
        json!({ "apiVersion": "telnyx-operator.io/v1alpha1", "kind": kind, "metadata": { "name": name }, "spec": spec })
    };
    let targets: Vec<Value> = (0..PEOPLE)
        .map(|one| json!({ "id": format!("t{one}"), "to": format!("+131255501{one:02}"), "timeZone": "America/Chicago" }))
        .collect();
    let outbound = json!({ "outboundVoiceProfileRef": { "name": "everybody" } });
    let campaign = json!({
        "applicationRef": { "name": "notices" }, "from": ["+14155550100"], "purpose": "Informational",
        "announcement": { "text": { "payload": "hello" } },
        "pacing": { "dialsPerSecond": 1, "maxConcurrentCalls": PEOPLE },
        "budget": { "maxCalls": PEOPLE / 2 },
        "windows": [{ "days": ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"], "start": "00:00", "end": "24:00" }],
        "targets": targets,
    });
    let items = [
        object("OutboundVoiceProfile", "everybody", json!({})),
        object("CallControlApplication", "notices", json!({ "outbound": outbound })),
        object("Queue", "agents", json!({})),
        object("OutboundCampaign", "notice", campaign),
    ];
    json!({ "apiVersion": "v1", "kind": "List", "items": items }).to_string()
}

/// How often each number was called.
async fn rings(testbed: &Testbed) -> BTreeMap<String, usize> {
    let dials = testbed.simulator().get("/dials").await.unwrap();
    let numbers = dials.as_array().unwrap();
    numbers.iter().map(|one| (one["to"].as_str().unwrap().to_owned(), one["dials"].as_array().unwrap().len())).collect()
}

/// What was asked of Telnyx: each endpoint, and how often it gave which answer.
async fn requests(testbed: &Testbed) -> BTreeMap<String, Value> {
    let counters = testbed.simulator().counters().await.unwrap();
    counters["requests"].as_object().unwrap().clone().into_iter().collect()
}
