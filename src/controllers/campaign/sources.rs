//! The objects, `ConfigMap`s and Secrets, that lists are in. Only metadata is watched; a pass reads the list when it needs it.

use std::sync::Arc;

use futures::{Stream, StreamExt, stream};
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::runtime::reflector::{ObjectRef, Store};
use kube::{Resource, ResourceExt};

use super::{Context, Guarded, reference};
use crate::api::TargetsFrom;
use crate::controllers::touched::touched;

/// Campaigns whose list came, changed or went.
pub(super) fn changes(
    context: &Arc<Context>,
    namespace: Option<&str>,
    campaigns: Store<Guarded>,
) -> impl Stream<Item = ObjectRef<Guarded>> + use<> {
    let config_maps = touched::<ConfigMap>(&context.client, namespace)
        .map(|(namespace, name)| (namespace, name, List::ConfigMap))
        .boxed();
    let secrets =
        touched::<Secret>(&context.client, namespace).map(|(namespace, name)| (namespace, name, List::Secret)).boxed();
    let context = Arc::clone(context);
    stream::select(config_maps, secrets).flat_map(move |(namespace, name, list)| {
        let all = campaigns.state();
        let meant: Vec<_> = all.iter().filter(|campaign| is_meant(campaign, &namespace, &name, list)).collect();
        for uid in meant.iter().filter_map(|campaign| campaign.meta().uid.as_deref()) {
            context.held.source_moved(uid);
        }
        stream::iter(meant.into_iter().map(reference).collect::<Vec<_>>())
    })
}

/// Where a list is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum List {
    ConfigMap,
    Secret,
}

fn is_meant(campaign: &Arc<Guarded>, namespace: &str, name: &str, list: List) -> bool {
    let Ok(campaign) = &campaign.0 else { return false };
    let Some(TargetsFrom { config_map, secret, .. }) = &campaign.spec.targets_from else { return false };
    let named = match list {
        List::ConfigMap => config_map.as_ref().map(|reference| &reference.name),
        List::Secret => secret.as_ref().map(|reference| &reference.name),
    };
    campaign.namespace().as_deref() == Some(namespace) && named.is_some_and(|named| named == name)
}
