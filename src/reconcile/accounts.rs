//! The accounts that can be used now: one client, one budget and one set of listings each.
//!
//! The account controller is the only writer. Everybody else looks an account up by reference and either gets it or
//! learns what to wait for. Knows nothing of Secrets: a key arrives here as a working client.

use super::external::RemoteKind;
use super::memory::locked;
use super::news::{Change, News};
use super::view::View;
use crate::api::{AccountLimits, AccountRef, TelnyxAccountSpec};
use crate::ownership::{Ownership, Subject};
use reconcile_plan::{Outcome, Reason, Referent};
use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use telnyx_voice::Client;
use tokio::sync::{mpsc, watch};

/// How long a pass holds still for an account that exists and has not been looked at yet. Spares each of its objects a
/// status write that says "waiting" right after a start.
const FIRST_LOOK: Duration = Duration::from_secs(3);

/// Names an account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountKey {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl fmt::Display for AccountKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

impl AccountKey {
    /// The account that `reference`, written in an object of `namespace`, names.
    #[must_use]
    pub fn of(reference: &AccountRef, namespace: &str) -> Self {
        Self {
            namespace: reference.namespace.clone().unwrap_or_else(|| namespace.to_owned()),
            name: reference.name.clone(),
        }
    }
}

/// What a client was made from. As long as it stays the same, so does the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// `resourceVersion` of the Secret that held the key.
    pub secret_version: String,
    /// Where the API is.
    pub base_url: String,
    /// The account's budget.
    pub limits: AccountLimits,
}

/// An account with working credentials.
#[derive(Debug)]
pub struct Account {
    /// Which one it is.
    pub key: AccountKey,
    /// UID of the `TelnyxAccount`.
    pub uid: String,
    /// Its spec.
    pub spec: TelnyxAccountSpec,
    /// The public key that its webhooks are verified with, in base64.
    pub webhook_public_key: Option<String>,
    /// What its client was made from.
    pub connection: Connection,
    client: Client,
    refused: AtomicBool,
    recheck: mpsc::UnboundedSender<AccountKey>,
    desk: Arc<Desk>,
}

/// An account without a client yet.
#[derive(Debug)]
pub struct Applicant {
    key: AccountKey,
    uid: String,
    spec: TelnyxAccountSpec,
    webhook_public_key: Option<String>,
    connection: Connection,
}

impl Account {
    /// An account as its object describes it, for [`Accounts::admit`].
    #[must_use]
    pub fn of(
        key: AccountKey,
        uid: String,
        spec: TelnyxAccountSpec,
        webhook_public_key: Option<String>,
        connection: Connection,
    ) -> Applicant {
        Applicant { key, uid, spec, webhook_public_key, connection }
    }

    /// Its API client, with the account's request budget.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// What it holds of one kind.
    #[must_use]
    pub fn shelf(&self, kind: RemoteKind) -> &Shelf {
        match kind {
            RemoteKind::Application => &self.desk.applications,
            RemoteKind::Profile => &self.desk.profiles,
            RemoteKind::Queue => &self.desk.queues,
        }
    }

    /// The API refused its key just now. Tells the account controller, once; users wait until the key works again.
    pub fn refused(&self) {
        if !self.refused.swap(true, Ordering::AcqRel) {
            // The receiver lives as long as the controllers do; without it nobody is left to tell.
            let _shutting_down = self.recheck.send(self.key.clone());
        }
    }

    /// Has the API accepted its key so far?
    #[must_use]
    pub fn works(&self) -> bool {
        !self.refused.load(Ordering::Acquire)
    }
}

/// The listings of one account. A new key starts a new one, since it may open another account.
#[derive(Debug, Default)]
struct Desk {
    applications: Shelf,
    profiles: Shelf,
    queues: Shelf,
}

/// What an account holds of one kind.
#[derive(Debug, Default)]
pub struct Shelf {
    view: Mutex<View>,
    listing: tokio::sync::Mutex<()>,
    failed: Mutex<Option<(Instant, Outcome)>>,
}

impl Shelf {
    /// Looks at or changes the view. Never held over an await.
    pub fn with<T>(&self, look: impl FnOnce(&mut View) -> T) -> T {
        look(&mut locked(&self.view))
    }

