//! A `DialJob` and its Secret, read into what the dialer takes.

use audience::Row;
use dialer::event::LoadedJob;
use dialer::target::{BadStoredState, TargetState};
use dialer::{JobId, NotAnId, OwnerId, Version};
use k8s_openapi::api::core::v1::Secret;
use kube::{Api, Client};

use super::job_record::JobRecord;
use super::targets::{self, TargetsError};
use crate::api::DialJob;

/// Why a job cannot be handed to the dialer.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The API server did not give the Secret.
    #[error("the Secret {name} with the job's targets cannot be read")]
    Secret {
        /// Its name.
        name: String,
        /// What the API server said.
        #[source]
        source: kube::Error,
    },
    /// The Secret lacks the key.
    #[error("the Secret {name} has no key {key}: restore it")]
    NoKey {
        /// Its name.
        name: String,
        /// The key.
        key: String,
    },
    /// The targets cannot be used.
    #[error("the job's targets cannot be used")]
    Targets(#[from] TargetsError),
    /// The status was edited.
    #[error("status.targets[{index}] was altered by somebody else: {problem}")]
    State {
        /// Which target.
        index: usize,
        /// What is wrong.
        problem: BadStoredState,
    },
    /// The status speaks of other targets.
    #[error("status.targets[{index}] is of another target than the spec has there")]
    OtherTarget {
        /// Which target.
        index: usize,
    },
    /// Not an object of the API server's.
    #[error("the job has no usable uid, owner or version")]
    NotStored(#[from] NotAnId),
}

impl LoadError {
    /// Whether trying again may help without anybody doing anything.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Secret { source: kube::Error::Api(status), .. } => status.code != 404,
            Self::Secret { .. } => true,
            Self::NoKey { .. }
            | Self::Targets(_)
            | Self::State { .. }
            | Self::OtherTarget { .. }
            | Self::NotStored(_) => false,
        }
    }
}

/// The job with its targets, and where to write its states.
pub(super) async fn load(client: &Client, job: &DialJob) -> Result<(JobRecord, LoadedJob), LoadError> {
    let rows = rows(client, job).await?;
    assemble(job, rows)
}

/// As [`load`], of a job whose targets are at hand.
pub(super) fn assemble(job: &DialJob, rows: Vec<Row>) -> Result<(JobRecord, LoadedJob), LoadError> {
    let (version, states) = states(job)?;
    let ids = targets::ids(&rows);
    let written = job.status.iter().flat_map(|status| &status.targets);
    if let Some(index) = written.zip(ids.iter()).position(|(state, id)| state.id != id.as_str()) {
        return Err(LoadError::OtherTarget { index });
    }
    let (id, owner) = (id(job)?, owner(job)?);
    let record = JobRecord::new(job, (id.clone(), owner.clone()), ids);
    Ok((record, LoadedJob { job: id, owner, version, targets: targets::specs(rows), states }))
}

/// The job's name for the dialer.
pub(super) fn id(job: &DialJob) -> Result<JobId, NotAnId> {
    JobId::parse(job.metadata.uid.as_deref().unwrap_or_default())
}

/// Whose targets these are: the campaign's, or the job's own.
pub(super) fn owner(job: &DialJob) -> Result<OwnerId, NotAnId> {
    let own = job.metadata.uid.as_deref().unwrap_or_default();
    OwnerId::parse(job.spec.campaign_ref.as_ref().map_or(own, |campaign| campaign.uid.as_str()))
}

/// The states as stored, and at which version.
pub(super) fn states(job: &DialJob) -> Result<(Version, Vec<TargetState>), LoadError> {
    let version = Version::new(job.metadata.resource_version.as_deref().ok_or(NotAnId)?);
    let states = job
        .status
        .iter()
        .flat_map(|status| &status.targets)
        .enumerate()
        .map(|(index, target)| {
            TargetState::try_from(target.state.clone()).map_err(|problem| LoadError::State { index, problem })
        })
        .collect::<Result<_, _>>()?;
    Ok((version, states))
}

/// Where the targets of a job stand, as it was read.
///
/// # Errors
/// Somebody has edited its status.
pub(crate) fn stored_states(job: &DialJob) -> Result<Vec<TargetState>, LoadError> {
    states(job).map(|(_, states)| states)
}

async fn rows(client: &Client, job: &DialJob) -> Result<Vec<Row>, LoadError> {
    let Some(from) = &job.spec.targets_from else {
        return Ok(targets::inline(&job.spec.targets)?);
    };
    let reference = &from.secret_ref;
    let namespace = job.metadata.namespace.as_deref().unwrap_or_default();
    let secrets = Api::<Secret>::namespaced(client.clone(), namespace);
    let name = reference.name.clone();
    let secret = secrets.get(&name).await.map_err(|source| LoadError::Secret { name: name.clone(), source })?;
    let text = secret.data.as_ref().and_then(|data| data.get(&reference.key));
    let text = text.ok_or_else(|| LoadError::NoKey { name, key: reference.key.clone() })?;
    Ok(targets::read(&text.0, &reference.sha256)?)
}
