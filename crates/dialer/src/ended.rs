//! How an attempt went, for whoever tells of it. Nothing is decided by it.

use std::collections::VecDeque;

use jiff::Timestamp;

use crate::ids::DialKey;
use crate::outcome::Outcome;
use crate::tally::AttemptEnd;

/// Ends that wait to be taken; the oldest goes first when nobody takes them.
const KEPT: usize = 1024;

/// An attempt that has ended, with what this process saw of its way. Told again when the store did not take its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Which dial it was.
    pub key: DialKey,
    /// When its target was claimed.
    pub claimed_at: Timestamp,
    /// When its first request left. `None`: another process sent it, or none did.
    pub dialled_at: Option<Timestamp>,
    /// When Telnyx had taken it, or was first heard of its leg.
    pub placed_at: Option<Timestamp>,
    /// When it was answered, by Telnyx's clock.
    pub answered_at: Option<Timestamp>,
    /// When it ended, by Telnyx's clock where a hangup says so.
    pub ended_at: Timestamp,
    /// How.
    pub outcome: Outcome,
    /// What was told of its end.
    pub end: AttemptEnd,
}

/// Ends in their order, a bounded number of them.
#[derive(Debug, Default)]
pub(crate) struct Ends(VecDeque<Ended>);

impl Ends {
    pub(crate) fn push(&mut self, ended: Ended) {
        if self.0.len() >= KEPT {
            self.0.pop_front();
        }
        self.0.push_back(ended);
    }

    pub(crate) fn take(&mut self) -> impl Iterator<Item = Ended> + use<'_> {
        self.0.drain(..)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{AttemptKey, OwnerId, TargetId};

    fn ended(n: u16) -> Ended {
        let (owner, target) = (OwnerId::parse("o").unwrap(), TargetId::parse("t").unwrap());
        Ended {
            key: DialKey { attempt: AttemptKey { owner, target, n }, refusals: 0 },
            claimed_at: Timestamp::UNIX_EPOCH,
            dialled_at: None,
            placed_at: None,
            answered_at: None,
            ended_at: Timestamp::UNIX_EPOCH,
            outcome: Outcome::Completed,
            end: AttemptEnd::default(),
        }
    }

    #[test]
    fn when_nobody_takes_them_the_latest_are_kept() {
        let mut ends = Ends::default();
        let many = u16::try_from(KEPT).unwrap() + 3;
        (0..many).for_each(|n| ends.push(ended(n)));
        let kept: Vec<u16> = ends.take().map(|ended| ended.key.attempt.n).collect();
        assert_eq!((kept.len(), kept.first(), kept.last()), (KEPT, Some(&3), Some(&(many - 1))));
        assert_eq!(ends.take().count(), 0);
    }
}
