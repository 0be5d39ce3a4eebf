//! `DialJob`: lets jobs go when their calls have ended, and hands those that stand alone to the dialer.
//!
//! A campaign's jobs are made and handed in by the campaign. A job's status is the dialer's to write once it was handed
//! in; before that, this controller says why it was not. Only metadata is watched: a job is 30 to 90 KB and its status is
//! written several times a second.

use std::borrow::Cow;
use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use dialer::spec::Audience;
use dialer::{JobId, NotAnId, OwnerId};
use futures::future::join_all;
use futures::{StreamExt, stream};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::api::{PartialObjectMeta, Patch, PatchParams};
use kube::runtime::controller::{Action, Config as ControllerConfig};
use kube::runtime::reflector::store::Writer;
use kube::runtime::reflector::{ObjectRef, Store};
use kube::runtime::utils::PredicateConfig;
use kube::runtime::watcher::Event;
use kube::runtime::{Controller, Predicate, WatchStreamExt, predicates, reflector, watcher};
use kube::{Api, Client, Resource, ResourceExt};
use reconcile_plan::EventKind;
use serde_json::json;
use tokio::sync::watch::{Receiver, Sender};
use tokio_util::sync::CancellationToken;

use super::guarded::Passes;
use super::job_accounts::JobAccounts;
use super::problem::Problem;
use super::references::{References, flow_key};
use super::transition::transition;
use crate::api::{Counts, DialJob, DialPlan, OutboundCampaign, PinnedFlow};
use crate::dialing::conditions::{Fact, Reason, Type, merge};
use crate::dialing::labels::{FINALIZER, MayBeOver};
use crate::dialing::{Dialers, Line, Move, RememberError, Whose, resolve};
use crate::flows::Catalogue;
use crate::listing::scoped;
use crate::reconcile::{self, AccountKey, Accounts, CountUsers, Departure, hold, is_held, never_filled, release};
use crate::telemetry::{self, Events};

/// The kind, as logs and metrics call it.
pub(crate) const KIND: &str = "job";
/// Passes at once. When a campaign is deleted, all its jobs are let go.
const AT_ONCE: u16 = 16;
/// After a pass that the API server has ended, and while calls are let finish.
const LOOK_AGAIN: Duration = Duration::from_secs(2);
/// How often something that is waited for is looked for though no watch has shown it.
const WAITING_AGAIN: Duration = Duration::from_mins(1);
/// How often a job that stands alone is looked at while it is dialled.
const PERIOD: Duration = Duration::from_secs(30);
/// A job that no dialer knows is let go when its last call must have ended: the longest call there is, and a minute.
const LONGEST_CALL_SECS: i64 = 14_400 + 60;

type Watched = PartialObjectMeta<DialJob>;

struct Context {
    client: Client,
    accounts: Arc<Accounts>,
    events: Events,
    dialers: Dialers,
    catalogue: Catalogue,
    /// Of jobs that stand alone, by UID.
    stages: Mutex<HashMap<String, Stage>>,
    needs: JobAccounts,
    passes: Passes,
}

/// How far a job that stands alone has come. One without an entry may wait for something.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Stage {
    /// Its dialer was told.
    Told(Told),
    /// Its targets have ended.
    Done,
}

/// What makes it necessary to tell the dialer again.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Told {
    generation: i64,
    connection: Arc<str>,
    life: u64,
}

