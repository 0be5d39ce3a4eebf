//! Going on with a call after a restart.

use jiff::Timestamp;

use super::run::Run;
use crate::compile::Flow;
use crate::effect::{CallState, Leg, Reaction, Seen};
use crate::position::{Phase, Position};

/// Telnyx ignores a command whose id it saw within 60 seconds (Telnyx: receiving webhooks guide); this leaves some for the way.
const REPEATABLE_SECS: u32 = 45;

/// The position belongs to another flow, or to another revision of this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotThisFlow {
    /// Another flow.
    #[error("the call runs another flow")]
    OtherFlow,
    /// This flow at the revision given; the call keeps it.
    #[error("the call runs revision {0} of this flow")]
    OtherRevision(u32),
    /// It cannot have been made by this flow.
    #[error("the call's position is not one of this flow")]
    Malformed,
}

impl Flow {
    /// Whether a position is one of this flow at this revision.
    pub fn owns(&self, position: &Position) -> Result<(), NotThisFlow> {
        if position.key.flow != self.key.flow {
            return Err(NotThisFlow::OtherFlow);
        }
        if position.key.revision != self.key.revision {
            return Err(NotThisFlow::OtherRevision(position.key.revision));
        }
        let fits = position.variables.len() == self.variables.len()
            && position.loops.len() == self.loops
            && usize::from(position.step) < self.spec.steps.len();
        if fits { Ok(()) } else { Err(NotThisFlow::Malformed) }
    }

    /// Goes on with a call that was found alive, from what it carries.
    ///
    /// # Errors
    ///
    /// The call runs something else; ask the flow that it runs.
    pub fn resume(&self, leg: Leg, position: Position, now: Timestamp) -> Result<Reaction, NotThisFlow> {
        self.owns(&position)?;
        let mut run = Run::new(self, CallState::new(leg, position), now);
        if run.state.position.phase != Phase::Ended {
            run.pick_up();
        }
        Ok(run.done(Seen::Handled))
    }
}

impl Run<'_> {
    /// That the call carries this position proves that the command which brought it was accepted.
    fn pick_up(&mut self) {
        match self.state.position.phase {
            Phase::UnderWay => self.pick_up_step(),
            // The API took the question whether the call lives.
            Phase::Left | Phase::TalkOver => self.go_on_parted(),
            // The hangup may have been lost on a call that lives.
            Phase::HangingUp => {
                let ending = self.state.position.ending;
                self.hang_up(ending);
            }
            Phase::Ringing
            | Phase::Listening
            | Phase::AwaitingGreetingEnd
            | Phase::AwaitingAnswer
            | Phase::Established
            | Phase::Ended => self.arm(),
        }
    }
}

impl Run<'_> {
    fn pick_up_step(&mut self) {
        use crate::completion::{Completion, Signal};
        let Some(step) = self.step() else { return };
        match step.completion() {
            // The command was accepted, and nobody was left to go on.
            Completion::Accepted if self.carries() => self.signal(Signal::of(step.action.kind().usual())),
            // The user's program knows a question that it has answered by its id.
            Completion::Response => self.again_in_place(),
            // Whether the command was sent is not known. Within the time that the API ignores a repetition it is repeated.
            Completion::Accepted | Completion::Webhook if !self.carries() => self.send_again(),
            Completion::Accepted
            | Completion::Webhook
            | Completion::Timer
            | Completion::Instant
            | Completion::Hangup => self.arm(),
        }
    }

    /// Whether the present step's command brings the position itself.
    fn carries(&self) -> bool {
        let id = self.command_id("step");
        self.step().is_some_and(|step| self.rendered(&step.action, &id).is_ok_and(|rendered| rendered.carries))
    }

    fn send_again(&mut self) {
        let id = self.command_id("step");
        let age = crate::time::secs_between(self.state.position.entered_at(), self.now);
        if age <= REPEATABLE_SECS
            && let Some(step) = self.step()
            && let Ok(rendered) = self.rendered(&step.action, &id)
        {
            self.send(id, rendered.request);
        }
        self.arm();
    }

    fn again_in_place(&mut self) {
        if let Some(step) = self.step()
            && let crate::spec::Action::CallWebhook(call) = &step.action
        {
            self.call_webhook(call, step);
        }
        self.arm();
    }
}
