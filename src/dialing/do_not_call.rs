//! The do-not-call lists of all accounts: what their controller has read, told to the dialers; and opt-outs, kept.
//!
//! Promises that from the moment a list is declared until it was read, its account's dialer calls nobody; that a change
//! reaches the dialer at once; and that an opt-out is stored in a Secret of each list that receives them when
//! [`record`](Lists::record) returns. Does not know where lists come from.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dialer::{PhoneNumber, Screening};
use jiff::Timestamp;
use k8s_openapi::ByteString;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::Client;
use tokio::sync::watch;

use super::do_not_call_content::{AllLists, Content, Mark, Marking};
use super::secret_log::SecretLog;
use crate::reconcile::AccountKey;

/// The label of Secrets with opt-outs; its value is the list's UID.
const OPT_OUTS_OF: &str = "telnyx-operator.io/opt-outs-of";
/// The key of such a Secret: an entry per line.
pub const OPT_OUTS: &str = "opt-outs.txt";

/// The lists of all accounts. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Lists(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    /// Every list that exists was declared.
    complete: bool,
    /// By UID.
    lists: BTreeMap<String, List>,
    told: BTreeMap<AccountKey, watch::Sender<Screening>>,
}

/// Which list, and where its opt-outs are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Its UID.
    pub uid: String,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Whose campaigns obey it.
    pub account: AccountKey,
}

/// What was read of a list.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Its entries, by source.
    pub contents: Vec<Arc<Content>>,
    /// When the part was read that was not read for longest; `None`: all of it is as its source is now.
    pub as_of: Option<Timestamp>,
}

/// How a list keeps opt-outs.
#[derive(Clone, Debug)]
pub struct Keeping {
    /// How they are written.
    pub marking: Marking,
    /// What their Secrets go with.
    pub owner: OwnerReference,
}

#[derive(Debug)]
struct List {
    identity: Identity,
    /// `None`: it cannot be asked.
    reading: Option<Reading>,
    /// Whether it receives opt-outs.
    receives: bool,
    /// How; `None`: it does not, or that could not be found out yet.
    keeping: Option<Keeping>,
    /// Opt-outs stored since it was read.
    added: BTreeSet<Mark>,
}

/// Why an opt-out could not be kept. It is tried again.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// A list may receive it that is not known yet.
    #[error("not all do-not-call lists of the account were read yet")]
    NotReady,
    /// The API server did not take the Secret.
    #[error("the Secret with the opt-outs could not be created")]
    Kube(#[from] kube::Error),
}

impl Lists {
    /// A list exists, and does or does not receive opt-outs. Until it is read its account's dialer calls nobody.
    pub fn declare(&self, identity: Identity, receives: bool) {
        let mut known = self.lock();
        let account = identity.account.clone();
        let list = known.lists.entry(identity.uid.clone()).or_insert_with(|| List {
            identity: identity.clone(),
            reading: None,
            receives,
            keeping: None,
            added: BTreeSet::new(),
        });
        list.identity = identity;
        list.receives = receives;
        known.tell(&account);
    }

    /// What was read of it; `None`: it cannot be asked.
    pub fn read(&self, uid: &str, reading: Option<Reading>) {
        let mut known = self.lock();
        let Some(list) = known.lists.get_mut(uid) else { return };
        if list.reading.is_none() && reading.is_none() {
            return;
        }
        list.reading = reading;
        let account = list.identity.account.clone();
        known.tell(&account);
    }

    /// How it keeps opt-outs.
    pub fn keep(&self, uid: &str, keeping: Option<Keeping>) {
        if let Some(list) = self.lock().lists.get_mut(uid) {
            list.keeping = keeping;
        }
    }

    /// It is gone, or its account does not serve its namespace.
    pub fn withdraw(&self, uid: &str) {
        let mut known = self.lock();
        if let Some(list) = known.lists.remove(uid) {
            known.tell(&list.identity.account);
        }
    }

    /// Those of a namespace, `None` being all, that are left.
    #[must_use]
    pub fn declared_in(&self, namespace: Option<&str>) -> Vec<String> {
        let known = self.lock();
        let here =
            known.lists.values().filter(|list| namespace.is_none_or(|namespace| list.identity.namespace == namespace));
        here.map(|list| list.identity.uid.clone()).collect()
    }

    /// Every list that exists was declared: an account without one has none.
    pub fn complete(&self) {
        let mut known = self.lock();
        known.complete = true;
        let accounts: Vec<AccountKey> = known.told.keys().cloned().collect();
        for account in accounts {
            known.tell(&account);
        }
    }

