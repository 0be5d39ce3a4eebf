//! Generated files are what the code generates.

use std::fs;
use std::path::{Path, PathBuf};

use telnyx_operator::cli::crds;

/// A file below the workspace.
pub(crate) fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

#[test]
fn the_definitions_in_the_tree_are_those_of_the_code() {
    for dir in ["crds", "charts/telnyx-operator/files/crds"] {
        let expected = crds::files().unwrap();
        for (name, text) in &expected {
            let stored = fs::read_to_string(path(dir).join(name)).unwrap_or_default();
            assert!(stored == *text, "{dir}/{name} is not what the code says: run `make generate` and commit");
            assert!(stored.starts_with(crds::GENERATED), "{dir}/{name} does not say that it is generated");
        }
        let stored = fs::read_dir(path(dir)).unwrap().count();
        assert_eq!(stored, expected.len(), "{dir} holds a file of a kind that is gone");
    }
}

#[test]
fn the_printed_definitions_read_back_as_they_were() {
    for ((name, text), crd) in crds::files().unwrap().iter().zip(telnyx_operator::api::crds()) {
        let read: serde_json::Value = serde_saphyr::from_str(text).unwrap();
        let read: k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition =
            serde_json::from_value(read).unwrap();
        assert_eq!(read, crd, "{name}");
    }
}
