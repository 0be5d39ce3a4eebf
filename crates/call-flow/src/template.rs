//! `{{variable}}` in texts.
//!
//! Promises that filling in never fails: a name that is not known stays as it stands. `compile` refuses one, but for those within
//! what an assistant is told: Telnyx fills in its dynamic variables there, in the same braces (Telnyx: AI assistants, dynamic
//! variables). Does not know what the variables are.

use serde_json::Value;

/// Filling in made of a request what is none: a template stood where the API wants something other than text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the request cannot be made of these values")]
pub(crate) struct Unrenderable;

/// Where values come from.
pub(crate) trait Values {
    /// The value of a name.
    fn value(&self, name: &str) -> Option<String>;
}

impl<F: Fn(&str) -> Option<String>> Values for F {
    fn value(&self, name: &str) -> Option<String> {
        self(name)
    }
}

/// A piece of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// As it stands.
    Text(&'a str),
    /// The value of this name.
    Name(&'a str),
}

/// The pieces of a text, in order. Braces that are not closed are text.
pub(crate) fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    let mut pending = None;
    std::iter::from_fn(move || {
        if let Some(name) = pending.take() {
            return Some(Piece::Name(name));
        }
        if rest.is_empty() {
            return None;
        }
        let found = rest
            .split_once("{{")
            .and_then(|(before, after)| after.split_once("}}").map(|(name, after)| (before, name.trim(), after)));
        let Some((before, name, after)) = found else {
            return Some(Piece::Text(std::mem::take(&mut rest)));
        };
        rest = after;
        if before.is_empty() {
            return Some(Piece::Name(name));
        }
        pending = Some(name);
        Some(Piece::Text(before))
    })
}

/// Fields whose texts Telnyx fills in too.
const ASSISTANTS: [&str; 5] = ["assistant", "gatherEndedSpeech", "greeting", "messageHistory", "messages"];

/// The text with every name that is known replaced by its value.
pub(crate) fn fill(text: &str, values: &dyn Values) -> String {
    let mut out = String::with_capacity(text.len());
    for piece in pieces(text) {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Name(name) => match values.value(name) {
                Some(value) => out.push_str(&value),
                None => out.extend(["{{", name, "}}"]),
            },
        }
    }
    out
}

/// Fills in every text of a JSON value. In a text that is SSML, values are escaped so that they cannot add markup.
pub(crate) fn render(json: &mut Value, values: &dyn Values) {
    match json {
        Value::String(text) => {
            if text.contains("{{") {
                *text = fill(text, values);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| render(item, values)),
        Value::Object(fields) => {
            let ssml = fields.get("payload_type").is_some_and(|kind| kind == "ssml");
            let escaped = |name: &str| values.value(name).map(|value| escape(&value));
            for (key, value) in fields.iter_mut() {
                if ssml && matches!(key.as_str(), "payload" | "invalid_payload") {
                    render(value, &escaped);
                } else {
                    render(value, values);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&apos;")
}

/// Every name that must be one of the flow's in a step's parameters, written in camelCase.
pub(crate) fn names(json: &Value, found: &mut Vec<String>) {
    match json {
        Value::String(text) => found.extend(pieces(text).filter_map(|piece| match piece {
            Piece::Name(name) => Some(name.to_owned()),
            Piece::Text(_) => None,
        })),
        Value::Array(items) => items.iter().for_each(|item| names(item, found)),
        Value::Object(fields) => {
            fields
                .iter()
                .filter(|(key, _)| !ASSISTANTS.contains(&key.as_str()))
                .for_each(|(_, value)| names(value, found));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ada(name: &str) -> Option<String> {
        (name == "name").then(|| "Ada <A&B>".to_owned())
    }

    #[test]
    fn names_in_double_braces_are_replaced() {
        for (text, expected) in [
            ("Hello {{name}}!", "Hello Ada <A&B>!"),
            ("{{ name }}{{name}}", "Ada <A&B>Ada <A&B>"),
            ("{{nobody}} {{name}}", "{{nobody}} Ada <A&B>"),
            ("{{name", "{{name"),
            ("name}}", "name}}"),
            ("", ""),
        ] {
            assert_eq!(fill(text, &ada), expected, "{text}");
        }
    }

    #[test]
    fn a_value_adds_no_markup_to_ssml() {
        let mut request = json!({"payload": "<speak>{{name}}</speak>", "payload_type": "ssml", "voice": "{{name}}"});
        render(&mut request, &ada);
        assert_eq!(request["payload"], "<speak>Ada &lt;A&amp;B&gt;</speak>");
        assert_eq!(request["voice"], "Ada <A&B>");
    }

    #[test]
    fn names_are_found_wherever_they_stand() {
        let mut found = Vec::new();
        let params = json!({"a": ["{{x}} and {{ y }}"], "b": {"c": "{{z}}"}, "d": 1, "assistant": {"e": "{{theirs}}"}});
        names(&params, &mut found);
        found.sort();
        assert_eq!(found, ["x", "y", "z"]);
    }
}
