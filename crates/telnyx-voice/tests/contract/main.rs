//! The types and the table of this crate against the API's own description, both ways: every endpoint, every field, every query
//! parameter and every enum value is there, and nothing is there that the API does not have.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod bodies;
mod queries;
#[path = "../shared/mod.rs"]
mod shared;
mod surface;
mod webhooks;

use serde_json::{Map, Value};

/// How many samples it takes to show every enum value and every alternative of a schema.
fn span(schema: &Value) -> usize {
    if let Some(values) = schema["enum"].as_array() {
        return values.len();
    }
    if let Some(alternatives) = schema["anyOf"].as_array() {
        return alternatives.len() * alternatives.iter().map(span).max().unwrap_or(1);
    }
    let fields = schema["properties"].as_object().into_iter().flat_map(Map::values);
    fields.chain(schema.get("items")).chain(schema.get("additionalProperties")).map(span).max().unwrap_or(1)
}
