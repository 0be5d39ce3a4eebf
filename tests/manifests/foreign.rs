//! Definitions of other projects' kinds, out of their own Go modules: the Gateway API and the Prometheus Operator.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// A published module, its checksum as Go reckons it, and the definitions that the chart's objects need.
struct Module {
    name: &'static str,
    sum: &'static str,
    files: &'static [&'static str],
}

const MODULES: [Module; 2] = [
    Module {
        name: "sigs.k8s.io/gateway-api@v1.6.0",
        sum: "h1:735YBRj5NXFrOGX0GoSjwzUIzbz8kiEOfADsqHFmHgE=",
        files: &["config/crd/standard/gateway.networking.k8s.io_httproutes.yaml"],
    },
    Module {
        name: "github.com/prometheus-operator/prometheus-operator@v0.85.0",
        sum: "h1:M5xLCLEoaW2IJfnuCwFzzpL+jSVQu3KGT84Pye+fW8s=",
        files: &[
            "example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml",
            "example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml",
        ],
    },
];

/// The files, downloaded into Go's module cache where they are not there yet.
pub(crate) fn definitions() -> Vec<PathBuf> {
    let outside = tempfile::tempdir().unwrap();
    let mut files = vec![];
    for module in MODULES {
        let output = Command::new("go")
            .args(["mod", "download", "-json", module.name])
            .current_dir(outside.path())
            .env("GOWORK", "off")
            .output()
            .unwrap();
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(answer["Sum"], module.sum, "{}: {answer}", module.name);
        let folder = Path::new(answer["Dir"].as_str().unwrap());
        files.extend(module.files.iter().map(|file| folder.join(file)));
    }
    files
}
