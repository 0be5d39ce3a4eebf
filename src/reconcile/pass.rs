//! One pass over one object: resolve, observe, plan, act, report. Written once for all kinds.
//!
//! The order of writes is the promise: finalizer, then the remote side, then status. Between the API's answer to a create
//! and the note of its id in memory nothing can fail; between that and the status write a crash can, and then the mark on
//! the remote object, or the annotation that its name was free, leads back to it.

use super::accounts::{Account, Accounts};
use super::claims::{Claimant, Claims};
use super::external::{External, Proof, References, Wanted};
use super::failure::{Doing, outcome_of};
use super::managed::{Managed, Object as _, policy_of};
use super::memory::{Attempt, Memories, Memory, locked};
use super::prepare::{NAME_WAS_FREE, guard, is_guarded};
use super::status::{Findings, draft, effective, is_settled, requested};
use super::view::Listed;
use crate::api::RemoteStatus;
use crate::telemetry::{Events, Metrics};
use futures::FutureExt;
use jiff::Timestamp;
use kube::api::{Api, Patch, PatchParams};
use reconcile_plan::{
    Action, AdoptionPolicy, Blocked, Candidate, Change, Claim, Fields, ManagementPolicy, Names, Observed, Outcome,
    Policy, Reason, Report, Requeue, RetryClass, Settled, Target, plan, slow_retry, spec_path,
};
use std::future::Future;
use std::marker::PhantomData;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use telnyx_voice::{Class, Error, classify};
use tokio::sync::mpsc;

/// Rounds of observe, plan, act in one pass. A second is needed when the object turned out to be gone; a third would mean
/// that somebody deletes as fast as we create.
const ROUNDS: usize = 3;

/// What the loop works with. One per kind.
pub(super) struct Loop<E: External> {
    pub(super) kube: kube::Client,
    pub(super) accounts: Arc<Accounts>,
    pub(super) references: Arc<dyn References>,
    pub(super) memories: Memories,
    pub(super) claims: Claims,
    pub(super) metrics: Arc<Metrics>,
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
        is_guarded(self.object) || self.guard_written()
    }

    fn guard_written(&self) -> bool {
        locked(&self.memory).finalizer_version.is_some_and(|version| version > self.object.version())
    }
}

