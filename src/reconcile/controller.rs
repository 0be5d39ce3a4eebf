//! Watches, stores and workers around the loop. One per kind and watched namespace.
//!
//! What kube's `Controller` leaves to its user is done here: bounded concurrency, objects that cannot be read, wake-ups
//! from elsewhere, and a filter that keeps our own status writes from waking us.

use super::accounts::{AccountKey, Accounts};
use super::claims::Claims;
use super::external::{External, RemoteKind};
use super::managed::{Managed, Object as _};
use super::memory::Memories;
use super::news::{Change, News};
use super::pass::{Loop, claimant, kind_of};
use super::prepare::{FINALIZER, FORCE_RELEASE, is_held};
use super::resync::Resync;
use super::status::slim;
use super::waits::Waits;
use super::{Cache, Context, Stores, never_filled};
use crate::api::{GROUP, RECONCILE_REQUESTED_AT};
use crate::listing::scoped;
use futures::{Stream, StreamExt, stream};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::Resource as _;
use kube::core::DeserializeGuard;
use kube::runtime::controller::{Action, Config as ControllerConfig, Controller};
use kube::runtime::reflector::{ObjectRef, Store};
use kube::runtime::watcher::{self, Event};
use kube::runtime::{PredicateConfig, WatchStreamExt};
use std::collections::HashMap;
use std::convert::Infallible;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::mpsc;

/// Objects of one kind that are worked on at once. A thousand creates at 50 ms each take 0.8 s at this width, if the
/// account's budget allows as much; more would only queue there.
const CONCURRENCY: u16 = 64;

/// An object as the watch delivers it, readable or not.
pub type Guarded<K> = DeserializeGuard<K>;

/// Runs the controller of one kind until shutdown.
///
/// `caches` are the writing ends of `stores`.
pub async fn run<E: External>(context: Context, stores: Stores<E::Object>, caches: Vec<Cache<E::Object>>) {
    let (waker, wakes) = mpsc::unbounded_channel();
    let the_loop = Arc::new(Loop::<E> {
        kube: context.kube.clone(),
        accounts: Arc::clone(&context.accounts),
        references: Arc::clone(&context.references),
        memories: Memories::default(),
        claims: Claims::default(),
        waits: Waits::default(),
        metrics: Arc::clone(&context.metrics),
        traces: context.traces.clone(),
        events: context.events.clone(),
        waker,
        kind: PhantomData,
    });
    context.metrics.expect(kind_of::<E>());
    context.users.add(kind_of::<E>(), users_of(stores.clone()));
    let resync = Resync { the_loop: Arc::clone(&the_loop), stores: stores.clone(), shutdown: context.shutdown.clone() };
    let mut routes = HashMap::new();
    let mut controllers = vec![];
    for cache in caches {
        let (sender, receiver) = mpsc::unbounded_channel();
        routes.insert(cache.namespace.clone(), sender);
        controllers.push(one(&context, cache, Arc::clone(&the_loop), stores.clone(), receiver));
    }
    let health = context.health.clone();
    let ready = async {
        if stores.synced().await {
            health.ready(kind_of::<E>());
        }
    };
    tokio::join!(
        futures::future::join_all(controllers),
        resync.run(),
        route(wakes, routes, context.shutdown.clone()),
        ready,
    );
}

type Routes = HashMap<Option<String>, mpsc::UnboundedSender<(String, String)>>;

/// Hands wake-ups to the controller that watches their namespace.
async fn route(
    mut wakes: mpsc::UnboundedReceiver<(String, String)>,
    routes: Routes,
    shutdown: tokio_util::sync::CancellationToken,
) {
    loop {
        let wake = tokio::select! {
            wake = wakes.recv() => wake,
            () = shutdown.cancelled() => return,
        };
        let Some((namespace, name)) = wake else { return };
        if let Some(sender) = routes.get(&Some(namespace.clone())).or_else(|| routes.get(&None)) {
            // A controller that has stopped needs no waking.
            let _stopped = sender.send((namespace, name));
        }
    }
}

