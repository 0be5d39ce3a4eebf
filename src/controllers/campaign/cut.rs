//! What a campaign stores: the targets of every job, all complaints, and the jobs, under names that a restart finds again.
//!
//! The targets of all jobs are stored before the list's digest is in status, and so before the first job is made; they are
//! the campaign's copy of the list. A job is small and is made when it is needed.

use std::collections::BTreeMap;

use audience::{Digest, Row};
use dialer::TargetState;
use futures::{StreamExt, TryStreamExt, stream};
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{DeleteParams, ListParams, PostParams};
use kube::{Api, Client, Resource, ResourceExt};

use super::source::List;
use crate::api::{CampaignRef, DialJob, DialJobSpec, JobTargetsFrom, OutboundCampaign, PinnedFlow, TargetsSecretRef};
use crate::controllers::problem::Problem;
use crate::dialing::conditions::Reason;
use crate::dialing::labels::{CAMPAIGN_UID, FINALIZER, ORDINAL};
use crate::dialing::{stored_states, targets};
use crate::listing::pages;

/// Writes under way at once. The API server gives a client its fair share and no more.
const WRITES_AT_ONCE: usize = 8;
/// Jobs read at once; one is 30 to 90 KB.
const JOBS_AT_ONCE: u32 = 50;
/// The key of the Secret with all complaints.
const REJECTED_KEY: &str = "rejected.csv.gz";

/// How many jobs were made so far: one more than the highest ordinal. A job that somebody deleted is not made again, since
/// its people may have been called.
pub(super) async fn made(client: &Client, campaign: &OutboundCampaign) -> kube::Result<usize> {
    let api = jobs(client, campaign);
    let listed = api.list_metadata(&of(campaign)).await?;
    let ordinals = listed.items.iter().filter_map(|job| job.labels().get(ORDINAL)?.parse::<usize>().ok());
    Ok(ordinals.max().map_or(0, |last| last + 1))
}

/// How many of its jobs are there and not being deleted.
pub(super) async fn present(client: &Client, campaign: &OutboundCampaign) -> kube::Result<usize> {
    let listed = jobs(client, campaign).list_metadata(&of(campaign)).await?;
    Ok(listed.items.iter().filter(|job| job.metadata.deletion_timestamp.is_none()).count())
}

/// Whether any of its jobs is there, being deleted or not.
pub(super) async fn has_jobs(client: &Client, campaign: &OutboundCampaign) -> kube::Result<bool> {
    let listed = jobs(client, campaign).list_metadata(&of(campaign).limit(1)).await?;
    Ok(!listed.items.is_empty())
}

/// Where the targets of its jobs stand, by ordinal. Jobs that are being deleted are none of them.
pub(super) async fn states(
    client: &Client,
    campaign: &OutboundCampaign,
) -> Result<BTreeMap<usize, Vec<TargetState>>, Problem> {
    let mut found = BTreeMap::new();
    let mut all = pages(jobs(client, campaign), of(campaign).limit(JOBS_AT_ONCE));
    while let Some(page) = all.try_next().await? {
        for job in page.iter().filter(|job| job.metadata.deletion_timestamp.is_none()) {
            let Some(ordinal) = job.labels().get(ORDINAL).and_then(|ordinal| ordinal.parse().ok()) else { continue };
            let states = stored_states(job).map_err(|error| {
                Problem::stalled(Reason::TargetsNotReadable, format!("DialJob {}: {error}", job.name_any()))
            })?;
            found.insert(ordinal, states);
        }
    }
    Ok(found)
}

/// What was made for the campaign.
fn of(campaign: &OutboundCampaign) -> ListParams {
    ListParams::default().labels(&format!("{CAMPAIGN_UID}={}", campaign.uid().unwrap_or_default()))
}

/// Whether what earlier tries have stored may be thrown away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Earlier {
    /// Nobody was told of it.
    Replace,
    /// Jobs may have been made of it: it has to be the same.
    Keep,
}

/// Stores the targets of every job, and all complaints. What is there afterwards is the whole list and nothing else.
pub(super) async fn store(
    client: &Client,
    campaign: &OutboundCampaign,
    list: &List,
    earlier: Earlier,
) -> Result<(), Problem> {
    let api = secrets(client, campaign);
    if earlier == Earlier::Replace {
        clear(&api, campaign).await?;
    }
    let targets = (0..list.parts.count()).map(|ordinal| {
        let label = Some((ORDINAL.to_owned(), ordinal.to_string()));
        secret(campaign, part_name(campaign, ordinal), label, targets::KEY, list.parts.text(ordinal))
    });
    let rejected = match list.complaints.as_slice() {
        [] => None,
        complaints => {
            let text = audience::rejected_csv_gz(complaints).unwrap_or_default();
            Some(secret(campaign, rejected_name(campaign), None, REJECTED_KEY, text))
        }
    };
    stream::iter(rejected.into_iter().chain(targets))
        .map(Ok)
        .try_for_each_concurrent(WRITES_AT_ONCE, |secret| create_or_same(&api, secret, campaign))
        .await
}

/// Leftovers of a try that ended before anybody was told of it.
async fn clear(api: &Api<Secret>, campaign: &OutboundCampaign) -> kube::Result<()> {
    let found = api.list_metadata(&of(campaign)).await?;
    stream::iter(found.items)
        .map(Ok)
        .try_for_each_concurrent(WRITES_AT_ONCE, async |secret| {
            match api.delete(&secret.name_any(), &DeleteParams::default()).await {
                Ok(_) => Ok(()),
                Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
                Err(error) => Err(error),
            }
        })
        .await
}

