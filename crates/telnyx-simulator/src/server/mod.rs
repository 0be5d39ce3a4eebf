//! The shell: sockets, clocks and tasks around the [`model`](crate::model). It decides nothing.

mod admin;
mod api;
mod args;
mod clock;
mod driver;
mod journal;
mod listen;
mod sender;
mod state;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub use args::{Args, serve};
use journal::Journal;
use sender::Sender;
use state::Shared;

use crate::config::{ApiKey, Config, ConfigError, SigningSeed};

/// The environment variable with the name of the journal: a file to which every request is appended as a line of JSON.
pub const JOURNAL_VARIABLE: &str = "TELNYX_SIMULATOR_JOURNAL";

/// The simulator; start here.
#[derive(Debug)]
pub struct Simulator;

impl Simulator {
    /// A simulator with the default behaviour on a free port of 127.0.0.1.
    #[must_use]
    pub fn builder() -> Builder {
        Builder { config: Config::default(), listen: SocketAddr::from(([127, 0, 0, 1], 0)), journal: None }
    }
}

/// A simulator about to start.
#[derive(Debug, Clone)]
pub struct Builder {
    config: Config,
    listen: SocketAddr,
    journal: Option<PathBuf>,
}

impl Builder {
    /// Replaces the whole behaviour.
    #[must_use]
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// Changes the behaviour in place.
    #[must_use]
    pub fn configure(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(&mut self.config);
        self
    }

    /// Accepts this bearer key and no other.
    #[must_use]
    pub fn api_key(mut self, key: &str) -> Self {
        self.config.keys = vec![ApiKey::from(key)];
        self
    }

    /// Signs webhooks with the key of this seed.
    #[must_use]
    pub fn signing_seed(mut self, seed: [u8; 32]) -> Self {
        self.config.signing_seed = SigningSeed::from_bytes(seed);
        self
    }

    /// Seeds every random draw.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.config.seed = seed;
        self
    }

    /// Where to listen; port 0, the default, takes a free one.
    #[must_use]
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// Writes every request to the API to this file, appending JSON Lines; `None`, the default, writes nothing. Several
    /// simulators may share a file. [`JOURNAL_VARIABLE`] is where the programs that embed a simulator look for its name.
    #[must_use]
    pub fn journal(mut self, file: Option<PathBuf>) -> Self {
        self.journal = file;
        self
    }

    /// Listens. The simulator runs on the current Tokio runtime until it is stopped or dropped.
    pub async fn start(self) -> Result<Running, ServeError> {
        self.config.check()?;
        let journal =
            self.journal.map(|path| Journal::open(&path).map_err(|source| ServeError::Journal { path, source }));
        let journal = journal.transpose()?;
        let sender = Sender::new(&self.config.signing_seed, self.config.webhooks.connections)?;
        let public_key = sender.public_key();
        let listener = TcpListener::bind(self.listen)
            .await
            .map_err(|source| ServeError::Listen { address: self.listen, source })?;
        let address = listener.local_addr().map_err(|source| ServeError::Listen { address: self.listen, source })?;
        let shared = Arc::new(Shared::new(self.config, public_key.clone(), journal));
        let stop = CancellationToken::new();
        let driver = tokio::spawn(driver::drive(Arc::clone(&shared), sender, stop.clone()));
        let server = tokio::spawn(listen::listen(listener, shared, stop.clone()));
        Ok(Running { address, public_key, stop, tasks: vec![driver, server] })
    }
}

/// A simulator that listens. Dropping it stops it.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    public_key: String,
    stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
}

impl Running {
    /// Where it listens.
    #[must_use]
    pub const fn addr(&self) -> SocketAddr {
        self.address
    }

    /// The API's base URL, the counterpart of `https://api.telnyx.com/v2`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}/v2", self.address)
    }

    /// The admin API's base URL.
    #[must_use]
    pub fn admin_url(&self) -> String {
        format!("http://{}/sim", self.address)
    }

    /// Base64 of the 32-byte Ed25519 key that webhooks are verified with.
    #[must_use]
    pub fn public_key_base64(&self) -> &str {
        &self.public_key
    }

    /// Stops listening and sending; returns when both have ended. Webhooks that wait are lost.
    pub async fn stop(mut self) {
        self.stop.cancel();
        for task in self.tasks.drain(..) {
            if let Err(error) = task.await {
                tracing::error!(%error, "a task of the simulator failed");
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Why the simulator could not start or go on.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The behaviour file is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The address cannot be listened on; choose another one, or port 0.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The webhook client could not be made; the system's certificates are not readable.
    #[error("cannot make the client that sends webhooks")]
    Client(#[source] reqwest::Error),
    /// The journal could not be opened; its folder must exist.
    #[error("cannot write the journal {}", path.display())]
    Journal {
        /// The file asked for.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The ready file could not be written; its folder must exist.
    #[error("cannot write the ready file {}", path.display())]
    ReadyFile {
        /// The file asked for.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}
