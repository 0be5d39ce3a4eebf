//! `kubectl telnyx`: the real program as a user runs it, on a real API server, with the simulator in Telnyx's place.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests may")]

mod accounts;
mod adoption;
mod calls;
#[path = "../cluster/mod.rs"]
mod cluster;
mod completion;
mod conferences;
mod desk;
mod doctor;
mod neighbours;
mod planning;
mod queues;
mod simulate;
mod status;
#[path = "../reconcile/world.rs"]
#[allow(dead_code, reason = "the stories of reconciling use the rest of it")]
mod world;
