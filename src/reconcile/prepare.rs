//! The finalizer, and the note that must be written before a create: in a write of their own, before any remote write.

use super::managed::Object;
use super::status::{pointer, test};
use json_patch::{PatchOperation, RemoveOperation};
use kube::api::{Api, Patch, PatchParams};
use serde_json::json;

/// Our finalizer.
pub const FINALIZER: &str = "telnyx-operator.io/cleanup";

/// Annotation that holds a name which was free at the API before our create. A remote object that has this name later,
/// and whose kind can carry no mark, was made by us.
pub const NAME_WAS_FREE: &str = "telnyx-operator.io/name-was-free";

/// Annotation with which a person lets go of an object whose remote counterpart cannot be removed: value `"true"`.
pub const FORCE_RELEASE: &str = "telnyx-operator.io/force-release";

/// Does the object carry this finalizer of ours?
pub fn is_held<K: Object>(object: &K, finalizer: &str) -> bool {
    position(object, finalizer).is_some()
}

/// Adds the finalizer and the note, in one write. `object` may be the object or its metadata. Returns the resource version
/// that it got; `None` when nothing was missing.
///
/// A merge under the resource version that was seen: of annotations only ours are known here (the watch drops the rest),
/// and a finalizer that somebody else adds meanwhile makes this a conflict, not a loss.
pub async fn hold<K: Object>(
    api: &Api<K>,
    object: &impl Object,
    finalizer: &str,
    free_name: Option<&str>,
) -> Result<Option<u64>, kube::Error> {
    let missing = !is_held(object, finalizer);
    let note = free_name.filter(|name| object.annotation(NAME_WAS_FREE) != Some(name));
    if !missing && note.is_none() {
        return Ok(None);
    }
    let mut metadata = serde_json::Map::new();
    metadata.insert("uid".to_owned(), json!(object.uid()));
    metadata.insert("resourceVersion".to_owned(), json!(object.meta().resource_version));
    if missing {
        let others = object.meta().finalizers.iter().flatten().map(String::as_str);
        metadata.insert("finalizers".to_owned(), others.chain([finalizer]).collect());
    }
    if let Some(name) = note {
        metadata.insert("annotations".to_owned(), json!({ NAME_WAS_FREE: name }));
    }
    let patch = Patch::Merge(json!({ "metadata": metadata }));
    Ok(Some(api.patch_metadata(object.name(), &PatchParams::default(), &patch).await?.version()))
}

/// Takes the finalizer away. An object that is gone already is fine.
pub async fn release<K: Object>(api: &Api<K>, object: &impl Object, finalizer: &str) -> Result<(), kube::Error> {
    let Some(index) = position(object, finalizer) else { return Ok(()) };
    let path = format!("/metadata/finalizers/{index}");
    let operations = vec![
        test("/metadata/uid", json!(object.uid())),
        test(&path, json!(finalizer)),
        PatchOperation::Remove(RemoveOperation { path: pointer(&path) }),
    ];
    let patch = Patch::<()>::Json(json_patch::Patch(operations));
    match api.patch_metadata(object.name(), &PatchParams::default(), &patch).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        Err(error) => Err(error),
    }
}

fn position(object: &impl Object, finalizer: &str) -> Option<usize> {
    object.meta().finalizers.as_deref().unwrap_or_default().iter().position(|present| present == finalizer)
}
