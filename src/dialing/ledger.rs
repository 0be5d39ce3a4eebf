//! When numbers rang for jobs that are gone, per account and for 31 days: what frequency caps need to know that no `DialJob`
//! tells any more.
//!
//! Promises that what [`record`](Ledger::record) returned for is stored, that it outlives campaigns, accounts and this
//! process, and that no number is stored in clear. While a job lives its own status tells of its calls, so nothing is
//! written here per call: one Secret per campaign that ends, or per job that is deleted.
//!
//! Each Secret holds its key beside what was digested with it, so that none depends on another, and two processes need not
//! agree on a key.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use dialer::{CallHistory, PhoneNumber};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::ByteString;
use kube::Client;
use tokio::sync::OnceCell;

use super::do_not_call_content::{first_half, keyed};
use super::secret_log::{PART, Part, SecretLog};
use crate::reconcile::AccountKey;
use audience::Digest;

/// The label of an account's Secrets; its value is a digest of the account's name, which may be longer than a label.
const LEDGER_OF: &str = "telnyx-operator.io/call-ledger-of";
/// The keys of a Secret: 32 random bytes; 12 bytes per ring.
const KEY: &str = "key";
const RINGS: &str = "rings";
/// A ring as it is stored: eight bytes of the number's digest, four of the second since 1970.
const RING: usize = 12;
/// The longest window that a law names is 30 days (47 CFR 64.1200(a)(3)).
pub(super) const REMEMBER: SignedDuration = SignedDuration::from_hours(31 * 24);
/// Secrets of one account: 32 MiB, 2.8 million rings. Beyond it the oldest go, and a warning says so.
const MOST_PARTS: usize = 64;
/// Small Secrets before they are made into few.
const MOST_SMALL: usize = 32;

type Key = [u8; 32];
/// A digest, and the second since 1970.
type Ring = (u64, u32);

/// The ledgers of all accounts, each read once.
pub(super) struct Ledgers {
    client: Client,
    open: Mutex<BTreeMap<AccountKey, Arc<OnceCell<Arc<Ledger>>>>>,
}

impl fmt::Debug for Ledgers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ledgers")
    }
}

impl Ledgers {
    pub(super) fn new(client: Client) -> Self {
        Self { client, open: Mutex::default() }
    }

    /// The account's ledger, read now if it was not.
    pub(super) async fn of(&self, account: &AccountKey) -> kube::Result<Arc<Ledger>> {
        let cell =
            Arc::clone(self.open.lock().unwrap_or_else(PoisonError::into_inner).entry(account.clone()).or_default());
        cell.get_or_try_init(async || Ledger::open(self.client.clone(), account).await.map(Arc::new)).await.cloned()
    }
}

/// One account's ledger.
pub(super) struct Ledger {
    account: AccountKey,
    log: SecretLog,
    /// What is added is digested with this.
    key: Key,
    stored: Mutex<Books>,
    /// One writer at a time.
    parts: tokio::sync::Mutex<Vec<Held>>,
}

/// One Secret, as far as it need be remembered.
#[derive(Clone, Debug)]
struct Held {
    name: String,
    rings: usize,
    newest: u32,
}

impl Ledger {
    async fn open(client: Client, account: &AccountKey) -> kube::Result<Self> {
        let log = log(client, account);
        let (mut books, mut parts) = (Books::default(), Vec::new());
        for part in log.read().await? {
            let Some((key, rings)) = read(&part) else {
                tracing::error!(%account, secret = %part.name, "a Secret of the call ledger is damaged: its calls are forgotten");
                continue;
            };
            let newest = rings.iter().map(|(_, at)| *at).max().unwrap_or_default();
            parts.push(Held { name: part.name, rings: rings.len(), newest });
            books.add(key, rings);
        }
        let key = books.0.keys().next().copied().unwrap_or_else(rand::random);
        tracing::info!(%account, secrets = parts.len(), rings = books.len(), "call ledger read");
        Ok(Self {
            account: account.clone(),
            log,
            key,
            stored: Mutex::new(books),
            parts: tokio::sync::Mutex::new(parts),
        })
    }

