//! One pass over one flow.

use std::collections::BTreeSet;
use std::time::Duration;

use call_flow::FlowKey;
use jiff::{SignedDuration, Timestamp};
use kube::Api;
use kube::api::{Patch, PatchParams};
use serde_json::json;

use super::compile::compile;
use super::report::{Findings, Verdict, report};
use super::revisions::Revisions;
use super::{Context, Held, LOOK_AGAIN};
use crate::api::{CallFlow, CallFlowStatus};
use crate::dialing::flow_users;
use crate::dialing::labels::FINALIZER;
use crate::flows::{Runnable, Tally, UserWebhooks};
use crate::reconcile::{Object as _, hold, is_held, release};

/// When the last call that ran a deleted flow must have ended: the longest call that Telnyx allows, and a minute.
const LONGEST_CALL: SignedDuration = SignedDuration::from_secs(14_400 + 60);

/// How often it is asked whether a campaign still keeps a revision.
const KEPT_AGAIN: Duration = Duration::from_secs(10);

/// What a pass failed at.
#[derive(Debug, thiserror::Error)]
pub(super) enum PassError {
    #[error("the API server did not do as asked")]
    Kube(#[from] kube::Error),
    #[error("generation {0} is beyond what a call can carry")]
    Generation(i64),
}

/// One pass. Returns when to look again; `None`: when something changes.
pub(super) async fn run(context: &Context, flow: &CallFlow) -> Result<Option<Duration>, PassError> {
    let held = context.held(flow.uid());
    let mut held = held.lock().await;
    // Every replica runs calls in it; one writes of it.
    let decides = context.ownership.decides_in(flow.namespace());
    let pass = Pass { context, flow, id: FlowKey::new(flow.uid(), 0).flow, decides };
    if flow.deleting() {
        return pass.leave(&mut held).await;
    }
    if !decides && !is_held(flow, FINALIZER) || decides && hold(&pass.api(), flow, FINALIZER, None).await?.is_some() {
        // The watch brings the change back.
        return Ok(None);
    }
    pass.live(&mut held).await
}

struct Pass<'a> {
    context: &'a Context,
    flow: &'a CallFlow,
    id: u64,
    /// Whether this process decides about the flows of its namespace.
    decides: bool,
}

