//! What users name by URL: fetches documents (lists of targets, lists of numbers not to call), and leads to programs ([`Programs`]).
//!
//! Promises that only addresses that [`Reach`] allows are connected to, over every redirect and whatever DNS says; that size
//! and time are bounded, also against a server that says nothing about its size or sends a byte a minute; and that nothing of
//! a URL but its host is ever in an error, since queries carry signatures; and that nobody gets at the operator's own
//! credentials: nothing is taken from its environment. Does not know what the bytes mean.

mod body;
mod client;
mod places;
mod programs;
mod reach;
mod stores;

pub use body::Body;
pub(crate) use client::public_roots;
pub use client::{Answer, FetchError, Fetcher, Question, SetupError, Version};
pub use places::{BadCredentials, Credentials, Place};
pub(crate) use programs::refused;
pub use programs::{Hosts, Programs};
pub use reach::{Reach, Refused};

#[cfg(test)]
mod tests;
