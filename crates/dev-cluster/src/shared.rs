//! One cluster for a whole test run: the run starts it and names it in the environment, a test on its own starts
//! another.

use std::env;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::binaries::{BuildError, Program};
use crate::cluster::{Cluster, Options, StartError};
use crate::kubeconfig::{Endpoint, EndpointError, write_private};

/// The environment variable that names the administrator's kubeconfig of a cluster to use.
pub const SHARED_KUBECONFIG: &str = "TELNYX_OPERATOR_TEST_KUBECONFIG";

/// A cluster to work on, and whose it is.
#[derive(Debug)]
pub enum Access {
    /// Somebody else's, left running. Tests on it keep to namespaces of their own.
    Shared {
        /// The administrator's kubeconfig.
        kubeconfig: PathBuf,
        /// Its API server.
        endpoint: Endpoint,
        /// A kubectl.
        kubectl: PathBuf,
    },
    /// Ours, and gone with this value.
    Own(Box<Cluster>),
}

/// Why there is no cluster to work on.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// The kubeconfig that was named cannot be used.
    #[error("cannot use the cluster of {}", kubeconfig.display())]
    Shared {
        /// The file.
        kubeconfig: PathBuf,
        /// Why.
        source: EndpointError,
    },
    /// kubectl is missing and could not be compiled.
    #[error("kubectl is not to be had")]
    Kubectl(#[from] BuildError),
    /// A cluster of our own did not start.
    #[error("cannot start a cluster")]
    Own(#[from] StartError),
}

impl Access {
    /// The cluster that [`SHARED_KUBECONFIG`] names, else one that is started now.
    pub async fn shared_or_start(options: Options) -> Result<Self, AccessError> {
        match env::var_os(SHARED_KUBECONFIG).filter(|path| !path.is_empty()) {
            Some(path) => Self::shared(PathBuf::from(path)),
            None => Self::start(options).await,
        }
    }

    /// A cluster of our own.
    pub async fn start(options: Options) -> Result<Self, AccessError> {
        Ok(Self::Own(Box::new(Cluster::start(options).await?)))
    }

    /// The cluster that the current context of `kubeconfig` names.
    pub fn shared(kubeconfig: PathBuf) -> Result<Self, AccessError> {
        // Every test of a process asks for the same.
        static KNOWN: Mutex<Option<(PathBuf, Endpoint, PathBuf)>> = Mutex::new(None);
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((path, endpoint, kubectl)) = &*known
            && *path == kubeconfig
        {
            return Ok(Self::Shared { kubeconfig, endpoint: endpoint.clone(), kubectl: kubectl.clone() });
        }
        let kubectl = Program::Kubectl.ensure(&|line| eprintln!("dev-cluster: {line}"))?;
        match Endpoint::of_kubeconfig(&kubectl, &kubeconfig) {
            Ok(endpoint) => {
                *known = Some((kubeconfig.clone(), endpoint.clone(), kubectl.clone()));
                Ok(Self::Shared { kubeconfig, endpoint, kubectl })
            }
            Err(source) => Err(AccessError::Shared { kubeconfig, source }),
        }
    }

    /// The administrator's kubeconfig.
    #[must_use]
    pub fn kubeconfig(&self) -> &Path {
        match self {
            Self::Shared { kubeconfig, .. } => kubeconfig,
            Self::Own(cluster) => cluster.kubeconfig(),
        }
    }

    /// The API server.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        match self {
            Self::Shared { endpoint, .. } => endpoint,
            Self::Own(cluster) => cluster.endpoint(),
        }
    }

    /// A kubectl.
    #[must_use]
    pub fn kubectl(&self) -> &Path {
        match self {
            Self::Shared { kubectl, .. } => kubectl,
            Self::Own(cluster) => cluster.kubectl(),
        }
    }

    /// Writes a kubeconfig for whoever owns `token`, a ServiceAccount's for one.
    pub fn kubeconfig_for_token(&self, token: &str, path: &Path) -> io::Result<()> {
        write_private(path, &self.endpoint().kubeconfig_for_token(token))
    }

    /// The processes of our own cluster: etcd, API server, controller manager. `None` for a shared one.
    #[must_use]
    pub fn pids(&self) -> Option<[u32; 3]> {
        match self {
            Self::Shared { .. } => None,
            Self::Own(cluster) => Some(cluster.pids()),
        }
    }

    /// Stops our own cluster; a shared one stays.
    pub async fn release(self) -> io::Result<()> {
        match self {
            Self::Shared { .. } => Ok(()),
            Self::Own(cluster) => cluster.stop().await,
        }
    }
}
