//! Between the typed client and the maps that are compared.

use reconcile_plan::Fields;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A request or an answer as the map of its fields. Fields that are not set are not in it.
pub(super) fn fields<T: Serialize>(value: &T) -> Fields {
    match serde_json::to_value(value) {
        Ok(Value::Object(fields)) => fields,
        // Requests and answers are structs of plain values, which are always objects.
        Ok(_) | Err(_) => Fields::new(),
    }
}

/// The map as a request.
pub(super) fn request<T: DeserializeOwned + Default>(fields: Fields) -> T {
    // The map was made from this very type, or lies over an answer whose fields have the same types.
    serde_json::from_value(Value::Object(fields)).unwrap_or_default()
}

/// The word by which an enum of ours is spelled at the API: they serialise alike.
pub(crate) fn word<T: Serialize, U: From<String>>(value: &T) -> Option<U> {
    match serde_json::to_value(value) {
        Ok(Value::String(word)) => Some(U::from(word)),
        Ok(_) | Err(_) => None,
    }
}

/// The text of a field.
pub(super) fn text(fields: &Fields, key: &str) -> Option<String> {
    fields.get(key).and_then(Value::as_str).map(str::to_owned)
}
