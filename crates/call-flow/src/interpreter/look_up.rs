//! Asking the API how the call stands, before something is given up for want of a webhook.
//!
//! Promises that a talk goes on although its webhooks were lost, that an answer whose webhooks were lost is noticed soon after the
//! telephone has stopped ringing, and that a question without an answer holds nothing up for ever. Does not know who asks, nor
//! of whom.

use jiff::Timestamp;

use super::run::Run;
use crate::compile::Flow;
use crate::completion::{Completion, Signal};
use crate::effect::{Asked, CallState, Effect, Found, LookUp, OtherLeg, Reaction, Seen, TimerKey};
use crate::position::Phase;
use crate::spec::Kind;
use crate::time::{after, secs_between};

/// Until the first question about a call that rings. Telnyx API reference, Dial: `timeout_secs` is 30 by default; a webhook needs
/// some too. One that may ring for longer is asked about more than once.
pub(super) const RINGS_SECS: u64 = 45;

/// Until the next question, where there was no reason to stop waiting.
const AGAIN_SECS: u64 = 30;

/// For the answer: the client repeats a request for 45 seconds.
const ANSWER_SECS: u64 = 60;

/// Telnyx API reference, Dial: `timeout_secs` is 600 at most.
const LONGEST_RING_SECS: u32 = 600;

impl Flow {
    /// The API was asked how the call stands, with [`Effect::LookUp`].
    #[must_use]
    pub fn on_look_up(&self, state: &CallState, key: TimerKey, found: Found, now: Timestamp) -> Reaction {
        let mut run = Run::new(self, state.clone(), now);
        if state.position.key != self.key {
            return run.done(Seen::Foreign);
        }
        if key != run.timer_key() || !matches!(state.asked, Asked::Until(_)) {
            return run.done(Seen::Stale);
        }
        run.found(found);
        run.done(Seen::Handled)
    }
}

impl Run<'_> {
    /// The time of the present phase is over.
    pub(super) fn time_out(&mut self) {
        match (self.can_be_looked_up(), self.state.asked) {
            (None, _) => self.give_up(),
            (Some(other), Asked::No | Asked::Again(_)) => {
                self.state.asked = Asked::Until(after(self.now, ANSWER_SECS));
                let key = self.timer_key();
                self.push(Effect::LookUp(LookUp { key, other }));
                self.arm();
            }
            (Some(_), Asked::Until(_)) => self.found(Found::Unknown),
        }
    }

    /// Whether the API knows what no webhook has told, and of which other leg.
    fn can_be_looked_up(&self) -> Option<OtherLeg> {
        match self.state.position.phase {
            Phase::Ringing | Phase::AwaitingAnswer => Some(OtherLeg::Nobody),
            Phase::UnderWay => {
                let step = self.step().filter(|step| step.completion() == Completion::Webhook)?;
                #[expect(clippy::wildcard_enum_match_arm, reason = "nobody talks to anybody in the other kinds")]
                match step.action.kind() {
                    Kind::Transfer => Some(OtherLeg::Called),
                    Kind::Bridge => {
                        Some(self.state.position.second_leg.clone().map_or(OtherLeg::Nobody, OtherLeg::Known))
                    }
                    _ => None,
                }
            }
            Phase::Listening
            | Phase::AwaitingGreetingEnd
            | Phase::Established
            | Phase::Left
            | Phase::TalkOver
            | Phase::HangingUp
            | Phase::Ended => None,
        }
    }

    fn found(&mut self, found: Found) {
        let phase = self.state.position.phase;
        match (found, phase) {
            (Found::Gone, _) => self.over(None),
            (Found::Alive { answered: true, .. }, Phase::Ringing) => self.answered(self.state.position.detection),
            (Found::Alive { answered: true, .. }, Phase::AwaitingAnswer) => {
                self.state.position.answered = true;
                self.again();
            }
            (Found::Alive { together: true, .. }, Phase::UnderWay) => self.signal(Signal::of("bridged")),
            // Nobody knows whether they talk: what is cut cannot be mended. The call has an end of its own.
            (Found::Unknown, Phase::UnderWay) => self.wait_on(),
            (Found::Alive { .. } | Found::Unknown, Phase::Ringing | Phase::AwaitingAnswer) => {
                if secs_between(self.state.position.entered_at(), self.now) < LONGEST_RING_SECS {
                    self.wait_on();
                } else {
                    self.give_up();
                }
            }
            (Found::Alive { .. } | Found::Unknown, _) => self.give_up(),
        }
    }

    fn wait_on(&mut self) {
        self.state.asked = Asked::Again(after(self.now, AGAIN_SECS));
        self.arm();
    }
}
