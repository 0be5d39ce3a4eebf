//! `OutboundCampaign`: reads the list once, cuts it into jobs ahead of need, and reports how far the dialer has come.
//!
//! Promises that no job is made before the list's digest is in status, that a job once made is never made again, that
//! counts add up to the total at every moment, and that a quiet pass writes nothing. Does not know when to dial.

mod agents;
mod cut;
mod held;
pub(crate) mod how;
mod leave;
mod list;
mod parts;
mod pass;
mod rehearse;
mod report;
mod source;
mod sources;
mod tell;

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use futures::{StreamExt, stream};
use kube::core::DeserializeGuard;
use kube::runtime::controller::{Action, Config as ControllerConfig};
use kube::runtime::reflector::store::Writer;
use kube::runtime::reflector::{ObjectRef, Store};
use kube::runtime::watcher::Event;
use kube::runtime::{Controller, Predicate, WatchStreamExt, predicates, reflector, watcher};
use kube::{Client, Resource, ResourceExt};
use tokio::sync::Semaphore;
use tokio::sync::watch::{Receiver, Sender};
use tokio_util::sync::CancellationToken;

use super::guarded::Passes;
use crate::api::OutboundCampaign;
use crate::dialing::labels::{FINALIZER, MayBeOver};
use crate::dialing::{Dialers, Move};
use crate::fetch::Fetcher;
use crate::flows::Catalogue;
use crate::listing::scoped;
use crate::reconcile::{self, AccountKey, Accounts, CountUsers, Pulse, is_held, never_filled};
use crate::telemetry::Events;

/// The kind, as metrics call it.
pub(crate) const KIND: &str = "campaign";

/// Passes at once. A pass is short but for the first, which reads the list.
const AT_ONCE: u16 = 8;
/// Lists read at once: each holds up to 50 MB of targets meanwhile ([`audience::MAX_KEPT_BYTES`]).
const READERS: usize = 3;
/// After a pass that the API server, or an error of ours, has ended.
const RETRY: Duration = Duration::from_secs(2);

/// Campaigns as they are decoded: one that cannot be is one bad object, not the end of the watch.
type Guarded = DeserializeGuard<OutboundCampaign>;

/// What a pass needs.
struct Context {
    client: Client,
    accounts: Arc<Accounts>,
    events: Events,
    dialers: Dialers,
    catalogue: Catalogue,
    fetcher: Fetcher,
    /// Whose turn it is to read a list.
    readers: Semaphore,
    /// Whose turn it is to be rehearsed.
    stage: Semaphore,
    held: held::Table,
    passes: Passes,
}

/// Watches the context's namespaces until its shutdown. `referents` changes when something that campaigns wait for, an
/// account's dialer, an application or a call flow, may have come.
pub async fn run(context: reconcile::Context, dialers: Dialers, catalogue: Catalogue, referents: Receiver<()>) {
    let passes = Passes::of(KIND, RETRY, &context);
    let reconcile::Context { kube: client, accounts, events, users, fetcher, scope, watches, shutdown, .. } = context;
    let readers = Semaphore::new(READERS);
    let stage = Semaphore::new(1);
    let held = held::Table::default();
    let context =
        Arc::new(Context { client, accounts, events, dialers, catalogue, fetcher, readers, stage, held, passes });
    let all = scope.namespaces().into_iter().map(|namespace| {
        let (reader, writer) = reflector::store();
        let filled = Sender::new(false);
        users.add(KIND, users_of(reader.clone(), filled.subscribe()));
        let pulse = watches.follow(KIND, namespace.clone(), reader.clone(), OutboundCampaign::conditions);
        watch(Arc::clone(&context), (namespace, pulse), (reader, writer, filled), referents.clone(), shutdown.clone())
    });
    join_all(all).await;
}

/// Campaigns that have to end before the account may go: it hangs up their calls and hears what became of them.
fn users_of(campaigns: Store<Guarded>, is_filled: Receiver<bool>) -> CountUsers {
    Box::new(move |account| {
        if !*is_filled.borrow() {
            return None;
        }
        let campaigns = campaigns.state();
        let readable = campaigns.iter().filter_map(|campaign| campaign.0.as_ref().ok());
        let needs_it = |campaign: &&OutboundCampaign| {
            is_held(*campaign, FINALIZER) && !campaign.is_over() && account_of(campaign) == *account
        };
        Some(readable.filter(needs_it).count())
    })
}

fn account_of(campaign: &OutboundCampaign) -> AccountKey {
    AccountKey::of(&campaign.spec.plan.account_ref, &campaign.namespace().unwrap_or_default())
}

