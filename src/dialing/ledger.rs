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

use dialer::{CallHistory, CameTo, PhoneNumber};
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
/// The keys of a Secret: 32 random bytes; 12 bytes per ring; one byte per ring, in the same order, with what the call came to.
/// The last is missing where all calls came to nothing, and in Secrets of older versions.
const KEY: &str = "key";
const RINGS: &str = "rings";
const CAME_TO: &str = "cameTo";
/// A ring as it is stored: eight bytes of the number's digest, four of the second since 1970.
const RING: usize = 12;
/// The longest window that a law names is 30 days (47 CFR 64.1200(a)(3)).
pub(super) const REMEMBER: SignedDuration = SignedDuration::from_hours(31 * 24);

/// How large a ledger may grow.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    /// Rings in one Secret.
    part: usize,
    /// Secrets of one account. Beyond them the oldest go, and a warning says so.
    most_parts: usize,
    /// Secrets that are less than half full, before they are made into few.
    most_small: usize,
}

impl Bounds {
    /// 32 MiB, 2.5 million rings.
    const USUAL: Self = Self { part: PART / (RING + 1), most_parts: 64, most_small: 32 };
}

type Key = [u8; 32];
/// A digest, the second since 1970, and what the call came to.
type Ring = (u64, u32, u8);

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
        cell.get_or_try_init(async || Ledger::open(self.client.clone(), account, Bounds::USUAL).await.map(Arc::new))
            .await
            .cloned()
    }
}

