//! JSON Schema of what a user writes.

use schemars::{Schema, SchemaGenerator, json_schema};

/// JSON of the user's own.
pub(crate) fn free_form(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "x-kubernetes-preserve-unknown-fields": true })
}
