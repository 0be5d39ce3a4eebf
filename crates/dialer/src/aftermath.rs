//! What a call came to, as far as rules ask for it that leave a number alone for a while.
//!
//! Promises that what cannot be told counts: a call that may have been a conversation was one. Does not know which rules
//! ask, nor for how long.

use std::ops::BitOr;

use jiff::Timestamp;

use crate::client_state::Party;
use crate::outcome::Outcome;
use crate::rules::Evidence;

/// Something that a call can come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Aftermath {
    /// Somebody was talked to, or may have been.
    Conversation,
    /// A machine answered.
    Machine,
    /// A person answered, and no agent was there in time, as far as is known. Of campaigns that dial by agents.
    Abandoned,
}

/// All that a call came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct CameTo(u8);

impl CameTo {
    /// What an attempt that ended like this came to. `late`: a person had answered, and no agent was there in time.
    pub(crate) fn of(evidence: Evidence, late: bool) -> Self {
        let talked = evidence.outcome.tells_of_talk() || evidence.outcome == Outcome::Ambiguous;
        let to_nobody = matches!(evidence.heard, Some(Party::Machine | Party::Fax | Party::Silence));
        let machine = matches!(evidence.outcome, Outcome::Machine | Outcome::VoicemailLeft)
            || evidence.heard == Some(Party::Machine);
        let all = [
            (Aftermath::Conversation, talked && !to_nobody),
            (Aftermath::Machine, machine),
            (Aftermath::Abandoned, late),
        ];
        all.into_iter().filter(|(_, is_so)| *is_so).fold(Self::default(), |sum, (it, _)| sum | Self::from(it))
    }

    /// Whether it came to this.
    #[must_use]
    pub fn has(self, it: Aftermath) -> bool {
        self.0 & Self::from(it).0 != 0
    }

    /// As a number that is stored: 1 for a conversation, 2 for a machine, 4 for an abandoned call, added up.
    #[must_use]
    pub fn bits(self) -> u8 {
        self.0
    }

    /// Out of [`bits`](Self::bits). What is not known here means nothing.
    #[must_use]
    pub fn from_bits(bits: u8) -> Self {
        Self(bits & 7)
    }
}

impl From<Aftermath> for CameTo {
    fn from(it: Aftermath) -> Self {
        Self(match it {
            Aftermath::Conversation => 1,
            Aftermath::Machine => 2,
            Aftermath::Abandoned => 4,
        })
    }
}

impl BitOr for CameTo {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// A call that may have made a phone ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ring {
    /// When it was claimed, to the second where it has ended.
    pub at: Timestamp,
    /// What it came to; nothing while it lasts.
    pub came_to: CameTo,
}

impl Ring {
    /// One that came to nothing, or has not ended.
    #[must_use]
    pub fn bare(at: Timestamp) -> Self {
        Self { at, came_to: CameTo::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_told_counts_as_a_conversation_and_a_machine_as_none() {
        let came_to = |outcome, heard, late| CameTo::of(Evidence { heard, ..Evidence::bare(outcome) }, late).bits();
        for (outcome, heard, late, expected) in [
            (Outcome::Completed, Some(Party::Human), false, 1),
            (Outcome::Completed, None, false, 1),
            (Outcome::HumanHangup, Some(Party::NotSure), false, 1),
            (Outcome::Ambiguous, None, false, 1),
            (Outcome::FlowError, Some(Party::Machine), false, 2),
            (Outcome::Machine, None, false, 2),
            (Outcome::VoicemailLeft, Some(Party::Machine), false, 2),
            (Outcome::Fax, Some(Party::Fax), false, 0),
            (Outcome::Abandoned, Some(Party::Human), true, 4),
            (Outcome::Completed, Some(Party::Human), true, 5),
            (Outcome::NoAnswer, None, false, 0),
            (Outcome::Busy, None, false, 0),
        ] {
            assert_eq!(came_to(outcome, heard, late), expected, "{outcome:?}, {heard:?}, {late}");
        }
        let both = CameTo::from_bits(5);
        assert!(both.has(Aftermath::Conversation) && both.has(Aftermath::Abandoned) && !both.has(Aftermath::Machine));
        assert_eq!(CameTo::from_bits(0xf8), CameTo::default());
    }
}
