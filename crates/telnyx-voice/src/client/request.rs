//! A request before it is sent: method, path, body, and what may be done with it.

use std::fmt::Write as _;

use bytes::Bytes;
use reqwest::Method;
use serde::Serialize;

use super::retry::Repeat;
use crate::bounds::Measure;
use crate::budget::{Ask, Lane};
use crate::error::Error;
use crate::ids::CommandId;
use crate::surface::{Operation, Verb};

/// A path below the base URL, each segment encoded.
#[derive(Clone)]
pub(super) struct Path(String);

impl Path {
    /// An operation's path, with these values for its parameters, in order.
    pub(super) fn of(operation: &'static Operation, values: &[&str]) -> Result<Self, Error> {
        let mut path = String::with_capacity(operation.path.len() + 64);
        let mut values = values.iter();
        let mut rest = operation.path;
        while let Some((fixed, (name, after))) =
            rest.split_once('{').and_then(|(fixed, tail)| Some((fixed, tail.split_once('}')?)))
        {
            path.push_str(fixed);
            segment(&mut path, name, values.next().copied().unwrap_or_default())?;
            rest = after;
        }
        path.push_str(rest);
        Ok(Self(path))
    }

    /// The path of an operation without parameters.
    pub(super) fn whole(operation: &'static Operation) -> Self {
        Self(operation.path.to_owned())
    }

    /// Adds a pair to the query.
    pub(super) fn query(mut self, name: &str, value: &str) -> Self {
        self.0.push(if self.0.contains('?') { '&' } else { '?' });
        encode(&mut self.0, name);
        self.0.push('=');
        encode(&mut self.0, value);
        self
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Adds a segment that came from outside.
fn segment(path: &mut String, name: &'static str, text: &str) -> Result<(), Error> {
    if text.is_empty() {
        return Err(Error::Unsendable { field: name, why: "it is empty" });
    }
    // URL parsers resolve these two even when they are encoded.
    if matches!(text, "." | "..") {
        return Err(Error::Unsendable { field: name, why: "a path cannot carry . or .." });
    }
    encode(path, text);
    Ok(())
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
    pub(super) operation: &'static Operation,
    pub(super) path: Path,
    pub(super) body: Option<Bytes>,
    pub(super) ask: Ask,
    pub(super) repeat: Repeat,
}

impl Request {
    /// A request without a body.
    pub(super) fn new(operation: &'static Operation, values: &[&str], lane: Lane) -> Result<Self, Error> {
        Ok(Self::to(operation, Path::of(operation, values)?, lane))
    }

    /// The same, where the path is made already.
    pub(super) fn to(operation: &'static Operation, path: Path, lane: Lane) -> Self {
        let repeat = if operation.verb == Verb::Post { Repeat::Unsafe } else { Repeat::Idempotent };
        Self { operation, path, body: None, ask: Ask::Request(lane), repeat }
    }

    /// Gives it a body that is within its bounds.
    pub(super) fn body(self, body: &(impl Serialize + Measure)) -> Result<Self, Error> {
        body.inner().map_err(Error::OutOfBounds)?;
        self.checked(body)
    }

    /// Gives it a body whose bounds have been checked.
    pub(super) fn checked(mut self, body: &impl Serialize) -> Result<Self, Error> {
        let bytes = serde_json::to_vec(body)
            .map_err(|_| Error::Unsendable { field: "the body", why: "a number in it is not finite" })?;
        self.body = Some(bytes.into());
        Ok(self)
    }

    /// The body carries a `command_id`, or does not. A PUT can be repeated without one.
    pub(super) fn command(mut self, id: Option<&CommandId>) -> Self {
        if id.is_some() {
            self.repeat = Repeat::CommandId;
        }
        self
    }

    pub(super) fn dial(mut self, phones: usize) -> Self {
        self.repeat = Repeat::Never;
        self.ask = Ask::Dial(u32::try_from(phones).unwrap_or(u32::MAX));
        self
    }

    pub(super) fn method(&self) -> Method {
        match self.operation.verb {
            Verb::Get => Method::GET,
            Verb::Post => Method::POST,
            Verb::Put => Method::PUT,
            Verb::Patch => Method::PATCH,
            Verb::Delete => Method::DELETE,
        }
    }
}
