//! Calls that others make to the account.

use serde::{Deserialize, Serialize};

use super::{ConfigError, Person, Spread};

/// Calls that others make to the account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Inbound {
    /// Which application a call to a number reaches, for callers who name no application.
    pub lines: Vec<Line>,
    /// How long a caller lets it ring.
    pub ring_patience_ms: Spread,
}

impl Default for Inbound {
    fn default() -> Self {
        Self { lines: Vec::new(), ring_patience_ms: Spread::between(20_000, 45_000) }
    }
}

impl Inbound {
    pub(super) fn check(&self, at: &str) -> Result<(), ConfigError> {
        for (index, line) in self.lines.iter().enumerate() {
            if line.number.is_empty() {
                return Err(ConfigError::OutOfRange { field: format!("{at}.lines[{index}].number"), want: "a number" });
            }
        }
        Ok(())
    }
}

/// A number of the account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Line {
    /// The number, as callers dial it.
    pub number: String,
    /// `application_name` of the Call Control application that it belongs to.
    pub application: String,
}

/// One call to the account, as `POST /sim/calls` orders it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IncomingCall {
    /// The called number.
    pub to: String,
    /// The caller's number.
    pub from: String,
    /// Id of the Call Control application that is called; unset looks `to` up in `inbound.lines`.
    #[serde(default)]
    pub connection_id: Option<String>,
    /// Replaces `inbound.ringPatienceMs`.
    #[serde(default)]
    pub ring_patience_ms: Option<Spread>,
    /// Replaces `callees.person` whole; its unset fields take the built-in defaults.
    #[serde(default)]
    pub person: Option<Person>,
}

impl IncomingCall {
    /// Refuses a person that none can be.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.person.as_ref().map_or(Ok(()), |person| person.check("person"))
    }
}
