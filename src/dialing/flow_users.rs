//! Which campaigns, and jobs that stand alone, run a flow and may have calls in it.
//!
//! Read from the API server each time: it is asked when a process starts, and when a revision of a flow is about to be let go. Does
//! not know flows.

use std::time::Duration;

use futures::TryStreamExt;
use kube::api::ListParams;
use kube::{Api, Client, ResourceExt};
use serde::de::DeserializeOwned;

use super::labels::{CAMPAIGN_UID, MayBeOver};
use crate::api::{DialJob, DialPlan, OutboundCampaign, PinnedFlow};
use crate::listing::{pages, scoped};
use crate::reconcile::AccountKey;

const PAGE: u32 = 50;
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// A campaign, or a job that stands alone, that runs a flow and is not complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowUser {
    /// On whose behalf it calls.
    pub account: AccountKey,
    /// The application that makes its calls, by namespace and name.
    pub application: (String, String),
    /// The revision that it keeps, once it has one.
    pub pinned: Option<PinnedFlow>,
}

/// Finds them.
#[derive(Clone)]
pub enum FlowUsers {
    /// In these namespaces of a cluster, `None` being all.
    Cluster(Client, Vec<Option<String>>),
    /// There are none.
    Nobody,
}

impl std::fmt::Debug for FlowUsers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Cluster(_, _) => "Cluster",
            Self::Nobody => "Nobody",
        })
    }
}

impl FlowUsers {
    /// Those that call on behalf of an account. Tries until the API server has told.
    pub(crate) async fn of_account(&self, account: &AccountKey) -> Vec<FlowUser> {
        let Self::Cluster(client, namespaces) = self else { return Vec::new() };
        let mut pause = FIRST_PAUSE;
        loop {
            match self::of_account(client, namespaces, account).await {
                Ok(found) => return found,
                Err(error) => {
                    tracing::warn!(%account, %error, "campaigns with a flow could not be listed; it is tried again");
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

async fn of_account(
    client: &Client,
    namespaces: &[Option<String>],
    account: &AccountKey,
) -> kube::Result<Vec<FlowUser>> {
    let mut found = Vec::new();
    for namespace in namespaces {
        found.extend(
            flow_users(client, namespace.as_deref()).await?.into_iter().filter(|user| user.account == *account),
        );
    }
    Ok(found)
}

/// Those of one namespace; `None`: of all.
pub(crate) async fn flow_users(client: &Client, namespace: Option<&str>) -> kube::Result<Vec<FlowUser>> {
    let campaign = |campaign: OutboundCampaign| {
        let pinned = campaign.status.as_ref().and_then(|status| status.call_flow.clone());
        user(&campaign.spec.plan, &campaign.namespace().unwrap_or_default(), pinned).filter(|_| !campaign.is_over())
    };
    let job = |job: DialJob| {
        let pinned = job.status.as_ref().and_then(|status| status.call_flow.clone());
        user(job.spec.plan.as_ref()?, &job.namespace().unwrap_or_default(), pinned).filter(|_| !job.is_over())
    };
    let mut found = among(scoped(client, namespace), ListParams::default(), campaign).await?;
    let alone = ListParams::default().labels(&format!("!{CAMPAIGN_UID}"));
    found.extend(among(scoped(client, namespace), alone, job).await?);
    Ok(found)
}

fn user(plan: &DialPlan, namespace: &str, pinned: Option<PinnedFlow>) -> Option<FlowUser> {
    plan.call_flow_ref.as_ref()?;
    Some(FlowUser {
        account: AccountKey::of(&plan.account_ref, namespace),
        application: (namespace.to_owned(), plan.application_ref.name.clone()),
        pinned,
    })
}

async fn among<K>(api: Api<K>, params: ListParams, pick: impl Fn(K) -> Option<FlowUser>) -> kube::Result<Vec<FlowUser>>
where
    K: Clone + std::fmt::Debug + DeserializeOwned + Send + 'static,
{
    let mut all = pages(api, params.limit(PAGE));
    let mut found = Vec::new();
    while let Some(page) = all.try_next().await? {
        found.extend(page.into_iter().filter_map(&pick));
    }
    Ok(found)
}
