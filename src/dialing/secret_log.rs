//! A set that only grows, kept in immutable Secrets: each addition is a Secret of its own, and many small ones become few.
//!
//! Promises that what was added is stored when the addition returns, and that nothing stored is ever changed: the operator
//! may create and delete Secrets, not edit them. An addition whose answer was lost is made again and there twice; readers
//! take the content as a set. Does not know what is in it.

use std::collections::BTreeMap;

use futures::TryStreamExt;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use kube::api::{DeleteParams, ListParams, PostParams};
use kube::{Api, Client, ResourceExt};

use crate::listing::pages;

/// The largest content of one Secret: a third of what the API server takes, for base64 makes it larger on the wire.
pub(crate) const PART: usize = 512 * 1024;
/// Secrets listed at once: 16 MB at most.
const PAGE: u32 = 20;

/// Where a set is kept.
#[derive(Clone)]
pub(crate) struct SecretLog {
    /// Talks to the API server.
    pub(crate) client: Client,
    /// In which namespace.
    pub(crate) namespace: String,
    /// The first part of the Secrets' names.
    pub(crate) prefix: String,
    /// The label by which they are found, and its value.
    pub(crate) label: (&'static str, String),
    /// What they go with; `None`: they stay until somebody deletes them.
    pub(crate) owner: Option<OwnerReference>,
}

/// One Secret of a set.
#[derive(Debug)]
pub(crate) struct Part {
    /// Its name.
    pub(crate) name: String,
    /// Its content.
    pub(crate) data: BTreeMap<String, ByteString>,
}

impl SecretLog {
    /// Adds one part, of at most [`PART`] bytes.
    pub(crate) async fn add(&self, data: BTreeMap<String, ByteString>) -> kube::Result<String> {
        let secret = Secret {
            metadata: ObjectMeta {
                generate_name: Some(format!("{}-", self.prefix)),
                labels: Some(BTreeMap::from([(self.label.0.to_owned(), self.label.1.clone())])),
                owner_references: self.owner.clone().map(|owner| vec![owner]),
                ..ObjectMeta::default()
            },
            immutable: Some(true),
            data: Some(data),
            ..Secret::default()
        };
        self.api().create(&PostParams::default(), &secret).await.map(|made| made.name_any())
    }

    /// All that was added.
    pub(crate) async fn read(&self) -> kube::Result<Vec<Part>> {
        let params = ListParams::default().labels(&format!("{}={}", self.label.0, self.label.1)).limit(PAGE);
        let mut secrets = pages(self.api(), params);
        let mut parts = Vec::new();
        while let Some(page) = secrets.try_next().await? {
            let here = page.into_iter().filter(|secret| secret.metadata.deletion_timestamp.is_none());
            parts.extend(here.map(|secret| Part { name: secret.name_any(), data: secret.data.unwrap_or_default() }));
        }
        Ok(parts)
    }

    /// Removes parts that others have replaced, or that nobody needs any more.
    pub(crate) async fn remove(&self, names: &[String]) -> kube::Result<()> {
        for name in names {
            match self.api().delete(name, &DeleteParams::default()).await {
                Ok(_) => {}
                Err(kube::Error::Api(status)) if status.code == 404 => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn api(&self) -> Api<Secret> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }
}
