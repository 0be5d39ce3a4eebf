//! The operator: shells around the pure crates.

pub mod api;
pub mod calling;
pub mod cli;
pub mod controllers;
pub mod declared;
pub mod dialing;
mod fall;
pub mod fetch;
pub mod flows;
mod listing;
pub mod operator;
pub mod ownership;
mod parts;
pub mod reconcile;
pub mod rehearsal;
pub mod results;
pub mod telemetry;
pub mod webhook;
