//! A whole installation on loopback: a cluster, the simulated Voice API, and the operator under the chart's
//! ServiceAccount.
//!
//! Promises that what is tried here is what a user installs: definitions, roles and ServiceAccount are rendered from
//! the chart, the operator runs as a process of its own with a token of that ServiceAccount, and everything is
//! reached over real sockets. Nothing outlives the [`Testbed`]. Does not know how the operator works inside.

mod chart;
mod error;
mod eventually;
pub mod examples;
mod kubectl;
mod operator;
mod ports;
mod programs;
mod service;
mod simulator;
mod status;
mod testbed;

pub use chart::ChartError;
pub use error::{AccountError, TestbedError};
pub use eventually::{TimedOut, eventually};
pub use kubectl::{Kubectl, KubectlError};
pub use operator::Operator;
pub use ports::Port;
pub use programs::MissingProgram;
pub use service::ServiceError;
pub use simulator::{Simulator, SimulatorError};
pub use status::{condition, is_ready};
pub use testbed::{Builder, Testbed};
