//! What the admin port tells of the process, and how its log level is changed.

use crate::world::{KEY, World, eventually};
use serde_json::{Value, json};
use telnyx_operator::api::{CallControlApplication, Queue};
use telnyx_simulator::config::RequestLimit;

#[tokio::test(flavor = "multi_thread")]
async fn the_state_of_accounts_watches_dialers_and_flows_is_told() {
    // An API that says in every answer what is left of the hour.
    let hourly = RequestLimit { count: 100_000, per_secs: 3600, headers: true };
    let world = World::with_account_on(|behaviour| behaviour.limits.requests = Some(hourly)).await;
    world.queue("waiting-room", json!({})).await;
    world.application("support", json!({})).await;
    world.ready::<Queue>("waiting-room").await;
    world.ready::<CallControlApplication>("support").await;
    let account = format!("{}/main", world.namespace);
    let state = eventually("the caches have seen what is Ready", || async {
        let text = world.scrape("/debug/state").await;
        let state: Value = serde_json::from_str(&text).unwrap();
        let watch = |kind: &str| {
            let watches = state["watches"].as_array().unwrap();
            watches.iter().find(|watch| watch["kind"] == kind).cloned().unwrap()
        };
        let seen = ["account", "queue", "application"].map(|kind| watch(kind)["conditions"]["Ready"]["True"].clone());
        let dialer = state["dialers"][0]["account"] == account.as_str();
        let all_said = state["watches"].as_array().unwrap().iter().all(|watch| watch["lastEventSecondsAgo"].is_u64());
        if seen == [json!(1), json!(1), json!(1)] && dialer && all_said { Ok(state) } else { Err(text) }
    })
    .await;
    let main = &state["accounts"][0];
    assert_eq!((&main["account"], &main["state"]), (&json!(account), &json!("Ready")));
    let edits = &main["budget"]["lanes"]["edit"];
    assert!(edits["admitted"].as_u64().unwrap() > 0 && edits["inFlight"].is_u64(), "{main}");
    assert!(main["budget"]["quotaRemaining"].as_u64().is_some_and(|left| left < 100_000), "{main}");
    assert_eq!(state["dialers"][0]["inFlight"], 0);
    assert_eq!(state["flows"]["activeCalls"], 0);
    assert_eq!(state["process"]["version"], env!("CARGO_PKG_VERSION"));
    for kind in ["profile", "conference", "flow", "campaign", "list"] {
        let watched = state["watches"].as_array().unwrap().iter().find(|watch| watch["kind"] == kind);
        assert!(watched.is_some_and(|watch| watch["failures"].is_u64()), "{kind}: {state}");
    }
    assert!(!state.to_string().contains(KEY));

    let metrics = world.scrape("/metrics").await;
    for line in [
        r#"telnyx_operator_objects_by_condition{kind="queue",condition="Ready",status="True"} 1"#,
        r#"telnyx_operator_oldest_not_ready_seconds{kind="queue"} 0"#,
        r#"telnyx_operator_campaign_targets{state="pending"} 0"#,
        r#"telnyx_operator_api_lane_waiting{lane="edit"} 0"#,
        "telnyx_operator_api_quota_remaining ",
    ] {
        assert!(metrics.contains(line), "{line} is missing in\n{metrics}");
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_level_is_changed_while_the_process_runs() {
    let world = World::new().await;
    telnyx_operator::telemetry::init(telnyx_operator::telemetry::LogFormat::Text, "error").unwrap();
    let put = async |filter: &str| {
        let url = format!("{}/debug/log", world.admin);
        let answer = reqwest::Client::new().put(url).body(filter.to_owned()).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    for shown in levels_that_pages_show() {
        assert_eq!(put(&shown).await, (200, format!("{shown}\n")), "as documented");
    }
    assert_eq!(put("telnyx_operator=warn,error").await, (200, "telnyx_operator=warn,error\n".to_owned()));
    assert_eq!(world.scrape("/debug/log").await, "telnyx_operator=warn,error\n");
    assert!(!tracing::enabled!(target: "telnyx_operator", tracing::Level::INFO));
    assert_eq!(put("info").await.0, 200);
    assert!(tracing::enabled!(target: "telnyx_operator", tracing::Level::INFO));
    for (wrong, said) in [("loud", "neither a level"), ("hyper=trace", "crates that then write keys")] {
        let (status, text) = put(wrong).await;
        assert!(status == 400 && text.contains(said) && text.contains(wrong), "{status} {text}");
    }
    assert_eq!(put(&"x".repeat(5000)).await.0, 413);
    assert_eq!(world.scrape("/debug/log").await, "info\n", "what is refused changes nothing");
    assert_eq!(put("error").await.0, 200);
    world.end().await;
}

/// What the pages say to send, with the commands that they show for it.
fn levels_that_pages_show() -> Vec<String> {
    let pages = [include_str!("../../docs/production.md"), include_str!("../../docs/kubectl-plugin.md")];
    let shown = |page: &str| {
        let command = page.lines().find(|line| line.contains("curl -X PUT") && line.contains("/debug/log")).unwrap();
        command.split(" --data ").nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap().to_owned()
    };
    pages.map(shown).into()
}
