//! Walks the schemas that are installed.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool,
};
use telnyx_operator::api;

/// Calls `visit` with kind, path and schema of every field of every kind, `[0]` standing for any item and `any` for
/// the value of any key.
pub(crate) fn each_field(mut visit: impl FnMut(&str, &str, &JSONSchemaProps)) {
    for crd in api::crds() {
        let root = crd.spec.versions[0].schema.as_ref().unwrap().open_api_v3_schema.as_ref().unwrap();
        for part in ["spec", "status"] {
            walk(&root.properties.as_ref().unwrap()[part], part, &mut |path, schema| {
                visit(&crd.spec.names.kind, path, schema);
            });
        }
    }
}

fn walk(schema: &JSONSchemaProps, path: &str, visit: &mut impl FnMut(&str, &JSONSchemaProps)) {
    visit(path, schema);
    for (name, field) in schema.properties.iter().flatten() {
        walk(field, &format!("{path}.{name}"), visit);
    }
    if let Some(JSONSchemaPropsOrArray::Schema(item)) = &schema.items {
        walk(item, &format!("{path}[0]"), visit);
    }
    if let Some(JSONSchemaPropsOrBool::Schema(value)) = &schema.additional_properties {
        walk(value, &format!("{path}.any"), visit);
    }
}