    /// Takes the turn to list; listings of one kind of one account follow each other.
    pub async fn turn(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.listing.lock().await
    }

    /// How the last listing failed, if it failed after `since`. Those who waited for it share its fate instead of asking
    /// an API in trouble once each.
    #[must_use]
    pub fn failed_after(&self, since: Instant) -> Option<Outcome> {
        locked(&self.failed).as_ref().filter(|(at, _)| *at >= since).map(|(_, outcome)| outcome.clone())
    }

    /// Notes how a listing failed at `now`.
    pub fn fail(&self, now: Instant, outcome: Outcome) {
        *locked(&self.failed) = Some((now, outcome));
    }
}

/// How an account stands.
#[derive(Clone, Debug)]
pub enum Standing {
    /// It can be used.
    Ready(Arc<Account>),
    /// It cannot. Objects that are to be removed may still use what worked last.
    Down(Down),
}

/// An account that cannot be used.
#[derive(Clone, Debug)]
pub struct Down {
    /// Why, for those who wait: completes "waiting for the account: …".
    pub need: String,
    /// The credentials that worked last in this process.
    pub last_good: Option<Arc<Account>>,
    /// It is being deleted and its Secret is gone: no credentials will ever come back.
    pub lost: bool,
}

/// What an object that is to be removed can count on.
#[derive(Clone, Debug)]
pub enum Departure {
    /// Credentials to remove the remote object with.
    Use(Arc<Account>),
    /// There is no such account.
    NoAccount,
    /// The account is being deleted too, and its credentials are gone for good.
    CredentialsLost,
    /// They may come back.
    Wait(Referent),
}

/// All accounts.
#[derive(Debug)]
pub struct Accounts {
    standings: Mutex<HashMap<AccountKey, (String, Standing)>>,
    existing: Mutex<Existing>,
    /// What webhooks of other replicas' accounts are verified with, in base64.
    webhook_keys: Mutex<HashMap<AccountKey, String>>,
    moved: watch::Sender<()>,
    recheck: mpsc::UnboundedSender<AccountKey>,
    news: News,
    ownership: Ownership,
}

/// Which accounts the API server has. Kept apart from standings, so that "not looked at yet" and "does not exist" differ.
#[derive(Debug, Default)]
struct Existing {
    synced: bool,
    keys: BTreeSet<AccountKey>,
    leaving: BTreeSet<AccountKey>,
}

impl Accounts {
    /// An empty set, and the stream of accounts that somebody asks to be checked again.
    #[must_use]
    pub fn new(news: News, ownership: Ownership) -> (Arc<Self>, mpsc::UnboundedReceiver<AccountKey>) {
        let (recheck, asked) = mpsc::unbounded_channel();
        let (moved, _) = watch::channel(());
        let (standings, existing, webhook_keys) = (Mutex::default(), Mutex::default(), Mutex::default());
        let accounts = Self { standings, existing, webhook_keys, moved, recheck, news, ownership };
        (Arc::new(accounts), asked)
    }

    /// Whether this process acts for the account, or, where there is none of that name, decides about the objects of `namespace`
    /// that want it. Waits until all accounts are known. Who is told no is woken when that changes.
    pub async fn acts(&self, key: &AccountKey, namespace: &str) -> bool {
        let mut moved = self.moved.subscribe();
        loop {
            moved.borrow_and_update();
            {
                let existing = locked(&self.existing);
                if existing.keys.contains(key) {
                    return self.ownership.is_mine(&Subject::Account(key.clone()));
                }
                if existing.synced {
                    break;
                }
            }
            if moved.changed().await.is_err() {
                return false;
            }
        }
        self.ownership.decides_in(namespace)
    }

    /// Whether this process acts for the account. No for one that does not exist.
    #[must_use]
    pub fn is_ours(&self, key: &AccountKey) -> bool {
        self.ownership.is_mine(&Subject::Account(key.clone()))
    }

    /// Whether the API server has the account, as far as is known.
    #[must_use]
    pub fn is_known(&self, key: &AccountKey) -> bool {
        locked(&self.existing).keys.contains(key)
    }

    /// Every account that the API server has, as far as is known.
    #[must_use]
    pub fn known(&self) -> Vec<AccountKey> {
        locked(&self.existing).keys.iter().cloned().collect()
    }

