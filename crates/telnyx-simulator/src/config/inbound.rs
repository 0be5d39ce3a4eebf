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
    /// Calls that come by themselves; unset brings none.
    pub stream: Option<Stream>,
}

impl Default for Inbound {
    fn default() -> Self {
        Self { lines: Vec::new(), ring_patience_ms: Spread::between(20_000, 45_000), stream: None }
    }
}

impl Inbound {
    pub(super) fn check(&self, at: &str) -> Result<(), ConfigError> {
        for (index, line) in self.lines.iter().enumerate() {
            if line.number.is_empty() {
                return Err(ConfigError::OutOfRange { field: format!("{at}.lines[{index}].number"), want: "a number" });
            }
        }
        if let Some(stream) = &self.stream {
            let field = |name: &str| format!("{at}.stream.{name}");
            if !(stream.per_hour.is_finite() && stream.per_hour > 0.0) {
                return Err(ConfigError::OutOfRange { field: field("perHour"), want: "a number greater than 0" });
            }
            if stream.from.is_empty() {
                return Err(ConfigError::OutOfRange { field: field("from"), want: "a list with at least one number" });
            }
        }
        Ok(())
    }
}

/// Calls that come by themselves, at random times (a Poisson process). One that no application takes is not told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Stream {
    /// How many calls come in an hour of simulated time, on average.
    pub per_hour: f64,
    /// The called number, one of `inbound.lines`.
    pub to: String,
    /// The callers' numbers; each call comes from one of them.
    pub from: Vec<String>,
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
