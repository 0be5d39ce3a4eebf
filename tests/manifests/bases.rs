//! The smallest manifest of each kind, and changes to it.

use serde_json::{Value, json};

/// The smallest manifest that is taken.
pub(crate) fn base(kind: &str) -> Value {
    json!({
        "apiVersion": "telnyx-operator.io/v1alpha1",
        "kind": kind,
        "metadata": { "name": "base" },
        "spec": spec(kind),
    })
}

fn spec(kind: &str) -> Value {
    match kind {
        "TelnyxAccount" => json!({
            "apiKeySecretRef": { "name": "telnyx", "key": "apiKey" },
            "webhookPublicKey": "3ILFodLUgsE22tsj5OfqF9klPxqCCxpeWOK7u1lV2qo=",
        }),
        "CallControlApplication" | "OutboundVoiceProfile" | "Queue" => json!({ "accountRef": { "name": "demo" } }),
        "Conference" => json!({
            "accountRef": { "name": "demo" },
            "announcements": [{ "name": "welcome", "text": { "payload": "Hello." } }],
            "participants": [{ "callControlId": "v3:a" }],
        }),
        "CallFlow" => json!({
            "steps": [{ "name": "bye", "hangup": {} }],
            "variables": { "any": { "maxLength": 5, "default": "a" } },
        }),
        "OutboundCampaign" => {
            let mut spec = plan();
            spec["targets"] = targets();
            spec
        }
        "DialJob" => json!({ "plan": plan(), "targets": targets() }),
        "DoNotCallList" => json!({
            "accountRef": { "name": "demo" },
            "numbers": [{ "number": "+13125550101" }],
            "sources": [{ "configMap": { "name": "a", "key": "b" } }],
        }),
        other => panic!("no such kind: {other}"),
    }
}

fn plan() -> Value {
    json!({
        "accountRef": { "name": "demo" },
        "applicationRef": { "name": "announcements" },
        "from": ["+14155550100"],
        "purpose": "Informational",
        "announcement": { "text": { "payload": "Hello." } },
    })
}

fn targets() -> Value {
    json!([{ "id": "one", "to": "+13125550101", "timeZone": "America/Chicago" }])
}

/// Sets the value at a path such as `spec.windows[0].start`, making what is missing on the way; `None` removes it.
pub(crate) fn set(object: &mut Value, path: &str, value: Option<Value>) {
    let (parents, last) = steps(path);
    let parent = parents.into_iter().fold(object, enter);
    match (last, value) {
        (step, Some(value)) => *enter(parent, step) = value,
        (Step::Field(name), None) => {
            enter(parent, Step::Field(name));
            parent.as_object_mut().unwrap().remove(name);
        }
        (Step::First, None) => panic!("an item cannot be left out"),
    }
}

/// The value at a path.
pub(crate) fn get<'a>(object: &'a Value, path: &str) -> &'a Value {
    let (parents, last) = steps(path);
    parents.into_iter().chain([last]).fold(object, |object, step| match step {
        Step::Field(name) => &object[name],
        Step::First => &object[0],
    })
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Field(&'a str),
    First,
}

fn steps(path: &str) -> (Vec<Step<'_>>, Step<'_>) {
    let mut steps = Vec::new();
    for field in path.split('.') {
        let (name, first) = field.strip_suffix("[0]").map_or((field, false), |name| (name, true));
        steps.push(Step::Field(name));
        steps.extend(first.then_some(Step::First));
    }
    let last = steps.pop().unwrap();
    (steps, last)
}

fn enter<'a>(parent: &'a mut Value, step: Step<'_>) -> &'a mut Value {
    match step {
        Step::Field(name) => {
            if !parent.is_object() {
                *parent = json!({});
            }
            &mut parent[name]
        }
        Step::First => {
            if parent.as_array().is_none_or(Vec::is_empty) {
                *parent = json!([null]);
            }
            &mut parent[0]
        }
    }
}