    /// Who acts for which account.
    #[must_use]
    pub fn ownership(&self) -> &Ownership {
        &self.ownership
    }

    /// The account that `reference` in `namespace` names, or what to wait for.
    pub async fn lookup(&self, reference: &AccountRef, namespace: &str) -> Result<Arc<Account>, Referent> {
        let key = AccountKey::of(reference, namespace);
        match self.standing(&key).await {
            Some(Standing::Ready(account)) if !account.spec.allows(&key.namespace, namespace) => {
                let need = format!("it does not list namespace {namespace} in spec.allowedNamespaces");
                Err(referent(Reason::AccountNotAllowed, &key, need))
            }
            Some(Standing::Ready(account)) if !account.works() => Err(super::failure::credentials_refused(&account)),
            Some(Standing::Ready(account)) => Ok(account),
            Some(Standing::Down(down)) => Err(referent(Reason::AccountNotReady, &key, down.need)),
            None => Err(missing(&key)),
        }
    }

    /// What an object in `namespace` that is being removed can count on.
    pub async fn departure(&self, reference: &AccountRef, namespace: &str) -> Departure {
        let key = AccountKey::of(reference, namespace);
        match self.standing(&key).await {
            Some(Standing::Ready(account)) if !account.works() => {
                Departure::Wait(super::failure::credentials_refused(&account))
            }
            Some(Standing::Ready(account)) => Departure::Use(account),
            Some(Standing::Down(Down { last_good: Some(account), .. })) if account.works() => Departure::Use(account),
            Some(Standing::Down(Down { lost: true, .. })) => Departure::CredentialsLost,
            Some(Standing::Down(down)) => Departure::Wait(referent(Reason::AccountNotReady, &key, down.need)),
            None => Departure::NoAccount,
        }
    }

    /// The account as it stands, without waiting; for those who only want what is ready.
    #[must_use]
    pub fn ready(&self, key: &AccountKey) -> Option<Arc<Account>> {
        match locked(&self.standings).get(key) {
            Some((_, Standing::Ready(account))) if account.works() => Some(Arc::clone(account)),
            Some(_) | None => None,
        }
    }

    /// All that are ready.
    #[must_use]
    pub fn all_ready(&self) -> Vec<Arc<Account>> {
        let standings = locked(&self.standings);
        standings
            .values()
            .filter_map(|(_, standing)| match standing {
                Standing::Ready(account) if account.works() => Some(Arc::clone(account)),
                Standing::Ready(_) | Standing::Down(_) => None,
            })
            .collect()
    }

    /// How each account stands that was looked at.
    #[must_use]
    pub fn standings(&self) -> Vec<(AccountKey, Standing)> {
        locked(&self.standings).iter().map(|(key, (_, standing))| (key.clone(), standing.clone())).collect()
    }

    /// What worked last for the account, whatever its standing.
    #[must_use]
    pub fn last_good(&self, key: &AccountKey, uid: &str) -> Option<Arc<Account>> {
        match locked(&self.standings).get(key) {
            Some((known, standing)) if known == uid => match standing {
                Standing::Ready(account) => Some(Arc::clone(account)),
                Standing::Down(down) => down.last_good.clone(),
            },
            Some(_) | None => None,
        }
    }

    /// Gives an account its client. The listings go on when the client is the one it had `before`.
    #[must_use]
    pub fn admit(&self, applicant: Applicant, client: Client, before: Option<&Account>) -> Arc<Account> {
        let Applicant { key, uid, spec, webhook_public_key, connection } = applicant;
        let desk = before.map(|before| Arc::clone(&before.desk)).unwrap_or_default();
        let recheck = self.recheck.clone();
        let refused = AtomicBool::new(false);
        Arc::new(Account { key, uid, spec, webhook_public_key, connection, client, refused, recheck, desk })
    }

    /// Records how an account stands, and wakes its users if that differs from before.
    pub fn set(&self, key: &AccountKey, uid: &str, standing: Standing) {
        let changed = {
            let mut standings = locked(&self.standings);
            let same = standings.get(key).is_some_and(|(known, old)| known == uid && alike(old, &standing));
            standings.insert(key.clone(), (uid.to_owned(), standing));
            !same
        };
        self.moved.send_replace(());
        if changed {
            self.news.tell(Change::Account(key.clone()));
        }
    }

