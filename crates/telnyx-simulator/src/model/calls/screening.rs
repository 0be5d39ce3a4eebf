//! A telephone that asks who is calling (iOS call screening), until its owner takes the call.
//!
//! Promises that it is heard while it asks, and that nobody hangs up for impatience before the call was taken. What detection makes
//! of it is in [`amd`](super::amd). Not modelled: an owner who does not take the call, so that voicemail does.

use super::CallKey;
use crate::model::World;

impl World {
    /// The call has just been answered, perhaps by such a telephone.
    pub(super) fn screen(&mut self, key: CallKey) {
        let now = self.now;
        let Some(call) = self.calls.get_mut(key) else { return };
        if let Some(screening) = call.callee.screening {
            let asked = now + screening.prompt;
            call.running.speak_until(asked);
            call.running.taken_at = Some(asked + screening.decides);
        }
    }
}
