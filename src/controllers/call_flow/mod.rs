//! `CallFlow`: compiles flows, keeps every revision that a call may still run, and reports what happens in them.
//!
//! Promises that a revision is stored before a call can begin with it, that a call keeps the revision that it began with,
//! that a flow is let go only when no call runs it, and that a quiet pass writes nothing. Does not know how a flow is run.

mod compile;
mod pass;
mod report;
mod revisions;

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use call_flow::FlowKey;
use futures::future::join_all;
use futures::{Stream, StreamExt, stream};
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
use crate::api::{CallFlow, CallFlowStatus};
use crate::dialing::labels::FINALIZER;
use crate::flows::Flows;
use crate::listing::scoped;
use crate::ownership::{Ownership, Up};
use crate::reconcile::{self, Change, Listener, Object as _, Pulse, is_held, never_filled};
use crate::telemetry::Health;

#[cfg(feature = "workstation")]
pub(crate) use compile::compile;

/// The kind, as health calls it.
pub const KIND: &str = "CallFlow";

/// Passes at once.
const AT_ONCE: u16 = 8;
/// After a pass that the API server, or an error of ours, has ended; and while something is waited for.
const LOOK_AGAIN: Duration = Duration::from_secs(2);
/// How often what was counted is written, at most.
const PERIOD: Duration = Duration::from_secs(2);

/// Flows as they are decoded: one that cannot be is one bad object, not the end of the watch.
type Guarded = DeserializeGuard<CallFlow>;

struct Context {
    client: Client,
    ownership: Ownership,
    flows: Flows,
    health: Health,
    held: Mutex<HashMap<String, Arc<tokio::sync::Mutex<Held>>>>,
    passes: Passes,
}

/// What is remembered of a flow between passes.
#[derive(Debug, Default)]
struct Held {
    /// The kept revisions were read.
    read: bool,
    /// The generation that was looked at last, and what came of it.
    looked: Option<(i64, report::Verdict)>,
    /// The status that was written last; the watch may show an older one.
    status: Option<CallFlowStatus>,
    /// Since when it matters whether calls at other replicas run it, and whether that is because it is being deleted.
    asked: Option<(bool, Up)>,
}

/// Watches the context's namespaces until its shutdown. Ready once every flow was looked at: before, a call that comes in
/// finds no flow.
pub async fn run(context: reconcile::Context, flows: Flows) {
    let passes = Passes::of(KIND, LOOK_AGAIN, &context);
    let reconcile::Context { kube: client, accounts, news, health, scope, watches, shutdown: stop, .. } = context;
    let ownership = accounts.ownership().clone();
    let namespaces = scope.namespaces();
    let context = Arc::new(Context { client, ownership, flows, health, held: Mutex::default(), passes });
    let (mut caches, mut all) = (Vec::new(), Vec::new());
    for namespace in namespaces {
        let (reader, writer) = reflector::store();
        let filled = Sender::new(false);
        caches.push((reader.clone(), filled.subscribe()));
        let pulse = watches.follow("flow", namespace.clone(), reader.clone(), conditions);
        let (cache, news) = ((reader, writer), news.listen());
        all.push(watch(Arc::clone(&context), (namespace, pulse), cache, filled, news, stop.clone()));
    }
    let knowing = tell_when_all_known(Arc::clone(&context), caches, stop.clone());
    futures::future::join(join_all(all), knowing).await;
}

fn conditions(flow: &CallFlow) -> &[Condition] {
    flow.status.as_ref().map_or(&[], |status| &status.conditions)
}

/// Says when every flow that exists was looked at: until then an unknown one may exist.
async fn tell_when_all_known(
    context: Arc<Context>,
    mut caches: Vec<(Store<Guarded>, Receiver<bool>)>,
    stop: CancellationToken,
) {
    let all_known = async {
        for (_, is_filled) in &mut caches {
            if is_filled.wait_for(|filled| *filled).await.is_err() {
                return;
            }
        }
        let mut ticks = tokio::time::interval(Duration::from_millis(200));
        loop {
            ticks.tick().await;
            let looked_at = |flow: &Arc<Guarded>| {
                let Ok(flow) = &flow.0 else { return true };
                // One that was let go is run by no call.
                !is_held(flow, FINALIZER) && flow.deleting() || context.was_looked_at(flow.uid(), flow.deleting())
            };
            if caches.iter().all(|(reader, _)| reader.state().iter().all(looked_at)) {
                context.flows.catalogue().synced();
                return context.health.ready(KIND);
            }
        }
    };
    tokio::select! {
        () = all_known => {}
        () = stop.cancelled() => {}
    }
}

