//! The definitions as they are installed.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{CustomResourceDefinition, JSONSchemaProps};
use kube::CustomResourceExt;
use serde_json::{Value, json};

use super::columns::Column;
use super::{
    CallControlApplication, CallFlow, Conference, DialJob, DoNotCallList, OutboundCampaign, OutboundVoiceProfile,
    Queue, TelnyxAccount, account, application, call_flow, campaign, conference, dial_job, do_not_call_list, profile,
    queue,
};

/// Every definition, in the order in which a reader meets the kinds. `Kind::crd()` of a single kind lacks what is added
/// here, its columns too: install these.
#[must_use]
pub fn crds() -> Vec<CustomResourceDefinition> {
    [
        finished(TelnyxAccount::crd(), &account::COLUMNS),
        finished(CallControlApplication::crd(), &application::COLUMNS),
        finished(OutboundVoiceProfile::crd(), &profile::COLUMNS),
        finished(Queue::crd(), &queue::COLUMNS),
        finished(Conference::crd(), &conference::COLUMNS),
        finished(CallFlow::crd(), &call_flow::COLUMNS),
        finished(OutboundCampaign::crd(), &campaign::COLUMNS),
        finished(DialJob::crd(), &dial_job::COLUMNS),
        finished(DoNotCallList::crd(), &do_not_call_list::COLUMNS),
    ]
    .into()
}

fn finished(mut crd: CustomResourceDefinition, columns: &[Column]) -> CustomResourceDefinition {
    for version in &mut crd.spec.versions {
        version.additional_printer_columns = Some(columns.iter().copied().map(Into::into).collect());
        if let Some(root) = version.schema.as_mut().and_then(|schema| schema.open_api_v3_schema.as_mut()) {
            tidy(root);
            default_status(root);
        }
    }
    crd
}

/// What an object says of itself until the operator has seen it. With it, `Ready` is `Unknown` from the first moment,
/// and whoever waits (kubectl, Argo CD, Flux) waits instead of taking an object without conditions for finished.
fn default_status(root: &mut JSONSchemaProps) {
    let Some(status) = root.properties.as_mut().and_then(|properties| properties.get_mut("status")) else { return };
    status.description = Some("What is true, as the operator last saw it.".to_owned());
    status.default = Some(to_json(json!({
        "observedGeneration": 0,
        "conditions": [{
            "type": "Ready",
            "status": "Unknown",
            "reason": "Pending",
            "message": "Waiting for the operator",
            "lastTransitionTime": "1970-01-01T00:00:00Z",
        }],
    })));
}

fn to_json(value: Value) -> k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::JSON {
    k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::JSON(value)
}

/// Rust's `Option` becomes `nullable`, which would let `field: null` stand in an object beside `field` unset; and Rust's
/// unsigned formats are unknown to Kubernetes, which warns about them.
fn tidy(schema: &mut JSONSchemaProps) {
    if schema.x_kubernetes_preserve_unknown_fields != Some(true) {
        schema.nullable = None;
    }
    schema.format = match schema.format.take().as_deref() {
        Some("uint8" | "uint16" | "int8" | "int16") => Some("int32".to_owned()),
        Some("uint32" | "uint64" | "uint") => Some("int64".to_owned()),
        Some(format) => Some(format.to_owned()),
        None => None,
    };
    children(schema).for_each(tidy);
}

fn children(schema: &mut JSONSchemaProps) -> impl Iterator<Item = &mut JSONSchemaProps> {
    use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
        JSONSchemaPropsOrArray as Items, JSONSchemaPropsOrBool as Additional,
    };
    let items: Box<dyn Iterator<Item = &mut JSONSchemaProps>> = match schema.items.as_mut() {
        Some(Items::Schema(item)) => Box::new(std::iter::once(&mut **item)),
        Some(Items::Schemas(items)) => Box::new(items.iter_mut()),
        None => Box::new(std::iter::empty()),
    };
    let additional = match schema.additional_properties.as_mut() {
        Some(Additional::Schema(value)) => Some(&mut **value),
        Some(Additional::Bool(_)) | None => None,
    };
    schema.properties.iter_mut().flat_map(|properties| properties.values_mut()).chain(items).chain(additional)
}
