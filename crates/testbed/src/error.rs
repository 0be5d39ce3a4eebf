//! Why there is no testbed.

use std::io;

use dev_cluster::AccessError;
use dev_cluster::binaries::BuildError;

use crate::{ChartError, KubectlError, MissingProgram, ServiceError, SimulatorError};

/// Why there is no testbed, by the part that is missing.
#[derive(Debug, thiserror::Error)]
pub enum TestbedError {
    /// No cluster.
    #[error("no cluster")]
    Cluster(#[from] AccessError),
    /// No Helm to render the chart with.
    #[error("helm is not to be had")]
    Helm(#[from] BuildError),
    /// The chart cannot be installed.
    #[error("cannot install the chart")]
    Chart(#[from] ChartError),
    /// The cluster refused something.
    #[error("cannot prepare the cluster")]
    Kubectl(#[from] KubectlError),
    /// The operator's program is not where it should be.
    #[error(transparent)]
    Program(#[from] MissingProgram),
    /// The simulator or the operator does not run.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// The simulator did not tell what was asked.
    #[error(transparent)]
    Simulator(#[from] SimulatorError),
    /// A file could not be written, or no port was free.
    #[error("cannot {what}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// Why.
        source: io::Error,
    },
}

impl TestbedError {
    pub(crate) fn io(what: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { what, source }
    }
}

/// Why an account could not be applied.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The simulator did not tell its public key.
    #[error("the simulator does not tell its public key")]
    Simulator(#[from] SimulatorError),
    /// The API server refused it.
    #[error("cannot apply the account")]
    Kubectl(#[from] KubectlError),
}
