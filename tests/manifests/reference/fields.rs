//! The fields of a schema, cut into tables of a readable size.

use std::collections::BTreeMap;

use serde_json::Value;

use super::words::{anchor, cell, code, prose, sentence};

/// An object with more fields than this, all depths counted, has a table of its own.
const MOST_IN_PLACE: usize = 12;

/// Kubernetes' own type, which every kind has; a page of its own tells of it.
pub(super) const CONDITIONS: &str = "status.conditions";

/// A table: an object's fields, and those of small objects in it.
pub(super) struct Section {
    pub(super) path: String,
    pub(super) meaning: String,
    pub(super) rules: Vec<String>,
    pub(super) fields: Vec<Field>,
}

/// A row of it.
pub(super) struct Field {
    pub(super) path: String,
    pub(super) kind: String,
    pub(super) required: bool,
    pub(super) allowed: String,
    pub(super) default: String,
    pub(super) meaning: String,
}

/// The tables of these properties of an object, each followed by those that it leads to. Objects that are the same are
/// shown once.
pub(super) fn sections(schema: &Value, properties: &[&str]) -> Vec<Section> {
    let mut writer = Writer::default();
    for name in properties {
        writer.section(name, &schema["properties"][name]);
    }
    writer.sections
}

/// What must hold between fields, in the words that the API server answers with.
pub(super) fn rules(schema: &Value) -> Vec<String> {
    let rules = schema["x-kubernetes-validations"].as_array().into_iter().flatten();
    rules.map(|rule| rule["message"].as_str().map_or_else(|| code(rule["rule"].as_str().unwrap()), prose)).collect()
}

#[derive(Default)]
struct Writer {
    sections: Vec<Section>,
    /// What was given a table, and which.
    shown: BTreeMap<String, String>,
}

impl Writer {
    fn section(&mut self, path: &str, schema: &Value) {
        let at = self.sections.len();
        let (meaning, rules) = (sentence(schema), rules(schema));
        self.sections.push(Section { path: path.to_owned(), meaning, rules, fields: vec![] });
        let mut later = vec![];
        let mut fields = vec![];
        self.fields(&format!("{path}."), schema, &mut fields, &mut later);
        self.sections[at].fields = fields;
        for (path, schema) in later {
            self.section(&path, schema);
        }
    }

    fn fields<'a>(
        &mut self,
        prefix: &str,
        schema: &'a Value,
        fields: &mut Vec<Field>,
        later: &mut Vec<(String, &'a Value)>,
    ) {
        let required: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let path = format!("{prefix}{name}");
            let (suffix, inner) = inside(property);
            let mut field = field(&path, property, required.contains(&name.as_str()));
            if path == CONDITIONS {
                field.meaning += " See [conditions](conditions.md).";
                fields.push(field);
                continue;
            }
            let place = format!("{path}{suffix}");
            if size(inner) <= MOST_IN_PLACE {
                fields.push(field);
                self.fields(&format!("{place}."), inner, fields, later);
                continue;
            }
            // Its description is shown where it is used.
            let mut shape = inner.clone();
            shape.as_object_mut().unwrap().remove("description");
            let known = self.shown.entry(shape.to_string()).or_insert_with(|| {
                later.push((place.clone(), inner));
                place
            });
            field.meaning = format!("{} Fields: [`{known}`](#{}).", field.meaning, anchor(known));
            fields.push(field);
        }
    }
}

/// What a list or map is of, and how that is written behind its path.
fn inside(property: &Value) -> (String, &Value) {
    for (of, mark) in [("items", "[]"), ("additionalProperties", ".*")] {
        if property[of].is_object() {
            let (more, inner) = inside(&property[of]);
            return (format!("{mark}{more}"), inner);
        }
    }
    (String::new(), property)
}

/// How many fields an object has, all depths counted.
fn size(schema: &Value) -> usize {
    let properties = schema["properties"].as_object().into_iter().flatten();
    properties.map(|(_, property)| 1 + size(inside(property).1)).sum()
}

fn field(path: &str, property: &Value, required: bool) -> Field {
    let rules = rules(property).into_iter().chain(rules_of_items(property));
    let rules = rules.map(|rule| format!("Rule: {}.", cell(&rule).trim_end_matches('.')));
    let meaning: Vec<String> = std::iter::once(cell(&sentence(property))).chain(rules).collect();
    Field {
        path: path.to_owned(),
        kind: kind(property),
        required,
        allowed: allowed(property).join("; "),
        default: property.get("default").map(|default| code(&default.to_string())).unwrap_or_default(),
        meaning: meaning.join(" ").trim().to_owned(),
    }
}

