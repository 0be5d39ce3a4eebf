//! The finalizer, and the note that must be written before a create: each in its own write, before any remote write.

use super::managed::Object;
use super::status::{add, pointer, test};
use json_patch::{Patch, PatchOperation, RemoveOperation};
use kube::api::{Api, PatchParams};
use serde_json::json;

/// Our finalizer.
pub const FINALIZER: &str = "telnyx-operator.io/cleanup";

/// Annotation that holds a name which was free at the API before our create. A remote object that has this name later,
/// and whose kind can carry no mark, was made by us.
pub const NAME_WAS_FREE: &str = "telnyx-operator.io/name-was-free";

/// Annotation with which a person lets go of an object whose remote counterpart cannot be removed: value `"true"`.
pub const FORCE_RELEASE: &str = "telnyx-operator.io/force-release";

/// Does the object carry our finalizer?
pub fn is_guarded<K: Object>(object: &K) -> bool {
    position(object).is_some()
}

/// Adds the finalizer and the note, in one write. Returns the resource version that it got; `None` when nothing was
/// missing.
pub async fn guard<K: Object>(api: &Api<K>, object: &K, free_name: Option<&str>) -> Result<Option<u64>, kube::Error> {
    let mut operations = vec![test("/metadata/uid", json!(object.uid()))];
    match object.meta().finalizers.as_deref() {
        _ if is_guarded(object) => {}
        None | Some([]) => {
            operations.push(test("/metadata/finalizers", json!(null)));
            operations.push(add("/metadata/finalizers", json!([FINALIZER])));
        }
        Some(others) => {
            operations.push(test("/metadata/finalizers", json!(others)));
            operations.push(add("/metadata/finalizers/-", json!(FINALIZER)));
        }
    }
    if let Some(name) = free_name.filter(|name| object.annotation(NAME_WAS_FREE) != Some(name)) {
        match object.meta().annotations.as_ref().filter(|annotations| !annotations.is_empty()) {
            None => {
                operations.push(test("/metadata/annotations", json!(null)));
                operations.push(add("/metadata/annotations", json!({ NAME_WAS_FREE: name })));
            }
            Some(_) => operations
                .push(add(&format!("/metadata/annotations/{}", NAME_WAS_FREE.replace('/', "~1")), json!(name))),
        }
    }
    if operations.len() == 1 {
        return Ok(None);
    }
    Ok(Some(write(api, object, operations).await?.version()))
}

/// Takes the finalizer away. An object that is gone already is fine.
pub async fn release<K: Object>(api: &Api<K>, object: &K) -> Result<(), kube::Error> {
    let Some(index) = position(object) else { return Ok(()) };
    let path = format!("/metadata/finalizers/{index}");
    let operations = vec![
        test("/metadata/uid", json!(object.uid())),
        test(&path, json!(FINALIZER)),
        PatchOperation::Remove(RemoveOperation { path: pointer(&path) }),
    ];
    match write(api, object, operations).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        Err(error) => Err(error),
    }
}

fn position<K: Object>(object: &K) -> Option<usize> {
    object.meta().finalizers.as_deref().unwrap_or_default().iter().position(|finalizer| finalizer == FINALIZER)
}

async fn write<K: Object>(api: &Api<K>, object: &K, operations: Vec<PatchOperation>) -> Result<K, kube::Error> {
    let patch = kube::api::Patch::Json::<()>(Patch(operations));
    api.patch(object.name(), &PatchParams::default(), &patch).await
}
