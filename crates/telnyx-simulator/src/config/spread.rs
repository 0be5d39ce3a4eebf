//! A duration that may be drawn anew each time.

use std::time::Duration;

use rand::RngExt as _;
use serde::{Deserialize, Serialize};

/// Milliseconds of simulated time: a fixed number, or `{min, max}` for an even draw between both, ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Spread {
    /// Always this many milliseconds.
    Fixed(u64),
    /// Evenly drawn; when `min` exceeds `max`, always `min`.
    Uniform {
        /// Least, milliseconds.
        min: u64,
        /// Most, milliseconds.
        max: u64,
    },
}

impl Spread {
    /// An even draw between two numbers of milliseconds.
    #[must_use]
    pub const fn between(min: u64, max: u64) -> Self {
        Self::Uniform { min, max }
    }

    /// One draw, with a grain of a microsecond so that simultaneous calls do not move in step.
    pub fn draw(self, rng: &mut impl rand::Rng) -> Duration {
        match self {
            Self::Fixed(millis) => Duration::from_millis(millis),
            Self::Uniform { min, max } if min < max => {
                Duration::from_micros(rng.random_range(min.saturating_mul(1000)..=max.saturating_mul(1000)))
            }
            Self::Uniform { min, .. } => Duration::from_millis(min),
        }
    }
}