fn rules_of_items(property: &Value) -> Vec<String> {
    if property["items"].is_object() { rules(&property["items"]) } else { vec![] }
}

fn kind(property: &Value) -> String {
    if property["x-kubernetes-int-or-string"] == true {
        return "integer or string".to_owned();
    }
    if property["items"].is_object() {
        return format!("list of {}", kind(&property["items"]));
    }
    if property["additionalProperties"].is_object() {
        return format!("map of {}", kind(&property["additionalProperties"]));
    }
    match (property["type"].as_str(), property["format"].as_str()) {
        (Some("string"), Some(format)) => format!("string ({format})"),
        (Some(name), _) => name.to_owned(),
        (None, _) => "any".to_owned(),
    }
}

/// What the API server takes, besides the type.
fn allowed(property: &Value) -> Vec<String> {
    let mut allowed = vec![];
    if let Some(values) = property["enum"].as_array() {
        let words = values.iter().map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        allowed.push(words.map(|word| code(&word)).collect::<Vec<_>>().join(", "));
    }
    for (least, most, unit) in [
        ("minimum", "maximum", ""),
        ("minLength", "maxLength", " characters"),
        ("minItems", "maxItems", " items"),
        ("minProperties", "maxProperties", " entries"),
    ] {
        allowed.extend(range(&property[least], &property[most], unit));
    }
    if let Some(pattern) = property["pattern"].as_str() {
        allowed.push(code(pattern));
    }
    if let Some(keys) = property["x-kubernetes-list-map-keys"].as_array() {
        let keys = keys.iter().filter_map(Value::as_str).map(code).collect::<Vec<_>>();
        allowed.push(format!("no two with the same {}", keys.join(", ")));
    }
    for of in ["items", "additionalProperties"].into_iter().filter(|of| property[of].is_object()) {
        let each = self::allowed(&property[of]);
        if !each.is_empty() {
            allowed.push(format!("each: {}", each.join("; ")));
        }
    }
    allowed
}

fn range(least: &Value, most: &Value, unit: &str) -> Option<String> {
    match (least.is_null(), most.is_null()) {
        (false, false) if least == most => Some(format!("{}{unit}", plain(least))),
        (false, false) => Some(format!("{} to {}{unit}", plain(least), plain(most))),
        (false, true) => Some(format!("at least {}{unit}", plain(least))),
        (true, false) => Some(format!("at most {}{unit}", plain(most))),
        (true, true) => None,
    }
}

/// A bound without the `.0` of a number that the definition keeps as a float.
fn plain(number: &Value) -> String {
    let text = number.to_string();
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

#[test]
fn a_field_says_what_it_takes() {
    let of = |property: Value| {
        let field = field("a", &property, true);
        [field.kind, field.allowed, field.default, field.meaning]
    };
    let json = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    assert_eq!(
        of(json(
            r#"{"type": "integer", "format": "int64", "minimum": 1.0, "maximum": 5.0, "default": 2, "description": "B."}"#
        )),
        ["integer", "1 to 5", "`2`", "B."]
    );
    assert_eq!(
        of(json(
            r#"{"type": "array", "maxItems": 3, "items": {"type": "string", "enum": ["A", "B"]}, "x-kubernetes-validations": [{"rule": "self == oldSelf", "message": "a is immutable"}]}"#
        )),
        ["list of string", "at most 3 items; each: `A`, `B`", "", "Rule: a is immutable."]
    );
}

#[test]
fn a_large_object_has_a_table_of_its_own_and_only_one() {
    let large: serde_json::Map<String, Value> =
        (0..=MOST_IN_PLACE).map(|n| (format!("f{n}"), serde_json::json!({ "type": "string" }))).collect();
    let large = serde_json::json!({ "type": "object", "properties": large });
    let small = serde_json::json!({ "type": "object", "properties": { "c": { "type": "string" } } });
    let spec =
        serde_json::json!({ "properties": { "a": { "type": "array", "items": large }, "b": large, "s": small } });
    let sections = sections(&serde_json::json!({ "properties": { "spec": spec } }), &["spec"]);
    let paths: Vec<&str> = sections.iter().map(|section| section.path.as_str()).collect();
    assert_eq!(paths, ["spec", "spec.a[]"]);
    let fields: Vec<&str> = sections[0].fields.iter().map(|field| field.path.as_str()).collect();
    assert_eq!(fields, ["spec.a", "spec.b", "spec.s", "spec.s.c"]);
    assert!(sections[0].fields[1].meaning.contains("[`spec.a[]`](#speca)"));
}
