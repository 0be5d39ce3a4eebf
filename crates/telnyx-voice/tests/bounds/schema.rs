//! The JSON schemas: structural as Kubernetes demands, and with the same bounds as the check.

use schemars::generate::SchemaSettings;
use serde_json::Value;
use telnyx_voice::bounds::Rule;

use crate::requests::{Request, requests};
use crate::{LENGTHS, NUMBERS, find, number, rows};

/// As a custom resource has it: all in one piece.
fn schema(request: &Request) -> Value {
    let mut generator = SchemaSettings::draft07().with(|settings| settings.inline_subschemas = true).into_generator();
    (request.schema)(&mut generator).to_value()
}

/// Calls with every schema within a schema, and where it is.
fn walk(schema: &Value, path: &str, visit: &mut impl FnMut(&Value, &str)) {
    visit(schema, path);
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        walk(field, &format!("{path}.{name}"), visit);
    }
    for inner in ["items", "additionalProperties"] {
        if schema[inner].is_object() {
            walk(&schema[inner], &format!("{path}[]"), visit);
        }
    }
}

#[test]
fn every_schema_is_structural() {
    for request in requests() {
        walk(&schema(&request), request.name, &mut |schema, path| {
            for joint in ["anyOf", "oneOf", "allOf", "not", "$ref"] {
                assert!(schema.get(joint).is_none(), "{path}: {schema:#}");
            }
            let open = ["x-kubernetes-int-or-string", "x-kubernetes-preserve-unknown-fields"];
            let typed = match &schema["type"] {
                Value::String(_) => true,
                Value::Array(types) => matches!(&types[..], [Value::String(_), Value::String(null)] if null == "null"),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => {
                    open.iter().any(|key| schema[key] == true)
                }
            };
            assert!(typed, "{path}: {schema:#}");
        });
    }
}

#[test]
fn a_schema_has_the_numbers_of_the_documents() {
    for row in rows(NUMBERS) {
        let [name, field, low, high] = row[..] else { panic!("{row:?}") };
        let field = &schema(&find(name))["properties"][field];
        assert_eq!(field["minimum"].as_f64(), number(low).as_f64(), "{row:?}");
        assert_eq!(field["maximum"].as_f64(), high.parse().ok(), "{row:?}");
    }
    for row in rows(LENGTHS) {
        let [name, field, low, high, _] = row[..] else { panic!("{row:?}") };
        let field = &schema(&find(name))["properties"][field];
        assert_eq!(field["minLength"].as_u64(), low.parse().ok(), "{row:?}");
        assert_eq!(field["maxLength"].as_u64(), high.parse().ok(), "{row:?}");
    }
}

#[test]
fn a_schema_asks_for_what_is_required_but_not_for_what_only_a_call_can_say() {
    for request in requests() {
        let schema = schema(&request);
        let asked: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().map(|field| field.as_str().unwrap()).collect();
        let expected: Vec<&str> = request
            .bounds
            .iter()
            .filter(|(_, rules)| rules.contains(&Rule::Required))
            .map(|(field, _)| *field)
            .collect();
        assert_eq!(asked, expected, "{}", request.name);
    }
    assert!(schema(&find("ConferenceJoinRequest")).get("required").is_none());
}

#[test]
fn an_enum_admits_what_is_listed_and_nothing_else() {
    let cause = &schema(&find("RejectRequest"))["properties"]["cause"];
    let values: Vec<&str> = cause["enum"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(values, ["CALL_REJECTED", "NOT_FOUND", "TEMPORARILY_UNAVAILABLE", "USER_BUSY"]);
}

#[test]
fn a_description_says_more_than_the_name_or_is_left_out() {
    for request in requests() {
        walk(&schema(&request), request.name, &mut |schema, path| {
            if let Some(text) = schema["description"].as_str() {
                assert!(
                    !text.starts_with("The API's `") && !text.is_empty() && text.trim() == text,
                    "{path}: {text:?}"
                );
            }
        });
    }
    let digits = &schema(&find("SendDtmfRequest"))["properties"]["digits"];
    assert_eq!(digits["description"], "Keys, and the pauses `w` (half a second) and `W` (a second).");
    assert_eq!(digits["pattern"], "^[0-9A-D*#wW]*$");
    assert!(schema(&find("SendDtmfRequest"))["properties"]["command_id"].get("description").is_none());
}
