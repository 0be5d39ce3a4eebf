//! Takes one event to a sink.
//!
//! Promises that an event counts as taken only when the sink says so with a status of 2xx, that time is bounded, and that no
//! address of this machine or its link is reached unless the operator's owner allowed that host ([`Programs`]). Never says in a
//! log what was sent or answered.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use reqwest::{StatusCode, Url, header};
use tokio::time::{Instant, timeout};

use super::event::CONTENT_TYPE;
use crate::api::{ResultsSink, SecretKeyRef, SinkAuth};
use crate::fetch::{Programs, refused};
use crate::flows::signature;

/// For the whole request, and for the Secret that it needs.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a key is believed.
const KEY_FRESH: Duration = Duration::from_secs(30);

/// Where the events of one campaign go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    namespace: String,
    url: Url,
    proof: Option<(SinkAuth, SecretKeyRef)>,
}

/// `spec.results.sink.url` is no URL that could be posted to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("spec.results.sink.url must be an http or https URL with a host")]
pub struct NotAnAddress;

impl Address {
    /// Of a sink in a namespace.
    pub fn of(sink: &ResultsSink, namespace: &str) -> Result<Self, NotAnAddress> {
        let url = Url::parse(&sink.url).map_err(|_| NotAnAddress)?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(NotAnAddress);
        }
        Ok(Self { namespace: namespace.to_owned(), url, proof: sink.auth.zip(sink.secret_ref.clone()) })
    }
}

/// Why the sink does not have it, as far as is known. Its words stand in a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// It said no.
    #[error("HTTP {0}")]
    Status(u16),
    /// No connection, or no answer in time.
    #[error("NoAnswer")]
    NoAnswer,
    /// The address is this machine's or its link's, or the name points to none that may be reached.
    #[error("AddressRefused")]
    AddressRefused,
    /// The Secret, or its key, cannot be read.
    #[error("SecretUnreadable")]
    SecretUnreadable,
}

/// Takes events to sinks. Cheap to clone; clones are the same.
#[derive(Clone)]
pub struct Postman(Arc<Shared>);

struct Shared {
    kube: kube::Client,
    programs: Programs,
    keys: Mutex<Keys>,
}

/// Values of Secrets, with when they were read, by namespace, name and key.
type Keys = BTreeMap<(String, String, String), (Instant, Arc<[u8]>)>;

impl fmt::Debug for Postman {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Postman")
    }
}

impl Postman {
    /// Sinks are reached by way of `programs`.
    #[must_use]
    pub fn new(kube: kube::Client, programs: Programs) -> Self {
        Self(Arc::new(Shared { kube, programs, keys: Mutex::default() }))
    }

    /// Takes an event there, once. `id` is the event's.
    pub async fn take(&self, to: &Address, id: &str, body: Vec<u8>) -> Result<(), NotTaken> {
        let at = Timestamp::now().as_second().to_string();
        let post = self.0.programs.post(to.url.clone()).map_err(|_| NotTaken::AddressRefused)?;
        let mut request = post
            .timeout(PATIENCE)
            .header(header::CONTENT_TYPE, CONTENT_TYPE)
            .header("webhook-id", id)
            .header("webhook-timestamp", &at);
        if let Some((auth, reference)) = &to.proof {
            let key = self.key(&to.namespace, reference).await?;
            request = match auth {
                SinkAuth::Hmac => request.header("webhook-signature", signature(&key, id, &at, &body)),
                SinkAuth::Bearer => {
                    let token = std::str::from_utf8(&key).map_err(|_| NotTaken::SecretUnreadable)?;
                    request.bearer_auth(token.trim())
                }
            };
        }
        let answer = request.body(body).send().await.map_err(|error| why(&error))?;
        match answer.status() {
            status if status.is_success() => Ok(()),
            status => {
                if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
                    && let Some((_, reference)) = &to.proof
                {
                    // There may be a new one.
                    self.keys(|keys| keys.remove(&key_name(&to.namespace, reference)));
                }
                Err(NotTaken::Status(status.as_u16()))
            }
        }
    }

    /// The Secret's value. Nobody waits for a Secret that another sink needs.
    async fn key(&self, namespace: &str, reference: &SecretKeyRef) -> Result<Arc<[u8]>, NotTaken> {
        let name = key_name(namespace, reference);
        let known = self.keys(|keys| {
            keys.retain(|_, (read, _)| read.elapsed() < KEY_FRESH);
            keys.get(&name).map(|(_, key)| Arc::clone(key))
        });
        if let Some(key) = known {
            return Ok(key);
        }
        let api = Api::<Secret>::namespaced(self.0.kube.clone(), namespace);
        let read = timeout(PATIENCE, api.get(&reference.name)).await;
        let secret = read.ok().and_then(Result::ok).ok_or(NotTaken::SecretUnreadable)?;
        let bytes = secret.data.and_then(|mut data| data.remove(&reference.key)).ok_or(NotTaken::SecretUnreadable)?;
        let key: Arc<[u8]> = bytes.0.into();
        self.keys(|keys| keys.insert(name, (Instant::now(), Arc::clone(&key))));
        Ok(key)
    }

    fn keys<T>(&self, with: impl FnOnce(&mut Keys) -> T) -> T {
        with(&mut self.0.keys.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn key_name(namespace: &str, reference: &SecretKeyRef) -> (String, String, String) {
    (namespace.to_owned(), reference.name.clone(), reference.key.clone())
}

fn why(error: &reqwest::Error) -> NotTaken {
    refused(error).map_or(NotTaken::NoAnswer, |_| NotTaken::AddressRefused)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn postman(allowed: &[&str]) -> Postman {
        drop(rustls::crypto::ring::default_provider().install_default());
        let config = kube::Config::new("http://127.0.0.1:9".parse().unwrap());
        let client = kube::Client::try_from(config).unwrap();
        Postman::new(client, Programs::guarded(allowed.iter().collect()).unwrap())
    }

    fn address(url: &str) -> Address {
        Address::of(&ResultsSink { url: url.to_owned(), auth: None, secret_ref: None }, "default").unwrap()
    }

    #[tokio::test]
    async fn a_sink_on_this_machine_is_refused_by_address_and_by_name() {
        let postman = postman(&[]);
        for url in ["http://127.0.0.1:9/", "http://[::1]:9/", "http://localhost:9/", "http://0x7f.1:9/"] {
            let said = postman.take(&address(url), "id", vec![]).await;
            assert_eq!(said, Err(NotTaken::AddressRefused), "{url}");
        }
    }

    #[tokio::test]
    async fn an_allowed_host_is_asked_on_the_port_that_was_named() {
        let postman = postman(&["127.0.0.1:9"]);
        // Nobody listens there: it was tried.
        let said = postman.take(&address("http://127.0.0.1:9/"), "id", vec![]).await;
        assert_eq!(said, Err(NotTaken::NoAnswer));
        let said = postman.take(&address("http://127.0.0.1:10/"), "id", vec![]).await;
        assert_eq!(said, Err(NotTaken::AddressRefused));
    }

    #[test]
    fn only_urls_with_a_host_are_addresses() {
        let sink = |url: &str| ResultsSink { url: url.to_owned(), auth: None, secret_ref: None };
        for url in ["", "crm.example.com", "ftp://crm.example.com/", "http://", "file:///etc/passwd"] {
            assert_eq!(Address::of(&sink(url), "default"), Err(NotAnAddress), "{url:?}");
        }
    }
}
