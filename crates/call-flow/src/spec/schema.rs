//! JSON Schema of what a user writes, fit for a custom resource.
//!
//! Promises that a request's schema is the one of `telnyx-voice`, bounds included, with its fields in camelCase and without those
//! that are the interpreter's. Does not know Kubernetes beyond the keywords of structural schemas.

use std::borrow::Cow;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use super::action::Kind;
use super::params::{FREE_FORM, InConference, NAMED, OURS, Params, camel, snake};
use super::step::Step;
use crate::compile::MAX_NAME;

/// JSON of the user's own.
pub(crate) fn free_form(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "x-kubernetes-preserve-unknown-fields": true })
}

/// The schema of a request as a user writes it.
fn request<T: JsonSchema>() -> Map<String, Value> {
    let settings = SchemaSettings::default().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    recase(&mut schema);
    explain(&mut schema);
    let mut fields = match schema {
        Value::Object(fields) => fields,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Map::new(),
    };
    fields.remove("title");
    fields
}

/// Gives every field a word, at every depth: where the name says it all, the API's reference says the rest.
fn explain(schema: &mut Value) {
    match schema {
        Value::Object(keywords) => {
            if let Some(Value::Object(properties)) = keywords.get_mut("properties") {
                for (name, property) in properties {
                    if let Value::Object(property) = property {
                        let text = || Value::String(format!("The API's `{}`.", snake(name)));
                        property.entry("description").or_insert_with(text);
                    }
                    explain(property);
                }
            }
            let inner = |(keyword, inner)| {
                matches!(String::as_str(keyword), "items" | "additionalProperties" | "anyOf" | "oneOf" | "allOf")
                    .then_some(inner)
            };
            keywords.iter_mut().filter_map(inner).for_each(explain);
        }
        Value::Array(schemas) => schemas.iter_mut().for_each(explain),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Rewrites the names of fields, at every depth, and takes out what cannot be written.
fn recase(schema: &mut Value) {
    match schema {
        Value::Object(keywords) => {
            if let Some(Value::Object(properties)) = keywords.get_mut("properties") {
                let written = std::mem::take(properties);
                for (name, mut property) in written {
                    if OURS.contains(&name.as_str()) {
                        continue;
                    }
                    let free = FREE_FORM.contains(&name.as_str());
                    if NAMED.contains(&name.as_str()) {
                        property.get_mut("additionalProperties").into_iter().for_each(recase);
                    } else if !free {
                        recase(&mut property);
                    }
                    properties.insert(camel(&name).into_owned(), property);
                }
            }
            if let Some(Value::Array(required)) = keywords.get_mut("required") {
                required.retain(|name| name.as_str().is_none_or(|name| !OURS.contains(&name)));
                for name in required {
                    *name = name.as_str().map(camel).unwrap_or_default().into();
                }
            }
            // A text that holds a template is measured once it is filled in.
            if let Some(Value::String(pattern)) = keywords.get_mut("pattern") {
                pattern.push_str(r"|\{\{");
            }
            for (keyword, inner) in keywords {
                if matches!(keyword.as_str(), "items" | "additionalProperties" | "anyOf" | "oneOf" | "allOf") {
                    recase(inner);
                }
            }
        }
        Value::Array(schemas) => schemas.iter_mut().for_each(recase),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

impl<T: JsonSchema> JsonSchema for Params<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        request::<T>().into()
    }
}

impl<T: JsonSchema> JsonSchema for InConference<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let mut schema = request::<T>();
        let conference = json!({
            "type": "string",
            "description": "Name or id of the conference. Unset: the one that the call is in. May hold {{variable}}.",
        });
        match schema.get_mut("properties") {
            Some(Value::Object(properties)) => {
                properties.insert("conference".to_owned(), conference);
            }
            _ => {
                schema.insert("properties".to_owned(), json!({ "conference": conference }));
            }
        }
        schema.into()
    }
}

impl JsonSchema for Step {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Step".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut properties = common();
        for kind in Kind::ALL {
            let mut schema = kind.schema(generator);
            schema.insert("description".to_owned(), kind.summary().into());
            // Unset, it is the call's own application.
            if let (Kind::Dial, Some(Value::Array(required))) = (kind, schema.get_mut("required")) {
                required.retain(|name| name != "connectionId");
            }
            properties.insert(kind.as_str().to_owned(), schema.to_value());
        }
        let set: Vec<String> = Kind::ALL.iter().map(|kind| format!("has(self.{})", field(kind.as_str()))).collect();
        json_schema!({
            "type": "object",
            "description": "One step: a name, exactly one kind with its parameters, and where to go on.",
            "required": ["name"],
            "properties": properties,
            "x-kubernetes-validations": [{
                "rule": format!("[{}].filter(x, x).size() == 1", set.join(", ")),
                "message": "a step does one thing: set exactly one kind, such as speak or hangup",
            }],
        })
    }
}

