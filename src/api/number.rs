//! A phone number as written in a manifest.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// A number in E.164 form, as the API server let it pass: `+`, a first digit 1 to 9, at most 15 digits. `Debug` does not
/// show it; [`Number::expose`], for the wire alone, does.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Number(String);

impl Number {
    /// Takes a number as written.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The number itself: personal data, for requests to Telnyx and for parsing only.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Number(…)")
    }
}

impl JsonSchema for Number {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Number".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A number in E.164 form: +, a country code that does not begin with 0, at most 15 digits in all.",
            "type": "string",
            "maxLength": 16,
            "pattern": r"^\+[1-9][0-9]{1,14}$",
        })
    }
}