/// One account's ledger.
pub(super) struct Ledger {
    account: AccountKey,
    bounds: Bounds,
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
    async fn open(client: Client, account: &AccountKey, bounds: Bounds) -> kube::Result<Self> {
        let log = log(client, account);
        let (mut books, mut parts) = (Books::default(), Vec::new());
        for part in log.read().await? {
            let Some((key, rings)) = read(&part) else {
                tracing::error!(%account, secret = %part.name, "a Secret of the call ledger is damaged: its calls are forgotten");
                continue;
            };
            let newest = newest(&rings);
            parts.push(Held { name: part.name, rings: rings.len(), newest });
            books.add(key, rings);
        }
        let key = books.0.keys().next().copied().unwrap_or_else(rand::random);
        tracing::info!(%account, secrets = parts.len(), rings = books.len(), "call ledger read");
        Ok(Self {
            account: account.clone(),
            bounds,
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
    pub(super) async fn record(&self, rings: &[(PhoneNumber, dialer::Ring)], now: Timestamp) -> kube::Result<()> {
        let mut parts = self.parts.lock().await;
        let oldest = second(now.saturating_sub(REMEMBER).unwrap_or(Timestamp::UNIX_EPOCH));
        let fresh = self.fresh(rings, oldest);
        for chunk in fresh.chunks(self.bounds.part) {
            let name = self.log.add(write(&self.key, chunk)).await?;
            parts.push(Held { name, rings: chunk.len(), newest: newest(chunk) });
            self.stored.lock().unwrap_or_else(PoisonError::into_inner).add(self.key, chunk.to_vec());
        }
        if !fresh.is_empty() {
            self.tidy(&mut parts, oldest).await;
        }
        Ok(())
    }

    fn fresh(&self, rings: &[(PhoneNumber, dialer::Ring)], oldest: u32) -> Vec<Ring> {
        let stored = self.stored.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = rings.iter().map(|(number, ring)| (number, second(ring.at), ring.came_to));
        let fresh: BTreeSet<Ring> = recent
            .filter(|(number, at, came_to)| *at >= oldest && !stored.has(number, *at, *came_to))
            .map(|(number, at, came_to)| (first_half(&keyed(&self.key, number)), at, came_to.bits()))
            .collect();
        fresh.into_iter().collect()
    }

    /// Lets go of what is too old, makes few of many, and then lets go of what is too much. What goes wrong here is tried
    /// again the next time.
    async fn tidy(&self, parts: &mut Vec<Held>, oldest: u32) {
        self.stored.lock().unwrap_or_else(PoisonError::into_inner).forget(oldest);
        let tidied = async {
            let old: BTreeSet<String> =
                parts.iter().filter(|part| part.newest < oldest).map(|part| part.name.clone()).collect();
            self.remove(parts, &old).await?;
            if self.small(parts).len() > self.bounds.most_small {
                self.merge(parts, oldest).await?;
            }
            parts.sort_by_key(|part| part.newest);
            let many = parts.len().saturating_sub(self.bounds.most_parts);
            if many > 0 {
                tracing::warn!(account = %self.account, secrets = many, "the call ledger is full: its oldest calls are forgotten before their 31 days");
            }
            let many = parts.iter().take(many).map(|part| part.name.clone()).collect();
            self.remove(parts, &many).await
        };
        if let Err(error) = tidied.await {
            tracing::warn!(account = %self.account, %error, "the call ledger could not be tidied");
        }
    }

    async fn remove(&self, parts: &mut Vec<Held>, going: &BTreeSet<String>) -> kube::Result<()> {
        let names: Vec<String> = going.iter().cloned().collect();
        self.log.remove(&names).await?;
        parts.retain(|part| !going.contains(&part.name));
        Ok(())
    }

    /// Those that are less than half full.
    fn small(&self, parts: &[Held]) -> BTreeSet<String> {
        parts.iter().filter(|part| part.rings < self.bounds.part / 2).map(|part| part.name.clone()).collect()
    }

    /// Makes few large Secrets of the small ones. They go once the large ones are there: a crash between leaves both.
    async fn merge(&self, parts: &mut Vec<Held>, oldest: u32) -> kube::Result<()> {
        let small = self.small(parts);
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
            for chunk in rings.chunks(self.bounds.part) {
                let name = self.log.add(write(key, chunk)).await?;
                made.push(Held { name, rings: chunk.len(), newest: newest(chunk) });
            }
        }
        parts.extend(made);
        self.remove(parts, &small).await
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
            if rings.iter().any(|(_, at, _)| *at < oldest) {
                Arc::make_mut(rings).retain(|(_, at, _)| *at >= oldest);
            }
        }
    }

    /// Whether it is known, and that it came to all this.
    fn has(&self, number: &PhoneNumber, at: u32, came_to: CameTo) -> bool {
        let knows = |bits: u8| (CameTo::from_bits(bits) | came_to) == CameTo::from_bits(bits);
        self.of(number).any(|(second, bits)| second == at && knows(bits))
    }

    /// When a number rang, and what came of it, under whatever key: one call maybe several times.
    fn of(&self, number: &PhoneNumber) -> impl Iterator<Item = (u32, u8)> {
        self.0.iter().flat_map(move |(key, rings)| {
            let digest = first_half(&keyed(key, number));
            rings.range((digest, 0, 0)..=(digest, u32::MAX, u8::MAX)).map(|(_, at, bits)| (*at, *bits))
        })
    }

    fn len(&self) -> usize {
        self.0.values().map(|rings| rings.len()).sum()
    }
}

impl CallHistory for Books {
    fn rings(&self, number: &PhoneNumber) -> Vec<dialer::Ring> {
        let mut seconds = BTreeMap::<u32, CameTo>::new();
        for (at, bits) in self.of(number) {
            let came_to = seconds.entry(at).or_default();
            *came_to = *came_to | CameTo::from_bits(bits);
        }
        let ring =
            |(at, came_to): (u32, _)| Some(dialer::Ring { at: Timestamp::from_second(at.into()).ok()?, came_to });
        seconds.into_iter().filter_map(ring).collect()
    }
}

fn newest(rings: &[Ring]) -> u32 {
    rings.iter().map(|(_, at, _)| *at).max().unwrap_or_default()
}

fn second(at: Timestamp) -> u32 {
    u32::try_from(at.as_second().max(0)).unwrap_or(u32::MAX)
}

fn write(key: &Key, rings: &[Ring]) -> BTreeMap<String, ByteString> {
    let bytes =
        rings.iter().flat_map(|(digest, at, _)| digest.to_be_bytes().into_iter().chain(at.to_be_bytes())).collect();
    let came_to: Vec<u8> = rings.iter().map(|(_, _, bits)| *bits).collect();
    let mut data = BTreeMap::from([(KEY.to_owned(), ByteString(key.to_vec())), (RINGS.to_owned(), ByteString(bytes))]);
    if came_to.iter().any(|bits| *bits != 0) {
        data.insert(CAME_TO.to_owned(), ByteString(came_to));
    }
    data
}

/// `None`: somebody else wrote it.
fn read(part: &Part) -> Option<(Key, Vec<Ring>)> {
    let key = part.data.get(KEY)?.0.as_slice().try_into().ok()?;
    let (rings, rest) = part.data.get(RINGS)?.0.as_chunks::<RING>();
    let came_to = part.data.get(CAME_TO).map(|bytes| bytes.0.as_slice());
    if !rest.is_empty() || came_to.is_some_and(|came_to| came_to.len() != rings.len()) {
        return None;
    }
    let came_to = came_to.into_iter().flatten().copied().chain(std::iter::repeat(0));
    let ring = |(bytes, came_to): (&[u8; RING], u8)| {
        let (digest, at) = (bytes.first_chunk::<8>()?, bytes.last_chunk::<4>()?);
        Some((u64::from_be_bytes(*digest), u32::from_be_bytes(*at), came_to))
    };
    Some((key, rings.iter().zip(came_to).filter_map(ring).collect()))
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
        let good = write(&[7; 32], &[(1, 2, 1)]);
        for (name, bytes) in [(KEY, vec![7; 31]), (RINGS, vec![0; 13]), (CAME_TO, vec![1; 2])] {
            let mut bad = good.clone();
            bad.insert(name.to_owned(), ByteString(bytes));
            assert_eq!(read(&part(bad)), None, "{name}");
        }
        assert_eq!(read(&part(BTreeMap::new())), None);
    }