impl Pass<'_> {
    async fn live(&self, held: &mut Held) -> Result<Option<Duration>, PassError> {
        self.read_kept(held).await?;
        let generation = self.flow.generation();
        let is_new = held.looked.as_ref().is_none_or(|(looked, _)| *looked != generation);
        if is_new {
            let verdict = self.look().await?;
            held.looked = Some((generation, verdict));
        }
        let Some((_, verdict)) = held.looked.clone() else { return Ok(Some(LOOK_AGAIN)) };
        if !self.decides {
            if is_new {
                self.let_go_with_others().await?;
            }
            return Ok(None);
        }
        let again = self.prune(held).await?;
        self.tell(held, &verdict).await?;
        Ok(again)
    }

    /// Makes every revision that was kept by an earlier process runnable again, once.
    async fn read_kept(&self, held: &mut Held) -> Result<(), PassError> {
        if held.read {
            return Ok(());
        }
        for (number, spec) in Revisions::of(&self.context.client, self.flow).list().await? {
            let key = self.key(number)?;
            match compile(&spec, key) {
                Ok((flow, webhooks)) => self.catalogue_keeps(key, flow, webhooks),
                Err(problems) => {
                    tracing::error!(flow = %self.flow.place(), revision = number, problems = problems.len(),
                        "a revision that was valid once cannot be run by this version: calls that run it are hung up");
                }
            }
        }
        let last = self.flow.status.as_ref().and_then(|status| status.revision);
        self.context.flows.catalogue().set_current(self.id, last.and_then(|last| u32::try_from(last).ok()));
        held.read = true;
        Ok(())
    }

    /// Looks at a new generation. What is valid is stored before calls can begin with it.
    async fn look(&self) -> Result<Verdict, PassError> {
        let generation = self.flow.generation();
        let key = self.key(generation)?;
        Ok(match compile(&self.flow.spec, key) {
            Ok((flow, webhooks)) => {
                Revisions::of(&self.context.client, self.flow).keep(generation, &self.flow.spec).await?;
                self.catalogue_keeps(key, flow, webhooks);
                self.context.flows.catalogue().set_current(self.id, Some(key.revision));
                Verdict::Valid
            }
            Err(problems) => Verdict::Invalid(problems),
        })
    }

    fn catalogue_keeps(&self, key: FlowKey, flow: call_flow::Flow, webhooks: UserWebhooks) {
        self.context.flows.catalogue().keep(key, || Runnable {
            namespace: self.flow.namespace().into(),
            name: self.flow.name().into(),
            uid: self.flow.uid().into(),
            tally: Tally::new(flow.spec().steps.len()).into(),
            flow,
            webhooks,
        });
    }

    /// Lets revisions go that the replica which decides has let go: nobody can begin with them any more.
    async fn let_go_with_others(&self) -> Result<(), PassError> {
        let catalogue = self.context.flows.catalogue();
        let stored = Revisions::of(&self.context.client, self.flow).list().await?;
        let stored: BTreeSet<u32> = stored.into_iter().filter_map(|(number, _)| u32::try_from(number).ok()).collect();
        let current = catalogue.current_of(self.id);
        for (number, runnable) in catalogue.revisions(self.id) {
            if Some(number) != current && !stored.contains(&number) && runnable.tally.active() == 0 {
                let _is_kept = catalogue.drop_revision(FlowKey { flow: self.id, revision: number });
            }
        }
        Ok(())
    }

    /// Lets revisions go that no call runs and no campaign keeps, beyond those that are kept anyway. Returns when to try again.
    async fn prune(&self, held: &mut Held) -> Result<Option<Duration>, PassError> {
        let catalogue = self.context.flows.catalogue();
        let current = catalogue.current_of(self.id);
        let limit = usize::try_from(self.flow.spec.revision_history_limit).unwrap_or(usize::MAX).max(1);
        let beyond: Vec<_> = catalogue
            .revisions(self.id)
            .into_iter()
            .filter(|(number, _)| Some(*number) != current)
            .skip(limit.saturating_sub(1))
            .collect();
        if beyond.is_empty() {
            held.asked = None;
            return Ok(None);
        }
        // Before every call under way is known, a revision that seems idle may not be.
        if !self.context.flows.settled() || held.looked.is_none() || self.runs_elsewhere(held) {
            return Ok(Some(LOOK_AGAIN));
        }
        let kept = self.kept_by_campaigns().await?;
        let (mut busy, mut pinned) = (false, false);
        for (number, runnable) in beyond {
            if runnable.tally.active() > 0 {
                busy = true;
            } else if kept.contains(&number) || !catalogue.drop_revision(FlowKey { flow: self.id, revision: number }) {
                pinned = true;
            } else {
                Revisions::of(&self.context.client, self.flow).drop(i64::from(number)).await?;
                tracing::debug!(flow = %runnable.name, revision = number, "revision let go");
            }
        }
        Ok(busy.then_some(LOOK_AGAIN).or(pinned.then_some(KEPT_AGAIN)))
    }

    /// Whether calls at other replicas run it, or may: each of those tells with every renewal of a lease.
    fn runs_elsewhere(&self, held: &mut Held) -> bool {
        let ownership = &self.context.ownership;
        let deleting = self.flow.deleting();
        let since = match held.asked {
            Some((asked_of, since)) if asked_of == deleting => since,
            Some(_) | None => ownership.now(),
        };
        held.asked = Some((deleting, since));
        ownership.runs_elsewhere(self.id, since)
    }

    /// The revisions that campaigns, and jobs that stand alone, keep until they are complete. What they have chosen a moment ago the
    /// catalogue knows.
    async fn kept_by_campaigns(&self) -> Result<BTreeSet<u32>, PassError> {
        let users = flow_users(&self.context.client, Some(self.flow.namespace())).await?;
        let pinned = users.into_iter().filter_map(|user| user.pinned).filter(|pinned| pinned.uid == self.flow.uid());
        Ok(pinned.map(|pinned| pinned.revision).collect())
    }

    async fn tell(&self, held: &mut Held, verdict: &Verdict) -> Result<(), PassError> {
        let catalogue = self.context.flows.catalogue();
        let (current, revisions) = (catalogue.current_of(self.id), catalogue.revisions(self.id));
        let tally = revisions.iter().find(|(number, _)| Some(*number) == current).map(|(_, one)| one.tally.clone());
        let counted = tally.as_ref().map_or_else(Vec::new, |tally| tally.take());
        let findings = Findings {
            generation: self.flow.generation(),
            verdict,
            deleting: self.flow.deleting(),
            current: current.map(i64::from),
            revisions: &revisions,
            counted: &counted,
        };
        let before = held.status.clone().or_else(|| self.flow.status.clone()).unwrap_or_default();
        let next = report(&findings, &before, Timestamp::now());
        if next == before {
            return Ok(());
        }
        let written = self.write(&before, &next).await;
        match (&written, tally) {
            (Ok(()), _) => held.status = Some(next),
            (Err(_), Some(tally)) => tally.put_back(&counted),
            (Err(_), None) => {}
        }
        written
    }

    async fn write(&self, before: &CallFlowStatus, next: &CallFlowStatus) -> Result<(), PassError> {
        let mut status = serde_json::to_value(next).map_err(kube::Error::SerdeError)?;
        // A merge leaves out what is not named: what is gone is named as null.
        if let (Some(status), Ok(serde_json::Value::Object(before))) =
            (status.as_object_mut(), serde_json::to_value(before))
        {
            for (field, _) in before {
                status.entry(field).or_insert(serde_json::Value::Null);
            }
        }
        let patch = json!({ "metadata": { "uid": self.flow.uid() }, "status": status });
        self.api().patch_status(self.flow.name(), &PatchParams::default(), &Patch::Merge(&patch)).await?;
        Ok(())
    }

    /// It is being deleted: it stays until no call runs it, and no campaign will call with it.
    async fn leave(&self, held: &mut Held) -> Result<Option<Duration>, PassError> {
        if !is_held(self.flow, FINALIZER) {
            self.context.flows.catalogue().drop_flow(self.id);
            self.context.forget(self.flow.uid());
            return Ok(None);
        }
        self.read_kept(held).await?;
        let catalogue = self.context.flows.catalogue();
        catalogue.set_current(self.id, None);
        if !self.decides {
            return Ok(None);
        }
        let since = self.flow.metadata.deletion_timestamp.as_ref().map_or(Timestamp::MIN, |since| since.0);
        let longest_is_over = Timestamp::now().duration_since(since) > LONGEST_CALL;
        let idle = self.context.flows.settled()
            && !self.runs_elsewhere(held)
            && catalogue.revisions(self.id).iter().all(|(_, runnable)| runnable.tally.active() == 0);
        let done = idle || longest_is_over;
        // A campaign that is not complete has calls to make with it yet.
        let kept = done && (catalogue.is_pinned(self.id) || !self.kept_by_campaigns().await?.is_empty());
        if done && !kept {
            release(&self.api(), self.flow, FINALIZER).await?;
            catalogue.drop_flow(self.id);
            self.context.forget(self.flow.uid());
            return Ok(None);
        }
        let verdict = held.looked.as_ref().map_or(Verdict::Valid, |(_, verdict)| verdict.clone());
        self.tell(held, &verdict).await?;
        Ok(Some(if kept { KEPT_AGAIN } else { LOOK_AGAIN }))
    }

    fn api(&self) -> Api<CallFlow> {
        Api::namespaced(self.context.client.clone(), self.flow.namespace())
    }

    fn key(&self, generation: i64) -> Result<FlowKey, PassError> {
        let revision = u32::try_from(generation).map_err(|_| PassError::Generation(generation))?;
        Ok(FlowKey { flow: self.id, revision })
    }
}
