//! Checks a manifest against its kind's schema: required and unknown fields, types, enum values.
//!
//! Patterns, bounds and CEL rules are left to the API server, which has the last word anyway.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{JSONSchemaProps, JSONSchemaPropsOrArray};
use serde_json::Value;
use std::collections::BTreeMap;

use crate::api;

/// The schemas of all kinds.
#[derive(Debug)]
pub(super) struct Schemas(BTreeMap<String, JSONSchemaProps>);

impl Schemas {
    pub(super) fn load() -> Self {
        let schemas = api::crds().into_iter().filter_map(|definition| {
            let version = definition.spec.versions.into_iter().next()?;
            Some((definition.spec.names.kind, version.schema?.open_api_v3_schema?))
        });
        Self(schemas.collect())
    }

    /// What is wrong with the spec of `object`, each complaint with the path of its field. `None`: not a kind of ours.
    pub(super) fn complaints(&self, kind: &str, object: &Value) -> Option<Vec<String>> {
        let root = self.0.get(kind)?;
        let mut complaints = vec![];
        match (object.get("spec"), root.properties.as_ref().and_then(|properties| properties.get("spec"))) {
            (Some(spec), Some(schema)) => check("spec", spec, schema, &mut complaints),
            (None, Some(_)) => complaints.push("spec: is missing".to_owned()),
            (_, None) => {}
        }
        Some(complaints)
    }
}

fn check(path: &str, value: &Value, schema: &JSONSchemaProps, complaints: &mut Vec<String>) {
    if value.is_null() {
        // An empty field is a missing one, as for the API server's pruning.
        return;
    }
    if let Some(expected) = schema.type_.as_deref().filter(|expected| !is(value, expected)) {
        complaints.push(format!("{path}: must be {}", with_article(expected)));
        return;
    }
    if let Some(values) = &schema.enum_
        && !values.iter().any(|allowed| allowed.0 == *value)
    {
        let allowed: Vec<String> = values.iter().map(|allowed| allowed.0.to_string()).collect();
        complaints.push(format!("{path}: {value} is not one of {}", allowed.join(", ")));
    }
    match value {
        Value::Object(fields) => {
            for missing in schema.required.iter().flatten().filter(|field| !fields.contains_key(*field)) {
                complaints.push(format!("{path}.{missing}: is missing"));
            }
            let Some(known) = &schema.properties else { return };
            for (name, value) in fields {
                match known.get(name) {
                    Some(schema) => check(&format!("{path}.{name}"), value, schema, complaints),
                    None => complaints.push(format!("{path}.{name}: there is no such field")),
                }
            }
        }
        Value::Array(items) => {
            if let Some(JSONSchemaPropsOrArray::Schema(schema)) = &schema.items {
                for (index, item) in items.iter().enumerate() {
                    check(&format!("{path}[{index}]"), item, schema, complaints);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn is(value: &Value, expected: &str) -> bool {
    match expected {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        _ => true,
    }
}

fn with_article(kind: &str) -> String {
    let article = if kind.starts_with(['a', 'i', 'o']) { "an" } else { "a" };
    format!("{article} {kind}")
}

#[cfg(test)]
mod tests {
    use super::Schemas;
    use serde_json::{Value, json};

    fn check(kind: &str, spec: &Value, expected: &[&str]) {
        let found = Schemas::load().complaints(kind, &json!({ "spec": spec })).unwrap();
        assert_eq!(found, expected, "{spec}");
    }

    #[test]
    fn each_mistake_is_named_with_the_path_of_its_field() {
        let account = json!({ "name": "main" });
        check("Queue", &json!({ "accountRef": account, "maxSize": 5 }), &[]);
        check("Queue", &json!({ "accountRef": account, "maxSize": "5" }), &["spec.maxSize: must be an integer"]);
        check("Queue", &json!({ "accountRef": account, "size": 5 }), &["spec.size: there is no such field"]);
        check("Queue", &json!({ "accountRef": {} }), &["spec.accountRef.name: is missing"]);
        check(
            "CallControlApplication",
            &json!({ "accountRef": account, "outbound": { "channelLimit": true } }),
            &["spec.outbound.channelLimit: must be an integer"],
        );
        assert_eq!(Schemas::load().complaints("ConfigMap", &json!({})), None);
        let found = Schemas::load()
            .complaints("CallControlApplication", &json!({ "spec": { "accountRef": account, "dtmfType": "Morse" } }))
            .unwrap();
        assert!(
            found.len() == 1 && found[0].starts_with(r#"spec.dtmfType: "Morse" is not one of "RFC 2833""#),
            "{found:?}"
        );
    }
}
