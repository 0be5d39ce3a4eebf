//! The shell of call flows: one actor per account feeds webhooks, timers and answers to the pure interpreter, and performs
//! what comes out.
//!
//! Promises that a webhook is acknowledged only when the commands that follow from it were accepted; that the commands of one
//! call leave in order, one at a time; that calls under way are found again after a restart; that a call whose flow cannot
//! be found is hung up instead of being left silent; that a talk whose webhooks were lost is not cut; and that the dialer knows what a flow says of an attempt. Decides nothing about
//! what a flow does, nor what follows for an attempt.

mod acknowledgement;
mod actor;
mod attempts;
mod calls;
mod catalogue;
mod inbound;
mod lines;
mod look_up;
mod metrics;
mod policies;
mod recover;
mod send;
mod tally;
mod transcript;
mod user_webhook;

pub use attempts::Attempts;
pub use catalogue::{Catalogue, Found, Runnable, Unpinnable};
pub use inbound::Applications;
pub use lines::{FlowParts, Flows};
pub use metrics::Metrics;
pub use policies::ConferencePolicies;
pub use tally::{StepDelta, Tally};
pub use transcript::{Happening, Transcript};
pub(crate) use user_webhook::signature;
pub use user_webhook::{Secrets, UserWebhooks};
