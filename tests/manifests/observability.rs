//! Alerts and dashboard speak of metrics that exist, and every alert has a runbook.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::Duration;

use serde_json::Value;
use telnyx_operator::fetch::Reach;
use telnyx_operator::operator::{Operator, Options};
use telnyx_voice::Exchange;
use tokio_util::sync::CancellationToken;

use crate::generated::path;

const PREFIX: &str = "telnyx_operator_";

/// The time series of every metric that has a value from the start or that can be given one here; a family without
/// values is not shown. No part of the operator runs.
async fn shown() -> BTreeSet<String> {
    drop(rustls::crypto::ring::default_provider().install_default());
    let nowhere = kube::Config::new("http://127.0.0.1:1".parse().unwrap());
    let any = "127.0.0.1:0".parse().unwrap();
    let options = Options {
        admin_listen: any,
        webhook_listen: any,
        peers: None,
        namespaces: vec![],
        results_hosts: vec![],
        flow_webhook_hosts: vec![],
        instance: "test".to_owned(),
        reach: Reach::default(),
        traces: None,
    };
    let client = kube::Client::try_from(nowhere).unwrap();
    let operator = Operator::prepare(client, options, CancellationToken::new()).await.unwrap();
    let metrics = &operator.context().metrics;
    metrics.reconciled("Queue", "done", Duration::ZERO);
    metrics.exchanged(&Exchange { method: "GET", route: "/queues", status: Some(200), took: Duration::ZERO });
    metrics.drifted("Queue", 1);
    metrics.known("Queue", 1);
    metrics.waited("Queue", Duration::ZERO);
    metrics.backing_off("Queue", 1);
    metrics.panics().caught("Queue");
    let text = metrics.encode().unwrap();
    let mut series = BTreeSet::new();
    for line in text.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let (name, kind) = line.split_once(' ').unwrap();
        let endings: &[&str] = match kind {
            "counter" => &["_total"],
            "histogram" => &["_bucket", "_sum", "_count"],
            "gauge" => &[""],
            other => panic!("{name} is a {other}"),
        };
        series.extend(endings.iter().map(|ending| format!("{name}{ending}")));
    }
    series
}

/// Every metric that a part registers, by the source, with its ending where there is one kind of it alone: those that
/// have no value until a call is made cannot be seen otherwise.
pub(crate) fn registered() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for part in [
        "telemetry/metrics",
        "telemetry/traces/export",
        "webhook/metrics",
        "dialing/metrics",
        "flows/metrics",
        "ownership/metrics",
    ] {
        let source = fs::read_to_string(path(&format!("src/{part}.rs"))).unwrap();
        for call in source.split("registry.register(").skip(1) {
            names.insert(format!("{PREFIX}{}", call.split('"').nth(1).unwrap()));
        }
    }
    // Those that are gathered when somebody asks.
    for part in ["reconcile/watches", "reconcile/budgets", "dialing/gauges"] {
        let source = fs::read_to_string(path(&format!("src/{part}.rs"))).unwrap();
        for opening in ["encode_descriptor(", "gauge(&mut encoder, "] {
            let calls = source.split(opening).skip(1).map(str::trim_start);
            let named = calls.filter_map(|call| call.strip_prefix('"')?.split('"').next());
            names.extend(named.map(|name| format!("{PREFIX}{name}")));
        }
    }
    assert!(names.len() > 28, "{names:?}");
    names
}

/// The metric that a series belongs to.
pub(crate) fn metric(series: &str) -> String {
    let ending = ["_total", "_bucket", "_sum", "_count"].into_iter().find(|ending| series.ends_with(ending));
    series.strip_suffix(ending.unwrap_or_default()).unwrap().to_owned()
}

/// The series that an expression names.
pub(crate) fn named(expression: &str) -> impl Iterator<Item = &str> {
    expression
        .split(|character: char| !(character.is_ascii_alphanumeric() || character == '_'))
        .filter(|word| word.starts_with(PREFIX))
}

pub(crate) fn alerts() -> Vec<Value> {
    let text = fs::read_to_string(path("charts/telnyx-operator/files/alerts.yaml")).unwrap();
    let rules: Value = serde_saphyr::from_str(&text).unwrap();
    rules["groups"].as_array().unwrap().iter().flat_map(|group| group["rules"].as_array().unwrap().clone()).collect()
}

