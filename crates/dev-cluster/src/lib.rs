//! A real Kubernetes API for demos, tests and benchmarks: etcd, kube-apiserver and kube-controller-manager on loopback,
//! ready in seconds, gone with the process that started them.
//!
//! Real: RBAC, admission, validation of custom resources, watches, ServiceAccount tokens, garbage collection,
//! deletion of namespaces. Not there on purpose: nodes, a scheduler, and the controllers of workloads, so a
//! Deployment is stored and no Pod comes of it.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use dev_cluster::{Cluster, Options};
//!
//! let cluster = Cluster::start(Options::default()).await?;
//! println!("export KUBECONFIG={}", cluster.kubeconfig().display());
//! cluster.stop().await?;
//! # Ok(()) }
//! ```

pub mod binaries;
mod certificates;
mod chain;
mod cluster;
mod components;
mod home;
mod kubeconfig;
mod probe;
pub mod process;
mod shared;

pub use certificates::CertificateError;
pub use chain::chain;
pub use cluster::{Cluster, Options, StartError};
pub use home::Home;
pub use kubeconfig::{Endpoint, EndpointError};
pub use probe::ProbeError;
pub use shared::{Access, AccessError, SHARED_KUBECONFIG};
