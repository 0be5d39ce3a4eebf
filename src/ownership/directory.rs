//! Where replicas reach each other, and what each is known by: one `Lease` for all replicas of an installation, in which each
//! writes itself when it starts.
//!
//! Promises that a replica is found under the number that it draws when it starts, which the leases of accounts name as well, and
//! that whoever is not written there is known to nobody. The most recent are kept; one that was crowded out though it lives sees
//! that, and writes itself again. Does not know what replicas have to say to each other.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures::StreamExt as _;
use k8s_openapi::api::coordination::v1::Lease;
use kube::Api;
use kube::api::{ObjectMeta, PostParams};
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::watch_object;
use sha2::{Digest as _, Sha256};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::record::LEASE;
use super::tenure::Process;

/// The name of the lease.
const NAME: &str = "telnyx-operator-replicas";
/// Its entries, one for each replica, the latest last.
const REPLICAS: &str = "telnyx-operator.io/replicas";
/// The most replicas that are kept; those that have ended are among them, and their keys are gone. The chart allows ten at a time.
const MOST: usize = 32;
/// For the API server to answer a write.
const REQUEST: Duration = Duration::from_secs(3);
/// Until it is tried again.
const RETRY: Duration = Duration::from_secs(2);

/// What a replica is known by: the SHA-256 of its certificate (DER).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// Of this certificate.
    #[must_use]
    pub fn of(certificate: &[u8]) -> Self {
        Self(Sha256::digest(certificate).into())
    }

    fn parse(text: &str) -> Option<Self> {
        URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok().map(Self)
    }
}

impl std::fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

/// Where a replica is reached, and what it is known by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Contact {
    /// Its address.
    pub address: SocketAddr,
    /// Its certificate's.
    pub fingerprint: Fingerprint,
}

/// A replica, as it is written down.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    /// The number that it drew when it started.
    nonce: String,
    contact: Contact,
}

impl Entry {
    fn parse(line: &str) -> Option<Self> {
        let mut words = line.split_whitespace();
        let (nonce, address, fingerprint) = (words.next()?, words.next()?, words.next()?);
        let contact = Contact { address: address.parse().ok()?, fingerprint: Fingerprint::parse(fingerprint)? };
        Some(Self { nonce: nonce.to_owned(), contact })
    }
}

impl std::fmt::Display for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} {}", self.nonce, self.contact.address, self.contact.fingerprint)
    }
}

/// The replicas that there are. Cheap to clone; clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Directory(Arc<RwLock<BTreeMap<String, Contact>>>);

impl Directory {
    /// Where a process is reached, if it has said so.
    #[must_use]
    pub fn contact(&self, process: &Process) -> Option<Contact> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&process.nonce).copied()
    }

    /// Whether a replica is known by this.
    #[must_use]
    pub fn knows(&self, fingerprint: &Fingerprint) -> bool {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.values().any(|contact| contact.fingerprint == *fingerprint)
    }

    fn replace(&self, entries: &[Entry]) {
        let known = entries.iter().map(|entry| (entry.nonce.clone(), entry.contact)).collect();
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = known;
    }
}

/// Keeps a [`Directory`] up to date, and this process in it.
pub struct Registrar {
    directory: Directory,
    leases: Api<Lease>,
    me: Entry,
}

impl Registrar {
    /// Of the installation whose replicas meet in `namespace`. This one is reached at `contact`.
    #[must_use]
    pub fn new(directory: Directory, kube: kube::Client, namespace: &str, me: &Process, contact: Contact) -> Self {
        let me = Entry { nonce: me.nonce.clone(), contact };
        Self { directory, leases: Api::namespaced(kube, namespace), me }
    }

