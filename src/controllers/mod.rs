//! One file, or folder, per kind: how it plugs into the loop or the dialer.

pub mod campaign;
pub mod dial_job;
mod problem;
mod references;
