//! Claim, then dial: the proof that a claim is stored is what a dial is made of.
//!
//! Promises that no dial exists without a stored claim, and that one claim asks to ring once. Does not know what may be
//! claimed, nor when.

use crate::ids::DialKey;

/// A target reserved for one dial. Not `Clone`: it goes out with the save and comes back with the proof.
#[derive(Debug)]
pub struct Claim {
    pub(crate) key: DialKey,
}

/// Proof that something is stored. Only the answer to a compare-and-swap makes one.
#[derive(Debug)]
pub struct Saved<T>(T);

impl<T> Saved<T> {
    pub(crate) fn by_store(value: T) -> Self {
        Self(value)
    }

    pub(crate) fn into_inner(self) -> T {
        self.0
    }
}
