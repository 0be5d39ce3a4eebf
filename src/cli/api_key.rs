//! Where commands that need no cluster take the API key from.

use std::path::PathBuf;

use telnyx_voice::{ApiKey, InvalidApiKey};

/// The key of an account. Never an argument: arguments stand in the process list.
#[derive(Debug, clap::Args)]
pub struct KeyArgs {
    /// File with the API key. The environment variable `TELNYX_API_KEY` where not given.
    #[arg(long, value_name = "FILE")]
    api_key_file: Option<PathBuf>,
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Nobody named one.
    #[error("no API key: set TELNYX_API_KEY or --api-key-file")]
    NoKey,
    /// The key file cannot be read.
    #[error("cannot read {}", path.display())]
    KeyFile {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The key is not one.
    #[error(transparent)]
    Key(#[from] InvalidApiKey),
}

impl KeyArgs {
    /// Whether a file was named.
    #[cfg(feature = "workstation")]
    pub(super) fn is_in_a_file(&self) -> bool {
        self.api_key_file.is_some()
    }

    /// The key.
    pub fn key(&self) -> Result<ApiKey, KeyError> {
        let text = match &self.api_key_file {
            Some(path) => {
                std::fs::read_to_string(path).map_err(|source| KeyError::KeyFile { path: path.clone(), source })?
            }
            None => std::env::var("TELNYX_API_KEY").map_err(|_| KeyError::NoKey)?,
        };
        Ok(ApiKey::new(text)?)
    }
}
