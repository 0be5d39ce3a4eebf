//! The list of people to call: where it comes from, and the copy that a campaign keeps of it.
//!
//! The list is read once. Its bytes are kept in an immutable Secret of the campaign, so that the part that was not cut
//! into jobs yet is still there after a restart, whatever has become of the source. The Secret goes when all is cut.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{DeleteParams, PostParams};
use kube::{Api, Client, Resource, ResourceExt};

use crate::api::{AudienceFormat, OutboundCampaign, TargetsFrom};
use crate::audience::{Audience, Digest, Format, SourceError};
use crate::controllers::problem::Problem;
use crate::dialing::conditions::Reason;
use crate::dialing::labels::CAMPAIGN_UID;
use crate::dialing::targets;

/// The list as bytes.
pub(super) struct Source {
    bytes: Vec<u8>,
    format: Format,
    inline: bool,
}

impl Source {
    /// What identifies it.
    pub(super) fn digest(&self) -> Digest {
        Digest::of(&self.bytes)
    }

    /// The rows and what is wrong with the others. `campaign` is asked for targets that stand in it, so that complaints
    /// can name their index.
    pub(super) fn parse(&self, campaign: &OutboundCampaign) -> Result<Audience, SourceError> {
        if self.inline {
            Audience::from_inline(self.digest(), campaign.spec.targets.iter().map(targets::raw))
        } else {
            Audience::parse(self.format, &self.bytes)
        }
    }
}

/// Reads the list where the spec says it is.
pub(super) async fn read(client: &Client, campaign: &OutboundCampaign) -> Result<Source, Problem> {
    let Some(from) = &campaign.spec.targets_from else {
        return inline(campaign);
    };
    let (key, bytes) = match (&from.config_map, &from.secret) {
        (Some(reference), None) => {
            (&reference.key, config_map(client, campaign, &reference.name, &reference.key).await?)
        }
        (None, Some(reference)) => (&reference.key, secret(client, campaign, &reference.name, &reference.key).await?),
        (Some(_), Some(_)) | (None, None) => {
            let message = "spec.targetsFrom: set exactly one of configMap and secret";
            return Err(Problem::stalled(Reason::InvalidSpec, message));
        }
    };
    let format = format(from, key).ok_or_else(|| {
        let message = "spec.targetsFrom.format: set it, or name a key that ends in .csv, .jsonl or .ndjson";
        Problem::stalled(Reason::InvalidSpec, message)
    })?;
    Ok(Source { bytes, format, inline: false })
}

fn format(from: &TargetsFrom, key: &str) -> Option<Format> {
    match from.format {
        Some(AudienceFormat::Csv) => Some(Format::Csv),
        Some(AudienceFormat::JsonLines) => Some(Format::JsonLines),
        None => Format::of_key(key),
    }
}

fn inline(campaign: &OutboundCampaign) -> Result<Source, Problem> {
    let mut bytes = Vec::new();
    for target in &campaign.spec.targets {
        serde_json::to_writer(&mut bytes, target)
            .map_err(|_| Problem::stalled(Reason::InvalidSpec, "spec.targets: cannot be written as JSON"))?;
        bytes.push(b'\n');
    }
    Ok(Source { bytes, format: Format::JsonLines, inline: true })
}

async fn config_map(client: &Client, campaign: &OutboundCampaign, name: &str, key: &str) -> Result<Vec<u8>, Problem> {
    let api = Api::<ConfigMap>::namespaced(client.clone(), &campaign.namespace().unwrap_or_default());
    let found = api.get_opt(name).await?.ok_or_else(|| absent("configMap", &format!("ConfigMap {name}")))?;
    let text = found.data.and_then(|mut data| data.remove(key)).map(String::into_bytes);
    let binary = || found.binary_data.and_then(|mut data| data.remove(key)).map(|bytes| bytes.0);
    text.or_else(binary).ok_or_else(|| absent("configMap", &format!("key {key} of ConfigMap {name}")))
}

async fn secret(client: &Client, campaign: &OutboundCampaign, name: &str, key: &str) -> Result<Vec<u8>, Problem> {
    let api = Api::<Secret>::namespaced(client.clone(), &campaign.namespace().unwrap_or_default());
    let found = api.get_opt(name).await?.ok_or_else(|| absent("secret", &format!("Secret {name}")))?;
    let bytes = found.data.and_then(|mut data| data.remove(key)).map(|bytes| bytes.0);
    bytes.ok_or_else(|| absent("secret", &format!("key {key} of Secret {name}")))
}

fn absent(field: &str, what: &str) -> Problem {
    Problem::waiting(Reason::SourceNotFound, format!("spec.targetsFrom.{field}: {what} does not exist: create it"))
}

/// The copy, if there is one. A Secret of that name that is somebody else's is a conflict.
pub(super) async fn kept(client: &Client, campaign: &OutboundCampaign) -> Result<Option<Source>, Problem> {
    let api = secrets(client, campaign);
    let name = copy_name(campaign);
    let Some(found) = api.get_opt(&name).await? else { return Ok(None) };
    if found.labels().get(CAMPAIGN_UID) != campaign.uid().as_ref() {
        let message = format!("Secret {name} exists and is not this campaign's: delete it, or rename the campaign");
        return Err(Problem::stalled(Reason::NameTaken, message));
    }
    let mut data = found.data.unwrap_or_default();
    let mut take = |key: &str| data.remove(key).map(|bytes| bytes.0);
    Ok(take(INLINE)
        .map(|bytes| Source { bytes, format: Format::JsonLines, inline: false })
        .or_else(|| take(CSV).map(|bytes| Source { bytes, format: Format::Csv, inline: false }))
        .or_else(|| take(JSON_LINES).map(|bytes| Source { bytes, format: Format::JsonLines, inline: false })))
}

/// Keeps a copy.
pub(super) async fn keep(client: &Client, campaign: &OutboundCampaign, source: &Source) -> Result<(), Problem> {
    let key = match source.format {
        Format::JsonLines if source.inline => INLINE,
        Format::JsonLines => JSON_LINES,
        Format::Csv => CSV,
    };
    let secret = Secret {
        metadata: ObjectMeta {
            name: Some(copy_name(campaign)),
            labels: Some(BTreeMap::from([(CAMPAIGN_UID.to_owned(), campaign.uid().unwrap_or_default())])),
            owner_references: campaign.controller_owner_ref(&()).map(|owner| vec![owner]),
            ..ObjectMeta::default()
        },
        immutable: Some(true),
        data: Some(BTreeMap::from([(key.to_owned(), ByteString(source.bytes.clone()))])),
        ..Secret::default()
    };
    secrets(client, campaign).create(&PostParams::default(), &secret).await?;
    Ok(())
}

/// The copy is not needed any more.
pub(super) async fn drop_copy(client: &Client, campaign: &OutboundCampaign) -> kube::Result<()> {
    match secrets(client, campaign).delete(&copy_name(campaign), &DeleteParams::default()).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        Err(error) => Err(error),
    }
}

const INLINE: &str = "targets.jsonl";
const CSV: &str = "audience.csv";
const JSON_LINES: &str = "audience.jsonl";

fn secrets(client: &Client, campaign: &OutboundCampaign) -> Api<Secret> {
    Api::namespaced(client.clone(), &campaign.namespace().unwrap_or_default())
}

fn copy_name(campaign: &OutboundCampaign) -> String {
    format!("{}-audience", campaign.name_any())
}