    /// All that is known now.
    pub(super) fn history(&self) -> Arc<dyn CallHistory> {
        Arc::new(self.stored.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    /// Stores what is not stored yet. When it returns, it is.
    pub(super) async fn record(&self, rings: &[(PhoneNumber, Timestamp)], now: Timestamp) -> kube::Result<()> {
        let mut parts = self.parts.lock().await;
        let oldest = second(now.saturating_sub(REMEMBER).unwrap_or(Timestamp::UNIX_EPOCH));
        let fresh = self.fresh(rings, oldest);
        for chunk in fresh.chunks(PART / RING) {
            let newest = chunk.iter().map(|(_, at)| *at).max().unwrap_or_default();
            let name = self.log.add(write(&self.key, chunk)).await?;
            parts.push(Held { name, rings: chunk.len(), newest });
            self.stored.lock().unwrap_or_else(PoisonError::into_inner).add(self.key, chunk.to_vec());
        }
        if !fresh.is_empty() {
            self.tidy(&mut parts, oldest).await;
        }
        Ok(())
    }

    fn fresh(&self, rings: &[(PhoneNumber, Timestamp)], oldest: u32) -> Vec<Ring> {
        let stored = self.stored.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = rings.iter().map(|(number, at)| (number, second(*at))).filter(|(_, at)| *at >= oldest);
        let fresh: BTreeSet<Ring> = recent
            .filter(|(number, at)| !stored.has(number, *at))
            .map(|(number, at)| (first_half(&keyed(&self.key, number)), at))
            .collect();
        fresh.into_iter().collect()
    }

    /// Lets go of what is too old, and of what is too much. What goes wrong here is tried again the next time.
    async fn tidy(&self, parts: &mut Vec<Held>, oldest: u32) {
        self.stored.lock().unwrap_or_else(PoisonError::into_inner).forget(oldest);
        parts.sort_by_key(|part| part.newest);
        let old = parts.iter().take_while(|part| part.newest < oldest).count();
        let many = parts.len().saturating_sub(MOST_PARTS);
        if many > old {
            tracing::warn!(account = %self.account, secrets = many - old, "the call ledger is full: its oldest calls are forgotten before their 31 days");
        }
        let going: Vec<String> = parts.iter().take(old.max(many)).map(|part| part.name.clone()).collect();
        let small = parts.iter().filter(|part| part.rings < PART / RING / 2).count();
        let tidied = async {
            self.log.remove(&going).await?;
            parts.retain(|part| !going.contains(&part.name));
            if small > MOST_SMALL { self.merge(parts, oldest).await } else { Ok(()) }
        };
        if let Err(error) = tidied.await {
            tracing::warn!(account = %self.account, %error, "the call ledger could not be tidied");
        }
    }

    /// Makes few large Secrets of the small ones. They go once the large ones are there: a crash between leaves both.
    async fn merge(&self, parts: &mut Vec<Held>, oldest: u32) -> kube::Result<()> {
        let small: BTreeSet<String> =
            parts.iter().filter(|part| part.rings < PART / RING / 2).map(|part| part.name.clone()).collect();
        let mut books = Books::default();
        for part in self.log.read().await?.iter().filter(|part| small.contains(&part.name)) {
            if let Some((key, rings)) = read(part) {
                books.add(key, rings);
            }
        }
        books.forget(oldest);
        let mut made = Vec::new();
        for (key, rings) in &books.0 {
            let rings: Vec<Ring> = rings.iter().copied().collect();
            for chunk in rings.chunks(PART / RING) {
                let newest = chunk.iter().map(|(_, at)| *at).max().unwrap_or_default();
                made.push(Held { name: self.log.add(write(key, chunk)).await?, rings: chunk.len(), newest });
            }
        }
        parts.extend(made);
        let going: Vec<String> = small.into_iter().collect();
        self.log.remove(&going).await?;
        parts.retain(|part| !going.contains(&part.name));
        Ok(())
    }
}

fn log(client: Client, account: &AccountKey) -> SecretLog {
    let name: String = Digest::of(account.name.as_bytes()).to_string().chars().take(16).collect();
    SecretLog {
        client,
        namespace: account.namespace.clone(),
        prefix: format!("call-ledger-{name}"),
        label: (LEDGER_OF, name),
        owner: None,
    }
}

/// Rings by the key that their numbers are digested with.
#[derive(Clone, Default)]
struct Books(BTreeMap<Key, Arc<BTreeSet<Ring>>>);

impl fmt::Debug for Books {
    /// Not the keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Books").field("rings", &self.len()).finish_non_exhaustive()
    }
}

impl Books {
    fn add(&mut self, key: Key, rings: Vec<Ring>) {
        Arc::make_mut(self.0.entry(key).or_default()).extend(rings);
    }

