//! A Secret that an account names stays as long as the account needs it.
//!
//! A namespace is deleted in no order, and a Secret goes at once. A process that has the key in memory could still clean up; one that
//! starts anew could not, and would leave at Telnyx, and chargeable, what its users wanted gone. So the Secret is held by a finalizer, as
//! Kubernetes holds a volume claim that a Pod uses (Kubernetes: storage object in use protection). Whoever replaces a Secret by
//! deleting and creating it waits for [`GRACE`], no longer.

use std::time::Duration;

use k8s_openapi::api::core::v1::Secret;
use kube::core::PartialObjectMeta;
use kube::{Api, Client};

use crate::reconcile::{Object as _, hold, is_held, release};

/// On the Secrets that accounts name.
const FINALIZER: &str = "telnyx-operator.io/in-use";
/// How long a Secret that is being deleted is kept for an account that is not: it may be about to follow. Within a namespace that is
/// deleted, and within one `kubectl delete`, both go within a second or two. By this process's own clock, from when it saw that.
pub(super) const GRACE: Duration = Duration::from_secs(10);

/// Holds a Secret that an account reads. Returns the version that it has from then on, where it got another.
pub(super) async fn keep(api: &Api<Secret>, secret: &Secret) -> Option<String> {
    // Nothing can be added to what is being deleted.
    if secret.deleting() {
        return None;
    }
    match hold(api, secret, FINALIZER, None).await {
        Ok(version) => version.map(|version| version.to_string()),
        // Somebody else has just changed it, which brings the account back here.
        Err(kube::Error::Api(status)) if status.code == 409 => None,
        // The account works all the same.
        Err(error) => {
            tracing::warn!(secret = %secret.place(), %error, "the Secret cannot be kept for its account: the operator needs the right to patch Secrets");
            None
        }
    }
}

/// Lets a Secret go. One that is gone is fine, and so is one that is `needed` and stays; what is being deleted serves nobody for long.
pub(super) async fn let_go(client: &Client, namespace: &str, name: &str, needed: bool) -> Result<(), kube::Error> {
    let api: Api<Secret> = Api::namespaced(client.clone(), namespace);
    match api.get_metadata_opt(name).await? {
        Some(secret) if secret.deleting() || !needed => release(&api, &secret, FINALIZER).await,
        Some(_) | None => Ok(()),
    }
}

/// Whether a Secret waits for somebody to let it go.
pub(super) fn waits(secret: &PartialObjectMeta<Secret>) -> bool {
    secret.deleting() && is_held(secret, FINALIZER)
}
