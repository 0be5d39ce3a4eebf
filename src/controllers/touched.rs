//! Objects of other programs' making, `ConfigMap`s and Secrets, as they come, change and go. Only their metadata is watched;
//! whoever needs the content reads it then.

use futures::{Stream, StreamExt};
use k8s_openapi::NamespaceResourceScope;
use kube::core::PartialObjectMeta;
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Client, Resource, ResourceExt};

use crate::dialing::labels::CAMPAIGN_UID;
use crate::listing::scoped;

/// Namespace and name of each object of kind `K` that came, changed or went, in `namespace` or in all, but for those that this
/// operator makes itself, of which a campaign has hundreds. A watch that fails is begun again.
pub(super) fn touched<K>(client: &Client, namespace: Option<&str>) -> impl Stream<Item = (String, String)> + use<K>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + std::fmt::Debug + Send + 'static,
    PartialObjectMeta<K>: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
{
    metadata::<K>(client, namespace).map(|object| (object.namespace().unwrap_or_default(), object.name_any()))
}

/// The same, with the metadata that each has then.
pub(super) fn metadata<K>(client: &Client, namespace: Option<&str>) -> impl Stream<Item = PartialObjectMeta<K>> + use<K>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + std::fmt::Debug + Send + 'static,
    PartialObjectMeta<K>: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
{
    let api = scoped::<PartialObjectMeta<K>>(client, namespace);
    let of_others = watcher::Config::default().labels(&format!("!{CAMPAIGN_UID}"));
    watcher(api, of_others).default_backoff().touched_objects().filter_map(|touched| {
        std::future::ready(match touched {
            Ok(object) => Some(object),
            Err(error) => {
                let kind = K::kind(&());
                tracing::warn!(%kind, %error, "a watch failed; it is tried again");
                None
            }
        })
    })
}