    /// Names of an account's lists that were never read; `None`: not even their names are known yet.
    #[must_use]
    pub fn unread(&self, account: &AccountKey) -> Option<Vec<String>> {
        let known = self.lock();
        let unread = known.of(account).filter(|list| list.reading.is_none());
        known.complete.then(|| unread.map(|list| list.identity.name.clone()).collect())
    }

    /// What an account's dialer has to know, now and whenever it changes.
    pub(crate) fn now(&self, account: &AccountKey) -> Screening {
        self.lock().screening(account)
    }

    /// The same, and how it changes.
    pub(super) fn follow(&self, account: &AccountKey) -> watch::Receiver<Screening> {
        let mut known = self.lock();
        let now = known.screening(account);
        known.told.entry(account.clone()).or_insert_with(|| watch::Sender::new(now)).subscribe()
    }

    /// Keeps opt-outs in every list of the account that receives them. When it returns they are stored. Returns how many
    /// lists have them; none is an answer too.
    pub(super) async fn record(
        &self,
        client: &Client,
        account: &AccountKey,
        numbers: &[PhoneNumber],
    ) -> Result<usize, RecordError> {
        let receivers = self.receivers(account)?;
        for (identity, Keeping { marking, owner }) in &receivers {
            let fresh = self.unknown_to(&identity.uid, marking, numbers);
            if fresh.is_empty() {
                continue;
            }
            let text: String = fresh.values().map(|number| marking.write(number) + "\n").collect();
            let data = BTreeMap::from([(OPT_OUTS.to_owned(), ByteString(text.into_bytes()))]);
            opt_outs_of(client.clone(), identity, Some(owner.clone())).add(data).await?;
            self.add(&identity.uid, fresh.into_keys());
        }
        Ok(receivers.len())
    }

    fn receivers(&self, account: &AccountKey) -> Result<Vec<(Identity, Keeping)>, RecordError> {
        let known = self.lock();
        if !known.complete {
            return Err(RecordError::NotReady);
        }
        let receiving = known.of(account).filter(|list| list.receives);
        let keeping = |list: &List| Some((list.identity.clone(), list.keeping.clone()?));
        receiving.map(|list| keeping(list).ok_or(RecordError::NotReady)).collect()
    }

