//! Which account, and a client that may speak for it.
//!
//! The key is read with the rights of whoever runs the plugin. It is never printed.

use std::fmt;

use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use kube::api::ListParams;
use telnyx_voice::{ApiKey, Client};

use super::error::{PluginError, kubernetes};
use super::options::Options;
use super::place::Place;
use crate::api::{AccountRef, SecretKeyRef, TelnyxAccount};
use crate::reconcile::{AccountKey, Object as _};

/// An account, its client, and where it is used.
pub(super) struct Desk {
    pub(super) place: Place,
    pub(super) account: AccountKey,
    pub(super) client: Client,
}

impl Desk {
    pub(super) async fn open(options: &Options) -> Result<Self, PluginError> {
        Self::open_at(options, None).await
    }

    /// The same, with the API at another address than the account's, where one is given.
    pub(super) async fn open_at(options: &Options, base_url: Option<&String>) -> Result<Self, PluginError> {
        let place = Place::find(options).await?;
        let account = choose(&place, options.account.as_deref()).await?;
        let key = AccountKey { namespace: account.namespace().to_owned(), name: account.name().to_owned() };
        if !account.spec.allows(&key.namespace, &place.namespace) {
            let namespace = place.namespace.clone();
            return Err(PluginError::AccountNotAllowed { account: key.to_string(), namespace });
        }
        let api_key = api_key(&place, &key.namespace, &account.spec.api_key_secret_ref).await?;
        let base_url = base_url.unwrap_or(&account.spec.base_url);
        let client = Client::builder(api_key).base_url(base_url.clone()).build()?;
        Ok(Self { place, account: key, client })
    }

    /// How an object of the namespace refers to the account.
    pub(super) fn reference(&self) -> AccountRef {
        let namespace = (self.account.namespace != self.place.namespace).then(|| self.account.namespace.clone());
        AccountRef { name: self.account.name.clone(), namespace }
    }
}

/// The account that was named, as `NAME` or `NAMESPACE/NAME`, else the only one of the namespace.
pub(super) async fn choose(place: &Place, named: Option<&str>) -> Result<TelnyxAccount, PluginError> {
    let (namespace, name) = match named.map(|named| named.split_once('/').ok_or(named)) {
        Some(Ok((namespace, name))) => (namespace, Some(name)),
        Some(Err(name)) => (place.namespace.as_str(), Some(name)),
        None => (place.namespace.as_str(), None),
    };
    let namespace = namespace.to_owned();
    let accounts = Api::<TelnyxAccount>::namespaced(place.kube.clone(), &namespace);
    if let Some(name) = name {
        let found = accounts.get_opt(name).await;
        if let Some(account) = found.map_err(kubernetes("get", "telnyxaccounts.telnyx-operator.io", &namespace))? {
            return Ok(account);
        }
    }
    let all = accounts.list(&ListParams::default()).await;
    let mut all = all.map_err(kubernetes("list", "telnyxaccounts.telnyx-operator.io", &namespace))?.items;
    let names = || -> Vec<String> { all.iter().map(|account| account.name().to_owned()).collect() };
    match (name, all.len()) {
        (Some(name), _) => {
            let (name, known) = (name.to_owned(), names());
            Err(PluginError::AccountNotFound { namespace, name, known })
        }
        (None, 1) => Ok(all.remove(0)),
        (None, 0) => Err(PluginError::NoAccount { namespace }),
        (None, _) => Err(PluginError::SeveralAccounts { names: names(), namespace }),
    }
}

/// What a Secret of an account holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// What its requests are made with.
    ApiKey,
    /// What its webhooks are verified with.
    PublicKey,
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ApiKey => "API key",
            Self::PublicKey => "public key",
        })
    }
}

pub(super) async fn api_key(place: &Place, namespace: &str, reference: &SecretKeyRef) -> Result<ApiKey, PluginError> {
    let text = text_of(place, namespace, reference, Held::ApiKey).await?;
    let (secret, namespace) = (reference.name.clone(), namespace.to_owned());
    ApiKey::new(text).map_err(|source| PluginError::Key { secret, namespace, source })
}

/// The text under a key of a Secret, without white space around it.
pub(super) async fn text_of(
    place: &Place,
    namespace: &str,
    reference: &SecretKeyRef,
    holds: Held,
) -> Result<String, PluginError> {
    let (secret, namespace) = (reference.name.clone(), namespace.to_owned());
    let secrets = Api::<Secret>::namespaced(place.kube.clone(), &namespace);
    let found = match secrets.get_opt(&secret).await {
        Ok(found) => found,
        Err(kube::Error::Api(status)) if status.code == 403 => {
            return Err(PluginError::SecretNotAllowed { secret, namespace, holds });
        }
        Err(error) => return Err(kubernetes("get", "secrets", &namespace)(error)),
    };
    let unusable = |problem: String| PluginError::SecretUnusable {
        secret: secret.clone(),
        namespace: namespace.clone(),
        problem,
        holds,
    };
    let data = found.ok_or_else(|| unusable("does not exist".to_owned()))?.data.unwrap_or_default();
    let bytes = data.get(&reference.key).ok_or_else(|| unusable(format!("has no key {}", reference.key)))?;
    let text = std::str::from_utf8(&bytes.0).map_err(|_| unusable(format!("holds no text under {}", reference.key)))?;
    Ok(text.trim().to_owned())
}
