//! The API's answer to a command.

use jiff::Timestamp;
use telnyx_voice::CommandId;

use super::run::Run;
use super::seat::PARTED;
use crate::compile::Flow;
use crate::completion::{CALL_ENDED, CALL_UNKNOWN, Completion, Judgement, Signal, judge};
use crate::effect::{CallState, CommandOutcome, Made, Reaction, Seen};
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
        let parted = matches!(position.phase, Phase::Left | Phase::TalkOver);
        let seen = if ours("step") && position.phase == Phase::UnderWay {
            run.step_answered(outcome)
        } else if parted && ours(PARTED) {
            run.parted_answered(outcome)
        } else if ours("place") || position.phase == Phase::HangingUp && ours("hangup") {
            run.call_over_by(outcome)
        } else if position.phase == Phase::HangingUp && ours("step") {
            run.own_end_answered(outcome)
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
                self.signal(Signal::of(kind.usual()));
            }
            CommandOutcome::Refused(refusal) => {
                self.unbegin();
                self.refused(judge(kind, refusal), kind);
            }
            // What a webhook completes may still be completed.
            CommandOutcome::FateUnknown if !on_acceptance => return Seen::Ignored,
            CommandOutcome::FateUnknown => self.signal(Signal::of("failed")),
        }
        Seen::Handled
    }

    fn refused(&mut self, judgement: Judgement, kind: Kind) {
        match judgement {
            Judgement::CallOver => self.over(None),
            Judgement::NotAnswered if !self.state.position.answered => {
                self.phase(Phase::AwaitingAnswer);
                self.arm();
            }
            Judgement::AsGoodAsDone => self.signal(Signal::of(kind.usual())),
            // A flow that knows one queue can wait in no other.
            Judgement::Queued if self.flow.queues_in_one_place() => self.signal(Signal::of(kind.usual())),
            Judgement::NotAnswered | Judgement::Queued => self.signal(Signal::of("failed")),
            Judgement::Outcome(outcome) => self.signal(Signal::of(outcome)),
        }
    }

    /// The command of a step that ends the call. Refused, the call is hung up without it.
    fn own_end_answered(&mut self, outcome: &CommandOutcome) -> Seen {
        let seen = self.call_over_by(outcome);
        if seen == Seen::Ignored && matches!(outcome, CommandOutcome::Refused(_)) {
            let ending = self.state.position.ending;
            self.hang_up(ending);
            return Seen::Handled;
        }
        seen
    }

    fn made(&mut self, made: &Made) {
        let Some(kind) = self.step().map(|step| step.action.kind()) else { return };
        if let (Kind::Dial, Some(leg)) = (kind, &made.leg) {
            self.second_leg_is(leg.clone());
        }
        if let (true, Some(conference)) = (kind.enters_conference(), &made.conference) {
            self.conference_is(conference);
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
