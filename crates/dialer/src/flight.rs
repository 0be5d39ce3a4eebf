//! An attempt under way, as far as this process knows more than the store.
//!
//! Promises to be rebuildable: whatever is lost with it, a look-up or the next webhook brings back. Does not know the
//! target's stored state.

use std::time::Duration;

use jiff::Timestamp;

use crate::call::Hangup;
use crate::claim::{Claim, Saved, Sent};
use crate::client_state::Position;
use crate::ids::{CommandId, DeliveryToken};

/// An attempt under way.
#[derive(Debug)]
pub(crate) struct Flight {
    pub(crate) phase: Phase,
    /// Where the leg will be once the command under way is accepted.
    pub(crate) ahead: Option<Position>,
    /// When the leg came to its position, as far as this process saw.
    pub(crate) position_since: Duration,
    /// When the leg was answered, as far as this process saw.
    pub(crate) answered_at: Option<Duration>,
    /// The same, by Telnyx's clock.
    pub(crate) answered_wall: Option<Timestamp>,
    /// When its first request left this process.
    pub(crate) dialled_at: Option<Timestamp>,
    /// When Telnyx had taken it, or its leg was first heard of.
    pub(crate) placed_at: Option<Timestamp>,
    /// Commands without an answer.
    pub(crate) commands: Vec<CommandId>,
    pub(crate) look_ups: LookUps,
    /// Not dialled for the first time from here on.
    pub(crate) dial_by: Duration,
    /// The claim was taken over from a process that may have dialled, so it is never given back.
    pub(crate) taken_over: bool,
    /// The attempt ends here, whatever is known by then.
    pub(crate) ends_by: Duration,
    /// When the leg may be hung up for a suspension, if it shall be.
    pub(crate) cancel_at: Option<Duration>,
    /// The call is over; how its announcement ended may still be on its way.
    pub(crate) held_hangup: Option<HeldHangup>,
    /// Whether a person answered, and an agent was there.
    pub(crate) talk: Talk,
}

/// Whether a person answered, and an agent was there; of campaigns that dial by agents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Talk {
    /// When the person's greeting had ended, by Telnyx's clock.
    pub(crate) answered_at: Option<Timestamp>,
    /// When the first agent was there, by Telnyx's clock.
    pub(crate) connected_at: Option<Timestamp>,
    /// From when on an agent is late, by this process's own clock.
    pub(crate) late_from: Option<Duration>,
    /// None was there by then.
    pub(crate) is_late: bool,
}

/// A hangup that came while the announcement was being played. Webhooks come in any order (Telnyx: receiving webhooks
/// guide), so what was played to its end may be said to be so after the hangup.
#[derive(Debug)]
pub(crate) struct HeldHangup {
    pub(crate) hangup: Hangup,
    /// When it happened, by Telnyx's clock: only what happened before may change the outcome.
    pub(crate) occurred_at: Timestamp,
    /// Counts as it is from here on.
    pub(crate) until: Duration,
    /// Webhooks that told of it. Unanswered, so that it comes again if this process ends.
    pub(crate) tokens: Vec<DeliveryToken>,
}

/// How far the dial has come.
#[derive(Debug)]
pub(crate) enum Phase {
    /// The claim is on its way to the store.
    Unsaved,
    /// The claim is stored; nothing was dialled.
    Ready(Saved<Claim>),
    /// Dialled, not answered.
    Sent(Box<Sent>),
    /// The dial's fate is not known and it may not be sent again.
    Lost,
    /// There is, or was, a leg.
    Placed,
}

/// Finding out what became of an attempt.
#[derive(Debug, Default)]
pub(crate) struct LookUps {
    /// When to ask next. `None`: an answer is awaited.
    pub(crate) next: Option<Duration>,
    /// Answers so far.
    pub(crate) answers: u32,
    /// Since when every answer knew of no leg.
    pub(crate) blank_since: Option<Duration>,
    /// Answers in a row that knew of the leg's end and not of its cause.
    pub(crate) ended_without_cause: u32,
}

/// With no trace for this long, no leg ever was (active calls lag the dial by seconds).
pub(crate) const NO_TRACE: Duration = Duration::from_mins(3);

/// How long to wait before the next look-up.
const ROUNDS: [Duration; 5] = [
    Duration::from_secs(5),
    Duration::from_secs(15),
    Duration::from_secs(30),
    Duration::from_mins(1),
    Duration::from_mins(2),
];

impl LookUps {
    /// The first one at `at`.
    pub(crate) fn starting(at: Duration) -> Self {
        Self { next: Some(at), ..Self::default() }
    }

    /// An answer came; the next question waits a little longer each time.
    pub(crate) fn answered(&mut self, now: Duration) {
        let round = usize::try_from(self.answers).unwrap_or(usize::MAX);
        let wait = ROUNDS.get(round).or(ROUNDS.last()).copied().unwrap_or(NO_TRACE);
        self.answers = self.answers.saturating_add(1);
        self.next = Some(now + wait);
    }
}

impl Flight {
    /// Whether nothing was dialled under this claim by this process.
    pub(crate) fn is_undialled(&self) -> bool {
        match self.phase {
            Phase::Unsaved | Phase::Ready(_) => true,
            Phase::Sent(_) | Phase::Lost | Phase::Placed => false,
        }
    }
}
