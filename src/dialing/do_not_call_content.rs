//! The entries of one do-not-call list, as they are matched: 16 bytes each, in clear or as digests. Pure.

use std::collections::BTreeSet;
use std::fmt::{self, Write as _};
use std::sync::Arc;

use dialer::{NumberList, PhoneNumber, Screening};
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha2::Sha256;

/// A number as it is compared: its digits, or the first eight bytes of its digest.
///
/// 64 bits are enough: that one of a million entries blocks somebody else's number has a chance of one in 10^13.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark(u64);

/// How entries are written, and so how a number is compared with them.
#[derive(Clone, PartialEq, Eq)]
pub enum Marking {
    /// As numbers.
    Plain,
    /// As HMAC-SHA256 under this key.
    Hashed(Arc<[u8]>),
}

impl fmt::Debug for Marking {
    /// Not the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain => "Plain",
            Self::Hashed(_) => "Hashed",
        })
    }
}

/// Why a row names no number. Never repeats it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadEntry {
    /// Not a number.
    #[error("must be a number in E.164 form: '+', a country code that does not begin with 0, at most 15 digits")]
    NotANumber,
    /// Not a digest.
    #[error("must be an HMAC-SHA256 in 64 hexadecimal digits, because the list has storage Hashed")]
    NotADigest,
}

impl Marking {
    /// The mark of a number.
    #[must_use]
    pub fn of(&self, number: &PhoneNumber) -> Mark {
        match self {
            // E.164 has at most 15 digits, the first not 0: as a number they are still the same number.
            Self::Plain => Mark(number.expose().trim_start_matches('+').parse().unwrap_or_default()),
            Self::Hashed(_) => Mark(first_half(&self.digest(number))),
        }
    }

    /// The mark of an entry as it is written. Numbers may hold spaces, dots, dashes and brackets between their digits.
    pub fn read(&self, entry: &str) -> Result<Mark, BadEntry> {
        match self {
            Self::Plain => {
                let bare: String = entry.chars().filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')')).collect();
                PhoneNumber::parse(&bare).map(|number| self.of(&number)).map_err(|_| BadEntry::NotANumber)
            }
            Self::Hashed(_) => {
                let entry = entry.trim();
                let is_digest = entry.len() == 64 && entry.bytes().all(|byte| byte.is_ascii_hexdigit());
                let half = entry.get(..16).filter(|_| is_digest).and_then(|half| u64::from_str_radix(half, 16).ok());
                half.map(Mark).ok_or(BadEntry::NotADigest)
            }
        }
    }

    /// A number as an entry.
    #[must_use]
    pub fn write(&self, number: &PhoneNumber) -> String {
        match self {
            Self::Plain => number.expose().to_owned(),
            Self::Hashed(_) => hex(&self.digest(number)),
        }
    }

    fn digest(&self, number: &PhoneNumber) -> [u8; 32] {
        let key: &[u8] = match self {
            Self::Plain => &[],
            Self::Hashed(key) => key,
        };
        keyed(key, number)
    }
}

/// HMAC-SHA256 of the number in E.164 form.
pub(super) fn keyed(key: &[u8], number: &PhoneNumber) -> [u8; 32] {
    // A key of any length is one of HMAC's.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return [0; 32] };
    mac.update(number.expose().as_bytes());
    mac.finalize().into_bytes().into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a String never fails.
        let _never = write!(text, "{byte:02x}");
        text
    })
}

/// The first eight bytes of a digest.
pub(super) fn first_half(digest: &[u8; 32]) -> u64 {
    digest.first_chunk::<8>().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

/// The entries of one list. An entry without expiry has 0 there; otherwise the second since 1970 from which on it is none.
#[derive(Debug)]
pub struct Content {
    marking: Marking,
    entries: Box<[(Mark, u32)]>,
}

impl Content {
    /// Of two entries for one number the one that lasts longer counts.
    #[must_use]
    pub fn new(marking: Marking, mut entries: Vec<(Mark, Option<Timestamp>)>) -> Self {
        let lasts = |expiry: Option<Timestamp>| match expiry {
            None => u64::MAX,
            Some(at) => u64::try_from(at.as_second()).unwrap_or_default(),
        };
        entries.sort_unstable_by_key(|(mark, expiry)| (*mark, std::cmp::Reverse(lasts(*expiry))));
        entries.dedup_by_key(|(mark, _)| *mark);
        let second = |expiry: Option<Timestamp>| match expiry {
            None => 0,
            Some(at) => u32::try_from(at.as_second().max(1)).unwrap_or(0),
        };
        Self { marking, entries: entries.into_iter().map(|(mark, expiry)| (mark, second(expiry))).collect() }
    }

    /// How many numbers it lists, expired ones included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it lists nobody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn holds(&self, mark: Mark, wall: Timestamp) -> bool {
        self.expiry(mark).is_some_and(|expiry| expiry == 0 || wall.as_second() < i64::from(expiry))
    }

    /// Whether the number is listed without an end.
    pub(super) fn holds_for_good(&self, mark: Mark) -> bool {
        self.expiry(mark) == Some(0)
    }

    fn expiry(&self, mark: Mark) -> Option<u32> {
        let at = self.entries.binary_search_by_key(&mark, |(mark, _)| *mark).ok()?;
        self.entries.get(at).map(|(_, expiry)| *expiry)
    }
}

