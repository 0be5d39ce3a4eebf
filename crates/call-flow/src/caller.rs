//! Who called in, small enough that the call carries it.
//!
//! Promises that a number in E.164 fits into eight bytes and comes out as it went in, and that nobody reads it by accident. Does not
//! know whether anybody can be reached under it.

use std::fmt;

/// The largest number of 15 digits, which E.164 allows.
const LARGEST: u64 = 999_999_999_999_999;

/// A number in E.164. `Debug` masks it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Caller(u64);

impl Caller {
    /// The one that takes the most room.
    pub(crate) const LONGEST: Self = Self(LARGEST);

    /// Reads `+` and up to 15 digits, the first not 0. `None`: a SIP address, a withheld number, or no number at all.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('+')?;
        let plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
        digits.parse().ok().filter(|_| plain).and_then(Self::from_number)
    }

    /// The number as it is dialled.
    #[must_use]
    pub fn expose(self) -> String {
        format!("+{}", self.0)
    }

    pub(crate) fn number(self) -> u64 {
        self.0
    }

    pub(crate) fn from_number(number: u64) -> Option<Self> {
        (1..=LARGEST).contains(&number).then_some(Self(number))
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("+***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_comes_out_as_it_went_in_and_nothing_else_goes_in() {
        for text in ["+12025550100", "+1", "+999999999999999"] {
            assert_eq!(Caller::parse(text).map(Caller::expose).as_deref(), Some(text));
        }
        for text in ["12025550100", "+0123", "+1234567890123456", "+", "+1 202", "++1", "anonymous", "sip:a@b", ""] {
            assert_eq!(Caller::parse(text), None, "{text}");
        }
        assert_eq!(format!("{:?}", Caller::parse("+12025550100").unwrap()), "+***");
    }
}
