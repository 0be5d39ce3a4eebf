//! Writes a campaign's status, tells its transitions as events, and clears it away when its time has come.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt;
use kube::api::{DeleteParams, Patch, PatchParams, Preconditions, PropagationPolicy};
use serde_json::json;
use tokio::time::Instant;

use super::agents;
use super::held::Held;
use super::pass::{CONNECTION_FRESH, LOOK_AGAIN, Pass, PassError};
use super::report::{Around, Deliveries, Situation, SourceNow, report};
use super::source;
use crate::api::{AudienceStatus, OutboundCampaignStatus, RECONCILE_REQUESTED_AT};
use crate::controllers::transition::{override_told, transition};

/// Least time between two status writes of a campaign.
const STATUS_GAP: Duration = Duration::from_secs(1);
/// The same where only figures have moved, which they do with every call.
const FIGURES_GAP: Duration = Duration::from_secs(2);
/// How often something that is waited for is looked for though no watch has shown it.
const WAITING_AGAIN: Duration = Duration::from_mins(1);
/// How often something is looked for that only a person can mend.
const STALLED_AGAIN: Duration = Duration::from_secs(15);
/// How often the source is compared with what was read though no watch has shown a change, and nobody has asked for it.
const SOURCE_PERIOD: Duration = Duration::from_mins(10);