/// One watch and its workers.
async fn one<E: External>(
    context: &Context,
    cache: Cache<E::Object>,
    the_loop: Arc<Loop<E>>,
    stores: Stores<E::Object>,
    wakes: mpsc::UnboundedReceiver<(String, String)>,
) {
    let Cache { namespace, writer, synced } = cache;
    let api = scoped::<Guarded<E::Object>>(&context.kube, namespace.as_deref());
    let reader = writer.as_reader();
    let filled = synced.subscribe();
    let pulse = context.watches.follow(kind_of::<E>(), namespace.clone(), reader.clone(), conditions::<E::Object>);
    let bookkeeper = Bookkeeper { the_loop: Arc::clone(&the_loop), news: context.news.clone(), stores };
    let mut known = HashMap::new();
    let trigger = watcher::watcher(api, watcher::Config::default())
        .default_backoff()
        .modify(shrink)
        .reflect(writer)
        .inspect(move |event| {
            pulse.beat(event);
            bookkeeper.note(event, &mut known);
            if matches!(event, Ok(Event::InitDone)) {
                synced.send_replace(true);
            }
        })
        .touched_objects()
        .predicate_filter(worth_a_pass, PredicateConfig::default())
        .inspect(asking(&the_loop, place_of));
    let waiting = waiting_for(context.news.listen(), reader.clone());
    let woken = stream::unfold(wakes, |mut wakes| async move { wakes.recv().await.map(|place| (place, wakes)) })
        .map(|(namespace, name)| ObjectRef::new(&name).within(&namespace));
    let others = stream::select(waiting_stream::<E>(waiting, Arc::clone(&context.accounts)), woken)
        .inspect(asking(&the_loop, place));
    let (shutdown, waits) = (context.shutdown.clone(), Arc::clone(&the_loop));
    let controller = Controller::for_stream(trigger, reader)
        .with_config(ControllerConfig::default().concurrency(CONCURRENCY))
        .reconcile_on(others)
        .graceful_shutdown_on(async move { shutdown.cancelled().await })
        .run(reconcile::<E>, |_, never: &Infallible, _| match *never {}, the_loop)
        .for_each(move |result| {
            if let Err(error) = result {
                queue_error(kind_of::<E>(), &error, &waits.waits);
            }
            std::future::ready(())
        });
    tokio::select! {
        () = controller => {}
        () = never_filled(&context.shutdown, filled) => {}
    }
}

/// Notes each object that asks for a pass; `place` tells its namespace and name.
fn asking<T, E: External>(
    the_loop: &Arc<Loop<E>>,
    place: fn(&T) -> Option<(&str, &str)>,
) -> impl FnMut(&T) + use<T, E> {
    let the_loop = Arc::clone(the_loop);
    move |asking| {
        if let Some((namespace, name)) = place(asking) {
            the_loop.waits.asked(namespace, name, Instant::now());
        }
    }
}

fn place_of<K: Managed>(object: &watcher::Result<Guarded<K>>) -> Option<(&str, &str)> {
    let meta = object.as_ref().ok()?.meta();
    Some((meta.namespace.as_deref()?, meta.name.as_deref()?))
}

fn place<K: Managed>(object: &ObjectRef<Guarded<K>>) -> Option<(&str, &str)> {
    Some((object.namespace.as_deref()?, &object.name))
}

/// Watch errors are retried with backoff by the watcher itself; an object that vanished before its turn is no error.
fn queue_error<R, Q>(kind: &str, error: &kube::runtime::controller::Error<R, Q>, waits: &Waits)
where
    R: std::error::Error + 'static,
    Q: std::error::Error + 'static,
{
    if let kube::runtime::controller::Error::ObjectNotFound(object) = error {
        waits.gone(object.namespace.as_deref().unwrap_or_default(), &object.name);
    } else {
        tracing::warn!(kind, error = %error, "a watch or its queue failed; it is tried again");
    }
}