#[derive(Debug, thiserror::Error)]
enum PassError {
    #[error("the API server did not do as asked")]
    Kube(#[from] kube::Error),
    #[error("the job has no usable uid")]
    NoUid(#[from] NotAnId),
}

/// Watches the context's namespaces until its shutdown. `referents` changes when something that jobs wait for, an account's
/// dialer, an application or a call flow, may have come.
pub async fn run(context: reconcile::Context, dialers: Dialers, catalogue: Catalogue, referents: Receiver<()>) {
    let passes = Passes::of(KIND, LOOK_AGAIN, &context);
    let reconcile::Context { kube: client, accounts, events, users, scope, shutdown, .. } = context;
    let (stages, needs) = (Mutex::default(), JobAccounts::default());
    let context = Arc::new(Context { client, accounts, events, dialers, catalogue, stages, needs, passes });
    let watches = scope.namespaces().into_iter().map(|namespace| {
        let (reader, writer) = reflector::store();
        let filled = Sender::new(false);
        users.add(KIND, users_of(reader.clone(), filled.subscribe(), Arc::clone(&context)));
        watch(Arc::clone(&context), namespace, (reader, writer, filled), referents.clone(), shutdown.clone())
    });
    join_all(watches).await;
}

/// Jobs that stand alone and have to end before the account may go: it hangs up their calls and hears what became of them.
fn users_of(jobs: Store<Watched>, is_filled: Receiver<bool>, context: Arc<Context>) -> CountUsers {
    Box::new(move |account| {
        let may_need = |job: &&Arc<Watched>| {
            let uid = job.meta().uid.as_deref().unwrap_or_default();
            is_alone(job) && is_held(&***job, FINALIZER) && context.needs.may_need(uid, account)
        };
        is_filled.borrow().then(|| jobs.state().iter().filter(may_need).count())
    })
}

async fn watch(
    context: Arc<Context>,
    namespace: Option<String>,
    (reader, writer, filled): (Store<Watched>, Writer<Watched>, Sender<bool>),
    referents: Receiver<()>,
    stop: CancellationToken,
) {
    let is_filled = filled.subscribe();
    let changes = predicates::generation.combine(predicates::finalizers).combine(deletion);
    let of = Arc::clone(&context);
    let api = scoped::<Watched>(&context.client, namespace.as_deref());
    let watched = watcher(api, watcher::Config::default())
        .default_backoff()
        .modify(|job: &mut Watched| job.managed_fields_mut().clear())
        .reflect(writer)
        .inspect(move |event| match event {
            Ok(Event::InitDone) => drop(filled.send_replace(true)),
            Ok(Event::Delete(job)) => of.gone(job.meta().uid.as_deref().unwrap_or_default()),
            Ok(Event::Init | Event::InitApply(_) | Event::Apply(_)) | Err(_) => {}
        })
        .applied_objects()
        .predicate_filter(changes, PredicateConfig::default());
    let came = stream::unfold(referents, async |mut referents| Some((referents.changed().await.ok()?, referents)));
    let (jobs, of) = (reader.clone(), Arc::clone(&context));
    let served = came.flat_map(move |()| {
        let waits = |job: &&Arc<Watched>| {
            let leaves = job.meta().deletion_timestamp.is_some();
            let may_wait = leaves || is_alone(job) && of.stage(job.meta().uid.as_deref()).is_none();
            may_wait && !of.is_anothers(job.meta().uid.as_deref().unwrap_or_default())
        };
        stream::iter(jobs.state().iter().filter(waits).map(reference).collect::<Vec<_>>())
    });
    let moves = stream::unfold(context.dialers.moves(), async |mut moves| Some((moves.next().await?, moves)));
    let (jobs, of) = (reader.clone(), Arc::clone(&context));
    let ended = moves.flat_map(move |moved| {
        let has_ended = |job: &&Arc<Watched>| match &moved {
            Move::Of(owner) => job.meta().uid.as_deref() == Some(owner.as_str()) && of.has_ended(owner),
            Move::OfAnybody => matches!(of.stage(job.meta().uid.as_deref()), Some(Stage::Told(_))),
        };
        stream::iter(jobs.state().iter().filter(has_ended).map(reference).collect::<Vec<_>>())
    });
    let controller = Controller::for_stream(watched, reader)
        .with_config(ControllerConfig::default().concurrency(AT_ONCE))
        .reconcile_on(served)
        .reconcile_on(ended)
        .graceful_shutdown_on(stop.clone().cancelled_owned())
        .run(reconcile, |_, error: &Infallible, _| match *error {}, context)
        .for_each(|passed| {
            if let Err(error) = passed {
                tracing::debug!(%error, "job pass");
            }
            std::future::ready(())
        });
    tokio::select! {
        () = controller => {}
        () = never_filled(&stop, is_filled) => {}
    }
}

fn reference(job: &Arc<Watched>) -> ObjectRef<Watched> {
    ObjectRef::from_obj(&**job)
}

/// Does it stand alone, and is no campaign's?
fn is_alone(job: &Watched) -> bool {
    !job.owner_references().iter().any(|owner| owner.kind == OutboundCampaign::kind(&()))
}

impl Context {
    fn stage(&self, uid: Option<&str>) -> Option<Stage> {
        self.stages().get(uid.unwrap_or_default()).cloned()
    }

    fn stages(&self) -> MutexGuard<'_, HashMap<String, Stage>> {
        self.stages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether, as far as is known, another replica acts for the job's account.
    fn is_anothers(&self, uid: &str) -> bool {
        let account = self.needs.needed(uid);
        account.is_some_and(|account| self.accounts.is_known(&account) && !self.accounts.is_ours(&account))
    }

    /// The job does not exist any more.
    fn gone(&self, uid: &str) {
        if let Some(account) = self.needs.gone(uid) {
            self.accounts.user_gone(&account);
        }
    }

    /// Have all targets of the job of this name ended, as far as its dialer has shown?
    fn has_ended(&self, owner: &OwnerId) -> bool {
        let line = JobId::parse(owner.as_str()).ok().and_then(|job| self.dialers.line_of(&job));
        line.and_then(|line| line.standing(owner)).is_some_and(|standing| standing.progress.complete)
    }
}

#[expect(clippy::unnecessary_wraps, reason = "the signature of a predicate")]
fn deletion(job: &Watched) -> Option<u64> {
    Some(u64::from(job.meta().deletion_timestamp.is_some()))
}

/// One pass.
async fn reconcile(job: Arc<Watched>, context: Arc<Context>) -> Result<Action, Infallible> {
    let (namespace, name) = (job.namespace().unwrap_or_default(), job.name_any());
    Ok(context.passes.run(&namespace, &name, pass(&context, &job)).await)
}

async fn pass(context: &Context, job: &Watched) -> Result<Option<Duration>, PassError> {
    let uid = job.meta().uid.as_deref().unwrap_or_default();
    let pass = Pass { context, meta: job, id: JobId::parse(uid)?, owner: OwnerId::parse(uid)? };
    if job.meta().deletion_timestamp.is_some() {
        return pass.leave().await;
    }
    if !is_alone(job) {
        return Ok(None);
    }
    let Some(job) = pass.api().get_opt(&job.name_any()).await? else { return Ok(None) };
    match job.spec.plan.as_ref() {
        Some(plan) if pass.is_ours(Some(&pass.account(plan))).await => pass.alone(&job, plan).await,
        // Another replica's, which it is told when that changes; or not one that stands alone after all.
        Some(_) | None => Ok(None),
    }
}

struct Pass<'a> {
    context: &'a Context,
    meta: &'a Watched,
    id: JobId,
    /// Of a job that stands alone.
    owner: OwnerId,
}

impl Pass<'_> {
    fn api(&self) -> Api<DialJob> {
        Api::namespaced(self.context.client.clone(), &self.namespace())
    }

