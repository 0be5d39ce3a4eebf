//! The behaviour file: everything that can be set about the simulated account, callees, limits and faults.
//!
//! Promises that an unknown field is refused with its place in the file and that an empty file is a usable account.
//! Does not know how any of it is carried out.

mod callees;
mod conferences;
mod faults;
mod inbound;
mod keys;
mod limits;
mod services;
mod spread;
mod switches;
mod webhooks;

use std::fmt;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};

pub use callees::{Amd, Audio, Callees, Machine, NumberRule, OnHold, Outcome, Person, Screen, Shares, Stay};
pub use conferences::Conferences;
pub use faults::{Effect, Fault, Scope};
pub use inbound::{Inbound, IncomingCall, Line, Stream};
pub use keys::{Keypad, Press, is_key};
pub use limits::{Limits, Queues, RequestLimit, Retention};
pub use services::Services;
pub use spread::Spread;
pub use switches::{
    ActiveQueuedCall, AudioCut, CallingWindows, ConferenceExpiry, DialRefusals, DuplicateCommand, EndedByApi,
    EventOrder, QueueDuplicate, Redirects, SipCauseStyle, Switches, TimestampOrigin, UnknownCall,
};
pub use webhooks::Webhooks;

/// The whole behaviour of a simulated account. Every part has a default; the default account answers like a healthy one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Config {
    /// Seed of every random draw. The same seed and the same requests at the same simulated times give the same calls.
    pub seed: u64,
    /// Simulated seconds per real second; greater than 0.
    pub speed: f64,
    /// Accepted bearer keys.
    pub keys: Vec<ApiKey>,
    /// The Ed25519 seed that webhooks are signed with: base64 of 32 bytes. A test key, published on purpose.
    pub signing_seed: SigningSeed,
    /// Milliseconds (real time) added to every API response.
    pub latency_ms: u64,
    /// Rate, channel and size limits.
    pub limits: Limits,
    /// Who picks up the phone and what they do.
    pub callees: Callees,
    /// Exceptions to `callees` by number or suffix; the exact number wins, then the longest suffix.
    pub numbers: Vec<NumberRule>,
    /// Calls that others make to the account.
    pub inbound: Inbound,
    /// How long the services around a call take and what they find.
    pub services: Services,
    /// How call queues live and die.
    pub queues: Queues,
    /// How people behave in conferences.
    pub conferences: Conferences,
    /// How webhooks are delivered.
    pub webhooks: Webhooks,
    /// What goes wrong, where, how often.
    pub faults: Vec<Fault>,
    /// One setting per question that Telnyx's documents leave open or answer twice.
    pub switches: Switches,
    /// How much history is kept.
    pub retention: Retention,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            seed: 1,
            speed: 1.0,
            keys: vec![ApiKey::from(DEFAULT_KEY)],
            signing_seed: SigningSeed::default(),
            latency_ms: 0,
            limits: Limits::default(),
            callees: Callees::default(),
            numbers: Vec::new(),
            inbound: Inbound::default(),
            services: Services::default(),
            queues: Queues::default(),
            conferences: Conferences::default(),
            webhooks: Webhooks::default(),
            faults: Vec::new(),
            switches: Switches::default(),
            retention: Retention::default(),
        }
    }
}

/// The bearer key of the default account.
pub const DEFAULT_KEY: &str = "KEY_SIMULATOR";

impl Config {
    /// Reads a behaviour file's text.
    pub fn parse(yaml: &str) -> Result<Self, ConfigError> {
        let config: Self =
            serde_saphyr::from_str(yaml).map_err(|error| ConfigError::Unreadable { detail: error.to_string() })?;
        config.check()?;
        Ok(config)
    }

    /// Reads a behaviour file.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text =
            std::fs::read_to_string(path).map_err(|source| ConfigError::Unopened { path: path.to_owned(), source })?;
        Self::parse(&text)
    }

    /// Refuses what no account can be: a share outside 0..=1, a speed of 0, a number rule that matches nothing.
    pub fn check(&self) -> Result<(), ConfigError> {
        if !(self.speed.is_finite() && self.speed > 0.0) {
            return Err(ConfigError::OutOfRange { field: "speed".into(), want: "a number greater than 0" });
        }
        self.callees.check("callees")?;
        for (index, rule) in self.numbers.iter().enumerate() {
            rule.check(&format!("numbers[{index}]"))?;
        }
        self.inbound.check("inbound")?;
        self.services.check("services")?;
        for (index, fault) in self.faults.iter().enumerate() {
            fault.check(&format!("faults[{index}]"))?;
        }
        self.limits.check("limits")?;
        self.switches.check("switches")
    }
}

/// Why a behaviour file cannot be used; each variant is fixed by editing the file.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file could not be opened or is not text.
    #[error("cannot read the behaviour file {}", path.display())]
    Unopened {
        /// The file asked for.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Not YAML, an unknown field, or a value of the wrong type.
    #[error("the behaviour file is not usable: {detail}")]
    Unreadable {
        /// Place and reason, from the parser.
        detail: String,
    },
    /// A value that no account can have.
    #[error("{field} must be {want}")]
    OutOfRange {
        /// Path of the field in the file.
        field: String,
        /// What would be accepted.
        want: &'static str,
    },
}

/// Refuses a share outside 0..=1.
fn share(field: String, value: f64) -> Result<(), ConfigError> {
    if (0.0..=1.0).contains(&value) {
        Ok(())
    } else {
        Err(ConfigError::OutOfRange { field, want: "a share from 0 to 1" })
    }
}

/// A bearer key. `Debug` masks it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ApiKey(String);

impl ApiKey {
    /// The key itself, for comparison with what a request carries.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<&str> for ApiKey {
    fn from(key: &str) -> Self {
        Self(key.to_owned())
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(***)")
    }
}

/// The 32 secret bytes of an Ed25519 key, written as base64. `Debug` masks it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SigningSeed([u8; 32]);

impl SigningSeed {
    /// The seed made of these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The secret bytes, for the signer alone.
    #[must_use]
    pub const fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl Default for SigningSeed {
    fn default() -> Self {
        Self(*b"telnyx-simulator test signature.")
    }
}

impl fmt::Debug for SigningSeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningSeed(***)")
    }
}

impl TryFrom<String> for SigningSeed {
    type Error = BadSeed;

    fn try_from(text: String) -> Result<Self, BadSeed> {
        text.parse()
    }
}

impl std::str::FromStr for SigningSeed {
    type Err = BadSeed;

    fn from_str(text: &str) -> Result<Self, BadSeed> {
        let bytes = BASE64.decode(text.trim()).map_err(|_| BadSeed)?;
        bytes.try_into().map(Self).map_err(|_| BadSeed)
    }
}

impl From<SigningSeed> for String {
    fn from(seed: SigningSeed) -> Self {
        BASE64.encode(seed.0)
    }
}

/// A signing seed that is not base64 of 32 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a signing seed is the base64 of 32 bytes, for example from `head -c 32 /dev/urandom | base64`")]
pub struct BadSeed;
