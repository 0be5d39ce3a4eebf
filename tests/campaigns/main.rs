//! What the operator does with campaigns and jobs: stories on a real API server, with the simulator in Telnyx's place and
//! the operator as a process of its own, so that it can be killed. Each test has a namespace and a simulator of its own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests may")]

#[path = "../cluster/mod.rs"]
mod cluster;

mod adaptive;
mod audience;
mod compliance;
mod credentials;
mod do_not_call;
mod dry_run;
mod exactly_once;
mod flows;
mod jobs;
mod leaving;
mod ledger;
mod limits;
mod outcomes;
mod privacy;
mod results;
mod shelf;
mod sink;
mod sources;
#[path = "../stage/mod.rs"]
mod stage;
mod suspend;
mod traces;
mod webhooks;
mod windows;
mod world;
