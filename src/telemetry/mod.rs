//! What the operator says about itself: logs, events, metrics, health. Phone numbers, names and keys are in none of them.

mod admin;
mod events;
#[cfg(test)]
pub(crate) mod hearing;
mod lines;
mod log_level;
mod logs;
mod metrics;
pub mod panics;
mod states;
pub mod traces;

pub use admin::{Health, serve};
pub use events::{Events, Publisher, Told};
pub use logs::{LogError, LogFormat, init};
pub(crate) use metrics::Exemplar;
pub use metrics::{Metrics, Panics};
pub use states::States;
