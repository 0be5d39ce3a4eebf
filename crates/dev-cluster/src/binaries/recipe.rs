//! What is compiled: three Go modules, pinned by their `go.sum`, carried inside this crate so that they are at hand
//! wherever it runs.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

/// A Go module and what to compile out of it.
#[derive(Debug, Clone)]
pub struct Recipe {
    /// Short name, the beginning of its folder in the cache.
    pub(super) name: &'static str,
    pub(super) go_mod: &'static str,
    pub(super) go_sum: &'static str,
    /// The module whose version names the whole, and the packages of `main` programs with the file each becomes.
    pub(super) module: &'static str,
    pub(super) packages: &'static [(&'static str, &'static str)],
    /// Variables that the linker sets, and to what part of the version.
    pub(super) stamps: &'static [(&'static str, Part)],
    /// Build tags, with commas between them.
    pub(super) tags: &'static str,
}

/// A part of `v1.35.4`.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part {
    Whole,
    Major,
    Minor,
}

impl Part {
    fn of(self, version: &str) -> &str {
        let mut numbers = version.trim_start_matches('v').split('.');
        let number = match self {
            Self::Whole => Some(version),
            Self::Major => numbers.next(),
            Self::Minor => numbers.nth(1),
        };
        number.unwrap_or_default()
    }
}

impl Recipe {
    /// Every recipe.
    #[must_use]
    pub fn all() -> [Self; 3] {
        [Self::kubernetes(), Self::helm(), Self::prometheus()]
    }

    /// etcd, the Kubernetes control plane and kubectl.
    #[must_use]
    pub fn kubernetes() -> Self {
        Self {
            name: "k8s",
            go_mod: include_str!("../../binaries/kubernetes/go.mod"),
            go_sum: include_str!("../../binaries/kubernetes/go.sum"),
            module: "k8s.io/kubernetes",
            packages: &[
                ("go.etcd.io/etcd/server/v3", "etcd"),
                ("k8s.io/kubernetes/cmd/kube-apiserver", "kube-apiserver"),
                ("k8s.io/kubernetes/cmd/kube-controller-manager", "kube-controller-manager"),
                ("k8s.io/kubernetes/cmd/kubectl", "kubectl"),
            ],
            stamps: &[
                ("k8s.io/component-base/version.gitVersion", Part::Whole),
                ("k8s.io/component-base/version.gitMajor", Part::Major),
                ("k8s.io/component-base/version.gitMinor", Part::Minor),
            ],
            tags: "",
        }
    }

    /// Helm.
    #[must_use]
    pub fn helm() -> Self {
        Self {
            name: "helm",
            go_mod: include_str!("../../binaries/helm/go.mod"),
            go_sum: include_str!("../../binaries/helm/go.sum"),
            module: "helm.sh/helm/v4",
            packages: &[("helm.sh/helm/v4/cmd/helm", "helm")],
            stamps: &[("helm.sh/helm/v4/internal/version.version", Part::Whole)],
            tags: "",
        }
    }

    /// promtool, Prometheus's own judge of rules.
    #[must_use]
    pub fn prometheus() -> Self {
        Self {
            name: "prometheus",
            go_mod: include_str!("../../binaries/prometheus/go.mod"),
            go_sum: include_str!("../../binaries/prometheus/go.sum"),
            module: "github.com/prometheus/prometheus",
            packages: &[("github.com/prometheus/prometheus/cmd/promtool", "promtool")],
            stamps: &[],
            // Without the clients of every cloud, which only find targets: two thirds of the size, half the time.
            tags: "remove_all_sd",
        }
    }

    /// The version that `go.mod` requires, `v1.2.3`.
    #[must_use]
    pub fn version(&self) -> &'static str {
        self.go_mod
            .lines()
            .filter_map(|line| line.trim().strip_prefix(self.module)?.split_ascii_whitespace().next())
            .find(|version| version.starts_with('v'))
            .unwrap_or("unversioned")
    }

    /// Differs whenever the version of anything that is compiled differs.
    pub(super) fn digest(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(self.go_mod);
        hash.update(self.go_sum);
        hash.update(self.linker_flags());
        hash.update(self.tags);
        let mut digits = String::new();
        for byte in hash.finalize().iter().take(6) {
            let _infallible = write!(digits, "{byte:02x}");
        }
        digits
    }

    /// Without symbols and debug information the binaries have two thirds of their size. The version is stamped as
    /// the projects' own release scripts do: the API server derives from it which features are on, and clients refuse
    /// what they cannot compare.
    pub(super) fn linker_flags(&self) -> String {
        let version = self.version();
        let mut flags = "-s -w".to_owned();
        for (variable, part) in self.stamps {
            let _infallible = write!(flags, " -X {variable}={}", part.of(version));
        }
        flags
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_one_that_go_mod_requires() {
        let recipe = Recipe {
            go_mod: "require (\n\tk8s.io/kubernetes-csi v9.9.9\n\tk8s.io/kubernetes v1.35.4 // indirect\n)",
            ..Recipe::kubernetes()
        };
        assert_eq!(recipe.version(), "v1.35.4");
        let flags = recipe.linker_flags();
        assert!(flags.contains("version.gitVersion=v1.35.4 "), "{flags}");
        assert!(flags.contains("version.gitMajor=1 "), "{flags}");
        assert!(flags.ends_with("version.gitMinor=35"), "{flags}");
    }

    #[test]
    fn every_module_says_its_version() {
        assert!(Recipe::kubernetes().version().starts_with("v1."));
        assert!(Recipe::helm().version().starts_with("v4."));
        // Prometheus 3 counts its module's versions so (v3.13.5 is v0.313.5).
        assert!(Recipe::prometheus().version().starts_with("v0.3"));
    }

    #[test]
    fn every_compiled_package_is_a_tool_of_its_module() {
        for recipe in Recipe::all() {
            for (package, _) in recipe.packages {
                assert!(
                    recipe.go_mod.lines().any(|line| line.trim().trim_start_matches("tool ") == *package),
                    "go.mod of {} has no tool {package}",
                    recipe.name
                );
            }
        }
    }
}