    fn namespace(&self) -> String {
        self.meta.namespace().unwrap_or_default()
    }

    fn account(&self, plan: &DialPlan) -> AccountKey {
        AccountKey::of(&plan.account_ref, &self.namespace())
    }

    /// The job's campaign, while it exists.
    async fn campaign(&self, job: &DialJob) -> kube::Result<Option<OutboundCampaign>> {
        let Some(campaign) = &job.spec.campaign_ref else { return Ok(None) };
        let api = Api::<OutboundCampaign>::namespaced(self.context.client.clone(), &self.namespace());
        let found = api.get_opt(&campaign.name).await?;
        Ok(found.filter(|found| found.metadata.uid.as_deref() == Some(&campaign.uid)))
    }

    /// Whether this process acts for the job's account, or, where its campaign is gone, decides in its namespace. One that is
    /// somebody else's to do waits to be told that this has changed.
    async fn is_ours(&self, account: Option<&AccountKey>) -> bool {
        let (accounts, namespace) = (&self.context.accounts, self.namespace());
        if let Some(account) = account.filter(|_| is_alone(self.meta)) {
            self.context.needs.learn(self.owner.as_str(), account);
        }
        let decides = async || match account {
            Some(account) => accounts.acts(account, &namespace).await,
            None => accounts.ownership().decides_in(&namespace),
        };
        if decides().await {
            return true;
        }
        self.context.stages().remove(self.owner.as_str());
        // It may have changed before the note that it is waited for.
        decides().await
    }