async fn watch(
    context: Arc<Context>,
    (namespace, pulse): (Option<String>, Pulse),
    (reader, writer, filled): (Store<Guarded>, Writer<Guarded>, Sender<bool>),
    referents: Receiver<()>,
    stop: CancellationToken,
) {
    let api = scoped::<Guarded>(&context.client, namespace.as_deref());
    let (is_filled, accounts) = (filled.subscribe(), Arc::clone(&context.accounts));
    // Status is written by this controller alone: its own writes need no pass.
    let changes = predicates::generation.combine(predicates::annotations).combine(predicates::finalizers);
    let watched = watcher(api, watcher::Config::default())
        .default_backoff()
        .reflect(writer)
        .inspect(move |event| pulse.beat(event))
        .inspect(move |event| match event {
            Ok(Event::InitDone) => drop(filled.send_replace(true)),
            Ok(Event::Delete(campaign)) => {
                if let Ok(campaign) = &campaign.0 {
                    accounts.user_gone(&account_of(campaign));
                }
            }
            Ok(Event::Init | Event::InitApply(_) | Event::Apply(_)) | Err(_) => {}
        })
        .applied_objects()
        .predicate_filter(changes.combine(deletion), kube::runtime::utils::PredicateConfig::default());
    let campaigns = reader.clone();
    let moves = stream::unfold(context.dialers.moves(), async |mut moves| Some((moves.next().await?, moves)));
    let moved = moves.flat_map(move |moved| {
        let is_meant = |campaign: &Arc<Guarded>| match &moved {
            Move::Of(owner) => campaign.meta().uid.as_deref() == Some(owner.as_str()),
            Move::OfAnybody => true,
        };
        let meant: Vec<_> = campaigns.state().iter().filter(|campaign| is_meant(campaign)).map(reference).collect();
        stream::iter(meant)
    });
    let came = stream::unfold(referents, async |mut referents| Some((referents.changed().await.ok()?, referents)));
    let (waiting, table) = (reader.clone(), Arc::clone(&context));
    let served = came.flat_map(move |()| {
        let may_wait =
            |campaign: &&Arc<Guarded>| campaign.meta().uid.as_deref().is_some_and(|uid| table.held.may_wait(uid));
        stream::iter(waiting.state().iter().filter(may_wait).map(reference).collect::<Vec<_>>())
    });
    let sources = sources::changes(&context, namespace.as_deref(), reader.clone());
    let controller = Controller::for_stream(watched, reader)
        .with_config(ControllerConfig::default().concurrency(AT_ONCE))
        .reconcile_on(moved)
        .reconcile_on(served)
        .reconcile_on(sources)
        .graceful_shutdown_on(stop.clone().cancelled_owned())
        .run(reconcile, |_, error: &std::convert::Infallible, _| match *error {}, context)
        .for_each(|passed| {
            if let Err(error) = passed {
                tracing::debug!(%error, "campaign pass");
            }
            std::future::ready(())
        });
    tokio::select! {
        () = controller => {}
        () = never_filled(&stop, is_filled) => {}
    }
}

fn reference(campaign: &Arc<Guarded>) -> ObjectRef<Guarded> {
    ObjectRef::from_obj(&**campaign)
}

#[expect(clippy::unnecessary_wraps, reason = "the signature of a predicate")]
fn deletion<K: Resource>(object: &K) -> Option<u64> {
    Some(u64::from(object.meta().deletion_timestamp.is_some()))
}

/// Whether this process acts for the campaign's account. One that is somebody else's to do waits to be told that this has changed.
async fn is_ours(context: &Context, campaign: &OutboundCampaign) -> bool {
    let (account, namespace) = (account_of(campaign), campaign.namespace().unwrap_or_default());
    if context.accounts.acts(&account, &namespace).await {
        return true;
    }
    let _served_before = context.held.serve(campaign.metadata.uid.as_deref().unwrap_or_default(), false);
    // It may have changed before the note that it is waited for.
    context.accounts.acts(&account, &namespace).await
}

/// One pass.
async fn reconcile(object: Arc<Guarded>, context: Arc<Context>) -> Result<Action, std::convert::Infallible> {
    let campaign = match &object.0 {
        Ok(campaign) => campaign,
        Err(error) => {
            tracing::error!(name = %object.name_any(), namespace = object.namespace(), error = %error.error,
                "a campaign cannot be read: apply it again with the present CRDs");
            return Ok(Action::await_change());
        }
    };
    if !is_ours(&context, campaign).await {
        return Ok(Action::await_change());
    }
    let (namespace, name) = (campaign.namespace().unwrap_or_default(), campaign.name_any());
    Ok(context.passes.run(&namespace, &name, pass::run(&context, campaign)).await)
}
