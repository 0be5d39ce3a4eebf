//! The client against a real HTTP server on loopback.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod commands;
mod endpoints;
mod errors;
mod fences;
mod observer;
mod paging;
mod rates;
mod retries;
mod server;
#[path = "../shared/mod.rs"]
mod shared;
mod tls;
