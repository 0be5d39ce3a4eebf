//! The alerts, evaluated by Prometheus's own promtool: each fires on what an operator in that trouble shows and with the
//! words that were meant, is quiet about the nearest thing to it, and all are quiet about a healthy operator. The cases
//! are in `alerts.yaml`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use dev_cluster::binaries::Program;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::generated::path;
use crate::observability::{alerts, metric, named, registered};

/// Values by series.
type Series = BTreeMap<String, String>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    healthy: Series,
    alerts: BTreeMap<String, Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    fires: Fires,
    quiet: Quiet,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fires {
    series: Series,
    /// Quiet until then.
    not_yet: String,
    /// Fires then.
    at: String,
    /// Beside its severity.
    #[serde(default)]
    labels: BTreeMap<String, String>,
    /// What becomes of the annotations that are templates.
    #[serde(default)]
    says: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Quiet {
    series: Series,
    at: String,
}

fn cases() -> Cases {
    serde_saphyr::from_str(&fs::read_to_string(path("tests/manifests/alerts.yaml")).unwrap()).unwrap()
}

fn promtool(arguments: &[&str]) -> (bool, String) {
    let program = Program::Promtool.ensure(&|line| eprintln!("{line}")).unwrap();
    let output = Command::new(program).args(arguments).output().unwrap();
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    (output.status.success(), said.concat())
}

/// One of promtool's tests: these series laid over the healthy ones, and what is expected of alerts when.
fn test(name: &str, healthy: &Series, over: &Series, expected: &[Value]) -> Value {
    let mut series = healthy.clone();
    series.extend(over.clone());
    let series: Vec<Value> =
        series.iter().map(|(series, values)| json!({ "series": series, "values": values })).collect();
    json!({ "name": name, "interval": "1m", "input_series": series, "alert_rule_test": expected })
}

fn silent(alert: &str, at: &str) -> Value {
    json!({ "alertname": alert, "eval_time": at, "exp_alerts": [] })
}

/// The alert as it has to fire.
fn firing(name: &str, rule: &Value, case: &Fires) -> Value {
    let mut labels = json!(case.labels);
    labels["severity"] = rule["labels"]["severity"].clone();
    let mut annotations = rule["annotations"].clone();
    for (annotation, text) in annotations.as_object_mut().unwrap() {
        if text.as_str().unwrap().contains("{{") {
            let said = case.says.get(annotation);
            *text = json!(said.unwrap_or_else(|| panic!("{name}: the case does not say what {annotation} becomes")));
        }
    }
    json!({
        "alertname": name,
        "eval_time": case.at,
        "exp_alerts": [{ "exp_labels": labels, "exp_annotations": annotations }],
    })
}

/// All cases as promtool reads them.
fn tests(cases: &Cases) -> Vec<Value> {
    let rules = alerts();
    let mut tests = vec![];
    let quiet: Vec<Value> = rules
        .iter()
        .flat_map(|rule| ["5m", "31m", "45m", "2h", "4h"].map(|at| silent(rule["alert"].as_str().unwrap(), at)))
        .collect();
    tests.push(test("healthy", &cases.healthy, &Series::new(), &quiet));
    for rule in &rules {
        let name = rule["alert"].as_str().unwrap();
        let Some(Case { fires, quiet }) = cases.alerts.get(name) else { continue };
        let expected = [silent(name, &fires.not_yet), firing(name, rule, fires)];
        tests.push(test(&format!("{name} fires"), &cases.healthy, &fires.series, &expected));
        let expected = [silent(name, &quiet.at)];
        tests.push(test(&format!("{name} is quiet"), &cases.healthy, &quiet.series, &expected));
    }
    tests
}

/// What promtool makes of the cases under these rules.
fn judged(rules: &Value) -> (bool, String) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("rules.yaml"), rules.to_string()).unwrap();
    let tests = json!({ "rule_files": ["rules.yaml"], "evaluation_interval": "1m", "tests": tests(&cases()) });
    let file = folder.path().join("tests.yaml");
    fs::write(&file, tests.to_string()).unwrap();
    promtool(&["test", "rules", file.to_str().unwrap()])
}

fn rules() -> Value {
    serde_saphyr::from_str(&fs::read_to_string(path("charts/telnyx-operator/files/alerts.yaml")).unwrap()).unwrap()
}

/// The rules with every expression replaced.
fn rules_that_all_ask(expression: &str) -> Value {
    let mut rules = rules();
    for group in rules["groups"].as_array_mut().unwrap() {
        for rule in group["rules"].as_array_mut().unwrap() {
            rule["expr"] = json!(expression);
        }
    }
    rules
}

#[test]
fn promtool_finds_nothing_wrong_with_the_rules() {
    let file = path("charts/telnyx-operator/files/alerts.yaml");
    let (good, said) = promtool(&["check", "rules", "--lint=all", "--lint-fatal", file.to_str().unwrap()]);
    assert!(good, "{said}");
}

#[test]
fn every_alert_fires_in_its_trouble_and_is_quiet_otherwise() {
    let (good, said) = judged(&rules());
    assert!(good, "{said}");
}

#[test]
fn every_alert_has_its_cases_and_they_are_told_in_series_that_exist() {
    let cases = cases();
    let names: BTreeSet<String> = alerts().iter().map(|rule| rule["alert"].as_str().unwrap().to_owned()).collect();
    assert_eq!(cases.alerts.keys().cloned().collect::<BTreeSet<_>>(), names);
    let registered = registered();
    let told = cases.alerts.values().flat_map(|case| case.fires.series.keys().chain(case.quiet.series.keys()));
    for series in cases.healthy.keys().chain(told) {
        let name = named(series).next().unwrap_or_else(|| panic!("{series} is not ours"));
        assert!(registered.contains(&metric(name)), "{series}: nobody registers it");
    }
}

#[test]
fn a_rule_that_never_fires_or_always_does_is_found_out() {
    for (expression, expected) in [("vector(1) > 2", "fires"), ("vector(1)", "is quiet")] {
        let (good, said) = judged(&rules_that_all_ask(expression));
        assert!(!good, "{said}");
        for name in cases().alerts.keys() {
            assert!(said.contains(&format!("{name} {expected}")), "{name} is not missed:\n{said}");
        }
    }
}
