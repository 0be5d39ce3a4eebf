//! `DoNotCallList`: reads lists where they are kept, tells the dialers, and reports what was read.
//!
//! Promises that from the moment a list is seen until it was read, its account calls nobody; that a change of a list is
//! obeyed as soon as it was read; that what a failing source said last goes on to count; and that a quiet pass writes
//! nothing. Does not know how a number is matched, nor when it would be called.

#[cfg(feature = "workstation")]
pub(crate) mod offline;
mod pass;
mod report;
mod rows;
mod sources;

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::join_all;
use futures::{Stream, StreamExt, stream};
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::core::DeserializeGuard;
use kube::runtime::controller::{Action, Config as ControllerConfig};
use kube::runtime::reflector::store::Writer;
use kube::runtime::reflector::{ObjectRef, Store};
use kube::runtime::{Controller, Predicate, WatchStreamExt, predicates, reflector, watcher};
use kube::{Client, Resource};
use tokio::sync::watch::{Receiver, Sender};
use tokio_util::sync::CancellationToken;

use super::guarded::Passes;
use crate::api::{DoNotCallList, DoNotCallListStatus};
use crate::controllers::touched::touched;
use crate::dialing::{Dialers, Lists, Marking};
use crate::fetch::Fetcher;
use crate::listing::scoped;
use crate::reconcile::{self, Accounts, Object as _, Pulse, never_filled};
use crate::telemetry::Events;

/// The kind, as metrics call it.
const KIND: &str = "list";

/// Passes at once.
const AT_ONCE: u16 = 4;
/// After a pass that the API server, or an error of ours, has ended.
const RETRY: Duration = Duration::from_secs(2);

/// Lists as they are decoded: one that cannot be is one bad object, not the end of the watch.
type Guarded = DeserializeGuard<DoNotCallList>;

struct Context {
    client: Client,
    accounts: Arc<Accounts>,
    dialers: Dialers,
    events: Events,
    fetcher: Fetcher,
    held: Mutex<HashMap<String, Arc<tokio::sync::Mutex<Held>>>>,
    passes: Passes,
}

/// What is remembered of a list between passes.
#[derive(Debug, Default)]
struct Held {
    sources: Vec<sources::Source>,
    /// How the entries of `sources` were read.
    marking: Option<Marking>,
    /// The annotation for which every URL was asked, as far as this process did.
    asked: Option<String>,
    /// The status that was written last; the watch may show an older one.
    status: Option<DoNotCallListStatus>,
}

impl Context {
    fn held(&self, uid: &str) -> Arc<tokio::sync::Mutex<Held>> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(held.entry(uid.to_owned()).or_default())
    }

    fn forget(&self, uid: &str) {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).remove(uid);
    }
}

/// Watches the context's namespaces until its shutdown. `referents` changes when an account's dialer may have come.
pub async fn run(context: reconcile::Context, dialers: Dialers, referents: Receiver<()>) {
    let passes = Passes::of(KIND, RETRY, &context);
    let reconcile::Context { kube: client, accounts, events, fetcher, scope, watches, shutdown, .. } = context;
    let lists = dialers.lists().clone();
    let context = Arc::new(Context { client, accounts, dialers, events, fetcher, held: Mutex::default(), passes });
    let (mut filled, mut all) = (Vec::new(), Vec::new());
    for namespace in scope.namespaces() {
        let is_filled = Sender::new(false);
        filled.push(is_filled.subscribe());
        let cache: (Store<Guarded>, Writer<Guarded>) = reflector::store();
        let pulse = watches.follow(KIND, namespace.clone(), cache.0.clone(), conditions);
        let follow = Follow { namespace, pulse, cache, filled: is_filled };
        all.push(watch(Arc::clone(&context), follow, referents.clone(), shutdown.clone()));
    }
    futures::future::join(join_all(all), complete(lists, filled, shutdown.clone())).await;
}

fn conditions(list: &DoNotCallList) -> &[Condition] {
    list.status.as_ref().map_or(&[], |status| &status.conditions)
}

/// Says when every list that exists was declared.
async fn complete(lists: Lists, mut filled: Vec<Receiver<bool>>, stop: CancellationToken) {
    let all_filled = async {
        for is_filled in &mut filled {
            if is_filled.wait_for(|filled| *filled).await.is_err() {
                return;
            }
        }
        lists.complete();
    };
    tokio::select! {
        () = all_filled => {}
        () = stop.cancelled() => {}
    }
}

/// One watch and what it fills.
struct Follow {
    namespace: Option<String>,
    pulse: Pulse,
    cache: (Store<Guarded>, Writer<Guarded>),
    filled: Sender<bool>,
}

