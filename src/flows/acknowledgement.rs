//! When a webhook is acknowledged: once every command that it led to was accepted.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tokio::sync::oneshot;

use crate::webhook::Verdict;

/// The verdict of one delivery. It is held by everything that the delivery led to, and given when the last of these is
/// done. Cheap to clone; clones are the same.
#[derive(Clone, Debug)]
pub(super) struct Acknowledgement(Option<Arc<Inner>>);

#[derive(Debug)]
struct Inner {
    verdict: Option<oneshot::Sender<Verdict>>,
    received: Instant,
    so_far: Mutex<Verdict>,
}

impl Acknowledgement {
    /// Of a delivery.
    pub(super) fn of(verdict: oneshot::Sender<Verdict>, received: Instant) -> Self {
        Self(Some(Arc::new(Inner { verdict: Some(verdict), received, so_far: Mutex::new(Verdict::Durable) })))
    }

    /// Of nothing that anybody waits for: a timer, a call found after a restart.
    pub(super) fn nobodys() -> Self {
        Self(None)
    }

    /// What it led to may not have been done: the delivery is wanted again.
    pub(super) fn again(&self) {
        self.say(Verdict::Again);
    }

    /// It led to nothing.
    pub(super) fn not_needed(&self) {
        self.say(Verdict::NotNeeded);
    }

    fn say(&self, verdict: Verdict) {
        if let Some(inner) = &self.0 {
            *inner.so_far.lock().unwrap_or_else(PoisonError::into_inner) = verdict;
        }
    }

    /// When the delivery came.
    pub(super) fn received(&self) -> Option<Instant> {
        self.0.as_ref().map(|inner| inner.received)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let verdict = *self.so_far.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(waiting) = self.verdict.take() {
            // The receiver has answered already when it waited for too long.
            let _answered_meanwhile = waiting.send(verdict);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verdict_is_given_when_the_last_command_is_done() {
        let (sender, mut verdict) = oneshot::channel();
        let first = Acknowledgement::of(sender, Instant::now());
        let second = first.clone();
        drop(first);
        assert!(verdict.try_recv().is_err());
        drop(second);
        assert_eq!(verdict.try_recv(), Ok(Verdict::Durable));
    }

    #[test]
    fn one_command_of_unknown_fate_asks_for_the_delivery_again() {
        let (sender, mut verdict) = oneshot::channel();
        let first = Acknowledgement::of(sender, Instant::now());
        first.clone().again();
        drop(first);
        assert_eq!(verdict.try_recv(), Ok(Verdict::Again));
    }
}
