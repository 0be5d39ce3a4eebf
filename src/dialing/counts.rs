//! The dialer's counts in the words of a status.

use dialer::Counts as Held;

use crate::api::Counts;

/// `untouched`: targets that no dialer holds yet, because their job was not cut or not read. They are pending.
#[must_use]
pub(crate) fn counts(held: &Held, untouched: u32) -> Counts {
    Counts {
        total: held.total().saturating_add(untouched),
        pending: held.pending.saturating_add(untouched),
        claimed: held.claimed,
        ringing: held.dialing,
        live: held.live,
        completed: held.completed,
        retryable: held.retrying,
        failed: held.failed,
        blocked: held.blocked,
        ambiguous: held.ambiguous,
        expired: held.expired,
        removed: 0,
    }
}
