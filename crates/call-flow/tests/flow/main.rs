//! Flows as users write them, driven by webhooks as Telnyx sends them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    clippy::needless_pass_by_value,
    reason = "a test ends at the first surprise"
)]

mod background;
mod conference;
mod coverage;
mod fixture;
mod kinds;
mod laws;
mod problems;
mod run;
