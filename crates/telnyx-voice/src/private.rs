//! Text about people: carried unchanged to and from the wire, never printed by accident.
//!
//! A phone number is masked to its last two digits, everything else is hidden whole.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::bounds::{Measure, OutOfBounds};
use crate::macros::schema_as;

/// E.164: `+`, a first digit 1 to 9, at most 15 digits (ITU-T E.164 §6). `Debug` and `Display` show the last two digits;
/// [`expose`](Self::expose), for the wire alone, shows all.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PhoneNumber(Box<str>);

/// Why a text is not a phone number. Does not repeat the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PhoneNumberError {
    /// The `+` is missing.
    #[error("a phone number starts with + and the country code")]
    NoPlus,
    /// The first digit is 0 or missing.
    #[error("the first digit of a country code is 1 to 9")]
    FirstDigit,
    /// Something other than a digit follows.
    #[error("only digits may follow the +, no spaces or dashes")]
    NotADigit,
    /// More than 15 digits.
    #[error("a phone number has at most 15 digits")]
    TooLong,
    /// A country code alone.
    #[error("a phone number has at least 2 digits")]
    TooShort,
}

impl PhoneNumber {
    /// Reads a number in E.164 form; nothing is trimmed or guessed.
    pub fn parse(text: &str) -> Result<Self, PhoneNumberError> {
        let digits = text.strip_prefix('+').ok_or(PhoneNumberError::NoPlus)?;
        if !digits.starts_with(|first: char| matches!(first, '1'..='9')) {
            return Err(PhoneNumberError::FirstDigit);
        }
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(PhoneNumberError::NotADigit);
        }
        match digits.len() {
            0..=1 => Err(PhoneNumberError::TooShort),
            2..=15 => Ok(Self(text.into())),
            _ => Err(PhoneNumberError::TooLong),
        }
    }

    /// The whole number.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for PhoneNumber {
    type Err = PhoneNumberError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl TryFrom<String> for PhoneNumber {
    type Error = PhoneNumberError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<PhoneNumber> for String {
    fn from(number: PhoneNumber) -> Self {
        number.0.into()
    }
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&mask_digits(&self.0))
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PhoneNumber({self})")
    }
}

/// One end of a call as the API writes it: a phone number, a SIP URI, or a word such as `anonymous`. Any text is kept.
/// `Debug` and `Display` mask it like a [`PhoneNumber`].
#[derive(Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Party(Box<str>);

impl Party {
    /// The whole address.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The address as a number, if it is one.
    #[must_use]
    pub fn phone_number(&self) -> Option<PhoneNumber> {
        PhoneNumber::parse(&self.0).ok()
    }
}

impl From<&str> for Party {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<String> for Party {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<PhoneNumber> for Party {
    fn from(number: PhoneNumber) -> Self {
        Self(number.0)
    }
}

impl From<&PhoneNumber> for Party {
    fn from(number: &PhoneNumber) -> Self {
        Self(number.0.clone())
    }
}

impl<'de> Deserialize<'de> for Party {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::macros::text(deserializer)
    }
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match PhoneNumber::parse(&self.0) {
            Ok(_) => f.write_str(&mask_digits(&self.0)),
            Err(_) => f.write_str("[address]"),
        }
    }
}

impl fmt::Debug for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Party({self})")
    }
}

impl Measure for PhoneNumber {
    fn text(&self) -> Option<&str> {
        Some(self.expose())
    }
}

impl Measure for Party {
    fn text(&self) -> Option<&str> {
        Some(self.expose())
    }
}

schema_as!(PhoneNumber => schemars::json_schema!({ "type": "string", "pattern": "^\\+[1-9][0-9]{1,14}$" }));
schema_as!(Party => crate::schema::text());

/// A value about a person (a name, digits, a transcript): `Debug` hides it, the wire sees it.
#[derive(Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Private<T = String>(T);

impl<T> Private<T> {
    /// Hides a value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself.
    pub const fn expose(&self) -> &T {
        &self.0
    }

    /// The value itself, given away.
    pub fn into_inner(self) -> T {
        self.0
    }
}

/// What is private has the bounds of what it hides.
impl<T: Measure> Measure for Private<T> {
    fn number(&self) -> Option<f64> {
        self.0.number()
    }

    fn text(&self) -> Option<&str> {
        self.0.text()
    }

    fn entries(&self) -> Option<usize> {
        self.0.entries()
    }

    fn sum(&self) -> Option<i64> {
        self.0.sum()
    }