/// How CEL spells a field whose name is a word of its own (Kubernetes: CEL, escaping).
fn field(name: &str) -> Cow<'_, str> {
    match name {
        "loop" => "__loop__".into(),
        other => other.into(),
    }
}

/// The fields beside the kind.
fn common() -> Map<String, Value> {
    let target = |text: &str| json!({ "type": "string", "maxLength": MAX_NAME, "description": text });
    let fields = json!({
        "name": {
            "type": "string", "minLength": 1, "maxLength": MAX_NAME, "pattern": "^[A-Za-z][A-Za-z0-9_-]*$",
            "description": "Unique in the flow.",
        },
        "next": target("The step that follows, or end. Unset: the one below; after the last the call is hung up."),
        "transitions": {
            "type": "object", "maxProperties": 16,
            "additionalProperties": { "type": "string", "maxLength": MAX_NAME },
            "description": "Other ways on, by event: a step, or end. Which events there are depends on the kind.",
        },
        "onError": target("The step that follows an error, or end. Unset: the flow's onError."),
        "timeoutSecs": {
            "type": "integer", "format": "int32", "minimum": 1, "maximum": 14400,
            "description": "How long to wait for the end of the step, in seconds. Unset: the kind's own default.",
        },
        "waitForEnd": {
            "type": "boolean",
            "description": "false: go on as soon as the command is accepted, while it is carried out. Unset: true.",
        },
        "save": {
            "type": "object", "maxProperties": 32,
            "additionalProperties": { "type": "string", "maxLength": 256 },
            "description": "What to remember of the result: variable to field of the result, dots lead into it.",
        },
    });
    match fields {
        Value::Object(fields) => fields,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::FlowSpec;

    /// Every name of a property, at every depth.
    fn names(schema: &Value, found: &mut Vec<String>) {
        match schema {
            Value::Object(keywords) => {
                if let Some(Value::Object(properties)) = keywords.get("properties") {
                    found.extend(properties.keys().cloned());
                    properties.values().for_each(|inner| names(inner, found));
                }
                for key in ["items", "additionalProperties"] {
                    keywords.get(key).into_iter().for_each(|inner| names(inner, found));
                }
            }
            Value::Array(items) => items.iter().for_each(|inner| names(inner, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn flow() -> Value {
        let settings = SchemaSettings::default().with(|settings| settings.inline_subschemas = true);
        settings.into_generator().into_root_schema_for::<FlowSpec>().to_value()
    }

    #[test]
    fn every_kind_is_explained_in_camel_case_without_what_is_ours() {
        let schema = flow();
        let step = &schema["properties"]["steps"]["items"];
        for kind in Kind::ALL {
            let params = &step["properties"][kind.as_str()];
            assert_eq!(params["type"], "object", "{kind:?}");
            assert_eq!(params["description"], kind.summary(), "{kind:?}");
        }
        let mut found = Vec::new();
        names(&schema, &mut found);
        assert!(found.contains(&"callControlIds".to_owned()) && found.contains(&"payloadType".to_owned()));
        for name in found {
            assert!(!name.contains('_'), "{name}");
            assert!(!["clientState", "commandId", "targetLegClientState"].contains(&name.as_str()), "{name}");
        }
    }

    #[test]
    fn the_schema_leaves_room_in_a_custom_resource_definition() {
        let size = flow().to_string().len();
        assert!(size < 600_000, "{size} bytes");
    }

    #[test]
    fn bounds_and_required_fields_are_the_apis() {
        let schema = flow();
        let step = &schema["properties"]["steps"]["items"]["properties"];
        assert_eq!(step["speak"]["required"], json!(["payload", "voice"]));
        assert_eq!(step["speak"]["properties"]["payload"]["maxLength"], 3000);
        assert_eq!(step["sendDtmf"]["properties"]["durationMillis"]["maximum"], 500);
        assert_eq!(step["sendDtmf"]["properties"]["digits"]["pattern"], r"^[0-9A-D*#wW]*$|\{\{");
    }
}
