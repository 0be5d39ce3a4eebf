//! Which cluster and namespace.

use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};

use super::error::PluginError;
use super::options::Options;

/// A cluster as whoever runs the plugin, and the namespace that is looked at.
pub(super) struct Place {
    pub(super) kube: Client,
    pub(super) namespace: String,
}

impl Place {
    pub(super) async fn find(options: &Options) -> Result<Self, PluginError> {
        let which = KubeConfigOptions { context: options.context.clone(), ..KubeConfigOptions::default() };
        let config = match &options.kubeconfig {
            Some(path) => {
                let file = Kubeconfig::read_from(path)
                    .map_err(|source| PluginError::KubeconfigFile { path: path.clone(), source })?;
                Config::from_custom_kubeconfig(file, &which).await
            }
            None => Config::from_kubeconfig(&which).await,
        };
        let config = config.map_err(PluginError::Kubeconfig)?;
        let namespace = options.namespace.clone().unwrap_or_else(|| config.default_namespace.clone());
        let kube = Client::try_from(config).map_err(PluginError::Cluster)?;
        Ok(Self { kube, namespace })
    }
}