impl<E: External> Loop<E> {
    /// Brings one object in line, as far as that is possible now. Returns when to look again; `None` is when woken. A
    /// panic is caught, counted and retried: one bad object must not stop the others.
    pub(super) async fn reconcile(&self, object: &E::Object) -> Option<Duration> {
        let started = Instant::now();
        let memory = self.memories.of(object.uid());
        if locked(&memory).released {
            return None;
        }
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
        let outcome = match AssertUnwindSafe(pass).catch_unwind().await {
            Ok(Ok(Some(outcome)) | Err(outcome)) => outcome,
            // Nothing is left that a status could be written to.
            Ok(Ok(None)) => {
                self.count("done", started);
                return None;
            }
            Err(_panic) => {
                self.metrics.panicked(kind_of::<E>());
                let message = "the operator stumbled over this object; its log has the details".to_owned();
                Outcome::Retry { class: RetryClass::Internal, after: None, message }
            }
        };
        self.count(outcome.label(), started);
        self.report(&case, &outcome, findings).await
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
        let policy = policy_of(object, account.spec.defaults, edited);
        let wanted = E::resolve(object, &account, &*self.references)?;
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
                return self.create(case, account, wanted, observed, body, findings).await.map(Some);
            }
            Action::Adopt { id, body } => {
                self.adopt(case, account, &id, findings)?;
                if !body.is_empty() {
                    return self.update(case, account, wanted, &id, body, policy, findings).await;
                }
            }
            Action::Update { id, body } => {
                return self.update(case, account, wanted, &id, body, policy, findings).await;
            }
        }
        match planned.blocked {
            None => Ok(Some(Outcome::in_sync())),
            Some(blocked) => held_back(blocked, planned.changes, findings).map(Some),
        }
    }

    async fn create(
        &self,
        case: &Case<'_, E>,
        account: &Arc<Account>,
        wanted: &Wanted,
        observed: &Observed,
        body: Fields,
        findings: &mut Findings,
    ) -> Result<Outcome, Outcome> {
        let (lost, before) = match observed {
            Observed::Found { .. } => (false, vec![]),
            Observed::Absent { lost, candidates } => {
                (lost.is_some(), candidates.iter().map(|candidate| candidate.id.clone()).collect())
            }
        };
        locked(&case.memory).attempt = Some(Attempt { since: Instant::now(), before });
        let answer = self.call("create", E::create(account.client(), body)).await;
        let made = match answer {
            Ok(fields) => E::listed(fields),
            Err(error) => return Err(Self::create_failed(case, account, &error)),
        };
        let Some(made) = made else {
            let message = "the API accepted the create but named no id; it is looked up".to_owned();
            return Err(Outcome::Retry { class: RetryClass::FateUnknown, after: None, message });
        };
        {
            let mut memory = locked(&case.memory);
            memory.id = Some(made.id.clone());
            memory.attempt = None;
        }
        account.shelf(E::KIND).with(|view| view.record(&made));
        let claimed = self.claims.claim((account.key.clone(), made.id.clone()), &claimant(case.object));
        findings.id = Some(made.id.clone());
        findings.observed = Some(Self::steady(&made.fields));
        tracing::info!(object = %case.object.place(), id = made.id, again = lost, "created {}", E::KIND);
        findings.deed = Some(if lost {
            (Reason::Recreated, format!("created {} {}, because the one before had vanished", E::KIND, made.id))
        } else {
            (Reason::Created, format!("created {} {}", E::KIND, made.id))
        });
        match claimed {
            Ok(()) => Ok(Self::settle(wanted, &made.fields, findings)),
            Err(holder) => Err(conflict(&made.id, &holder)),
        }
    }

    /// After a definite no, nothing was made. After anything else, only a new listing can tell.
    fn create_failed(case: &Case<'_, E>, account: &Account, error: &Error) -> Outcome {
        let mut memory = locked(&case.memory);
        if classify(error, E::ENDPOINT) == Class::AlreadyExists {
            memory.attempt = None;
            memory.outdated = Some(Instant::now());
        } else if !error.may_have_acted() {
            memory.attempt = None;
        }
        drop(memory);
        outcome_of(error, E::ENDPOINT, Doing::Creating, account)
    }

    fn adopt(&self, case: &Case<'_, E>, account: &Account, id: &str, findings: &mut Findings) -> Result<(), Outcome> {
        self.claims
            .claim((account.key.clone(), id.to_owned()), &claimant(case.object))
            .map_err(|holder| conflict(id, &holder))?;
        {
            let mut memory = locked(&case.memory);
            memory.id = Some(id.to_owned());
            memory.attempt = None;
        }
        findings.id = Some(id.to_owned());
        findings.observed = account.shelf(E::KIND).with(|view| view.fields(id)).map(|fields| Self::steady(&fields));
        tracing::info!(object = %case.object.place(), id, "adopted {}", E::KIND);
        findings.deed = Some((Reason::Adopted, format!("adopted {} {id}", E::KIND)));
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "what a pass knows, each used once")]
    async fn update(
        &self,
        case: &Case<'_, E>,
        account: &Arc<Account>,
        wanted: &Wanted,
        id: &str,
        body: Fields,
        policy: &Policy,
        findings: &mut Findings,
    ) -> Result<Option<Outcome>, Outcome> {
        let fields: Vec<String> =
            body.keys().filter(|key| !E::RULES.always_sent.contains(&key.as_str())).cloned().collect();
        let updated = match self.call("update", E::update(account.client(), id, body)).await {
            Ok(fields) => E::listed(fields),
            Err(error) if classify(&error, E::ENDPOINT) == Class::NotFound => {
                account.shelf(E::KIND).with(|view| view.forget(id));
                return Ok(None);
            }
            Err(error) => return Err(outcome_of(&error, E::ENDPOINT, Doing::Updating, account)),
        };
        let Some(updated) = updated else {
            locked(&case.memory).outdated = Some(Instant::now());
            let message = "the API accepted the update but its answer names no id; it is read again".to_owned();
            return Err(Outcome::Retry { class: RetryClass::ApiUnavailable, after: None, message });
        };
        account.shelf(E::KIND).with(|view| view.record(&updated));
        findings.observed = Some(Self::steady(&updated.fields));
        tracing::info!(object = %case.object.place(), id, fields = ?fields, edited = policy.edited, "updated {}", E::KIND);
        if findings.deed.is_none() {
            let reason = if policy.edited { Reason::Updated } else { Reason::DriftCorrected };
            findings.deed = Some((reason, format!("changed {} {id}: {}", E::KIND, fields.join(", "))));
        }
        Ok(Some(Self::settle(wanted, &updated.fields, findings)))
    }

    /// In sync, unless the API answered with other values than it was sent: then saying so ends the argument.
    fn settle(wanted: &Wanted, fields: &Fields, findings: &mut Findings) -> Outcome {
        let differing = reconcile_plan::diff(&wanted.fields, fields, &E::RULES);
        if differing.is_empty() {
            return Outcome::in_sync();
        }
        let message = format!("the API accepted the request but keeps other values: {}", names(&differing));
        findings.drift = differing;
        Outcome::Done(Settled::Drifted { message })
    }

    /// What is there. Costs no request when the listing shows the object.
    pub(super) async fn observe(
        &self,
        case: &Case<'_, E>,
        account: &Arc<Account>,
        wanted: &Wanted,
        policy: &Policy,
        read_now: bool,
    ) -> Result<Observed, Outcome> {
        let known = case.id();
        let Some(id) = known.clone().or_else(|| policy.import.clone()) else {
            return Ok(Observed::Absent { lost: None, candidates: self.candidates(case, account, wanted) });
        };
        let seen = if read_now { None } else { account.shelf(E::KIND).with(|view| view.fields(&id)) };
        let fields = match seen {
            Some(fields) => Some(fields),
            None => self.read(account, &id).await?,
        };
        let Some(fields) = fields else {
            let lost = known.is_some().then_some(id);
            return Ok(Observed::Absent { lost, candidates: self.candidates(case, account, wanted) });
        };
        let holder = self.claims.claim((account.key.clone(), id.clone()), &claimant(case.object)).err();
        Ok(Observed::Found { id, known: known.is_some(), fields, holder })
    }

    /// Reads one remote object and notes what was seen. `None`: the API says that it is not there.
    pub(super) async fn read(&self, account: &Arc<Account>, id: &str) -> Result<Option<Fields>, Outcome> {
        match self.call("read", E::read(account.client(), id)).await {
            Ok(fields) => {
                let Some(listed) = E::listed(fields) else {
                    let message = "the API's answer to a read names no id".to_owned();
                    return Err(Outcome::Retry { class: RetryClass::ApiUnavailable, after: None, message });
                };
                account.shelf(E::KIND).with(|view| view.record(&listed));
                Ok(Some(listed.fields))
            }
            Err(error) if classify(&error, E::ENDPOINT) == Class::NotFound => {
                account.shelf(E::KIND).with(|view| view.forget(id));
                Ok(None)
            }
            Err(error) => Err(outcome_of(&error, E::ENDPOINT, Doing::Reading, account)),
        }
    }

    /// What may be ours, out of the listing.
    fn candidates(&self, case: &Case<'_, E>, account: &Account, wanted: &Wanted) -> Vec<Candidate> {
        let object = case.object;
        let attempt = locked(&case.memory).attempt.clone();
        let found = account.shelf(E::KIND).with(|view| view.candidates(object.uid(), &wanted.name));
        let ours = |listed: &Listed| {
            if listed.mark.as_deref() == Some(object.uid()) {
                return true;
            }
            if wanted.proof == Proof::Mark || listed.mark.is_some() {
                return false;
            }
            let appeared = attempt.as_ref().is_some_and(|attempt| !attempt.before.contains(&listed.id));
            let noted = object.annotation(NAME_WAS_FREE) == Some(wanted.name.as_str());
            let same =
                E::NAMES == Names::Unique || reconcile_plan::diff(&wanted.fields, &listed.fields, &E::RULES).is_empty();
            (appeared || noted) && same
        };
        found
            .into_iter()
            .map(|listed| {
                let key = (account.key.clone(), listed.id.clone());
                let claim = match self.claims.held_by_another(&key, object.uid()) {
                    Some(holder) => Claim::Held(holder),
                    None if ours(&listed) => Claim::Ours,
                    None => match listed.mark.filter(|mark| mark != object.uid() && self.memories.knows(mark)) {
                        Some(other) => Claim::Held(format!("the object with UID {other}")),
                        None => Claim::Nobodys,
                    },
                };
                Candidate { id: listed.id, fields: listed.fields, claim }
            })
            .collect()
    }

    /// Makes sure that there is a listing, and one that can show what a lost create made.
    pub(super) async fn listed(
        &self,
        case: &Case<'_, E>,
        account: &Arc<Account>,
        names: Freshness,
    ) -> Result<(), Outcome> {
        let since = {
            let mut memory = locked(&case.memory);
            let first_pass = *memory.first_pass.get_or_insert_with(Instant::now);
            let names = (names == Freshness::SinceFirstPass).then_some(first_pass);
            memory.attempt.as_ref().map(|attempt| attempt.since).max(memory.outdated).max(names)
        };
        self.list_since(account, since).await?;
        locked(&case.memory).outdated = None;
        Ok(())
    }

    /// Lists the account's objects of this kind, unless a listing begun after `since` (or any, for `None`) is there. Those
    /// who ask at the same time share one.
    pub(super) async fn list_since(&self, account: &Arc<Account>, since: Option<Instant>) -> Result<(), Outcome> {
        let shelf = account.shelf(E::KIND);
        let asked = Instant::now();
        let fresh =
            || shelf.with(|view| view.started()).is_some_and(|started| since.is_none_or(|since| started > since));
        if fresh() {
            return Ok(());
        }
        let _turn = shelf.turn().await;
        if fresh() {
            return Ok(());
        }
        if let Some(outcome) = shelf.failed_after(asked) {
            return Err(outcome);
        }
        shelf.with(|view| view.begin(Instant::now()));
        match self.call("list", E::list(account.client())).await {
            Ok(listing) => {
                tracing::debug!(account = %account.key, kind = %E::KIND, found = listing.len(), "listed");
                shelf.with(|view| view.install(listing));
                Ok(())
            }
            Err(error) => {
                shelf.with(super::view::View::abandon);
                let outcome = outcome_of(&error, E::ENDPOINT, Doing::Reading, account);
                shelf.fail(Instant::now(), outcome.clone());
                Err(outcome)
            }
        }
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
        match guard(&self.api(case.object), case.object, free.then_some(wanted.name.as_str())).await {
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
        let draft = draft(object, &case.before, outcome, findings, Timestamp::now());
        if let Some(transition) = draft.report.transition.clone() {
            self.events.publish(object, transition);
        }
        if let Some(patch) = draft.patch {
            tracing::debug!(object = %object.place(), outcome = outcome.label(), "writing status");
            let written =
                self.api(object).patch_status(object.name(), &PatchParams::default(), &Patch::Json::<()>(patch)).await;
            match written {
                Ok(now) => locked(&case.memory).written = Some((now.version(), draft.status)),
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
            Requeue::Slow => Some(slow_retry(rand::random())),
        }
    }

    fn backoff(case: &Case<'_, E>, at_least: Duration) -> Duration {
        locked(&case.memory).backoff.next(case.object.generation(), rand::random()).max(at_least)
    }

    pub(super) fn api(&self, object: &E::Object) -> Api<E::Object> {
        Api::namespaced(self.kube.clone(), object.namespace())
    }

    /// Counts and times a request.
    pub(super) async fn call<T>(
        &self,
        operation: &'static str,
        request: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let started = Instant::now();
        let answer = request.await;
        let status = match &answer {
            Ok(_) => Some(200),
            Err(error) => error.api().map(|answer| answer.status),
        };
        self.metrics.requested(E::KIND.word(), operation, status, started.elapsed());
        answer
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

/// How old a listing may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Freshness {
    /// Any age: what it shows is told apart by marks, and what it lacks is read directly.
    Any,
    /// Begun after the first pass over the object.
    SinceFirstPass,
}

/// Where a name decides what happens, the listing must show namesakes that were made just before the object.
fn names_decide<E: External>(case: &Case<'_, E>, wanted: &Wanted, policy: &Policy) -> Freshness {
    let by_name = policy.adoption == AdoptionPolicy::AdoptByName || wanted.proof == Proof::NameWasFree;
    if by_name && policy.import.is_none() && case.id().is_none() { Freshness::SinceFirstPass } else { Freshness::Any }
}

/// How a pass ends when the plan was held back.
fn held_back(blocked: Blocked, changes: Vec<Change>, findings: &mut Findings) -> Result<Outcome, Outcome> {
    let terminal = |reason, message| Err(Outcome::Terminal { reason, message });
    match blocked {
        Blocked::Suspended => Ok(Outcome::Done(Settled::Suspended)),
        Blocked::ObserveOnly | Blocked::DriftReported => {
            let message = format!("the remote object differs and is left as it is: {}", names(&changes));
            findings.drift = changes;
            Ok(Outcome::Done(Settled::Drifted { message }))
        }
        Blocked::FixedFields { paths } => {
            let paths: Vec<String> = paths.iter().map(|path| spec_path(path)).collect();
            terminal(
                Reason::InvalidSpec,
                format!("{} cannot be changed at the API: make another object", paths.join(", ")),
            )
        }
        Blocked::Conflict { id, holder } => Err(conflict(&id, &holder)),
        Blocked::NameTaken { id } => terminal(
            Reason::NameTaken,
            format!(
                "{id} exists at the API and was not made by this object: set spec.adoptionPolicy: AdoptByName, or another name"
            ),
        ),
        Blocked::AmbiguousName { ids } => terminal(
            Reason::NameTaken,
            format!("{} remote objects have this name ({}): name one in spec.import.id", ids.len(), ids.join(", ")),
        ),
        Blocked::ImportNotFound { id } => terminal(
            Reason::RemoteNotFound,
            format!(
                "spec.import.id: the API has no object {id}. Correct the id; an imported object is never made anew"
            ),
        ),
        Blocked::NothingToObserve => terminal(
            Reason::RemoteNotFound,
            "managementPolicy is ObserveOnly and there is nothing to observe: set spec.import.id or adoptionPolicy"
                .to_owned(),
        ),
    }
}

fn conflict(id: &str, holder: &str) -> Outcome {
    let message = format!("remote object {id} belongs to {holder}: delete one of the two Kubernetes objects");
    Outcome::Terminal { reason: Reason::Conflict, message }
}

/// The changed fields as paths of the manifest.
fn names(changes: &[Change]) -> String {
    changes.iter().map(|change| spec_path(&change.path)).collect::<Vec<_>>().join(", ")
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