async fn reconcile<E: External>(object: Arc<Guarded<E::Object>>, the_loop: Arc<Loop<E>>) -> Result<Action, Infallible> {
    let meta = object.meta();
    let (namespace, name) = (meta.namespace.as_deref().unwrap_or_default(), meta.name.as_deref().unwrap_or_default());
    let waited = the_loop.waits.begun(namespace, name, Instant::now());
    // Until the objects that specs refer to are known, "does not exist" cannot be told from "not seen yet".
    if !the_loop.references.synced().await {
        return Ok(Action::await_change());
    }
    let after = match &object.0 {
        // Somebody else's to do. Told when that changes.
        Ok(object) if !the_loop.acts_for(object).await => None,
        Ok(object) => the_loop.reconcile(object, waited).await,
        Err(invalid) => {
            the_loop.undecodable(invalid);
            None
        }
    };
    Ok(after.map_or_else(Action::await_change, Action::requeue))
}

fn conditions<K: Managed>(object: &K) -> &[Condition] {
    object.status().map_or(&[], |status| &status.conditions)
}

/// Keeps in memory only what passes need.
fn shrink<K: Managed>(object: &mut Guarded<K>) {
    object.meta_mut().managed_fields = None;
    if let Ok(object) = &mut object.0 {
        if let Some(annotations) = object.meta_mut().annotations.as_mut() {
            annotations.retain(|key, _| key.contains(GROUP));
        }
        object.meta_mut().labels = None;
        if let Some(status) = object.status_mut() {
            slim(status);
        }
    }
}

/// A pass is worth its while when the spec, one of our annotations or the deletion changed. Status never is: it is ours.
#[expect(clippy::unnecessary_wraps, reason = "the form of a predicate")]
fn worth_a_pass<K: Managed>(object: &Guarded<K>) -> Option<u64> {
    let meta = object.meta();
    let annotation = |key: &str| meta.annotations.as_ref().and_then(|annotations| annotations.get(key));
    let mut hasher = DefaultHasher::new();
    meta.generation.hash(&mut hasher);
    meta.deletion_timestamp.is_some().hash(&mut hasher);
    annotation(RECONCILE_REQUESTED_AT).hash(&mut hasher);
    annotation(FORCE_RELEASE).hash(&mut hasher);
    Some(hasher.finish())
}

/// Objects that wait for what the news is about.
fn waiting_for<K: Managed>(
    news: super::news::Listener,
    store: Store<Guarded<K>>,
) -> impl Stream<Item = (Change, Vec<Arc<Guarded<K>>>)> {
    stream::unfold((news, store), |(mut news, store)| async move {
        let change = news.next().await?;
        let objects = store.state();
        Some(((change, objects), (news, store)))
    })
}

fn waiting_stream<E: External>(
    waiting: impl Stream<Item = (Change, Vec<Arc<Guarded<E::Object>>>)>,
    accounts: Arc<Accounts>,
) -> impl Stream<Item = ObjectRef<Guarded<E::Object>>> {
    waiting.flat_map(move |(change, objects)| {
        let woken: Vec<_> = objects
            .iter()
            .filter_map(|object| object.0.as_ref().ok())
            .filter(|object| concerns::<E>(object, &change, &accounts))
            .map(|object| ObjectRef::new(object.name()).within(object.namespace()))
            .collect();
        stream::iter(woken)
    })
}

fn concerns<E: External>(object: &E::Object, change: &Change, accounts: &Accounts) -> bool {
    let account = || AccountKey::of(object.account_ref(), object.namespace());
    match change {
        Change::Account(key) => account() == *key,
        Change::Profile { namespace, name } => object.namespace() == namespace && E::refers_to_profile(object, name),
        // Who decides in a namespace decides about those objects alone whose account does not exist.
        Change::Namespace(namespace) => object.namespace() == namespace && !accounts.is_known(&account()),
        Change::Anything => true,
    }
}