fn dashboard() -> Value {
    let text = fs::read_to_string(path("charts/telnyx-operator/files/dashboard.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// What each panel of the dashboard asks.
pub(crate) fn panels() -> BTreeMap<String, String> {
    let mut expressions = BTreeMap::new();
    for panel in dashboard()["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().into_iter().flatten() {
            // Two panels may have one title.
            let name = format!("panel {} {} {}", panel["id"], panel["title"], target["refId"]);
            let earlier = expressions.insert(name.clone(), target["expr"].as_str().unwrap().to_owned());
            assert!(earlier.is_none(), "{name} is there twice");
        }
    }
    expressions
}

#[tokio::test]
async fn alerts_and_dashboard_name_only_metrics_that_the_operator_has() {
    let (shown, registered) = (shown().await, registered());
    let known: BTreeSet<String> = shown.iter().map(|series| metric(series)).collect();
    let mut expressions: BTreeMap<String, String> = BTreeMap::new();
    for rule in alerts() {
        expressions.insert(rule["alert"].as_str().unwrap().to_owned(), rule["expr"].as_str().unwrap().to_owned());
    }
    expressions.extend(panels());
    for (whose, expression) in &expressions {
        assert!(named(expression).next().is_some(), "{whose} asks for no metric of ours");
        for series in named(expression) {
            assert!(registered.contains(&metric(series)), "{whose} asks for {series}, which nobody registers");
            let exists = shown.contains(series) || !known.contains(&metric(series));
            assert!(exists, "{whose} asks for {series}, which is none of {shown:#?}");
        }
    }
    let used: BTreeSet<String> = expressions.values().flat_map(|expression| named(expression)).map(metric).collect();
    let unused: Vec<_> = registered.difference(&used).collect();
    assert!(unused.is_empty(), "neither in the dashboard nor in an alert: {unused:?}");
}

#[test]
fn every_metric_is_documented_and_no_other() {
    let page = fs::read_to_string(path("docs/observability.md")).unwrap();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once(" |"));
    let rows = rows.filter(|(names, _)| !names.contains(':'));
    let cells = rows.flat_map(|(names, _)| names.split(", ").map(|name| format!("{PREFIX}{}", name.trim_matches('`'))));
    let told: BTreeSet<String> = cells.collect();
    assert_eq!(told, registered());
}

#[test]
fn every_alert_has_a_runbook_and_every_runbook_an_alert() {
    let mut pages = BTreeSet::new();
    for rule in alerts() {
        let name = rule["alert"].as_str().unwrap();
        let page = format!("docs/runbooks/{name}.md");
        let url = rule["annotations"]["runbook_url"].as_str().unwrap();
        assert!(url.ends_with(&page), "{name}: {url}");
        let text = fs::read_to_string(path(&page)).unwrap_or_default();
        for heading in ["## What it means", "## What to look at", "## What to do"] {
            assert!(text.contains(heading), "{page} has no {heading:?}");
        }
        let severity = rule["labels"]["severity"].as_str().unwrap();
        assert!(["critical", "warning", "info"].contains(&severity), "{name}: {severity}");
        pages.insert(format!("{name}.md"));
    }
    for entry in fs::read_dir(path("docs/runbooks")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(name == "README.md" || pages.contains(&name), "docs/runbooks/{name} belongs to no alert");
    }
}

#[test]
fn panels_of_the_dashboard_do_not_overlap_and_have_ids_of_their_own() {
    let dashboard = dashboard();
    let (mut ids, mut cells) = (BTreeSet::new(), BTreeSet::new());
    for panel in dashboard["panels"].as_array().unwrap() {
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "two panels have id {}", panel["id"]);
        let at = |field: &str| panel["gridPos"][field].as_u64().unwrap();
        assert!(at("x") + at("w") <= 24, "{} is wider than the page", panel["title"]);
        for x in at("x")..at("x") + at("w") {
            for y in at("y")..at("y") + at("h") {
                assert!(cells.insert((x, y)), "{} lies on another panel", panel["title"]);
            }
        }
    }
}
