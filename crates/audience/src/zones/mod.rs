//! Which time zones a number may be in.
//!
//! libphonenumber's published data gives zones per prefix. A number of a place has the zones of its longest known prefix; one
//! of no place (mobile in most countries, toll-free) those of its whole country, as libphonenumber's own lookup does. Where
//! that is more than one nobody knows which, and a caller has to please them all. A number can move with its owner: who knows
//! better should say so in the list.

#[expect(clippy::unreadable_literal, reason = "generated: prefixes are digits, not quantities")]
mod table;

use dialer::PhoneNumber;
use phonenumber::Type;
use phonenumber::metadata::DATABASE;

/// Version of the data, as libphonenumber's releases are numbered.
pub const DATA_VERSION: &str = table::VERSION;

/// The most digits that a prefix of the table has.
const LONGEST_PREFIX: usize = 9;

/// Country calling codes whose mobile numbers tell a place: Mexico, Argentina, Brazil, Indonesia and China (libphonenumber:
/// `GEO_MOBILE_COUNTRIES`).
const MOBILE_TELLS_PLACE: [u16; 5] = [52, 54, 55, 62, 86];

/// All zones of the IANA database that a number may be in; empty where nothing is known.
#[must_use]
pub fn zones_of(number: &PhoneNumber) -> &'static [&'static str] {
    let digits = number.expose().trim_start_matches('+');
    let by_prefix = longest_prefix(digits);
    // In the North American plan an area code alone tells the place: numbers of no place have none that the table knows.
    if digits.starts_with('1') {
        return by_prefix;
    }
    let Some(code) = calling_code(digits) else { return &[] };
    let by_country = longest_prefix(code);
    if by_country == by_prefix || tells_place(number, code) { by_prefix } else { by_country }
}

fn longest_prefix(digits: &str) -> &'static [&'static str] {
    let longest = digits.len().min(LONGEST_PREFIX);
    (1..=longest).rev().find_map(|length| set_of(digits.get(..length)?)).unwrap_or(&[])
}

fn set_of(prefix: &str) -> Option<&'static [&'static str]> {
    let prefix: u32 = prefix.parse().ok()?;
    let at = table::PREFIXES.binary_search_by_key(&prefix, |(prefix, _)| *prefix).ok()?;
    let (_, set) = table::PREFIXES.get(at)?;
    table::SETS.get(usize::from(*set)).copied()
}

/// The country calling code. No code begins another (ITU-T E.164), so that the shortest is it.
fn calling_code(digits: &str) -> Option<&str> {
    let is_code = |code: &&str| code.parse().is_ok_and(|code: u16| DATABASE.region(&code).is_some());
    (1..=3).filter_map(|length| digits.get(..length)).find(is_code)
}

fn tells_place(number: &PhoneNumber, code: &str) -> bool {
    let Ok(read) = phonenumber::parse(None, number.expose()) else { return false };
    match read.number_type(&DATABASE) {
        Type::FixedLine | Type::FixedLineOrMobile => true,
        Type::Mobile => code.parse().is_ok_and(|code| MOBILE_TELLS_PLACE.contains(&code)),
        Type::TollFree
        | Type::PremiumRate
        | Type::SharedCost
        | Type::PersonalNumber
        | Type::Voip
        | Type::Pager
        | Type::Uan
        | Type::Emergency
        | Type::Voicemail
        | Type::ShortCode
        | Type::StandardRate
        | Type::Carrier
        | Type::NoInternational
        | Type::Unknown => false,
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use proptest::prelude::*;

    use super::*;

    fn zones(number: &str) -> &'static [&'static str] {
        zones_of(&PhoneNumber::parse(number).unwrap())
    }

    /// Computed with Python's phonenumbers: `timezone.time_zones_for_number`.
    #[test]
    fn a_number_has_the_zones_that_libphonenumber_gives_it() {
        for (number, expected) in [
            ("+12125550100", &["America/New_York"][..]),
            ("+13125550100", &["America/Chicago"][..]),
            ("+18085550100", &["Pacific/Honolulu"][..]),
            ("+15205550100", &["America/Phoenix"][..]),
            ("+12083340100", &["America/Denver"][..]),
            ("+442079460958", &["Europe/London"][..]),
            ("+447912345678", &["Europe/Guernsey", "Europe/Isle_of_Man", "Europe/Jersey", "Europe/London"][..]),
            ("+4930901820", &["Europe/Berlin"][..]),
            ("+74951234567", &["Europe/Moscow"][..]),
            ("+61255053123", &["Australia/Lord_Howe"][..]),
            ("+61891234567", &["Australia/Adelaide", "Australia/Perth"][..]),
            ("+551123456789", &["America/Sao_Paulo"][..]),
            ("+5511961234567", &["America/Sao_Paulo"][..]),
            ("+8613912345678", &["Asia/Shanghai"][..]),
            ("+6281234567890", &["Asia/Jakarta"][..]),
            ("+77272123456", &["Asia/Almaty"][..]),
            ("+525512345678", &["America/Mexico_City"][..]),
            ("+351291123456", &["Europe/Lisbon"][..]),
        ] {
            assert_eq!(zones(number), expected, "{number}");
        }
        assert_eq!((zones("+79161234567").len(), zones("+79161234567")[0]), (16, "Asia/Almaty"));
        assert_eq!((zones("+61412345678").len(), zones("+61412345678")[0]), (8, "Australia/Adelaide"));
    }

    /// phonenumber takes the zero that an Italian number begins with for a trunk prefix, and so finds no place.
    #[test]
    fn where_the_library_is_not_sure_of_the_place_the_country_counts() {
        assert_eq!(zones("+390236618300"), ["Europe/Rome", "Europe/Vatican"]);
    }

    #[test]
    fn what_is_of_no_place_has_all_zones_of_its_plan_and_what_is_of_no_plan_has_none() {
        let toll_free = zones("+18005550100");
        assert!(toll_free.len() > 30 && toll_free.contains(&"Pacific/Guam") && toll_free.contains(&"America/New_York"));
        assert_eq!(zones("+15550000100"), toll_free, "fictional numbers too");
        assert_eq!(zones("+9990000000"), [""; 0]);
    }

    #[test]
    fn the_table_is_in_order_and_names_zones_that_exist() {
        assert!(table::PREFIXES.is_sorted_by(|(one, _), (other, _)| one < other));
        assert!(table::PREFIXES.iter().all(|(prefix, set)| {
            prefix.to_string().len() <= LONGEST_PREFIX && usize::from(*set) < table::SETS.len()
        }));
        let names = table::SETS.iter().flat_map(|set| set.iter());
        let unknown: Vec<_> = names.filter(|name| TimeZone::get(name).is_err()).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    }

    proptest! {
        #[test]
        fn every_number_is_looked_up_without_a_panic(number in "\\+[1-9][0-9]{1,14}") {
            prop_assert!(zones(&number).len() < 60);
        }
    }
}
