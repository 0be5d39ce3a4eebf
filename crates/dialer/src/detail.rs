//! What a flow calls an outcome, in the user's own words.
//!
//! Promises a short text, cut where a character ends, that is as cheap to copy as a number. Does not know what it means.

use std::fmt;

/// The most bytes of a detail: as many as an `outcome` step's value has characters.
pub const MAX_DETAIL: usize = 64;

/// What a flow calls an outcome, 1 to [`MAX_DETAIL`] bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Detail {
    /// Zero beyond `len`.
    bytes: [u8; MAX_DETAIL],
    len: u8,
}

impl Detail {
    /// The text, as far as there is room. `None`: there is no text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.get(..text.floor_char_boundary(MAX_DETAIL)).filter(|text| !text.is_empty())?;
        let mut bytes = [0; MAX_DETAIL];
        for (place, byte) in bytes.iter_mut().zip(text.bytes()) {
            *place = byte;
        }
        Some(Self { bytes, len: u8::try_from(text.len()).ok()? })
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let text = self.bytes.get(..usize::from(self.len)).unwrap_or_default();
        // It was text when it came in, and was cut where a character ends.
        std::str::from_utf8(text).unwrap_or_default()
    }
}

impl fmt::Display for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A template may have put into it what the callee keyed in.
impl fmt::Debug for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Detail({} bytes)", self.len)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_text_is_kept_as_far_as_there_is_room(text in ".{0,80}") {
            let kept = Detail::parse(&text);
            prop_assert_eq!(kept.is_none(), text.is_empty());
            let kept = kept.map(|detail| detail.as_str().to_owned()).unwrap_or_default();
            prop_assert!(text.starts_with(&kept) && kept.len() <= MAX_DETAIL);
            prop_assert!(kept.len() > MAX_DETAIL - 4 || kept == text);
        }
    }

    #[test]
    fn what_it_says_is_not_debug_output() {
        assert_eq!(format!("{:?}", Detail::parse("4929").unwrap()), "Detail(4 bytes)");
    }
}
