//! What an account's dialer has to know before it may claim: every job that may hold claims or calls.
//!
//! Campaigns that are complete hold none and are left out. Read in pages, since a job is 30 to 90 KB.

use std::time::Duration;

use dialer::Event;
use futures::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use kube::api::ListParams;
use kube::{Api, Client, ResourceExt};
use tokio::sync::mpsc;

use super::actor::Order;
use super::dialers::Dialers;
use super::labels::{CAMPAIGN_UID, MayBeOver};
use super::ledger::REMEMBER;
use super::load::{LoadError, load};
use crate::api::{DialJob, DialPlan, OutboundCampaign};
use crate::listing::{pages, scoped};
use crate::reconcile::AccountKey;

const PAGE: u32 = 50;
/// Secrets read at once.
const AT_ONCE: usize = 8;
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Hands every job of the account in, then says so. Tries again until it has; ends early when nobody listens. `None` among
/// the namespaces is all of them.
pub(super) async fn hand_in_all(
    dialers: Dialers,
    namespaces: Vec<Option<String>>,
    account: AccountKey,
    orders: mpsc::Sender<Order>,
) {
    let mut pause = FIRST_PAUSE;
    loop {
        match hand_in(&dialers, &namespaces, &account, &orders).await {
            Ok(jobs) => {
                tracing::info!(%account, jobs, "jobs handed to the dialer");
                let _stopping = orders.send(Order::Ready).await;
                return;
            }
            Err(Interrupted::Stopping) => return,
            Err(error @ (Interrupted::Kube(_) | Interrupted::Load(_))) => {
                tracing::warn!(%account, %error, "jobs could not be read; nothing is dialled until they are");
            }
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

#[derive(Debug, thiserror::Error)]
enum Interrupted {
    #[error("the API server did not give all campaigns and jobs")]
    Kube(#[from] kube::Error),
    #[error("a job's targets could not be read")]
    Load(#[source] LoadError),
    #[error("the operator is stopping")]
    Stopping,
}

async fn hand_in(
    dialers: &Dialers,
    namespaces: &[Option<String>],
    account: &AccountKey,
    orders: &mpsc::Sender<Order>,
) -> Result<usize, Interrupted> {
    let history = dialers.ledgers().of(account).await?.history();
    orders.send(Order::Tell(Event::HistorySet { history })).await.map_err(|_| Interrupted::Stopping)?;
    let mut handed = 0;
    for namespace in namespaces {
        handed += hand_in_namespace(dialers.client(), namespace.as_deref(), account, orders).await?;
    }
    Ok(handed)
}

async fn hand_in_namespace(
    client: &Client,
    namespace: Option<&str>,
    account: &AccountKey,
    orders: &mpsc::Sender<Order>,
) -> Result<usize, Interrupted> {
    let mut handed = 0;
    for campaign in unfinished(scoped(client, namespace), account).await? {
        let namespace = campaign.namespace().unwrap_or_default();
        let selector = format!("{CAMPAIGN_UID}={}", campaign.uid().unwrap_or_default());
        handed +=
            hand_in_jobs(client, Api::namespaced(client.clone(), &namespace), &selector, orders, |_| true).await?;
    }
    let alone = |job: &DialJob| {
        let namespace = job.namespace().unwrap_or_default();
        // One whose call flow is not chosen has no calls, and its controller hands it in.
        let chosen = |plan: &&DialPlan| {
            plan.call_flow_ref.is_none() || job.status.as_ref().is_some_and(|status| status.call_flow.is_some())
        };
        // One that ended tells when its phones rang until that is kept elsewhere; then it is released.
        let plan = job.spec.plan.as_ref().filter(|_| !job.is_over() || ended_lately(job)).filter(chosen);
        plan.is_some_and(|plan| AccountKey::of(&plan.account_ref, &namespace) == *account)
    };
    handed += hand_in_jobs(client, scoped(client, namespace), &format!("!{CAMPAIGN_UID}"), orders, alone).await?;
    Ok(handed)
}

/// Whether its calls may still count.
fn ended_lately(job: &DialJob) -> bool {
    let ended = job.status.as_ref().and_then(|status| status.completion_time.as_ref());
    ended.is_some_and(|ended| Timestamp::now().duration_since(ended.0) < REMEMBER)
}

async fn unfinished(api: Api<OutboundCampaign>, account: &AccountKey) -> kube::Result<Vec<OutboundCampaign>> {
    let mut campaigns = pages(api, ListParams::default().limit(PAGE));
    let mut found = Vec::new();
    while let Some(page) = campaigns.try_next().await? {
        found.extend(page.into_iter().filter(|campaign| {
            let namespace = campaign.namespace().unwrap_or_default();
            AccountKey::of(&campaign.spec.plan.account_ref, &namespace) == *account && !campaign.is_over()
        }));
    }
    Ok(found)
}

/// Hands in the jobs behind a selector, in the order of their names, which is the order of the audience.
async fn hand_in_jobs(
    client: &Client,
    api: Api<DialJob>,
    selector: &str,
    orders: &mpsc::Sender<Order>,
    wanted: impl Fn(&DialJob) -> bool,
) -> Result<usize, Interrupted> {
    let mut jobs = pages(api, ListParams::default().labels(selector).limit(PAGE));
    let mut handed = 0;
    while let Some(page) = jobs.try_next().await? {
        let jobs = page.into_iter().filter(|job| wanted(job));
        let mut loads = stream::iter(jobs)
            .map(async |job| match load(client, &job).await {
                Ok(loaded) => Ok(Some(loaded)),
                Err(error) if error.is_passing() => Err(Interrupted::Load(error)),
                Err(error) => {
                    // Its own controller tells the user.
                    tracing::warn!(job = %job.name_any(), namespace = job.namespace(), %error, "job left out");
                    Ok(None)
                }
            })
            .buffered(AT_ONCE);
        while let Some(loaded) = loads.try_next().await? {
            let Some(loaded) = loaded else { continue };
            orders.send(Order::Load(Box::new(loaded))).await.map_err(|_| Interrupted::Stopping)?;
            handed += 1;
        }
    }
    Ok(handed)
}
