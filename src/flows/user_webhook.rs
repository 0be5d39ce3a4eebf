//! Asks a program of the user's own, for a `callWebhook` step.
//!
//! Promises that only hosts that the flow's owner listed are reached, and of this machine and its link only those that the
//! operator's owner opened besides ([`Programs`]); that nothing is followed elsewhere, and that time and size are bounded. Never says
//! in a log what was sent or answered.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::BytesMut;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use reqwest::Url;
use sha2::Sha256;

use crate::api::{FlowWebhooks, SecretKeyRef};
use crate::fetch::{Hosts, Programs, Refused, refused};

/// The longest answer that is read.
const MAX_ANSWER: usize = 64 * 1024;

/// What a flow's `callWebhook` steps may reach.
#[derive(Clone, Debug, Default)]
pub struct UserWebhooks {
    allowed_hosts: Hosts,
    secret: Option<SecretKeyRef>,
}

impl From<Option<&FlowWebhooks>> for UserWebhooks {
    fn from(spec: Option<&FlowWebhooks>) -> Self {
        spec.map_or_else(Self::default, |spec| Self {
            allowed_hosts: spec.allowed_hosts.iter().collect(),
            secret: spec.signing_secret_ref.clone(),
        })
    }
}

impl UserWebhooks {
    /// Whether a flow may ask this host, on one port at least. Which, is looked at when it is asked.
    #[must_use]
    pub fn allows_host(&self, host: &str) -> bool {
        self.allowed_hosts.name(host)
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
    #[error("the URL {0}; the operator's --flow-webhook-allow-host opens a host")]
    Refused(Refused),
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
    programs: Programs,
    secrets: Secrets,
}

impl Asker {
    pub(super) fn new(secrets: Secrets, programs: Programs) -> Self {
        Self { programs, secrets }
    }

    /// Asks once: the status and the body of the answer.
    pub(super) async fn ask(
        &self,
        namespace: &str,
        rules: &UserWebhooks,
        question: Question,
    ) -> Result<(u16, Vec<u8>), NoAnswer> {
        let url = Url::parse(&question.url).map_err(|_| NoAnswer::Url)?;
        if !rules.allowed_hosts.hold(&url) {
            return Err(NoAnswer::NotAllowed);
        }
        let at = Timestamp::now().as_second().to_string();
        let mut request = self
            .programs
            .post(url)
            .map_err(NoAnswer::Refused)?
            .timeout(question.patience)
            .header("content-type", "application/json")
            .header("idempotency-key", &question.id)
            .header("webhook-id", &question.id)
            .header("webhook-timestamp", &at);
        if let Some(reference) = &rules.secret {
            let key = self.read_key(namespace, reference).await?;
            request = request.header("webhook-signature", signature(&key, &question.id, &at, &question.body));
        }
        let mut answer = request.body(question.body).send().await.map_err(not_asked)?;
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

fn not_asked(error: reqwest::Error) -> NoAnswer {
    refused(&error).map_or_else(|| NoAnswer::Request(error.without_url()), NoAnswer::Refused)
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

    async fn asked(asker: &Asker, rules: &UserWebhooks, url: &str) -> NoAnswer {
        let patience = Duration::from_secs(30);
        let question = Question { url: url.to_owned(), body: vec![], id: "id".to_owned(), patience };
        asker.ask("default", rules, question).await.unwrap_err()
    }

    #[tokio::test]
    async fn a_flow_reaches_what_it_lists_and_of_this_machine_only_what_the_operators_owner_opened() {
        drop(rustls::crypto::ring::default_provider().install_default());
        let asker = |opened: &[&str]| Asker::new(Secrets::Nowhere, Programs::guarded(opened.iter().collect()).unwrap());
        let (closed, opened) = (asker(&[]), asker(&["127.0.0.1:9"]));
        let rules = rules(&["127.0.0.1:9", "localhost:9", "169.254.169.254"]);
        for url in ["http://127.0.0.1:9/", "http://localhost:9/", "http://169.254.169.254/latest/meta-data/"] {
            let said = asked(&closed, &rules, url).await;
            assert!(matches!(said, NoAnswer::Refused(Refused::Address { .. })), "{url}: {said}");
        }
        // Nobody listens there: it was tried.
        let said = asked(&opened, &rules, "http://127.0.0.1:9/").await;
        assert!(matches!(said, NoAnswer::Request(_)), "{said}");
        // What the owner opened, the flow has to list all the same.
        let said = asked(&opened, &UserWebhooks::default(), "http://127.0.0.1:9/").await;
        assert!(matches!(said, NoAnswer::NotAllowed), "{said}");
    }

    #[test]
    fn the_signature_is_what_others_compute() {
        // Computed with Python's hmac module.
        let expected = "v1,ehj4QiM6t+0FTIiDR0JvGq/uKOxBlUCcysgm/J68//o=";
        assert_eq!(signature(b"Jefe", "id", "1700000000", b"{}"), expected);
    }
}