    fn inner(&self) -> Result<(), OutOfBounds> {
        self.0.inner()
    }
}

impl<T> From<T> for Private<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl From<&str> for Private<String> {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl<T> fmt::Debug for Private<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[private]")
    }
}

/// The text with every digit of a run of four or more hidden, but for the run's last two.
///
/// Spaces, dots, dashes, slashes and brackets between digits belong to the run, so a number keeps no more by being formatted.
#[must_use]
pub fn mask_digits(text: &str) -> String {
    let joins = |c: char| matches!(c, ' ' | '.' | '-' | '/' | '(' | ')');
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, run) = rest.split_at(start);
        out.push_str(before);
        let end = run.find(|c: char| !c.is_ascii_digit() && !joins(c)).unwrap_or(run.len());
        let (run, after) = run.split_at(end);
        let digits = run.bytes().filter(u8::is_ascii_digit).count();
        let hidden = if digits < 4 { 0 } else { digits - 2 };
        let mut seen = 0;
        out.extend(run.chars().map(|c| {
            seen += usize::from(c.is_ascii_digit());
            if c.is_ascii_digit() && seen <= hidden { '*' } else { c }
        }));
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_number_is_plus_country_and_at_most_15_digits() {
        let table = [
            ("+12", Ok(())),
            ("+15550100002", Ok(())),
            ("+123456789012345", Ok(())),
            ("+1234567890123456", Err(PhoneNumberError::TooLong)),
            ("+1", Err(PhoneNumberError::TooShort)),
            ("+", Err(PhoneNumberError::FirstDigit)),
            ("+05550100002", Err(PhoneNumberError::FirstDigit)),
            ("15550100002", Err(PhoneNumberError::NoPlus)),
            ("", Err(PhoneNumberError::NoPlus)),
            (" +15550100002", Err(PhoneNumberError::NoPlus)),
            ("+1 555 010 0002", Err(PhoneNumberError::NotADigit)),
            ("+1555010000२", Err(PhoneNumberError::NotADigit)),
        ];
        for (text, expected) in table {
            assert_eq!(PhoneNumber::parse(text).map(drop), expected, "{text}");
        }
    }

    #[test]
    fn text_is_masked_however_a_number_is_written() {
        let table = [
            ("call +1 (555) 010-0002 failed", "call +* (***) ***-**02 failed"),
            ("+15550100002", "+*********02"),
            ("a 10016 b", "a ***16 b"),
            ("line 7 of 250", "line 7 of 250"),
            ("no digits", "no digits"),
            ("", ""),
            ("größe 12345 ü", "größe ***45 ü"),
        ];
        for (text, expected) in table {
            assert_eq!(mask_digits(text), expected);
        }
    }

    #[test]
    fn what_is_private_is_printed_nowhere() {
        let name: Private = "Ada Example".into();
        assert_eq!(format!("{name:?}"), "[private]");
        assert_eq!(serde_json::to_string(&name).unwrap(), "\"Ada Example\"");
    }

    #[test]
    fn an_address_that_is_no_number_is_kept_and_hidden() {
        let party: Party = serde_json::from_str("\"sip:ada@example.com\"").unwrap();
        assert_eq!(party.expose(), "sip:ada@example.com");
        assert_eq!(format!("{party} {party:?}"), "[address] Party([address])");
        assert_eq!(party.phone_number(), None);
    }

    proptest! {
        #[test]
        fn a_number_shows_its_last_two_digits_and_no_more(text in "\\+[1-9][0-9]{3,14}") {
            let number = PhoneNumber::parse(&text).unwrap();
            prop_assert_eq!(number.expose(), &text);
            let last_two = &text[text.len() - 2..];
            for shown in [number.to_string(), format!("{number:?}"), format!("{:?}", Party::from(&number))] {
                let digits: String = shown.chars().filter(char::is_ascii_digit).collect();
                prop_assert_eq!(digits, last_two);
            }
            let json = serde_json::to_string(&number).unwrap();
            prop_assert_eq!(serde_json::from_str::<PhoneNumber>(&json).unwrap(), number);
        }

        #[test]
        fn masking_changes_digits_alone(text in ".{0,40}") {
            let masked = mask_digits(&text);
            prop_assert_eq!(masked.chars().count(), text.chars().count());
            for (before, after) in text.chars().zip(masked.chars()) {
                prop_assert!(before == after || (before.is_ascii_digit() && after == '*'));
            }
        }
    }
}
