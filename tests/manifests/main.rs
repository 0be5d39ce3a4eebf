//! What a real API server makes of our manifests: which it takes, which it refuses and with what words, what it fills
//! in; and that the generated files, the chart and the examples are what they should be.
//!
//! Every test starts a cluster unless `TELNYX_OPERATOR_TEST_KUBECONFIG` names one; `cargo run -p dev-cluster -- run --
//! cargo test --test manifests` starts one for all.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "a test that cannot go on fails"
)]

mod alerts;
mod bases;
mod bounds;
mod bounds_of_calls;
mod bounds_of_remotes;
mod chart;
mod chart_rendered;
mod defaults;
mod examples;
mod foreign;
mod generated;
mod krew;
mod observability;
mod pages;
mod reference;
mod rules;
mod rules_as_tables;
mod schema;
mod server;
