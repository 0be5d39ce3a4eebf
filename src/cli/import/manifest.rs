//! One object at Telnyx as a manifest.
//!
//! Which fields there are, the kind's schema says: a field of the spec takes the value of the field of the same name at the API.

use std::collections::BTreeMap;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::JSONSchemaProps;
use reconcile_plan::Fields;
use serde_json::{Map, Value, json};

use super::names::Names;
use crate::api::{self, AccountRef};
use crate::reconcile::Listed;

/// Writes manifests that refer to one account.
#[derive(Debug)]
pub(super) struct Writer<'a> {
    account: &'a AccountRef,
    namespace: Option<&'a str>,
    specs: BTreeMap<String, JSONSchemaProps>,
    names: BTreeMap<&'static str, Names>,
    /// Names of the profiles that were written, by their id.
    profiles: BTreeMap<String, String>,
}

impl<'a> Writer<'a> {
    pub(super) fn new(account: &'a AccountRef, namespace: Option<&'a str>) -> Self {
        let specs = api::crds().into_iter().filter_map(|definition| {
            let schema = definition.spec.versions.into_iter().next()?.schema?.open_api_v3_schema?;
            Some((definition.spec.names.kind, schema.properties?.remove("spec")?))
        });
        Self { account, namespace, specs: specs.collect(), names: BTreeMap::new(), profiles: BTreeMap::new() }
    }

    pub(super) fn profile(&mut self, profile: &Listed) -> Value {
        const KIND: &str = "OutboundVoiceProfile";
        let name = self.name(KIND, "profile", &profile.name);
        self.profiles.insert(profile.id.clone(), name.clone());
        let mut spec = self.spec(KIND, &profile.fields);
        // Whoever manages the tags lists them all; the operator's own is added to them, which would be a change.
        spec.remove("tags");
        self.manifest(KIND, &name, spec, &profile.id)
    }

    pub(super) fn application(&mut self, application: &Listed) -> Value {
        const KIND: &str = "CallControlApplication";
        let name = self.name(KIND, "application", &application.name);
        let mut spec = self.spec(KIND, &application.fields);
        if application.mark.is_some() {
            // The operator's own addresses, which it writes by itself.
            spec.remove("webhookEventUrl");
            spec.remove("webhookEventFailoverUrl");
        }
        if let Some(Value::Object(outbound)) = spec.get_mut("outbound") {
            let id = outbound.get("outboundVoiceProfileId").and_then(Value::as_str);
            if let Some(profile) = id.and_then(|id| self.profiles.get(id)) {
                outbound.remove("outboundVoiceProfileId");
                outbound.insert("outboundVoiceProfileRef".to_owned(), json!({ "name": profile }));
            }
        }
        self.manifest(KIND, &name, spec, &application.id)
    }

    pub(super) fn queue(&mut self, queue: &Listed) -> Value {
        const KIND: &str = "Queue";
        let name = self.name(KIND, "queue", &queue.name);
        let mut spec = self.spec(KIND, &queue.fields);
        spec.insert("queueName".to_owned(), json!(queue.name));
        self.manifest(KIND, &name, spec, &queue.id)
    }

    fn name(&mut self, kind: &'static str, word: &str, name: &str) -> String {
        self.names.entry(kind).or_default().name(name, word)
    }

    fn spec(&self, kind: &str, fields: &Fields) -> Map<String, Value> {
        self.specs.get(kind).map(|schema| known(schema, fields)).unwrap_or_default()
    }

    fn manifest(&self, kind: &str, name: &str, spec: Map<String, Value>, id: &str) -> Value {
        let mut whole = Map::new();
        whole.insert("accountRef".to_owned(), json!(self.account));
        whole.insert("import".to_owned(), json!({ "id": id }));
        whole.extend(spec);
        let mut metadata = Map::new();
        metadata.insert("name".to_owned(), json!(name));
        if let Some(namespace) = self.namespace {
            metadata.insert("namespace".to_owned(), json!(namespace));
        }
        json!({ "apiVersion": "telnyx-operator.io/v1alpha1", "kind": kind, "metadata": metadata, "spec": whole })
    }
}

/// The fields that the schema knows. What is empty at the API is unset.
fn known(schema: &JSONSchemaProps, fields: &Fields) -> Map<String, Value> {
    let mut known_fields = Map::new();
    for (name, schema) in schema.properties.iter().flatten() {
        let Some(value) = fields.get(&snake(name)).filter(|value| !is_empty(value)) else { continue };
        let value = match value.as_object().filter(|_| schema.properties.is_some()) {
            Some(inner) => Value::Object(known(schema, inner)),
            None => value.clone(),
        };
        if !is_empty(&value) && is_allowed(schema, &value) {
            known_fields.insert(name.clone(), value);
        }
    }
    known_fields
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// A value that the kind does not list, newer than this program, is left unmanaged.
fn is_allowed(schema: &JSONSchemaProps, value: &Value) -> bool {
    schema.enum_.as_ref().is_none_or(|allowed| allowed.iter().any(|one| one.0 == *value))
}

/// `webhookEventUrl` is `webhook_event_url` at the API.
fn snake(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}
