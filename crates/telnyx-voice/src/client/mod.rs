//! The client: one method per endpoint.

mod applications;
mod builder;
mod calls;
mod conferences;
mod fence;
mod key;
mod observer;
mod profiles;
mod queues;
mod records;
mod request;
mod retry;
mod send;

pub use builder::{BuildError, Builder, DEFAULT_BASE_URL};
pub use fence::Fence;
pub use key::{ApiKey, InvalidApiKey};
pub use observer::{Exchange, Observer};
pub use retry::RetryPolicy;

pub(crate) use retry::random_jitter;

use std::sync::Arc;
use std::time::Duration;

use crate::budget::{Budget, Jitter, Lane};

/// Talks to the API in the name of one account. Cheap to clone; clones share connections and budget.
///
/// Every method waits for its turn in the account's [`Budget`], then sends. Methods are cancel safe as far as this machine goes;
/// what was sent may still be carried out.
#[derive(Debug, Clone)]
pub struct Client {
    shared: Arc<Shared>,
    lane: Lane,
}

struct Shared {
    http: reqwest::Client,
    base: Box<str>,
    timeout: Duration,
    command_timeout: Duration,
    retries: RetryPolicy,
    jitter: Jitter,
    budget: Budget,
    observer: Option<Observer>,
    fence: Option<Fence>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("base", &self.base).field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

impl Client {
    /// Starts a client with the key of an account.
    #[must_use]
    pub fn builder(key: ApiKey) -> Builder {
        Builder::new(key)
    }

    /// The same client, whose requests wait in this lane. [`Lane::Edit`] where nothing was chosen; dials wait there always.
    #[must_use]
    pub fn lane(&self, lane: Lane) -> Self {
        Self { shared: Arc::clone(&self.shared), lane }
    }

    /// The account's budget.
    #[must_use]
    pub fn budget(&self) -> &Budget {
        &self.shared.budget
    }

    /// Where the API is, for example `https://api.telnyx.com/v2`.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.shared.base
    }
}
