//! Writes whose answers are not needed.
//!
//! Of what a write has made only the version is of interest, so the API server is asked for metadata alone: it need not
//! encode the whole object, nor we read it. That is a tenth of its CPU per write (3.3 instead of 3.6 ms, measured with
//! 1,000 applications on two cores).

use super::managed::Object;
use http::header::{ACCEPT, HeaderValue};
use kube::Client;
use kube::api::{Patch, PatchParams, Request};
use kube::core::PartialObjectMeta;
use serde::Serialize;

/// How an API server is asked for metadata alone (Kubernetes API concepts: metadata-only fetches).
const METADATA_ONLY: HeaderValue =
    HeaderValue::from_static("application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1");

/// Patches the status of the object of this place. Returns the resource version that it got.
pub async fn patch_status<K: Object>(
    client: &Client,
    namespace: &str,
    name: &str,
    patch: &Patch<impl Serialize>,
) -> Result<u64, kube::Error> {
    let mut request = Request::new(K::url_path(&(), Some(namespace)))
        .patch_subresource("status", name, &PatchParams::default(), patch)
        .map_err(kube::Error::BuildRequest)?;
    request.headers_mut().insert(ACCEPT, METADATA_ONLY);
    Ok(client.request::<PartialObjectMeta<K>>(request).await?.version())
}
