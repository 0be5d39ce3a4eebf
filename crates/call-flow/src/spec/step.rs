//! One step as it is written: its name, exactly one kind, and where to go from it.

use std::collections::BTreeMap;

use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::action::{Action, Kind};

/// One step of a flow.
///
/// Written as an object with `name`, the kind as a field that holds the parameters, and the common fields:
/// `{name: greet, speak: {payload: Hello, voice: female}, next: menu}`.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Unique in the flow: 1 to 50 letters, digits, `-` or `_`, beginning with a letter.
    pub name: String,
    /// What it does.
    pub action: Action,
    /// The step that follows, or `end`. Unset: the one below.
    pub next: Option<String>,
    /// Other ways on, by event: a step, or `end`. Which events there are depends on the kind.
    pub transitions: BTreeMap<String, String>,
    /// The step that follows an error, or `end`. Unset: the flow's `onError`.
    pub on_error: Option<String>,
    /// How long to wait for the end of the step, in seconds, 1 to 14400. Unset: the kind's own default.
    pub timeout_secs: Option<u32>,
    /// `false`: go on as soon as the command is accepted, while it is carried out. Unset: `true`.
    pub wait_for_end: Option<bool>,
    /// What to remember of the result: variable to field of the result. The fields depend on the kind.
    pub save: BTreeMap<String, String>,
}

/// The fields of a step beside its kind.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Common {
    #[serde(default)]
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    transitions: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    on_error: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    timeout_secs: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    wait_for_end: Option<bool>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    save: BTreeMap<String, String>,
}

const COMMON: [&str; 7] = ["name", "next", "transitions", "onError", "timeoutSecs", "waitForEnd", "save"];

impl Step {
    /// A step with nothing but a name and an action.
    #[must_use]
    pub fn new(name: &str, action: Action) -> Self {
        Self {
            name: name.to_owned(),
            action,
            next: None,
            transitions: BTreeMap::new(),
            on_error: None,
            timeout_secs: None,
            wait_for_end: None,
            save: BTreeMap::new(),
        }
    }
}

impl Serialize for Step {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let common = Common {
            name: self.name.clone(),
            next: self.next.clone(),
            transitions: self.transitions.clone(),
            on_error: self.on_error.clone(),
            timeout_secs: self.timeout_secs,
            wait_for_end: self.wait_for_end,
            save: self.save.clone(),
        };
        let mut json = serde_json::to_value(common).map_err(S::Error::custom)?;
        let params = self.action.write().map_err(S::Error::custom)?;
        if let Value::Object(fields) = &mut json {
            fields.insert(self.action.kind().as_str().to_owned(), params);
        }
        json.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Step {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (common, rest): (Map<String, Value>, Map<String, Value>) = Map::<String, Value>::deserialize(deserializer)?
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .partition(|(key, _)| COMMON.contains(&key.as_str()));
        let common: Common = serde_json::from_value(Value::Object(common)).map_err(D::Error::custom)?;
        let at = |problem: String| D::Error::custom(format_args!("step {:?}: {problem}", common.name));
        let (kind, params) = one_kind(rest).map_err(at)?;
        let action = Action::read(kind, params).map_err(|error| at(error.to_string()))?;
        Ok(Self {
            name: common.name,
            action,
            next: common.next,
            transitions: common.transitions,
            on_error: common.on_error,
            timeout_secs: common.timeout_secs,
            wait_for_end: common.wait_for_end,
            save: common.save,
        })
    }
}

fn one_kind(fields: Map<String, Value>) -> Result<(Kind, Value), String> {
    let mut found = None;
    for (key, params) in fields {
        let Some(kind) = Kind::parse(&key) else {
            return Err(format!("field {key} is neither a kind of step nor one of {}", COMMON.join(", ")));
        };
        if let Some((other, _)) = found.replace((kind, params)) {
            return Err(format!("a step does one thing: {} and {key} are two steps", Kind::as_str(other)));
        }
    }
    found.ok_or_else(|| "says nothing to do: add the kind of step, for example speak or hangup".to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_step_is_written_as_it_was_read() {
        let written = json!({
            "name": "greet", "speak": {"payload": "Hello", "voice": "female"}, "next": "bye",
            "onError": "end", "timeoutSecs": 20,
        });
        let step: Step = serde_json::from_value(written.clone()).unwrap();
        assert_eq!(step.action.kind(), Kind::Speak);
        assert_eq!(serde_json::to_value(&step).unwrap(), written);
    }

    #[test]
    fn a_step_does_exactly_one_thing() {
        let table = [
            (json!({"name": "a"}), "step \"a\": says nothing to do"),
            (json!({"name": "a", "hangup": {}, "speak": {}}), "step \"a\": a step does one thing: hangup and speak"),
            (json!({"name": "a", "sing": {}}), "step \"a\": field sing is neither a kind"),
            (json!({"name": "a", "speak": {"clientState": "x"}}), "step \"a\": speak: field clientState cannot be set"),
        ];
        for (written, complaint) in table {
            let error = serde_json::from_value::<Step>(written.clone()).unwrap_err().to_string();
            assert!(error.contains(complaint), "{written}: {error}");
        }
    }
}
