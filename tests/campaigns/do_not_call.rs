//! Who is on a do-not-call list is called by nobody, and a list that cannot be read calls nobody.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams};
use serde_json::{Value, json};
use telnyx_operator::api::{DoNotCallList, OutboundCampaign};
use telnyx_simulator::config::{NumberRule, Outcome};

use crate::shelf::{Item, Shelf};
use crate::world::{World, condition, people};

/// The ConfigMap `blocklist` with this under `numbers`.
async fn blocklist(world: &World, numbers: &str) {
    let object = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "blocklist" }, "data": { "numbers": numbers },
    });
    let api = world.api::<ConfigMap>();
    api.patch("blocklist", &PatchParams::apply("user").force(), &Patch::Apply(&object)).await.unwrap();
}

async fn declare(world: &World, name: &str, changes: Value) {
    let mut spec = json!({ "accountRef": { "name": "main" } });
    crate::stage::merge(&mut spec, &changes);
    world.create::<DoNotCallList>(name, spec).await;
}

/// Numbers that rang, and how often.
async fn rang(world: &World) -> BTreeMap<String, u64> {
    let mut rang = BTreeMap::new();
    for ((number, _), times) in world.rings().await {
        *rang.entry(number).or_default() += times;
    }
    rang
}

#[tokio::test]
async fn a_number_on_a_list_is_never_dialled_and_ends_with_the_rule_that_said_so() {
    let world = World::new(|_| {}).await;
    blocklist(&world, "# whoever asked\n+1 555 000-0003\nnobody\n").await;
    let sources = json!([{ "configMap": { "name": "blocklist", "key": "numbers" } }]);
    declare(&world, "dnc", json!({ "numbers": [{ "number": "+15550000001" }], "sources": sources })).await;
    let list = world.ready::<DoNotCallList>("dnc").await;
    assert_eq!((&list["status"]["entries"], &list["status"]["rejected"]), (&json!(2), &json!(1)), "{list:#}");
    assert_eq!(list["status"]["rejectedRows"][0]["line"], 3);
    assert!(!list["status"].to_string().contains("555"), "{list:#}");
    world.list(&people(5)).await;
    world.campaign("c", json!({})).await;
    let campaign = world.complete("c").await;
    assert_eq!(campaign["status"]["counts"]["blocked"], 2, "{:#}", campaign["status"]);
    let states = world.target_states().await;
    for listed in ["t1", "t3"] {
        assert_eq!(
            (&states[listed]["outcome"], &states[listed]["rule"]),
            (&json!("ComplianceBlocked"), &json!("DoNotCall"))
        );
    }
    world.rang_once_per_attempt(3, 1).await;
    world.end().await;
}

/// Asks for a reading now, and waits until it was done.
async fn read_now(world: &World, asked: &str) -> Value {
    let annotations = json!({ "telnyx-operator.io/reconcile-requested-at": asked });
    let patch = Patch::Merge(json!({ "metadata": { "annotations": annotations } }));
    world.api::<DoNotCallList>().patch("dnc", &PatchParams::default(), &patch).await.unwrap();
    let done = |list: &Value| list["status"]["lastHandledReconcileAt"] == asked;
    world.until::<DoNotCallList>("dnc", &format!("has read again for {asked}"), done).await
}

#[tokio::test]
async fn a_list_behind_a_url_is_awaited_read_refreshed_and_kept_when_it_fails() {
    let (world, shelf) = (World::new(|_| {}).await, Shelf::open().await);
    let serve = |text: &str| shelf.put("blocked.csv", Item::List(text.to_owned().into(), "\"1\""));
    let url = shelf.put("blocked.csv", Item::Status(StatusCode::SERVICE_UNAVAILABLE));
    declare(&world, "dnc", json!({ "sources": [{ "url": { "address": url }, "column": "phone" }] })).await;
    let unread = |list: &Value| condition(list, "Ready")["reason"] == "SourceNotReadable";
    let list = world.until::<DoNotCallList>("dnc", "says that it was never read", unread).await;
    assert!(list["status"]["sources"][0]["problem"].as_str().unwrap().contains("503"), "{list:#}");
    assert_eq!(list["status"]["asOf"], Value::Null);
    world.list(&people(4)).await;
    world.campaign("a", json!({})).await;
    world.reason("a", "Dialing", "DoNotCallNotReady").await;
    assert_eq!(world.rings().await.len(), 0, "nobody is called while a list was never read");
    let blocked = async |campaign: &str| {
        let campaign = world.complete(campaign).await;
        campaign["status"]["counts"]["blocked"].as_u64().unwrap()
    };

    serve("name,phone\nAnn,+15550000000\n");
    let list = read_now(&world, "1").await;
    assert_eq!((condition(&list, "Ready")["status"].as_str(), &list["status"]["entries"]), (Some("True"), &json!(1)));
    assert!(list["status"]["asOf"].is_string(), "{list:#}");
    assert_eq!(blocked("a").await, 1);

    serve("name,phone\nAnn,+15550000000\nBo,+15550000001\n");
    assert_eq!(read_now(&world, "2").await["status"]["entries"], 2);
    world.campaign("b", json!({})).await;
    assert_eq!(blocked("b").await, 2);

    shelf.put("blocked.csv", Item::Status(StatusCode::INTERNAL_SERVER_ERROR));
    let list = read_now(&world, "3").await;
    assert_eq!(condition(&list, "Synced")["reason"], "RefreshFailed");
    assert_eq!((condition(&list, "Ready")["status"].as_str(), &list["status"]["entries"]), (Some("True"), &json!(2)));
    world.campaign("c", json!({})).await;
    assert_eq!(blocked("c").await, 2, "what it said last goes on to count");
    assert_eq!(rang(&world).await.get("+15550000000"), None);
    world.end().await;
}

