//! What `kubectl telnyx campaign` shows and writes of a campaign that was run.

use std::collections::BTreeSet;
use std::fs::File;

use parquet::file::reader::{FileReader as _, SerializedFileReader};
use serde_json::{Value, json};
use telnyx_operator::api::OutboundCampaign;

use crate::world::{World, people};

#[tokio::test]
async fn every_target_is_one_row_in_every_format_and_no_number_is_shown_unasked() {
    let world = World::new(|_| {}).await;
    world.list(&people(260)).await;
    let changes = json!({
        "amd": { "mode": "premium" },
        "pacing": { "dialsPerSecond": 100, "maxConcurrentCalls": 500 },
    });
    world.campaign("c", changes).await;
    world.complete("c").await;
    let csv = world.telnyx(&["campaign", "results", "c"]).await;
    assert!(!csv.contains("+1555"), "{csv}");
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines.len(), 261);
    assert!(lines[0].starts_with("id,job,state,outcome,"), "{}", lines[0]);
    let ids: BTreeSet<&str> = lines[1..].iter().filter_map(|line| line.split(',').next()).collect();
    assert_eq!(ids.len(), 260, "one row each");
    for line in &lines[1..] {
        // Everybody is a person; the detector, simulated too, takes some for machines.
        let ends = [("Completed", "human"), ("Completed", "not_sure"), ("Machine", "machine")];
        let is_end = |(outcome, heard): &(&str, &str)| {
            line.contains(&format!(",Done,{outcome},")) && line.contains(&format!(",{heard},normal_clearing,200,"))
        };
        assert!(ends.iter().any(is_end), "{line}");
    }
    let json = world.telnyx(&["campaign", "results", "c", "-o", "jsonl", "--show-numbers"]).await;
    let rows: Vec<Value> = json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len(), 260);
    let first = rows.iter().find(|row| row["id"] == "t17").unwrap();
    assert_eq!(first["number"], "+15550000017");
    let (rang, ended) = (first["lastRangAt"].as_str().unwrap(), first["endedAt"].as_str().unwrap());
    assert!(rang <= ended && first["talkedSecs"].is_u64(), "{first}");
    let path = world.home().join("results.parquet");
    world.telnyx(&["campaign", "results", "c", "-o", "parquet", "--file", path.to_str().unwrap()]).await;
    let file = SerializedFileReader::new(File::open(path).unwrap()).unwrap();
    assert_eq!(file.metadata().file_metadata().num_rows(), 260);
    world.end().await;
}

#[tokio::test]
async fn a_campaign_is_suspended_and_resumed_from_the_command_line_and_shows_whom_it_has_not_called() {
    let world = World::new(|_| {}).await;
    world.list(&people(5)).await;
    world.campaign("c", json!({ "suspend": true })).await;
    world.reason("c", "Suspended", "Suspended").await;
    let list = world.telnyx(&["campaign", "list"]).await;
    assert!(list.lines().nth(1).is_some_and(|line| line.starts_with("c      Suspended")), "{list}");
    let rows = world.telnyx(&["campaign", "results", "c", "-o", "jsonl"]).await;
    assert_eq!(rows.lines().filter(|row| row.contains(r#""state":"Pending""#)).count(), 5, "{rows}");
    assert!(world.telnyx(&["campaign", "suspend", "c"]).await.contains("suspended already"));
    world.telnyx(&["campaign", "resume", "c"]).await;
    world.complete("c").await;
    let campaign = world.get::<OutboundCampaign>("c").await;
    assert_eq!(campaign["spec"]["suspend"], false);
    let said = world.telnyx_refuses(&["campaign", "results", "d"]).await;
    assert!(said.contains("no OutboundCampaign d") && said.contains("there is c"), "{said}");
    world.end().await;
}
