//! What the operator does with call flows: stories on a real API server, with the simulator in Telnyx's place and the operator
//! as a process of its own, so that it can be killed. Each test has a namespace and a simulator of its own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests may")]

mod calls;
#[path = "../cluster/mod.rs"]
mod cluster;
mod mistakes;
mod restarts;
mod revisions;
#[path = "../stage/mod.rs"]
mod stage;
mod users_programs;
mod world;
