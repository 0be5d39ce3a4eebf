//! From the replica that receives a webhook to the one that acts for its account.
//!
//! Promises that a webhook reaches nobody but the holder of the account's lease, unread and unchanged on the way, and that only
//! that one's answer counts. Whom it cannot reach in time it does not answer for: Telnyx sends the webhook again.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use super::Answer;
use super::identity::{Identity, IdentityError};
use crate::ownership::Contact;

/// What is passed on of a request's head: what the signature is about, and of what kind the body is.
const PASSED_ON: [&str; 3] = ["telnyx-signature-ed25519", "telnyx-timestamp", "content-type"];
/// For the other to be reached. It is in the same cluster.
const CONNECT: Duration = Duration::from_millis(800);
/// Clients that are kept; replicas are few, but each start of one makes another certificate.
const MOST_CLIENTS: usize = 16;

/// Says where the holder of the lease of an account, `namespace/name`, is reached, if that is another process.
pub type Holders = Arc<dyn Fn(&str) -> Option<Contact> + Send + Sync>;

/// Passes webhooks on.
pub struct Forwarder {
    identity: Arc<Identity>,
    holders: Holders,
    clients: Mutex<BTreeMap<Contact, reqwest::Client>>,
}

impl std::fmt::Debug for Forwarder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Forwarder").field("identity", &self.identity).finish_non_exhaustive()
    }
}

#[derive(Debug, thiserror::Error)]
enum ClientError {
    #[error(transparent)]
    Identity(#[from] IdentityError),
    #[error("no client can be made")]
    Http(#[from] reqwest::Error),
}

impl Forwarder {
    /// Passes on to whom `holders` names, as `identity`.
    #[must_use]
    pub fn new(identity: Arc<Identity>, holders: Holders) -> Self {
        Self { identity, holders, clients: Mutex::default() }
    }

    /// Passes a webhook of the account on and returns what came of it, within `patience`.
    pub(super) async fn pass_on(
        &self,
        account: &str,
        path: &str,
        headers: &HeaderMap,
        body: Bytes,
        patience: Duration,
    ) -> Answer {
        let Some(holder) = (self.holders)(account) else { return Answer::NoHolder };
        let client = match self.client(holder) {
            Ok(client) => client,
            Err(error) => {
                tracing::error!(%error, "webhooks cannot be passed on");
                return Answer::HolderNotNow;
            }
        };
        let mut request = client.post(format!("https://{}{path}", holder.address)).timeout(patience).body(body);
        for name in PASSED_ON {
            for value in headers.get_all(name) {
                request = request.header(name, value);
            }
        }
        match request.send().await {
            Ok(response) if response.status() == StatusCode::OK => Answer::PassedOn,
            // Whatever it has said, this replica believes the webhook: it is wanted again.
            Ok(response) => {
                tracing::debug!(status = %response.status(), "a webhook that was passed on was not taken");
                Answer::HolderNotNow
            }
            Err(error) => {
                tracing::debug!(error = ?error.without_url(), "a webhook could not be passed on");
                Answer::HolderNotNow
            }
        }
    }

    /// A client that believes nobody but the holder. One is kept for each, so that connections are.
    fn client(&self, holder: Contact) -> Result<reqwest::Client, ClientError> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&holder) {
            return Ok(client.clone());
        }
        let tls = self.identity.client(Arc::new(move |fingerprint| *fingerprint == holder.fingerprint))?;
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .http1_only()
            .https_only(true)
            .no_proxy()
            .connect_timeout(CONNECT)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        if clients.len() >= MOST_CLIENTS {
            clients.clear();
        }
        clients.insert(holder, client.clone());
        Ok(client)
    }
}
