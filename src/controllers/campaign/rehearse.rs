//! A dry run: the campaign's own list, limits and rules in virtual time.
//!
//! Promises that nobody is called, that nothing is stored but the estimate, and that what is rehearsed once is rehearsed
//! again only when the campaign or its list has changed, or somebody asks for it. Does not know how a campaign is played.

use std::collections::BTreeMap;
use std::time::Duration;

use audience::Row;
use dialer::spec::{CampaignSpec, TargetSpec};
use dialer::{Screening, TargetState};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt;
use tokio::time::Instant;

use super::cut;
use super::held::{Held, Played};
use super::parts::Parts;
use super::pass::Pass;
use super::report::{Situation, SourceNow};
use crate::api::{AudienceStatus, EstimateStatus, EstimatedHour, OutboundCampaign, RECONCILE_REQUESTED_AT};
use crate::controllers::problem::Problem;
use crate::controllers::references::flow_key;
use crate::dialing::conditions::Reason;
use crate::dialing::targets::{self, TargetsError};
use crate::dialing::{Standing, limits, resolve_campaign};
use crate::rehearsal::{Assumptions, Estimate, Rehearsal};

/// Hours shown in status: a week of them.
const HOURS: usize = 168;

/// Whom a rehearsal is about.
enum People {
    /// A list of which nobody was called.
    List(Parts),
    /// Those of a campaign that has begun, and where each stands.
    Begun(Vec<Row>, Vec<TargetState>),
}

impl People {
    /// Whether a call is under way, as far as is stored.
    fn are_being_called(&self) -> bool {
        matches!(self, Self::Begun(_, states) if states.iter().any(TargetState::is_in_flight))
    }

    fn take(self) -> Result<(Vec<TargetSpec>, Vec<TargetState>), TargetsError> {
        let (rows, states) = match self {
            Self::Begun(rows, states) => (rows, states),
            Self::List(parts) => {
                let mut rows = Vec::new();
                for text in (0..parts.count()).map(|ordinal| parts.text(ordinal)) {
                    rows.extend(targets::read_back(&text)?);
                }
                (rows, Vec::new())
            }
        };
        Ok((targets::specs(rows).to_vec(), states))
    }
}

