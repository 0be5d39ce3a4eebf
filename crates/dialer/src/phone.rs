//! A telephone number that does not leak.
//!
//! Promises that neither `Debug` nor `Display` shows more than the last two digits. Does not know whether anybody answers there.

use std::fmt;

/// E.164: `+`, a first digit 1 to 9, 2 to 15 digits in all. `Debug` and `Display` mask it; [`PhoneNumber::expose`], for
/// the wire alone, does not.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PhoneNumber(Box<str>);

/// The text is not a `+` followed by 2 to 15 digits of which the first is not 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an E.164 number: write + and 2 to 15 digits, the first not 0")]
pub struct NotE164;

impl PhoneNumber {
    /// Parses E.164 text; no spaces, no punctuation.
    pub fn parse(text: &str) -> Result<Self, NotE164> {
        let digits = text.strip_prefix('+').ok_or(NotE164)?;
        let well_formed =
            (2..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
        if well_formed { Ok(Self(text.into())) } else { Err(NotE164) }
    }

    /// The number in clear. Call it where the request is written, nowhere else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tail = self.0.get(self.0.len().saturating_sub(2)..).unwrap_or_default();
        write!(f, "+…{tail}")
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_e164_parses() {
        for good in ["+12", "+15551230042", "+491711234567890"] {
            assert_eq!(PhoneNumber::parse(good).unwrap().expose(), good);
        }
        for bad in ["", "+", "+1", "15551230042", "+05551230042", "+1555 123", "+1234567890123456", "+1٣٣"] {
            assert_eq!(PhoneNumber::parse(bad), Err(NotE164), "{bad:?}");
        }
    }

    #[test]
    fn printing_shows_two_digits() {
        let number = PhoneNumber::parse("+15551230042").unwrap();
        assert_eq!(format!("{number} {number:?}"), "+…42 +…42");
    }
}
