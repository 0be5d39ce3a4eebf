//! Asks a program of the user's own, for a `callWebhook` step.
//!
//! Promises that only hosts that the flow's owner listed are reached, that nothing is followed elsewhere, and that time and
//! size are bounded. Never says in a log what was sent or answered.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::BytesMut;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use sha2::Sha256;

use crate::api::{FlowWebhooks, SecretKeyRef};

/// The longest answer that is read.
const MAX_ANSWER: usize = 64 * 1024;
/// For the connection alone; the whole request has the step's own time.
const CONNECT: Duration = Duration::from_secs(3);

/// What a flow's `callWebhook` steps may reach.
#[derive(Clone, Debug, Default)]
pub struct UserWebhooks {
    allowed_hosts: Arc<[String]>,
    secret: Option<SecretKeyRef>,
}

impl From<Option<&FlowWebhooks>> for UserWebhooks {
    fn from(spec: Option<&FlowWebhooks>) -> Self {
        spec.map_or_else(Self::default, |spec| Self {
            allowed_hosts: spec.allowed_hosts.iter().map(|host| host.to_ascii_lowercase()).collect(),
            secret: spec.signing_secret_ref.clone(),
        })
    }
}

impl UserWebhooks {
    /// Whether a flow may ask this host, on one port at least. Which, is looked at when it is asked.
    #[must_use]
    pub fn allows_host(&self, host: &str) -> bool {
        let is = |allowed: &String| allowed.rsplit_once(':').map_or(allowed.as_str(), |(name, _)| name) == host;
        self.allowed_hosts.iter().any(is)
    }

    /// Whether this may be reached: by `host` alone on the scheme's own port, or by `host:port`.
    #[must_use]
    pub fn allows(&self, url: &Url) -> bool {
        let Some(host) = url.host_str() else { return false };
        let with_port = |port| format!("{host}:{port}");
        let named = url.port().map_or_else(|| host.to_owned(), with_port);
        let spelled_out = url.port_or_known_default().map(with_port);
        let is = |allowed: &String| *allowed == named || spelled_out.as_ref() == Some(allowed);
        matches!(url.scheme(), "http" | "https") && self.allowed_hosts.iter().any(is)
    }
}

/// One request.
#[derive(Clone)]
pub(super) struct Question {
    /// Where to.
    pub(super) url: String,
    /// JSON.
    pub(super) body: Vec<u8>,
    /// The same for every repetition.
    pub(super) id: String,
    /// For all of it.
    pub(super) patience: Duration,
}

impl fmt::Debug for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Question").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Why there is no answer to go by.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoAnswer {
    #[error("the URL cannot be read")]
    Url,
    #[error("the host is not in the flow's spec.webhooks.allowedHosts")]
    NotAllowed,
    #[error("the Secret of spec.webhooks.signingSecretRef, or its key, cannot be read")]
    Secret,
    #[error("the request failed")]
    Request(#[source] reqwest::Error),
    #[error("the answer is longer than {MAX_ANSWER} bytes")]
    TooLong,
}

/// Where signing keys are read.
#[derive(Clone)]
pub enum Secrets {
    /// In the cluster, each time anew, so that a new key is used at once.
    Cluster(kube::Client),
    /// Nowhere: without a cluster, requests that want a signature fail.
    Nowhere,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets")
    }
}

/// Sends requests of flows.
#[derive(Clone, Debug)]
pub(super) struct Asker {
    client: Client,
    secrets: Secrets,
}

impl Asker {
    /// # Errors
    /// When TLS cannot be set up.
    pub(super) fn new(secrets: Secrets) -> reqwest::Result<Self> {
        let client = Client::builder().redirect(Policy::none()).connect_timeout(CONNECT).no_proxy();
        client
            .user_agent(concat!("telnyx-operator/", env!("CARGO_PKG_VERSION")))
            .build()
            .map(|client| Self { client, secrets })
    }

    /// Asks once: the status and the body of the answer.
    pub(super) async fn ask(
        &self,
        namespace: &str,
        rules: &UserWebhooks,
        question: Question,
    ) -> Result<(u16, Vec<u8>), NoAnswer> {
        let url = Url::parse(&question.url).map_err(|_| NoAnswer::Url)?;
        if !rules.allows(&url) {
            return Err(NoAnswer::NotAllowed);
        }
        let at = Timestamp::now().as_second().to_string();
        let mut request = self
            .client
            .post(url)
            .timeout(question.patience)
            .header("content-type", "application/json")
            .header("idempotency-key", &question.id)
            .header("webhook-id", &question.id)
            .header("webhook-timestamp", &at);
        if let Some(reference) = &rules.secret {
            let key = self.read_key(namespace, reference).await?;
            request = request.header("webhook-signature", signature(&key, &question.id, &at, &question.body));
        }
        let mut answer =
            request.body(question.body).send().await.map_err(|error| NoAnswer::Request(error.without_url()))?;
        let status = answer.status().as_u16();
        let mut body = BytesMut::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| NoAnswer::Request(error.without_url()))? {
            if body.len() + chunk.len() > MAX_ANSWER {
                return Err(NoAnswer::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        Ok((status, body.into()))
    }

    async fn read_key(&self, namespace: &str, reference: &SecretKeyRef) -> Result<Vec<u8>, NoAnswer> {
        let Secrets::Cluster(client) = &self.secrets else { return Err(NoAnswer::Secret) };
        let api = Api::<Secret>::namespaced(client.clone(), namespace);
        let secret = api.get(&reference.name).await.map_err(|_| NoAnswer::Secret)?;
        secret.data.and_then(|mut data| data.remove(&reference.key)).map(|bytes| bytes.0).ok_or(NoAnswer::Secret)
    }
}

/// As Standard Webhooks describes it ("Signature scheme": HMAC-SHA256, version prefix `v1`).
pub(crate) fn signature(key: &[u8], id: &str, at: &str, body: &[u8]) -> String {
    // A key of any length is one of HMAC's.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return String::new() };
    for part in [id.as_bytes(), b".", at.as_bytes(), b".", body] {
        mac.update(part);
    }
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(hosts: &[&str]) -> UserWebhooks {
        let allowed_hosts = hosts.iter().map(|host| (*host).to_owned()).collect();
        UserWebhooks::from(Some(&FlowWebhooks { allowed_hosts, signing_secret_ref: None }))
    }

    #[test]
    fn only_listed_hosts_are_reached() {
        let rules = rules(&["crm.example.com", "10.0.0.7:8080", "Voice.Example"]);
        for (url, allowed) in [
            ("https://crm.example.com/lookup?x=1", true),
            ("http://crm.example.com/", true),
            ("https://crm.example.com:8443/", false),
            ("https://CRM.example.com/", true),
            ("http://10.0.0.7:8080/", true),
            ("http://10.0.0.7/", false),
            ("https://voice.example/", true),
            ("https://evil.example/crm.example.com", false),
            ("https://crm.example.com.evil.example/", false),
            ("https://crm.example.com@evil.example/", false),
            ("ftp://crm.example.com/", false),
            ("file:///etc/passwd", false),
        ] {
            assert_eq!(rules.allows(&Url::parse(url).unwrap()), allowed, "{url}");
        }
        assert!(!UserWebhooks::default().allows(&Url::parse("https://crm.example.com/").unwrap()));
    }

    #[test]
    fn the_signature_is_what_others_compute() {
        // Computed with Python's hmac module.
        let expected = "v1,ehj4QiM6t+0FTIiDR0JvGq/uKOxBlUCcysgm/J68//o=";
        assert_eq!(signature(b"Jefe", "id", "1700000000", b"{}"), expected);
    }
}
