//! What the agents of a campaign are doing, read at Telnyx every few seconds and told to its dialer.
//!
//! Read here and not taken from the queue's own status: an empty queue is looked at with the account's listing alone, every
//! ten minutes, and a dialer needs to know within seconds that nobody waits. When it cannot be read the dialer is told
//! nothing, and takes nobody for free after a minute. Does not know how many calls follow from it.

use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::Api;
use telnyx_voice::{Endpoint, Lane};

use super::pass::Pass;
use crate::api::{Conference, Queue};
use crate::controllers::problem::Problem;
use crate::dialing::Line;
use crate::dialing::conditions::Reason;
use crate::reconcile::{Doing, outcome_of};

/// How often they are looked at.
pub(super) const PACE: Duration = Duration::from_secs(5);

impl Pass<'_> {
    /// Whether somebody has to tell the dialer what the campaign's agents are doing.
    pub(super) fn has_agents_to_watch(&self) -> bool {
        let adaptive = self.campaign.spec.plan.pacing.adaptive.as_ref();
        adaptive.is_some_and(|it| it.agents.queue_ref.is_some() || it.agents.conference_ref.is_some())
    }

    /// Tells the dialer who waits and who is free.
    pub(super) async fn tell_agents(&self, line: &Line) -> Result<(), Problem> {
        let Some(adaptive) = &self.campaign.spec.plan.pacing.adaptive else { return Ok(()) };
        let agents = &adaptive.agents;
        if let (Some(queue), Some(count)) = (&agents.queue_ref, agents.count)
            && let Some(waiting) = self.waiting_in(&queue.name).await?
        {
            line.agents(self.owner.clone(), count, waiting).await?;
        }
        if let Some(conference) = &agents.conference_ref {
            let free = self.on_hold_in(&conference.name).await?;
            line.agents(self.owner.clone(), free, 0).await?;
        }
        Ok(())
    }

    /// Callers in a queue. `None`: it could not be read.
    async fn waiting_in(&self, name: &str) -> Result<Option<u32>, Problem> {
        let wait = |problem: &str| {
            let message = format!("spec.pacing.adaptive.agents.queueRef: Queue {name} {problem}");
            Problem::waiting(Reason::AgentsNotReady, message)
        };
        let api = Api::<Queue>::namespaced(self.context.client.clone(), &self.namespace());
        let queue = api.get_opt(name).await?.ok_or_else(|| wait("does not exist"))?;
        let id = queue.status.and_then(|status| status.remote.id).ok_or_else(|| wait("is not Ready yet"))?;
        let Some(account) = self.context.accounts.ready(&self.references().account()) else { return Ok(None) };
        match account.client().lane(Lane::Resync).get_queue(&id).await {
            Ok(queue) => Ok(Some(queue.current_size.and_then(|size| u32::try_from(size).ok()).unwrap_or(0))),
            Err(error) => {
                let outcome = outcome_of(&error, Endpoint::Queues, Doing::Reading, &account);
                tracing::debug!(?outcome, "who waits for a campaign's agents could not be read");
                Ok(None)
            }
        }
    }

    /// Participants on hold in a conference, as its controller saw it within the last seconds.
    async fn on_hold_in(&self, name: &str) -> Result<u32, Problem> {
        let api = Api::<Conference>::namespaced(self.context.client.clone(), &self.namespace());
        let Some(conference) = api.get_opt(name).await? else {
            let message = format!("spec.pacing.adaptive.agents.conferenceRef: Conference {name} does not exist");
            return Err(Problem::waiting(Reason::AgentsNotReady, message));
        };
        // What the controller could not read lately may be long gone.
        let is_fresh = |condition: &Condition| !(condition.type_ == "Synced" && condition.status != "True");
        let status = conference.status.filter(|status| status.conditions.iter().all(is_fresh));
        let participants = status.and_then(|status| status.participants);
        let on_hold = participants.map_or(0, |all| all.list.iter().filter(|one| one.on_hold).count());
        Ok(u32::try_from(on_hold).unwrap_or(u32::MAX))
    }
}
