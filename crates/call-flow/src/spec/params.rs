//! The parameters of a command, as a user writes them: the API's fields in camelCase, its values verbatim.
//!
//! Promises that a request type of the API is written down once: parameters are read into it, and every key that it does not
//! know is refused by name. Does not know what any command does.

use std::borrow::Cow;

use serde::de::{DeserializeOwned, Error as _};
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};
use telnyx_voice::bounds::{OutOfBounds, Problem, Rule};

use super::action::Filling;
use crate::template::{self, Unrenderable, Values};

/// Fields that belong to the interpreter: they carry the flow's position and make commands idempotent.
pub(super) const OURS: [&str; 3] = ["client_state", "command_id", "target_leg_client_state"];

/// Fields whose content belongs to somebody else (a JSON Schema, a map of the user's own names): its keys are left alone.
pub(super) const FREE_FORM: [&str; 13] = [
    "body_parameters",
    "custom_parameters",
    "dynamic_variables",
    "headers",
    "mcp_servers",
    "metadata",
    "observability_settings",
    "parameters",
    "path_parameters",
    "properties",
    "query_parameters",
    "structured_provider",
    "webhook_urls",
];

/// Maps from the user's own names to objects of the API: the names are left alone, the objects' keys are not.
pub(super) const NAMED: [&str; 1] = ["webhook_retries_policies"];

/// The parameters of a command whose request is `T`.
///
/// Reads and writes camelCase. `clientState` and `commandId` are refused, for they are the interpreter's, and so is any field that
/// `T` does not have. Every text may hold `{{variable}}`.
#[derive(Debug, Clone, PartialEq)]
pub struct Params<T>(Box<T>);

impl<T> Params<T> {
    /// The request as written: templates not filled in, `client_state` and `command_id` unset.
    #[must_use]
    pub fn as_written(&self) -> &T {
        &self.0
    }
}

impl<T> From<T> for Params<T> {
    fn from(request: T) -> Self {
        Self(Box::new(request))
    }
}

impl<T: Serialize + DeserializeOwned> Params<T> {
    /// Holds the request against `check` as if the interpreter had added its fields.
    pub(crate) fn check(&self, check: impl Fn(&T) -> Result<(), OutOfBounds>) -> Result<(), OutOfBounds> {
        let own = [
            ("call_control_id", Value::from("v3:")),
            ("call_control_ids", Value::from(vec!["v3:"])),
            ("connection_id", Value::from("1")),
        ];
        let mut json = serde_json::to_value(&*self.0).unwrap_or_default();
        let mut checked = check(&self.0);
        for (field, value) in own {
            // A leg that the user may leave out among others is none of the interpreter's.
            let lacks = |broken: &OutOfBounds| {
                broken.field == field
                    && broken.problem == Problem::Missing
                    && !matches!(broken.allowed, Rule::OneOfFields(_))
            };
            if checked.as_ref().is_err_and(lacks)
                && let Value::Object(fields) = &mut json
            {
                fields.insert(field.to_owned(), value);
                checked = serde_json::from_value(json.clone()).map_or(checked, |request| check(&request));
            }
        }
        checked
    }

    /// The request with its templates filled in and `set` added; what `T` does not have is left out. Also, whether it carries the
    /// position.
    pub(crate) fn render(&self, values: &dyn Values, set: &[(&str, Value)]) -> Result<(T, bool), Unrenderable> {
        let mut json = serde_json::to_value(&*self.0).map_err(|_| Unrenderable)?;
        template::render(&mut json, values);
        if let Value::Object(fields) = &mut json {
            for (field, value) in set {
                fields.entry(*field).or_insert_with(|| value.clone());
            }
        }
        let request: T = serde_json::from_value(json).map_err(|_| Unrenderable)?;
        let sent = serde_json::to_value(&request).map_err(|_| Unrenderable)?;
        Ok((request, sent.get("client_state").is_some()))
    }

    /// The request as JSON, keys as the API spells them.
    #[cfg(test)]
    fn json(&self) -> Value {
        serde_json::to_value(&*self.0).unwrap_or_default()
    }
}

impl<T: Serialize> Serialize for Params<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let json = serde_json::to_value(&*self.0).map_err(S::Error::custom)?;
        recase(json, &camel).serialize(serializer)
    }
}