#[tokio::test]
async fn while_a_list_cannot_be_read_nobody_is_called_and_once_it_is_everybody_else_is() {
    let world = World::new(|_| {}).await;
    let sources = json!([{ "configMap": { "name": "blocklist", "key": "numbers" } }]);
    declare(&world, "dnc", json!({ "sources": sources })).await;
    world
        .until::<DoNotCallList>("dnc", "says what is missing", |list| {
            condition(list, "Ready")["reason"] == "SourceNotReadable"
        })
        .await;
    world.list(&people(4)).await;
    world.campaign("c", json!({})).await;
    world.reason("c", "Dialing", "DoNotCallNotReady").await;
    assert_eq!(world.rings().await.len(), 0);
    blocklist(&world, "+15550000000\n").await;
    world.complete("c").await;
    world.rang_once_per_attempt(3, 1).await;
    // What was read goes on to count when the source is gone.
    world.api::<ConfigMap>().delete("blocklist", &DeleteParams::default()).await.unwrap();
    world
        .until::<DoNotCallList>("dnc", "tells that it is old", |list| {
            condition(list, "Synced")["reason"] == "RefreshFailed" && condition(list, "Ready")["status"] == "True"
        })
        .await;
    world.campaign("d", json!({})).await;
    let campaign = world.complete("d").await;
    assert_eq!(campaign["status"]["counts"]["blocked"], 1, "{:#}", campaign["status"]);
    world.end().await;
}

#[tokio::test]
async fn a_number_is_matched_by_its_digest_where_the_list_keeps_digests() {
    let world = World::new(|_| {}).await;
    let salt: Secret =
        serde_json::from_value(json!({ "metadata": { "name": "salt" }, "stringData": { "key": "0123456789abcdef" } }))
            .unwrap();
    world.api::<Secret>().create(&PostParams::default(), &salt).await.unwrap();
    // printf +15550000002 | openssl dgst -sha256 -hmac 0123456789abcdef
    let digest = "29cd8d23b22d1c42460c27b349c00bbc6fb6430dc85630d9e672bd8be9efb045";
    let salt = json!({ "name": "salt", "key": "key" });
    declare(&world, "dnc", json!({ "storage": "Hashed", "saltSecretRef": salt, "numbers": [{ "number": digest }] }))
        .await;
    world.ready::<DoNotCallList>("dnc").await;
    world.list(&people(3)).await;
    world.campaign("c", json!({})).await;
    world.complete("c").await;
    assert_eq!(world.target_states().await["t2"]["rule"], "DoNotCall");
    world.rang_once_per_attempt(2, 1).await;
    world.end().await;
}

#[tokio::test]
async fn who_opts_out_of_one_campaign_is_called_by_no_other_also_after_a_crash_and_when_the_first_is_gone() {
    let busy = NumberRule { suffix: Some("01".to_owned()), outcome: Some(Outcome::Busy), ..NumberRule::default() };
    let mut world = World::new(|behaviour| behaviour.numbers = vec![busy]).await;
    declare(&world, "dnc", json!({ "receivesOptOuts": true })).await;
    world.ready::<DoNotCallList>("dnc").await;
    world.list(&people(2)).await;
    let rules = json!([{ "outcomes": ["Busy"], "action": "AddToDnc" }]);
    world.campaign("first", json!({ "retry": { "maxAttemptsPerTarget": 1, "minGapSecs": 1, "rules": rules } })).await;
    world.complete("first").await;
    let kept = |secrets: Vec<Secret>| {
        let label = "telnyx-operator.io/opt-outs-of";
        let ours =
            secrets.into_iter().filter(|one| one.metadata.labels.iter().flatten().any(|(name, _)| name == label));
        ours.filter_map(|one| one.data.unwrap_or_default().remove("opt-outs.txt").map(|text| text.0))
            .map(|text| String::from_utf8(text).unwrap())
            .collect::<String>()
    };
    let secrets = world.api::<Secret>().list(&ListParams::default()).await.unwrap().items;
    assert_eq!(kept(secrets), "+15550000001\n", "a campaign is complete only when its opt-outs are kept");
    world.kill_operator().await;
    world.api::<OutboundCampaign>().delete("first", &DeleteParams::default()).await.unwrap();
    world.start_operator();
    world
        .eventually("the first campaign is gone", async || {
            match world.api::<OutboundCampaign>().get_opt("first").await.unwrap() {
                None => Ok(()),
                Some(campaign) => Err(format!("{:?}", campaign.metadata)),
            }
        })
        .await;
    world.campaign("second", json!({})).await;
    world.complete("second").await;
    assert_eq!(world.target_states().await["t1"]["rule"], "DoNotCall");
    assert_eq!(rang(&world).await["+15550000001"], 1);
    world.end().await;
}
