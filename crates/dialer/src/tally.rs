//! What a target has used up, and what it has to say to others.
//!
//! Promises to say of itself all that a process that starts anew has to know. Does not know where the target stands.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::aftermath::{CameTo, Ring};
use crate::call::HangupCause;
use crate::client_state::Party;
use crate::compliance::Rule;
use crate::detail::Detail;
use crate::outcome::Outcome;

/// What a target has used up, counted over claims that have ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Attempts that may have rung, and those that a bad number cost; the next one's number less one.
    pub attempts: u16,
    /// Those of `attempts` that a rule does not count.
    pub ignored: u16,
    /// Claims that ended without using an attempt: refused, released, failed at the carrier.
    pub refusals: u32,
    /// Those of `refusals` that were calls all the same: carrier failures, and caller ids that were blocked.
    pub infra: u16,
    /// How the last attempt ended, or the last claim that was refused.
    pub last: Option<Outcome>,
    /// Retries by the outcome that they followed.
    pub retried: Retried,
    /// This target's end halts its campaign, until somebody changes the campaign.
    pub halt: Option<Halt>,
    /// Its number must not be called by anybody.
    pub dnc: bool,
    /// When its phone may have rung, and what came of it.
    pub rings: Rings,
    /// What a flow called the outcome of the last attempt.
    pub detail: Option<Detail>,
    /// When a person answered, and whether an agent was there; counted for campaigns that dial by agents.
    pub answers: LiveAnswers,
    /// The rule because of which it waits, or must not be called; of a call, the rule that was set aside for it.
    pub rule: Option<Rule>,
    /// The rule that was set aside for one of its calls that have ended; of several, the first of [`Rule`].
    pub called_in_spite_of: Option<Rule>,
    /// Begun minutes of answered calls that have ended: as long as they were seen to last, else as long as they may have.
    pub minutes: u32,
    /// How its last claim ended, for whoever reads results. `None`: none has.
    pub end: Option<AttemptEnd>,
}

/// When a person answered: the last three times, to the second, and whether the call was abandoned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LiveAnswers([(u32, bool); 3]);

impl LiveAnswers {
    /// Once more.
    pub(crate) fn add(&mut self, at: Timestamp, abandoned: bool) {
        self.0.rotate_right(1);
        if let Some(newest) = self.0.first_mut() {
            *newest = (u32::try_from(at.as_second()).unwrap_or_default(), abandoned);
        }
    }

    /// All of them in seconds since 1970, the latest first, each with whether it was abandoned.
    pub(crate) fn iter(self) -> impl Iterator<Item = (u32, bool)> {
        self.0.into_iter().filter(|(at, _)| *at > 0)
    }

    pub(crate) fn from_seconds(answered: &[u32], abandoned: &[u32]) -> Self {
        let mut answers = Self::default();
        for (place, at) in answers.0.iter_mut().zip(answered) {
            *place = (*at, abandoned.contains(at));
        }
        answers
    }
}

/// How a claim ended, as far as was told. Nothing is decided by it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AttemptEnd {
    /// When, in seconds since 1970: as the hangup says, else when it was known. Of a target that ended without a further
    /// call: when that was decided.
    pub at: u32,
    /// Seconds from the answer to the end, as far as this process saw both.
    pub talked: Option<u32>,
    /// `hangup_cause`
    pub cause: Option<HangupCause>,
    /// The SIP status that it ended with.
    pub sip: Option<u16>,
    /// Who answered, where a detector has said so.
    pub heard: Option<Party>,
    /// Which of the campaign's rules applied, counted from 0.
    pub rule: Option<u8>,
}

/// Seconds since 1970, as they are stored.
pub(crate) fn stored_second(at: Timestamp) -> u32 {
    u32::try_from(at.as_second()).unwrap_or_default()
}

/// When a phone may have rung: the last eight times, to the second, and what came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rings {
    /// 0 where there is none.
    at: [u32; 8],
    // Apart from the times: a target has forty bytes of both instead of sixty-four.
    came_to: [CameTo; 8],
}