    /// Runs until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        tokio::select! {
            () = self.keep() => {}
            () = stop.cancelled() => {}
        }
    }

    async fn keep(&self) {
        let mut news = watch_object(self.leases.clone(), NAME).default_backoff().boxed();
        let (mut seen, mut known) = (None, false);
        loop {
            let is_missing = known && !entries(seen.as_ref()).contains(&self.me);
            if is_missing {
                self.write(seen.as_ref()).await;
            }
            let change = tokio::select! {
                Some(change) = news.next() => change,
                () = sleep(RETRY), if is_missing => continue,
            };
            match change {
                Ok(lease) => {
                    self.directory.replace(&entries(lease.as_ref()));
                    (seen, known) = (lease, true);
                }
                Err(error) => tracing::warn!(%error, "the watch on the list of replicas failed; it is tried again"),
            }
        }
    }

    /// Writes this process into the lease, under the version that was seen. Whether that was done, the watch shows.
    async fn write(&self, before: Option<&Lease>) {
        let (lease, params) = (with(before, &self.me), PostParams::default());
        let writing = async {
            match before {
                None => self.leases.create(&params, &lease).await,
                Some(_) => self.leases.replace(NAME, &params, &lease).await,
            }
        };
        match timeout(REQUEST, writing).await {
            Ok(Ok(_)) => tracing::info!(address = %self.me.contact.address, "other replicas find this one from now on"),
            // Another was quicker.
            Ok(Err(kube::Error::Api(status))) if status.code == 409 => {}
            Ok(Err(error)) => {
                tracing::warn!(%error, "this replica could not be written down for the others; it is tried again");
            }
            Err(_) => {
                tracing::warn!("this replica could not be written down for the others in time; it is tried again");
            }
        }
    }
}

/// What the lease says. A line that cannot be read is left out, and goes with the next write.
fn entries(lease: Option<&Lease>) -> Vec<Entry> {
    let text = lease.and_then(|lease| lease.metadata.annotations.as_ref()?.get(REPLICAS));
    text.map_or_else(Vec::new, |text| text.lines().filter_map(Entry::parse).collect())
}

/// The lease with one more entry.
fn with(before: Option<&Lease>, me: &Entry) -> Lease {
    let mut entries = entries(before);
    entries.push(me.clone());
    let kept = entries.split_off(entries.len().saturating_sub(MOST));
    let mut lease = before.cloned().unwrap_or_else(|| Lease {
        metadata: ObjectMeta { name: Some(NAME.to_owned()), ..ObjectMeta::default() },
        ..Lease::default()
    });
    lease.metadata.managed_fields = None;
    let labels = lease.metadata.labels.get_or_insert_default();
    labels.insert("app.kubernetes.io/managed-by".to_owned(), "telnyx-operator".to_owned());
    labels.insert(LEASE.to_owned(), "replicas".to_owned());
    let lines: Vec<String> = kept.iter().map(Entry::to_string).collect();
    lease.metadata.annotations.get_or_insert_default().insert(REPLICAS.to_owned(), lines.join("\n"));
    lease
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(number: u8) -> Entry {
        let address = SocketAddr::from(([10, 0, 0, number], 8443));
        let contact = Contact { address, fingerprint: Fingerprint::of(&[number]) };
        Entry { nonce: format!("number-{number}"), contact }
    }

    #[test]
    fn what_is_written_is_read() {
        let lease = with(Some(&with(None, &entry(1))), &entry(2));
        assert_eq!(entries(Some(&lease)), [entry(1), entry(2)]);
        let over_ipv6 =
            Entry { contact: Contact { address: "[fd00::1]:8443".parse().unwrap(), ..entry(3).contact }, ..entry(3) };
        assert_eq!(entries(Some(&with(Some(&lease), &over_ipv6))), [entry(1), entry(2), over_ipv6]);
    }

    #[test]
    fn the_latest_are_kept() {
        let lease = (0..40).map(entry).fold(None, |lease: Option<Lease>, entry| Some(with(lease.as_ref(), &entry)));
        assert_eq!(entries(lease.as_ref()), (8..40).map(entry).collect::<Vec<_>>());
    }

    #[test]
    fn what_somebody_has_scribbled_into_it_is_nobody() {
        let mut lease = with(None, &entry(1));
        let text = format!("x\n{}\n10.0.0.1:1\na 10.0.0.1:1 short\na b {}\n", entry(2), Fingerprint::of(b"c"));
        lease.metadata.annotations.get_or_insert_default().insert(REPLICAS.to_owned(), text);
        assert_eq!(entries(Some(&lease)), [entry(2)]);
    }

    #[test]
    fn a_replica_is_found_by_its_number_and_known_by_its_certificate() {
        let directory = Directory::default();
        directory.replace(&[entry(1)]);
        let process = |nonce: &str| Process { instance: "pod".to_owned(), nonce: nonce.to_owned() };
        assert_eq!(directory.contact(&process("number-1")), Some(entry(1).contact));
        assert_eq!(directory.contact(&process("number-2")), None);
        assert!(directory.knows(&Fingerprint::of(&[1])) && !directory.knows(&Fingerprint::of(&[2])));
    }
}
