//! The API key.

use secrecy::{ExposeSecret as _, SecretString};
use thiserror::Error;

/// The key of an account. Never printed; wiped from memory when dropped.
#[derive(Debug, Clone)]
pub struct ApiKey(SecretString);

/// The text cannot be a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidApiKey {
    /// Nothing but blanks.
    #[error("the API key is empty")]
    Empty,
    /// A header cannot carry it.
    #[error("the API key has characters other than visible ASCII; look for a stray line break or quotation mark")]
    NotVisibleAscii,
}

impl ApiKey {
    /// Takes a key; blanks around it, such as the line break at the end of a file, are dropped.
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidApiKey> {
        let text: SecretString = text.into().into();
        let key = text.expose_secret().trim();
        if key.is_empty() {
            return Err(InvalidApiKey::Empty);
        }
        if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(InvalidApiKey::NotVisibleAscii);
        }
        Ok(Self(SecretString::from(key)))
    }

    /// The value of the `Authorization` header.
    pub(super) fn authorization(&self) -> Option<http::HeaderValue> {
        let bearer = SecretString::from(format!("Bearer {}", self.0.expose_secret()));
        let mut value = http::HeaderValue::from_str(bearer.expose_secret()).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_printed_nowhere() {
        let key = ApiKey::new("KEY0123secret\n").unwrap();
        assert!(!format!("{key:?}").contains("secret"));
        let header = key.authorization().unwrap();
        assert_eq!(header.as_bytes(), b"Bearer KEY0123secret");
        assert!(!format!("{header:?}").contains("secret"));
    }

    #[test]
    fn a_key_that_no_header_can_carry_is_refused() {
        assert_eq!(ApiKey::new(" \n").unwrap_err(), InvalidApiKey::Empty);
        assert_eq!(ApiKey::new("KEY\n0123").unwrap_err(), InvalidApiKey::NotVisibleAscii);
        assert_eq!(ApiKey::new("“KEY”").unwrap_err(), InvalidApiKey::NotVisibleAscii);
    }
}