impl Rings {
    /// Once more.
    pub(crate) fn add(&mut self, ring: Ring) {
        self.at.rotate_right(1);
        self.came_to.rotate_right(1);
        if let (Some(at), Some(came_to)) = (self.at.first_mut(), self.came_to.first_mut()) {
            (*at, *came_to) = (stored_second(ring.at), ring.came_to);
        }
    }

    /// All of them, the latest first.
    pub fn iter(&self) -> impl Iterator<Item = Ring> + use<> {
        self.stored().filter_map(|(at, came_to)| Some(Ring { at: Timestamp::from_second(at.into()).ok()?, came_to }))
    }

    fn stored(self) -> impl Iterator<Item = (u32, CameTo)> {
        self.at.into_iter().zip(self.came_to).filter(|(at, _)| *at > 0)
    }

    /// Seconds since 1970, the latest first.
    pub(crate) fn to_seconds(self) -> Vec<u32> {
        self.stored().map(|(at, _)| at).collect()
    }

    /// What each came to, a digit for each. Empty: none came to anything.
    pub(crate) fn to_digits(self) -> String {
        let digits: String = self.stored().map(|(_, came_to)| char::from(b'0' + came_to.bits())).collect();
        digits.trim_end_matches('0').to_owned()
    }

    /// Out of [`to_seconds`](Self::to_seconds) and [`to_digits`](Self::to_digits).
    pub(crate) fn from_stored(seconds: &[u32], digits: &str) -> Self {
        let mut rings = Self::default();
        let came_to = digits.bytes().map(|digit| CameTo::from_bits(digit.saturating_sub(b'0')));
        let stored = seconds.iter().zip(came_to.chain(std::iter::repeat(CameTo::default())));
        for ((at, came_to), stored) in rings.at.iter_mut().zip(&mut rings.came_to).zip(stored) {
            (*at, *came_to) = (*stored.0, stored.1);
        }
        rings
    }
}

impl Tally {
    /// Attempts of the shared cap.
    #[must_use]
    pub fn counted(&self) -> u16 {
        self.attempts.saturating_sub(self.ignored)
    }

    /// Whether both speak of the same call: an opt-out is noted while the call lives.
    pub(crate) fn is_of_same_call(&self, other: &Self) -> bool {
        Self { dnc: false, ..*self } == Self { dnc: false, ..*other }
    }

    /// Calls that were placed, whatever became of them.
    #[must_use]
    pub fn calls(&self) -> u32 {
        u32::from(self.attempts) + u32::from(self.infra)
    }
}

/// Why a campaign dials nothing more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Halt {
    /// A rule paused it.
    PausedByRule,
    /// So many people hang up within seconds that message or caller id must be at fault.
    ShortCalls,
    /// So many numbers do not exist that the list cannot be right.
    NumbersSuspect,
    /// So many callees were left without an agent as its hard stop allows.
    TooManyAbandoned,
    /// So many calls are rejected or lost, or numbers that had rung are unknown now, that the account must be blocked.
    AccountSuspect,
    /// A rule failed it. This one stays: whoever waits is not called any more.
    FailedByRule,
}

/// Retries by the outcome that they followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retried([u8; Outcome::ALL.len()]);

impl Retried {
    /// How many followed `outcome`.
    #[must_use]
    pub fn after(&self, outcome: Outcome) -> u8 {
        self.0.get(outcome as usize).copied().unwrap_or(u8::MAX)
    }

    /// One more.
    pub(crate) fn count(&mut self, outcome: Outcome) {
        if let Some(count) = self.0.get_mut(outcome as usize) {
            *count = count.saturating_add(1);
        }
    }

    /// Those that are not zero.
    pub(crate) fn to_map(self) -> BTreeMap<Outcome, u8> {
        Outcome::ALL.into_iter().map(|outcome| (outcome, self.after(outcome))).filter(|(_, count)| *count > 0).collect()
    }

    pub(crate) fn from_map(map: &BTreeMap<Outcome, u8>) -> Self {
        let mut retried = Self::default();
        for (outcome, count) in map {
            if let Some(place) = retried.0.get_mut(*outcome as usize) {
                *place = *count;
            }
        }
        retried
    }
}
