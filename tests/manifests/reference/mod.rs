//! The reference in `docs/reference`: every field of every kind, every condition, reason and outcome, as the code has them.
//!
//! `UPDATE=1` writes it again (`make generate`).

mod fields;
mod outcomes;
mod words;

use std::collections::BTreeMap;
use std::fs;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use serde_json::Value;

use crate::generated::path;
use fields::{Field, Section, sections};
use words::{cell, sentence};

const HEAD: &str = "<!-- Generated from the code by `make generate`. -->";

/// The page that tells what a kind is for.
fn guide(kind: &str) -> &'static str {
    match kind {
        "TelnyxAccount" => "../guides/account.md",
        "CallControlApplication" => "../guides/application.md",
        "OutboundVoiceProfile" => "../guides/profile.md",
        "Queue" => "../guides/queue.md",
        "Conference" => "../guides/conference.md",
        "CallFlow" => "../call-flows.md",
        "OutboundCampaign" => "../guides/campaign.md",
        "DialJob" => "../guides/dial-job.md",
        "DoNotCallList" => "../guides/do-not-call-list.md",
        other => panic!("the guide of {other} is not named"),
    }
}

#[test]
fn the_reference_is_what_the_definitions_say() {
    let mut pages =
        BTreeMap::from([("conditions.md".to_owned(), conditions()), ("outcomes.md".to_owned(), outcomes::page())]);
    for crd in telnyx_operator::api::crds() {
        pages.insert(format!("{}.md", crd.spec.names.plural), kind(&crd));
    }
    let folder = path("docs/reference");
    if std::env::var_os("UPDATE").is_some() {
        fs::create_dir_all(&folder).unwrap();
        for (name, text) in &pages {
            fs::write(folder.join(name), text).unwrap();
        }
    }
    for (name, text) in &pages {
        let stored = fs::read_to_string(folder.join(name)).unwrap_or_default();
        assert!(stored == *text, "docs/reference/{name} is not what the code says: run `make generate` and commit");
    }
    assert_eq!(
        fs::read_dir(&folder).unwrap().count(),
        pages.len(),
        "docs/reference holds a page of a kind that is gone"
    );
}

#[test]
fn every_field_of_every_kind_is_in_the_reference() {
    for crd in telnyx_operator::api::crds() {
        let page = kind(&crd);
        let mut schema = schema(&crd);
        schema["properties"]["status"]["properties"].as_object_mut().unwrap().remove("conditions");
        let mut fields = 0;
        let mut check = |name: &str| {
            let shown = page.contains(&format!("{name}`"));
            assert!(shown, "{name} of {} is not in the reference", crd.spec.names.kind);
            fields += 1;
        };
        names(&schema["properties"]["spec"], &mut check);
        names(&schema["properties"]["status"], &mut check);
        assert!(fields > 20, "{} has {fields} fields", crd.spec.names.kind);
    }
}

/// The names of all fields at every depth.
fn names(schema: &Value, check: &mut impl FnMut(&str)) {
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        check(name);
        names(property, check);
    }
    for inner in ["items", "additionalProperties"].into_iter().filter(|inner| schema[inner].is_object()) {
        names(&schema[inner], check);
    }
}

fn schema(crd: &CustomResourceDefinition) -> Value {
    let [version] = crd.spec.versions.as_slice() else { panic!("one version was expected") };
    serde_json::to_value(version.schema.as_ref().unwrap().open_api_v3_schema.as_ref().unwrap()).unwrap()
}

/// The page of a kind.
fn kind(crd: &CustomResourceDefinition) -> String {
    let (names, schema) = (&crd.spec.names, schema(crd));
    let version = &crd.spec.versions[0];
    let short = names.short_names.iter().flatten().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let mut lines = vec![
        HEAD.to_owned(),
        format!("# {}\n\n{}\n", names.kind, sentence(&schema)),
        format!(
            "`apiVersion: {}/{}`, `kind: {}`; `kubectl get {}`, short {short}.",
            crd.spec.group, version.name, names.kind, names.plural
        ),
        format!(
            "What it is for: [guide]({}). Conditions and their reasons: [conditions](conditions.md).",
            guide(&names.kind)
        ),
        "\n## Columns\n\n| `kubectl get` | With `-o wide` only | Says |\n|---|---|---|".to_owned(),
    ];
    lines.extend(version.additional_printer_columns.iter().flatten().map(|column| {
        let wide = if column.priority.is_some_and(|priority| priority > 0) { "yes" } else { "" };
        format!("| {} | {wide} | {} |", column.name, cell(column.description.as_deref().unwrap_or_default()))
    }));
    let rules = fields::rules(&schema);
    if !rules.is_empty() {
        lines.push("\n## Rules for the whole\n".to_owned());
        lines.extend(bullets(&rules));
    }
    lines.extend(sections(&schema, &["spec", "status"]).iter().flat_map(table));
    lines.join("\n") + "\n"
}

fn table(section: &Section) -> Vec<String> {
    let mut lines = vec![format!("\n## `{}`", section.path)];
    if !section.meaning.is_empty() {
        lines.push(format!("\n{}", section.meaning));
    }
    if !section.rules.is_empty() {
        lines.push("\nRules:\n".to_owned());
        lines.extend(bullets(&section.rules));
    }
    if !section.fields.is_empty() {
        lines.push("\n| Field | Type | Allowed | Default | Meaning |\n|---|---|---|---|---|".to_owned());
    }
    lines.extend(section.fields.iter().map(|field| {
        let required = if field.required { ", required" } else { "" };
        let Field { path, kind, allowed, default, meaning, .. } = field;
        format!("| `{path}` | {kind}{required} | {allowed} | {default} | {meaning} |")
    }));
    lines
}

fn bullets(items: &[String]) -> impl Iterator<Item = String> {
    items.iter().map(|item| format!("- {item}"))
}

/// The page of conditions.
fn conditions() -> String {
    use telnyx_operator::dialing::conditions::{Reason, Type};

    let row = |word: &str, means: &str| format!("| `{word}` | {} |", cell(means));
    let mut lines = vec![
        HEAD.to_owned(),
        "# Conditions\n".to_owned(),
        "Every object has `Ready` from the moment when it is applied (`Unknown`, reason `Pending`, until the operator has seen it).".to_owned(),
        "A condition speaks of the generation of the spec in its `observedGeneration`. Type and reason are words to rely on;".to_owned(),
        "messages are for people and may change.".to_owned(),
        "\n## Types\n\n| Type | True means |\n|---|---|".to_owned(),
    ];
    lines.extend(Type::ALL.iter().map(|kind| row(kind.as_str(), kind.explanation())));
    lines.push("\n## Reasons of what mirrors an object at Telnyx\n".to_owned());
    lines.push(
        "`TelnyxAccount`, `CallControlApplication`, `OutboundVoiceProfile`, `Queue` and `Conference`.".to_owned(),
    );
    lines
        .push("Those that begin with *Event* are reasons of events alone.\n\n| Reason | Means |\n|---|---|".to_owned());
    lines.extend(reconcile_plan::Reason::ALL.iter().map(|reason| row(reason.as_str(), reason.explanation())));
    lines.push("\n## Reasons of what calls\n".to_owned());
    lines.push(
        "`OutboundCampaign`, `DialJob`, `CallFlow` and `DoNotCallList`.\n\n| Reason | Means |\n|---|---|".to_owned(),
    );
    lines.extend(Reason::ALL.iter().map(|reason| row(reason.as_str(), reason.explanation())));
    lines.join("\n") + "\n"
}
