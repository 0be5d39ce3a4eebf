//! A call that the other end has on hold.
//!
//! Promises `call.hold` and `call.unhold` in turns (Telnyx webhook reference: "Call Hold", "Call Unhold"). No command of the API
//! puts a call on hold: its other end does, by the behaviour file. A call that ends on hold is not taken back before.

use std::sync::Arc;
use std::time::Duration;

use super::{CallKey, CallTimer};
use crate::config::OnHold;
use crate::model::World;
use crate::model::happenings::Happening;
use crate::model::timers::Timer;

impl World {
    /// The call has just been answered.
    pub(super) fn plan_holds(&mut self, key: CallKey) {
        let Some(call) = self.calls.get(key) else { return };
        for (begins, ends) in stretches(&call.callee.holds) {
            self.timers.set(self.now + begins, Timer::Call(key, CallTimer::Hold { held: true }));
            self.timers.set(self.now + ends, Timer::Call(key, CallTimer::Hold { held: false }));
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
}

/// When the holds that count begin and end, in order and apart: one that begins during another changes nothing, its end neither.
fn stretches(holds: &[OnHold]) -> Vec<(Duration, Duration)> {
    let mut holds = holds.to_vec();
    holds.sort_by_key(|hold| hold.after_ms);
    let mut stretches: Vec<(Duration, Duration)> = Vec::new();
    for hold in holds {
        let begins = Duration::from_millis(hold.after_ms);
        if stretches.last().is_none_or(|(_, ended)| *ended <= begins) {
            stretches.push((begins, begins + Duration::from_millis(hold.for_ms)));
        }
    }
    stretches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hold_during_another_neither_begins_nor_ends_anything() {
        // after and for how long -> from when to when
        for (holds, expected) in [
            (vec![(2, 3), (9, 4)], vec![(2, 5), (9, 13)]),
            (vec![(9, 4), (2, 3)], vec![(2, 5), (9, 13)]),
            (vec![(2, 3), (4, 3), (6, 5)], vec![(2, 5), (6, 11)]),
            (vec![(2, 3), (5, 1)], vec![(2, 5), (5, 6)]),
            (vec![(0, u64::MAX), (1, 1)], vec![(0, u64::MAX)]),
        ] {
            let holds: Vec<OnHold> = holds.iter().map(|&(after_ms, for_ms)| OnHold { after_ms, for_ms }).collect();
            let span = |(from, to)| (Duration::from_millis(from), Duration::from_millis(to));
            assert_eq!(stretches(&holds), expected.into_iter().map(span).collect::<Vec<_>>(), "{holds:?}");
        }
    }
}
