//! The Secrets that accounts name. Only metadata is watched; the content is read when an account needs it.

use crate::api::{SecretKeyRef, TelnyxAccount};
use crate::controllers::touched::touched;
use crate::reconcile::Object as _;
use futures::{Stream, StreamExt, stream};
use k8s_openapi::api::core::v1::Secret;
use kube::core::DeserializeGuard;
use kube::runtime::reflector::{ObjectRef, Store};
use kube::{Api, Client};
use reconcile_plan::{Outcome, Reason, Referent};

/// Accounts whose Secret came, changed or went.
pub(super) fn changes(
    client: &Client,
    namespace: Option<&str>,
    accounts: Store<DeserializeGuard<TelnyxAccount>>,
) -> impl Stream<Item = ObjectRef<DeserializeGuard<TelnyxAccount>>> + use<> {
    touched::<Secret>(client, namespace)
        .flat_map(move |(namespace, name)| stream::iter(users_of(&namespace, &name, &accounts)))
}

fn users_of(
    namespace: &str,
    name: &str,
    accounts: &Store<DeserializeGuard<TelnyxAccount>>,
) -> Vec<ObjectRef<DeserializeGuard<TelnyxAccount>>> {
    let names_it = |account: &TelnyxAccount| {
        let spec = &account.spec;
        let public_key = spec.webhook_public_key_secret_ref.as_ref();
        account.namespace() == namespace
            && (spec.api_key_secret_ref.name == name || public_key.is_some_and(|reference| reference.name == name))
    };
    accounts
        .state()
        .iter()
        .filter_map(|account| account.0.as_ref().ok())
        .filter(|account| names_it(account))
        .map(|account| ObjectRef::new(account.name()).within(namespace))
        .collect()
}

/// A value out of a Secret, and the version of the Secret that held it.
pub(super) struct Value {
    pub(super) text: String,
    pub(super) version: String,
}

/// Reads one key. `Err` says what is missing.
pub(super) async fn read(client: &Client, namespace: &str, reference: &SecretKeyRef) -> Result<Value, Outcome> {
    let secrets: Api<Secret> = Api::namespaced(client.clone(), namespace);
    let secret = match secrets.get_opt(&reference.name).await {
        Ok(Some(secret)) => secret,
        Ok(None) => {
            return Err(Outcome::waiting(Referent {
                reason: Reason::SecretNotFound,
                kind: "Secret",
                name: reference.name.clone(),
                need: format!("it does not exist: create it with the key {}", reference.key),
            }));
        }
        Err(error) => {
            let message = format!("Secret {} could not be read: {error}", reference.name);
            return Err(Outcome::Retry { class: reconcile_plan::RetryClass::Kubernetes, after: None, message });
        }
    };
    let invalid = |what: &str| Outcome::Terminal {
        reason: Reason::SecretInvalid,
        message: format!("Secret {}: {what}", reference.name),
    };
    let version = secret.metadata.resource_version.clone().unwrap_or_default();
    let bytes = secret
        .data
        .and_then(|mut data| data.remove(&reference.key))
        .ok_or_else(|| invalid(&format!("it has no key {}", reference.key)))?;
    let text = String::from_utf8(bytes.0).map_err(|_| invalid(&format!("key {} is not text", reference.key)))?;
    Ok(Value { text: text.trim().to_owned(), version })
}
