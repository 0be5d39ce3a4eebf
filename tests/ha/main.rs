//! Two replicas: stories on a real API server, with the simulator in Telnyx's place and each replica as a process of its own, so
//! that it can be killed, told to stop, stopped in its tracks and cut off.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests may")]

#[path = "../cluster/mod.rs"]
mod cluster;
mod forwarding;
mod proxy;
mod replicas;
mod spread;
#[path = "../stage/mod.rs"]
mod stage;
mod takeover;
mod upgrade;
#[path = "../campaigns/world.rs"]
#[allow(dead_code, reason = "the stories of campaigns use the rest of it")]
mod world;