impl Pass<'_> {
    /// Writes status where it says something new: a new condition within a second, new figures within two.
    pub(super) async fn tell(&self, held: &mut Held, situation: Situation) -> Result<Option<Duration>, PassError> {
        let source = self.source_now(held).await;
        let settled = self.settled(held, &situation);
        let before = self.status(held).cloned();
        let now = Timestamp::now();
        let around = self.around(held, source, now);
        let throttled = around.throttled_until.map(|until| remaining(until, now));
        let settled = throttled.into_iter().chain(settled).min();
        let status = report(self.campaign, &before.clone().unwrap_or_default(), &around, &situation, now);
        if before.as_ref() == Some(&status) {
            return Ok(settled);
        }
        let gap = match &before {
            Some(before) if before.phase == status.phase && before.conditions == status.conditions => FIGURES_GAP,
            _ => STATUS_GAP,
        };
        let due = held.written.as_ref().map_or(Duration::ZERO, |(_, at)| gap.saturating_sub(at.elapsed()));
        if !due.is_zero() {
            return Ok(Some(due));
        }
        let begins = before.as_ref().is_none_or(|before| before.start_time.is_none()) && status.start_time.is_some();
        // The dialer has to know from when on the deadline counts.
        let again = (begins && self.campaign.spec.active_deadline_seconds.is_some()).then_some(STATUS_GAP);
        let before = before.map(|before| before.conditions).unwrap_or_default();
        let told = [override_told(&before, &status.conditions), transition(&before, &status.conditions)];
        self.write(held, status).await?;
        for told in told.into_iter().flatten() {
            self.context.events.tell(self.campaign, told);
        }
        Ok(again.into_iter().chain(settled).min())
    }

    /// What else a report needs to know.
    fn around(&self, held: &Held, source: SourceNow, now: Timestamp) -> Around {
        let own = self.campaign.spec.plan.pacing.max_concurrent_calls;
        let account = self.context.accounts.ready(&self.references().account());
        let cap =
            account.as_ref().and_then(|account| account.spec.limits.concurrent_calls).map_or(own, |all| all.min(own));
        let state = account.map(|account| account.client().budget().state());
        let pause = state.and_then(|state| state.dials_paused_for.max(state.paused_for));
        let shown = self.status(held).and_then(|status| status.pacing.as_ref()?.throttled_until.as_ref());
        let until = pause.map(|pause| whole_second_after(now, pause)).map(|until| steady(until, shown));
        // What cannot be read sets nothing aside, and is told as a problem.
        let set_aside = self.set_aside().unwrap_or_default();
        Around { source, gap: held.gap, cap, throttled_until: until, deliveries: self.deliveries(), set_aside }
    }

    fn deliveries(&self) -> Deliveries {
        if self.campaign.spec.results.is_none() {
            return Deliveries::NotAskedFor;
        }
        let line = self.context.dialers.line(&self.references().account());
        line.and_then(|line| line.delivery(&self.owner)).map_or(Deliveries::NotKnown, Deliveries::Known)
    }

    /// When to look again though nothing moves.
    fn settled(&self, held: &Held, situation: &Situation) -> Option<Duration> {
        match situation {
            // The watch is about to show that it is complete, and then the dialer can forget it.
            Situation::Known(standing) if standing.progress.complete => Some(STATUS_GAP),
            Situation::Known(standing) => {
                let total = self.status(held).and_then(|status| status.counts).map_or(0, |counts| counts.total);
                self.context.held.serve(self.owner.as_str(), true);
                let cutting = standing.progress.tallied.counts.total() < total;
                let watching = if self.has_agents_to_watch() { agents::PACE } else { CONNECTION_FRESH };
                Some(if cutting { STATUS_GAP } else { watching })
            }
            Situation::Empty => None,
            // A list at a URL may change unnoticed.
            Situation::Rehearsed { .. } => {
                self.context.held.serve(self.owner.as_str(), true);
                Some(SOURCE_PERIOD)
            }
            // What was there until now is looked for at once again: a watch may have shown it before this pass took note.
            Situation::Waiting { .. } if self.context.held.serve(self.owner.as_str(), false) => Some(LOOK_AGAIN),
            Situation::Waiting { .. } => Some(WAITING_AGAIN),
            Situation::Draining(_) => Some(LOOK_AGAIN),
            Situation::Stalled { .. } => Some(STALLED_AGAIN),
        }
    }

    async fn source_now(&self, held: &mut Held) -> SourceNow {
        let recorded = self.status(held).and_then(|status| status.audience.as_ref());
        let Some(recorded) = recorded.cloned() else { return SourceNow::AsRead };
        self.compared(held, &recorded).await
    }

    /// Whether the list still is what `recorded` says. Looked at when a watch or a person asks for it, and now and then.
    pub(super) async fn compared(&self, held: &mut Held, recorded: &AudienceStatus) -> SourceNow {
        let asked = self.campaign.annotations().get(RECONCILE_REQUESTED_AT);
        let is_asked = asked != self.status(held).and_then(|status| status.last_handled_reconcile_at.as_ref());
        if let Some((now, at)) = held.source
            && at.elapsed() < SOURCE_PERIOD
            && !(is_asked && asked.is_some())
            && !self.context.held.source_has_moved(self.owner.as_str())
        {
            return now;
        }
        let changed = source::has_changed(&self.context.client, &self.context.fetcher, self.campaign, recorded).await;
        let now = if changed { SourceNow::Changed } else { SourceNow::AsRead };
        held.source = Some((now, Instant::now()));
        now
    }

    /// The status as written last.
    pub(super) fn status<'a>(&'a self, held: &'a Held) -> Option<&'a OutboundCampaignStatus> {
        held.written.as_ref().map(|(status, _)| status).or(self.campaign.status.as_ref())
    }

    pub(super) async fn write(&self, held: &mut Held, status: OutboundCampaignStatus) -> kube::Result<()> {
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
    pub(super) async fn rest(&self, held: &mut Held) -> Result<Option<Duration>, PassError> {
        if let Some(line) = self.context.dialers.line(&self.references().account())
            && line.standing(&self.owner).is_some()
        {
            // A dialer that starts anew has not heard of it any more.
            let _restarting = line.release(self.owner.clone()).await;
        }
        *held = Held::default();
        self.context.catalogue.unpin(self.owner.as_str());
        // An account that is being deleted may wait for this campaign.
        self.context.accounts.user_gone(&self.references().account());
        let generation = self.campaign.metadata.generation;
        let Some(status) = self.campaign.status.clone() else { return Ok(None) };
        let ended = status.completion_time.clone();
        if status.observed_generation != generation {
            self.write(held, OutboundCampaignStatus { observed_generation: generation, ..status }).await?;
        }
        self.expire(ended).await
    }

    /// Deletes the campaign with everything that it owns, once `spec.ttlSecondsAfterFinished` has passed since its end.
    async fn expire(&self, ended: Option<Time>) -> Result<Option<Duration>, PassError> {
        let (Some(ttl), Some(Time(ended))) = (self.campaign.spec.ttl_seconds_after_finished, ended) else {
            return Ok(None);
        };
        let now = Timestamp::now();
        let left = remaining(ended.saturating_add(SignedDuration::from_secs(ttl.into())).unwrap_or(ended), now);
        if !left.is_zero() {
            return Ok(Some(left));
        }
        let params = DeleteParams {
            preconditions: Some(Preconditions {
                uid: self.campaign.uid(),
                resource_version: self.campaign.resource_version(),
            }),
            propagation_policy: Some(PropagationPolicy::Background),
            ..DeleteParams::default()
        };
        match self.api().delete(&self.campaign.name_any(), &params).await {
            Ok(_) => {
                tracing::info!(campaign = %self.campaign.name_any(), namespace = %self.namespace(), "deleted: its time after the end is over");
                Ok(None)
            }
            // Gone already, or edited meanwhile: the watch shows which.
            Err(kube::Error::Api(status)) if matches!(status.code, 404 | 409) => Ok(Some(LOOK_AGAIN)),
            Err(error) => Err(error.into()),
        }
    }
}

/// How long it is from `now` until `then`; zero when that has passed.
fn remaining(then: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(then.duration_since(now)).unwrap_or_default()
}

/// The first whole second that is no earlier than `pause` from `now`.
fn whole_second_after(now: Timestamp, pause: Duration) -> Timestamp {
    let until = SignedDuration::try_from(pause).ok().and_then(|pause| now.checked_add(pause).ok()).unwrap_or(now);
    let second = until.as_second() + i64::from(until.subsec_nanosecond() > 0);
    Timestamp::from_second(second).unwrap_or(until)
}

/// What status shows already, when it is the same but for the rounding: one pause must not be told as many.
fn steady(until: Timestamp, shown: Option<&Time>) -> Timestamp {
    shown
        .map(|shown| shown.0)
        .filter(|shown| shown.duration_since(until).abs() <= SignedDuration::from_secs(1))
        .unwrap_or(until)
}