    /// Webhooks of an account that another replica acts for are verified with this key; `None`: with none that is known.
    pub fn verifies_with(&self, key: &AccountKey, webhook_public_key: Option<&str>) {
        let before = {
            let mut keys = locked(&self.webhook_keys);
            match webhook_public_key {
                Some(text) => keys.insert(key.clone(), text.to_owned()),
                None => keys.remove(key),
            }
        };
        if before.as_deref() != webhook_public_key {
            self.news.tell(Change::Account(key.clone()));
        }
    }

    /// What webhooks of an account that another replica acts for are verified with, in base64.
    #[must_use]
    pub fn webhook_key(&self, key: &AccountKey) -> Option<String> {
        locked(&self.webhook_keys).get(key).cloned()
    }

    /// The account no longer exists.
    pub fn remove(&self, key: &AccountKey) {
        locked(&self.standings).remove(key);
        locked(&self.webhook_keys).remove(key);
        {
            let mut existing = locked(&self.existing);
            existing.keys.remove(key);
            existing.leaving.remove(key);
        }
        self.ownership.account_gone(key.clone());
        self.moved.send_replace(());
        self.news.tell(Change::Account(key.clone()));
    }

    /// The API server has this account, with this UID.
    pub fn exists(&self, key: AccountKey, uid: &str) {
        self.ownership.account(key.clone(), uid.to_owned());
        if locked(&self.existing).keys.insert(key.clone()) {
            self.news.tell(Change::Account(key));
        }
    }

    /// The first list of accounts is complete; what is not in it does not exist.
    pub fn synced(&self) {
        locked(&self.existing).synced = true;
        self.ownership.accounts_known();
        self.moved.send_replace(());
    }

    /// The account is being deleted and waits for its users to go.
    pub fn leaving(&self, key: &AccountKey) {
        locked(&self.existing).leaving.insert(key.clone());
    }

    /// A user of the account is gone: one that waits for that is looked at again.
    pub fn user_gone(&self, key: &AccountKey) {
        if locked(&self.existing).leaving.contains(key) {
            self.recheck(key.clone());
        }
    }

    /// Asks the account controller to look at an account again.
    pub fn recheck(&self, key: AccountKey) {
        let _shutting_down = self.recheck.send(key);
    }

    /// The standing, after a short wait when the account exists and has not been looked at yet.
    async fn standing(&self, key: &AccountKey) -> Option<Standing> {
        let mut moved = self.moved.subscribe();
        let settled = async {
            loop {
                moved.borrow_and_update();
                match self.settled(key) {
                    Some(answer) => return answer,
                    None => {
                        if moved.changed().await.is_err() {
                            return None;
                        }
                    }
                }
            }
        };
        tokio::time::timeout(FIRST_LOOK, settled).await.unwrap_or_else(|_| {
            let need = "the operator has not looked at it yet".to_owned();
            Some(Standing::Down(Down { need, last_good: None, lost: false }))
        })
    }

    /// `None` while nobody can tell.
    #[expect(clippy::option_option, reason = "not known yet, known to be absent, known: three answers")]
    fn settled(&self, key: &AccountKey) -> Option<Option<Standing>> {
        if let Some((_, standing)) = locked(&self.standings).get(key) {
            return Some(Some(standing.clone()));
        }
        let existing = locked(&self.existing);
        (existing.synced && !existing.keys.contains(key)).then_some(None)
    }
}

/// Would a user of the account notice a difference?
fn alike(old: &Standing, new: &Standing) -> bool {
    match (old, new) {
        (Standing::Ready(old), Standing::Ready(new)) => {
            Arc::ptr_eq(&old.desk, &new.desk) && old.spec == new.spec && old.works()
        }
        (Standing::Down(old), Standing::Down(new)) => old.need == new.need && old.lost == new.lost,
        (Standing::Ready(_), Standing::Down(_)) | (Standing::Down(_), Standing::Ready(_)) => false,
    }
}

fn missing(key: &AccountKey) -> Referent {
    referent(Reason::AccountNotFound, key, "it does not exist".to_owned())
}

fn referent(reason: Reason, key: &AccountKey, need: String) -> Referent {
    Referent { reason, kind: "TelnyxAccount", name: key.to_string(), need }
}
