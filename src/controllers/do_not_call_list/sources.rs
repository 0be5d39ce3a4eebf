//! The sources of one list, as they were last read.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::{Api, Client};
use reqwest::Url;

use super::rows::{BadRow, Rows, parse};
use crate::api::{DoNotCallEntry, DoNotCallFormat, DoNotCallList, DoNotCallSource, DoNotCallUrl};
use crate::dialing::{Content, Marking};
use crate::fetch::{Answer, FetchError, Fetcher, Question, Refused};
use crate::reconcile::Object as _;
use audience::Digest;

/// The longest file that is read, and for how long.
const MAX_BYTES: u64 = 64 * 1024 * 1024;
const PATIENCE: Duration = Duration::from_mins(1);
/// The column of the entries in a CSV file that says nothing of it.
const COLUMN: &str = "number";
/// How often a URL is asked that says nothing of it: registries publish daily at most.
const REFRESH_SECS: u32 = 86_400;
/// How soon a URL that could not be read is asked again.
const ASK_AGAIN: SignedDuration = SignedDuration::from_mins(1);

/// One source: what it said last, and what went wrong since.
#[derive(Debug)]
pub(super) struct Source {
    /// `numbers`, `sources[0]` and so on, or `optOuts`.
    pub(super) name: String,
    /// As it was declared; a source that is declared otherwise is another one.
    declared: Option<DoNotCallSource>,
    /// What it said when it was last read; `None`: it never was.
    pub(super) said: Option<Said>,
    /// Why the last reading failed.
    pub(super) problem: Option<String>,
    /// When a URL is asked next.
    pub(super) ask_at: Option<Timestamp>,
}

/// What a source said.
#[derive(Clone, Debug)]
pub(super) struct Said {
    digest: Digest,
    /// Its entries.
    pub(super) content: Arc<Content>,
    /// Rows that name no number: how many, and the first of them.
    pub(super) rejected: u32,
    pub(super) complaints: Arc<[(u32, BadRow)]>,
    /// When this was first read; of a URL, when it was last read.
    pub(super) read_at: Timestamp,
}

impl Source {
    /// Not read yet.
    pub(super) fn new(name: String, declared: Option<DoNotCallSource>) -> Self {
        Self { name, declared, said: None, problem: None, ask_at: None }
    }

    /// Whether it is the source that is declared like that.
    pub(super) fn is(&self, name: &str, declared: Option<&DoNotCallSource>) -> bool {
        self.name == name && self.declared.as_ref() == declared
    }

    /// A URL is asked at the next reading, due or not.
    pub(super) fn ask_now(&mut self) {
        self.ask_at = None;
    }

    /// Whether how old it is matters: everything but a URL is as it is now.
    pub(super) fn ages(&self) -> bool {
        self.declared.as_ref().is_some_and(|declared| declared.url.is_some())
    }

    /// Takes entries in that stand in the list itself.
    pub(super) fn read_inline(&mut self, entries: &[DoNotCallEntry], marking: &Marking, now: Timestamp) {
        let mut rows = Rows::default();
        for (index, entry) in (0..).zip(entries) {
            let expiry = entry.expires_at.as_ref().map(|at| at.0);
            rows.take(index, &entry.number, Ok(expiry), marking);
        }
        let digest = Digest::of(format!("{:?}", rows.entries).as_bytes());
        self.hear(digest, || Ok(rows), marking, now);
    }

    /// Takes bytes in, such as those of the opt-outs.
    pub(super) fn read_lines(&mut self, bytes: &[u8], marking: &Marking, now: Timestamp) {
        let rows = || parse(bytes, DoNotCallFormat::Lines, "", marking).map_err(|error| error.to_string());
        self.hear(Digest::of(bytes), rows, marking, now);
    }

