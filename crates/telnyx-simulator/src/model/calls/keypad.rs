//! The keys that the other end presses: by its script, or because `/sim` says so.
//!
//! Promises one `call.dtmf.received` per key. Does not know what a key means; whoever gathers decides.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::{CallKey, CallTimer, State};
use crate::config::Keypad;
use crate::model::World;
use crate::model::happenings::Happening;
use crate::model::timers::Timer;

/// Which keys will be pressed in this call.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Keys {
    /// What is pressed at the next question, at the one after it, and so on.
    replies: VecDeque<Arc<str>>,
    reaction: Duration,
    between: Duration,
    presses: Vec<(Duration, Arc<str>)>,
}

impl Keys {
    pub(super) fn draw(keypad: &Keypad, rng: &mut impl rand::Rng) -> Self {
        Self {
            replies: keypad.replies.iter().map(|digits| Arc::from(digits.as_str())).collect(),
            reaction: keypad.reaction_ms.draw(rng),
            between: keypad.between_ms.draw(rng),
            presses: keypad
                .presses
                .iter()
                .map(|press| (Duration::from_millis(press.after_ms), Arc::from(press.digits.as_str())))
                .collect(),
        }
    }

    /// The keys that answer the next question, each with its time after the question's end.
    pub(super) fn reply(&mut self) -> Vec<(Duration, char)> {
        let digits = self.replies.pop_front().unwrap_or_default();
        spaced(self.reaction, self.between, &digits).collect()
    }
}

/// Key after key, the first one `first` from now.
fn spaced(first: Duration, between: Duration, digits: &str) -> impl Iterator<Item = (Duration, char)> {
    digits.chars().scan(first, move |at, digit| {
        let now = *at;
        *at = at.saturating_add(between);
        Some((now, digit))
    })
}

impl World {
    /// Plans the keys that are pressed whatever is heard; the call has just been answered.
    pub(super) fn press_keys(&mut self, key: CallKey) {
        let Some(call) = self.calls.get(key) else { return };
        let keys = &call.callee.keys;
        for (after, digits) in &keys.presses {
            for (wait, digit) in spaced(*after, keys.between, digits) {
                self.timers.set(self.now + wait, Timer::Call(key, CallTimer::Key(digit)));
            }
        }
    }

    /// The other end presses a key; whether there was anybody on the line.
    pub(crate) fn press_key(&mut self, key: CallKey, digit: char) -> bool {
        let Some(call) = self.calls.get(key) else { return false };
        if !matches!(call.state, State::AwaitsEnd { .. }) {
            return false;
        }
        if self.pay_digit(key, digit) {
            self.replan_hangup(key);
            return true;
        }
        let Some(call) = self.calls.get(key) else { return false };
        let dtmf = Happening::Dtmf { from: Arc::clone(&call.from), to: Arc::clone(&call.to), digit };
        self.tell(key, dtmf);
        self.gather_digit(key, digit);
        // Who presses keys is still there.
        self.replan_hangup(key);
        true
    }
}
