//! One pass over one object: resolve, observe, plan, act, report. Written once for all kinds.
//!
//! The order of writes is the promise: finalizer, then the remote side, then status. Between the API's answer to a create
//! and the note of its id in memory nothing can fail; between that and the status write a crash can, and then the mark on
//! the remote object, or the annotation that its name was free, leads back to it.

use super::accounts::{Account, AccountKey, Accounts};
use super::claims::{Claimant, Claims};
use super::external::{External, Proof, References, Wanted};
use super::failure::stumbled;
use super::held::{held_back, insisted};
use super::managed::{Managed, Object as _, policy_of};
use super::memory::{Memories, Memory, locked};
use super::observe::names_decide;
use super::prepare::{FINALIZER, hold, is_held};
use super::status::{Findings, draft, effective, is_settled, requested};
use super::waits::Waits;
use super::write::patch_status;
use crate::api::RemoteStatus;
use crate::fall::{Fall, caught, contained};
use crate::telemetry::traces::Traces;
use crate::telemetry::{Events, Metrics};
use jiff::Timestamp;
use kube::api::{Api, Patch};
use reconcile_plan::{
    Action, Change, DriftPolicy, Fields, ManagementPolicy, Observed, Outcome, Policy, Report, Requeue, RetryClass,
    Settled, Target, plan, slow_retry,
};
use std::collections::BTreeSet;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// Rounds of observe, plan, act in one pass. A second is needed when the object turned out to be gone; a third would mean
/// that somebody deletes as fast as we create.
const ROUNDS: usize = 3;

/// After a pass whose outcome could not even be reported.
const UNREPORTED: Duration = Duration::from_secs(30);

/// When a request was held back because this process may soon act no more: a renewal is due before that.
const HELD_BACK: Duration = Duration::from_secs(1);

/// What the loop works with. One per kind.
pub(super) struct Loop<E: External> {
    pub(super) kube: kube::Client,
    pub(super) accounts: Arc<Accounts>,
    pub(super) references: Arc<dyn References>,
    pub(super) memories: Memories,
    pub(super) claims: Claims,
    pub(super) waits: Waits,
    pub(super) metrics: Arc<Metrics>,
    pub(super) traces: Traces,
    pub(super) events: Events,
    /// Wakes objects of this kind, by namespace and name.
    pub(super) waker: mpsc::UnboundedSender<(String, String)>,
    pub(super) kind: PhantomData<E>,
}

/// One object and what is remembered of it.
pub(super) struct Case<'a, E: External> {
    pub(super) object: &'a E::Object,
    pub(super) memory: Arc<Mutex<Memory>>,
    pub(super) before: RemoteStatus,
}

impl<E: External> Case<'_, E> {
    /// The remote id, from memory first: the cached status may be older than our own last write.
    pub(super) fn id(&self) -> Option<String> {
        locked(&self.memory).id.clone().or_else(|| self.before.id.clone())
    }

    pub(super) fn guarded(&self) -> bool {
        is_held(self.object, FINALIZER) || self.guard_written()
    }

    fn guard_written(&self) -> bool {
        locked(&self.memory).finalizer_version.is_some_and(|version| version > self.object.version())
    }
}

impl<E: External> Loop<E> {
    /// Brings one object in line, as far as that is possible now. Returns when to look again; `None` is when woken. A
    /// panic is caught, counted and retried: one bad object must not stop the others. `waited`: how long it had to wait
    /// for its turn, where somebody asked for it.
    pub(super) async fn reconcile(&self, object: &E::Object, waited: Option<Duration>) -> Option<Duration> {
        let memory = self.memories.of(object.uid());
        if locked(&memory).released {
            return None;
        }
        let pass = async {
            if let Some(waited) = waited {
                self.metrics.waited(kind_of::<E>(), waited);
            }
            // It may even panic while it reports.
            let run = contained(self.metrics.panics(), kind_of::<E>(), self.run(object, memory));
            run.await.unwrap_or(("panic", Some(UNREPORTED)))
        };
        self.traces.pass(kind_of::<E>(), object.namespace(), object.name(), pass).await
    }

    /// One pass. Gives the word of its outcome, too.
    async fn run(&self, object: &E::Object, memory: Arc<Mutex<Memory>>) -> (&'static str, Option<Duration>) {
        let started = Instant::now();
        let before = effective(object, &memory);
        let case = Case { object, memory, before };
        let mut findings = Findings::default();
        let pass = async {
            if object.deleting() {
                self.remove(&case, &mut findings).await
            } else {
                self.maintain(&case, &mut findings).await.map(Some)
            }
        };
        let outcome = match caught(self.metrics.panics(), kind_of::<E>(), pass).await {
            Ok(Some(outcome)) | Err(Fall::Failed(outcome)) => outcome,
            // Nothing is left that a status could be written to.
            Ok(None) => {
                self.count("done", started);
                return ("done", None);
            }
            Err(Fall::Panicked) => stumbled(),
        };
        self.count(outcome.label(), started);
        (outcome.label(), self.report(&case, &outcome, findings).await)
    }

