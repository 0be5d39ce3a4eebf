//! The request budget of one account: everything that talks to the API in its name shares one.
//!
//! Three lanes wait for their turn: commands on live calls first, then edits and dials, then resync. The budget learns from the
//! `x-ratelimit-*` headers, stops all requests after a 429 that says so, and only dials after one that means dials.
//!
//! Deciding is done by a core that takes the time as an argument; this module waits and wakes.

mod core;
mod queues;
mod quota;
mod tally;
#[cfg(test)]
mod tests;
mod window;

pub use window::{DialWindow, GUARD, WINDOW};

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use self::core::Core;
pub(crate) use self::queues::Ask;
use self::queues::Ticket;
use crate::error::RateLimit;

/// Whose turn comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Lane {
    /// Commands on calls that people are on. First in every queue, with room of their own.
    LiveCall,
    /// Edits of what is configured, and dials.
    #[default]
    Edit,
    /// Reading back what is configured. Last, but never starved: one goes for every 16 edits and dials.
    Resync,
}

/// The bounds of a budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BudgetConfig {
    /// Requests of edits, dials and resync that may be out at once.
    pub concurrency: u32,
    /// Commands on live calls that may be out at once, beside those.
    pub live_concurrency: u32,
    /// Dials per second of the account; Telnyx gives 30 unless support raised it.
    pub dials_per_second: u32,
}

impl Default for BudgetConfig {
    fn default() -> Self {
        Self { concurrency: 32, live_concurrency: 64, dials_per_second: 30 }
    }
}

/// What a budget is doing, for status and metrics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BudgetState {
    /// Requests per window, as the API last said.
    pub quota_limit: Option<u32>,
    /// Requests left in the window, as far as known.
    pub quota_remaining: Option<u32>,
    /// All requests wait so long.
    pub paused_for: Option<Duration>,
    /// Dials wait so long.
    pub dials_paused_for: Option<Duration>,
    /// The dial limit in force.
    pub dials_per_second: u32,
    /// Dials of the last 5 seconds.
    pub dials_in_window: usize,
    /// The first lane.
    pub live_call: LaneState,
    /// The second lane, dials included.
    pub edit: LaneState,
    /// The third lane.
    pub resync: LaneState,
}

/// What a lane is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneState {
    /// Requests that wait for their turn.
    pub waiting: usize,
    /// Requests that are out.
    pub in_flight: u32,
    /// Requests that had their turn, ever.
    pub admitted: u64,
    /// How long they waited for it, together.
    pub waited: Duration,
}

/// Draws a number from 0 to 1. Injected so that a test can know it.
pub type Jitter = Arc<dyn Fn() -> f64 + Send + Sync>;

/// The budget of an account. Cheap to clone; clones share it.
#[derive(Clone)]
pub struct Budget {
    shared: Arc<Shared>,
}

struct Shared {
    started: Instant,
    jitter: Jitter,
    queue: Mutex<Queue>,
}

struct Queue {
    core: Core,
    waiters: HashMap<Ticket, Waiter>,
    /// Who sleeps until when on behalf of all: one timer, not one per waiter.
    watch: Option<(Ticket, Duration)>,
}

struct Waiter {
    granted: bool,
    bell: Arc<Notify>,
}

impl Budget {
    /// A budget with bounds, and with randomness of its own for the pauses.
    #[must_use]
    pub fn new(config: BudgetConfig) -> Self {
        Self::with_jitter(config, Arc::new(crate::client::random_jitter))
    }

    /// A budget whose pauses take their randomness from `jitter`.
    #[must_use]
    pub fn with_jitter(config: BudgetConfig, jitter: Jitter) -> Self {
        let queue = Queue { core: Core::new(config), waiters: HashMap::new(), watch: None };
        Self { shared: Arc::new(Shared { started: Instant::now(), jitter, queue: Mutex::new(queue) }) }
    }

    /// What it is doing.
    #[must_use]
    pub fn state(&self) -> BudgetState {
        self.shared.lock().core.state(self.shared.now())
    }

    /// Changes the dial limit, for example to what the API says it is.
    pub fn set_dials_per_second(&self, per_second: u32) {
        self.shared.change(|core, now| core.set_dials_per_second(now, per_second));
    }

