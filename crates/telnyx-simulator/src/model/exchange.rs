//! What goes into the model and what comes out: a request and a response, without sockets.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value};

use super::refusal::{ApiError, Refusal};

/// An HTTP method that the API uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// GET.
    Get,
    /// POST.
    Post,
    /// PUT.
    Put,
    /// PATCH.
    Patch,
    /// DELETE.
    Delete,
}

impl Method {
    /// The method's name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// A request to the API. `path` begins after `/v2`.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The path after `/v2`, percent-decoded segment by segment.
    pub path: Vec<String>,
    /// Query parameters in order, decoded.
    pub query: Vec<(String, String)>,
    /// The bearer key, when there is one.
    pub key: Option<String>,
    /// The body; an absent one is an empty object.
    pub body: Body,
}

/// A request body after parsing.
#[derive(Debug, Clone)]
pub enum Body {
    /// A JSON object, or nothing at all.
    Object(Map<String, Value>),
    /// Anything else.
    Malformed,
}

impl Request {
    /// A request as a test writes it: `path` may hold a query string; nothing is percent-decoded.
    #[must_use]
    pub fn new(method: Method, path: &str, key: &str, body: Value) -> Self {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let body = match body {
            Value::Object(map) => Body::Object(map),
            Value::Null => Body::Object(Map::new()),
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Body::Malformed,
        };
        Self {
            method,
            path: path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect(),
            query: query
                .split('&')
                .filter_map(|pair| pair.split_once('='))
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            key: Some(key.to_owned()),
            body,
        }
    }
}

/// What the caller of the API gets to see.
#[derive(Debug, Clone, PartialEq)]
pub enum Response {
    /// An answer, after a real-time wait.
    Answer {
        /// HTTP status.
        status: u16,
        /// Rate limit headers, when they are on.
        rate: Option<RateHeaders>,
        /// JSON text; empty for 204.
        body: Vec<u8>,
        /// How long the answer is held back.
        after: Duration,
    },
    /// The connection closes without a byte.
    Hangup,
}

/// `x-ratelimit-*`, with `reset` in seconds from now (Telnyx: "Rate limiting").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateHeaders {
    /// Requests per window.
    pub limit: u32,
    /// Requests left in this window.
    pub remaining: u32,
    /// Seconds until the window ends.
    pub reset: u64,
}

/// One request on its way through an endpoint.
pub(crate) struct Exchange<'a> {
    /// Path parameters in order.
    pub(crate) params: Vec<&'a str>,
    pub(crate) query: &'a [(String, String)],
    pub(crate) body: &'a Map<String, Value>,
}

impl<'a> Exchange<'a> {
    /// A path parameter by position; the route guarantees those that its template names.
    pub(crate) fn param(&self, index: usize) -> &'a str {
        self.params.get(index).copied().unwrap_or_default()
    }

    pub(crate) fn query(&self, name: &str) -> Option<&'a str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn whole_query(&self, name: &str) -> Result<Option<u64>, Refusal> {
        self.query(name)
            .map(|text| {
                text.parse().map_err(|_| {
                    ApiError::new("10015", "Invalid parameter", format!("{name} must be a whole number."))
                        .parameter(name)
                        .with(422)
                })
            })
            .transpose()
    }
}

/// A request that was carried out.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// `{"data": …}`.
    pub(crate) fn data(status: u16, data: &impl Serialize) -> Self {
        #[derive(Serialize)]
        struct Body<'a, T> {
            data: &'a T,
        }
        Self::json(status, &Body { data })
    }

    pub(crate) fn json(status: u16, body: &impl Serialize) -> Self {
        // Every body is made of maps with string keys and finite numbers; serialization has no way to fail.
        Self { status, body: serde_json::to_vec(body).unwrap_or_default() }
    }

    /// `{"data":{"result":"ok"}}`, the answer to every accepted command.
    pub(crate) fn accepted() -> Self {
        Self { status: 200, body: br#"{"data":{"result":"ok"}}"#.to_vec() }
    }

    pub(crate) const fn no_content() -> Self {
        Self { status: 204, body: Vec::new() }
    }
}

/// What every endpoint returns.
pub(crate) type Reply = Result<Answer, Refusal>;