    /// A job that stands alone and lives.
    async fn alone(&self, job: &DialJob, plan: &DialPlan) -> Result<Option<Duration>, PassError> {
        if hold(&self.api(), job, FINALIZER, None).await?.is_some() {
            return Ok(None);
        }
        if job.is_over() {
            let line = self.context.dialers.line_of(&self.id);
            if !self.remembered(line.as_ref(), Some(&self.account(plan)), job).await {
                return Ok(Some(LOOK_AGAIN));
            }
            if let Some(line) = line {
                // A dialer that starts anew finds it complete.
                let _restarting = line.release(self.owner.clone()).await;
            }
            self.context.catalogue.unpin(self.owner.as_str());
            let before = self.context.stages().insert(self.owner.as_str().to_owned(), Stage::Done);
            if matches!(before, Some(Stage::Told(_))) {
                self.publish(EventKind::Normal, Reason::AllTargetsEnded, "every target has ended");
            }
            if let Some(account) = self.context.needs.ended(self.owner.as_str()) {
                self.context.accounts.user_gone(&account);
            }
            return Ok(None);
        }
        self.context.needs.needs(self.owner.as_str(), self.account(plan));
        let advanced = self.advance(job, plan).await;
        if let Err(Problem::Waiting { reason, .. } | Problem::Stalled { reason, .. }) = &advanced
            && (reason.forbids_calls() || self.is_outdated(job))
            && let Some(line) = self.context.dialers.line_of(&self.id)
        {
            // A dialer that starts anew was told nothing.
            let _restarting = line.hush(self.owner.clone()).await;
        }
        match advanced {
            // What was shown as ended is about to be stored as such.
            Ok(()) if self.context.has_ended(&self.owner) => Ok(Some(LOOK_AGAIN)),
            Ok(()) => Ok(Some(PERIOD)),
            Err(Problem::Waiting { reason, message }) => {
                self.explain(job, Fact::yes(Type::Reconciling, reason, message.clone()), reason, message).await
            }
            Err(Problem::Stalled { reason, message }) => {
                self.explain(job, Fact::yes(Type::Stalled, reason, message.clone()), reason, message).await
            }
            Err(Problem::Kube(error)) => Err(error.into()),
            Err(Problem::Restarting) => Ok(Some(LOOK_AGAIN)),
        }
    }

    /// Whether the dialer was told something else than what is wanted now, and may be looser.
    fn is_outdated(&self, job: &DialJob) -> bool {
        match self.context.stage(Some(self.owner.as_str())) {
            Some(Stage::Told(told)) => Some(told.generation) != job.metadata.generation,
            Some(Stage::Done) | None => false,
        }
    }

    async fn advance(&self, job: &DialJob, plan: &DialPlan) -> Result<(), Problem> {
        let references = References { root: "spec.plan", plan, namespace: self.namespace() };
        let line = references.line(&self.context.dialers)?;
        let connection = references.connection(&self.context.client).await?;
        let (job, flow) = self.call_flow(job, &references).await?;
        let spec = resolve("spec.plan", plan, &connection, flow.as_ref().map(flow_key))?;
        if line.in_flight(&self.id).is_none() {
            line.fetch(&self.context.client, &job).await?;
        }
        let generation = job.metadata.generation.unwrap_or_default();
        let told = Told { generation, connection, life: line.life() };
        let before = self.context.stage(Some(self.owner.as_str()));
        let stage = Stage::Told(told);
        if before.as_ref() != Some(&stage) {
            line.campaign(self.owner.clone(), Arc::new(spec), Audience::Complete).await?;
            self.context.stages().insert(self.owner.as_str().to_owned(), stage);
        }
        self.explain_no_more(&job).await?;
        // A job with counts was dialled before this process began.
        if before.is_none() && job.status.as_ref().is_none_or(|status| status.counts.is_none()) {
            self.publish(
                EventKind::Normal,
                Reason::Dialing,
                "everything is there: calls are started as pacing and windows allow",
            );
        }
        Ok(())
    }

