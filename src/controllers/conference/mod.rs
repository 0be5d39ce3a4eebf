//! `Conference`: finds the live conference of a policy, and makes it as declared.
//!
//! A conference cannot be made without a call, so nothing is created here and nothing needs cleaning up: a policy that is
//! deleted leaves a live conference as it is. All conferences of an account are looked for together, every five seconds.
//!
//! [`decide`](self::decide) says what to do, [`perform`](self::perform) sends it, [`report`](self::report) tells of it.
//! What Telnyx does not show is kept in status, so that a restart repeats nothing.

mod decide;
mod pass;
mod perform;
mod report;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::{StreamExt, TryStreamExt, stream};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::core::DeserializeGuard;
use kube::runtime::WatchStreamExt;
use kube::runtime::reflector::{self, Store};
use kube::runtime::watcher::{self, Event};
use reconcile_plan::{Outcome, Referent};
use telnyx_voice::conference::{self as voice, ConferenceFilter};
use telnyx_voice::{Endpoint, Error, Lane};
use tokio::sync::{Notify, watch};

use self::pass::{Memory, Pass};
use super::wire::word;
use crate::api::{CallControlApplication, Conference, ConferenceRegion};
use crate::flows::ConferencePolicies;
use crate::listing::scoped;
use crate::reconcile::{Account, AccountKey, Context, Doing, Object as _, Pulse, Stores, outcome_of};

type Guarded = DeserializeGuard<Conference>;

/// The kind, as health, logs and metrics call it.
pub const KIND: &str = "conference";
/// How often it is looked whether a conference is due.
const TICK: Duration = Duration::from_millis(500);
/// How often conferences are looked for.
const PACE: Duration = Duration::from_secs(5);
/// How soon one is looked at again that was commanded just now.
const AFTER_A_COMMAND: Duration = Duration::from_secs(1);
/// Conferences that are worked on at once.
const CONCURRENCY: usize = 8;

/// Runs the controller until shutdown. `applications` say whose conferences a namespace may touch; `policies` is told what
/// flows need to begin one.
pub async fn run(context: Context, applications: Stores<CallControlApplication>, policies: ConferencePolicies) {
    context.metrics.expect(KIND);
    let changed = Arc::new(Notify::new());
    let (mut stores, mut follows, mut filled) = (vec![], vec![], vec![]);
    for namespace in context.scope.namespaces() {
        let (store, writer) = reflector::store();
        let (synced, is_synced) = watch::channel(false);
        let pulse = context.watches.follow(KIND, namespace.clone(), store.clone(), conditions);
        stores.push(store);
        filled.push(is_synced);
        follows.push(follow(&context, (namespace, pulse), writer, Arc::clone(&changed), synced));
    }
    let ready = async {
        for mut is_synced in filled {
            // The sender is dropped at shutdown only.
            drop(is_synced.wait_for(|synced| *synced).await);
        }
        context.health.ready(KIND);
    };
    let work = work(&context, &stores, &applications, &policies, &changed);
    tokio::join!(futures::future::join_all(follows), ready, work);
}

fn conditions(object: &Conference) -> &[Condition] {
    object.status.as_ref().map_or(&[], |status| &status.conditions)
}

async fn follow(
    context: &Context,
    (namespace, pulse): (Option<String>, Pulse),
    writer: reflector::store::Writer<Guarded>,
    changed: Arc<Notify>,
    synced: watch::Sender<bool>,
) {
    let api = scoped::<Guarded>(&context.kube, namespace.as_deref());
    watcher::watcher(api, watcher::Config::default())
        .default_backoff()
        .reflect(writer)
        .take_until(context.shutdown.cancelled())
        .for_each(|event| {
            pulse.beat(&event);
            match event {
                Ok(Event::InitDone) => {
                    synced.send_replace(true);
                }
                Ok(Event::Apply(object) | Event::InitApply(object)) => {
                    if let Err(invalid) = &object.0 {
                        let name = invalid.metadata.name.as_deref().unwrap_or_default();
                        tracing::error!(
                            conference = name,
                            "the conference cannot be read as its kind: apply it again with the present CRDs"
                        );
                    }
                }
                Ok(Event::Init | Event::Delete(_)) => {}
                Err(error) => tracing::warn!(error = %error, "the watch on conferences failed; it is tried again"),
            }
            changed.notify_one();
            std::future::ready(())
        })
        .await;
}

