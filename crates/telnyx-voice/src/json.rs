//! JSON objects whose fields are not the API's to name.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::macros::schema_as;

/// A JSON object of whatever fields: metadata, variables of an assistant, a JSON schema. `Debug` hides it, for it may be about
/// people.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JsonObject(Map<String, Value>);

impl JsonObject {
    /// Its fields.
    #[must_use]
    pub const fn expose(&self) -> &Map<String, Value> {
        &self.0
    }
}

impl From<Map<String, Value>> for JsonObject {
    fn from(fields: Map<String, Value>) -> Self {
        Self(fields)
    }
}

impl<K: Into<String>, V: Into<Value>> FromIterator<(K, V)> for JsonObject {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(fields: I) -> Self {
        Self(fields.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl std::fmt::Debug for JsonObject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[private]")
    }
}

crate::bounds::unmeasured!(JsonObject);

schema_as!(JsonObject => schemars::json_schema!({
    "type": "object", "x-kubernetes-preserve-unknown-fields": true
}));