    /// Whether this process acts for the object's account.
    pub(super) async fn acts_for(&self, object: &E::Object) -> bool {
        let key = AccountKey::of(object.account_ref(), object.namespace());
        self.accounts.acts(&key, object.namespace()).await
    }

    fn count(&self, outcome: &'static str, started: Instant) {
        self.metrics.reconciled(kind_of::<E>(), outcome, started.elapsed());
    }

    /// Brings an object that is to exist in line.
    async fn maintain(&self, case: &Case<'_, E>, findings: &mut Findings) -> Result<Outcome, Outcome> {
        let object = case.object;
        findings.id = case.id();
        if object.suspended() {
            return Ok(Outcome::Done(Settled::Suspended));
        }
        let account = self.accounts.lookup(object.account_ref(), object.namespace()).await.map_err(Outcome::waiting)?;
        let edited = !is_settled(&case.before, object.generation());
        let mut policy = policy_of(object, account.spec.defaults, edited);
        let wanted = E::resolve(object, &account, &*self.references)?;
        if edited && policy.drift == DriftPolicy::Report {
            policy.edits = self.edits(case, &wanted).await?;
        }
        self.listed(case, &account, names_decide(case, &wanted, &policy)).await?;
        if policy.management == ManagementPolicy::Full {
            self.guard(case, &account, &wanted, &policy).await?;
        }
        let target = Target::Exist {
            fields: wanted.fields.clone(),
            create_only: wanted.create_only.clone(),
            rules: E::RULES,
            names: E::NAMES,
        };
        let mut read_now = requested(object, &case.before).is_some();
        for _ in 0..ROUNDS {
            let observed = self.observe(case, &account, &wanted, &policy, read_now).await?;
            let planned = plan(&target, &observed, &policy);
            tracing::debug!(object = %object.place(), action = ?std::mem::discriminant(&planned.action), blocked = ?planned.blocked, "planned");
            if let Some(outcome) = self.act(case, &account, &wanted, &observed, planned, &policy, findings).await? {
                return Ok(outcome);
            }
            read_now = true;
        }
        let message = "the remote object vanishes as soon as it is made; somebody else may be deleting it".to_owned();
        Err(Outcome::Retry { class: RetryClass::ApiUnavailable, after: None, message })
    }

    /// Carries a plan out. `None` asks for another round.
    #[expect(clippy::too_many_arguments, reason = "what a pass knows, each used once")]
    async fn act(
        &self,
        case: &Case<'_, E>,
        account: &Arc<Account>,
        wanted: &Wanted,
        observed: &Observed,
        planned: reconcile_plan::Plan,
        policy: &Policy,
        findings: &mut Findings,
    ) -> Result<Option<Outcome>, Outcome> {
        if let Observed::Found { id, fields, holder: None, .. } = observed {
            findings.id = Some(id.clone());
            findings.observed = Some(Self::steady(fields));
        }
        match planned.action {
            Action::Nothing | Action::Release | Action::Delete { .. } => {}
            Action::Create { body } => {
                Self::absence_is_certain(case, account)?;
                return self.create(case, account, wanted, observed, body, findings).await.map(Some);
            }
            Action::Adopt { id, body } => {
                self.adopt(case, account, &id, findings)?;
                if !body.is_empty() {
                    return self.update(case, account, wanted, &id, body, policy, findings).await;
                }
            }
            Action::Update { id, body } => {
                let (period, now) = (Duration::from_secs(u64::from(account.spec.resync_period_secs)), Instant::now());
                let asked = policy.edited || requested(case.object, &case.before).is_some();
                if !asked && !locked(&case.memory).insistence.may_send(&planned.changes, period, now) {
                    return Ok(Some(insisted(planned.changes, findings)));
                }
                let outcome = self.update(case, account, wanted, &id, body, policy, findings).await?;
                if outcome.is_some() {
                    locked(&case.memory).insistence.sent(&planned.changes, period, now);
                }
                return Ok(outcome);
            }
        }
        match planned.blocked {
            None => Ok(Some(Outcome::in_sync())),
            Some(blocked) => held_back(blocked, planned.changes, findings).map(Some),
        }
    }