impl<'de, T: Serialize + DeserializeOwned> Deserialize<'de> for Params<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = Map::deserialize(deserializer)?;
        read(written).map(|request| Self(Box::new(request))).map_err(D::Error::custom)
    }
}

fn read<T: Serialize + DeserializeOwned>(written: Map<String, Value>) -> Result<T, String> {
    if let Some(key) = written.keys().find(|key| key.contains('_')) {
        return Err(format!("field {key} is not known: fields are written in camelCase, {}", camel(key)));
    }
    let json = recase(Value::Object(written), &snake);
    let request: T = serde_json::from_value(json.clone()).map_err(|error| error.to_string())?;
    if let Some(field) = ours(&json) {
        return Err(format!("field {field} cannot be set: the flow keeps its position in it"));
    }
    let known = serde_json::to_value(&request).map_err(|error| error.to_string())?;
    match first_unknown(&json, &known) {
        Some(path) => Err(format!("field {path} is not known")),
        None => Ok(request),
    }
}

/// A field of the interpreter's, at any depth, in camelCase.
fn ours(json: &Value) -> Option<String> {
    match json {
        Value::Object(fields) => fields.iter().find_map(|(key, value)| {
            if OURS.contains(&key.as_str()) {
                return Some(camel(key).into_owned());
            }
            let free = FREE_FORM.contains(&key.as_str());
            if free { None } else { ours(value).map(|rest| format!("{}.{rest}", camel(key))) }
        }),
        Value::Array(items) => items.iter().find_map(ours),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

/// The first field of `written` that reading lost, in camelCase. `null` counts as unset.
fn first_unknown(written: &Value, known: &Value) -> Option<String> {
    match (written, known) {
        (Value::Object(written), Value::Object(known)) => {
            written.iter().find_map(|(key, value)| match known.get(key) {
                Some(kept) => first_unknown(value, kept).map(|rest| format!("{}.{rest}", camel(key))),
                None if value.is_null() => None,
                None => Some(camel(key).into_owned()),
            })
        }
        (Value::Array(written), Value::Array(known)) => written
            .iter()
            .zip(known)
            .enumerate()
            .find_map(|(at, (w, k))| first_unknown(w, k).map(|rest| format!("[{at}].{rest}"))),
        (
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_),
            _,
        ) => None,
    }
}

/// `camelCase` to `snake_case`.
pub(crate) fn snake(key: &str) -> Cow<'_, str> {
    if !key.contains(|c: char| c.is_ascii_uppercase()) {
        return Cow::Borrowed(key);
    }
    let mut out = String::with_capacity(key.len() + 4);
    for c in key.chars() {
        if c.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    Cow::Owned(out)
}

/// `snake_case` to `camelCase`.
pub(crate) fn camel(key: &str) -> Cow<'_, str> {
    if !key.contains('_') {
        return Cow::Borrowed(key);
    }
    let mut out = String::with_capacity(key.len());
    let mut letters = key.chars().peekable();
    while let Some(c) = letters.next() {
        match letters.peek() {
            Some(next) if c == '_' && next.is_ascii_lowercase() && !out.is_empty() => {
                out.push(next.to_ascii_uppercase());
                letters.next();
            }
            _ => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Rewrites every key but those within free-form fields.
fn recase(json: Value, case: &dyn Fn(&str) -> Cow<'_, str>) -> Value {
    match json {
        Value::Object(fields) => Value::Object(
            fields
                .into_iter()
                .map(|(key, value)| {
                    let name = snake(&key).into_owned();
                    let value = if FREE_FORM.contains(&name.as_str()) {
                        value
                    } else if NAMED.contains(&name.as_str()) {
                        recase_values(value, case)
                    } else {
                        recase(value, case)
                    };
                    (case(&key).into_owned(), value)
                })
                .collect(),
        ),
        Value::Array(items) => Value::Array(items.into_iter().map(|item| recase(item, case)).collect()),
        scalar @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => scalar,
    }
}

fn recase_values(json: Value, case: &dyn Fn(&str) -> Cow<'_, str>) -> Value {
    match json {
        Value::Object(named) => {
            Value::Object(named.into_iter().map(|(name, value)| (name, recase(value, case))).collect())
        }
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => other,
    }
}

/// Parameters of a command on a conference.
#[derive(Debug, Clone, PartialEq)]
pub struct InConference<T> {
    /// Name or id. Unset: the conference that the call is in.
    pub conference: Option<String>,
    /// The command's own parameters.
    pub params: Params<T>,
}

impl<T: Serialize + DeserializeOwned> InConference<T> {
    /// The conference, the request, and whether it carries the position.
    pub(crate) fn render(&self, filling: &Filling<'_>) -> Result<(String, T, bool), Unrenderable> {
        let named = self.conference.as_ref().map(|name| template::fill(name, filling.values));
        let conference = named.as_deref().or(filling.conference).filter(|name| !name.is_empty()).ok_or(Unrenderable)?;
        let (request, carries) = self.params.render(filling.values, filling.set)?;
        Ok((conference.to_owned(), request, carries))
    }
}

impl<T: Serialize> Serialize for InConference<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut json = serde_json::to_value(&self.params).map_err(S::Error::custom)?;
        if let (Value::Object(fields), Some(conference)) = (&mut json, &self.conference) {
            fields.insert("conference".to_owned(), Value::String(conference.clone()));
        }
        json.serialize(serializer)
    }
}

impl<'de, T: Serialize + DeserializeOwned> Deserialize<'de> for InConference<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut written = Map::deserialize(deserializer)?;
        let conference = match written.remove("conference") {
            None | Some(Value::Null) => None,
            Some(Value::String(name)) => Some(name),
            Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                return Err(D::Error::custom("field conference: a name or an id, as text"));
            }
        };
        let request = read(written).map_err(D::Error::custom)?;
        Ok(Self { conference, params: Params(Box::new(request)) })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use telnyx_voice::{DialRequest, SpeakRequest};

    use super::*;

    #[test]
    fn fields_are_camel_case_and_values_verbatim() {
        let written =
            json!({"payload": "Hello", "payloadType": "text", "voice": "AWS.Polly.Joanna", "targetLegs": "self"});
        let params: Params<SpeakRequest> = serde_json::from_value(written.clone()).unwrap();
        assert_eq!(params.json()["payload_type"], "text");
        assert_eq!(serde_json::to_value(&params).unwrap(), written);
    }

    #[test]
    fn the_users_own_names_keep_their_case() {
        let written = json!({
            "webhookUrls": {"call.ai_gather.ended": ["https://a.example"]},
            "webhookRetriesPolicies": {"call.ai_gather.ended": {"retriesMs": [1]}},
            "assistant": {"id": "a", "dynamicVariables": {"first_name": 1, "lastName": 2}},
        });
        let params: Params<DialRequest> = serde_json::from_value(written.clone()).unwrap();
        assert_eq!(params.json()["assistant"]["dynamic_variables"], json!({"first_name": 1, "lastName": 2}));
        assert_eq!(params.json()["webhook_retries_policies"]["call.ai_gather.ended"]["retries_ms"], json!([1]));
        assert_eq!(serde_json::to_value(&params).unwrap(), written);
    }

    #[test]
    fn what_is_not_a_parameter_is_refused_by_name() {
        let table = [
            (json!({"payloadd": "x"}), "field payloadd is not known"),
            (
                json!({"voiceSettings": {"type": "telnyx", "voiceSpeeed": 1.0}}),
                "field voiceSettings.voiceSpeeed is not known",
            ),
            (json!({"payload_type": "x"}), "fields are written in camelCase, payloadType"),
            (json!({"clientState": "x"}), "field clientState cannot be set"),
            (json!({"commandId": "x"}), "field commandId cannot be set"),
            (
                json!({"voiceSettings": {"type": "telnyx", "clientState": "x"}}),
                "field voiceSettings.clientState cannot be set",
            ),
        ];
        for (written, complaint) in table {
            let error = serde_json::from_value::<Params<SpeakRequest>>(written.clone()).unwrap_err().to_string();
            assert!(error.contains(complaint), "{written}: {error}");
        }
    }

    #[test]
    fn an_enum_value_of_next_month_is_kept() {
        let params: Params<SpeakRequest> = serde_json::from_value(json!({"serviceLevel": "platinum"})).unwrap();
        assert_eq!(params.json()["service_level"], "platinum");
    }

    #[test]
    fn cases_undo_each_other() {
        for key in ["call_control_id", "loop", "rx", "stream_bidirectional_sampling_rate", "payment-card-number"] {
            assert_eq!(snake(&camel(key)), key);
        }
    }
}