    #[test]
    fn what_an_older_version_wrote_is_read_as_calls_that_came_to_nothing() {
        let mut old = write(&[7; 32], &[(1, 2, 1), (3, 4, 2)]);
        old.remove(CAME_TO);
        assert_eq!(read(&part(old)), Some(([7; 32], vec![(1, 2, 0), (3, 4, 0)])));
        assert!(!write(&[7; 32], &[(1, 2, 0)]).contains_key(CAME_TO), "nothing to tell is not written");
    }

    #[test]
    fn rings_are_found_under_whatever_key_they_were_kept_once_each_and_no_longer_than_wanted() {
        let (number, other) =
            (PhoneNumber::parse("+13125550101").unwrap(), PhoneNumber::parse("+13125550102").unwrap());
        let mut books = Books::default();
        for (key, times) in [([1; 32], [10, 20]), ([2; 32], [20, 30])] {
            let rings = times.map(|at| (first_half(&keyed(&key, &number)), at, u8::from(key == [2; 32])));
            books.add(key, rings.to_vec());
        }
        let seconds = |books: &Books, number| {
            books.rings(number).iter().map(|ring| (ring.at.as_second(), ring.came_to.bits())).collect::<Vec<_>>()
        };
        assert_eq!(
            (seconds(&books, &number), seconds(&books, &other)),
            (vec![(10, 0), (20, 1), (30, 1)], vec![]),
            "what one of two tells is known"
        );
        let (nothing, talked) = (CameTo::default(), CameTo::from_bits(1));
        assert!(books.has(&number, 30, nothing) && books.has(&number, 20, talked) && !books.has(&number, 10, talked));
        assert!(!books.has(&number, 31, nothing) && !books.has(&other, 30, nothing));
        books.forget(20);
        assert_eq!(seconds(&books, &number), [(20, 1), (30, 1)]);
    }

    /// Three Secrets of ten rings, and few that are small.
    const TIGHT: Bounds = Bounds { part: 10, most_parts: 3, most_small: 2 };

