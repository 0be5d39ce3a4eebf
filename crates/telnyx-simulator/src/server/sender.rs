//! Signs webhooks and sends them.
//!
//! Headers as in Telnyx, "Receiving webhooks": `telnyx-signature-ed25519` (base64) over `timestamp|body` and
//! `telnyx-timestamp` in Unix seconds. The timestamp is real time, whatever the simulated clock says, because receivers
//! compare it with their own clock.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ed25519_dalek::{Signer as _, SigningKey};

use super::ServeError;
use super::clock::real_now;
use crate::config::SigningSeed;
use crate::model::{Attempt, DeliveryKey, Receipt};

/// Telnyx, "Receiving webhooks": redirects are followed up to three times.
const MAX_REDIRECTS: usize = 3;

/// An HTTP client with a signing key.
pub(super) struct Sender {
    key: SigningKey,
    following: reqwest::Client,
    plain: reqwest::Client,
}

impl Sender {
    pub(super) fn new(seed: &SigningSeed, connections: usize) -> Result<Self, ServeError> {
        // Fails only when a provider is installed already, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = |redirects| {
            reqwest::Client::builder()
                .user_agent("telnyx-webhooks")
                .redirect(redirects)
                .pool_max_idle_per_host(connections)
                .tcp_nodelay(true)
                .no_proxy()
                .build()
                .map_err(ServeError::Client)
        };
        Ok(Self {
            key: SigningKey::from_bytes(seed.expose()),
            following: client(reqwest::redirect::Policy::limited(MAX_REDIRECTS))?,
            plain: client(reqwest::redirect::Policy::none())?,
        })
    }

    /// Base64 of the 32 bytes that receivers verify with.
    pub(super) fn public_key(&self) -> String {
        BASE64.encode(self.key.verifying_key().as_bytes())
    }

    /// One attempt; silence when no answer comes within its patience.
    pub(super) async fn send(&self, attempt: Attempt) -> (DeliveryKey, Receipt) {
        let timestamp = real_now().before(attempt.timestamp_age).seconds().to_string();
        let signature = self.sign(&timestamp, &attempt);
        let client = if attempt.follow_redirects { &self.following } else { &self.plain };
        let answer = client
            .post(&*attempt.url)
            .timeout(attempt.patience)
            .header("content-type", "application/json")
            .header("telnyx-timestamp", timestamp)
            .header("telnyx-signature-ed25519", signature)
            .body(attempt.body)
            .send()
            .await;
        let receipt = match answer {
            Ok(answer) => {
                let status = answer.status().as_u16();
                // Reading to the end hands the connection back to the pool.
                let _ = answer.bytes().await;
                Receipt::answered(status)
            }
            Err(error) => {
                tracing::debug!(error = %error.without_url(), "a webhook receiver did not answer");
                Receipt::silence()
            }
        };
        (attempt.key, receipt)
    }

    fn sign(&self, timestamp: &str, attempt: &Attempt) -> String {
        let mut signed = Vec::with_capacity(timestamp.len() + 1 + attempt.body.len());
        signed.extend_from_slice(timestamp.as_bytes());
        signed.push(if attempt.forged { b'!' } else { b'|' });
        signed.extend_from_slice(&attempt.body);
        BASE64.encode(self.key.sign(&signed).to_bytes())
    }
}