    /// Those that the list does not hold for good.
    fn unknown_to<'a>(
        &self,
        uid: &str,
        marking: &Marking,
        numbers: &'a [PhoneNumber],
    ) -> BTreeMap<Mark, &'a PhoneNumber> {
        let known = self.lock();
        let Some(list) = known.lists.get(uid) else { return BTreeMap::new() };
        let marked = numbers.iter().map(|number| (marking.of(number), number));
        let is_known = |mark: Mark| {
            let read = list
                .reading
                .as_ref()
                .is_some_and(|reading| reading.contents.iter().any(|content| content.holds_for_good(mark)));
            read || list.added.contains(&mark)
        };
        marked.filter(|(mark, _)| !is_known(*mark)).collect()
    }

    fn add(&self, uid: &str, marks: impl Iterator<Item = Mark>) {
        let mut known = self.lock();
        let Some(list) = known.lists.get_mut(uid) else { return };
        list.added.extend(marks);
        let account = list.identity.account.clone();
        known.tell(&account);
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where a list's opt-outs are kept.
#[must_use]
pub(crate) fn opt_outs_of(client: Client, identity: &Identity, owner: Option<OwnerReference>) -> SecretLog {
    SecretLog {
        client,
        namespace: identity.namespace.clone(),
        prefix: format!("{}-opt-outs", identity.name),
        label: (OPT_OUTS_OF, identity.uid.clone()),
        owner,
    }
}

impl Known {
    fn of(&self, account: &AccountKey) -> impl Iterator<Item = &List> {
        self.lists.values().filter(move |list| list.identity.account == *account)
    }

    fn tell(&mut self, account: &AccountKey) {
        let now = self.screening(account);
        if let Some(told) = self.told.get(account) {
            told.send_replace(now);
        }
    }

    fn screening(&self, account: &AccountKey) -> Screening {
        let readings: Option<Vec<(&List, &Reading)>> =
            self.of(account).map(|list| list.reading.as_ref().map(|reading| (list, reading))).collect();
        let Some(readings) = readings.filter(|_| self.complete) else { return Screening::NotReady };
        let added = readings.iter().filter(|(list, _)| !list.added.is_empty());
        Screening::Ready {
            list: Arc::new(AllLists {
                lists: readings.iter().flat_map(|(_, reading)| reading.contents.iter().cloned()).collect(),
                added: added
                    .filter_map(|(list, _)| Some((list.keeping.clone()?.marking, list.added.clone())))
                    .collect(),
            }),
            as_of: readings.iter().filter_map(|(_, reading)| reading.as_of).min(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account() -> AccountKey {
        AccountKey { namespace: "voice".into(), name: "main".into() }
    }

    fn identity(uid: &str) -> Identity {
        Identity { uid: uid.into(), namespace: "voice".into(), name: format!("list-{uid}"), account: account() }
    }

    fn number(text: &str) -> PhoneNumber {
        PhoneNumber::parse(text).unwrap()
    }

    fn reading(numbers: &[&str], as_of: Option<i64>) -> Reading {
        let entries = numbers.iter().map(|text| (Marking::Plain.of(&number(text)), None)).collect();
        let as_of = as_of.map(|at| Timestamp::from_second(at).unwrap());
        Reading { contents: vec![Arc::new(Content::new(Marking::Plain, entries))], as_of }
    }

    fn is_held(screening: &Screening, text: &str) -> Option<bool> {
        match screening {
            Screening::NotReady => None,
            Screening::Ready { list, .. } => Some(list.holds(&number(text), Timestamp::UNIX_EPOCH)),
        }
    }

    #[test]
    fn nobody_is_called_until_all_lists_are_known_and_read() {
        let lists = Lists::default();
        let told = lists.follow(&account());
        assert_eq!(is_held(&told.borrow(), "+12"), None, "lists may exist");
        lists.declare(identity("a"), true);
        lists.complete();
        assert_eq!(is_held(&told.borrow(), "+12"), None);
        assert_eq!(lists.unread(&account()), Some(vec!["list-a".to_owned()]));
        lists.read("a", Some(reading(&["+12"], None)));
        assert_eq!((is_held(&told.borrow(), "+12"), is_held(&told.borrow(), "+13")), (Some(true), Some(false)));
        lists.declare(identity("b"), true);
        assert_eq!(is_held(&told.borrow(), "+12"), None, "a list that was declared later stops everybody too");
        lists.read("b", Some(reading(&[], None)));
        assert_eq!(is_held(&told.borrow(), "+12"), Some(true));
        lists.read("b", None);
        assert_eq!(is_held(&told.borrow(), "+12"), None, "and one that can be asked no more");
        lists.withdraw("b");
        assert_eq!(is_held(&told.borrow(), "+12"), Some(true));
        lists.withdraw("a");
        assert_eq!(is_held(&told.borrow(), "+12"), Some(false));
    }

    #[test]
    fn another_accounts_list_is_nothing_to_it() {
        let lists = Lists::default();
        lists.complete();
        let other = AccountKey { name: "other".into(), ..account() };
        let told = lists.follow(&other);
        lists.declare(identity("a"), true);
        assert_eq!(is_held(&told.borrow(), "+12"), Some(false));
    }

    #[test]
    fn the_oldest_reading_tells_the_age() {
        let lists = Lists::default();
        lists.complete();
        for (uid, as_of) in [("a", Some(20)), ("b", Some(10)), ("c", None)] {
            lists.declare(identity(uid), true);
            lists.read(uid, Some(reading(&[], as_of)));
        }
        let told = lists.follow(&account());
        let Screening::Ready { as_of, .. } = &*told.borrow() else { panic!("not ready") };
        assert_eq!(*as_of, Timestamp::from_second(10).ok());
    }

    #[test]
    fn an_opt_out_that_was_stored_counts_at_once_and_is_not_stored_twice() {
        let lists = Lists::default();
        lists.complete();
        lists.declare(identity("a"), true);
        lists.read("a", Some(reading(&["+12"], None)));
        assert!(matches!(lists.receivers(&account()), Err(RecordError::NotReady)), "it is not known how it keeps them");
        lists.keep("a", Some(Keeping { marking: Marking::Plain, owner: OwnerReference::default() }));
        assert_eq!(lists.receivers(&account()).unwrap().len(), 1);
        let told = lists.follow(&account());
        let numbers = [number("+12"), number("+13")];
        let fresh = lists.unknown_to("a", &Marking::Plain, &numbers);
        assert_eq!(fresh.values().map(|number| number.expose()).collect::<Vec<_>>(), ["+13"]);
        lists.add("a", fresh.into_keys());
        assert_eq!(is_held(&told.borrow(), "+13"), Some(true));
        assert!(lists.unknown_to("a", &Marking::Plain, &numbers).is_empty());
    }
}
