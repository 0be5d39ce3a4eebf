//! Where lists come from: compressed, from a URL, with columns of other names; and lists that nobody should be called from.

use std::io::{Read, Write};

use axum::http::StatusCode;
use bytes::Bytes;
use flate2::write::GzEncoder;
use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams};
use serde_json::{Value, json};
use telnyx_operator::api::{DialJob, OutboundCampaign};

use crate::shelf::{Item, Shelf};
use crate::world::{World, condition, people};

fn gzip(text: &str) -> Bytes {
    let mut packed = GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(text.as_bytes()).unwrap();
    packed.finish().unwrap().into()
}

fn sha256(bytes: &[u8]) -> String {
    audience::Digest::of(bytes).to_string()
}

fn from_url(url: &str) -> Value {
    json!({ "targetsFrom": { "object": { "url": url } } })
}

fn message<'a>(campaign: &'a Value, kind: &str) -> &'a str {
    condition(campaign, kind)["message"].as_str().unwrap()
}

#[tokio::test]
async fn a_spreadsheets_csv_is_read_as_it_was_saved() {
    let world = World::new(|_| {}).await;
    // A byte order mark, quotes, mixed line ends, columns of other names, numbers as people write them.
    world
        .list("\u{feff}\"Kundennummer\",\"Name\",\"Mobile No\"\r\n7,\"Li, \"\"Bo\"\"\",(212) 555-0100\n8,Ann,+12125550101\r\n9,Al,(212) 555-0100\r")
        .await;
    let from = json!({
        "configMap": { "name": "list", "key": "list.csv" },
        "columns": { "id": "Kundennummer", "to": "Mobile No" },
        "defaultRegion": "US",
    });
    world.campaign("c", json!({ "targetsFrom": from })).await;
    let campaign = world.complete("c").await;
    assert_eq!(campaign["status"]["counts"]["completed"], 2, "{:#}", campaign["status"]);
    let rejected = &campaign["status"]["audience"]["rejectedRows"];
    assert_eq!(rejected, &json!([{ "line": 4, "reason": "to is the same number as at line 2" }]));
    assert_eq!(world.target_states().await.into_keys().collect::<Vec<_>>(), ["7", "8"]);
    let numbers: Vec<String> = world.rings().await.into_keys().map(|(number, _)| number).collect();
    assert_eq!(numbers, ["+12125550100", "+12125550101"]);
    world.end().await;
}

#[tokio::test]
async fn compressed_json_lines_come_from_a_url_and_are_what_the_spec_pins() {
    let (world, shelf) = (World::new(|_| {}).await, Shelf::open().await);
    let lines = (0..300).fold(String::new(), |text, n| text + &format!("{{\"id\":\"t{n}\",\"to\":\"+1555{n:07}\"}}\n"));
    let packed = gzip(&lines);
    let url = shelf.put("list.jsonl.gz", Item::List(packed.clone(), "\"1\""));
    let mut from = from_url(&url);
    from["targetsFrom"]["sha256"] = json!(sha256(&packed));
    world.campaign("c", from).await;
    let campaign = world.complete("c").await;
    assert_eq!(campaign["status"]["counts"]["completed"], 300, "{:#}", campaign["status"]);
    assert_eq!(campaign["status"]["audience"]["sha256"], json!(sha256(&packed)));
    assert_eq!(campaign["status"]["audience"]["version"], "\"1\"");
    world.rang_once_per_attempt(300, 1).await;
    world.end().await;
}

#[tokio::test]
async fn a_list_behind_credentials_is_read_with_those_of_the_named_secret() {
    let (world, shelf) = (World::new(|_| {}).await, Shelf::open().await);
    let url = shelf.put("list.csv", Item::Guarded(people(1).into(), "Bearer open-sesame"));
    let mut from = from_url(&url);
    world.campaign("without", from.clone()).await;
    let refused = world.reason("without", "Stalled", "SourceRefused").await;
    assert!(message(&refused, "Stalled").contains("401"), "{refused:#}");
    let secret: Secret =
        serde_json::from_value(json!({ "metadata": { "name": "key" }, "stringData": { "token": "open-sesame" } }))
            .unwrap();
    world.api::<Secret>().create(&PostParams::default(), &secret).await.unwrap();
    from["targetsFrom"]["object"]["secretRef"] = json!({ "name": "key" });
    world.campaign("with", from).await;
    world.complete("with").await;
    assert!(!world.log().contains("open-sesame"), "the token is in no log");
    world.end().await;
}

