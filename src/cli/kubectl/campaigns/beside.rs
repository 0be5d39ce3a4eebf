//! What a file of manifests holds beside the operator's kinds, `ConfigMap`s and Secrets, for what in the same file names it.

use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::ResourceExt;
use serde::Deserialize as _;
use serde::de::Error as _;
use serde_json::Value;

use crate::controllers::do_not_call_list::offline::Kept;

/// The `ConfigMap`s and Secrets of a file.
#[derive(Default)]
pub(super) struct Beside {
    config_maps: Vec<ConfigMap>,
    secrets: Vec<Secret>,
}

impl Beside {
    /// Takes a document in, if it is one of these.
    pub(super) fn take(&mut self, kind: &str, document: Value) -> Result<(), serde_json::Error> {
        match kind {
            "ConfigMap" => {
                let read = ConfigMap::deserialize(document);
                let named = |error| serde_json::Error::custom(format!("a ConfigMap: {error}"));
                self.config_maps.push(read.map_err(named)?);
            }
            // Its own messages could repeat what it holds.
            "Secret" => self
                .secrets
                .push(Secret::deserialize(document).map_err(|_| serde_json::Error::custom("a Secret cannot be read"))?),
            _ => {}
        }
        Ok(())
    }

    /// What is kept there, for an object of this namespace.
    pub(super) fn find(&self, namespace: Option<&str>, kept: Kept<'_>) -> Option<Vec<u8>> {
        match kept {
            Kept::InConfigMap(name, key) => {
                let found = named(&self.config_maps, namespace, name)?;
                let text = found.data.as_ref().and_then(|data| data.get(key)).map(|text| text.clone().into_bytes());
                text.or_else(|| Some(found.binary_data.as_ref()?.get(key)?.0.clone()))
            }
            Kept::InSecret(name, key) => {
                let found = named(&self.secrets, namespace, name)?;
                let text = found.string_data.as_ref().and_then(|data| data.get(key));
                let text = text.map(|text| text.clone().into_bytes());
                text.or_else(|| Some(found.data.as_ref()?.get(key)?.0.clone()))
            }
        }
    }
}

fn named<'a, K: ResourceExt>(all: &'a [K], namespace: Option<&str>, name: &str) -> Option<&'a K> {
    all.iter().find(|it| it.name_any() == name && it.meta().namespace.as_deref() == namespace)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_kept_is_found_in_its_own_namespace() {
        let mut beside = Beside::default();
        for document in [
            json!({ "kind": "ConfigMap", "metadata": { "name": "m", "namespace": "a" }, "data": { "k": "of a" } }),
            json!({ "kind": "ConfigMap", "metadata": { "name": "m", "namespace": "b" }, "binaryData": { "k": "b2YgYg==" } }),
            json!({ "kind": "Secret", "metadata": { "name": "s" }, "data": { "k": "cGxhaW4=" } }),
            json!({ "kind": "Service", "metadata": { "name": "m" } }),
        ] {
            let kind = document["kind"].as_str().unwrap().to_owned();
            beside.take(&kind, document).unwrap();
        }
        let map = Kept::InConfigMap("m", "k");
        assert_eq!(beside.find(Some("a"), map).unwrap(), b"of a");
        assert_eq!(beside.find(Some("b"), map).unwrap(), b"of b");
        assert_eq!(beside.find(None, Kept::InSecret("s", "k")).unwrap(), b"plain");
        assert_eq!(beside.find(None, map), None);
    }

    #[test]
    fn a_secret_that_cannot_be_read_is_not_repeated() {
        let bad = json!({ "kind": "Secret", "metadata": { "name": "s" }, "stringData": { "k": 15_550_101 } });
        let told = Beside::default().take("Secret", bad).unwrap_err().to_string();
        assert!(!told.contains("15550101"), "{told}");
    }
}
