//! The alerts, evaluated by Prometheus's own promtool: each fires on what an operator in that trouble shows and with the
//! words that were meant, is quiet about the nearest things to it, and all are quiet about a healthy operator. The cases
//! are in `alerts.yaml`. And the dashboard, as far as promtool can judge it: its expressions are read.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use dev_cluster::binaries::Program;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::generated::path;
use crate::observability::{alerts, metric, named, panels, registered};

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
    quiet: Vec<Quiet>,
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

impl Cases {
    /// Every series of every case.
    fn told(&self) -> impl Iterator<Item = &str> {
        self.healthy.keys().chain(self.alerts.values().flat_map(Case::told)).map(String::as_str)
    }
}

impl Case {
    fn told(&self) -> impl Iterator<Item = &String> {
        self.fires.series.keys().chain(self.quiet.iter().flat_map(|quiet| quiet.series.keys()))
    }
}

/// A real `/metrics`; its head says how it was recorded.
#[derive(Default)]
struct Scrape {
    /// With which labels a series was shown.
    labels: BTreeMap<String, BTreeSet<BTreeSet<String>>>,
    /// The upper bounds of the buckets of a histogram.
    bounds: BTreeMap<String, BTreeSet<String>>,
}

impl Scrape {
    fn recorded() -> Self {
        let mut scrape = Self::default();
        let text = fs::read_to_string(path("tests/manifests/metrics.txt")).unwrap();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let (name, labels) = split(line);
            let names = labels.iter().map(|(label, _)| (*label).to_owned()).collect();
            scrape.labels.entry(name.to_owned()).or_default().insert(names);
            let bounds = labels.iter().filter(|(label, _)| *label == "le").map(|(_, bound)| (*bound).to_owned());
            scrape.bounds.entry(name.to_owned()).or_default().extend(bounds);
        }
        scrape
    }
}

/// Name and labels of a series, whatever follows it.
fn split(series: &str) -> (&str, Vec<(&str, &str)>) {
    let (name, mut rest) = series.split_at(series.find(['{', ' ']).unwrap_or(series.len()));
    let mut labels = vec![];
    while let Some(label) = rest.strip_prefix(['{', ',']) {
        let (name, value) = label.split_once("=\"").unwrap_or_else(|| panic!("{series} has a label without a value"));
        let (value, after) = value.split_once('"').unwrap_or_else(|| panic!("{series} has a value without an end"));
        labels.push((name, value));
        rest = after;
    }
    (name, labels)
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
        for (place, quiet) in quiet.iter().enumerate() {
            let expected = [silent(name, &quiet.at)];
            tests.push(test(&format!("{name} is quiet, case {place}"), &cases.healthy, &quiet.series, &expected));
        }
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
    for (name, case) in &cases.alerts {
        assert!(!case.quiet.is_empty(), "{name} is never shown what it is quiet about");
    }
    let registered = registered();
    for series in cases.told() {
        let name = named(series).next().unwrap_or_else(|| panic!("{series} is not ours"));
        assert!(registered.contains(&metric(name)), "{series}: nobody registers it");
    }
}

#[test]
fn the_cases_are_told_in_series_that_an_operator_has_shown() {
    let (scrape, registered) = (Scrape::recorded(), registered());
    for series in scrape.labels.keys() {
        assert!(registered.contains(&metric(series)), "{series} of the recorded scrape is gone: record it again");
    }
    for series in cases().told() {
        let (name, labels) = split(series);
        let shown = scrape.labels.get(name).unwrap_or_else(|| panic!("{name} is not in the recorded scrape"));
        let names: BTreeSet<String> = labels.iter().map(|(label, _)| (*label).to_owned()).collect();
        assert!(shown.contains(&names), "{series}: an operator shows {name} with labels {shown:?}");
        for (_, bound) in labels.iter().filter(|(label, _)| *label == "le") {
            assert!(scrape.bounds[name].contains(*bound), "{series}: the bounds are {:?}", scrape.bounds[name]);
        }
    }
}

#[test]
fn promtool_can_read_what_the_dashboard_asks() {
    // Grafana puts words in place of these before it asks.
    let asked = |expression: &str| {
        let asked = expression.replace("$__rate_interval", "5m").replace("$namespace", ".*");
        assert!(!asked.contains('$'), "{expression} has a variable that nothing is put in place of");
        asked
    };
    let read = |expressions: &[String]| {
        let rules: Vec<Value> = expressions
            .iter()
            .enumerate()
            .map(|(place, expression)| json!({ "record": format!("dashboard:panel_{place}"), "expr": expression }))
            .collect();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rules.yaml");
        fs::write(&file, json!({ "groups": [{ "name": "dashboard", "rules": rules }] }).to_string()).unwrap();
        promtool(&["check", "rules", file.to_str().unwrap()])
    };
    let expressions: Vec<String> = panels().values().map(|expression| asked(expression)).collect();
    assert!(expressions.len() > 30, "{expressions:?}");
    let (good, said) = read(&expressions);
    assert!(good, "{said}");
    let (good, said) = read(&["sum by kind (telnyx_operator_objects)".to_owned()]);
    assert!(!good, "what cannot be read is found out: {said}");
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
