//! Time is over.

use jiff::Timestamp;

use super::run::Run;
use crate::compile::Flow;
use crate::completion::{Completion, Signal};
use crate::effect::{CallState, Reaction, Seen, TimerKey};
use crate::position::{Amd, Ending, Phase};

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
        ended.state.position.phase = Phase::Established;
        self.now >= ended.timer().at
    }

    fn hang_up_again(&mut self) {
        if self.state.position.cuts >= MAX_HANGUPS {
            return self.over(None);
        }
        self.state.position.cuts += 1;
        let ending = self.state.position.ending;
        self.hang_up(ending);
    }

    fn time_out(&mut self) {
        match self.state.position.phase {
            // The answer's webhook may be lost; on a call that still rings the API refuses the first command, and it waits.
            Phase::Ringing | Phase::Listening => self.verdict(Amd::Timeout),
            Phase::AwaitingGreetingEnd => self.verdict(Amd::Machine),
            Phase::UnderWay | Phase::AwaitingAnswer => {
                let done = self.step().is_some_and(|step| step.completion() == Completion::Timer);
                self.signal(Signal::of(if done { "done" } else { "timeout" }));
            }
            Phase::Established | Phase::HangingUp | Phase::Ended => {}
        }
    }
}
