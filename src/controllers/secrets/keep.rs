//! A Secret that an account names stays as long as the account needs it.
//!
//! A namespace is deleted in no order, and a Secret goes at once. A process that has the key in memory could still clean up; one that
//! starts anew could not, and would leave at Telnyx, and chargeable, what its users wanted gone. So the Secret is held by a finalizer, as
//! Kubernetes holds a volume claim that a Pod uses (Kubernetes: storage object in use protection). Whoever replaces a Secret by
//! deleting and creating it waits for [`GRACE`], no longer.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::Secret;
use kube::core::PartialObjectMeta;
use kube::{Api, Client};

use crate::reconcile::{Object, hold, is_held, release};

/// On the Secrets that accounts name.
pub(super) const FINALIZER: &str = "telnyx-operator.io/in-use";
/// How long a Secret that is being deleted is kept for an account that is not: it may be about to follow. Within a namespace that is
/// deleted, and within one `kubectl delete`, both go within a second or two.
pub(super) const GRACE: SignedDuration = SignedDuration::from_secs(10);

/// What becomes of a Secret that an account needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// The finalizer is to be added.
    Hold,
    /// The finalizer is to be taken away.
    Release,
    /// It is as it should be, for now.
    Leave,
}

/// The fate of a Secret at `now`. `leaves`: the account is being deleted, too.
fn fate(secret: &impl Object, leaves: bool, now: Timestamp) -> Fate {
    let deleted = secret.meta().deletion_timestamp.as_ref().map(|time| time.0);
    match (is_held(secret, FINALIZER), deleted) {
        (false, None) => Fate::Hold,
        (true, Some(deleted)) if !leaves && now.duration_since(deleted) >= GRACE => Fate::Release,
        // Nothing can be added to what is being deleted.
        (false, Some(_)) | (true, _) => Fate::Leave,
    }
}

/// Holds a Secret that an account reads, or lets it go. Returns the version that it has from then on, where it got another.
pub(super) async fn tend(api: &Api<Secret>, secret: &Secret, leaves: bool) -> Option<String> {
    let done = match fate(secret, leaves, Timestamp::now()) {
        Fate::Hold => hold(api, secret, FINALIZER, None).await,
        Fate::Release => release(api, secret, FINALIZER).await.map(|()| None),
        Fate::Leave => Ok(None),
    };
    match done {
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

/// Lets a Secret go that nobody needs any more. One that is gone is fine.
pub(super) async fn let_go(client: &Client, namespace: &str, name: &str) -> Result<(), kube::Error> {
    let api: Api<Secret> = Api::namespaced(client.clone(), namespace);
    let Some(secret) = api.get_metadata_opt(name).await? else { return Ok(()) };
    release(&api, &secret, FINALIZER).await
}

/// Whether a Secret waits for somebody to let it go.
pub(super) fn waits(secret: &PartialObjectMeta<Secret>) -> bool {
    secret.deleting() && is_held(secret, FINALIZER)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn secret(changes: &Value) -> Secret {
        let mut metadata = json!({ "name": "telnyx", "namespace": "sales" });
        metadata.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        serde_json::from_value(json!({ "metadata": metadata })).unwrap()
    }

    #[test]
    fn a_secret_is_held_and_is_let_go_ten_seconds_after_its_deletion_unless_its_account_goes_too() {
        let now: Timestamp = "2026-11-22T12:00:20Z".parse().unwrap();
        let free = json!({ "finalizers": ["example.com/other"] });
        let held = json!({ "finalizers": ["example.com/other", FINALIZER] });
        let deleted = |at: &str| json!({ "finalizers": [FINALIZER], "deletionTimestamp": at });
        for (metadata, leaves, expected) in [
            (free.clone(), false, Fate::Hold),
            (free, true, Fate::Hold),
            (held.clone(), false, Fate::Leave),
            (held, true, Fate::Leave),
            (deleted("2026-11-22T12:00:11Z"), false, Fate::Leave),
            (deleted("2026-11-22T12:00:10Z"), false, Fate::Release),
            (deleted("2026-11-22T11:00:00Z"), true, Fate::Leave),
            (json!({ "finalizers": ["x/y"], "deletionTimestamp": "2026-11-22T11:00:00Z" }), false, Fate::Leave),
        ] {
            assert_eq!(fate(&secret(&metadata), leaves, now), expected, "{metadata} leaves={leaves}");
        }
    }
}
