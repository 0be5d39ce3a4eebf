//! Objects of the API server: those of one namespace or of all, a page at a time.

use std::fmt::Debug;

use futures::stream::{self, BoxStream, StreamExt};
use k8s_openapi::NamespaceResourceScope;
use kube::api::ListParams;
use kube::{Api, Client, Resource};
use serde::de::DeserializeOwned;

/// The objects of a namespace; `None` is all of them.
pub(crate) fn scoped<K>(client: &Client, namespace: Option<&str>) -> Api<K>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
{
    match namespace {
        Some(namespace) => Api::namespaced(client.clone(), namespace),
        None => Api::all(client.clone()),
    }
}

/// What `params` asks for, in pages of its `limit`, and nothing after a page that could not be read. Large objects need not all
/// be in memory at once.
pub(crate) fn pages<K>(api: Api<K>, params: ListParams) -> BoxStream<'static, kube::Result<Vec<K>>>
where
    K: Clone + Debug + DeserializeOwned + Send + 'static,
{
    stream::try_unfold((api, Some(params)), async |(api, params)| {
        let Some(params) = params else { return Ok(None) };
        let page = api.list(&params).await?;
        let next = page.metadata.continue_.filter(|token| !token.is_empty());
        Ok(Some((page.items, (api, next.map(|token| params.continue_token(&token))))))
    })
    .boxed()
}