#[tokio::test]
async fn a_list_that_is_not_as_it_should_be_calls_nobody_and_says_what_to_mend() {
    let (world, shelf) = (World::new(|_| {}).await, Shelf::open().await);
    let list = |text: &str| Item::List(text.to_owned().into(), "\"1\"");
    let large = Item::Announced(2 * 1024 * 1024 * 1024);
    let bad = [
        ("header", "a.csv", list("id,phone\na,+15550000100\n"), "InvalidAudience", "no column to"),
        ("separator", "b.csv", list("id;to\na;+15550000100\n"), "InvalidAudience", "save the list with commas"),
        (
            "packed",
            "c.csv",
            Item::List(gzip("id,to\n"), "\"1\""),
            "InvalidAudience",
            "set targetsFrom.compression to Gzip",
        ),
        ("cut", "d.csv.gz", Item::List(gzip(&people(100)).slice(..50), "\"1\""), "InvalidAudience", "cut short"),
        ("large", "e.csv", large, "InvalidAudience", "the server announces 2147483648"),
        (
            "endless",
            "f.csv",
            Item::Endless(people(5000)[6..].to_owned().into()),
            "InvalidAudience",
            "more than 100000 rows",
        ),
        ("gone", "g.csv", Item::Status(StatusCode::NOT_FOUND), "SourceNotFound", "404"),
        ("down", "h.csv", Item::Status(StatusCode::BAD_GATEWAY), "SourceUnreachable", "502"),
    ];
    for (name, file, item, ..) in &bad {
        world.campaign(name, from_url(&shelf.put(file, item.clone()))).await;
    }
    world.campaign("node", from_url("http://169.254.169.254/latest/list.csv")).await;
    let mut pinned = from_url(&shelf.put("pin.csv", list(&people(3))));
    pinned["targetsFrom"]["sha256"] = json!("0".repeat(64));
    world.campaign("pinned", pinned).await;
    for (name, _, _, reason, part) in bad {
        let campaign = world.reason(name, "Ready", reason).await;
        assert!(message(&campaign, "Ready").contains(part), "{name}: {}", message(&campaign, "Ready"));
    }
    let node = world.reason("node", "Stalled", "InvalidSpec").await;
    assert!(message(&node, "Stalled").contains("must begin with https://"), "{node:#}");
    let pinned = world.reason("pinned", "Stalled", "DigestMismatch").await;
    assert!(message(&pinned, "Stalled").contains(&sha256(people(3).as_bytes())), "{pinned:#}");
    assert!(world.all::<DialJob>().await.is_empty() && world.rings().await.is_empty());
    world.end().await;
}

#[tokio::test]
async fn a_list_without_rows_is_complete_at_once() {
    let world = World::new(|_| {}).await;
    world.list("id,to\n").await;
    world.campaign("c", json!({})).await;
    let campaign = world.complete("c").await;
    assert!(message(&campaign, "Complete").contains("no rows"), "{campaign:#}");
    assert_eq!(campaign["status"]["counts"]["total"], 0);
    world.end().await;
}

#[tokio::test]
async fn every_rejected_row_is_in_a_secret_and_the_first_hundred_in_status() {
    let world = World::new(|_| {}).await;
    let bad = (0..150).fold(people(1), |list, n| list + &format!("t{n},+1555{:07}\n", 5_000_000 + n));
    let bad = bad.replace("t149,", "t1 49,");
    world.list(&bad.replace(",+15555000", ",5555000")).await;
    world.campaign("c", json!({})).await;
    let audience = world.complete("c").await["status"]["audience"].clone();
    assert_eq!((&audience["total"], &audience["rejected"]), (&json!(1), &json!(150)), "{audience:#}");
    assert_eq!(audience["rejectedRows"].as_array().unwrap().len(), 100);
    let secret = world.api::<Secret>().get(audience["rejectedRowsSecret"].as_str().unwrap()).await.unwrap();
    assert_eq!(secret.owner_references()[0].name, "c");
    let mut text = String::new();
    let packed = &secret.data.unwrap()["rejected.csv.gz"].0;
    flate2::read::GzDecoder::new(packed.as_slice()).read_to_string(&mut text).unwrap();
    assert_eq!(text.lines().count(), 151);
    assert!(text.starts_with("line,reason\n3,") && !text.contains("5555000"), "{text}");
    world.end().await;
}

