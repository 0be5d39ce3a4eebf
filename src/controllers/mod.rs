//! One file, or folder, per kind: how it plugs into the loop ([`crate::reconcile`]) or the dialer.

pub mod account;
pub mod application;
pub mod call_flow;
pub mod campaign;
pub mod conference;
pub mod dial_job;
pub mod do_not_call_list;
mod guarded;
mod job_accounts;
mod problem;
pub mod profile;
pub mod queue;
mod references;
mod secrets;
mod touched;
mod transition;
mod wire;

pub(crate) use wire::word;

use crate::api::OutboundVoiceProfile;
use crate::reconcile::{Reference, References, Stores};
use futures::future::BoxFuture;

/// References looked up in the caches of the watched objects.
#[derive(Debug)]
pub struct WatchedReferences {
    /// The cache of profiles.
    pub profiles: Stores<OutboundVoiceProfile>,
}

impl References for WatchedReferences {
    fn profile(&self, namespace: &str, name: &str) -> Reference {
        match self.profiles.get(namespace, name) {
            None => Reference::Missing,
            Some(profile) => match profile.status.and_then(|status| status.id) {
                Some(id) => Reference::Id(id),
                None => Reference::NotReady,
            },
        }
    }

    fn synced(&self) -> BoxFuture<'_, bool> {
        Box::pin(self.profiles.synced())
    }
}
