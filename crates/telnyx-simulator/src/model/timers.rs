//! What happens later.
//!
//! Promises the order of time, and of scheduling among equals. A timer is never taken back: who set it checks, when it
//! rings, whether it still matters.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::calls::{CallKey, CallTimer};
use super::conferences::{ConferenceKey, ConferenceTimer};
use super::moment::Moment;
use super::outbox::DeliveryKey;

/// What a timer is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Timer {
    /// When a call goes on.
    Call(CallKey, CallTimer),
    /// When a conference goes on.
    Conference(ConferenceKey, ConferenceTimer),
    /// When a webhook is sent, or sent again.
    Send(DeliveryKey),
    /// When webhooks of a call that were held back leave after all.
    Release(CallKey),
    /// When the next call comes in by itself.
    NextCaller,
    /// When an empty queue may be collected.
    CollectQueue(String),
}

/// All timers of a world.
#[derive(Default)]
pub(crate) struct Timers {
    heap: BinaryHeap<Reverse<(Moment, u64, Timer)>>,
    set: u64,
}

impl Timers {
    pub(crate) fn set(&mut self, at: Moment, timer: Timer) {
        self.set += 1;
        self.heap.push(Reverse((at, self.set, timer)));
    }

    pub(crate) fn next(&self) -> Option<Moment> {
        self.heap.peek().map(|Reverse((at, _, _))| *at)
    }

    pub(crate) fn pop_due(&mut self, now: Moment) -> Option<(Moment, Timer)> {
        if self.next()? > now {
            return None;
        }
        self.heap.pop().map(|Reverse((at, _, timer))| (at, timer))
    }
}
