//! The text that a call carries through all its webhooks.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::bounds::{self, Measure, OutOfBounds};
use crate::macros::schema_as;

/// What travels with a call leg: base64 on the wire, echoed in every later webhook of the leg until a command replaces it.
///
/// No size limit is documented; this type writes at most [`MAX_ENCODED`](Self::MAX_ENCODED) characters. What is received is kept
/// as it came, valid or not: [`decode`](Self::decode) says. It comes over a public endpoint, so trust it only after the
/// signature check. `Debug` shows its length.
#[derive(Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct ClientState(Box<str>);

/// The bytes do not fit in a client state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{encoded} characters of client state; at most {max} are sent", max = ClientState::MAX_ENCODED)]
pub struct ClientStateTooLong {
    /// The length it would have had, encoded.
    pub encoded: usize,
}

/// A received client state is not base64: somebody else's, or damaged.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the client state is not base64")]
pub struct NotBase64(#[source] base64::DecodeError);

impl ClientState {
    /// Characters, encoded. Our own bound: none is documented.
    pub const MAX_ENCODED: usize = 512;

    /// Encodes bytes, of which 384 fit.
    pub fn encode(bytes: &[u8]) -> Result<Self, ClientStateTooLong> {
        let encoded = bytes.len().div_ceil(3) * 4;
        if encoded > Self::MAX_ENCODED {
            return Err(ClientStateTooLong { encoded });
        }
        Ok(Self(STANDARD.encode(bytes).into()))
    }

    /// The bytes that were encoded.
    pub fn decode(&self) -> Result<Vec<u8>, NotBase64> {
        STANDARD.decode(self.0.as_bytes()).map_err(NotBase64)
    }

    /// The base64 text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Carries a bound of its own, wherever it is sent: base64.
impl Measure for ClientState {
    fn inner(&self) -> Result<(), OutOfBounds> {
        bounds::base64(&self.0)
    }
}

schema_as!(ClientState => schemars::json_schema!({ "type": "string", "pattern": "^[A-Za-z0-9+/]*={0,2}$" }));

/// As received: already base64, unchecked.
impl From<&str> for ClientState {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

/// As received: already base64, unchecked.
impl From<String> for ClientState {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl<'de> Deserialize<'de> for ClientState {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::macros::text(deserializer)
    }
}

impl std::fmt::Debug for ClientState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ClientState({} characters)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn exactly_what_fits_is_encoded() {
        assert_eq!(ClientState::encode(&[7; 384]).unwrap().as_str().len(), ClientState::MAX_ENCODED);
        assert_eq!(ClientState::encode(&[7; 385]), Err(ClientStateTooLong { encoded: 516 }));
    }

    #[test]
    fn what_is_received_is_kept_even_if_it_is_not_ours() {
        let state: ClientState = serde_json::from_str("\"not base64!\"").unwrap();
        assert_eq!(serde_json::to_string(&state).unwrap(), "\"not base64!\"");
        assert!(state.decode().is_err());
        assert_eq!(format!("{state:?}"), "ClientState(11 characters)");
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(bytes in proptest::collection::vec(any::<u8>(), 0..=384)) {
            prop_assert_eq!(ClientState::encode(&bytes).unwrap().decode().unwrap(), bytes);
        }
    }
}
