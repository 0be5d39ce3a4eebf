//! Cuts the audience into jobs: up to 250 targets each, in the order of calling, under names that a restart finds again.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{ListParams, PostParams};
use kube::{Api, Client, Resource, ResourceExt};

use crate::api::{CampaignRef, DialJob, DialJobSpec, JobTargetsFrom, OutboundCampaign, PinnedFlow, TargetsSecretRef};
use crate::audience::Row;
use crate::controllers::problem::Problem;
use crate::dialing::conditions::Reason;
use crate::dialing::labels::{CAMPAIGN_UID, FINALIZER, ORDINAL};
use crate::dialing::targets;

/// Targets of one job. Its status, about 30 to 90 KB, is written several times a second while it is dialled.
pub(super) const JOB_SIZE: usize = 250;

/// The rows in the order of calling: higher priority first, otherwise as listed.
pub(super) fn in_order(mut rows: Vec<Row>) -> Vec<Row> {
    rows.sort_by_key(|row| std::cmp::Reverse(row.priority));
    rows
}

/// Jobs that so many targets need.
pub(super) fn jobs_for(targets: usize) -> usize {
    targets.div_ceil(JOB_SIZE)
}

/// How many jobs were made so far: one more than the highest ordinal. A job that somebody deleted is not made again, since
/// its people may have been called.
pub(super) async fn made(client: &Client, campaign: &OutboundCampaign) -> kube::Result<usize> {
    let api = jobs(client, campaign);
    let selector = format!("{CAMPAIGN_UID}={}", campaign.uid().unwrap_or_default());
    let listed = api.list_metadata(&ListParams::default().labels(&selector)).await?;
    let ordinals = listed.items.iter().filter_map(|job| job.labels().get(ORDINAL)?.parse::<usize>().ok());
    Ok(ordinals.max().map_or(0, |last| last + 1))
}

/// How many of its jobs are there and not being deleted.
pub(super) async fn present(client: &Client, campaign: &OutboundCampaign) -> kube::Result<usize> {
    let selector = format!("{CAMPAIGN_UID}={}", campaign.uid().unwrap_or_default());
    let listed = jobs(client, campaign).list_metadata(&ListParams::default().labels(&selector)).await?;
    Ok(listed.items.iter().filter(|job| job.metadata.deletion_timestamp.is_none()).count())
}

/// Makes the job of these rows, which carries the revision of the campaign's call flow, or finds the one that an earlier try has made.
pub(super) async fn make(
    client: &Client,
    campaign: &OutboundCampaign,
    ordinal: usize,
    rows: &[Row],
    flow: Option<&PinnedFlow>,
) -> Result<DialJob, Problem> {
    let (text, digest) = targets::write(rows)
        .map_err(|_| Problem::stalled(Reason::InvalidAudience, "the targets cannot be written as JSON"))?;
    let name = format!("{}-{ordinal:05}", campaign.name_any());
    let meta = |finalizers: Option<Vec<String>>| ObjectMeta {
        name: Some(name.clone()),
        labels: Some(BTreeMap::from([
            (CAMPAIGN_UID.to_owned(), campaign.uid().unwrap_or_default()),
            (ORDINAL.to_owned(), ordinal.to_string()),
        ])),
        owner_references: campaign.controller_owner_ref(&()).map(|owner| vec![owner]),
        finalizers,
        ..ObjectMeta::default()
    };
    let secret = Secret {
        metadata: meta(None),
        immutable: Some(true),
        data: Some(BTreeMap::from([(targets::KEY.to_owned(), ByteString(text))])),
        ..Secret::default()
    };
    let secrets = Api::<Secret>::namespaced(client.clone(), &campaign.namespace().unwrap_or_default());
    create_or_find(&secrets, &secret, campaign).await?;
    let reference = TargetsSecretRef { name: name.clone(), key: targets::KEY.to_owned(), sha256: digest.to_string() };
    let job = DialJob {
        metadata: meta(Some(vec![FINALIZER.to_owned()])),
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
            let (kind, name) = (K::kind(&()), object.name_any());
            let message = format!("{kind} {name} exists and is not this campaign's: delete it, or rename the campaign");
            Err(Problem::stalled(Reason::NameTaken, message))
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audience::{Audience, Format};

    #[test]
    fn higher_priority_is_called_first_and_equals_stay_as_listed() {
        let text = "id,to,priority\na,+15550100,\nb,+15550101,5\nc,+15550102,-1\nd,+15550103,5\ne,+15550104,0\n";
        let rows = in_order(Audience::parse(Format::Csv, text.as_bytes()).unwrap().rows);
        let ids: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
        assert_eq!(ids, ["b", "d", "a", "e", "c"]);
    }

    #[test]
    fn the_last_job_may_be_short() {
        assert_eq!([0, 1, 250, 251, 100_000].map(jobs_for), [0, 1, 1, 2, 400]);
    }
}
