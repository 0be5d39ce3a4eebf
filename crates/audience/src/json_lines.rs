//! JSON Lines: one object per line, the fields of an inline target.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::Reason;
use crate::fields::RawTarget;

/// The object as written. Values stay untyped: serde's own messages repeat the value they reject, and that may be a
/// phone number.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Line {
    id: Option<Value>,
    to: Option<Value>,
    time_zone: Option<Value>,
    not_before: Option<Value>,
    expires_at: Option<Value>,
    consent_at: Option<Value>,
    priority: Option<Value>,
    variables: Option<BTreeMap<String, Value>>,
}

/// One line.
pub(crate) fn target(row: &str) -> Result<RawTarget, Reason> {
    let line: Line = serde_json::from_str(row).map_err(|error| match error.classify() {
        serde_json::error::Category::Syntax | serde_json::error::Category::Eof => {
            Reason::NotJson { column: error.column() }
        }
        serde_json::error::Category::Data | serde_json::error::Category::Io => Reason::NotATarget,
    })?;
    Ok(RawTarget {
        id: text("id", line.id)?,
        to: text("to", line.to)?,
        time_zone: text("timeZone", line.time_zone)?,
        not_before: text("notBefore", line.not_before)?,
        expires_at: text("expiresAt", line.expires_at)?,
        consent_at: text("consentAt", line.consent_at)?,
        priority: line.priority.map(|value| scalar("priority", value)).transpose()?,
        variables: line
            .variables
            .unwrap_or_default()
            .into_iter()
            .map(|(name, value)| Ok((name, scalar("variables", value)?)))
            .collect::<Result<_, Reason>>()?,
    })
}

/// A string. A number is refused: `to: 15550100` has lost its plus sign, and an id of `007` its zeros.
fn text(field: &'static str, value: Option<Value>) -> Result<Option<String>, Reason> {
    match value {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            Err(Reason::WrongType { field })
        }
    }
}

fn scalar(field: &'static str, value: Value) -> Result<String, Reason> {
    match value {
        Value::String(text) => Ok(text),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(truth) => Ok(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => Err(Reason::WrongType { field }),
    }
}
