//! `TelnyxAccount`: turns a key in a Secret into a client that others can use, and says whether the API accepts it.
//!
//! One account, one check: users of a bad account wait for it instead of failing each on its own. The account keeps its
//! finalizer while objects need it to be cleaned up, so that a namespace can be deleted whole, in any order.

use super::secrets;
use crate::api::{RECONCILE_REQUESTED_AT, TelnyxAccount, TelnyxAccountStatus};
use crate::fall::{Fall, caught};
use crate::listing::scoped;
use crate::reconcile::{
    Account, AccountKey, Accounts, Connection, Context, Down, FINALIZER, Object as _, Standing, from_kube, hold,
    is_held, never_filled, patch_status, release, stumbled, to_kube,
};
use crate::telemetry::Events;
use base64::Engine as _;
use futures::{StreamExt, stream};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1 as meta;
use kube::Resource as _;
use kube::api::{Api, Patch};
use kube::core::DeserializeGuard;
use kube::runtime::controller::{Action, Config as ControllerConfig, Controller};
use kube::runtime::reflector::{ObjectRef, Store};
use kube::runtime::watcher::{self, Event};
use kube::runtime::{PredicateConfig, WatchStreamExt, reflector};
use reconcile_plan::{
    Backoff, Condition, Outcome, Reason, Referent, Requeue, RetryClass, Subject, WhileWaiting, Words, report,
    slow_retry,
};
use serde_json::json;
use std::collections::{BTreeSet, HashMap};
use std::convert::Infallible;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use telnyx_voice::budget::BudgetConfig;
use telnyx_voice::{ApiKey, Budget, Class, Client, Endpoint, Fence, Lane, classify};
use tokio::sync::{mpsc, watch};

type Guarded = DeserializeGuard<TelnyxAccount>;

/// The kind, as health, logs and metrics call it.
pub const KIND: &str = "account";
const WORDS: Words = Words { ready: "the API accepts the key", synced: None, while_waiting: WhileWaiting::NotReady };
/// How long it takes, after a start, until all objects are known.
const ALL_KNOWN: Duration = Duration::from_secs(1);
/// Length of an Ed25519 public key (RFC 8032, section 5.1.5).
const PUBLIC_KEY_BYTES: usize = 32;

/// Runs the account controller until shutdown. `rechecks` are accounts that others ask to be looked at again.
pub async fn run(context: Context, rechecks: mpsc::UnboundedReceiver<AccountKey>) {
    context.metrics.expect(KIND);
    let mut routes = HashMap::new();
    let mut controllers = vec![];
    let mut filled = vec![];
    for namespace in context.scope.namespaces() {
        let (sender, receiver) = mpsc::unbounded_channel();
        let (synced, is_synced) = watch::channel(false);
        routes.insert(namespace.clone(), sender);
        filled.push(is_synced);
        controllers.push(one(context.clone(), namespace, synced, receiver));
    }
    let ready = async {
        for mut is_synced in filled {
            if is_synced.wait_for(|synced| *synced).await.is_err() {
                // The process ends. What was not seen must not be taken for absent.
                return;
            }
        }
        context.accounts.synced();
        context.health.ready(KIND);
    };
    tokio::join!(futures::future::join_all(controllers), route(rechecks, routes, &context), ready);
}

async fn route(
    mut rechecks: mpsc::UnboundedReceiver<AccountKey>,
    routes: HashMap<Option<String>, mpsc::UnboundedSender<AccountKey>>,
    context: &Context,
) {
    loop {
        let key = tokio::select! {
            key = rechecks.recv() => key,
            () = context.shutdown.cancelled() => return,
        };
        let Some(key) = key else { return };
        if let Some(sender) = routes.get(&Some(key.namespace.clone())).or_else(|| routes.get(&None)) {
            // A controller that has stopped checks nothing any more.
            let _stopped = sender.send(key);
        }
    }
}

