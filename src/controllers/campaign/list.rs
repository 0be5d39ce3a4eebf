//! Reads the list of a campaign, once, and records what was read before anything is made of it.

use super::cut;
use super::held::Held;
use super::pass::{Pass, jobs_needed};
use super::source::{self, Source};
use crate::api::{AudienceStatus, OutboundCampaignStatus, RejectedRow};
use crate::audience::{Audience, Place};
use crate::controllers::problem::Problem;
use crate::dialing::conditions::Reason;

/// Complaints shown in status.
const SHOWN_COMPLAINTS: usize = 100;

impl Pass<'_> {
    /// What was read of the list; reads it when nobody has. Its digest is in status before the first job is made.
    pub(super) async fn audience(&self, held: &mut Held, made: usize) -> Result<AudienceStatus, Problem> {
        let recorded = self.status(held).and_then(|status| status.audience.clone());
        let all_made = |audience: &AudienceStatus| made >= jobs_needed(audience);
        if let Some(recorded) = recorded.clone().filter(|audience| held.rows.is_some() || all_made(audience)) {
            return Ok(recorded);
        }
        let list = self.list(recorded.as_ref()).await?;
        let read =
            list.parse(self.campaign).map_err(|error| Problem::stalled(Reason::InvalidAudience, error.to_string()))?;
        let audience = match recorded {
            Some(recorded) => recorded,
            None => self.record(held, summary(&read)).await?,
        };
        held.rows = Some(cut::in_order(read.rows).into());
        Ok(audience)
    }

    /// The list that was read first, from the copy or from a source that still says the same; of a new campaign, the
    /// source, of which a copy is kept first.
    async fn list(&self, recorded: Option<&AudienceStatus>) -> Result<Source, Problem> {
        let is_it = |list: &Source| recorded.is_none_or(|recorded| recorded.sha256 == list.digest().to_string());
        let client = &self.context.client;
        let kept = source::kept(client, self.campaign).await?;
        let has_copy = kept.is_some();
        if let Some(kept) = kept.filter(is_it) {
            return Ok(kept);
        }
        let list = source::read(client, self.campaign).await?;
        if !is_it(&list) {
            let message = "the list has changed since it was read and the copy of it is gone: restore the list as it was (see \
                           status.audience.sha256), or create another campaign for the targets that are left";
            return Err(Problem::stalled(Reason::AudienceLost, message));
        }
        if !has_copy {
            source::keep(client, self.campaign, &list).await?;
        }
        Ok(list)
    }

    async fn record(&self, held: &mut Held, audience: AudienceStatus) -> Result<AudienceStatus, Problem> {
        let before = self.status(held).cloned().unwrap_or_default();
        self.write(held, OutboundCampaignStatus { audience: Some(audience.clone()), ..before }).await?;
        Ok(audience)
    }
}

fn summary(read: &Audience) -> AudienceStatus {
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    AudienceStatus {
        sha256: read.digest.to_string(),
        total: number(read.rows.len()),
        rejected: number(read.complaints.len()),
        rejected_rows: read
            .complaints
            .iter()
            .take(SHOWN_COMPLAINTS)
            .map(|complaint| RejectedRow {
                line: match complaint.place {
                    Place::Line(line) => number(line),
                    Place::Index(index) => number(index),
                },
                reason: complaint.reason.to_string(),
            })
            .collect(),
    }
}
