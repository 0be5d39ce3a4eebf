//! One look at one campaign: what it needs, what the dialer is told, which jobs are made.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use dialer::compliance::Rule;
use dialer::spec::Audience as Jobs;
use dialer::{NotAnId, OwnerId, WaitingFor};
use futures::{StreamExt, TryStreamExt, stream};
use kube::{Api, ResourceExt};
use tokio::time::Instant;

use super::Context;
use super::cut::{self, Part};
use super::held::{Held, Told};
use super::parts::{JOB_SIZE, jobs_for};
use super::report::{Gap, Situation};
use crate::api::{AudienceStatus, OutboundCampaign, OutboundCampaignStatus, PinnedFlow};
use crate::controllers::problem::Problem;
use crate::controllers::references::{References, flow_key};
use crate::dialing::conditions::Reason;
use crate::dialing::labels::{FINALIZER, MayBeOver};
use crate::dialing::{FieldError, Line, Standing, Whose, resolve_campaign, set_aside};
use crate::reconcile::hold;
use crate::results::{Address, Origin};

/// How soon what is about to change is looked at again.
pub(super) const LOOK_AGAIN: Duration = Duration::from_secs(2);
/// How long the application's id is believed.
pub(super) const CONNECTION_FRESH: Duration = Duration::from_secs(30);
/// Seconds of dialing that lie cut ahead of need.
const AHEAD_SECS: f64 = 20.0;
/// Jobs made in one pass, and writes at once meanwhile.
const MAKE_AT_ONCE: usize = 8;
/// A job that was made is known to the dialer within this.
const HANDED_IN: Duration = Duration::from_secs(10);

