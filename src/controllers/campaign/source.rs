//! The list of people to call: where it comes from, and what is read of it.
//!
//! A list is read in a stream: what a URL gives is parsed while it comes, on a thread of its own, and only the targets stay.

use std::io::{self, Read};
use std::time::Duration;

use audience::{Complaint, Digest, Format, Hashing, How, MAX_BYTES, ReadError, Summary, read_inline};
use bytes::Bytes;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::{Api, Client, ResourceExt};
use tokio::sync::mpsc;

use super::how;
use super::parts::{Gathering, Parts};
use crate::api::{AudienceStatus, ListObject, OutboundCampaign};
use crate::controllers::problem::Problem;
use crate::dialing::conditions::Reason;
use crate::dialing::targets;
use crate::fetch::{Answer, Body, Credentials, FetchError, Fetcher, Place, Version};

/// Time for a list from its first byte to its last.
const PATIENCE: Duration = Duration::from_mins(5);
/// Time to find out whether a list is still the same. Meanwhile nothing else is done for the campaign.
const PATIENCE_FOR_A_LOOK: Duration = Duration::from_secs(20);
/// Parts of a document that wait to be parsed.
const CHUNKS: usize = 16;

/// A list, read.
pub(super) struct List {
    pub(super) digest: Digest,
    pub(super) rows: usize,
    pub(super) parts: Parts,
    pub(super) complaints: Vec<Complaint>,
    /// What the server called its state.
    pub(super) version: Option<Version>,
}

/// A list that is open.
enum Opened {
    /// The targets of the spec, as text.
    Inline(Vec<u8>),
    /// What a ConfigMap or Secret holds.
    Held(Vec<u8>),
    /// What a server sends.
    Coming(Body, Option<Version>),
}

/// Whether the list comes from a URL.
pub(super) fn is_remote(campaign: &OutboundCampaign) -> bool {
    campaign.spec.targets_from.as_ref().is_some_and(|from| from.object.is_some())
}

/// Reads the list where the spec says it is.
pub(super) async fn read(client: &Client, fetcher: &Fetcher, campaign: &OutboundCampaign) -> Result<List, Problem> {
    let how = how(campaign)?;
    let opened = open(client, fetcher, campaign, None, PATIENCE).await?;
    // Without a version to compare, nothing is ever unchanged.
    let opened = opened.ok_or(Problem::Restarting)?;
    let (summary, parts, version) = match opened {
        Opened::Inline(text) => {
            let mut gathered = Gathering::default();
            let raw = campaign.spec.targets.iter().map(targets::raw);
            let summary = read_inline(Digest::of(&text), &how, raw, |row| gathered.push(&row))
                .map_err(|error| Problem::stalled(Reason::InvalidAudience, error.to_string()))?;
            (summary, gathered.finish(), None)
        }
        Opened::Held(bytes) => {
            let (summary, parts) = on_a_thread(move || parse(bytes.as_slice(), &how)).await?;
            (summary, parts, None)
        }
        Opened::Coming(body, version) => {
            let (chunks, coming) = mpsc::channel(CHUNKS);
            let parsing = on_a_thread(move || parse(Chunks { coming, rest: Bytes::new(), ended: false }, &how));
            let (fetched, parsed) = tokio::join!(pour(body, chunks), parsing);
            fetched.map_err(|error| of_fetch(&error))?;
            let (summary, parts) = parsed?;
            (summary, parts, version)
        }
    };
    pinned(campaign, summary.digest)?;
    Ok(List { digest: summary.digest, rows: summary.rows, parts, complaints: summary.complaints, version })
}

/// Whether the list is no longer the one that was read. One that is gone has not changed: what was read is what counts.
pub(super) async fn has_changed(
    client: &Client,
    fetcher: &Fetcher,
    campaign: &OutboundCampaign,
    recorded: &AudienceStatus,
) -> bool {
    let known = recorded.version.as_ref().map(Version::new);
    let digest = match open(client, fetcher, campaign, known, PATIENCE_FOR_A_LOOK).await {
        Ok(Some(Opened::Inline(bytes) | Opened::Held(bytes))) => Digest::of(&bytes),
        Ok(Some(Opened::Coming(mut body, _))) => {
            let mut hashing = Hashing::default();
            loop {
                match body.chunk().await {
                    Ok(Some(chunk)) => hashing.update(&chunk),
                    Ok(None) => break hashing.finish(),
                    Err(_) => return false,
                }
            }
        }
        Ok(None) | Err(_) => return false,
    };
    digest.to_string() != recorded.sha256
}