    /// The revision of its call flow, and the job with it in its status: so it is before the dialer, which writes status from then
    /// on, hears of the job.
    async fn call_flow<'j>(
        &self,
        job: &'j DialJob,
        references: &References<'_>,
    ) -> Result<(Cow<'j, DialJob>, Option<PinnedFlow>), Problem> {
        let recorded = job.status.as_ref().and_then(|status| status.call_flow.clone());
        let Context { client, catalogue, .. } = self.context;
        let found = references.call_flow(client, catalogue, self.owner.as_str(), recorded.as_ref()).await?;
        if found.is_none() || recorded.is_some() {
            return Ok((Cow::Borrowed(job), found));
        }
        let patch = json!({
            "metadata": { "resourceVersion": job.metadata.resource_version },
            "status": { "callFlow": found },
        });
        let recorded = self.api().patch_status(&job.name_any(), &PatchParams::default(), &Patch::Merge(&patch)).await?;
        Ok((Cow::Owned(recorded), found))
    }

    fn publish(&self, kind: EventKind, reason: Reason, note: &str) {
        let told = telemetry::Told { kind, reason: reason.as_str().to_owned(), note: note.to_owned() };
        self.context.events.tell(self.meta, told);
    }

    /// Says why the job is not dialled. Once it was handed in the dialer writes its status too: whoever comes second sees that, and
    /// looks again.
    async fn explain(
        &self,
        job: &DialJob,
        why: Fact,
        reason: Reason,
        message: String,
    ) -> Result<Option<Duration>, PassError> {
        // What was there until now is looked for at once again: a watch may have shown it before this pass took note.
        let before = self.context.stages().remove(self.owner.as_str());
        let after = if before.is_some() { LOOK_AGAIN } else { WAITING_AGAIN };
        let facts =
            vec![Fact::no(Type::Ready, reason, message), why, Fact::no(Type::Complete, Reason::TargetsLeft, "")];
        self.say(job, facts).await?;
        Ok(Some(after))
    }

    /// What kept the job from being dialled is over. Its next claim would say so, but that may come late.
    async fn explain_no_more(&self, job: &DialJob) -> kube::Result<()> {
        let conditions = job.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
        let is_problem = |it: &Condition| matches!(it.type_.as_str(), "Stalled" | "Reconciling") && it.status == "True";
        if !conditions.iter().any(is_problem) {
            return Ok(());
        }
        let complete = Fact::no(Type::Complete, Reason::TargetsLeft, "");
        self.say(job, vec![Fact::yes(Type::Ready, Reason::Dialing, ""), complete]).await
    }

    /// Brings these facts into its status, if they say something new.
    async fn say(&self, job: &DialJob, facts: Vec<Fact>) -> kube::Result<()> {
        let status = job.status.clone().unwrap_or_default();
        let generation = job.metadata.generation.unwrap_or_default();
        let conditions = merge(&status.conditions, facts, generation, Timestamp::now());
        if status.conditions != conditions || status.observed_generation != Some(generation) {
            let patch = json!({
                "metadata": { "resourceVersion": job.metadata.resource_version },
                "status": { "observedGeneration": generation, "conditions": conditions },
            });
            let told = transition(&status.conditions, &conditions);
            self.api().patch_status(&job.name_any(), &PatchParams::default(), &Patch::Merge(&patch)).await?;
            if let Some(told) = told {
                self.context.events.tell(self.meta, told);
            }
        }
        Ok(())
    }

    /// It is being deleted: it stays until its calls have ended.
    async fn leave(&self) -> Result<Option<Duration>, PassError> {
        self.context.stages().remove(self.owner.as_str());
        if !is_held(self.meta, FINALIZER) {
            self.context.catalogue.unpin(self.owner.as_str());
            return Ok(None);
        }
        if let Some(line) = self.context.dialers.line_of(&self.id) {
            if !self.drained(&line).await {
                return Ok(Some(LOOK_AGAIN));
            }
            if let Err(error) = self.context.dialers.remember(&line, Whose::Job(self.id.clone())).await {
                self.not_remembered(&error);
                return Ok(Some(LOOK_AGAIN));
            }
            // A dialer that starts anew does not find it any more.
            let _restarting = line.forget(self.id.clone()).await;
        } else {
            let Some(job) = self.api().get_opt(&self.meta.name_any()).await? else { return Ok(None) };
            let campaign = self.campaign(&job).await?;
            let account = match (&job.spec.plan, &campaign) {
                (Some(plan), _) => Some(self.account(plan)),
                (None, Some(campaign)) => Some(AccountKey::of(&campaign.spec.plan.account_ref, &self.namespace())),
                (None, None) => None,
            };
            if !self.is_ours(account.as_ref()).await {
                return Ok(None);
            }
            // That of a campaign that is complete was stored with the campaign.
            let account = account.filter(|_| campaign.as_ref().is_none_or(|campaign| !campaign.is_over()));
            if !self.may_leave_unknown(&job, campaign.is_some()).await
                || !self.remembered(None, account.as_ref(), &job).await
            {
                return Ok(Some(LOOK_AGAIN));
            }
        }
        release(&self.api(), self.meta, FINALIZER).await?;
        self.context.catalogue.unpin(self.owner.as_str());
        Ok(None)
    }

    /// Stores what has to outlive the job. `false`: not yet. `account` is whose it is, where nobody has stored it before.
    async fn remembered(&self, line: Option<&Line>, account: Option<&AccountKey>, job: &DialJob) -> bool {
        let remembered = match (line, account) {
            (Some(line), _) => self.context.dialers.remember(line, Whose::Job(self.id.clone())).await,
            (None, Some(account)) => self.context.dialers.remember_stored(account, job).await,
            (None, None) => return true,
        };
        remembered.inspect_err(|error| self.not_remembered(error)).is_ok()
    }

    fn not_remembered(&self, error: &RememberError) {
        tracing::warn!(job = %self.meta.name_any(), namespace = %self.namespace(), %error,
            "when phones rang for the job could not be stored yet: it is not let go");
    }

    /// Stops new calls of the job, as far as it can be done alone, and says whether those under way have ended.
    async fn drained(&self, line: &Line) -> bool {
        // Without effect for a job of a campaign: the campaign's own deletion stops new calls.
        let _restarting = line.campaign_removed(self.owner.clone()).await;
        line.in_flight(&self.id).is_none_or(|calls| calls == 0)
    }

    /// Of a job that no dialer knows: its campaign has drained, no call is under way, or the last one must have ended.
    async fn may_leave_unknown(&self, job: &DialJob, has_campaign: bool) -> bool {
        if job.spec.campaign_ref.is_some() && !has_campaign {
            // It was held until its calls had ended.
            return true;
        }
        if let Some(plan) = &job.spec.plan
            && self.nobody_will_know(plan).await
        {
            return true;
        }
        let counts = job.status.as_ref().and_then(|status| status.counts).unwrap_or_default();
        let Counts { claimed, ringing, live, .. } = counts;
        let since = self.meta.meta().deletion_timestamp.as_ref().map_or(Timestamp::MIN, |since| since.0);
        let longest = job.spec.plan.as_ref().map_or(LONGEST_CALL_SECS, |plan| i64::from(plan.max_call_secs) + 60);
        claimed + ringing + live == 0 || Timestamp::now().duration_since(since).as_secs() > longest
    }

    /// Whether no dialer will ever run for its account again: what became of its calls can no longer be found out.
    async fn nobody_will_know(&self, plan: &DialPlan) -> bool {
        match self.context.accounts.departure(&plan.account_ref, &self.namespace()).await {
            Departure::NoAccount | Departure::CredentialsLost => true,
            Departure::Use(_) | Departure::Wait(_) => false,
        }
    }
}