    /// Reads it where it is kept. A URL is asked only when it is due.
    pub(super) async fn read(
        &mut self,
        client: &Client,
        list: &DoNotCallList,
        marking: &Marking,
        fetcher: &Fetcher,
        now: Timestamp,
    ) -> kube::Result<()> {
        let Some(declared) = self.declared.clone() else { return Ok(()) };
        if self.ask_at.is_some_and(|at| now < at) {
            return Ok(());
        }
        let bytes = match (&declared.config_map, &declared.secret, &declared.url) {
            (Some(reference), _, _) => config_map(client, list, &reference.name, &reference.key).await?,
            (_, Some(reference), _) => secret(client, list, &reference.name, &reference.key).await?,
            (_, _, Some(url)) => {
                let read = fetch(fetcher, &url.address).await;
                let wait = if read.is_ok() { refresh(url) } else { ASK_AGAIN };
                self.ask_at = now.checked_add(wait).ok();
                read.map_err(|error| format!("its URL {error}"))
            }
            (None, None, None) => Err("set exactly one of configMap, secret and url".to_owned()),
        };
        match bytes {
            Ok(bytes) => {
                let format = format(&declared);
                let rows = || parse(&bytes, format, column(&declared), marking).map_err(|error| error.to_string());
                self.hear(Digest::of(&bytes), rows, marking, now);
                if self.ages() && self.problem.is_none() {
                    self.read_again_at(now);
                }
            }
            Err(problem) => self.problem = Some(problem),
        }
        Ok(())
    }

    fn hear(&mut self, digest: Digest, rows: impl FnOnce() -> Result<Rows, String>, marking: &Marking, now: Timestamp) {
        if self.said.as_ref().is_some_and(|said| said.digest == digest) {
            self.problem = None;
            return;
        }
        match rows() {
            Ok(Rows { entries, complaints, rejected }) => {
                let content = Arc::new(Content::new(marking.clone(), entries));
                let complaints = complaints.into();
                self.said = Some(Said { digest, content, rejected, complaints, read_at: now });
                self.problem = None;
            }
            Err(problem) => self.problem = Some(problem),
        }
    }

    fn read_again_at(&mut self, now: Timestamp) {
        if let Some(said) = &mut self.said {
            said.read_at = now;
        }
    }
}

fn refresh(url: &DoNotCallUrl) -> SignedDuration {
    SignedDuration::from_secs(url.refresh_secs.unwrap_or(REFRESH_SECS).into())
}

async fn fetch(fetcher: &Fetcher, address: &str) -> Result<Vec<u8>, FetchError> {
    let url = Url::parse(address).map_err(|_| Refused::NotAUrl)?;
    let question = Question { url, authorization: None, known: None, most: MAX_BYTES, patience: PATIENCE };
    match fetcher.get(question).await? {
        Answer::Document { body, .. } => body.all().await,
        // Nothing was said to be known.
        Answer::Unchanged => Err(FetchError::TooSlow),
    }
}

pub(super) fn column(declared: &DoNotCallSource) -> &str {
    declared.column.as_deref().unwrap_or(COLUMN)
}

pub(super) fn format(declared: &DoNotCallSource) -> DoNotCallFormat {
    let DoNotCallSource { config_map, secret, url, format, column: _ } = declared;
    let of_url = url.as_ref().map(|url| url.address.split(['?', '#']).next().unwrap_or_default());
    let key = config_map.as_ref().map(|one| one.key.as_str()).or(secret.as_ref().map(|one| one.key.as_str()));
    let ending = key.or(of_url).and_then(|name| Path::new(name).extension());
    let is_csv = ending.is_some_and(|ending| ending.eq_ignore_ascii_case("csv"));
    format.unwrap_or(if is_csv { DoNotCallFormat::Csv } else { DoNotCallFormat::Lines })
}

/// Its bytes, or what is missing.
async fn config_map(
    client: &Client,
    list: &DoNotCallList,
    name: &str,
    key: &str,
) -> kube::Result<Result<Vec<u8>, String>> {
    let Some(found) = Api::<ConfigMap>::namespaced(client.clone(), list.namespace()).get_opt(name).await? else {
        return Ok(Err(format!("ConfigMap {name} does not exist: create it")));
    };
    let text = found.data.and_then(|mut data| data.remove(key)).map(String::into_bytes);
    let binary = || found.binary_data.and_then(|mut data| data.remove(key)).map(|bytes| bytes.0);
    Ok(text.or_else(binary).ok_or_else(|| format!("ConfigMap {name} has no key {key}: add it")))
}

/// Its bytes, or what is missing.
pub(super) async fn secret(
    client: &Client,
    list: &DoNotCallList,
    name: &str,
    key: &str,
) -> kube::Result<Result<Vec<u8>, String>> {
    let Some(found) = Api::<Secret>::namespaced(client.clone(), list.namespace()).get_opt(name).await? else {
        return Ok(Err(format!("Secret {name} does not exist: create it")));
    };
    let bytes = found.data.and_then(|mut data| data.remove(key)).map(|bytes| bytes.0);
    Ok(bytes.ok_or_else(|| format!("Secret {name} has no key {key}: add it")))
}
