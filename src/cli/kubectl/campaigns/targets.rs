//! The targets of a campaign, read from its jobs a page at a time.
//!
//! Promises that no more than a page of jobs is in memory, that a Secret is read only when something in it is asked for,
//! and that every target of every job comes once, in the order of the list.

use std::collections::BTreeMap;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use k8s_openapi::api::core::v1::Secret;
use kube::api::ListParams;
use kube::{Api, ResourceExt as _};

use crate::api::{DialJob, OutboundCampaign};
use crate::cli::kubectl::error::{PluginError, kubernetes};
use crate::cli::kubectl::place::Place;
use crate::dialing::labels::CAMPAIGN_UID;
use crate::dialing::targets;
use crate::listing::pages;
use crate::results::Row;

/// Jobs in one page: 20 of up to 120 KB each.
const PAGE: u32 = 20;
/// Secrets read at once.
const AT_ONCE: usize = 8;

/// Whether phone numbers are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Numbers {
    /// They are, and are read from the jobs' Secrets.
    Shown,
    /// They are not.
    Hidden,
}

/// Hands the targets of a campaign to `take`, a page of jobs at a time. Returns how many there were.
pub(super) async fn each_page(
    place: &Place,
    campaign: &OutboundCampaign,
    numbers: Numbers,
    mut take: impl FnMut(Vec<Row>) -> Result<(), PluginError>,
) -> Result<usize, PluginError> {
    let jobs = Api::<DialJob>::namespaced(place.kube.clone(), &place.namespace);
    let selector = format!("{CAMPAIGN_UID}={}", campaign.uid().unwrap_or_default());
    let mut all = pages(jobs, ListParams::default().labels(&selector).limit(PAGE));
    let mut count = 0;
    while let Some(page) = all.next().await {
        let page = page.map_err(kubernetes("list", "dialjobs.telnyx-operator.io", &place.namespace))?;
        let rows = stream::iter(page).map(|job| of_job(place, job, numbers)).buffered(AT_ONCE);
        let rows: Vec<Vec<Row>> = rows.try_collect().await?;
        let rows: Vec<Row> = rows.into_iter().flatten().collect();
        count += rows.len();
        take(rows)?;
    }
    Ok(count)
}

/// The targets of one job, those that nobody has touched included.
async fn of_job(place: &Place, job: DialJob, numbers: Numbers) -> Result<Vec<Row>, PluginError> {
    let name = job.name_any();
    let status = job.status.clone().unwrap_or_default();
    let mut rows: Vec<Row> = status.targets.iter().map(|target| Row::new(&name, target)).collect();
    let total = status.counts.map(|counts| usize::try_from(counts.total).unwrap_or(usize::MAX));
    if numbers == Numbers::Hidden && total == Some(rows.len()) {
        return Ok(rows);
    }
    let list = list(place, &job).await?;
    rows.extend(list.iter().skip(rows.len()).map(|target| Row::untouched(&name, target.id.as_str())));
    if numbers == Numbers::Shown {
        let by_id: BTreeMap<&str, &str> = list.iter().map(|target| (target.id.as_str(), target.to.expose())).collect();
        for row in &mut rows {
            row.number = by_id.get(row.id.as_str()).map(|number| (*number).to_owned());
        }
    }
    Ok(rows)
}

/// The list that the job was made with.
async fn list(place: &Place, job: &DialJob) -> Result<Vec<audience::Row>, PluginError> {
    let namespace = place.namespace.clone();
    let unusable = |problem: String| PluginError::TargetsUnusable { job: job.name_any(), problem };
    let Some(from) = &job.spec.targets_from else {
        return targets::inline(&job.spec.targets).map_err(|error| unusable(error.to_string()));
    };
    let reference = &from.secret_ref;
    let secrets = Api::<Secret>::namespaced(place.kube.clone(), &namespace);
    let secret = secrets.get(&reference.name).await.map_err(kubernetes("get", "secrets", &namespace))?;
    let text = secret.data.as_ref().and_then(|data| data.get(&reference.key));
    let text = text.ok_or_else(|| unusable(format!("Secret {} has no key {}", reference.name, reference.key)))?;
    targets::read(&text.0, &reference.sha256).map_err(|error| unusable(error.to_string()))
}
