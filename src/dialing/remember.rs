//! What has to outlive a job: when its phones rang, and who asked not to be called any more.
//!
//! Promises that both are stored when [`Dialers::remember`] or [`Dialers::remember_stored`] returns, so that whoever waits
//! for it before it lets a job go loses nothing, wherever the process dies. Storing twice changes nothing.

use dialer::{OwnerId, PhoneNumber, Ring, TargetState};
use jiff::Timestamp;
use tokio::sync::oneshot;

use super::actor::Order;
use super::dialers::{Dialers, Line, Stopping};
use super::do_not_call::RecordError;
use super::load::{LoadError, load};
use crate::api::DialJob;
use crate::reconcile::AccountKey;

/// What has to outlive jobs.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// When phones may have rung, and what came of it.
    pub(super) rings: Vec<(PhoneNumber, Ring)>,
    /// Who must not be called any more.
    pub(super) opt_outs: Vec<PhoneNumber>,
}

/// Whose jobs.
#[derive(Clone, Debug)]
pub enum Whose {
    /// All of an owner's.
    Owner(OwnerId),
    /// One.
    Job(dialer::JobId),
}

/// Why it is not stored. Trying again helps, unless the targets are lost.
#[derive(Debug, thiserror::Error)]
pub enum RememberError {
    /// The dialer starts anew.
    #[error(transparent)]
    Stopping(#[from] Stopping),
    /// The API server did not take it.
    #[error("the call ledger could not be read or written")]
    Ledger(#[from] kube::Error),
    /// Opt-outs could not be kept.
    #[error(transparent)]
    OptOuts(#[from] RecordError),
    /// The job's targets could not be read.
    #[error("the job's targets could not be read")]
    Targets(#[source] LoadError),
}

impl RememberError {
    /// The namespace goes, with the ledger and everything in it: there is nothing left to remember for.
    fn is_pointless(&self) -> bool {
        let error = match self {
            Self::Ledger(error) | Self::OptOuts(RecordError::Kube(error)) => error,
            Self::Stopping(_) | Self::OptOuts(RecordError::NotReady) | Self::Targets(_) => return false,
        };
        let kube::Error::Api(status) = error else { return false };
        let mut causes = status.details.iter().flat_map(|details| &details.causes);
        status.code == 404 || causes.any(|cause| cause.reason == "NamespaceTerminating")
    }
}

impl Dialers {
    /// Stores what has to outlive these jobs, as their dialer knows it.
    pub async fn remember(&self, line: &Line, whose: Whose) -> Result<(), RememberError> {
        let (answer, memory) = oneshot::channel();
        line.order(Order::Recall(whose, answer)).await?;
        let memory = memory.await.map_err(|_| Stopping)?;
        self.keep(line.account(), &memory).await
    }

    /// Stores what has to outlive a job that no dialer holds, as its status tells it. A job whose targets are gone or were
    /// altered tells nothing any more.
    pub async fn remember_stored(&self, account: &AccountKey, job: &DialJob) -> Result<(), RememberError> {
        let states = job.status.iter().flat_map(|status| &status.targets).cloned();
        let states: Vec<TargetState> = states.filter_map(|target| TargetState::try_from(target.state).ok()).collect();
        if !states.iter().any(|state| state.tally().dnc || state.rings().next().is_some()) {
            return Ok(());
        }
        let loaded = match load(self.client(), job).await {
            Ok((_, loaded)) => loaded,
            Err(error) if error.is_passing() => return Err(RememberError::Targets(error)),
            Err(error) => {
                tracing::warn!(job = job.metadata.name, namespace = job.metadata.namespace, %error,
                    "when the job's phones rang is forgotten: whom it called cannot be read any more");
                return Ok(());
            }
        };
        let mut memory = Memory::default();
        for (target, state) in loaded.targets.iter().zip(&loaded.states) {
            memory.rings.extend(state.rings().map(|ring| (target.to.clone(), ring)));
            if state.tally().dnc {
                memory.opt_outs.push(target.to.clone());
            }
        }
        if let Some(line) = self.line(account) {
            line.rang(&memory.rings).await?;
        }
        self.keep(account, &memory).await
    }

    async fn keep(&self, account: &AccountKey, memory: &Memory) -> Result<(), RememberError> {
        match self.try_keep(account, memory).await {
            Err(error) if error.is_pointless() => Ok(()),
            other => other,
        }
    }

    async fn try_keep(&self, account: &AccountKey, memory: &Memory) -> Result<(), RememberError> {
        if !memory.opt_outs.is_empty() {
            self.lists().record(self.client(), account, &memory.opt_outs).await?;
        }
        if !memory.rings.is_empty() {
            self.ledgers().of(account).await?.record(&memory.rings, Timestamp::now()).await?;
        }
        Ok(())
    }
}
