//! The Secrets that accounts name. Only metadata is watched; the content is read when an account needs it.

mod keep;

use crate::api::{SecretKeyRef, TelnyxAccount};
use crate::controllers::touched;
use crate::reconcile::Object;
use futures::{Stream, StreamExt, stream};
use k8s_openapi::api::core::v1::Secret;
use kube::core::{DeserializeGuard, PartialObjectMeta};
use kube::runtime::reflector::{ObjectRef, Store};
use kube::{Api, Client};
use reconcile_plan::{Outcome, Reason, Referent, RetryClass};
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::watch;

type Guarded = DeserializeGuard<TelnyxAccount>;

/// Accounts whose Secret came, changed or went. A Secret that is deleted alone is let go on the way, [`keep::GRACE`] later.
/// `all_known` once `accounts` has been filled.
pub(super) fn changes(
    client: &Client,
    namespace: Option<&str>,
    accounts: Store<Guarded>,
    all_known: watch::Receiver<bool>,
) -> impl Stream<Item = ObjectRef<Guarded>> + use<> {
    let client = client.clone();
    touched::metadata::<Secret>(&client, namespace).flat_map_unordered(None, move |secret| {
        let now = references(&users_of(secret.namespace(), secret.name(), &accounts));
        let alone = let_go_alone(client.clone(), secret, accounts.clone(), all_known.clone());
        stream::iter(now).chain(stream::once(alone).flat_map(|()| stream::empty())).boxed()
    })
}

/// Lets a Secret go that is being deleted, unless an account that names it goes too: that one does it when it needs it no more.
async fn let_go_alone(
    client: Client,
    secret: PartialObjectMeta<Secret>,
    accounts: Store<Guarded>,
    mut all_known: watch::Receiver<bool>,
) {
    // An account that is not known yet may name it.
    if !keep::waits(&secret) || all_known.wait_for(|all| *all).await.is_err() {
        return;
    }
    loop {
        tokio::time::sleep(keep::GRACE).await;
        let users = users_of(secret.namespace(), secret.name(), &accounts);
        if users.iter().any(|user| user.0.as_ref().is_ok_and(Object::deleting)) {
            return;
        }
        match keep::let_go(&client, secret.namespace(), secret.name(), !users.is_empty()).await {
            Ok(()) => return,
            Err(error) => {
                tracing::warn!(secret = %secret.place(), %error, "a Secret could not be let go; it is tried again");
            }
        }
    }
}

fn references(accounts: &[Arc<Guarded>]) -> Vec<ObjectRef<Guarded>> {
    accounts.iter().map(|account| ObjectRef::from_obj(&**account)).collect()
}

/// The Secrets that an account names.
fn named(account: &TelnyxAccount) -> BTreeSet<&str> {
    let public_key = account.spec.webhook_public_key_secret_ref.as_ref();
    [Some(&account.spec.api_key_secret_ref), public_key].into_iter().flatten().map(|it| it.name.as_str()).collect()
}

fn users_of(namespace: &str, name: &str, accounts: &Store<Guarded>) -> Vec<Arc<Guarded>> {
    let names_it = |account: &TelnyxAccount| account.namespace() == namespace && named(account).contains(name);
    accounts.state().into_iter().filter(|account| account.0.as_ref().is_ok_and(names_it)).collect()
}

/// Lets the Secrets go that an account has needed until now, unless they stay and another account of its namespace needs them.
/// `is_done`: whether an account needs nothing any more.
pub(super) async fn let_go(
    client: &Client,
    account: &TelnyxAccount,
    accounts: &Store<Guarded>,
    is_done: impl Fn(&TelnyxAccount) -> bool,
) -> Result<(), kube::Error> {
    let needs_it = |other: &TelnyxAccount| other.name() != account.name() && !is_done(other);
    for name in named(account) {
        let users = users_of(account.namespace(), name, accounts);
        let users: Vec<_> =
            users.iter().filter_map(|user| user.0.as_ref().ok()).filter(|user| needs_it(user)).collect();
        // One that goes too lets it go in its turn.
        if !users.iter().any(|user| user.deleting()) {
            keep::let_go(client, account.namespace(), name, !users.is_empty()).await?;
        }
    }
    Ok(())
}

/// A value out of a Secret, and the version of the Secret that held it.
pub(super) struct Value {
    pub(super) text: String,
    pub(super) version: String,
}

/// Reads one key for an account that this replica acts for, and keeps the Secret for it. `Err` says what is missing.
pub(super) async fn kept(client: &Client, account: &TelnyxAccount, reference: &SecretKeyRef) -> Result<Value, Outcome> {
    let secrets: Api<Secret> = Api::namespaced(client.clone(), account.namespace());
    let secret = find(&secrets, reference).await?;
    let version = keep::keep(&secrets, &secret).await;
    let value = value(secret, reference)?;
    Ok(Value { version: version.unwrap_or(value.version), ..value })
}

/// Reads one key. `Err` says what is missing.
pub(super) async fn read(client: &Client, namespace: &str, reference: &SecretKeyRef) -> Result<Value, Outcome> {
    value(find(&Api::namespaced(client.clone(), namespace), reference).await?, reference)
}

async fn find(secrets: &Api<Secret>, reference: &SecretKeyRef) -> Result<Secret, Outcome> {
    match secrets.get_opt(&reference.name).await {
        Ok(Some(secret)) => Ok(secret),
        Ok(None) => Err(Outcome::waiting(Referent {
            reason: Reason::SecretNotFound,
            kind: "Secret",
            name: reference.name.clone(),
            need: format!("it does not exist: create it with the key {}", reference.key),
        })),
        Err(error) => {
            let message = format!("Secret {} could not be read: {error}", reference.name);
            Err(Outcome::Retry { class: RetryClass::Kubernetes, after: None, message })
        }
    }
}

fn value(secret: Secret, reference: &SecretKeyRef) -> Result<Value, Outcome> {
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
