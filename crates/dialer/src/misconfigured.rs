//! A campaign that is refused for its set-up: nobody is dialled until one dial was accepted again. Telnyx does not say when its
//! application, its profile or its account was corrected, so one target is tried now and then. What is refused rings nowhere.

use std::time::Duration;

use crate::call::Refusal;
use crate::owner::Slot;

/// Until the first trial. Each later one waits twice as long.
const FIRST: Duration = Duration::from_mins(1);
/// The longest wait.
const LONGEST: Duration = Duration::from_mins(15);

/// Why, and when one dial may find out whether it is still so.
#[derive(Clone, Debug)]
pub(crate) struct Misconfigured {
    refusal: Refusal,
    wait: Duration,
    trial_at: Duration,
    trial: Option<Slot>,
}

impl Misconfigured {
    /// What the dial at `slot` was refused for, after `before`.
    pub(crate) fn by(refusal: Refusal, slot: Slot, before: Option<&Self>, now: Duration) -> Self {
        match before {
            None => Self { refusal, wait: FIRST, trial_at: now + FIRST, trial: None },
            Some(before) if before.is_trial(slot) => {
                let wait = (before.wait * 2).min(LONGEST);
                Self { refusal, wait, trial_at: now + wait, trial: None }
            }
            // Dials that left before the first refusal was known are refused as well.
            Some(before) => before.clone(),
        }
    }

    /// What was refused.
    pub(crate) fn refusal(&self) -> &Refusal {
        &self.refusal
    }

    /// When the next trial may begin.
    pub(crate) fn trial_at(&self) -> Duration {
        self.trial_at
    }

    /// The target at `slot` is the trial. One that nothing comes of is followed by another.
    pub(crate) fn tries(&mut self, slot: Slot, now: Duration) {
        self.trial = Some(slot);
        self.trial_at = now + self.wait;
    }

    /// Whether the target at `slot` is the trial.
    pub(crate) fn is_trial(&self, slot: Slot) -> bool {
        self.trial == Some(slot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot(index: u32) -> Slot {
        Slot { job: 1, index }
    }

    fn refusal() -> Refusal {
        Refusal { status: 403, code: Some("10010".into()), pointer: None, retry_after: None }
    }

    fn minutes(count: u64) -> Duration {
        Duration::from_mins(count)
    }

    #[test]
    fn trials_are_made_at_growing_distances_up_to_a_quarter_of_an_hour() {
        let mut state = Misconfigured::by(refusal(), slot(0), None, minutes(0));
        let mut distances = vec![];
        for index in 1..7 {
            let now = state.trial_at();
            state.tries(slot(index), now);
            state = Misconfigured::by(refusal(), slot(index), Some(&state), now);
            distances.push(state.trial_at().saturating_sub(now));
        }
        assert_eq!(distances, [2, 4, 8, 15, 15, 15].map(minutes));
    }

    #[test]
    fn refusals_of_dials_that_left_together_count_once() {
        let first = Misconfigured::by(refusal(), slot(0), None, minutes(0));
        let second = Misconfigured::by(refusal(), slot(1), Some(&first), minutes(0));
        assert_eq!(second.trial_at(), minutes(1));
    }

    #[test]
    fn a_trial_that_nothing_comes_of_is_followed_by_another() {
        let mut state = Misconfigured::by(refusal(), slot(0), None, minutes(0));
        state.tries(slot(1), minutes(1));
        assert_eq!(state.trial_at(), minutes(2));
        state.tries(slot(2), minutes(2));
        assert!(state.is_trial(slot(2)) && !state.is_trial(slot(1)));
    }
}
