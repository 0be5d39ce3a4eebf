//! What can go wrong with a request, by who must act.

mod api;
mod class;

pub use api::{ApiError, ErrorItem, RateLimit};
pub use class::{CapacityScope, Class, Endpoint, classify};

use std::time::Duration;

use thiserror::Error;

use crate::bounds::OutOfBounds;

/// Why a request has no usable answer. Each variant says whether the API may have acted.
#[derive(Debug, Error)]
pub enum Error {
    /// The API answered and said no: it did not act, unless the status is 5xx.
    #[error(transparent)]
    Api(#[from] Box<ApiError>),
    /// No connection was made: the API knows nothing of the request.
    #[error("could not connect to the API; nothing was sent")]
    NotSent(#[source] TransportError),
    /// Nothing was sent: the client's fence is closed, or about to. Somebody else may be working for the account.
    #[error("nothing was sent: this process may not act for the account now")]
    Withheld,
    /// The request left, or may have, and no answer came: the API may have acted.
    #[error("the connection to the API broke before the answer; the request may have been carried out")]
    NoAnswer(#[source] TransportError),
    /// The request left, or may have, and no answer came in time: the API may have acted.
    #[error("no answer from the API within {} ms; the request may have been carried out", .after.as_millis())]
    Timeout {
        /// How long was waited.
        after: Duration,
    },
    /// The API accepted, but its answer lacks the ids. It acted, now or when it first saw the `command_id`: find the call by
    /// webhook or among the active calls.
    #[error("the API accepted with status {status}, but its answer carries no usable ids")]
    AcceptedWithoutIds {
        /// The HTTP status, 2xx.
        status: u16,
    },
    /// The API accepted, but its answer cannot be read. It acted.
    ///
    /// The parser's own words are left out: they quote values, phone numbers among them.
    #[error(
        "the API accepted with status {status}, but its answer cannot be read from line {line}, column {column} on"
    )]
    Decode {
        /// The HTTP status, 2xx.
        status: u16,
        /// Where reading stopped, from 1; 0 where nothing came.
        line: usize,
        /// Where in the line.
        column: usize,
    },
    /// The request cannot be written: nothing was sent.
    #[error("{field} cannot be sent: {why}")]
    Unsendable {
        /// The part of the request.
        field: &'static str,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The request holds what the API would refuse: nothing was sent.
    #[error("nothing was sent: {0}")]
    OutOfBounds(OutOfBounds),
}

/// Why bytes did not get through, as the HTTP client says it. Names no address.
#[derive(Debug, Error)]
#[error(transparent)]
pub struct TransportError(Box<dyn std::error::Error + Send + Sync>);

impl TransportError {
    /// Takes the HTTP client's own error.
    pub fn new(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(error.into())
    }
}

impl Error {
    /// What the API answered, where it said no.
    #[must_use]
    pub fn api(&self) -> Option<&ApiError> {
        match self {
            Self::Api(error) => Some(error),
            Self::NotSent(_)
            | Self::Withheld
            | Self::NoAnswer(_)
            | Self::Timeout { .. }
            | Self::AcceptedWithoutIds { .. }
            | Self::Decode { .. }
            | Self::Unsendable { .. }
            | Self::OutOfBounds(_) => None,
        }
    }

    /// Whether the API may have acted, or has.
    #[must_use]
    pub fn may_have_acted(&self) -> bool {
        match self {
            Self::Api(error) => error.status >= 500,
            Self::NoAnswer(_) | Self::Timeout { .. } | Self::AcceptedWithoutIds { .. } | Self::Decode { .. } => true,
            Self::NotSent(_) | Self::Withheld | Self::Unsendable { .. } | Self::OutOfBounds(_) => false,
        }
    }
}