    /// Which fields an edit has changed, as far as the object's status tells: those that differ from what was seen last and
    /// from what was reported as drift. `None` when nothing was seen yet.
    ///
    /// Status is read whole, because the cache holds only a digest of what was seen; once per edit under `Report`.
    async fn edits(&self, case: &Case<'_, E>, wanted: &Wanted) -> Result<Option<BTreeSet<String>>, Outcome> {
        if case.id().is_none() {
            return Ok(None);
        }
        let object = self.api(case.object).get_opt(case.object.name()).await;
        let object = object.map_err(|error| kubernetes("its status could not be read", &error))?;
        let Some(status) = object.as_ref().and_then(Managed::status) else { return Ok(None) };
        let Some(seen) = &status.observed else { return Ok(None) };
        let reported = |change: &Change| {
            status.drift.iter().any(|drift| drift.path == change.path && drift.desired == change.desired)
        };
        let differing = reconcile_plan::diff(&wanted.fields, seen, &E::RULES).into_iter();
        Ok(Some(differing.filter(|change| !reported(change)).map(|change| change.path).collect()))
    }

    /// Writes finalizer and note before anything can be made. For an object that makes nothing, only what is missing.
    async fn guard(
        &self,
        case: &Case<'_, E>,
        account: &Account,
        wanted: &Wanted,
        policy: &Policy,
    ) -> Result<(), Outcome> {
        if case.guard_written() {
            return Ok(());
        }
        let makes = wanted.proof == Proof::NameWasFree && case.id().is_none() && policy.import.is_none();
        let free = makes
            && locked(&case.memory).attempt.is_none()
            && account.shelf(E::KIND).with(|view| view.candidates("", &wanted.name)).is_empty();
        let note = free.then_some(wanted.name.as_str());
        match hold(&self.api(case.object), case.object, FINALIZER, note).await {
            Ok(Some(version)) => {
                locked(&case.memory).finalizer_version = Some(version);
                Ok(())
            }
            Ok(None) => Ok(()),
            Err(error) => Err(kubernetes("its finalizer could not be written", &error)),
        }
    }

    /// Writes status if it changed, publishes the event, and says when to look again.
    async fn report(&self, case: &Case<'_, E>, outcome: &Outcome, findings: Findings) -> Option<Duration> {
        let object = case.object;
        if matches!(outcome, Outcome::Retry { class: RetryClass::Withheld, .. }) || !self.acts_for(object).await {
            // Nothing was done, or somebody else does it now: there is nothing to say.
            return Some(HELD_BACK);
        }
        let draft = draft(object, &case.before, outcome, findings, Timestamp::now());
        if let Some(transition) = draft.report.transition.clone() {
            self.events.publish(object, transition);
        }
        if let Some(patch) = draft.patch {
            tracing::debug!(object = %object.place(), outcome = outcome.label(), "writing status");
            let patch = Patch::Json::<()>(patch);
            match patch_status::<E::Object>(&self.kube, object.namespace(), object.name(), &patch).await {
                Ok(version) => locked(&case.memory).written = Some((version, draft.status)),
                Err(kube::Error::Api(status)) if status.code == 404 => return None,
                Err(error) => {
                    tracing::warn!(object = %object.place(), error = %error, "status could not be written");
                    return Some(Self::backoff(case, Duration::ZERO));
                }
            }
        }
        Self::requeue(case, &draft.report)
    }

    fn requeue(case: &Case<'_, E>, report: &Report) -> Option<Duration> {
        match report.requeue {
            Requeue::WhenWoken => {
                locked(&case.memory).backoff.reset();
                None
            }
            Requeue::Backoff { at_least } => Some(Self::backoff(case, at_least)),
            Requeue::Paced { after } => Some(after),
            Requeue::Slow => Some(slow_retry(rand::random())),
        }
    }

    fn backoff(case: &Case<'_, E>, at_least: Duration) -> Duration {
        locked(&case.memory).backoff.next(case.object.generation(), rand::random()).max(at_least)
    }

    pub(super) fn api(&self, object: &E::Object) -> Api<E::Object> {
        Api::namespaced(self.kube.clone(), object.namespace())
    }

    /// What is shown in `status.observed`: without what changes by itself.
    pub(super) fn steady(fields: &Fields) -> Fields {
        fields
            .iter()
            .filter(|(key, _)| !E::VOLATILE.contains(&key.as_str()))
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect()
    }
}

pub(super) fn kubernetes(what: &str, error: &kube::Error) -> Outcome {
    // The API server's own words; the library's would bring the whole status object along.
    let why = if let kube::Error::Api(status) = error {
        format!("{} ({})", status.message, status.code)
    } else {
        error.to_string()
    };
    Outcome::Retry { class: RetryClass::Kubernetes, after: None, message: format!("{what}: {why}") }
}

pub(super) fn claimant<K: Managed>(object: &K) -> Claimant {
    let born = object.meta().creation_timestamp.as_ref().map(|at| at.0.to_string()).unwrap_or_default();
    Claimant { uid: object.uid().to_owned(), place: object.place(), born }
}

pub(super) fn kind_of<E: External>() -> &'static str {
    E::KIND.word()
}