async fn one(
    context: Context,
    namespace: Option<String>,
    synced: watch::Sender<bool>,
    rechecks: mpsc::UnboundedReceiver<AccountKey>,
) {
    let api: Api<Guarded> = scoped(&context.kube, namespace.as_deref());
    let (store, writer) = reflector::store();
    let (filled, ending) = (synced.subscribe(), context.shutdown.clone());
    let accounts = Arc::clone(&context.accounts);
    let pulse = context.watches.follow(KIND, namespace.clone(), store.clone(), conditions);
    let (listed, scope) = (store.clone(), namespace.clone());
    let trigger = watcher::watcher(api, watcher::Config::default())
        .default_backoff()
        .modify(|account| account.meta_mut().managed_fields = None)
        .reflect(writer)
        .inspect(move |event| pulse.beat(event))
        .inspect(move |event| match event {
            Ok(Event::Apply(account) | Event::InitApply(account)) => {
                accounts.exists(key_of(account.meta()), account.meta().uid.as_deref().unwrap_or_default());
            }
            Ok(Event::Delete(account)) => accounts.remove(&key_of(account.meta())),
            Ok(Event::InitDone) => {
                remove_absent(&accounts, &listed.state(), scope.as_deref());
                synced.send_replace(true);
            }
            Ok(Event::Init) | Err(_) => {}
        })
        .touched_objects()
        .predicate_filter(worth_a_pass, PredicateConfig::default());
    let asked =
        stream::unfold(rechecks, |mut rechecks| async move { rechecks.recv().await.map(|key| (key, rechecks)) })
            .map(|key| ObjectRef::new(&key.name).within(&key.namespace));
    let shutdown = context.shutdown.clone();
    let secrets = secrets::changes(&context.kube, namespace.as_deref(), store.clone(), filled.clone());
    let checker = Arc::new(Checker { context, accounts: store.clone(), backoffs: Mutex::default() });
    let controller = Controller::for_stream(trigger, store)
        .with_config(ControllerConfig::default().concurrency(16))
        .reconcile_on(asked)
        .reconcile_on(secrets)
        .graceful_shutdown_on(async move { shutdown.cancelled().await })
        .run(reconcile, |_, never: &Infallible, _| match *never {}, checker)
        .for_each(|_| std::future::ready(()));
    tokio::select! {
        () = controller => {}
        () = never_filled(&ending, filled) => {}
    }
}

/// Accounts of the watched namespace, `None` being all, that a new list lacks went while the watch was broken.
fn remove_absent(accounts: &Accounts, listed: &[Arc<Guarded>], namespace: Option<&str>) {
    let there: BTreeSet<AccountKey> = listed.iter().map(|account| key_of(account.meta())).collect();
    let is_watched = |key: &AccountKey| namespace.is_none_or(|namespace| namespace == key.namespace);
    for key in accounts.known().into_iter().filter(|key| is_watched(key) && !there.contains(key)) {
        accounts.remove(&key);
    }
}

fn conditions(account: &TelnyxAccount) -> &[meta::Condition] {
    account.status.as_ref().map_or(&[], |status| &status.conditions)
}

fn key_of(meta: &kube::core::ObjectMeta) -> AccountKey {
    AccountKey { namespace: meta.namespace.clone().unwrap_or_default(), name: meta.name.clone().unwrap_or_default() }
}

#[expect(clippy::unnecessary_wraps, reason = "the form of a predicate")]
fn worth_a_pass(account: &Guarded) -> Option<u64> {
    let mut hasher = DefaultHasher::new();
    account.meta().generation.hash(&mut hasher);
    account.meta().deletion_timestamp.is_some().hash(&mut hasher);
    let annotations = account.meta().annotations.as_ref();
    annotations.and_then(|annotations| annotations.get(RECONCILE_REQUESTED_AT)).hash(&mut hasher);
    Some(hasher.finish())
}

async fn reconcile(account: Arc<Guarded>, checker: Arc<Checker>) -> Result<Action, Infallible> {
    let after = match &account.0 {
        Ok(account) => checker.check(account).await,
        Err(invalid) => {
            let name = invalid.metadata.name.as_deref().unwrap_or_default();
            tracing::error!(
                account = name,
                "the account cannot be read as its kind: apply it again with the present CRDs"
            );
            None
        }
    };
    Ok(after.map_or_else(Action::await_change, Action::requeue))
}

struct Checker {
    context: Context,
    /// All that are known.
    accounts: Store<Guarded>,
    backoffs: Mutex<HashMap<String, Backoff>>,
}

