//! A request before it is sent: method, path, body, and what may be done with it.

use std::borrow::Cow;
use std::fmt::Write as _;

use bytes::Bytes;
use reqwest::Method;
use serde::Serialize;

use super::retry::Repeat;
use crate::budget::{Ask, Lane};
use crate::error::{Endpoint, Error};

/// A path below the base URL, each segment encoded.
#[derive(Clone)]
pub(super) struct Path {
    text: String,
    /// The same with a placeholder for each segment that came from outside, and without the query.
    route: Cow<'static, str>,
}

impl Path {
    pub(super) fn new(root: &'static str) -> Self {
        Self { text: root.to_owned(), route: Cow::Borrowed(root) }
    }

    /// Adds a segment that came from outside. `name` says in errors what it is.
    pub(super) fn segment(mut self, name: &'static str, text: &str) -> Result<Self, Error> {
        if text.is_empty() {
            return Err(Error::Unsendable { field: name, why: "it is empty" });
        }
        // URL parsers resolve these two even when they are encoded.
        if matches!(text, "." | "..") {
            return Err(Error::Unsendable { field: name, why: "a path cannot carry . or .." });
        }
        self.text.push('/');
        encode(&mut self.text, text);
        self.route.to_mut().push_str("/{id}");
        Ok(self)
    }

    /// Adds a segment of ours.
    pub(super) fn then(mut self, text: &'static str) -> Self {
        self.text.push_str(text);
        self.route.to_mut().push_str(text);
        self
    }

    /// Adds a pair to the query.
    pub(super) fn query(mut self, name: &str, value: &str) -> Self {
        self.text.push(if self.text.contains('?') { '&' } else { '?' });
        encode(&mut self.text, name);
        self.text.push('=');
        encode(&mut self.text, value);
        self
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// Its template, the same for all requests of a kind: `/queues/{id}/calls/{id}`.
    pub(super) fn route(&self) -> &str {
        &self.route
    }
}

/// Percent encoding of all but the unreserved characters (RFC 3986 §2.3).
fn encode(out: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

/// A request that can be sent any number of times.
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) path: Path,
    pub(super) body: Option<Bytes>,
    pub(super) endpoint: Endpoint,
    pub(super) ask: Ask,
    pub(super) repeat: Repeat,
}

impl Request {
    pub(super) fn new(method: Method, path: Path, endpoint: Endpoint, lane: Lane) -> Self {
        let repeat = if method == Method::POST { Repeat::Unsafe } else { Repeat::Idempotent };
        Self { method, path, body: None, endpoint, ask: Ask::Request(lane), repeat }
    }

    pub(super) fn json(mut self, body: &impl Serialize) -> Result<Self, Error> {
        let bytes = serde_json::to_vec(body)
            .map_err(|_| Error::Unsendable { field: "the body", why: "a number in it is not finite" })?;
        self.body = Some(bytes.into());
        Ok(self)
    }

    /// The request carries a `command_id`, or does not.
    pub(super) fn command(mut self, has_id: bool) -> Self {
        self.repeat = if has_id { Repeat::CommandId } else { Repeat::Unsafe };
        self
    }

    pub(super) fn dial(mut self, phones: usize) -> Self {
        self.repeat = Repeat::Never;
        self.ask = Ask::Dial(u32::try_from(phones).unwrap_or(u32::MAX));
        self
    }
}
