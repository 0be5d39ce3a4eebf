//! A call that the other end has on hold, and a telephone that asks who is calling.
//!
//! Promises `call.hold` and `call.unhold` in turns (Telnyx webhook reference: "Call Hold", "Call Unhold"). No command of the API
//! puts a call on hold: its other end does, by the behaviour file. A call that ends on hold is not taken back before.

use std::sync::Arc;
use std::time::Duration;

use super::{CallKey, CallTimer};
use crate::model::World;
use crate::model::happenings::Happening;
use crate::model::timers::Timer;

impl World {
    /// The call has just been answered.
    pub(super) fn plan_holds(&mut self, key: CallKey) {
        let Some(call) = self.calls.get(key) else { return };
        for hold in call.callee.holds.iter() {
            let begins = self.now + Duration::from_millis(hold.after_ms);
            let ends = begins + Duration::from_millis(hold.for_ms);
            self.timers.set(begins, Timer::Call(key, CallTimer::Hold { held: true }));
            self.timers.set(ends, Timer::Call(key, CallTimer::Hold { held: false }));
        }
    }

    /// The other end puts the call on hold, or takes it back.
    pub(super) fn hold(&mut self, key: CallKey, held: bool) {
        let Some(call) = self.calls.get_mut(key) else { return };
        if std::mem::replace(&mut call.running.held, held) == held {
            return;
        }
        let (from, to) = (Arc::clone(&call.from), Arc::clone(&call.to));
        self.tell(key, Happening::Hold { held, from, to });
        // Who uses the telephone is still there.
        self.attract(key);
    }

    /// The call has just been answered, perhaps by a telephone that asks who is calling: it speaks until its owner takes over.
    pub(super) fn speak_to_screen(&mut self, key: CallKey) {
        let now = self.now;
        let Some(call) = self.calls.get_mut(key) else { return };
        if let Some(screening) = call.callee.screening {
            call.running.speaks_until = Some(now + screening.prompt + screening.decides);
        }
    }
}
