//! The caches of watched objects, and who uses which account.

use super::accounts::AccountKey;
use super::controller::Guarded;
use super::managed::Managed;
use super::memory::locked;
use kube::Resource as _;
use kube::runtime::reflector::store::Writer;
use kube::runtime::reflector::{ObjectRef, Store};
use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Which namespaces are watched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope(Vec<String>);

impl Scope {
    /// These namespaces; all of them when the list is empty.
    #[must_use]
    pub fn new(mut namespaces: Vec<String>) -> Self {
        namespaces.sort();
        namespaces.dedup();
        Self(namespaces)
    }

    /// One entry per watch that is needed; `None` watches the whole cluster.
    #[must_use]
    pub fn namespaces(&self) -> Vec<Option<String>> {
        if self.0.is_empty() { vec![None] } else { self.0.iter().cloned().map(Some).collect() }
    }
}

/// The caches of one kind, one per watched namespace.
pub struct Stores<K: Managed> {
    parts: Arc<[Part<K>]>,
}

struct Part<K: Managed> {
    store: Store<Guarded<K>>,
    synced: watch::Receiver<bool>,
}

/// The writing end of a cache, for the controller that fills it.
pub struct Cache<K: Managed> {
    /// The namespace that it watches; `None` is the whole cluster.
    pub namespace: Option<String>,
    /// Fills the cache.
    pub writer: Writer<Guarded<K>>,
    /// Set to true when it has been filled once. The store's own `wait_until_ready` wakes only one of those who wait
    /// (kube-runtime 5.0, `DelayedInit`), and the controller is one already.
    pub synced: watch::Sender<bool>,
}

impl<K: Managed> Clone for Stores<K> {
    fn clone(&self) -> Self {
        Self { parts: Arc::clone(&self.parts) }
    }
}

impl<K: Managed> fmt::Debug for Stores<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stores").field("parts", &self.parts.len()).finish()
    }
}

impl<K: Managed> Stores<K> {
    /// Empty caches for what `scope` watches.
    #[must_use]
    pub fn open(scope: &Scope) -> (Self, Vec<Cache<K>>) {
        let cache = |namespace| Cache { namespace, writer: Writer::new(()), synced: watch::Sender::new(false) };
        let caches: Vec<Cache<K>> = scope.namespaces().into_iter().map(cache).collect();
        let part = |cache: &Cache<K>| Part { store: cache.writer.as_reader(), synced: cache.synced.subscribe() };
        (Self { parts: caches.iter().map(part).collect() }, caches)
    }

    /// Whether each has been filled once.
    #[must_use]
    pub fn is_synced(&self) -> bool {
        self.parts.iter().all(|part| *part.synced.borrow())
    }

    /// Waits until each has been filled once. False, at once, if that cannot happen any more: the process ends.
    pub async fn synced(&self) -> bool {
        for part in self.parts.iter() {
            if part.synced.clone().wait_for(|synced| *synced).await.is_err() {
                return false;
            }
        }
        true
    }

    /// The object of this name, when it can be read.
    #[must_use]
    pub fn get(&self, namespace: &str, name: &str) -> Option<K> {
        let key = ObjectRef::new(name).within(namespace);
        let found = self.parts.iter().find_map(|part| part.store.get(&key))?;
        found.0.as_ref().ok().cloned()
    }

    /// Looks at every readable object.
    pub fn each(&self, mut look: impl FnMut(&K)) {
        for object in self.snapshot() {
            if let Ok(object) = &object.0 {
                look(object);
            }
        }
    }

    /// How many readable objects satisfy `test`.
    #[must_use]
    pub fn count(&self, test: impl Fn(&K) -> bool) -> usize {
        self.snapshot().iter().filter(|object| object.0.as_ref().is_ok_and(&test)).count()
    }

    pub(super) fn uids(&self) -> HashSet<String> {
        self.snapshot().iter().filter_map(|object| object.meta().uid.clone()).collect()
    }

    fn snapshot(&self) -> Vec<Arc<Guarded<K>>> {
        self.parts.iter().flat_map(|part| part.store.state()).collect()
    }
}

/// Ends when the process is to end and the cache was never filled. A controller waits for its cache before it looks
/// whether it is to end (kube-runtime 5.0), so one whose cache cannot be filled would never end by itself; nothing that it
/// has begun is lost with it.
pub async fn never_filled(shutdown: &CancellationToken, filled: watch::Receiver<bool>) {
    shutdown.cancelled().await;
    if *filled.borrow() {
        std::future::pending::<()>().await;
    }
}

/// Counts the objects of one kind that need an account to be cleaned up. `None` as long as not all of them are known.
pub type CountUsers = Box<dyn Fn(&AccountKey) -> Option<usize> + Send + Sync>;

/// Everything that uses accounts. A controller that needs an account until its objects are gone adds itself.
#[derive(Clone, Default)]
pub struct Users {
    /// None for a kind whose controller has not begun.
    kinds: Arc<Mutex<BTreeMap<&'static str, Vec<CountUsers>>>>,
}

impl fmt::Debug for Users {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Users").finish_non_exhaustive()
    }
}

impl Users {
    /// A kind will add itself. Nobody knows who needs an account before that.
    pub fn expect(&self, kind: &'static str) {
        locked(&self.kinds).entry(kind).or_default();
    }

    /// Adds a kind, or the part of it that one watch sees.
    pub fn add(&self, kind: &'static str, count: CountUsers) {
        locked(&self.kinds).entry(kind).or_default().push(count);
    }

    /// How many objects still need the account. `None`: not every object is known yet.
    #[must_use]
    pub fn of(&self, key: &AccountKey) -> Option<usize> {
        let kinds = locked(&self.kinds);
        let of_kind = |counts: &Vec<CountUsers>| {
            if counts.is_empty() { None } else { counts.iter().map(|count| count(key)).sum::<Option<usize>>() }
        };
        kinds.values().map(of_kind).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_knows_who_needs_an_account_before_every_kind_has_been_listed() {
        let users = Users::default();
        let account = AccountKey { namespace: "sales".to_owned(), name: "main".to_owned() };
        users.expect("queue");
        users.expect("campaign");
        users.add("queue", Box::new(|_| Some(1)));
        assert_eq!(users.of(&account), None, "campaigns have not begun");
        let (sender, listed) = watch::channel(false);
        users.add("campaign", Box::new(move |_| listed.borrow().then_some(0)));
        assert_eq!(users.of(&account), None, "campaigns are not listed");
        sender.send_replace(true);
        assert_eq!(users.of(&account), Some(1));
        users.add("campaign", Box::new(|_| Some(2)));
        assert_eq!(users.of(&account), Some(3));
    }
}
