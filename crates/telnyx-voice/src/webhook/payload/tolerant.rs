//! Reading a payload that is not quite what was promised.

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::Payload;
use crate::private::Private;

/// Reads all fields, or else those that can be read, and names the rest.
pub(super) fn read<T: DeserializeOwned + Into<Payload>>(raw: &RawValue) -> (Payload, Vec<String>) {
    match serde_json::from_str::<T>(raw.get()) {
        Ok(payload) => (payload.into(), Vec::new()),
        Err(_) => read_field_by_field::<T>(raw),
    }
}

/// Every field of a payload is optional, so each can be tried alone.
fn read_field_by_field<T: DeserializeOwned + Into<Payload>>(raw: &RawValue) -> (Payload, Vec<String>) {
    let Ok(fields) = serde_json::from_str::<Map<String, Value>>(raw.get()) else {
        return (unknown(raw), Vec::new());
    };
    let (good, bad): (Map<_, _>, Map<_, _>) = fields.into_iter().partition(|(name, value)| {
        let alone = Map::from_iter([(name.clone(), value.clone())]);
        serde_json::from_value::<T>(Value::Object(alone)).is_ok()
    });
    match serde_json::from_value::<T>(Value::Object(good)) {
        Ok(payload) => (payload.into(), bad.into_iter().map(|(name, _)| name).collect()),
        Err(_) => (unknown(raw), Vec::new()),
    }
}

/// The payload as it came.
pub(super) fn unknown(raw: &RawValue) -> Payload {
    Payload::Unknown(Private::new(serde_json::from_str(raw.get()).unwrap_or_default()))
}