/// An error that the next pass may not meet.
#[derive(Debug, thiserror::Error)]
pub(super) enum PassError {
    #[error("the API server did not do as asked")]
    Kube(#[from] kube::Error),
    #[error("the campaign has no uid")]
    NoUid(#[from] NotAnId),
}

/// Looks once. `Some`: look again after this long, though nothing moves.
pub(super) async fn run(context: &Context, campaign: &OutboundCampaign) -> Result<Option<Duration>, PassError> {
    let owner = OwnerId::parse(campaign.metadata.uid.as_deref().unwrap_or_default())?;
    let entry = context.held.of(owner.as_str());
    let mut held = entry.lock().await;
    let pass = Pass { context, campaign, owner };
    if campaign.metadata.deletion_timestamp.is_some() {
        return pass.leave(&mut held).await;
    }
    if hold(&pass.api(), campaign, FINALIZER, None).await?.is_some() {
        // The watch brings the change back.
        return Ok(None);
    }
    if campaign.is_over() {
        return pass.rest(&mut held).await;
    }
    let advanced = pass.advance(&mut held).await;
    if let Err(Problem::Waiting { reason, .. } | Problem::Stalled { reason, .. }) = &advanced
        && (reason.forbids_calls() || pass.is_outdated(&held))
    {
        pass.hush(&mut held).await;
    }
    match advanced {
        Ok(situation) => pass.tell(&mut held, situation).await,
        Err(Problem::Waiting { reason, message }) => pass.tell(&mut held, Situation::Waiting { reason, message }).await,
        Err(Problem::Stalled { reason, message }) => pass.tell(&mut held, Situation::Stalled { reason, message }).await,
        Err(Problem::Kube(error)) => Err(error.into()),
        Err(Problem::Restarting) => Ok(Some(LOOK_AGAIN)),
    }
}

/// One look at one campaign.
pub(super) struct Pass<'a> {
    pub(super) context: &'a Context,
    pub(super) campaign: &'a OutboundCampaign,
    pub(super) owner: OwnerId,
}

impl Pass<'_> {
    pub(super) fn references(&self) -> References<'_> {
        References { root: "spec", plan: &self.campaign.spec.plan, namespace: self.namespace() }
    }

    pub(super) fn namespace(&self) -> String {
        self.campaign.namespace().unwrap_or_default()
    }

    pub(super) fn api(&self) -> Api<OutboundCampaign> {
        Api::namespaced(self.context.client.clone(), &self.namespace())
    }

    /// Everything that a living campaign needs done now.
    async fn advance(&self, held: &mut Held) -> Result<Situation, Problem> {
        let line = self.references().line(&self.context.dialers)?;
        let connection = self.connection(held).await?;
        let dry_run = self.campaign.spec.dry_run;
        if dry_run && self.status(held).is_none_or(|status| status.audience.is_none()) {
            return self.rehearse_list(held, &connection).await;
        }
        held.rehearsal = held.rehearsal.take().filter(|_| dry_run);
        let flow = self.call_flow(held).await?;
        let mut spec = resolve_campaign(self.campaign, &connection, flow.as_ref().map(flow_key))?;
        spec.suspended |= dry_run;
        let sink = self.sink()?;
        let made = match held.made {
            Some(made) => made,
            None => cut::made(&self.context.client, self.campaign).await?,
        };
        held.made = Some(made);
        let audience = self.audience(held, made).await?;
        let needed = jobs_needed(&audience);
        if needed == 0 {
            return empty(&audience);
        }
        spec.list = Some(audience.total);
        let started = self.status(held).and_then(|status| status.start_time.as_ref()).map(|at| at.0);
        spec.started_at = started.filter(|_| spec.active_deadline.is_some());
        let standing = line.standing(&self.owner);
        if dry_run && made == 0 {
            return self.rehearse_rest(held, spec, &audience, None).await;
        }
        self.count_deleted(held, standing.as_ref(), made, &audience).await?;
        let next = made..needed.min(made + self.wanted(held, standing.as_ref(), made).min(MAKE_AT_ONCE));
        if !next.is_empty() && !dry_run {
            self.make(held, &line, &audience, next, flow.as_ref()).await?;
        }
        let made = held.made.unwrap_or(made);
        let generation = self.campaign.metadata.generation.unwrap_or_default();
        let (life, started) = (line.life(), spec.started_at);
        let set_aside = spec.set_aside.clone();
        let told = Told { generation, set_aside, connection, life, all_made: made >= needed, started };
        if held.told.as_ref() != Some(&told) {
            let jobs = if told.all_made { Jobs::Complete } else { Jobs::MoreToCome };
            line.results(self.owner.clone(), sink).await?;
            line.campaign(self.owner.clone(), Arc::new(spec.clone()), jobs).await?;
            held.told = Some(told);
        }
        self.tell_agents(&line).await?;
        if standing.as_ref().is_some_and(|standing| standing.progress.complete) && !held.remembered {
            // Nobody hands its jobs in again once it is complete.
            self.context.dialers.remember(&line, Whose::Owner(self.owner.clone())).await?;
            held.remembered = true;
        }
        let situation = Self::situation(held, standing, made)?;
        if let Situation::Known(standing) = &situation
            && dry_run
            && !standing.progress.complete
        {
            return self.rehearse_rest(held, spec, &audience, Some(standing.clone())).await;
        }
        Ok(situation)
    }

    /// Lets the dialer call nobody while the campaign as it is now cannot be acted on.
    async fn hush(&self, held: &mut Held) {
        held.told = None;
        if let Some(line) = self.context.dialers.line(&self.references().account()) {
            // A dialer that starts anew was told nothing.
            let _restarting = line.hush(self.owner.clone()).await;
        }
    }

    /// Whether the dialer was told something else than what is wanted now, and may be looser.
    fn is_outdated(&self, held: &Held) -> bool {
        let Some(told) = &held.told else { return false };
        let set_aside = self.set_aside();
        Some(told.generation) != self.campaign.metadata.generation || set_aside.as_ref() != Ok(&told.set_aside)
    }

    /// The rules that somebody has set aside for it.
    pub(super) fn set_aside(&self) -> Result<BTreeSet<Rule>, FieldError> {
        set_aside(self.campaign.annotations(), self.campaign.spec.plan.purpose)
    }

    /// The revision of its call flow, which is in status before the first job is made. It stays for the campaign's life.
    async fn call_flow(&self, held: &mut Held) -> Result<Option<PinnedFlow>, Problem> {
        let recorded = self.status(held).and_then(|status| status.call_flow.clone());
        let Context { client, catalogue, .. } = self.context;
        let found = self.references().call_flow(client, catalogue, self.owner.as_str(), recorded.as_ref()).await?;
        if let (Some(found), None) = (&found, &recorded) {
            let before = self.status(held).cloned().unwrap_or_default();
            self.write(held, OutboundCampaignStatus { call_flow: Some(found.clone()), ..before }).await?;
        }
        Ok(found)
    }

    /// Where results go.
    pub(super) fn sink(&self) -> Result<Option<(Origin, Address)>, Problem> {
        let Some(results) = &self.campaign.spec.results else { return Ok(None) };
        let address = Address::of(&results.sink, &self.namespace())
            .map_err(|error| Problem::stalled(Reason::InvalidSpec, error.to_string()))?;
        let (name, uid) = (self.campaign.name_any(), self.owner.as_str().to_owned());
        Ok(Some((Origin { namespace: self.namespace(), name, uid }, address)))
    }

    /// The application's id at Telnyx.
    async fn connection(&self, held: &mut Held) -> Result<Arc<str>, Problem> {
        let told = held.told.as_ref().map(|told| told.generation);
        if let Some((connection, read)) = &held.connection
            && read.elapsed() < CONNECTION_FRESH
            && told == self.campaign.metadata.generation
        {
            return Ok(Arc::clone(connection));
        }
        let id = self.references().connection(&self.context.client).await?;
        held.connection = Some((Arc::clone(&id), Instant::now()));
        Ok(id)
    }

    /// How many jobs should be made now.
    fn wanted(&self, held: &Held, standing: Option<&Standing>, made: usize) -> usize {
        let deleted = held.gap.map_or(0, |gap| gap.deleted);
        let ahead = (self.campaign.spec.plan.pacing.dials_per_second * AHEAD_SECS).max(250.0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "250 to 20,000, by the schema's bounds"
        )]
        let ahead = ahead as usize;
        let Some(standing) = standing.filter(|standing| standing.jobs + deleted >= made) else {
            // The first jobs are made at once; further ones wait until the dialer has taken in what was made.
            let first = if self.campaign.spec.plan.suspend { 1 } else { jobs_for(ahead) };
            return if made == 0 { first } else { 0 };
        };
        let pending = usize::try_from(standing.progress.tallied.counts.pending).unwrap_or(usize::MAX);
        let missing = jobs_for(ahead.saturating_sub(pending));
        match standing.progress.waiting_for {
            WaitingFor::Suspension
            | WaitingFor::ConfigError { .. }
            | WaitingFor::Halt(_)
            | WaitingFor::Budget
            | WaitingFor::DoNotCallLists
            | WaitingFor::Results
            | WaitingFor::Jobs => 0,
            // Nothing of what was made can be called now; the rest may live elsewhere.
            WaitingFor::Window | WaitingFor::Due { .. } | WaitingFor::NothingToDial => missing.max(1),
            WaitingFor::Start { .. }
            | WaitingFor::Pacing
            | WaitingFor::Concurrency
            | WaitingFor::Agents
            | WaitingFor::Capacity
            | WaitingFor::CallerIds { .. } => missing,
        }
    }

    /// Makes the next few jobs and hands them to the dialer, in order.
    async fn make(
        &self,
        held: &mut Held,
        line: &Line,
        audience: &AudienceStatus,
        ordinals: Range<usize>,
        flow: Option<&PinnedFlow>,
    ) -> Result<(), Problem> {
        let (client, campaign) = (&self.context.client, self.campaign);
        let mut parts: Vec<Option<Part>> = Vec::with_capacity(ordinals.len());
        for ordinal in ordinals.clone() {
            let mut part = cut::part(client, campaign, ordinal).await?;
            if part.is_none() {
                self.restore(held, audience).await?;
                part = cut::part(client, campaign, ordinal).await?;
            }
            parts.push(part);
        }
        // What is gone again is looked for in the next pass.
        let there = ordinals.zip(parts).map_while(|(ordinal, part)| Some((ordinal, part?)));
        let mut jobs = stream::iter(there)
            .map(async |(ordinal, part)| {
                let job = cut::make(client, campaign, ordinal, &part, flow).await?;
                Ok::<_, Problem>((job, part.rows))
            })
            .buffered(MAKE_AT_ONCE);
        while let Some((job, rows)) = jobs.try_next().await? {
            line.hand_in(&job, rows).await?;
            held.made = Some(held.made.unwrap_or_default() + 1);
            held.last_made = Some(Instant::now());
        }
        Ok(())
    }

    /// Counts how many jobs somebody has deleted, when the dialer holds fewer than were made.
    async fn count_deleted(
        &self,
        held: &mut Held,
        standing: Option<&Standing>,
        made: usize,
        audience: &AudienceStatus,
    ) -> Result<(), Problem> {
        let jobs = match standing {
            Some(standing) if standing.ready => standing.jobs,
            Some(_) => return Ok(()),
            // The dialer shows nobody who has no job: it was not told of any yet, or none is left.
            None => 0,
        };
        let known = held.gap.map_or(0, |gap| gap.deleted);
        if made == 0 || !Self::all_handed_in(held) || jobs + known >= made {
            return Ok(());
        }
        let deleted = made.saturating_sub(cut::present(&self.context.client, self.campaign).await?);
        let total = usize::try_from(audience.total).unwrap_or(usize::MAX);
        let cut = u32::try_from(total.min(made * JOB_SIZE)).unwrap_or(u32::MAX);
        let kept = standing.map_or(0, |standing| standing.progress.tallied.counts.total());
        let all_read = jobs + deleted >= made;
        held.gap = (deleted > 0 && all_read).then(|| Gap { deleted, made, targets: cut.saturating_sub(kept) });
        Ok(())
    }

    fn all_handed_in(held: &Held) -> bool {
        held.last_made.is_none_or(|at| at.elapsed() > HANDED_IN)
    }

    fn situation(held: &Held, standing: Option<Standing>, made: usize) -> Result<Situation, Problem> {
        let deleted = held.gap.map_or(0, |gap| gap.deleted);
        let Some(standing) = standing else {
            if deleted == made {
                let message =
                    "all of its DialJobs were deleted, and nobody is called any more: create another campaign";
                return Err(Problem::stalled(Reason::JobsDeleted, message));
            }
            return Err(Problem::Restarting);
        };
        if standing.ready && Self::all_handed_in(held) && standing.jobs + deleted < made {
            let message = format!(
                "{} of {made} DialJobs cannot be read: their targets are not called; see the DialJobs' own conditions",
                made - deleted - standing.jobs
            );
            return Err(Problem::stalled(Reason::TargetsNotReadable, message));
        }
        Ok(Situation::Known(standing))
    }
}

pub(super) fn jobs_needed(audience: &AudienceStatus) -> usize {
    jobs_for(usize::try_from(audience.total).unwrap_or(usize::MAX))
}

fn empty(audience: &AudienceStatus) -> Result<Situation, Problem> {
    if audience.rejected > 0 {
        let message =
            format!("none of the list's {} rows can be called; see status.audience.rejectedRows", audience.rejected);
        return Err(Problem::stalled(Reason::InvalidAudience, message));
    }
    Ok(Situation::Empty)
}
