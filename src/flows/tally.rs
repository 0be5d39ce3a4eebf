//! What happens in a flow, counted per revision.
//!
//! Counting never waits and never fails. Numbers only: nothing of a caller is kept.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

/// The counts of one revision of a flow.
#[derive(Debug)]
pub struct Tally {
    active: AtomicU32,
    steps: Box<[(AtomicU64, AtomicU64)]>,
    moved: AtomicBool,
}

/// What was counted at a step since the counts were last taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StepDelta {
    /// Times a call came to it.
    pub entered: u64,
    /// Times it ended in an error.
    pub errors: u64,
}

impl Tally {
    /// Nothing has happened in any of `steps` steps.
    #[must_use]
    pub fn new(steps: usize) -> Self {
        Self {
            active: AtomicU32::new(0),
            steps: (0..steps).map(|_| <(AtomicU64, AtomicU64)>::default()).collect(),
            moved: AtomicBool::new(false),
        }
    }

    /// A call runs it from now on, until the guard is dropped.
    pub(super) fn began(self: &std::sync::Arc<Self>) -> ActiveCall {
        self.active.fetch_add(1, Ordering::Relaxed);
        self.moved.store(true, Ordering::Relaxed);
        ActiveCall(std::sync::Arc::clone(self))
    }

    /// A call came to this step.
    pub(super) fn entered(&self, step: usize) {
        if let Some((entered, _)) = self.steps.get(step) {
            entered.fetch_add(1, Ordering::Relaxed);
            self.moved.store(true, Ordering::Relaxed);
        }
    }

    /// This step ended in an error.
    pub(super) fn failed(&self, step: usize) {
        if let Some((_, errors)) = self.steps.get(step) {
            errors.fetch_add(1, Ordering::Relaxed);
            self.moved.store(true, Ordering::Relaxed);
        }
    }

    /// Calls under way.
    #[must_use]
    pub fn active(&self) -> u32 {
        self.active.load(Ordering::Relaxed)
    }

    /// Whether anything was counted since this was last asked.
    #[must_use]
    pub fn moved(&self) -> bool {
        self.moved.swap(false, Ordering::Relaxed)
    }

    /// Takes what was counted, in the order of the steps. What could not be written is given back with
    /// [`put_back`](Self::put_back).
    #[must_use]
    pub fn take(&self) -> Vec<StepDelta> {
        let take = |count: &AtomicU64| count.swap(0, Ordering::Relaxed);
        self.steps.iter().map(|(entered, errors)| StepDelta { entered: take(entered), errors: take(errors) }).collect()
    }

    /// Gives back what was taken and not written.
    pub fn put_back(&self, deltas: &[StepDelta]) {
        for ((entered, errors), delta) in self.steps.iter().zip(deltas) {
            entered.fetch_add(delta.entered, Ordering::Relaxed);
            errors.fetch_add(delta.errors, Ordering::Relaxed);
        }
        self.moved.store(true, Ordering::Relaxed);
    }
}

/// A call that runs a revision.
#[derive(Debug)]
pub(super) struct ActiveCall(std::sync::Arc<Tally>);

impl Drop for ActiveCall {
    fn drop(&mut self) {
        self.0.active.fetch_sub(1, Ordering::Relaxed);
        self.0.moved.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn what_is_taken_is_counted_once_and_what_is_put_back_is_not_lost() {
        let tally = Tally::new(2);
        tally.entered(0);
        tally.entered(1);
        tally.failed(1);
        tally.entered(7);
        let taken = tally.take();
        assert_eq!(taken, [StepDelta { entered: 1, errors: 0 }, StepDelta { entered: 1, errors: 1 }]);
        assert_eq!(tally.take(), [StepDelta::default(); 2]);
        tally.put_back(&taken);
        tally.entered(0);
        assert_eq!(tally.take()[0], StepDelta { entered: 2, errors: 0 });
    }

    #[test]
    fn a_call_is_active_until_it_is_dropped() {
        let tally = Arc::new(Tally::new(0));
        assert!(!tally.moved());
        let call = tally.began();
        assert_eq!((tally.active(), tally.moved(), tally.moved()), (1, true, false));
        drop(call);
        assert_eq!((tally.active(), tally.moved()), (0, true));
    }
}
