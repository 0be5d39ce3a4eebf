//! What whoever runs a cluster relies on: rights that are enough and no more, manifests in any order, status that
//! `kubectl wait`, Argo CD and Flux understand. Each story has a whole installation of its own, with the chart's
//! Deployment as a real process.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod gitops;
mod installed;
mod order;
mod rights;
mod tutorial;
mod world;
