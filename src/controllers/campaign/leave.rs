//! The way out of a campaign that is being deleted: no call is started, and it stays until those under way have ended.

use std::time::Duration;

use jiff::Timestamp;

use super::cut::has_jobs;
use super::held::Held;
use super::pass::{LOOK_AGAIN, Pass, PassError};
use super::report::Situation;
use crate::dialing::Standing;
use crate::dialing::labels::{FINALIZER, MayBeComplete};
use crate::reconcile::{Departure, is_held, release};

/// A campaign whose dialer does not run is let go when its last call must have ended: the longest call and a minute.
const DRAIN_GRACE: i64 = 60;

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
        let may_leave = self.may_leave(line.is_some(), standing.as_ref())
            || (line.is_none() && self.nobody_will_know().await)
            || (standing.is_none() && !has_jobs(&self.context.client, self.campaign).await?);
        if may_leave {
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
        if nobody || self.campaign.is_complete() {
            return true;
        }
        let since = self.campaign.metadata.deletion_timestamp.as_ref().map_or(Timestamp::MIN, |since| since.0);
        let longest = i64::from(self.campaign.spec.plan.max_call_secs) + DRAIN_GRACE;
        let waited_long = Timestamp::now().duration_since(since).as_secs() > longest;
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
