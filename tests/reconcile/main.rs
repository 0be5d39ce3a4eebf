//! What the operator does with accounts, applications, profiles and queues: stories on a real API server, with the
//! simulator in Telnyx's place. Each test has a namespace, a simulator and an operator of its own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests may")]

#[path = "../cluster/mod.rs"]
mod cluster;

mod admin;
mod conferences;
mod credentials;
mod drift;
mod full_disk;
mod leaving;
mod lifecycle;
mod lost_answers;
mod neighbours;
mod ownership;
mod queues;
mod refusals;
mod world;
