//! JSON Schema for whoever embeds a request in a custom resource: structural as Kubernetes demands it, with the bounds in it.
//!
//! An open enum lists its known values and admits no other. The client itself takes any; but in a custom resource a value that is
//! not listed is, much more often than news from the API, a slip of the pen.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value};

use crate::bounds::{Bounds, Rule};

/// Writes the bounds of an object into its schema, and takes from its fields' descriptions what their names say already.
pub(crate) fn write(schema: &mut Schema, bounds: Bounds) {
    let required: Vec<Value> = bounds
        .iter()
        .filter(|(_, rules)| rules.contains(&Rule::Required))
        .map(|(field, _)| Value::from(*field))
        .collect();
    if !required.is_empty() {
        schema.insert("required".to_owned(), Value::Array(required));
    }
    let Some(fields) = schema.get_mut("properties").and_then(Value::as_object_mut) else { return };
    for (name, field) in fields.iter_mut() {
        let Some(field) = field.as_object_mut() else { continue };
        describe(field);
        let rules = bounds.iter().find(|(bounded, _)| bounded == name).map_or(&[][..], |(_, rules)| rules);
        for rule in rules {
            write_rule(field, *rule);
        }
    }
}

/// `The API's …` is for readers of the Rust documentation, who see no field list of the API beside it.
fn describe(field: &mut Map<String, Value>) {
    let Some(text) = field.get("description").and_then(Value::as_str) else { return };
    let said = text.strip_prefix("The API's `").and_then(|rest| rest.split_once("`.")).map_or(text, |(_, rest)| rest);
    match said.trim() {
        "" => field.remove("description"),
        said => field.insert("description".to_owned(), said.into()),
    };
}

fn write_rule(field: &mut Map<String, Value>, rule: Rule) {
    let mut set = |key: &str, value: Value| field.insert(key.to_owned(), value);
    match rule {
        // `Required` is the object's to say; `AtSend`, the sum and what is about several fields are for the check alone.
        Rule::Required
        | Rule::AtSend
        | Rule::SumAtMost(_)
        | Rule::OneOfFields(_)
        | Rule::AtMostOne(_)
        | Rule::NotAbove(_) => {}
        Rule::Range(low, high) => {
            set("minimum", low.into());
            set("maximum", high.into());
        }
        Rule::Decimal(low, high) => {
            set("minimum", low.into());
            set("maximum", high.into());
        }
        Rule::AtLeast(low) => {
            set("minimum", low.into());
        }
        // The two ranges would need an `anyOf`; the lower one is in the field's text.
        Rule::ZeroOrAtLeast(_) => {
            set("minimum", 0.into());
        }
        Rule::OneOf(numbers) => {
            set("enum", numbers.iter().copied().map(Value::from).chain([Value::Null]).collect());
        }
        Rule::Length(low, high) => {
            set("minLength", low.into());
            if high < u32::MAX {
                set("maxLength", high.into());
            }
        }
        Rule::Items(low, high) => {
            set("minItems", low.into());
            set("maxItems", high.into());
        }
        Rule::Characters(characters) => {
            set("pattern", format!("^[{characters}]*$").into());
        }
        Rule::BeginsWith(starts) => {
            let starts: Vec<String> = starts.iter().map(|start| start.replace('+', r"\+")).collect();
            set("pattern", format!("^({})", starts.join("|")).into());
        }
        Rule::Base64 => {
            set("pattern", "^[A-Za-z0-9+/]*={0,2}$".into());
        }
    }
}

/// The schema of a text.
pub(crate) fn text() -> Schema {
    json_schema!({ "type": "string" })
}

/// The schema of a value that Kubernetes' structural schemas cannot describe, such as one text or a list of texts.
pub(crate) fn any() -> Schema {
    json_schema!({ "x-kubernetes-preserve-unknown-fields": true })
}

impl<T: JsonSchema> JsonSchema for crate::Private<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}