/// Counts, per account, the objects that still need it to be cleaned up.
fn users_of<K: Managed>(stores: Stores<K>) -> super::CountUsers {
    Box::new(move |key| {
        let uses =
            |object: &K| is_held(object, FINALIZER) && AccountKey::of(object.account_ref(), object.namespace()) == *key;
        stores.is_synced().then(|| stores.count(uses))
    })
}

/// What others may wait for.
#[derive(Debug, PartialEq, Eq)]
struct Known {
    id: Option<String>,
    ready: bool,
}

/// Keeps claims and memories in step with what exists, and tells others of ids that came or went.
struct Bookkeeper<E: External> {
    the_loop: Arc<Loop<E>>,
    news: News,
    stores: Stores<E::Object>,
}

impl<E: External> Bookkeeper<E> {
    fn note(&self, event: &watcher::Result<Event<Guarded<E::Object>>>, known: &mut HashMap<String, Known>) {
        match event {
            Ok(Event::Apply(object) | Event::InitApply(object)) => {
                if let Ok(object) = &object.0 {
                    self.seen(object, known);
                }
            }
            Ok(Event::Delete(object)) => {
                let uid = object.meta().uid.clone().unwrap_or_default();
                known.remove(&uid);
                self.gone(&uid);
                if let Ok(object) = &object.0 {
                    self.tell(object);
                    self.the_loop.accounts.user_gone(&AccountKey::of(object.account_ref(), object.namespace()));
                }
            }
            Ok(Event::InitDone) => self.swept(),
            Ok(Event::Init) | Err(_) => {}
        }
    }

    fn seen(&self, object: &E::Object, known: &mut HashMap<String, Known>) {
        // An entry makes the UID known before any object is reconciled.
        drop(self.the_loop.memories.of(object.uid()));
        let id = object.status().and_then(|status| status.id.clone());
        if let Some(id) = &id {
            let account = AccountKey::of(object.account_ref(), object.namespace());
            self.the_loop.claims.note((account, id.clone()), &claimant(object));
        }
        let conditions = object.status().map(|status| status.conditions.as_slice()).unwrap_or_default();
        let ready = conditions.iter().any(|condition| condition.type_ == "Ready" && condition.status == "True");
        let now = Known { id, ready };
        if known.get(object.uid()) != Some(&now) {
            known.insert(object.uid().to_owned(), now);
            self.tell(object);
        }
    }

    fn tell(&self, object: &E::Object) {
        let (namespace, name) = (object.namespace().to_owned(), object.name().to_owned());
        match E::KIND {
            RemoteKind::Profile => self.news.tell(Change::Profile { namespace, name }),
            RemoteKind::Application => self.news.applications_moved(),
            RemoteKind::Queue => {}
        }
    }

    fn gone(&self, uid: &str) {
        self.the_loop.memories.forget(uid);
        self.the_loop.wake(self.the_loop.claims.release(uid));
    }

    /// A list after a lost watch: what is not in it is gone, and no event said so.
    fn swept(&self) {
        let alive = self.stores.uids();
        self.the_loop.memories.retain(|uid| alive.contains(uid));
        self.the_loop.wake(self.the_loop.claims.retain(|uid| alive.contains(uid)));
        self.the_loop.metrics.known(kind_of::<E>(), alive.len());
    }
}

impl<E: External> Loop<E> {
    /// An object that is not what its kind should be: an older CRD let it pass. It cannot be worked on, and must not keep
    /// others from being.
    fn undecodable(&self, invalid: &kube::core::error_boundary::InvalidObject) {
        self.metrics.reconciled(kind_of::<E>(), "undecodable", std::time::Duration::ZERO);
        let place = format!(
            "{}/{}",
            invalid.metadata.namespace.as_deref().unwrap_or_default(),
            invalid.metadata.name.as_deref().unwrap_or_default()
        );
        tracing::error!(
            object = place,
            kind = kind_of::<E>(),
            "the object cannot be read as its kind: apply it again with the present CRDs"
        );
        tracing::debug!(object = place, error = invalid.error, "why it cannot be read");
    }
}
