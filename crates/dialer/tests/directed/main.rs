//! The dialer, step by step: one test for each promise, and one for each fault that the simulation has found.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    clippy::result_large_err,
    missing_docs,
    unreachable_pub,
    reason = "test helpers: every one of these is a failed test"
)]

#[path = "../fixture/mod.rs"]
mod fixture;

mod desk;

mod abandoned;
mod ambiguity;
mod announcements;
mod caller_ids;
mod campaigns;
mod claims;
mod dials;
mod do_not_call;
mod flows;
mod frequency;
mod late_ends;
mod limits;
mod pacing;
mod removals;
mod rules;
mod suspension;
mod take_over;
mod webhooks;
