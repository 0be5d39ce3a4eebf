//! The API's answer to a command.

use jiff::Timestamp;
use telnyx_voice::CommandId;

use super::run::Run;
use crate::compile::Flow;
use crate::completion::{Completion, Signal};
use crate::effect::{CallState, CommandOutcome, Made, Reaction, Refusal, Seen};
use crate::position::Phase;
use crate::spec::Kind;

impl Flow {
    /// A command was accepted or refused, or nobody knows.
    #[must_use]
    pub fn on_command_result(
        &self,
        state: &CallState,
        id: &CommandId,
        outcome: &CommandOutcome,
        now: Timestamp,
    ) -> Reaction {
        let mut run = Run::new(self, state.clone(), now);
        let position = &state.position;
        if position.key != self.key {
            return run.done(Seen::Foreign);
        }
        if position.phase == Phase::Ended {
            return run.done(Seen::Stale);
        }
        let ours = |purpose: &str| *id == run.command_id(purpose);
        let seen = if ours("step") && position.phase == Phase::UnderWay {
            run.step_answered(outcome)
        } else if position.phase == Phase::HangingUp && (ours("hangup") || ours("step")) || ours("place") {
            run.call_over_by(outcome)
        } else {
            Seen::Stale
        };
        run.done(seen)
    }
}

impl Run<'_> {
    fn step_answered(&mut self, outcome: &CommandOutcome) -> Seen {
        let Some(step) = self.step() else { return Seen::Stale };
        let kind = step.action.kind();
        let on_acceptance = step.completion() == Completion::Accepted;
        match outcome {
            CommandOutcome::Accepted(made) => {
                self.made(made);
                if !on_acceptance {
                    return Seen::Ignored;
                }
                self.signal(Signal::of(accepted(kind)));
            }
            CommandOutcome::Refused(refusal) => match judge(kind, refusal) {
                Judgement::CallOver => self.over(None),
                Judgement::NotAnswered if !self.state.position.answered => {
                    self.phase(Phase::AwaitingAnswer);
                    self.arm();
                }
                Judgement::NotAnswered => self.signal(Signal::of("failed")),
                Judgement::Outcome(outcome) => self.signal(Signal::of(outcome)),
            },
            // What a webhook completes may still be completed.
            CommandOutcome::FateUnknown if !on_acceptance => return Seen::Ignored,
            CommandOutcome::FateUnknown => self.signal(Signal::of("failed")),
        }
        Seen::Handled
    }

    fn made(&mut self, made: &Made) {
        if let Some(leg) = &made.leg {
            self.second_leg_is(leg.clone());
        }
    }

    /// A command that the flow does not wait for: all it can say is that the call is over.
    fn call_over_by(&mut self, outcome: &CommandOutcome) -> Seen {
        match outcome {
            CommandOutcome::Refused(refusal) if refusal.has(CALL_ENDED) || refusal.has(CALL_UNKNOWN) => {
                self.over(None);
                Seen::Handled
            }
            CommandOutcome::Refused(_) | CommandOutcome::Accepted(_) | CommandOutcome::FateUnknown => Seen::Ignored,
        }
    }
}

/// The outcome of a step that is done once its command is accepted.
fn accepted(kind: Kind) -> &'static str {
    kind.outcomes().first().map_or("done", |outcome| outcome.name)
}

/// Telnyx API error codes: the call has ended.
const CALL_ENDED: &str = "90018";
/// The `call_control_id` is not known, or not any more.
const CALL_UNKNOWN: &str = "90015";
/// The call is not answered yet.
const NOT_ANSWERED: &str = "90034";

/// What a refusal means for a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Judgement {
    /// There is no call any more.
    CallOver,
    /// It can be done once the call is answered.
    NotAnswered,
    /// An event of the step.
    Outcome(&'static str),
}

fn judge(kind: Kind, refusal: &Refusal) -> Judgement {
    // A dial's refusal is about the other leg, and about nothing that has been answered.
    if kind != Kind::Dial {
        if refusal.has(CALL_ENDED) || refusal.has(CALL_UNKNOWN) {
            return Judgement::CallOver;
        }
        if refusal.has(NOT_ANSWERED) {
            return Judgement::NotAnswered;
        }
    }
    Judgement::Outcome("failed")
}
