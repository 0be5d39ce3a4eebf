//! Every rule across fields, and across the old and the new object.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::bases::{base, set};
use crate::rules_as_tables::{CHANGES, CHANGES_OF_PLANS, OBJECTS, PLANS};
use crate::schema;
use crate::server::Server;

/// What the server says to it: `ok`, or a part of the words of its refusal.
type Says = &'static str;
/// Fields, as paths below `spec`, and their values; null leaves the field out.
type Fields = Value;

/// A new object.
struct Object {
    kind: &'static str,
    fields: Fields,
    says: Says,
}

/// A change of a stored object.
struct Change {
    kind: &'static str,
    before: Fields,
    after: Fields,
    says: Says,
}

/// Kinds with a plan, and where in their spec it is.
const PLANNED: [(&str, &str); 2] = [("OutboundCampaign", ""), ("DialJob", "plan.")];

fn rows(table: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    table.lines().filter(|line| !line.trim().is_empty()).map(|line| line.split(" | ").map(str::trim).collect())
}

fn fields(text: &str) -> Fields {
    serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn objects() -> Vec<Object> {
    let mut objects: Vec<Object> = rows(OBJECTS)
        .map(|row| {
            let [kind, text, says] = row[..] else { panic!("{row:?}") };
            Object { kind, fields: fields(text), says }
        })
        .collect();
    for row in rows(PLANS) {
        let [text, says] = row[..] else { panic!("{row:?}") };
        objects.extend(PLANNED.map(|(kind, plan)| {
            let below = |(path, value): (&String, &Value)| match path.as_str() {
                "targets" => (path.clone(), value.clone()),
                path => (format!("{plan}{path}"), value.clone()),
            };
            let fields = fields(text).as_object().unwrap().iter().map(below).collect();
            Object { kind, fields: Value::Object(fields), says }
        }));
    }
    objects
}

fn changes() -> Vec<Change> {
    let changes = rows(CHANGES).map(|row| {
        let [kind, before, after, says] = row[..] else { panic!("{row:?}") };
        Change { kind, before: fields(before), after: fields(after), says }
    });
    let of_plans = changes_of_plans().into_iter().map(|(field, value)| {
        let after = json!({ (format!("plan.{field}")): value });
        Change {
            kind: "DialJob",
            before: json!({}),
            after,
            says: "only suspend, pacing, windows, frequency, compliance",
        }
    });
    changes.chain(of_plans).collect()
}

/// A change of each field of a plan that a job fixes.
fn changes_of_plans() -> Vec<(String, Value)> {
    fields(CHANGES_OF_PLANS).as_object().unwrap().clone().into_iter().collect()
}

#[tokio::test]
async fn every_rule_is_kept_and_says_what_to_do() {
    let server = Server::ready().await;
    let mut wrong = Vec::new();
    let objects = objects();
    let manifests: Vec<Value> = objects.iter().map(|object| with(base(object.kind), &object.fields)).collect();
    for (object, refusal) in objects.iter().zip(server.refusals(manifests).await) {
        wrong.extend(complaint(&format!("{} {}", object.kind, object.fields), object.says, refusal));
    }
    for change in changes() {
        let before = with(base(change.kind), &change.before);
        let after = with(before.clone(), &change.after);
        let refusal = server.refusal_of_change(&before, &after).await;
        wrong.extend(complaint(
            &format!("{} {} -> {}", change.kind, change.before, change.after),
            change.says,
            refusal,
        ));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    server.release().await;
}

fn with(mut object: Value, fields: &Fields) -> Value {
    for (path, value) in fields.as_object().unwrap() {
        set(&mut object, &format!("spec.{path}"), Some(value.clone()).filter(|value| !value.is_null()));
    }
    object
}

fn complaint(what: &str, says: Says, refusal: Option<String>) -> Option<String> {
    match (says, refusal) {
        ("ok", None) => None,
        ("ok", Some(refusal)) => Some(format!("{what} should be taken: {refusal}")),
        (says, Some(refusal)) if refusal.contains(says) => None,
        (says, None) => Some(format!("{what} should be refused with {says:?}")),
        (says, Some(refusal)) => Some(format!("{what} should say {says:?}: {refusal}")),
    }
}

#[test]
fn no_rule_of_a_schema_is_left_out() {
    let said: BTreeSet<(&str, Says)> = objects()
        .into_iter()
        .map(|object| (object.kind, object.says))
        .chain(changes().into_iter().map(|change| (change.kind, change.says)))
        .collect();
    let mut untried = Vec::new();
    schema::each_field(|kind, path, schema| {
        for rule in schema.x_kubernetes_validations.iter().flatten() {
            let message = rule.message.as_deref().unwrap_or_default();
            if !said.iter().any(|(of, says)| *of == kind && message.contains(says)) {
                untried.push(format!("{kind} {path}: {message}"));
            }
        }
    });
    assert!(untried.is_empty(), "without a row: {untried:#?}");
}

/// Fields of a job's plan that can be changed later.
const CHANGEABLE: [&str; 9] = [
    "suspend",
    "pacing",
    "windows",
    "frequency",
    "compliance",
    "circuitBreaker",
    "budget",
    "successPolicy",
    "failurePolicy",
];
/// Fields of a plan that have a rule of their own.
const REFERENCES: [&str; 2] = ["accountRef", "applicationRef"];

#[test]
fn every_field_of_a_plan_is_either_changeable_or_fixed() {
    let mut there = BTreeSet::new();
    schema::each_field(|kind, path, _| {
        if kind == "DialJob"
            && let Some(field) = path.strip_prefix("spec.plan.").filter(|field| !field.contains(['.', '[']))
        {
            there.insert(field.to_owned());
        }
    });
    let fixed = changes_of_plans().into_iter().map(|(field, _)| field);
    let known: BTreeSet<String> =
        CHANGEABLE.into_iter().chain(REFERENCES).map(ToOwned::to_owned).chain(fixed).collect();
    assert_eq!(there, known);
}
