//! One look at one campaign: what it needs, what the dialer is told, which jobs are made, what status says.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use dialer::spec::Audience as Jobs;
use dialer::{NotAnId, OwnerId, WaitingFor};
use futures::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use kube::api::{Patch, PatchParams};
use kube::{Api, ResourceExt};
use serde_json::json;
use tokio::time::Instant;

use super::Context;
use super::cut::{self, JOB_SIZE};
use super::held::{Held, Told};
use super::report::{Situation, SourceNow, report};
use super::source::{self, Source};
use crate::api::{AudienceStatus, OutboundCampaign, OutboundCampaignStatus, RejectedRow};
use crate::audience::{Audience, Place, Row};
use crate::controllers::problem::Problem;
use crate::controllers::references::References;
use crate::dialing::conditions::Reason;
use crate::dialing::labels::{FINALIZER, MayBeComplete};
use crate::dialing::{Line, Standing, resolve};
use crate::reconcile::{hold, is_held, release};

/// Least time between two status writes of a campaign.
const STATUS_GAP: Duration = Duration::from_secs(1);
/// How often something that is not there yet is looked for.
const LOOK_AGAIN: Duration = Duration::from_secs(2);
/// How often something is looked for that only a person can mend.
const STALLED_AGAIN: Duration = Duration::from_secs(15);
/// How long the application's id is believed.
const CONNECTION_FRESH: Duration = Duration::from_secs(30);
/// How often the source is compared with what was read.
const SOURCE_PERIOD: Duration = Duration::from_mins(1);
/// Seconds of dialing that lie cut ahead of need.
const AHEAD_SECS: f64 = 20.0;
/// Jobs made in one pass, and writes at once meanwhile.
const MAKE_AT_ONCE: usize = 8;
/// A job that was made is known to the dialer within this.
const HANDED_IN: Duration = Duration::from_secs(10);
/// Complaints shown in status.
const SHOWN_COMPLAINTS: usize = 100;
/// A campaign whose account nobody runs is let go when its last call must have ended: the longest call and a minute.
const DRAIN_GRACE: i64 = 60;

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
    if campaign.is_complete() {
        return pass.rest(&mut held).await;
    }
    match pass.advance(&mut held).await {
        Ok(situation) => pass.tell(&mut held, situation).await,
        Err(Problem::Waiting { reason, message }) => pass.tell(&mut held, Situation::Waiting { reason, message }).await,
        Err(Problem::Stalled { reason, message }) => pass.tell(&mut held, Situation::Stalled { reason, message }).await,
        Err(Problem::Kube(error)) => Err(error.into()),
        Err(Problem::Restarting) => Ok(Some(LOOK_AGAIN)),
    }
}

struct Pass<'a> {
    context: &'a Context,
    campaign: &'a OutboundCampaign,
    owner: OwnerId,
}