async fn create_or_same(api: &Api<Secret>, secret: Secret, campaign: &OutboundCampaign) -> Result<(), Problem> {
    let found = create_or_find(api, &secret, campaign).await?;
    if found.data == secret.data {
        return Ok(());
    }
    let message = format!("Secret {} holds other targets than the list has there: delete it", secret.name_any());
    Err(Problem::stalled(Reason::AudienceLost, message))
}

/// The targets of a job as they are stored. `None`: somebody has deleted them.
pub(super) async fn part(
    client: &Client,
    campaign: &OutboundCampaign,
    ordinal: usize,
) -> Result<Option<Part>, Problem> {
    let name = part_name(campaign, ordinal);
    let Some(secret) = secrets(client, campaign).get_opt(&name).await? else { return Ok(None) };
    if secret.labels().get(CAMPAIGN_UID) != campaign.uid().as_ref() {
        return Err(taken::<Secret>(&name));
    }
    let text = secret.data.and_then(|mut data| data.remove(targets::KEY)).map(|text| text.0).unwrap_or_default();
    let digest = Digest::of(&text).to_string();
    let rows = targets::read(&text, &digest)
        .map_err(|error| Problem::stalled(Reason::TargetsNotReadable, format!("Secret {name}: {error}")))?;
    Ok(Some(Part { digest, rows }))
}

/// What a job is made of.
pub(super) struct Part {
    digest: String,
    pub(super) rows: Vec<Row>,
}

/// Makes the job of these targets, which carries the revision of the campaign's call flow, or finds the one that an earlier
/// try has made.
pub(super) async fn make(
    client: &Client,
    campaign: &OutboundCampaign,
    ordinal: usize,
    part: &Part,
    flow: Option<&PinnedFlow>,
) -> Result<DialJob, Problem> {
    let name = part_name(campaign, ordinal);
    let label = Some((ORDINAL.to_owned(), ordinal.to_string()));
    let reference = TargetsSecretRef { name: name.clone(), key: targets::KEY.to_owned(), sha256: part.digest.clone() };
    let job = DialJob {
        metadata: ObjectMeta { finalizers: Some(vec![FINALIZER.to_owned()]), ..meta(campaign, name, label) },
        spec: DialJobSpec {
            campaign_ref: Some(CampaignRef { name: campaign.name_any(), uid: campaign.uid().unwrap_or_default() }),
            plan: None,
            call_flow: flow.cloned(),
            targets: Vec::new(),
            targets_from: Some(JobTargetsFrom { secret_ref: reference }),
        },
        status: None,
    };
    create_or_find(&jobs(client, campaign), &job, campaign).await
}

/// The Secret with all complaints.
pub(super) fn rejected_name(campaign: &OutboundCampaign) -> String {
    format!("{}-rejected", campaign.name_any())
}

fn part_name(campaign: &OutboundCampaign, ordinal: usize) -> String {
    format!("{}-{ordinal:05}", campaign.name_any())
}

fn meta(campaign: &OutboundCampaign, name: String, label: Option<(String, String)>) -> ObjectMeta {
    let own = (CAMPAIGN_UID.to_owned(), campaign.uid().unwrap_or_default());
    ObjectMeta {
        name: Some(name),
        labels: Some(label.into_iter().chain([own]).collect()),
        owner_references: campaign.controller_owner_ref(&()).map(|owner| vec![owner]),
        ..ObjectMeta::default()
    }
}

fn secret(
    campaign: &OutboundCampaign,
    name: String,
    label: Option<(String, String)>,
    key: &str,
    value: Vec<u8>,
) -> Secret {
    Secret {
        metadata: meta(campaign, name, label),
        immutable: Some(true),
        data: Some(BTreeMap::from([(key.to_owned(), ByteString(value))])),
        ..Secret::default()
    }
}

fn secrets(client: &Client, campaign: &OutboundCampaign) -> Api<Secret> {
    Api::namespaced(client.clone(), &campaign.namespace().unwrap_or_default())
}

fn jobs(client: &Client, campaign: &OutboundCampaign) -> Api<DialJob> {
    Api::namespaced(client.clone(), &campaign.namespace().unwrap_or_default())
}

/// Names are derived, so an object that is there already is ours from an earlier try, or in the way.
async fn create_or_find<K>(api: &Api<K>, object: &K, campaign: &OutboundCampaign) -> Result<K, Problem>
where
    K: Resource<DynamicType = ()> + Clone + std::fmt::Debug + serde::Serialize + serde::de::DeserializeOwned,
{
    match api.create(&PostParams::default(), object).await {
        Ok(made) => Ok(made),
        Err(kube::Error::Api(status)) if status.code == 409 => {
            let found = api.get(&object.name_any()).await?;
            if found.labels().get(CAMPAIGN_UID) == campaign.uid().as_ref() {
                return Ok(found);
            }
            Err(taken::<K>(&object.name_any()))
        }
        Err(error) => Err(error.into()),
    }
}

fn taken<K: Resource<DynamicType = ()>>(name: &str) -> Problem {
    let kind = K::kind(&());
    let message = format!("{kind} {name} exists and is not this campaign's: delete it, or rename the campaign");
    Problem::stalled(Reason::NameTaken, message)
}