    fn forget(&mut self, oldest: u32) {
        for rings in self.0.values_mut() {
            if rings.iter().any(|(_, at)| *at < oldest) {
                Arc::make_mut(rings).retain(|(_, at)| *at >= oldest);
            }
        }
    }

    fn has(&self, number: &PhoneNumber, at: u32) -> bool {
        self.0.iter().any(|(key, rings)| rings.contains(&(first_half(&keyed(key, number)), at)))
    }

    fn len(&self) -> usize {
        self.0.values().map(|rings| rings.len()).sum()
    }
}

impl CallHistory for Books {
    fn rings(&self, number: &PhoneNumber) -> Vec<Timestamp> {
        let seconds = self.0.iter().flat_map(|(key, rings)| {
            let digest = first_half(&keyed(key, number));
            rings.range((digest, 0)..=(digest, u32::MAX)).map(|(_, at)| *at)
        });
        let seconds: BTreeSet<u32> = seconds.collect();
        seconds.into_iter().filter_map(|at| Timestamp::from_second(at.into()).ok()).collect()
    }
}

fn second(at: Timestamp) -> u32 {
    u32::try_from(at.as_second().max(0)).unwrap_or(u32::MAX)
}

fn write(key: &Key, rings: &[Ring]) -> BTreeMap<String, ByteString> {
    let bytes =
        rings.iter().flat_map(|(digest, at)| digest.to_be_bytes().into_iter().chain(at.to_be_bytes())).collect();
    BTreeMap::from([(KEY.to_owned(), ByteString(key.to_vec())), (RINGS.to_owned(), ByteString(bytes))])
}

/// `None`: somebody else wrote it.
fn read(part: &Part) -> Option<(Key, Vec<Ring>)> {
    let key = part.data.get(KEY)?.0.as_slice().try_into().ok()?;
    let (rings, rest) = part.data.get(RINGS)?.0.as_chunks::<RING>();
    let ring = |bytes: &[u8; RING]| {
        let (digest, at) = (bytes.first_chunk::<8>()?, bytes.last_chunk::<4>()?);
        Some((u64::from_be_bytes(*digest), u32::from_be_bytes(*at)))
    };
    rest.is_empty().then(|| rings.iter().filter_map(ring).collect()).map(|rings| (key, rings))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn part(data: BTreeMap<String, ByteString>) -> Part {
        Part { name: "a".into(), data }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(key: Key, rings in prop::collection::btree_set(any::<Ring>(), 0..50)) {
            let rings: Vec<Ring> = rings.into_iter().collect();
            prop_assert_eq!(read(&part(write(&key, &rings))), Some((key, rings)));
        }
    }

    #[test]
    fn what_somebody_else_wrote_is_no_ledger() {
        let good = write(&[7; 32], &[(1, 2)]);
        for (name, bytes) in [(KEY, vec![7; 31]), (RINGS, vec![0; 13])] {
            let mut bad = good.clone();
            bad.insert(name.to_owned(), ByteString(bytes));
            assert_eq!(read(&part(bad)), None, "{name}");
        }
        assert_eq!(read(&part(BTreeMap::new())), None);
    }

    #[test]
    fn rings_are_found_under_whatever_key_they_were_kept_once_each_and_no_longer_than_wanted() {
        let (number, other) =
            (PhoneNumber::parse("+13125550101").unwrap(), PhoneNumber::parse("+13125550102").unwrap());
        let mut books = Books::default();
        for (key, times) in [([1; 32], [10, 20]), ([2; 32], [20, 30])] {
            let rings = times.map(|at| (first_half(&keyed(&key, &number)), at));
            books.add(key, rings.to_vec());
        }
        let seconds = |books: &Books, number| books.rings(number).iter().map(|at| at.as_second()).collect::<Vec<_>>();
        assert_eq!((seconds(&books, &number), seconds(&books, &other)), (vec![10, 20, 30], vec![]));
        assert!(books.has(&number, 30) && !books.has(&number, 31) && !books.has(&other, 30));
        books.forget(20);
        assert_eq!(seconds(&books, &number), [20, 30]);
    }
}