    /// A namespace of its own on a real API server.
    async fn namespace() -> (dev_cluster::Access, Client, AccountKey) {
        drop(rustls::crypto::ring::default_provider().install_default());
        let access = dev_cluster::Access::shared_or_start(dev_cluster::Options::default()).await.unwrap();
        let kubeconfig = kube::config::Kubeconfig::read_from(access.kubeconfig()).unwrap();
        let options = kube::config::KubeConfigOptions::default();
        let config = kube::Config::from_custom_kubeconfig(kubeconfig, &options).await.unwrap();
        let client = Client::try_from(config).unwrap();
        let name = format!("ledger-{:016x}", rand::random::<u64>());
        let object = serde_json::from_value(serde_json::json!({ "metadata": { "name": name } })).unwrap();
        let namespaces = kube::Api::<k8s_openapi::api::core::v1::Namespace>::all(client.clone());
        namespaces.create(&kube::api::PostParams::default(), &object).await.unwrap();
        (access, client, AccountKey { namespace: name, name: "main".into() })
    }

    fn number(n: u32) -> PhoneNumber {
        PhoneNumber::parse(&format!("+1555{n:07}")).unwrap()
    }

    /// One ring for each of these numbers, each a second after the one before.
    fn rings(numbers: std::ops::Range<u32>) -> Vec<(PhoneNumber, dialer::Ring)> {
        let at = |n: u32| Timestamp::from_second(1_800_000_000 + i64::from(n)).unwrap();
        numbers.map(|n| (number(n), dialer::Ring::bare(at(n)))).collect()
    }

    fn now() -> Timestamp {
        Timestamp::from_second(1_800_001_000).unwrap()
    }

    /// How often each of the first so many numbers rang, as a process that starts now reads it, and in how many Secrets.
    async fn read_anew(client: &Client, account: &AccountKey, numbers: u32) -> (Vec<usize>, usize) {
        let ledger = Ledger::open(client.clone(), account, TIGHT).await.unwrap();
        let history = ledger.history();
        let secrets = ledger.log.read().await.unwrap().len();
        ((0..numbers).map(|n| history.rings(&number(n)).len()).collect(), secrets)
    }

    /// Removes nothing any more, as a process that dies before it can.
    fn dies_before_removing(client: &Client) -> Client {
        let inner = client.clone();
        let service = tower::service_fn(move |request: http::Request<kube::client::Body>| {
            let inner = inner.clone();
            async move {
                if *request.method() == http::Method::DELETE {
                    return Err(kube::Error::Service("the process is gone".into()));
                }
                inner.send(request).await
            }
        });
        Client::new(service, client.default_namespace())
    }

    #[tokio::test]
    async fn a_full_ledger_forgets_its_oldest_secret_and_nothing_newer() {
        let (_access, client, account) = namespace().await;
        let ledger = Ledger::open(client.clone(), &account, TIGHT).await.unwrap();
        for first in [0, 10, 20] {
            ledger.record(&rings(first..first + 10), now()).await.unwrap();
        }
        assert_eq!(read_anew(&client, &account, 30).await, (vec![1; 30], 3), "it is as full as it may be");
        ledger.record(&rings(30..40), now()).await.unwrap();
        let kept: Vec<usize> = [vec![0; 10], vec![1; 30]].concat();
        assert_eq!(read_anew(&client, &account, 40).await, (kept.clone(), 3));
        ledger.record(&rings(10..40), now()).await.unwrap();
        assert_eq!(read_anew(&client, &account, 40).await, (kept, 3), "what is stored is not stored again");
    }

    #[tokio::test]
    async fn a_process_that_dies_while_it_makes_few_secrets_of_many_loses_no_ring_and_counts_none_twice() {
        let (_access, client, account) = namespace().await;
        let dying = Ledger::open(dies_before_removing(&client), &account, TIGHT).await.unwrap();
        for n in 0..3 {
            dying.record(&rings(n..n + 1), now()).await.unwrap();
        }
        assert_eq!(read_anew(&client, &account, 3).await, (vec![1; 3], 4), "three, and one that has them all");
        let successor = Ledger::open(client.clone(), &account, TIGHT).await.unwrap();
        successor.record(&rings(3..4), now()).await.unwrap();
        assert_eq!(read_anew(&client, &account, 4).await, (vec![1; 4], 1));
    }
}
