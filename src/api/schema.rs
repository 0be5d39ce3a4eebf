//! From derived schemas to the ones that are installed.
//!
//! `derive(CustomResource)` knows Rust's types; a few things that Kubernetes understands have no Rust counterpart. They
//! are added here, once, for every kind.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

/// Conditions: a map by type for server-side apply, with the limits that Kubernetes' own kinds have.
pub(super) fn conditions(generator: &mut SchemaGenerator) -> Schema {
    let mut item = Condition::json_schema(generator).to_value();
    let bounds: [(&str, &str, Value); 6] = [
        ("/properties/type", "maxLength", json!(316)),
        ("/properties/status", "enum", json!(["True", "False", "Unknown"])),
        ("/properties/reason", "maxLength", json!(1024)),
        ("/properties/reason", "pattern", json!("^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$")),
        ("/properties/message", "maxLength", json!(32768)),
        ("/properties/observedGeneration", "minimum", json!(0)),
    ];
    for (pointer, keyword, value) in bounds {
        if let Some(Value::Object(property)) = item.pointer_mut(pointer) {
            property.insert(keyword.to_owned(), value);
        }
    }
    json_schema!({
        "type": "array",
        "items": item,
        "maxItems": 16,
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["type"],
    })
}

/// An object whose fields are somebody else's to define. It has one owner as a whole, so that the list of field owners in
/// each object does not repeat its fields.
pub(super) fn open_object(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "x-kubernetes-preserve-unknown-fields": true,
        "x-kubernetes-map-type": "atomic",
    })
}

/// Any JSON value, null included.
pub(super) fn any_value(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "x-kubernetes-preserve-unknown-fields": true, "nullable": true })
}

/// Adds CEL rules to an object that may have some already, from a flattened part of it.
pub(super) fn add_rules(schema: &mut Schema, rules: &[(&str, &str)]) {
    let rules = rules.iter().map(|(rule, message)| json!({ "rule": rule, "message": message }));
    match schema.ensure_object().entry("x-kubernetes-validations").or_insert_with(|| json!([])) {
        Value::Array(present) => present.extend(rules),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {}
    }
}
