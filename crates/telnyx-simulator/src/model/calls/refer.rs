//! SIP REFER: the other end is asked to call somebody else (Telnyx API reference: "SIP Refer a call").
//!
//! Promises `call.refer.started`, then `call.refer.completed` after which the other end leaves, or `call.refer.failed` after
//! which the call goes on.

use std::sync::Arc;

use super::{CallKey, CallTimer, Serial};
use crate::model::World;
use crate::model::happenings::{Happening, ReferStage};
use crate::model::timers::Timer;

impl World {
    /// Asks the other end.
    pub(crate) fn start_refer(&mut self, key: CallKey) {
        let wait = self.config.services.refer_ms.draw(&mut self.send_rng);
        self.tell_refer(key, ReferStage::Started, 100);
        let Some(call) = self.calls.get_mut(key) else { return };
        let serial = call.running.next_serial();
        call.running.refer = Some(serial);
        self.timers.set(self.now + wait, Timer::Call(key, CallTimer::Step(serial)));
    }

    fn tell_refer(&mut self, key: CallKey, stage: ReferStage, sip_notify_response: u16) {
        let Some(call) = self.calls.get(key) else { return };
        let (from, to) = (Arc::clone(&call.from), Arc::clone(&call.to));
        self.tell(key, Happening::Refer { stage, from, to, sip_notify_response });
    }

    /// Whether the timer was that of the refer, of which the other end now knows the result.
    pub(super) fn on_refer_step(&mut self, key: CallKey, serial: Serial) -> bool {
        let Some(call) = self.calls.get_mut(key).filter(|call| call.is_alive()) else { return false };
        if call.running.refer.take_if(|one| *one == serial).is_none() {
            return false;
        }
        if self.fails(key, "call.refer.completed") {
            self.tell_refer(key, ReferStage::Failed, 603);
        } else {
            self.tell_refer(key, ReferStage::Completed, 200);
            self.other_end_hangs_up(key);
        }
        true
    }
}
