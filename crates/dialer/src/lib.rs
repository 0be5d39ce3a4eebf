//! The outbound dialer as a pure state machine: claims, pacing, retries, windows, outcomes, recovery.

mod agenda;
mod announcement;
pub mod call;
mod claim;
pub mod client_state;
mod dialer;
pub mod effect;
pub mod event;
mod flight;
mod ids;
mod job;
mod now;
pub mod outcome;
mod owner;
mod pacing;
mod phone;
mod progress;
mod retry;
pub mod spec;
pub mod target;
mod window;

use std::time::Duration;

pub use claim::{Claim, Saved};
pub use client_state::ClientState;
pub use dialer::{Dialer, Tuning, Wake, WakeReason};
pub use effect::Effect;
pub use event::Event;
pub use ids::{
    AttemptKey, CallControlId, CallLegId, CommandId, DeliveryToken, DialKey, JobId, Leg, NotAnId, OwnerId, SessionId,
    TargetId, Version,
};
pub use now::Now;
pub use outcome::Outcome;
pub use phone::{NotE164, PhoneNumber};
pub use progress::{Counts, JobProgress, Progress, Tallied, WaitingFor};
pub use spec::CampaignSpec;
pub use target::TargetState;

/// How long a webhook may wait for its answer. Telnyx's default patience is 2 s (Telnyx: receiving webhooks guide).
pub const ACK_PATIENCE: Duration = Duration::from_millis(1800);