/// All lists of an account together, with what was added since they were read.
#[derive(Debug, Default)]
pub(super) struct AllLists {
    pub(super) lists: Vec<Arc<Content>>,
    pub(super) added: Vec<(Marking, BTreeSet<Mark>)>,
}

impl NumberList for AllLists {
    fn holds(&self, number: &PhoneNumber, wall: Timestamp) -> bool {
        self.lists.iter().any(|list| list.holds(list.marking.of(number), wall))
            || self.added.iter().any(|(marking, marks)| marks.contains(&marking.of(number)))
    }
}

/// Lists that were read once, and are not read again.
#[must_use]
pub fn screening(lists: Vec<Content>) -> Screening {
    let lists = lists.into_iter().map(Arc::new).collect();
    Screening::Ready { list: Arc::new(AllLists { lists, added: Vec::new() }), as_of: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> PhoneNumber {
        PhoneNumber::parse(text).unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_number_is_found_however_it_was_written() {
        let plain = Marking::Plain;
        for written in ["+13125550101", " +1 (312) 555-0101 ", "+1.312.555.0101"] {
            assert_eq!(plain.read(written), Ok(plain.of(&number("+13125550101"))), "{written}");
        }
        for bad in ["3125550101", "", "+", "nobody", "+1312555010123456"] {
            assert_eq!(plain.read(bad), Err(BadEntry::NotANumber), "{bad}");
        }
        assert_ne!(plain.of(&number("+1312")), plain.of(&number("+13120")));
    }

    #[test]
    fn a_digest_is_the_one_that_others_compute() {
        let hashed = Marking::Hashed(Arc::from(&b"0123456789abcdef"[..]));
        // Computed with: printf +13125550101 | openssl dgst -sha256 -hmac 0123456789abcdef
        let written = "87223c096d1f5d21cb30ac9b3079fd9e1655c9b812a0a22f799cb645d42837ea";
        assert_eq!(hashed.write(&number("+13125550101")), written);
        assert_eq!(hashed.read(&written.to_uppercase()), Ok(hashed.of(&number("+13125550101"))));
        for bad in ["+13125550101", "", &written[1..]] {
            assert_eq!(hashed.read(bad), Err(BadEntry::NotADigest), "{bad}");
        }
        assert_ne!(Marking::Hashed(Arc::from(&b"another"[..])).write(&number("+13125550101")), written);
    }

    #[test]
    fn an_entry_counts_until_it_expires_and_the_longer_of_two_counts() {
        let (short, long, forever) = (number("+12"), number("+13"), number("+14"));
        let mark = |number: &PhoneNumber| Marking::Plain.of(number);
        let entries = vec![
            (mark(&short), Some(at(100))),
            (mark(&long), Some(at(200))),
            (mark(&long), Some(at(100))),
            (mark(&forever), Some(at(100))),
            (mark(&forever), None),
        ];
        let lists = AllLists { lists: vec![Arc::new(Content::new(Marking::Plain, entries))], added: Vec::new() };
        for (number, wall, held) in [
            (&short, 99, true),
            (&short, 100, false),
            (&long, 199, true),
            (&long, 200, false),
            (&forever, 1_000_000, true),
            (&PhoneNumber::parse("+15").unwrap(), 0, false),
        ] {
            assert_eq!(lists.holds(number, at(wall)), held, "{number} at {wall}");
        }
    }

    #[test]
    fn what_was_added_counts_beside_what_was_read() {
        let hashed = Marking::Hashed(Arc::from(&b"0123456789abcdef"[..]));
        let added = vec![(hashed.clone(), BTreeSet::from([hashed.of(&number("+12"))]))];
        let lists = AllLists { lists: Vec::new(), added };
        assert!(lists.holds(&number("+12"), at(0)) && !lists.holds(&number("+13"), at(0)));
    }
}