impl Pass<'_> {
    /// Rehearses a campaign that has not begun: its list is read for that, and nothing of it is kept.
    pub(super) async fn rehearse_list(&self, held: &mut Held, connection: &str) -> Result<Situation, Problem> {
        let spec = self.spec_of_a_dry_run(connection).await?;
        if let Some(estimate) = self.rehearsed(held)
            && self.compared(held, &estimate.audience).await == SourceNow::AsRead
        {
            return Ok(rehearsed(estimate, None));
        }
        let _turn = self.context.stage.try_acquire().map_err(|_| Problem::Restarting)?;
        let list = self.read_list(held).await?;
        let audience = AudienceStatus { rejected_rows_secret: None, ..self.summary(&list) };
        let estimate = self.play(spec, People::List(list.parts)).await?;
        held.source = Some((SourceNow::AsRead, Instant::now()));
        Ok(rehearsed(self.note(held, shown(estimate, self.generation(), audience)), None))
    }

    /// Rehearses what is left of a campaign that has begun, as soon as none of its calls is under way and what they came to is stored.
    pub(super) async fn rehearse_rest(
        &self,
        held: &mut Held,
        spec: CampaignSpec,
        audience: &AudienceStatus,
        standing: Option<Standing>,
    ) -> Result<Situation, Problem> {
        let is_idle = |standing: &Standing| standing.ready && standing.progress.tallied.counts.in_flight() == 0;
        if let Some(busy) = standing.clone().filter(|standing| !is_idle(standing)) {
            return Ok(Situation::Known(busy));
        }
        if let Some(estimate) = self.rehearsed(held) {
            return Ok(rehearsed(estimate, standing));
        }
        let _turn = self.context.stage.try_acquire().map_err(|_| Problem::Restarting)?;
        let people = self.people_left(held, audience).await?;
        if people.are_being_called() {
            // A call has just ended, and what came of it is not stored yet.
            return Err(Problem::Restarting);
        }
        let estimate = self.play(spec, people).await?;
        Ok(rehearsed(self.note(held, shown(estimate, self.generation(), audience.clone())), standing))
    }

    fn generation(&self) -> i64 {
        self.campaign.metadata.generation.unwrap_or_default()
    }

    /// What came of the rehearsal of this generation, unless somebody asks for another. Status may show it later.
    fn rehearsed(&self, held: &Held) -> Option<EstimateStatus> {
        let (estimate, answered) = if let Some(played) = &held.rehearsal {
            (&played.estimate, played.asked.as_ref())
        } else {
            let status = self.status(held)?;
            (status.estimate.as_ref()?, status.last_handled_reconcile_at.as_ref())
        };
        let asked = self.campaign.annotations().get(RECONCILE_REQUESTED_AT);
        let is_asked = asked.is_some() && asked != answered;
        (estimate.generation == self.generation() && !is_asked).then(|| estimate.clone())
    }

    fn note(&self, held: &mut Held, estimate: EstimateStatus) -> EstimateStatus {
        let asked = self.campaign.annotations().get(RECONCILE_REQUESTED_AT).cloned();
        held.rehearsal = Some(Played { estimate: estimate.clone(), asked });
        estimate
    }

    /// As for real, but for the flow's revision, which is fixed when the campaign begins.
    async fn spec_of_a_dry_run(&self, connection: &str) -> Result<CampaignSpec, Problem> {
        let super::Context { client, catalogue, .. } = self.context;
        let flow = self.references().call_flow(client, catalogue, self.owner.as_str(), None).await?;
        catalogue.unpin(self.owner.as_str());
        self.sink()?;
        Ok(resolve_campaign(self.campaign, connection, flow.as_ref().map(flow_key))?)
    }

    /// The targets of jobs that somebody has deleted are called no more, so they are not among them.
    async fn people_left(&self, held: &mut Held, audience: &AudienceStatus) -> Result<People, Problem> {
        let client = &self.context.client;
        let mut states = cut::states(client, self.campaign).await?;
        let made = held.made.unwrap_or_default();
        let (mut rows, mut all) = (Vec::new(), Vec::new());
        for ordinal in 0..super::pass::jobs_needed(audience) {
            let stored = states.remove(&ordinal);
            if stored.is_none() && ordinal < made {
                continue;
            }
            let mut part = cut::part(client, self.campaign, ordinal).await?;
            if part.is_none() {
                self.restore(held, audience).await?;
                part = cut::part(client, self.campaign, ordinal).await?;
            }
            let part = part.ok_or(Problem::Restarting)?;
            let untouched = std::iter::repeat_with(TargetState::default);
            all.extend(stored.unwrap_or_default().into_iter().chain(untouched).take(part.rows.len()));
            rows.extend(part.rows);
        }
        Ok(People::Begun(rows, all))
    }

    /// Plays the campaign to its end, on a thread of its own.
    async fn play(&self, spec: CampaignSpec, people: People) -> Result<Estimate, Problem> {
        let account = self.references().account();
        let lists = match self.context.dialers.lists().now(&account) {
            // They are read again in time, so they do not age.
            Screening::Ready { list, .. } => Screening::Ready { list, as_of: None },
            Screening::NotReady => {
                let message = "a DoNotCallList of the account was not read yet: see the lists' own conditions";
                return Err(Problem::waiting(Reason::DoNotCallNotReady, message));
            }
        };
        let account = self.context.accounts.ready(&account).ok_or(Problem::Restarting)?;
        let limits = limits(&account.spec.limits);
        let assumptions = assumptions(self.campaign);
        let play = move || {
            let (targets, states) = people.take()?;
            let start = Timestamp::now();
            Ok::<_, TargetsError>(Rehearsal { spec, limits, targets, states, start, assumptions }.run(lists))
        };
        let played = tokio::task::spawn_blocking(play).await.map_err(|error| {
            tracing::error!(campaign = %self.campaign.name_any(), namespace = %self.namespace(), %error, "a dry run broke off");
            Problem::stalled(Reason::InvalidSpec, "the dry run broke off; this is a mistake of the operator's")
        })?;
        played.map_err(|error| Problem::stalled(Reason::TargetsNotReadable, error.to_string()))
    }
}

fn rehearsed(estimate: EstimateStatus, standing: Option<Standing>) -> Situation {
    Situation::Rehearsed { estimate: Box::new(estimate), standing }
}

fn assumptions(campaign: &OutboundCampaign) -> Assumptions {
    let assumed = campaign.spec.dry_run_assumptions.unwrap_or_default();
    let share = |percent: u8| f64::from(percent.min(100)) / 100.0;
    Assumptions {
        people: share(assumed.answer_percent),
        machines: share(assumed.machine_percent),
        invalid: share(assumed.invalid_number_percent),
        talk: Duration::from_secs(assumed.talk_secs.into()),
        ..Assumptions::default()
    }
}

fn shown(estimate: Estimate, generation: i64, audience: AudienceStatus) -> EstimateStatus {
    let time = |at: Timestamp| Time(Timestamp::from_second(at.as_second()).unwrap_or(at));
    let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let hours = estimate.per_hour.into_iter().take(HOURS);
    EstimateStatus {
        generation,
        audience,
        start: time(estimate.start),
        first_dial: estimate.first_dial.map(time),
        finish: estimate.finish.map(time),
        stopped_by: estimate.stopped_by,
        dials: estimate.dials,
        blocked: estimate.blocked,
        most_at_once: estimate.most_at_once,
        outcomes: estimate.outcomes,
        held_up_secs: estimate
            .held_up_secs
            .into_iter()
            .map(|(what, secs)| (what, number(secs)))
            .collect::<BTreeMap<_, _>>(),
        talk_secs: number(estimate.talk_secs),
        cost: estimate.cost.map(|cost| format!("{cost:.2}")),
        per_hour: hours.map(|hour| EstimatedHour { at: time(hour.at), dials: hour.dials }).collect(),
    }
}
