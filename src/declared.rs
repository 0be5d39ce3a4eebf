//! The account that an installation declares: the operator writes it when it starts.
//!
//! Who installs the operator and its kinds at once cannot write it: on a new cluster the kind is not served yet while Helm, or
//! kubectl, looks at what it is to create. The operator starts after that, and can wait.
//!
//! Promises: exactly the fields that are declared are applied (server-side apply, Kubernetes documentation), again at every start,
//! and until the API server has taken them. An account is never deleted from here. Does not know what an account is for.

use std::time::Duration;

use kube::api::{DynamicObject, Patch, PatchParams};
use kube::core::ApiResource;
use kube::{Api, Client, Resource as _};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::api::TelnyxAccount;
use crate::telemetry::Health;

/// The name of this part, as readiness tells it.
pub const PART: &str = "declared account";

/// Who owns the fields. Another than that of the operator's own writes, which apply other fields of the same object.
const FIELD_MANAGER: &str = "telnyx-operator-install";

/// Between the first two tries; each pause is twice the one before.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// No pause is longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// A `TelnyxAccount` that is to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Declared {
    namespace: String,
    name: String,
    /// As it was written, so that no default becomes a field of ours.
    manifest: Value,
}

impl Declared {
    /// Reads a manifest in JSON, with its namespace. Its spec is for the API server to judge.
    ///
    /// # Errors
    /// Names the field that is missing or wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let manifest: Value = serde_json::from_str(text).map_err(|error| format!("is no JSON: {error}"))?;
        let field = |pointer: &str| manifest.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let is = |pointer: &str, wanted: &str| {
            if field(pointer) == wanted { Ok(()) } else { Err(format!("{}: must be {wanted}", path(pointer))) }
        };
        is("/apiVersion", &TelnyxAccount::api_version(&()))?;
        is("/kind", &TelnyxAccount::kind(&()))?;
        let given = |pointer: &str| {
            let text = field(pointer);
            if text.is_empty() { Err(format!("{}: is missing", path(pointer))) } else { Ok(text) }
        };
        let (namespace, name) = (given("/metadata/namespace")?, given("/metadata/name")?);
        Ok(Self { namespace, name, manifest })
    }

    /// Applies it, again and again until that succeeds or `shutdown` comes. The part is ready once the API server has judged it:
    /// an account that it refuses does not keep other accounts from being served.
    pub async fn run(self, kube: Client, health: Health, shutdown: CancellationToken) {
        let mut pause = FIRST_PAUSE;
        loop {
            // An apply that is cut off is repeated by the next process, to the same effect.
            let applied = tokio::select! {
                biased;
                () = shutdown.cancelled() => return,
                applied = self.apply(&kube) => applied,
            };
            match applied.as_ref().map_err(Judgement::of) {
                Ok(()) => {
                    tracing::info!(namespace = %self.namespace, account = %self.name, "the declared account is applied");
                    health.ready(PART);
                    return;
                }
                Err(Judgement::NotYet) => {
                    tracing::info!(?pause, "the declared account cannot be written yet: it is tried again");
                }
                Err(Judgement::NotAllowed) => {
                    tracing::warn!(
                        ?pause,
                        "the declared account may not be written: grant this ServiceAccount create and patch of telnyxaccounts in its namespace"
                    );
                    health.ready(PART);
                }
                Err(Judgement::Refused(message)) => {
                    tracing::error!(
                        message,
                        "the API server refuses the declared account: correct the chart's account values"
                    );
                    health.ready(PART);
                }
            }
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn apply(&self, kube: &Client) -> kube::Result<()> {
        let resource = ApiResource::erase::<TelnyxAccount>(&());
        let api: Api<DynamicObject> = Api::namespaced_with(kube.clone(), &self.namespace, &resource);
        let parameters = PatchParams::apply(FIELD_MANAGER).force();
        api.patch(&self.name, &parameters, &Patch::Apply(&self.manifest)).await.map(drop)
    }
}

/// What the API server thinks of it.
#[derive(Debug, PartialEq, Eq)]
enum Judgement<'a> {
    /// Nothing: the kind is not served, or no answer came.
    NotYet,
    /// That somebody else should write it.
    NotAllowed,
    /// That it can never be.
    Refused(&'a str),
}

impl<'a> Judgement<'a> {
    fn of(error: &'a kube::Error) -> Self {
        let kube::Error::Api(status) = error else { return Self::NotYet };
        match status.code {
            403 => Self::NotAllowed,
            400 | 405 | 415 | 422 => Self::Refused(&status.message),
            _ => Self::NotYet,
        }
    }
}

/// `/metadata/name` as people write it.
fn path(pointer: &str) -> String {
    pointer.trim_start_matches('/').replace('/', ".")
}

#[cfg(test)]
mod tests {
    use kube::core::Status;
    use serde_json::json;

    use super::*;

    fn manifest() -> Value {
        json!({
            "apiVersion": "telnyx-operator.io/v1alpha1", "kind": "TelnyxAccount",
            "metadata": { "name": "main", "namespace": "telnyx-system" },
            "spec": { "apiKeySecretRef": { "name": "telnyx", "key": "apiKey" } },
        })
    }

    #[test]
    fn a_declared_account_is_kept_as_it_was_written() {
        let declared = Declared::parse(&manifest().to_string()).unwrap();
        assert_eq!((declared.namespace.as_str(), declared.name.as_str()), ("telnyx-system", "main"));
        assert_eq!(declared.manifest, manifest(), "no default becomes a field of ours");
    }

    #[test]
    fn what_is_no_account_is_refused_by_its_field() {
        for (pointer, value, words) in [
            ("/apiVersion", json!("v1"), "apiVersion: must be telnyx-operator.io/v1alpha1"),
            ("/kind", json!("Queue"), "kind: must be TelnyxAccount"),
            ("/metadata/namespace", json!(null), "metadata.namespace: is missing"),
            ("/metadata/name", json!(""), "metadata.name: is missing"),
        ] {
            let mut manifest = manifest();
            *manifest.pointer_mut(pointer).unwrap() = value;
            let refused = Declared::parse(&manifest.to_string()).unwrap_err();
            assert!(refused.contains(words), "{pointer}: {refused}");
        }
        assert!(Declared::parse("main").unwrap_err().starts_with("is no JSON"));
    }

    #[test]
    fn only_what_can_never_be_is_taken_for_refused() {
        let error = |code| kube::Error::Api(Box::new(Status::failure("so", "Because").with_code(code)));
        for (code, judged) in [
            (404, Judgement::NotYet),
            (403, Judgement::NotAllowed),
            (422, Judgement::Refused("so")),
            (429, Judgement::NotYet),
            (500, Judgement::NotYet),
        ] {
            assert_eq!(Judgement::of(&error(code)), judged, "{code}");
        }
    }
}