async fn watch(
    context: Arc<Context>,
    (namespace, pulse): (Option<String>, Pulse),
    (reader, writer): (Store<Guarded>, Writer<Guarded>),
    filled: Sender<bool>,
    news: Listener,
    stop: CancellationToken,
) {
    let api = scoped::<Guarded>(&context.client, namespace.as_deref());
    let is_filled = filled.subscribe();
    let changes = predicates::generation.combine(predicates::finalizers).combine(deletion);
    let watched = watcher(api, watcher::Config::default())
        .default_backoff()
        .reflect(writer)
        .inspect(move |event| {
            pulse.beat(event);
            if matches!(event, Ok(watcher::Event::InitDone)) {
                filled.send_replace(true);
            }
        })
        .applied_objects()
        .predicate_filter(changes, kube::runtime::utils::PredicateConfig::default());
    let (flows, catalogue) = (reader.clone(), context.flows.catalogue().clone());
    let ticks = stream::unfold(tokio::time::interval(PERIOD), async |mut ticks| {
        ticks.tick().await;
        Some(((), ticks))
    });
    let moved = ticks.flat_map(move |()| {
        let moved = catalogue.moved();
        let is_meant = |flow: &Arc<Guarded>| {
            let uid = flow.meta().uid.as_deref().unwrap_or_default();
            !moved.is_empty() && moved.contains(&FlowKey::new(uid, 0).flow)
        };
        let meant: Vec<_> =
            flows.state().iter().filter(|flow| is_meant(flow)).map(|flow| ObjectRef::from_obj(&**flow)).collect();
        stream::iter(meant)
    });
    let decided = decided(news, reader.clone());
    let controller = Controller::for_stream(watched, reader)
        .with_config(ControllerConfig::default().concurrency(AT_ONCE))
        .reconcile_on(moved)
        .reconcile_on(decided)
        .graceful_shutdown_on(stop.clone().cancelled_owned())
        .run(reconcile, |_, error: &Infallible, _| match *error {}, context)
        .for_each(|passed| {
            if let Err(error) = passed {
                tracing::debug!(%error, "flow pass");
            }
            std::future::ready(())
        });
    tokio::select! {
        () = controller => {}
        () = never_filled(&stop, is_filled) => {}
    }
}

/// Flows about which this process decides from now on.
fn decided(news: Listener, flows: Store<Guarded>) -> impl Stream<Item = ObjectRef<Guarded>> {
    let changes = stream::unfold(news, async |mut news| Some((news.next().await?, news)));
    changes.flat_map(move |change| {
        let is_meant = |flow: &Arc<Guarded>| match &change {
            Change::Namespace(namespace) => flow.meta().namespace.as_ref() == Some(namespace),
            Change::Anything => true,
            Change::Account(_) | Change::Profile { .. } => false,
        };
        let flows = flows.state();
        let meant = flows.iter().filter(|flow| is_meant(flow));
        stream::iter(meant.map(|flow| ObjectRef::from_obj(&**flow)).collect::<Vec<_>>())
    })
}

#[expect(clippy::unnecessary_wraps, reason = "the signature of a predicate")]
fn deletion(flow: &Guarded) -> Option<u64> {
    Some(u64::from(flow.meta().deletion_timestamp.is_some()))
}

/// One pass.
async fn reconcile(object: Arc<Guarded>, context: Arc<Context>) -> Result<Action, Infallible> {
    let flow = match &object.0 {
        Ok(flow) => flow,
        Err(error) => {
            tracing::error!(name = object.meta().name, namespace = object.meta().namespace, error = %error.error,
                "a flow cannot be read: apply it again with the present CRDs");
            return Ok(Action::await_change());
        }
    };
    Ok(context.passes.run(flow.namespace(), flow.name(), pass::run(&context, flow)).await)
}

impl Context {
    fn held(&self, uid: &str) -> Arc<tokio::sync::Mutex<Held>> {
        let mut held = self.held.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        Arc::clone(held.entry(uid.to_owned()).or_default())
    }

    fn forget(&self, uid: &str) {
        self.held.lock().unwrap_or_else(std::sync::PoisonError::into_inner).remove(uid);
    }

    /// Whether all is known of a flow that calls may run. Of one that is being deleted that is what was kept.
    fn was_looked_at(&self, uid: &str, deleting: bool) -> bool {
        let held = self.held.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get(uid).cloned();
        let is_known = |held: &Held| held.looked.is_some() || deleting && held.read;
        // One that is being looked at is not looked at yet.
        held.is_some_and(|held| held.try_lock().is_ok_and(|held| is_known(&held)))
    }
}