    /// Waits for a turn. Cancel safe: dropping the future gives the place to the next.
    pub(crate) async fn turn(&self, ask: Ask) -> Permit {
        let now = self.shared.now();
        let place = {
            let mut queue = self.shared.lock();
            let ticket = queue.core.enter(now, ask);
            if queue.settle(now, Some(ticket)) {
                return Permit { shared: Arc::clone(&self.shared), ask };
            }
            let bell = Arc::new(Notify::new());
            queue.waiters.insert(ticket, Waiter { granted: false, bell: Arc::clone(&bell) });
            Place { shared: &self.shared, ticket, ask, bell }
        };
        place.wait().await
    }
}

impl std::fmt::Debug for Budget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Budget").field(&self.state()).finish()
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self::new(BudgetConfig::default())
    }
}

impl Shared {
    fn now(&self) -> Duration {
        self.started.elapsed()
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        // Nothing panics while it holds the lock; were it to, the queue would still be whole.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut Core, Duration)) {
        let now = self.now();
        let mut queue = self.lock();
        change(&mut queue.core, now);
        queue.settle(now, None);
    }
}

impl Queue {
    /// Hands out all turns that are due, and sees to it that somebody sleeps until the next one. Says whether the turn of
    /// `newcomer`, who has no bell yet, was among them.
    fn settle(&mut self, now: Duration, newcomer: Option<Ticket>) -> bool {
        let mut newcomer_goes = false;
        while let Some(ticket) = self.core.poll(now) {
            newcomer_goes |= Some(ticket) == newcomer;
            if let Some(waiter) = self.waiters.get_mut(&ticket) {
                waiter.granted = true;
                waiter.bell.notify_one();
            }
        }
        let watch = self.core.eldest().zip(self.core.wake(now));
        if watch != self.watch {
            self.watch = watch;
            if let Some(waiter) = watch.and_then(|(ticket, _)| self.waiters.get(&ticket)) {
                waiter.bell.notify_one();
            }
        }
        newcomer_goes
    }
}

/// A place in the queue; given up when dropped.
struct Place<'a> {
    shared: &'a Arc<Shared>,
    ticket: Ticket,
    ask: Ask,
    bell: Arc<Notify>,
}

impl Place<'_> {
    async fn wait(self) -> Permit {
        loop {
            let until = {
                let mut queue = self.shared.lock();
                queue.settle(self.shared.now(), None);
                if queue.waiters.get(&self.ticket).is_some_and(|waiter| waiter.granted) {
                    queue.waiters.remove(&self.ticket);
                    return Permit { shared: Arc::clone(self.shared), ask: self.ask };
                }
                queue.watch.filter(|(ticket, _)| *ticket == self.ticket).map(|(_, at)| self.shared.started + at)
            };
            match until {
                Some(at) => tokio::select! {
                    () = self.bell.notified() => {}
                    () = tokio::time::sleep_until(at) => {}
                },
                None => self.bell.notified().await,
            }
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let now = self.shared.now();
        let mut queue = self.shared.lock();
        match queue.waiters.remove(&self.ticket) {
            // It left with its turn: the permit takes over.
            None => return,
            Some(waiter) if waiter.granted => queue.core.finish(self.ask),
            Some(_) => queue.core.leave(self.ticket, self.ask),
        }
        queue.settle(now, None);
    }
}

/// Leave to send one request; the next in line goes when it is dropped.
pub(crate) struct Permit {
    shared: Arc<Shared>,
    ask: Ask,
}

impl Permit {
    /// An answer came.
    pub(crate) fn answered(&self, rate: RateLimit) {
        if rate.remaining.is_some() {
            self.shared.change(|core, now| core.learn(now, rate));
        }
    }

    /// A 429 about all requests.
    pub(crate) fn requests_refused(&self, reset: Option<Duration>) {
        let jitter = (self.shared.jitter)();
        self.shared.change(|core, now| core.requests_refused(now, reset, jitter));
    }

    /// A 429 about dials.
    pub(crate) fn dials_refused(&self) {
        let jitter = (self.shared.jitter)();
        self.shared.change(|core, now| core.dials_refused(now, jitter));
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.shared.change(|core, _| core.finish(self.ask));
    }
}
