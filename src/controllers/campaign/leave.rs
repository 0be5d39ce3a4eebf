//! The way out of a campaign that is being deleted: no call is started, and it stays until those under way have ended.

use std::time::Duration;

use futures::TryStreamExt;
use jiff::Timestamp;
use kube::api::ListParams;
use kube::{Api, ResourceExt};

use super::cut::has_jobs;
use super::held::Held;
use super::pass::{LOOK_AGAIN, Pass, PassError};
use super::report::Situation;
use crate::api::DialJob;
use crate::dialing::labels::{CAMPAIGN_UID, FINALIZER, MayBeOver};
use crate::dialing::{Line, RememberError, Standing, Whose};
use crate::listing::pages;
use crate::reconcile::{Departure, is_held, release};

/// A campaign whose dialer does not run is let go when its last call must have ended: the longest call and a minute.
const DRAIN_GRACE: i64 = 60;
/// For the sink to take what is left, in seconds. One that is down must not keep a campaign from being deleted.
const DELIVERY_GRACE: i64 = 60;

/// Jobs read at once; one is 30 to 90 KB.
const JOBS_AT_ONCE: u32 = 50;

impl Pass<'_> {
    /// It is being deleted: no call is started, and it stays until those under way have ended.
    pub(super) async fn leave(&self, held: &mut Held) -> Result<Option<Duration>, PassError> {
        if !is_held(self.campaign, FINALIZER) {
            self.context.catalogue.unpin(self.owner.as_str());
            self.context.held.forget(self.owner.as_str());
            return Ok(None);
        }
        let line = self.context.dialers.line(&self.references().account());
        let standing = match &line {
            Some(line) => {
                let _restarting = line.campaign_removed(self.owner.clone()).await;
                line.standing(&self.owner)
            }
            None => None,
        };
        // Each job was held until its own calls had ended: who deletes a namespace deletes the jobs beside the campaign.
        let jobs_gone = standing.is_none() && !has_jobs(&self.context.client, self.campaign).await?;
        let nobody_will_know = line.is_none() && self.nobody_will_know().await;
        let may_leave = self.may_leave(line.is_some(), standing.as_ref()) && self.has_delivered(line.as_ref());
        if jobs_gone || nobody_will_know || may_leave {
            if let Err(error) = self.remember(line.as_ref().filter(|_| standing.is_some())).await {
                tracing::warn!(campaign = %self.campaign.name_any(), namespace = %self.namespace(), %error,
                    "when phones rang for the campaign could not be stored yet: it is not let go");
                return Ok(Some(LOOK_AGAIN));
            }
            if let Some(line) = line {
                let _restarting = line.release(self.owner.clone()).await;
            }
            release(&self.api(), self.campaign, FINALIZER).await?;
            self.context.catalogue.unpin(self.owner.as_str());
            self.context.held.forget(self.owner.as_str());
            return Ok(None);
        }
        self.tell(held, Situation::Draining(standing)).await.map(|after| after.or(Some(LOOK_AGAIN)))
    }

    /// Stores what has to outlive its jobs: as the dialer knows it, or as they tell it themselves.
    async fn remember(&self, line: Option<&Line>) -> Result<(), RememberError> {
        if self.campaign.is_over() {
            return Ok(());
        }
        if let Some(line) = line {
            return self.context.dialers.remember(line, Whose::Owner(self.owner.clone())).await;
        }
        let jobs = Api::<DialJob>::namespaced(self.context.client.clone(), &self.namespace());
        let selector = format!("{CAMPAIGN_UID}={}", self.owner.as_str());
        let mut all = pages(jobs, ListParams::default().labels(&selector).limit(JOBS_AT_ONCE));
        while let Some(page) = all.try_next().await? {
            for job in &page {
                self.context.dialers.remember_stored(&self.references().account(), job).await?;
            }
        }
        Ok(())
    }

    /// Whether its sink, if it has one, has all results, or has had its time.
    fn has_delivered(&self, line: Option<&Line>) -> bool {
        let delivery = line.and_then(|line| line.delivery(&self.owner));
        delivery.is_none_or(|delivery| delivery.is_done()) || self.deleted_for() > DELIVERY_GRACE
    }

    /// Seconds since it was deleted.
    fn deleted_for(&self) -> i64 {
        let since = self.campaign.metadata.deletion_timestamp.as_ref().map_or(Timestamp::MIN, |since| since.0);
        Timestamp::now().duration_since(since).as_secs()
    }

    /// Whether no dialer will ever run for its account again: what became of its calls can no longer be found out.
    async fn nobody_will_know(&self) -> bool {
        let reference = &self.campaign.spec.plan.account_ref;
        match self.context.accounts.departure(reference, &self.namespace()).await {
            Departure::NoAccount | Departure::CredentialsLost => true,
            Departure::Use(_) | Departure::Wait(_) => false,
        }
    }

    /// Whether no call of it can be under way any more.
    fn may_leave(&self, has_line: bool, standing: Option<&Standing>) -> bool {
        let audience = self.campaign.status.as_ref().and_then(|status| status.audience.as_ref());
        // No list was read yet, or nobody on it could be called.
        let nobody = audience.is_none_or(|audience| audience.total == 0);
        if nobody || self.campaign.is_over() {
            return true;
        }
        let longest = i64::from(self.campaign.spec.plan.max_call_secs) + DRAIN_GRACE;
        let waited_long = self.deleted_for() > longest;
        match standing {
            Some(standing) if standing.ready => standing.progress.tallied.counts.in_flight() == 0,
            Some(_) => false,
            // With a dialer that knows no job of it there is nothing under way; without one, time tells. Whether there is a
            // job at all, the API server tells: each stays until its calls have ended, so that with none there is no call.
            None => {
                waited_long || (has_line && self.campaign.status.as_ref().is_some_and(|status| status.jobs.is_none()))
            }
        }
    }
}
