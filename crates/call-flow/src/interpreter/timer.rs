//! Time is over.

use jiff::Timestamp;

use super::run::Run;
use crate::compile::{Flow, Target};
use crate::completion::{Completion, Signal};
use crate::effect::{CallState, Reaction, Seen, TimerKey};
use crate::position::{Amd, Ending, Phase};
use crate::spec::{Kind, Step};

/// Hangups that are sent when no webhook says that the call is over.
const MAX_HANGUPS: u8 = 3;

impl Flow {
    /// A timer has run out.
    #[must_use]
    pub fn on_timer(&self, state: &CallState, timer: TimerKey, now: Timestamp) -> Reaction {
        let mut run = Run::new(self, state.clone(), now);
        if timer != run.timer_key() || state.position.phase == Phase::Ended || state.position.key != self.key {
            return run.done(Seen::Stale);
        }
        if now < run.timer().at {
            // A clock that was set back, or a timer of a phase that began again.
            run.arm();
            return run.done(Seen::Ignored);
        }
        if state.position.phase == Phase::HangingUp {
            run.hang_up_again();
        } else if run.limit_reached() {
            run.hang_up(Ending::TimeLimit);
        } else {
            run.time_out();
        }
        run.done(Seen::Handled)
    }
}

impl Run<'_> {
    fn limit_reached(&self) -> bool {
        let mut ended = Run::new(self.flow, self.state.clone(), self.now);
        ended.phase(Phase::Established);
        self.now >= ended.timer().at
    }

    fn hang_up_again(&mut self) {
        if self.state.position.cuts >= MAX_HANGUPS {
            return self.over(None);
        }
        let sent = self.state.position.cuts + 1;
        let ending = self.state.position.ending;
        self.hang_up_once_more(ending, sent);
    }

    /// Goes on without what was awaited.
    pub(super) fn give_up(&mut self) {
        match self.state.position.phase {
            // The answer's webhook may be lost. On a call that still rings the API refuses the first command, which then waits.
            Phase::Ringing if self.state.position.detection => self.nobody_said(Amd::Timeout),
            Phase::Ringing => self.go(Target::Step(0)),
            Phase::Listening => self.verdict(Amd::Timeout),
            Phase::AwaitingGreetingEnd => self.verdict(Amd::Machine),
            Phase::UnderWay | Phase::AwaitingAnswer => {
                let outcome = match self.step().map(Step::completion) {
                    Some(Completion::Timer) => "done",
                    // Nobody has heard of the command's answer.
                    Some(Completion::Accepted) => "failed",
                    Some(Completion::Webhook | Completion::Response | Completion::Instant | Completion::Hangup)
                    | None => "timeout",
                };
                // What waits for an answer was refused.
                let accepted = self.state.position.phase == Phase::UnderWay;
                if accepted && self.step().is_some_and(|step| step.action.kind() == Kind::LeaveConference) {
                    self.leave_seat();
                }
                self.signal(Signal::of(outcome));
            }
            Phase::Left | Phase::TalkOver => self.go_on_parted(),
            Phase::Established | Phase::HangingUp | Phase::Ended => {}
        }
    }
}
