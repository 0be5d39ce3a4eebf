//! Reads the list of a campaign, once, and records what was read before anything is made of it.

use std::time::Duration;

use audience::Place;
use tokio::time::Instant;

use super::cut::{self, Earlier};
use super::held::{Held, Refusal};
use super::pass::Pass;
use super::source::{self, List};
use crate::api::{AudienceStatus, OutboundCampaignStatus, RejectedRow};
use crate::controllers::problem::Problem;
use crate::dialing::conditions::Reason;

/// Complaints shown in status.
const SHOWN_COMPLAINTS: usize = 100;
/// How soon a URL is asked again whose list could not be used, while nobody changes the campaign.
const ASK_AGAIN: Duration = Duration::from_mins(1);

impl Pass<'_> {
    /// What was read of the list; reads it when nobody has. The targets of all its jobs are stored before its digest is in
    /// status, and that is before the first job is made: a crash in between is a list that is read again.
    pub(super) async fn audience(&self, held: &mut Held, made: usize) -> Result<AudienceStatus, Problem> {
        if let Some(recorded) = self.status(held).and_then(|status| status.audience.clone()) {
            return Ok(recorded);
        }
        let list = self.read_list(held).await?;
        let earlier = if made == 0 { Earlier::Replace } else { Earlier::Keep };
        cut::store(&self.context.client, self.campaign, &list, earlier).await?;
        self.record(held, self.summary(&list)).await
    }

    /// Stores again what somebody has deleted, if the list is still what it was.
    pub(super) async fn restore(&self, held: &mut Held, recorded: &AudienceStatus) -> Result<(), Problem> {
        let list = self.read_list(held).await?;
        if list.digest.to_string() != recorded.sha256 {
            let message = "Secrets with the campaign's targets were deleted, and the list has changed since it was read: restore \
                           the list as it was (see status.audience.sha256), or create another campaign for the targets that \
                           are left";
            return Err(Problem::stalled(Reason::AudienceLost, message));
        }
        cut::store(&self.context.client, self.campaign, &list, Earlier::Keep).await
    }

    /// Reads the list. Few campaigns do so at once, since each holds its targets meanwhile; and a URL that has given nothing
    /// of use is not asked every few seconds.
    pub(super) async fn read_list(&self, held: &mut Held) -> Result<List, Problem> {
        let generation = self.campaign.metadata.generation;
        if let Some(refusal) = &held.refusal
            && refusal.generation == generation
            && refusal.at.elapsed() < ASK_AGAIN
        {
            return Err(refusal.problem.clone().into());
        }
        let _turn = self.context.readers.acquire().await;
        let read = source::read(&self.context.client, &self.context.fetcher, self.campaign).await;
        let problem = read.as_ref().err().filter(|_| source::is_remote(self.campaign)).and_then(Problem::lasting);
        held.refusal = problem.map(|problem| Refusal { generation, at: Instant::now(), problem });
        read
    }

    async fn record(&self, held: &mut Held, audience: AudienceStatus) -> Result<AudienceStatus, Problem> {
        let before = self.status(held).cloned().unwrap_or_default();
        self.write(held, OutboundCampaignStatus { audience: Some(audience.clone()), ..before }).await?;
        Ok(audience)
    }

    pub(super) fn summary(&self, list: &List) -> AudienceStatus {
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let rejected_rows = list.complaints.iter().take(SHOWN_COMPLAINTS).map(|complaint| RejectedRow {
            line: match complaint.place {
                Place::Line(line) => number(line),
                Place::Index(index) => number(index),
            },
            reason: complaint.reason.to_string(),
        });
        AudienceStatus {
            sha256: list.digest.to_string(),
            total: number(list.rows),
            rejected: number(list.complaints.len()),
            rejected_rows: rejected_rows.collect(),
            rejected_rows_secret: (!list.complaints.is_empty()).then(|| cut::rejected_name(self.campaign)),
            version: list.version.as_ref().map(|version| version.as_str().chars().take(1024).collect()),
        }
    }
}
