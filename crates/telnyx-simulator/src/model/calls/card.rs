//! What can be told from the digits of a card or an account alone.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::model::moment::Moment;

/// 13 to 19 digits whose check digit fits (ISO/IEC 7812-1, annex B).
pub(super) fn is_card_number(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, byte)| {
            let digit = u32::from(byte.wrapping_sub(b'0'));
            let weighed = if place % 2 == 1 { digit * 2 } else { digit };
            weighed / 10 + weighed % 10
        })
        .sum();
    (13..=19).contains(&digits.len()) && sum.is_multiple_of(10)
}

/// The type of a card by its first digits, in the words of `payment_card_type`; `None` where Telnyx tells none.
pub(super) fn card_type(digits: &str) -> Option<&'static str> {
    let first = |count: usize| digits.get(..count).and_then(|text| text.parse::<u32>().ok()).unwrap_or(0);
    match (first(1), first(2), first(4)) {
        (4, _, _) => Some("visa"),
        (_, 51..=55, _) | (_, _, 2221..=2720) => Some("mastercard"),
        (_, 34 | 37, _) => Some("amex"),
        (_, 65, _) | (_, _, 6011) => Some("discover"),
        (_, 30 | 36 | 38, _) => Some("diners-club"),
        (_, 35, _) => Some("jcb"),
        _ => None,
    }
}

/// Year and month, in UTC.
pub(super) fn month_of(now: Moment) -> (u32, u32) {
    let date = Timestamp::from_microsecond(now.micros()).unwrap_or_default().to_zoned(TimeZone::UTC);
    let part = |value: i32| u32::try_from(value).unwrap_or_default();
    (part(i32::from(date.year())), part(i32::from(date.month())))
}

/// Month and year (`MMYY`) that are not past.
pub(super) fn is_current(digits: &str, (year, month): (u32, u32)) -> bool {
    let part = |range: std::ops::Range<usize>| digits.get(range).and_then(|text| text.parse::<u32>().ok());
    let (Some(its_month), Some(its_year)) = (part(0..2), part(2..4)) else { return false };
    digits.len() == 4 && (1..=12).contains(&its_month) && (2000 + its_year, its_month) >= (year, month)
}

/// Nine digits whose checksum fits (American Bankers Association: 3, 7, 1).
pub(super) fn is_routing_number(digits: &str) -> bool {
    let sum: u32 =
        digits.bytes().zip([3, 7, 1].into_iter().cycle()).map(|(byte, weight)| u32::from(byte - b'0') * weight).sum();
    digits.len() == 9 && sum.is_multiple_of(10)
}

/// The last four digits; a `*` for each one before them.
pub(super) fn masked(digits: &str) -> String {
    let hidden = digits.len().saturating_sub(4);
    format!("{}{}", "*".repeat(hidden), digits.get(hidden..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_cards_are_recognised_and_others_are_not() {
        // Numbers that card companies publish for tests.
        for (digits, good, kind) in [
            ("4111111111111111", true, Some("visa")),
            ("5555555555554444", true, Some("mastercard")),
            ("378282246310005", true, Some("amex")),
            ("6011111111111117", true, Some("discover")),
            ("3056930009020004", true, Some("diners-club")),
            ("3566002020360505", true, Some("jcb")),
            ("6771798021000008", true, None),
            ("4111111111111112", false, Some("visa")),
            ("4111", false, Some("visa")),
        ] {
            assert_eq!((is_card_number(digits), card_type(digits)), (good, kind), "{digits}");
        }
    }

    #[test]
    fn dates_and_routing_numbers_are_judged() {
        let today = (2026, 11);
        for (digits, good) in [("1126", true), ("1026", false), ("0127", true), ("1327", false), ("127", false)] {
            assert_eq!(is_current(digits, today), good, "{digits}");
        }
        assert!(is_routing_number("021000021") && !is_routing_number("021000022") && !is_routing_number("02100002"));
        assert_eq!((masked("4111111111111111").as_str(), masked("123").as_str()), ("************1111", "123"));
        assert_eq!(month_of(Moment::from_micros(1_760_000_000_000_000)), (2025, 10));
    }
}