#[tokio::test]
async fn a_list_that_changes_at_its_url_is_told_when_somebody_asks_and_calls_nobody() {
    let (world, shelf) = (World::new(|_| {}).await, Shelf::open().await);
    let url = shelf.put("list.csv", Item::List(people(3).into(), "\"1\""));
    let mut spec = from_url(&url);
    spec["windows"] = json!([]);
    world.campaign("c", spec).await;
    world.reason("c", "AudienceChanged", "SourceUnchanged").await;
    shelf.put("list.csv", Item::List(people(4).into(), "\"2\""));
    let ask = json!({ "metadata": { "annotations": { "telnyx-operator.io/reconcile-requested-at": "now" } } });
    world.api::<OutboundCampaign>().patch("c", &PatchParams::default(), &Patch::Merge(&ask)).await.unwrap();
    let campaign = world.reason("c", "AudienceChanged", "SourceChanged").await;
    assert_eq!(campaign["status"]["counts"]["total"], 3);
    world.end().await;
}

#[tokio::test]
async fn targets_that_somebody_deletes_before_they_are_called_are_read_again_from_the_same_list_only() {
    let (world, shelf) = (World::new(|_| {}).await, Shelf::open().await);
    let url = shelf.put("list.csv", Item::List(people(600).into(), "\"1\""));
    let mut spec = from_url(&url);
    spec["suspend"] = json!(true);
    world.campaign("c", spec).await;
    world
        .until::<OutboundCampaign>("c", "has its first job", |campaign| campaign["status"]["counts"]["total"] == 600)
        .await;
    assert_eq!(world.all::<DialJob>().await.len(), 1, "no job is made before it is needed");
    world.api::<Secret>().delete("c-00001", &DeleteParams::default()).await.unwrap();
    shelf.put("list.csv", Item::List(people(601).into(), "\"2\""));
    world.change::<OutboundCampaign>("c", json!({ "suspend": false })).await;
    let lost = world.reason("c", "Stalled", "AudienceLost").await;
    assert!(message(&lost, "Stalled").contains("restore the list"), "{lost:#}");
    shelf.put("list.csv", Item::List(people(600).into(), "\"1\""));
    let campaign = world.complete("c").await;
    assert_eq!(campaign["status"]["counts"]["completed"], 600, "{:#}", campaign["status"]);
    world.rang_once_per_attempt(600, 1).await;
    world.end().await;
}

#[tokio::test]
async fn a_target_is_called_on_the_clock_of_its_number_unless_somebody_knows_better() {
    let world = World::new(|_| {}).await;
    // Toll-free: any zone from Guam to Newfoundland, where no working hours are the same.
    world
        .list("id,to,timeZone\nanywhere,+18005550100,\nsomewhere,+18005550101,America/Chicago\nplace,+12125550100,\n")
        .await;
    let days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let noon = json!([{ "days": days, "start": "12:00", "end": "12:01" }]);
    world.campaign("c", json!({ "calleeTimeZone": {}, "windows": noon })).await;
    let waiting = world
        .until::<OutboundCampaign>("c", "ends whom it can never call", |campaign| {
            campaign["status"]["counts"]["blocked"] == 1
        })
        .await;
    assert_eq!(waiting["status"]["outcomes"]["ComplianceBlocked"], 1, "{:#}", waiting["status"]);
    let anytime = json!([{ "days": days, "start": "00:00", "end": "24:00" }]);
    world.change::<OutboundCampaign>("c", json!({ "windows": anytime })).await;
    let campaign = world.complete("c").await;
    assert_eq!(campaign["status"]["counts"]["completed"], 2, "{:#}", campaign["status"]);
    world.end().await;
}

#[tokio::test]
async fn of_a_hundred_thousand_targets_all_are_kept_and_one_job_is_made_while_nobody_may_be_called() {
    let (world, shelf) = (World::new(|_| {}).await, Shelf::open().await);
    let row = |n: usize| format!("t{n},+1555{n:07},Some Name {n},{},2026-12-01\n", n % 97);
    let list = (0..100_000).fold("id,to,name,branch,due\n".to_owned(), |list, n| list + &row(n));
    let before = world.operator_memory();
    let mut spec = from_url(&shelf.put("list.csv.gz", Item::List(gzip(&list), "\"1\"")));
    spec["suspend"] = json!(true);
    world.campaign("c", spec).await;
    world
        .until::<OutboundCampaign>("c", "has counted them", |campaign| campaign["status"]["counts"]["total"] == 100_000)
        .await;
    let grown = world.operator_memory().saturating_sub(before);
    assert!(grown < 150_000_000, "the operator has grown by {grown} bytes, to {}", world.operator_memory());
    println!("the operator has grown by {grown} bytes, from {before}");
    assert_eq!(world.all::<DialJob>().await.len(), 1);
    let kept = world.api::<Secret>().list_metadata(&ListParams::default()).await.unwrap();
    let parts = kept.items.iter().filter(|secret| secret.labels().contains_key("telnyx-operator.io/ordinal"));
    assert_eq!(parts.count(), 400);
    world.end().await;
}
