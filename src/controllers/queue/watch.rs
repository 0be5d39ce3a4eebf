//! Reads who waits in the queues, and writes it into status when it changed.
//!
//! Writes `status.occupancy` alone; conditions and all else of status are the loop's. Everything remembered here can be
//! lost: the next listing brings it back.

use super::occupancy::{Due, Listing, Seen, differs, occupancy};
use crate::api::{Occupancy, Queue};
use crate::fall::contained;
use crate::reconcile::{Account, AccountKey, Context, Doing, Object as _, RemoteKind, Stores, outcome_of};
use futures::{StreamExt, stream};
use kube::Api;
use kube::api::{Patch, PatchParams};
use serde_json::json;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use telnyx_voice::{Class, Client, Endpoint, Error, Lane, classify};

/// How often it is looked whether a queue is due.
const TICK: Duration = Duration::from_millis(500);
/// Queues that are read at once.
const CONCURRENCY: usize = 8;

/// Keeps `status.occupancy` true until shutdown.
pub async fn watch_occupancy(context: Context, queues: Stores<Queue>) {
    let mut all: HashMap<String, Seen> = HashMap::new();
    loop {
        tokio::select! {
            () = tokio::time::sleep(TICK) => {}
            () = context.shutdown.cancelled() => return,
        }
        let work = due(&context, &queues, &mut all);
        let context = &context;
        let done: Vec<(String, Seen)> =
            stream::iter(work).map(|work| work.guarded(context)).buffer_unordered(CONCURRENCY).collect().await;
        all.extend(done);
    }
}

/// One queue to look at.
struct Work {
    object: Queue,
    account: Arc<Account>,
    id: String,
    seen: Seen,
    due: Due,
}

/// What is due now. Forgets queues that no longer exist.
fn due(context: &Context, queues: &Stores<Queue>, all: &mut HashMap<String, Seen>) -> Vec<Work> {
    let now = Instant::now();
    let mut before = std::mem::take(all);
    let mut work = vec![];
    queues.each(|object| {
        let mut seen = before.remove(object.uid()).unwrap_or_default();
        if let Some((account, id)) = subject(context, object) {
            let handled = object.status.as_ref().and_then(|status| status.remote.last_handled_reconcile_at.as_deref());
            match seen.due(now, fresh(&account, &id, &seen).as_ref(), handled) {
                Due::No => {}
                due @ (Due::Show(_) | Due::Read) => {
                    work.push(Work { object: object.clone(), account, id, seen: seen.clone(), due });
                }
            }
        }
        all.insert(object.uid().to_owned(), seen);
    });
    work
}

/// A queue that exists at the API, is not to be left alone, and whose account can be used.
fn subject(context: &Context, object: &Queue) -> Option<(Arc<Account>, String)> {
    let id = object.status.as_ref()?.remote.id.clone().filter(|_| !object.spec.suspend)?;
    let key = AccountKey::of(&object.spec.account_ref, object.namespace());
    let account = context.accounts.ready(&key)?;
    account.spec.allows(&key.namespace, object.namespace()).then_some((account, id))
}

/// The listing, where it was not looked at for this queue.
fn fresh(account: &Account, id: &str, seen: &Seen) -> Option<Listing> {
    account.shelf(RemoteKind::Queue).with(|view| {
        let begun = view.started().filter(|begun| !seen.knows(*begun))?;
        let queue = view.fields(id).and_then(|fields| serde_json::from_value(fields.into()).ok());
        Some(Listing { begun, queue })
    })
}

impl Work {
    /// A panic leaves this queue for later, and the others alone.
    async fn guarded(self, context: &Context) -> (String, Seen) {
        let (place, uid, mut before) = (self.object.place(), self.object.uid().to_owned(), self.seen.clone());
        let run = contained(context.metrics.panics(), RemoteKind::Queue.word(), self.run(context));
        run.await.unwrap_or_else(|| {
            tracing::error!(queue = %place, "the calls of a queue could not be read, by a fault of the operator");
            before.was_read(Instant::now(), true);
            (uid, before)
        })
    }

    async fn run(self, context: &Context) -> (String, Seen) {
        let Self { object, account, id, mut seen, due } = self;
        let found = match due {
            Due::No => None,
            Due::Show(occupancy) => Some(occupancy),
            Due::Read => {
                let found = read(&account, &id).await;
                // After a failure as after a read that found calls: again at the pace of a queue in use.
                seen.was_read(Instant::now(), found.as_ref().is_none_or(|found| found.current_size > 0));
                found
            }
        };
        if let Some(found) = found {
            let shown = seen.written.clone().or_else(|| object.status.as_ref()?.occupancy.clone());
            if shown.as_ref().is_none_or(|shown| differs(shown, &found)) {
                if write(context, &object, &found).await {
                    seen.written = Some(found);
                } else {
                    seen.was_read(Instant::now(), true);
                }
            }
        }
        (object.uid().to_owned(), seen)
    }
}

/// `None` when it could not be read.
async fn read(account: &Account, id: &str) -> Option<Occupancy> {
    match ask(&account.client().lane(Lane::Resync), id).await {
        Ok(found) => Some(found),
        // It vanished because it was empty; the loop makes it again.
        Err(error) if classify(&error, Endpoint::Queues) == Class::NotFound => Some(Occupancy::default()),
        Err(error) => {
            // A refused key is told to the account; all else is tried again in a while.
            let outcome = outcome_of(&error, Endpoint::QueuedCalls, Doing::Reading, account);
            tracing::debug!(outcome = ?outcome, "the calls of a queue could not be read");
            None
        }
    }
}

async fn ask(client: &Client, id: &str) -> Result<Occupancy, Error> {
    let queue = client.get_queue(id).await?;
    let mut pages = std::pin::pin!(client.queued_call_pages(id)?);
    let calls = pages.next().await.transpose()?.map(|page| page.items).unwrap_or_default();
    Ok(occupancy(&queue, &calls))
}

async fn write(context: &Context, object: &Queue, found: &Occupancy) -> bool {
    // Fails on an object of the same name that is not the same object. The definition's default makes `/status`.
    let patch = json!([
        { "op": "test", "path": "/metadata/uid", "value": object.uid() },
        { "op": "add", "path": "/status/occupancy", "value": found },
    ]);
    let patch = match serde_json::from_value(patch) {
        Ok(patch) => Patch::Json::<()>(patch),
        Err(error) => {
            tracing::error!(error = %error, "a patch of ours cannot be written");
            return false;
        }
    };
    let api = Api::<Queue>::namespaced(context.kube.clone(), object.namespace());
    match api.patch_status(object.name(), &PatchParams::default(), &patch).await {
        Ok(_) => true,
        Err(kube::Error::Api(status)) if status.code == 404 => true,
        Err(error) => {
            tracing::warn!(object = %object.place(), error = %error, "status could not be written");
            false
        }
    }
}
