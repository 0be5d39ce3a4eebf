//! Which programs a cluster is made of and where they are.
//!
//! A program is taken from the directory that `$KUBEBUILDER_ASSETS` names, when it is there; otherwise from the
//! cache, which is filled by compiling the program from its Go module (see [`build`]). `PATH` is not looked at: a
//! kubectl of another version than the API server's would make two machines disagree.

mod build;
mod recipe;

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

pub use build::{BuildError, Progress, build};
pub use recipe::Recipe;

/// One of the programs this crate can provide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// The store of the API server.
    Etcd,
    /// The API server.
    KubeApiserver,
    /// Garbage collection, namespace deletion, ServiceAccounts.
    KubeControllerManager,
    /// The command line client.
    Kubectl,
    /// The chart renderer and installer.
    Helm,
    /// Checks and tries the rules of Prometheus.
    Promtool,
}

impl Program {
    /// Every program.
    pub const ALL: [Self; 6] =
        [Self::Etcd, Self::KubeApiserver, Self::KubeControllerManager, Self::Kubectl, Self::Helm, Self::Promtool];

    /// Its file name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Etcd => "etcd",
            Self::KubeApiserver => "kube-apiserver",
            Self::KubeControllerManager => "kube-controller-manager",
            Self::Kubectl => "kubectl",
            Self::Helm => "helm",
            Self::Promtool => "promtool",
        }
    }

    fn recipe(self) -> Recipe {
        match self {
            Self::Etcd | Self::KubeApiserver | Self::KubeControllerManager | Self::Kubectl => Recipe::kubernetes(),
            Self::Helm => Recipe::helm(),
            Self::Promtool => Recipe::prometheus(),
        }
    }

    /// Where it is, after compiling it when neither `$KUBEBUILDER_ASSETS` nor the cache has it.
    ///
    /// Blocks for minutes then: call it from a thread that may. `progress` hears what is going on.
    pub fn ensure(self, progress: Progress<'_>) -> Result<PathBuf, BuildError> {
        if let Some(path) = in_assets(env::var_os("KUBEBUILDER_ASSETS").as_deref(), self) {
            return Ok(path);
        }
        Ok(build(&self.recipe(), progress)?.join(self.name()))
    }
}

/// The programs that run a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binaries {
    /// etcd.
    pub etcd: PathBuf,
    /// kube-apiserver.
    pub kube_apiserver: PathBuf,
    /// kube-controller-manager.
    pub kube_controller_manager: PathBuf,
    /// kubectl, of the same version.
    pub kubectl: PathBuf,
}

impl Binaries {
    /// Each as [`Program::ensure`] finds it.
    pub fn ensure(progress: Progress<'_>) -> Result<Self, BuildError> {
        Ok(Self {
            etcd: Program::Etcd.ensure(progress)?,
            kube_apiserver: Program::KubeApiserver.ensure(progress)?,
            kube_controller_manager: Program::KubeControllerManager.ensure(progress)?,
            kubectl: Program::Kubectl.ensure(progress)?,
        })
    }
}

fn in_assets(assets: Option<&OsStr>, program: Program) -> Option<PathBuf> {
    let path = Path::new(assets?).join(program.name());
    path.is_file().then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_program_comes_out_of_one_of_all_recipes() {
        for program in Program::ALL {
            let makes = |recipe: &Recipe| recipe.packages.iter().any(|(_, file)| *file == program.name());
            let makers: Vec<_> = Recipe::all().into_iter().filter(makes).map(|recipe| recipe.name).collect();
            assert_eq!(makers, [program.recipe().name], "{}", program.name());
        }
    }

    #[test]
    fn assets_provide_what_they_hold_and_nothing_else() {
        let assets = tempfile::tempdir().unwrap();
        let etcd = assets.path().join("etcd");
        std::fs::write(&etcd, "").unwrap();
        let named = Some(assets.path().as_os_str());
        assert_eq!(in_assets(named, Program::Etcd), Some(etcd));
        assert_eq!(in_assets(named, Program::KubeControllerManager), None);
        assert_eq!(in_assets(None, Program::Etcd), None);
    }
}
