//! One question, one answer.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, ETAG, HeaderMap, HeaderValue, IF_NONE_MATCH, LAST_MODIFIED};
use reqwest::{StatusCode, Url};
use tokio::time::{Instant, timeout_at};

use super::body::Body;
use super::places::BadCredentials;
use super::reach::{Guarded, Reach, Refused};

/// For a connection alone.
const CONNECT: Duration = Duration::from_secs(10);

/// What is fetched, and within which bounds.
#[derive(Clone)]
pub struct Question {
    /// Where from.
    pub url: Url,
    /// Value of the header `Authorization`. Not sent along with a redirect to another host.
    pub authorization: Option<HeaderValue>,
    /// What is known already: it is not sent again.
    pub known: Option<Version>,
    /// Most bytes.
    pub most: u64,
    /// Time for all of it.
    pub patience: Duration,
}

impl fmt::Debug for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Question").field("host", &self.url.host_str()).finish_non_exhaustive()
    }
}

/// What the server calls the present state of a document: its `ETag`, or failing that its `Last-Modified` (RFC 9110, 8.8).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version(String);

impl Version {
    /// As it was kept.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// As the server wrote it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn of(headers: &HeaderMap) -> Option<Self> {
        let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        text(ETAG).or_else(|| text(LAST_MODIFIED)).map(Self::new)
    }

    pub(super) fn is_etag(&self) -> bool {
        self.0.ends_with('"')
    }
}

/// What a server has.
#[derive(Debug)]
pub enum Answer {
    /// The document, and what the server calls its state.
    Document {
        /// The bytes as they are sent, not decompressed.
        body: Body,
        /// Unset: the server does not say.
        version: Option<Version>,
    },
    /// It is as known.
    Unchanged,
}

/// Why there is no document.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// Fix the URL, or the operator's options.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The server said no, or knows nothing of it.
    #[error("answers with status {status}")]
    Status {
        /// What it said.
        status: StatusCode,
    },
    /// More than is read.
    #[error("is larger than {most} bytes{}: split it", .announced.map(|size| format!(" (the server announces {size})")).unwrap_or_default())]
    TooLarge {
        /// What is read.
        most: u64,
        /// What the server said it would send, where it did.
        announced: Option<u64>,
    },
    /// Silence, or so little at a time that it would take for ever.
    #[error("does not answer, or does not send all of it, in time")]
    TooSlow,
    /// No connection, or one that broke.
    #[error("cannot be fetched")]
    Request(#[source] reqwest::Error),
    /// Fix the credentials.
    #[error(transparent)]
    Credentials(#[from] BadCredentials),
    /// The store's own way of saying that it does not work. Its text is for logs of the finest level: it may repeat what a
    /// server wrote.
    #[error("cannot be fetched from the object store")]
    Store(#[source] object_store::Error),
}

impl FetchError {
    /// Whether trying again may help without anybody doing anything.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Refused(_) | Self::TooLarge { .. } | Self::Credentials(_) => false,
            Self::Status { status } => status.is_server_error() || matches!(status.as_u16(), 408 | 425 | 429),
            Self::TooSlow | Self::Request(_) | Self::Store(_) => true,
        }
    }
}

/// A refusal that a redirect or DNS met.
pub(super) fn refusal(error: &dyn std::error::Error) -> Option<Refused> {
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(refused) = cause.downcast_ref::<Refused>() {
            return Some(refused.clone());
        }
        source = cause.source();
    }
    None
}

/// A refusal that a redirect or DNS met, or the request's own failure without its URL.
pub(super) fn of_request(error: reqwest::Error) -> FetchError {
    if let Some(refused) = refusal(&error) {
        return FetchError::Refused(refused);
    }
    if error.is_timeout() { FetchError::TooSlow } else { FetchError::Request(error.without_url()) }
}

/// Fetches what users name. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Fetcher {
    pub(super) client: reqwest::Client,
    reach: Reach,
}

/// Why there is no fetcher.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// TLS cannot be set up.
    #[error("cannot set up TLS for documents named by URL")]
    Tls(#[from] rustls::Error),
    /// The client cannot be made.
    #[error("cannot make a client for documents named by URL")]
    Client(#[from] reqwest::Error),
}

/// Trusts Mozilla's roots, compiled in, and nothing of this machine's.
pub(crate) fn public_roots() -> Result<rustls::ClientConfig, rustls::Error> {
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

impl Fetcher {
    /// Mozilla's roots, compiled in; no proxy and nothing else of the environment.
    pub fn new(reach: Reach) -> Result<Self, SetupError> {
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(public_roots()?)
            .http1_only()
            .user_agent(concat!("telnyx-operator/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .dns_resolver(Arc::new(Guarded(reach.clone())))
            .redirect(reach.redirects())
            .no_proxy()
            .build()?;
        Ok(Self { client, reach })
    }

    /// What may be reached.
    #[must_use]
    pub fn reach(&self) -> &Reach {
        &self.reach
    }

    /// Fetches a document. Its body is read afterwards, within the same patience.
    ///
    /// # Errors
    /// See [`FetchError`]. Safe to ask again: nothing is changed anywhere.
    pub async fn get(&self, question: Question) -> Result<Answer, FetchError> {
        let deadline = Instant::now() + question.patience;
        self.reach.check(&question.url)?;
        let mut request = self.client.get(question.url);
        if let Some(mut value) = question.authorization {
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        if let Some(known) = question.known.as_ref().filter(|known| known.is_etag()) {
            request = request.header(IF_NONE_MATCH, known.as_str());
        }
        let answer =
            timeout_at(deadline, request.send()).await.map_err(|_| FetchError::TooSlow)?.map_err(of_request)?;
        let version = Version::of(answer.headers());
        match answer.status() {
            StatusCode::NOT_MODIFIED => Ok(Answer::Unchanged),
            StatusCode::OK if version.is_some() && version == question.known => Ok(Answer::Unchanged),
            StatusCode::OK => Ok(Answer::Document { body: Body::of(answer, question.most, deadline)?, version }),
            status => Err(FetchError::Status { status }),
        }
    }
}
