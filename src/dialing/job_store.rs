//! Where claims and results are kept: the status of `DialJob`s, replaced by compare-and-swap.
//!
//! Promises that a save is called stored only on the strength of the API server's own answer, whose new
//! `resourceVersion` is the proof; that "not written" and "nobody knows" are told apart; and that the object, 30 to 90 KB
//! of it, is sent but not read back. Does not know what the states mean.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use dialer::effect::{Save, SaveFailure};
use dialer::{Event, JobId, OwnerId, TargetState, Version};
use http::{Method, Request, StatusCode, header};
use jiff::Timestamp;
use kube::Client;
use kube::client::Body;
use serde::Deserialize;
use tokio::time::timeout;

use super::job_record::JobRecord;
use super::metrics::Metrics;
use crate::results::Couriers;

/// For the API server to answer. Longer than its own request timeout would only hide that it is in trouble.
const PATIENCE: Duration = Duration::from_secs(10);
/// Asks for the answer's metadata alone.
const METADATA_ONLY: &str = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";

/// The jobs of one account.
#[derive(Clone)]
pub(super) struct JobStore {
    client: Client,
    records: Arc<RwLock<BTreeMap<JobId, Arc<JobRecord>>>>,
    couriers: Couriers,
    metrics: Metrics,
}

impl JobStore {
    /// `couriers` are told of what is stored.
    pub(super) fn new(client: Client, couriers: Couriers, metrics: Metrics) -> Self {
        Self { client, records: Arc::default(), couriers, metrics }
    }

    /// From now on the job can be saved and read.
    pub(super) fn know(&self, job: JobId, record: JobRecord) {
        self.records.write().unwrap_or_else(PoisonError::into_inner).insert(job, Arc::new(record));
    }

    pub(super) fn knows(&self, job: &JobId) -> bool {
        self.record(job).is_some()
    }

    pub(super) fn forget(&self, job: &JobId) {
        self.records.write().unwrap_or_else(PoisonError::into_inner).remove(job);
    }

    /// The jobs of an owner.
    pub(super) fn jobs_of(&self, owner: &OwnerId) -> Vec<JobId> {
        let records = self.records.read().unwrap_or_else(PoisonError::into_inner);
        records.iter().filter(|(_, record)| record.owner() == owner).map(|(job, _)| job.clone()).collect()
    }

    /// Jobs whose cursor of delivered results is not stored.
    pub(super) fn with_unstored_cursor(&self) -> Vec<JobId> {
        let records = self.records.read().unwrap_or_else(PoisonError::into_inner);
        records.iter().filter(|(_, record)| !record.cursor().is_stored()).map(|(job, _)| job.clone()).collect()
    }

    /// The courier of the job's owner, if there is one, looks for results in these states, which the store holds.
    pub(super) fn deliver(&self, job: &JobId, states: impl Into<Arc<[TargetState]>>) {
        let Some(record) = self.record(job) else { return };
        if let Some(courier) = self.couriers.of(record.owner()) {
            courier.note(record.cursor(), states.into());
        }
    }

    fn record(&self, job: &JobId) -> Option<Arc<JobRecord>> {
        self.records.read().unwrap_or_else(PoisonError::into_inner).get(job).cloned()
    }

    /// One compare-and-swap, once.
    pub(super) async fn save(&self, save: Save) -> Event {
        let Some(record) = self.record(&save.job) else {
            return save.failed(SaveFailure::Gone);
        };
        let written = record.next(&save.states, Timestamp::now());
        let request = match record.put(&written, &save.base, &save.states) {
            Ok(request) => request,
            Err(error) => {
                tracing::error!(job = %save.job, %error, "a job's status cannot be written as JSON");
                return save.failed(SaveFailure::Conflict);
            }
        };
        let swapped = self.swap(request).await;
        self.metrics.saved(swapped.as_ref().map(|_| ()).map_err(|why| *why));
        match swapped {
            Ok(version) => {
                record.keep(written);
                self.deliver(&save.job, Arc::clone(&save.states));
                save.stored(version)
            }
            Err(why) => {
                tracing::warn!(job = %save.job, ?why, "a job's states could not be saved");
                save.failed(why)
            }
        }
    }

    async fn swap(&self, request: Request<Body>) -> Result<Version, SaveFailure> {
        let (status, body) = match timeout(PATIENCE, self.send(request)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => {
                tracing::debug!(%error, "no answer to a save");
                return Err(SaveFailure::FateUnknown);
            }
            Err(_) => return Err(SaveFailure::FateUnknown),
        };
        if status.is_success() {
            // Stored without doubt; without the version the next save could only fail, so it is read again.
            return serde_json::from_slice(&body).map(Meta::version).map_err(|_| SaveFailure::FateUnknown);
        }
        Err(match status {
            StatusCode::NOT_FOUND => SaveFailure::Gone,
            // Refused before storage: by version, admission, authorization or flow control.
            status if status.is_client_error() => SaveFailure::Conflict,
            _ => SaveFailure::FateUnknown,
        })
    }

    /// The states as stored now.
    pub(super) async fn load(&self, job: JobId) -> Event {
        let Some(record) = self.record(&job) else {
            return Event::ReloadFailed { job };
        };
        let api = kube::Api::<crate::api::DialJob>::namespaced(self.client.clone(), record.namespace());
        let read = match timeout(PATIENCE, api.get(record.name())).await {
            Ok(Ok(read)) => read,
            Ok(Err(error)) => {
                tracing::warn!(%job, %error, "a job's states could not be read");
                return Event::ReloadFailed { job };
            }
            Err(_) => return Event::ReloadFailed { job },
        };
        match super::load::states(&read) {
            Ok((version, states)) => Event::Reloaded { job, version, states },
            Err(error) => {
                tracing::error!(%job, %error, "a job's stored states are damaged");
                Event::ReloadFailed { job }
            }
        }
    }

    async fn send(&self, request: Request<Body>) -> kube::Result<(StatusCode, bytes::Bytes)> {
        use http_body_util::BodyExt as _;
        let answer = self.client.send(request).await?;
        let status = answer.status();
        Ok((status, answer.into_body().collect().await?.to_bytes()))
    }
}

/// All that is read of an answer.
#[derive(Deserialize)]
struct Meta {
    metadata: Metadata,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    resource_version: Box<str>,
}

impl Meta {
    fn version(self) -> Version {
        Version::new(&self.metadata.resource_version)
    }
}

/// A replacement of a status, answered by metadata alone.
pub(super) fn put(path: &str, body: Vec<u8>) -> http::Result<Request<Body>> {
    Request::builder()
        .method(Method::PUT)
        .uri(path)
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, METADATA_ONLY)
        .body(Body::from(body))
}
