//! Moments as the API writes them.

use serde::{Deserialize, Serialize};

/// A moment in the text of the API, kept as received and read only when asked: a form of next year is no reason to refuse an
/// answer.
#[derive(Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct ApiTime(Box<str>);

impl ApiTime {
    /// The moment, or `None` where the text is not RFC 3339.
    #[must_use]
    pub fn instant(&self) -> Option<jiff::Timestamp> {
        self.0.parse().ok()
    }

    /// The text as received.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<jiff::Timestamp> for ApiTime {
    fn from(instant: jiff::Timestamp) -> Self {
        Self(instant.to_string().into())
    }
}

impl From<&str> for ApiTime {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<String> for ApiTime {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl std::fmt::Display for ApiTime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::fmt::Debug for ApiTime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ApiTime {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::macros::text(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_kept_as_written_and_read_when_asked() {
        let time: ApiTime = serde_json::from_str("\"2026-03-04T05:06:07.891234Z\"").unwrap();
        assert_eq!(time.instant().unwrap().as_microsecond(), 1_772_600_767_891_234);
        let odd: ApiTime = serde_json::from_str("\"yesterday\"").unwrap();
        assert_eq!(odd.instant(), None);
        assert_eq!(serde_json::to_string(&odd).unwrap(), "\"yesterday\"");
    }
}