impl Pass<'_> {
    fn references(&self) -> References<'_> {
        References { root: "spec", plan: &self.campaign.spec.plan, namespace: self.namespace() }
    }

    fn namespace(&self) -> String {
        self.campaign.namespace().unwrap_or_default()
    }

    fn api(&self) -> Api<OutboundCampaign> {
        Api::namespaced(self.context.client.clone(), &self.namespace())
    }

    /// Everything that a living campaign needs done now.
    async fn advance(&self, held: &mut Held) -> Result<Situation, Problem> {
        let line = self.references().line(&self.context.dialers)?;
        let connection = self.connection(held).await?;
        let spec = resolve("spec", &self.campaign.spec.plan, &connection)?;
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
        let standing = line.standing(&self.owner);
        let next = made..needed.min(made + self.wanted(standing.as_ref(), made).min(MAKE_AT_ONCE));
        if !next.is_empty() {
            self.make(held, &line, next).await?;
        }
        let made = held.made.unwrap_or(made);
        let generation = self.campaign.metadata.generation.unwrap_or_default();
        let told = Told { generation, connection, life: line.life(), all_made: made >= needed };
        if held.told.as_ref() != Some(&told) {
            let jobs = if told.all_made { Jobs::Complete } else { Jobs::MoreToCome };
            line.campaign(self.owner.clone(), Arc::new(spec), jobs).await?;
            held.told = Some(told);
        }
        if made >= needed && held.rows.take().is_some() {
            source::drop_copy(&self.context.client, self.campaign).await?;
        }
        Self::situation(held, standing, made)
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

    /// What was read of the list; reads it when nobody has. Its digest is in status before the first job is made.
    async fn audience(&self, held: &mut Held, made: usize) -> Result<AudienceStatus, Problem> {
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

    /// How many jobs should be made now.
    fn wanted(&self, standing: Option<&Standing>, made: usize) -> usize {
        let ahead = (self.campaign.spec.plan.pacing.dials_per_second * AHEAD_SECS).max(250.0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "250 to 20,000, by the schema's bounds"
        )]
        let ahead = ahead as usize;
        let Some(standing) = standing.filter(|standing| standing.jobs >= made) else {
            // The first jobs are made at once; further ones wait until the dialer has taken in what was made.
            let first = if self.campaign.spec.plan.suspend { 1 } else { cut::jobs_for(ahead) };
            return if made == 0 { first } else { 0 };
        };
        let pending = usize::try_from(standing.progress.tallied.counts.pending).unwrap_or(usize::MAX);
        let missing = cut::jobs_for(ahead.saturating_sub(pending));
        match standing.progress.waiting_for {
            WaitingFor::Suspension
            | WaitingFor::ConfigError { .. }
            | WaitingFor::Halt(_)
            | WaitingFor::Budget
            | WaitingFor::Jobs => 0,
            // Nothing of what was made can be called now; the rest may live elsewhere.
            WaitingFor::Window | WaitingFor::Due { .. } | WaitingFor::NothingToDial => missing.max(1),
            WaitingFor::Start { .. }
            | WaitingFor::Pacing
            | WaitingFor::Concurrency
            | WaitingFor::Capacity
            | WaitingFor::CallerIds { .. } => missing,
        }
    }

    /// Makes the next few jobs and hands them to the dialer, in order.
    async fn make(&self, held: &mut Held, line: &Line, ordinals: Range<usize>) -> Result<(), Problem> {
        let Some(rows) = held.rows.clone() else { return Ok(()) };
        let mut jobs = stream::iter(ordinals)
            .map(|ordinal| {
                let rows: &[Row] = rows.chunks(JOB_SIZE).nth(ordinal).unwrap_or_default();
                async move {
                    let job = cut::make(&self.context.client, self.campaign, ordinal, rows).await?;
                    Ok::<_, Problem>((job, rows.to_vec()))
                }
            })
            .buffered(MAKE_AT_ONCE);
        while let Some((job, rows)) = jobs.try_next().await? {
            line.hand_in(&job, rows).await?;
            held.made = Some(held.made.unwrap_or_default() + 1);
            held.last_made = Some(Instant::now());
        }
        Ok(())
    }

    fn situation(held: &Held, standing: Option<Standing>, made: usize) -> Result<Situation, Problem> {
        let Some(standing) = standing else {
            return Err(Problem::Restarting);
        };
        let settled = held.last_made.is_none_or(|at| at.elapsed() > HANDED_IN);
        if standing.ready && settled && standing.jobs < made {
            let message = format!(
                "{} of {made} DialJobs were deleted or cannot be read: their targets are not called; see the DialJobs' own \
                 conditions",
                made - standing.jobs
            );
            return Err(Problem::stalled(Reason::TargetsNotReadable, message));
        }
        Ok(Situation::Known(standing))
    }

    /// Writes status where it says something new, at most once a second.
    async fn tell(&self, held: &mut Held, situation: Situation) -> Result<Option<Duration>, PassError> {
        let source = self.source_now(held).await;
        let settled = self.settled(held, &situation);
        let before = self.status(held).cloned();
        let status = report(self.campaign, &before.clone().unwrap_or_default(), source, &situation, Timestamp::now());
        if before.as_ref() == Some(&status) {
            return Ok(settled);
        }
        let due = held.written.as_ref().map_or(Duration::ZERO, |(_, at)| STATUS_GAP.saturating_sub(at.elapsed()));
        if !due.is_zero() {
            return Ok(Some(due));
        }
        self.write(held, status).await?;
        Ok(settled)
    }

    /// When to look again though nothing moves.
    fn settled(&self, held: &Held, situation: &Situation) -> Option<Duration> {
        match situation {
            // The watch is about to show that it is complete, and then the dialer can forget it.
            Situation::Known(standing) if standing.progress.complete => Some(STATUS_GAP),
            Situation::Known(standing) => {
                let total = self.status(held).and_then(|status| status.counts).map_or(0, |counts| counts.total);
                let cutting = standing.progress.tallied.counts.total() < total;
                Some(if cutting { STATUS_GAP } else { CONNECTION_FRESH })
            }
            Situation::Empty => None,
            Situation::Waiting { .. } | Situation::Draining(_) => Some(LOOK_AGAIN),
            Situation::Stalled { .. } => Some(STALLED_AGAIN),
        }
    }

    async fn source_now(&self, held: &mut Held) -> SourceNow {
        let recorded = self.status(held).and_then(|status| status.audience.as_ref());
        let Some(recorded) = recorded.map(|audience| audience.sha256.clone()) else { return SourceNow::AsRead };
        if let Some((now, at)) = held.source
            && at.elapsed() < SOURCE_PERIOD
        {
            return now;
        }
        // A source that is gone has not changed: what was read is what counts.
        let now = match source::read(&self.context.client, self.campaign).await {
            Ok(list) if list.digest().to_string() != recorded => SourceNow::Changed,
            Ok(_) | Err(_) => SourceNow::AsRead,
        };
        held.source = Some((now, Instant::now()));
        now
    }

    /// The status as written last.
    fn status<'a>(&'a self, held: &'a Held) -> Option<&'a OutboundCampaignStatus> {
        held.written.as_ref().map(|(status, _)| status).or(self.campaign.status.as_ref())
    }

    async fn write(&self, held: &mut Held, status: OutboundCampaignStatus) -> kube::Result<()> {
        let patch = json!({
            "apiVersion": "telnyx-operator.io/v1alpha1",
            "kind": "OutboundCampaign",
            "metadata": { "name": self.campaign.name_any(), "uid": self.campaign.metadata.uid },
            "status": status,
        });
        let params = PatchParams::apply("telnyx-operator").force();
        match self.api().patch_status(&self.campaign.name_any(), &params, &Patch::Apply(&patch)).await {
            Ok(_) => held.written = Some((status, Instant::now())),
            // Deleted meanwhile.
            Err(kube::Error::Api(status)) if status.code == 404 => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Nothing is left to do. The dialer need not remember it.
    async fn rest(&self, held: &mut Held) -> Result<Option<Duration>, PassError> {
        if let Some(line) = self.context.dialers.line(&self.references().account())
            && line.standing(&self.owner).is_some()
        {
            // A dialer that starts anew has not heard of it any more.
            let _restarting = line.release(self.owner.clone()).await;
        }
        *held = Held::default();
        let generation = self.campaign.metadata.generation;
        let Some(status) = self.campaign.status.clone() else { return Ok(None) };
        if status.observed_generation != generation {
            self.write(held, OutboundCampaignStatus { observed_generation: generation, ..status }).await?;
        }
        Ok(None)
    }

    /// It is being deleted: no call is started, and it stays until those under way have ended.
    async fn leave(&self, held: &mut Held) -> Result<Option<Duration>, PassError> {
        if !is_held(self.campaign, FINALIZER) {
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
        if self.may_leave(line.is_some(), standing.as_ref()) {
            if let Some(line) = line {
                let _restarting = line.release(self.owner.clone()).await;
            }
            release(&self.api(), self.campaign, FINALIZER).await?;
            self.context.held.forget(self.owner.as_str());
            return Ok(None);
        }
        self.tell(held, Situation::Draining(standing)).await.map(|after| after.or(Some(LOOK_AGAIN)))
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
            // With a dialer that knows no job of it there is nothing under way; without one, time tells.
            None => {
                waited_long || (has_line && self.campaign.status.as_ref().is_some_and(|status| status.jobs.is_none()))
            }
        }
    }
}

fn jobs_needed(audience: &AudienceStatus) -> usize {
    cut::jobs_for(usize::try_from(audience.total).unwrap_or(usize::MAX))
}

fn empty(audience: &AudienceStatus) -> Result<Situation, Problem> {
    if audience.rejected > 0 {
        let message =
            format!("none of the list's {} rows can be called; see status.audience.rejectedRows", audience.rejected);
        return Err(Problem::stalled(Reason::InvalidAudience, message));
    }
    Ok(Situation::Empty)
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