/// `None`: it is still of this version.
async fn open(
    client: &Client,
    fetcher: &Fetcher,
    campaign: &OutboundCampaign,
    known: Option<Version>,
    patience: Duration,
) -> Result<Option<Opened>, Problem> {
    let Some(from) = &campaign.spec.targets_from else { return inline(campaign).map(Some) };
    match (&from.config_map, &from.secret, &from.object) {
        (Some(reference), None, None) => {
            config_map(client, campaign, &reference.name, &reference.key).await.map(Opened::Held).map(Some)
        }
        (None, Some(reference), None) => {
            secret(client, campaign, &reference.name, &reference.key).await.map(Opened::Held).map(Some)
        }
        (None, None, Some(object)) => remote(client, fetcher, campaign, object, known, patience).await,
        (Some(_) | None, Some(_) | None, Some(_) | None) => {
            let message = "spec.targetsFrom: set exactly one of configMap, secret and object";
            Err(Problem::stalled(Reason::InvalidSpec, message))
        }
    }
}

fn inline(campaign: &OutboundCampaign) -> Result<Opened, Problem> {
    let mut bytes = Vec::new();
    for target in &campaign.spec.targets {
        serde_json::to_writer(&mut bytes, target)
            .map_err(|_| Problem::stalled(Reason::InvalidSpec, "spec.targets: cannot be written as JSON"))?;
        bytes.push(b'\n');
    }
    Ok(Opened::Inline(bytes))
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

async fn remote(
    client: &Client,
    fetcher: &Fetcher,
    campaign: &OutboundCampaign,
    object: &ListObject,
    known: Option<Version>,
    patience: Duration,
) -> Result<Option<Opened>, Problem> {
    let place = Place::parse(&object.url, object.region.as_deref(), object.endpoint.as_deref());
    let place = place.map_err(|refused| of_fetch(&FetchError::Refused(refused)))?;
    let credentials = credentials(client, campaign, object).await?;
    match fetcher.open(&place, credentials.as_ref(), known, MAX_BYTES, patience).await {
        Ok(Answer::Unchanged) => Ok(None),
        Ok(Answer::Document { body, version }) => Ok(Some(Opened::Coming(body, version))),
        Err(error) => {
            tracing::debug!(campaign = %campaign.name_any(), ?error, "the list cannot be fetched");
            Err(of_fetch(&error))
        }
    }
}

async fn credentials(
    client: &Client,
    campaign: &OutboundCampaign,
    object: &ListObject,
) -> Result<Option<Credentials>, Problem> {
    let Some(reference) = &object.secret_ref else { return Ok(None) };
    let api = Api::<Secret>::namespaced(client.clone(), &campaign.namespace().unwrap_or_default());
    let found = api.get_opt(&reference.name).await?;
    let found = found.ok_or_else(|| absent("object.secretRef", &format!("Secret {}", reference.name)))?;
    let text = |(key, value): (String, k8s_openapi::ByteString)| Some((key, String::from_utf8(value.0).ok()?));
    Ok(Some(Credentials::new(found.data.unwrap_or_default().into_iter().filter_map(text))))
}

fn of_fetch(error: &FetchError) -> Problem {
    let message = format!("spec.targetsFrom.object: the url {error}");
    match error {
        FetchError::TooLarge { .. } => Problem::stalled(Reason::InvalidAudience, message),
        FetchError::Refused(_) | FetchError::Credentials(_) => Problem::stalled(Reason::InvalidSpec, message),
        FetchError::Status { status } if status.as_u16() == 404 => Problem::waiting(Reason::SourceNotFound, message),
        FetchError::Status { .. } if !error.is_passing() => Problem::stalled(Reason::SourceRefused, message),
        FetchError::Status { .. } | FetchError::TooSlow | FetchError::Request(_) | FetchError::Store(_) => {
            Problem::waiting(Reason::SourceUnreachable, message)
        }
    }
}

/// How the list is to be read.
fn how(campaign: &OutboundCampaign) -> Result<How, Problem> {
    let from = campaign.spec.targets_from.as_ref();
    from.map_or_else(|| Ok(How::plain(Format::JsonLines)), how::how)
        .map_err(|problem| Problem::stalled(Reason::InvalidSpec, format!("spec.targetsFrom.{problem}")))
}

fn pinned(campaign: &OutboundCampaign, digest: Digest) -> Result<(), Problem> {
    let Some(from) = &campaign.spec.targets_from else { return Ok(()) };
    how::pinned(from, digest)
        .map_err(|problem| Problem::stalled(Reason::DigestMismatch, format!("spec.targetsFrom.{problem}")))
}

fn parse(source: impl Read, how: &How) -> Result<(Summary, Parts), ReadError> {
    let mut gathered = Gathering::default();
    let summary = audience::read(source, how, |row| gathered.push(&row))?;
    Ok((summary, gathered.finish()))
}

/// Parsing takes up to seconds: not on a thread that serves calls.
async fn on_a_thread(
    parse: impl FnOnce() -> Result<(Summary, Parts), ReadError> + Send + 'static,
) -> Result<(Summary, Parts), Problem> {
    match tokio::task::spawn_blocking(parse).await {
        Ok(Ok(read)) => Ok(read),
        Ok(Err(ReadError::Source(error))) => Err(Problem::stalled(Reason::InvalidAudience, error.to_string())),
        Ok(Err(ReadError::Io(_))) => {
            Err(Problem::waiting(Reason::SourceUnreachable, "spec.targetsFrom.object: the list stopped before its end"))
        }
        // It panicked, which is our fault, or the process ends.
        Err(error) => {
            tracing::error!(%error, "reading a list did not end");
            Err(Problem::Restarting)
        }
    }
}

/// Hands on what comes. An empty part marks the end, so that a stream which breaks off is never taken for a short list. Ends
/// early when the parser has seen enough: it says itself what is wrong.
async fn pour(mut body: Body, chunks: mpsc::Sender<Bytes>) -> Result<(), FetchError> {
    while let Some(chunk) = body.chunk().await? {
        if !chunk.is_empty() && chunks.send(chunk).await.is_err() {
            return Ok(());
        }
    }
    let _parser_may_be_done = chunks.send(Bytes::new()).await;
    Ok(())
}

/// What [`pour`] hands on, for a thread that may wait.
struct Chunks {
    coming: mpsc::Receiver<Bytes>,
    rest: Bytes,
    ended: bool,
}

impl Read for Chunks {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.rest.is_empty() && !self.ended {
            self.rest = self.coming.blocking_recv().ok_or(io::ErrorKind::UnexpectedEof)?;
            self.ended = self.rest.is_empty();
        }
        let part = self.rest.split_to(self.rest.len().min(buffer.len()));
        if let Some(room) = buffer.get_mut(..part.len()) {
            room.copy_from_slice(&part);
        }
        Ok(part.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_stream_that_breaks_off_is_no_short_list() {
        let parse_chunks = |coming| {
            on_a_thread(move || parse(Chunks { coming, rest: Bytes::new(), ended: false }, &How::plain(Format::Csv)))
        };
        for (end, whole) in [(Some(Bytes::new()), true), (None, false)] {
            let (chunks, coming) = mpsc::channel(4);
            for part in [&b"id,to\na,+155"[..], b"50100\n"] {
                chunks.send(Bytes::from_static(part)).await.unwrap();
            }
            if let Some(end) = end {
                chunks.send(end).await.unwrap();
            }
            drop(chunks);
            let read = parse_chunks(coming).await;
            assert_eq!(read.is_ok_and(|(summary, _)| summary.rows == 1), whole);
        }
    }
}