impl Checker {
    /// One pass. Returns when to look again; `None` is when woken.
    async fn check(&self, account: &TelnyxAccount) -> Option<Duration> {
        let key = key_of(account.meta());
        if !self.context.accounts.is_ours(&key) {
            // Another replica's, for now. Whoever gains it asks for another look.
            return self.stand_by(account, &key).await;
        }
        let pass = self.run(account);
        self.context.traces.pass(KIND, &key.namespace, &key.name, pass).await
    }

    /// One pass. Gives the word of its outcome, too.
    async fn run(&self, account: &TelnyxAccount) -> (&'static str, Option<Duration>) {
        let started = Instant::now();
        let outcome = match caught(self.context.metrics.panics(), KIND, self.pass(account)).await {
            Ok(Some(outcome)) | Err(Fall::Failed(outcome)) => outcome,
            Ok(None) => return ("done", None),
            Err(Fall::Panicked) => stumbled(),
        };
        self.context.metrics.reconciled(KIND, outcome.label(), started.elapsed());
        (outcome.label(), self.report(account, &outcome).await)
    }

    /// Another replica acts for the account: its webhooks are verified here and passed on there. Returns when to look again.
    async fn stand_by(&self, account: &TelnyxAccount, key: &AccountKey) -> Option<Duration> {
        let text = match &account.spec.webhook_public_key_secret_ref {
            Some(reference) => secrets::read(&self.context.kube, account.namespace(), reference).await.map(Some),
            None => Ok(None),
        };
        match text.and_then(|value| public_key_of(account, value.map(|value| value.text))) {
            Ok(public_key) => {
                self.context.accounts.verifies_with(key, public_key.as_deref());
                None
            }
            Err(Outcome::Retry { .. }) => Some(self.backoff(account, Duration::ZERO)),
            // Whoever acts for it says so, and a change of the Secret wakes this up.
            Err(Outcome::Done(_) | Outcome::Waiting { .. } | Outcome::Terminal { .. }) => {
                self.context.accounts.verifies_with(key, None);
                None
            }
        }
    }

    /// `None`: the account was let go.
    async fn pass(&self, account: &TelnyxAccount) -> Result<Option<Outcome>, Outcome> {
        let key = key_of(account.meta());
        if account.deleting() {
            if !is_held(account, FINALIZER) {
                return Ok(None);
            }
            self.context.accounts.leaving(&key);
            let users = self.context.users.of(&key);
            if users == Some(0) {
                // The Secrets first: nobody would let them go once the account is gone.
                let let_go = secrets::let_go(&self.context.kube, account, &self.accounts, |other| self.is_done(other));
                let_go
                    .await
                    .map_err(|error| kubernetes("the finalizer of its Secrets could not be removed", &error))?;
                let released = release(&self.api(account), account, FINALIZER).await;
                released.map_err(|error| kubernetes("the finalizer could not be removed", &error))?;
                return Ok(None);
            }
            // Its users still need it; whether the key works is told to them, the account itself says why it stays.
            drop(self.connect(account, &key).await);
            if users.is_none() {
                let message = "what needs it is not known yet: the operator has just started".to_owned();
                return Err(Outcome::Retry { class: RetryClass::InUse, after: Some(ALL_KNOWN), message });
            }
            return Ok(Some(Outcome::waiting(Referent {
                reason: Reason::InUse,
                kind: "objects",
                name: "that use it".to_owned(),
                need: "they must be deleted first".to_owned(),
            })));
        }
        let guarded = hold(&self.api(account), account, FINALIZER, None).await;
        guarded.map_err(|error| kubernetes("the finalizer could not be written", &error))?;
        self.connect(account, &key).await.map(Some)
    }

    /// Whether it is being deleted, and nobody needs it any more.
    fn is_done(&self, account: &TelnyxAccount) -> bool {
        account.deleting() && self.context.users.of(&key_of(account.meta())) == Some(0)
    }

