//! What all tasks of the server share.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::clock::Clock;
use super::journal::Journal;
use crate::config::Config;
use crate::model::World;

/// The world behind its lock, the clock, and the bell that wakes the driver.
///
/// The lock is held for one request or one event at a time, never over an await: each takes microseconds.
pub(super) struct Shared {
    world: Mutex<World>,
    pub(super) clock: Clock,
    pub(super) bell: Notify,
    pub(super) config: Config,
    pub(super) public_key: String,
    pub(super) journal: Option<Journal>,
}

impl Shared {
    pub(super) fn new(config: Config, public_key: String, journal: Option<Journal>) -> Self {
        let clock = Clock::start(config.speed);
        let world = Mutex::new(World::new(config.clone(), clock.now()));
        Self { world, clock, bell: Notify::new(), config, public_key, journal }
    }

    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        // A panic while the lock was held would have to be a bug in the model; the other requests may still go on.
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything is forgotten; the configuration stays.
    pub(super) fn reset(&self) {
        self.world().reset(self.clock.now());
        self.bell.notify_one();
    }
}
