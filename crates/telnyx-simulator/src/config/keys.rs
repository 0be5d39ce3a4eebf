//! Which keys a person presses and when.

use serde::{Deserialize, Serialize};

use super::{ConfigError, Spread};

/// Which keys a person presses and when. Digits are `0` to `9`, `A` to `D`, `*` and `#`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Keypad {
    /// What is pressed when input is asked for: the first entry at the first time, and so on. An empty entry is silence, and
    /// so is everything after the last one.
    pub replies: Vec<String>,
    /// From the end of the question to the first key of the reply.
    pub reaction_ms: Spread,
    /// From key to key.
    pub between_ms: Spread,
    /// What is pressed at a time of its own, whatever is heard.
    pub presses: Vec<Press>,
}

impl Default for Keypad {
    fn default() -> Self {
        Self {
            replies: Vec::new(),
            reaction_ms: Spread::between(800, 2500),
            between_ms: Spread::between(250, 700),
            presses: Vec::new(),
        }
    }
}

/// Keys pressed at a time after the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Press {
    /// From the answer to the first key.
    pub after_ms: u64,
    /// The keys.
    pub digits: String,
}

impl Keypad {
    pub(super) fn check(&self, at: &str) -> Result<(), ConfigError> {
        let replies = self.replies.iter().enumerate().map(|(index, text)| (format!("{at}.replies[{index}]"), text));
        let presses = self
            .presses
            .iter()
            .enumerate()
            .map(|(index, press)| (format!("{at}.presses[{index}].digits"), &press.digits));
        for (field, digits) in replies.chain(presses) {
            if !digits.chars().all(is_key) {
                return Err(ConfigError::OutOfRange { field, want: "made of the keys 0 to 9, A to D, * and #" });
            }
        }
        Ok(())
    }
}

/// Whether a telephone has this key.
#[must_use]
pub const fn is_key(key: char) -> bool {
    matches!(key, '0'..='9' | 'A'..='D' | '*' | '#')
}