    /// Makes or keeps the client, checks it, and sets how the account stands for its users.
    async fn connect(&self, account: &TelnyxAccount, key: &AccountKey) -> Result<Outcome, Outcome> {
        let accounts = &self.context.accounts;
        let before = accounts.last_good(key, account.uid());
        match self.connected(account, key, before.as_ref()).await {
            Ok(ready) => {
                accounts.set(key, account.uid(), Standing::Ready(ready));
                Ok(Outcome::in_sync())
            }
            Err(outcome) => {
                let secret_gone = matches!(&outcome, Outcome::Waiting { .. });
                let need = short(&outcome);
                let lost = account.deleting() && secret_gone;
                accounts.set(key, account.uid(), Standing::Down(Down { need, last_good: before, lost }));
                Err(outcome)
            }
        }
    }

    async fn connected(
        &self,
        account: &TelnyxAccount,
        key: &AccountKey,
        before: Option<&Arc<Account>>,
    ) -> Result<Arc<Account>, Outcome> {
        let secret = secrets::kept(&self.context.kube, account, &account.spec.api_key_secret_ref).await?;
        let public_key = match &account.spec.webhook_public_key_secret_ref {
            Some(reference) => Some(secrets::kept(&self.context.kube, account, reference).await?.text),
            None => None,
        };
        let public_key = public_key_of(account, public_key)?;
        let connection = Connection {
            secret_version: secret.version,
            base_url: account.spec.base_url.clone(),
            limits: account.spec.limits.clone(),
        };
        let same = before.filter(|before| before.connection == connection);
        let client = if let Some(before) = same {
            before.client().clone()
        } else {
            let fence = self.context.accounts.ownership().fence(key);
            build(account, &secret.text, &self.context, fence)?
        };
        let asked = account.annotation(RECONCILE_REQUESTED_AT)
            != account.status.as_ref().and_then(|status| status.last_handled_reconcile_at.as_deref());
        if asked || same.is_none_or(|before| !before.works()) {
            self.try_key(&client).await?;
        }
        let spec = account.spec.clone();
        Ok(self.context.accounts.admit(
            Account::of(key.clone(), account.uid().to_owned(), spec, public_key, connection),
            client,
            same.map(Arc::as_ref),
        ))
    }

    /// One page of queues: the cheapest request that needs a valid key.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the classes are open; whatever is not about the key may pass")]
    async fn try_key(&self, client: &Client) -> Result<(), Outcome> {
        let page = client.lane(Lane::Edit).queue_pages().boxed().next().await;
        let Err(error) = page.transpose() else { return Ok(()) };
        Err(match classify(&error, Endpoint::Queues) {
            Class::Unauthenticated => Outcome::Terminal {
                reason: Reason::CredentialsInvalid,
                message: "the API refused the key: put a valid one into the Secret, it is picked up at once".to_owned(),
            },
            Class::Forbidden | Class::FeatureNotPermitted => Outcome::Terminal {
                reason: Reason::PermissionDenied,
                message: format!("the key may not be used: {error}"),
            },
            _ => Outcome::Retry {
                class: RetryClass::ApiUnavailable,
                after: error.api().and_then(|answer| answer.rate.reset),
                message: format!("the key could not be checked: {error}"),
            },
        })
    }

    async fn report(&self, account: &TelnyxAccount, outcome: &Outcome) -> Option<Duration> {
        if !self.context.accounts.is_ours(&key_of(account.meta())) {
            return None;
        }
        let before = account.status.clone().unwrap_or_default();
        let previous: Vec<Condition> = before.conditions.iter().filter_map(from_kube).collect();
        let (generation, now) = (account.generation(), Timestamp::now());
        let deleting = account.deleting();
        let said = report(&Subject { generation, deleting, previous: &previous, now, words: WORDS }, outcome, None);
        let requested = account.annotation(RECONCILE_REQUESTED_AT).filter(|_| matches!(outcome, Outcome::Done(_)));
        let after = TelnyxAccountStatus {
            observed_generation: Some(generation),
            conditions: said.conditions.iter().map(to_kube).collect(),
            last_handled_reconcile_at: requested
                .map(str::to_owned)
                .or_else(|| before.last_handled_reconcile_at.clone()),
        };
        if after != before {
            publish(&self.context.events, account, said.transition);
            let patch = Patch::Merge(json!({ "metadata": { "uid": account.uid() }, "status": after }));
            let kube = &self.context.kube;
            match patch_status::<TelnyxAccount>(kube, account.namespace(), account.name(), &patch).await {
                Ok(_) => {}
                Err(kube::Error::Api(status)) if status.code == 404 => return None,
                Err(error) => {
                    tracing::warn!(account = %account.place(), error = %error, "status could not be written");
                    return Some(self.backoff(account, Duration::ZERO));
                }
            }
        }
        match said.requeue {
            Requeue::WhenWoken => {
                self.backoffs.lock().unwrap_or_else(PoisonError::into_inner).remove(account.uid());
                None
            }
            Requeue::Backoff { at_least } => Some(self.backoff(account, at_least)),
            Requeue::Paced { after } => Some(after),
            Requeue::Slow => Some(slow_retry(rand::random())),
        }
    }

