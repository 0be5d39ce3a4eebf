//! Arithmetic on moments that cannot overflow.

use jiff::{SignedDuration, Timestamp};

/// `secs` after `at`, at most the last moment that can be written.
pub(crate) fn after(at: Timestamp, secs: u64) -> Timestamp {
    let secs = i64::try_from(secs).unwrap_or(i64::MAX);
    at.checked_add(SignedDuration::from_secs(secs)).unwrap_or(Timestamp::MAX)
}

/// Whole seconds from `from` to `to`; 0 when it is not after.
pub(crate) fn secs_between(from: Timestamp, to: Timestamp) -> u32 {
    u32::try_from(to.duration_since(from).as_secs().max(0)).unwrap_or(u32::MAX)
}

/// `at` without its fraction of a second.
pub(crate) fn whole_second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}