async fn watch(context: Arc<Context>, follow: Follow, referents: Receiver<()>, stop: CancellationToken) {
    let (namespace, reader, is_filled) = (follow.namespace.clone(), follow.cache.0.clone(), follow.filled.subscribe());
    let watched = seen(&context, follow);
    let came = stream::unfold(referents, async |mut referents| Some((referents.changed().await.ok()?, referents)));
    let waiting = reader.clone();
    let served = came.flat_map(move |()| {
        stream::iter(waiting.state().iter().map(|list| ObjectRef::from_obj(&**list)).collect::<Vec<_>>())
    });
    let sources = source_changes(&context.client, namespace.as_deref(), reader.clone());
    let controller = Controller::for_stream(watched, reader)
        .with_config(ControllerConfig::default().concurrency(AT_ONCE))
        .reconcile_on(served)
        .reconcile_on(sources)
        .graceful_shutdown_on(stop.clone().cancelled_owned())
        .run(reconcile, |_, error: &Infallible, _| match *error {}, context)
        .for_each(|passed| {
            if let Err(error) = passed {
                tracing::debug!(%error, "do-not-call list pass");
            }
            std::future::ready(())
        });
    tokio::select! {
        () = controller => {}
        () = never_filled(&stop, is_filled) => {}
    }
}

/// Lists as they come and change. They are declared the moment they are seen, and withdrawn the moment they are gone.
fn seen(
    context: &Arc<Context>,
    Follow { namespace, pulse, cache: (reader, writer), filled }: Follow,
) -> impl Stream<Item = Result<Guarded, watcher::Error>> + use<> {
    let api = scoped::<Guarded>(&context.client, namespace.as_deref());
    let changes =
        predicates::generation.combine(predicates::annotations).combine(predicates::finalizers).combine(deletion);
    let context = Arc::clone(context);
    watcher(api, watcher::Config::default())
        .default_backoff()
        .reflect(writer)
        .inspect(move |event| pulse.beat(event))
        .inspect(move |event| match event {
            Ok(watcher::Event::Init) | Err(_) => {}
            Ok(watcher::Event::InitApply(list) | watcher::Event::Apply(list)) => declare(&context, list),
            Ok(watcher::Event::Delete(list)) => withdraw(&context, list.meta().uid.as_deref().unwrap_or_default()),
            Ok(watcher::Event::InitDone) => {
                let there: Vec<String> = reader.state().iter().filter_map(|list| list.meta().uid.clone()).collect();
                for uid in context.dialers.lists().declared_in(namespace.as_deref()) {
                    if !there.contains(&uid) {
                        withdraw(&context, &uid);
                    }
                }
                filled.send_replace(true);
            }
        })
        .applied_objects()
        .predicate_filter(changes, kube::runtime::utils::PredicateConfig::default())
}

fn declare(context: &Context, list: &Guarded) {
    if let Ok(list) = &list.0 {
        context.dialers.lists().declare(pass::identity(list), list.spec.receives_opt_outs);
    }
}

fn withdraw(context: &Context, uid: &str) {
    context.dialers.lists().withdraw(uid);
    context.forget(uid);
}

#[expect(clippy::unnecessary_wraps, reason = "the signature of a predicate")]
fn deletion(list: &Guarded) -> Option<u64> {
    Some(u64::from(list.meta().deletion_timestamp.is_some()))
}

/// Lists one of whose `ConfigMap`s or Secrets came, changed or went.
fn source_changes(
    client: &Client,
    namespace: Option<&str>,
    lists: Store<Guarded>,
) -> impl Stream<Item = ObjectRef<Guarded>> + use<> {
    let config_maps = touched::<ConfigMap>(client, namespace).map(|place| (place, true)).boxed();
    let secrets = touched::<Secret>(client, namespace).map(|place| (place, false)).boxed();
    stream::select(config_maps, secrets).flat_map(move |((namespace, name), is_config_map)| {
        let lists = lists.state();
        let meant = lists.iter().filter(|list| names(list, &namespace, &name, is_config_map));
        stream::iter(meant.map(|list| ObjectRef::from_obj(&**list)).collect::<Vec<_>>())
    })
}

fn names(list: &Guarded, namespace: &str, name: &str, is_config_map: bool) -> bool {
    let Ok(list) = &list.0 else { return false };
    let config_map = |at: usize| list.spec.sources.get(at).and_then(|source| source.config_map.as_ref());
    let sources = &list.spec.sources;
    reconcile::Object::namespace(list) == namespace
        && if is_config_map {
            (0..sources.len()).filter_map(config_map).any(|reference| reference.name == name)
        } else {
            let named = sources.iter().filter_map(|source| source.secret.as_ref());
            named.chain(&list.spec.salt_secret_ref).any(|reference| reference.name == name)
        }
}

/// One pass.
async fn reconcile(object: Arc<Guarded>, context: Arc<Context>) -> Result<Action, Infallible> {
    let list = match &object.0 {
        Ok(list) => list,
        Err(error) => {
            tracing::error!(name = object.meta().name, namespace = object.meta().namespace, error = %error.error,
                "a do-not-call list cannot be read: apply it again with the present CRDs");
            return Ok(Action::await_change());
        }
    };
    let identity = pass::identity(list);
    if !context.accounts.acts(&identity.account, &identity.namespace).await {
        // Who dials for the account reads its lists. Told when that is this process.
        return Ok(Action::await_change());
    }
    Ok(context.passes.run(&identity.namespace, list.name(), pass::run(&context, list)).await)
}