/// Looks at what is due, again and again.
async fn work(
    context: &Context,
    stores: &[Store<Guarded>],
    applications: &Stores<CallControlApplication>,
    policies: &ConferencePolicies,
    changed: &Notify,
) {
    // Without them, "no application" cannot be told from "not seen yet".
    applications.synced().await;
    let mut memories: HashMap<String, Memory> = HashMap::new();
    loop {
        tokio::select! {
            () = tokio::time::sleep(TICK) => {}
            () = changed.notified() => {
                let all: Vec<_> = stores.iter().flat_map(Store::state).collect();
                policies.replace(all.iter().filter_map(|object| object.0.as_ref().ok()));
            }
            () = context.shutdown.cancelled() => return,
        }
        let due = due(context, stores, &mut memories);
        let passes = prepare(context, applications, due).await;
        let done: Vec<(String, Memory)> =
            stream::iter(passes).map(|pass| pass.run(context)).buffer_unordered(CONCURRENCY).collect().await;
        memories.extend(done);
    }
}

/// Objects whose time has come, or whose spec has changed. Forgets those that no longer exist, and those that are another
/// replica's.
fn due(
    context: &Context,
    stores: &[Store<Guarded>],
    memories: &mut HashMap<String, Memory>,
) -> Vec<(Conference, Memory)> {
    let now = Instant::now();
    let mut before = std::mem::take(memories);
    let mut due = vec![];
    for object in stores.iter().flat_map(Store::state) {
        let Ok(object) = &object.0 else { continue };
        let account = AccountKey::of(&object.spec.account_ref, object.namespace());
        if context.accounts.is_known(&account) && !context.accounts.is_ours(&account) {
            continue;
        }
        let memory = before.remove(object.uid()).unwrap_or_default();
        if !object.deleting() && memory.due(now, object) {
            due.push((object.clone(), memory));
        } else {
            memories.insert(object.uid().to_owned(), memory);
        }
    }
    due
}

/// Where a conference is kept, for an account.
type Place = (AccountKey, Option<ConferenceRegion>);
/// What is live there, or how looking for it ended.
type Found = Result<Arc<Vec<voice::Conference>>, Outcome>;

/// Looks for the live conferences of every account once, and hands them to the objects that are due.
async fn prepare(
    context: &Context,
    applications: &Stores<CallControlApplication>,
    due: Vec<(Conference, Memory)>,
) -> Vec<Pass> {
    let mut listings: HashMap<Place, Found> = HashMap::new();
    let mut passes = vec![];
    for (object, memory) in due {
        let key = AccountKey::of(&object.spec.account_ref, object.namespace());
        if !context.accounts.acts(&key, object.namespace()).await {
            // Somebody else's to do; nothing is remembered of it meanwhile.
            continue;
        }
        let account = context.accounts.lookup(&object.spec.account_ref, object.namespace()).await;
        let live = match &account {
            Ok(account) if !object.spec.suspend => {
                let place = (account.key.clone(), object.spec.region);
                if let Some(found) = listings.get(&place) {
                    found.clone()
                } else {
                    let found = list(account, object.spec.region).await;
                    listings.insert(place, found.clone());
                    found
                }
            }
            Ok(_) => Ok(Arc::default()),
            Err(referent) => Err(Outcome::waiting(Referent::clone(referent))),
        };
        let connections = connections(applications, &object);
        passes.push(Pass { object, memory, account: account.ok(), live, connections });
    }
    passes
}

async fn list(account: &Account, region: Option<ConferenceRegion>) -> Found {
    let client = account.client().lane(Lane::Resync);
    let region = region.as_ref().and_then(word::<_, voice::ConferenceRegion>);
    let of = |status| ConferenceFilter { status: Some(status), region: region.clone(), ..ConferenceFilter::default() };
    let listing = async {
        let mut found: Vec<voice::Conference> =
            client.conferences(&of(voice::ConferenceStatus::InProgress)).try_collect().await?;
        let waiting: Vec<_> = client.conferences(&of(voice::ConferenceStatus::Init)).try_collect().await?;
        found.extend(waiting);
        Ok::<_, Error>(found)
    };
    let answer = listing.await;
    answer.map(Arc::new).map_err(|error| outcome_of(&error, Endpoint::Conferences, Doing::Reading, account))
}

/// Ids of the applications of the object's namespace and account whose conferences it may touch.
fn connections(applications: &Stores<CallControlApplication>, object: &Conference) -> Vec<String> {
    let account = AccountKey::of(&object.spec.account_ref, object.namespace());
    let only = object.spec.application_ref.as_ref().map(|reference| reference.name.as_str());
    let mut ids = vec![];
    applications.each(|application| {
        let fits = application.namespace() == object.namespace()
            && AccountKey::of(&application.spec.account_ref, application.namespace()) == account
            && only.is_none_or(|only| only == application.name());
        let id = application.status.as_ref().and_then(|status| status.id.clone());
        ids.extend(id.filter(|_| fits));
    });
    ids
}