    fn backoff(&self, account: &TelnyxAccount, at_least: Duration) -> Duration {
        let mut backoffs = self.backoffs.lock().unwrap_or_else(PoisonError::into_inner);
        let backoff = backoffs.entry(account.uid().to_owned()).or_default();
        backoff.next(account.generation(), rand::random()).max(at_least)
    }

    fn api(&self, account: &TelnyxAccount) -> Api<TelnyxAccount> {
        Api::namespaced(self.context.kube.clone(), account.namespace())
    }
}

/// The key that webhooks are verified with: the spec's own, or the one `in_secret`. `None`: neither is there.
fn public_key_of(account: &TelnyxAccount, in_secret: Option<String>) -> Result<Option<String>, Outcome> {
    let (text, field) = match (&account.spec.webhook_public_key, in_secret) {
        (Some(text), _) => (text.clone(), "spec.webhookPublicKey"),
        (None, Some(text)) => (text, "spec.webhookPublicKeySecretRef"),
        (None, None) => return Ok(None),
    };
    let bytes = base64::engine::general_purpose::STANDARD.decode(&text);
    if bytes.is_ok_and(|bytes| bytes.len() == PUBLIC_KEY_BYTES) {
        return Ok(Some(text));
    }
    let message = format!("{field}: not an Ed25519 public key in base64 (32 bytes, 44 characters)");
    Err(Outcome::Terminal { reason: Reason::SecretInvalid, message })
}

fn publish(events: &Events, account: &TelnyxAccount, transition: Option<reconcile_plan::Transition>) {
    if let Some(transition) = transition {
        events.publish(account, transition);
    }
}

fn build(account: &TelnyxAccount, key: &str, context: &Context, fence: Fence) -> Result<Client, Outcome> {
    let invalid = |reason, message| Outcome::Terminal { reason, message };
    let secret = &account.spec.api_key_secret_ref;
    let key = ApiKey::new(key).map_err(|error| {
        invalid(Reason::SecretInvalid, format!("Secret {}, key {}: {error}", secret.name, secret.key))
    })?;
    let limits = &account.spec.limits;
    let budget = Budget::new(BudgetConfig {
        concurrency: limits.max_concurrent_requests,
        dials_per_second: limits.dials_per_second,
        ..BudgetConfig::default()
    });
    let (metrics, traces) = (Arc::clone(&context.metrics), context.traces.clone());
    Client::builder(key)
        .observer(Arc::new(move |exchange| {
            metrics.exchanged(exchange);
            traces.exchanged(exchange);
        }))
        .fence(fence)
        .base_url(account.spec.base_url.clone())
        .budget(budget)
        .build()
        .map_err(|error| invalid(Reason::InvalidSpec, format!("spec.baseUrl or the key cannot be used: {error}")))
}

fn kubernetes(what: &str, error: &kube::Error) -> Outcome {
    Outcome::Retry { class: RetryClass::Kubernetes, after: None, message: format!("{what}: {error}") }
}

/// What users are told: the reason only, so that their status does not change with every detail of the account's.
fn short(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Done(_) => "it is ready".to_owned(),
        Outcome::Waiting { .. } => "its Secret does not exist".to_owned(),
        Outcome::Retry { .. } => "its key could not be checked yet".to_owned(),
        Outcome::Terminal { reason: Reason::CredentialsInvalid, .. } => "the API refused its key".to_owned(),
        Outcome::Terminal { reason, .. } => format!("it is not ready ({reason})"),
    }
}
