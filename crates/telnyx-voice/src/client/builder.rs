//! How a client is put together.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderMap};
use thiserror::Error;

use super::fence::Fence;
use super::key::ApiKey;
use super::observer::Observer;
use super::retry::{RetryPolicy, random_jitter};
use super::{Client, Shared};
use crate::budget::{Budget, Jitter, Lane};

/// The API for the world. `https://api.telnyx.eu/v2` is nearer to Europe.
pub const DEFAULT_BASE_URL: &str = "https://api.telnyx.com/v2";

/// Idle connections that are kept; more than the default budget can have out at once.
const IDLE_CONNECTIONS: usize = 256;

/// How long an idle connection is kept: well below what servers allow, so that a dial seldom meets a connection that is being
/// closed, which would leave its fate unknown.
const IDLE_TIME: Duration = Duration::from_secs(20);

/// Settings of a [`Client`]. Nothing is read from the environment.
#[derive(Debug)]
pub struct Builder {
    key: ApiKey,
    base: String,
    timeout: Duration,
    command_timeout: Duration,
    connect_timeout: Duration,
    retries: RetryPolicy,
    jitter: Option<JitterSource>,
    budget: Option<Budget>,
    observer: Option<Watching>,
    fence: Option<Fenced>,
    tls: Option<rustls::ClientConfig>,
}

struct Fenced(Fence);

impl std::fmt::Debug for Fenced {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Fence")
    }
}

struct Watching(Observer);

impl std::fmt::Debug for Watching {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Observer")
    }
}

struct JitterSource(Jitter);

impl std::fmt::Debug for JitterSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JitterSource")
    }
}

/// The client cannot be made.
#[derive(Debug, Error)]
pub enum BuildError {
    /// Fix the base URL.
    #[error("the base URL must be an http or https address such as {DEFAULT_BASE_URL}")]
    BaseUrl,
    /// The key cannot be a header.
    #[error("the API key cannot be sent as a header")]
    Key,
    /// The TLS settings contradict each other.
    #[error("TLS could not be set up")]
    Tls(#[source] rustls::Error),
    /// The HTTP client could not be made.
    #[error("the HTTP client could not be set up")]
    Http(#[source] reqwest::Error),
}

impl Builder {
    pub(super) fn new(key: ApiKey) -> Self {
        Self {
            key,
            base: DEFAULT_BASE_URL.to_owned(),
            timeout: Duration::from_secs(10),
            command_timeout: Duration::from_secs(2),
            connect_timeout: Duration::from_secs(3),
            retries: RetryPolicy::default(),
            jitter: None,
            budget: None,
            observer: None,
            fence: None,
            tls: None,
        }
    }

    /// Where the API is, version included: `https://api.telnyx.com/v2` where not set.
    #[must_use]
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base = url.into();
        self
    }

    /// How long one try may take, from connecting to the last byte of the answer: 10 s where not set.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How long one try of a command that carries a `command_id` may take: 2 s where not set. Somebody is on the line, and the next
    /// try is safe under the same id; Telnyx itself advises to send again after 500 ms (Telnyx: command retries guide).
    #[must_use]
    pub fn command_timeout(mut self, timeout: Duration) -> Self {
        self.command_timeout = timeout;
        self
    }

    /// How long connecting may take: 3 s where not set.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How requests that may be repeated are repeated.
    #[must_use]
    pub fn retries(mut self, retries: RetryPolicy) -> Self {
        self.retries = retries;
        self
    }

    /// Where the pauses between tries take their randomness from: numbers from 0 to 1. The operating system where not set.
    #[must_use]
    pub fn jitter(mut self, jitter: Jitter) -> Self {
        self.jitter = Some(JitterSource(jitter));
        self
    }

    /// The budget to share. All clients of an account must share one, or its limits are not kept. One of its own where not set.
    #[must_use]
    pub fn budget(mut self, budget: Budget) -> Self {
        self.budget = Some(budget);
        self
    }

    /// Who is told of every try, to count and time them. Nobody where not set.
    #[must_use]
    pub fn observer(mut self, observer: Observer) -> Self {
        self.observer = Some(Watching(observer));
        self
    }

    /// Asked before every try of a request that changes something, and once more when its body is written: such requests leave
    /// only as long as it allows, and are given up before it closes ([`crate::Error::Withheld`]). Everything leaves where not set.
    #[must_use]
    pub fn fence(mut self, fence: Fence) -> Self {
        self.fence = Some(Fenced(fence));
        self
    }

    /// TLS settings of one's own, for example for a private certificate authority. Mozilla's roots, compiled in, where not set.
    #[must_use]
    pub fn tls(mut self, config: rustls::ClientConfig) -> Self {
        self.tls = Some(config);
        self
    }

    /// Makes the client. No connection is made yet.
    pub fn build(self) -> Result<Client, BuildError> {
        let base = self.base.trim_end_matches('/');
        let url = reqwest::Url::parse(base).map_err(|_| BuildError::BaseUrl)?;
        if !matches!(url.scheme(), "http" | "https")
            || !url.has_host()
            || url.query().is_some()
            || url.fragment().is_some()
        {
            return Err(BuildError::BaseUrl);
        }
        let tls = match self.tls {
            Some(tls) => tls,
            None => default_tls().map_err(BuildError::Tls)?,
        };
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, self.key.authorization().ok_or(BuildError::Key)?);
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .http1_only()
            .default_headers(headers)
            .user_agent(concat!("telnyx-voice/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(self.connect_timeout)
            .pool_max_idle_per_host(IDLE_CONNECTIONS)
            .pool_idle_timeout(IDLE_TIME)
            .tcp_nodelay(true)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .build()
            .map_err(BuildError::Http)?;
        let shared = Shared {
            http,
            base: base.into(),
            timeout: self.timeout,
            command_timeout: self.command_timeout,
            retries: self.retries,
            jitter: self.jitter.map_or_else(|| Arc::new(random_jitter) as Jitter, |source| source.0),
            budget: self.budget.unwrap_or_default(),
            observer: self.observer.map(|watching| watching.0),
            fence: self.fence.map(|fenced| fenced.0),
        };
        Ok(Client { shared: Arc::new(shared), lane: Lane::default() })
    }
}

/// The ring provider is named here, so that nothing depends on which provider the process installed.
fn default_tls() -> Result<rustls::ClientConfig, rustls::Error> {
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(url: &str) -> Result<Client, BuildError> {
        Client::builder(ApiKey::new("KEY0123secret").unwrap()).base_url(url).build()
    }

    #[test]
    fn a_base_url_is_an_http_address() {
        for url in ["https://api.telnyx.com/v2", "https://api.telnyx.eu/v2/", "http://127.0.0.1:8080/v2"] {
            assert_eq!(build(url).unwrap().base_url(), url.trim_end_matches('/'));
        }
        for url in ["", "api.telnyx.com/v2", "ftp://x/v2", "https://x/v2?a=b", "https://x/v2#a"] {
            assert!(matches!(build(url), Err(BuildError::BaseUrl)), "{url}");
        }
    }

    #[test]
    fn a_client_prints_no_key() {
        let client = build(DEFAULT_BASE_URL).unwrap();
        assert!(!format!("{client:?}").contains("secret"));
    }
}
