//! Receives Telnyx's webhooks: `POST /webhooks/{namespace}/{account}/{object uid}`, nothing else.
//!
//! Promises: what a stranger can make us do is bounded before any work is done for them (connections, head, rate, size);
//! nothing is believed before its Ed25519 signature over the raw body fits the account's key; and an event is
//! acknowledged only when its effect is durable. Until then the answer is one that Telnyx retries: never a 4xx for
//! something that may be wanted later. See [`Answer`] for the table.
//!
//! A replica that does not act for an account verifies its webhooks all the same and passes them on to the one that does, which
//! verifies them again.
//!
//! An account that is not known yet is answered 503 until all accounts have been read, 404 after that. An event that
//! neither an attempt nor a call flow needs is acknowledged at once and counted. One of an attempt that a flow has goes to the
//! flow first and to the dialer then, and is acknowledged when both have what they need.
//!
//! Does not know what an event means for a call.

mod answer;
mod dedupe;
mod doubts;
mod forward;
mod identity;
mod metrics;
mod rate;
mod receive;
mod routes;
mod server;

pub use answer::Answer;
pub use forward::{Forwarder, Holders};
pub use identity::{Expects, Identity, IdentityError};
pub use metrics::Metrics;
pub use receive::Receiver;
pub use routes::{Begun, Delivery, FlowBegin, FlowDelivery, FlowLine, FlowOrder, INBOX, Routes, Verdict};
pub use server::{PeerDoor, serve};

#[cfg(test)]
mod peer_tests;
#[cfg(test)]
mod slow_tests;
#[cfg(test)]
mod tests;
