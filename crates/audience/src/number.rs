//! Telephone numbers as people write them.
//!
//! What is in E.164 form already is taken as it is: the library's data is never younger than the newest numbers. Everything
//! else is read by libphonenumber's rules, and must then be a valid number by its data: a guess that is wrong by one digit
//! calls a stranger.

use dialer::PhoneNumber;
use phonenumber::Mode;
use phonenumber::country::Id;

use crate::Reason;

/// Longer texts are no numbers; libphonenumber's own limit is 250.
const LONGEST: usize = 64;

/// A country, as ISO 3166 abbreviates it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region(Id);

/// Not a country that libphonenumber knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a country as ISO 3166 abbreviates it, such as US")]
pub struct UnknownRegion;

impl Region {
    /// From two capital letters.
    pub fn parse(text: &str) -> Result<Self, UnknownRegion> {
        text.parse().map(Self).map_err(|_| UnknownRegion)
    }
}

/// The number that is meant.
pub(crate) fn parse(text: &str, region: Option<Region>) -> Result<PhoneNumber, Reason> {
    if let Ok(number) = PhoneNumber::parse(text) {
        return Ok(number);
    }
    let refused = if region.is_some() { Reason::NumberUnreadable } else { Reason::NumberInvalid };
    let says_its_country = text.strip_prefix("tel:").unwrap_or(text).starts_with('+');
    if text.len() > LONGEST || (region.is_none() && !says_its_country) {
        return Err(refused);
    }
    let read = phonenumber::parse(region.map(|Region(id)| id), text).map_err(|_| refused)?;
    if read.extension().is_some() || !phonenumber::is_valid(&read) {
        return Err(refused);
    }
    PhoneNumber::parse(&read.format().mode(Mode::E164).to_string()).map_err(|_| refused)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str, region: &str) -> Option<String> {
        let region = (!region.is_empty()).then(|| Region::parse(region).unwrap());
        parse(text, region).ok().map(|number| number.expose().to_owned())
    }

    #[test]
    fn numbers_are_read_as_people_write_them() {
        for (text, region, number) in [
            ("+12125550100", "", "+12125550100"),
            ("+1 (212) 555-0100", "", "+12125550100"),
            ("tel:+1-212-555-0100", "", "+12125550100"),
            ("(212) 555-0100", "US", "+12125550100"),
            ("1-212-555-0100", "US", "+12125550100"),
            ("030 901820", "DE", "+4930901820"),
            ("+49 30 901820", "US", "+4930901820"),
            ("06 12 34 56 78", "FR", "+33612345678"),
            ("02 3661 8300", "IT", "+390236618300"),
            // Fictional numbers are in no data. Written in full they are taken at their word.
            ("+15550000100", "US", "+15550000100"),
        ] {
            assert_eq!(read(text, region).as_deref(), Some(number), "{text:?} in {region:?}");
        }
    }

    #[test]
    fn what_is_not_surely_a_number_is_refused() {
        for (text, region) in [
            ("2125550100", ""),
            ("(212) 555-0100", ""),
            ("555-0100", "US"),
            ("+1 (555) 000-0100", "US"),
            ("(212) 555-0100 ext. 7", "US"),
            ("5550000100", "US"),
            ("call me", "US"),
            ("", "US"),
        ] {
            assert_eq!(read(text, region), None, "{text:?} in {region:?}");
        }
        assert_eq!(parse(&"1".repeat(100), Region::parse("US").ok()), Err(Reason::NumberUnreadable));
    }

    #[test]
    fn a_region_is_a_country() {
        assert!(Region::parse("US").is_ok() && Region::parse("DE").is_ok());
        for unknown in ["", "us", "USA", "XX"] {
            assert_eq!(Region::parse(unknown), Err(UnknownRegion), "{unknown:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in "\\PC{0,70}", tail in "[-+() .;/x0-9a-z:=]{0,70}") {
            for text in [text, tail.clone(), format!("+{tail}"), format!("tel:+1{tail}")] {
                for region in [None, Region::parse("US").ok(), Region::parse("AR").ok()] {
                    if let Ok(number) = parse(&text, region) {
                        prop_assert!(PhoneNumber::parse(number.expose()).is_ok());
                    }
                }
            }
        }
    }
}
