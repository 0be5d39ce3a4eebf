//! Which replica acts for which account.
//!
//! Each `TelnyxAccount` has a `Lease`. The process that holds it reconciles the account's objects, dials its campaigns and runs its
//! flows; all others know of everything and do nothing. What belongs to no account, or to one that does not exist, is decided per
//! namespace in the same way.
//!
//! Promises that whoever asks [`Ownership::is_mine`] is told yes by one process at most at any moment, that this ends by itself
//! when it is not renewed in time, and that it is asked before every request that changes something ([`Ownership::fence`],
//! [`Ownership::guard`]). A process that loses a lease which it has not given up ends ([`Lost`]): what it had begun for the account
//! is taken up by the next as after a crash. Does not know what is done for an account.

mod directory;
mod guard;
mod keeper;
mod leases;
mod metrics;
mod post;
mod record;
mod silence;
mod tenure;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use dialer::Handover;
use k8s_openapi::api::coordination::v1::Lease;
use telnyx_voice::Fence;
use tokio::sync::mpsc;

pub use directory::{Contact, Directory, Fingerprint, Registrar};
pub use keeper::{Gained, Keeper, Lost};
pub use metrics::Metrics;
pub use tenure::{Process, Seen, Step, Tenure, Terms, Up};

use self::leases::Place;
use crate::reconcile::AccountKey;

/// What one process at a time acts for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// An account that exists.
    Account(AccountKey),
    /// The objects of this namespace that belong to no account that exists: call flows, and those whose account is missing.
    Namespace(String),
}

impl Subject {
    /// Which kind it is, for labels.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Account(_) => "account",
            Self::Namespace(_) => "namespace",
        }
    }
}

impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Account(key) => write!(f, "account {key}"),
            Self::Namespace(namespace) => write!(f, "namespace {namespace}"),
        }
    }
}

impl Process {
    /// This process, under a number that no other has.
    #[must_use]
    pub fn named(instance: String) -> Self {
        Self { instance, nonce: uuid::Uuid::new_v4().to_string() }
    }
}

/// What others want of the keeper.
#[derive(Debug)]
enum Want {
    /// The account exists, with this UID.
    Account(AccountKey, String),
    /// The account does not exist any more.
    AccountGone(AccountKey),
    /// Every account that exists was told of.
    AccountsKnown,
    /// Somebody has to decide in this namespace.
    Namespace(String),
    /// Everything this process did has ended: give up all.
    Release,
}

/// What is wanted of the keeper, as it comes.
#[derive(Debug)]
pub struct Wants(mpsc::UnboundedReceiver<Want>);

/// Who asks what is this process's to do. Cheap to clone; clones are the same.
#[derive(Clone, Debug)]
pub struct Ownership(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    started: Instant,
    wants: mpsc::UnboundedSender<Want>,
    held: Mutex<BTreeMap<Subject, Hold>>,
    /// Namespaces that the keeper was told of.
    namespaces: Mutex<BTreeSet<String>>,
    /// What the holders of other leases tell of themselves, by the lease's namespace and name.
    others: Mutex<BTreeMap<Place, Told>>,
    /// Other processes that hold the lease of an account.
    holders: Mutex<BTreeMap<AccountKey, Process>>,
    /// What holders of leases leave to the next, each as of a moment: this process, and then those before it.
    leaves: Mutex<BTreeMap<AccountKey, (Up, Handover)>>,
    left: Mutex<BTreeMap<AccountKey, (Up, Handover)>>,
    flows: OnceLock<Flows>,
}

/// Flows that calls run in this process.
type ActiveFlows = Box<dyn Fn() -> Vec<u64> + Send + Sync>;

struct Flows(ActiveFlows);

impl std::fmt::Debug for Flows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Flows")
    }
}

/// What the holder of a lease has said, and when that was seen.
#[derive(Clone, Debug)]
struct Told {
    running: Running,
    at: Up,
}

/// The flows that calls run at a process.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Running {
    These(BTreeSet<u64>),
    /// Too many to name them, or nothing is said.
    Perhaps,
}

/// What is held.
#[derive(Clone, Copy, Debug)]
struct Hold {
    from: Up,
    /// `None`: its namespace is being deleted, and no lease can be made in it. Everybody may do what is left.
    until: Option<Up>,
}

impl Hold {
    fn left(self, now: Up) -> Option<Duration> {
        let left = self.until.map_or(Some(Duration::from_hours(1)), |until| until.checked_sub(now))?;
        (now >= self.from && !left.is_zero()).then_some(left)
    }
}

impl Ownership {
    /// Nothing is held. What is wanted of the keeper is for [`Keeper::new`].
    #[must_use]
    pub fn open() -> (Self, Wants) {
        let (wants, wanted) = mpsc::unbounded_channel();
        let shared = Shared {
            started: Instant::now(),
            wants,
            held: Mutex::default(),
            namespaces: Mutex::default(),
            others: Mutex::default(),
            holders: Mutex::default(),
            leaves: Mutex::default(),
            left: Mutex::default(),
            flows: OnceLock::new(),
        };
        (Self(Arc::new(shared)), Wants(wanted))
    }

    /// Whether this process acts for the subject now.
    #[must_use]
    pub fn is_mine(&self, subject: &Subject) -> bool {
        self.left(subject).is_some()
    }

    /// Whether this process decides in the namespace about what belongs to no account. The first to ask makes it a question: who is
    /// told no is woken if the answer changes.
    #[must_use]
    pub fn decides_in(&self, namespace: &str) -> bool {
        if locked(&self.0.namespaces).insert(namespace.to_owned()) {
            self.want(Want::Namespace(namespace.to_owned()));
        }
        self.is_mine(&Subject::Namespace(namespace.to_owned()))
    }

    /// How long requests for the account may still be sent and answered.
    #[must_use]
    pub fn fence(&self, account: &AccountKey) -> Fence {
        let (shared, subject) = (self.clone(), Subject::Account(account.clone()));
        Arc::new(move || shared.left(&subject))
    }

    /// Says which flows calls run in this process; with every renewal all others are told. To be set once.
    pub fn tells_flows(&self, active: ActiveFlows) {
        drop(self.0.flows.set(Flows(active)));
    }

    /// Whether calls at another replica run the flow, or may. Sure from the first renewal of each other lease that was seen so
    /// long after `since` that its holder had seen, whatever was true then.
    #[must_use]
    pub fn runs_elsewhere(&self, flow: u64, since: Up) -> bool {
        let believed_from = since + Terms::default().renew_every;
        locked(&self.0.others).values().any(|told| match &told.running {
            Running::These(flows) => told.at < believed_from || flows.contains(&flow),
            Running::Perhaps => true,
        })
    }

    /// A lease was seen: what its holder, if that is not `me`, says of itself.
    fn tell_of(&self, place: &Place, subject: Option<&Subject>, lease: &Lease, me: &Process) {
        self.told(place, record::running(lease, me));
        if let Some(Subject::Account(account)) = subject {
            self.held_by(account, record::holder_of(lease).filter(|holder| holder != me));
        }
    }

    /// What the holder of this lease, another, says of itself. `None`: it is nobody else's.
    fn told(&self, lease: &Place, running: Option<Running>) {
        let mut others = locked(&self.0.others);
        match running {
            Some(running) => drop(others.insert(lease.clone(), Told { running, at: self.now() })),
            None => drop(others.remove(lease)),
        }
    }

    /// The process that holds the account's lease, if that is another.
    #[must_use]
    pub fn holder(&self, account: &AccountKey) -> Option<Process> {
        locked(&self.0.holders).get(account).cloned()
    }

    /// Another process holds the account's lease; `None`: none does.
    fn held_by(&self, account: &AccountKey, holder: Option<Process>) {
        let mut holders = locked(&self.0.holders);
        match holder {
            Some(holder) => drop(holders.insert(account.clone(), holder)),
            None => drop(holders.remove(account)),
        }
    }

    /// This process dials no more for the account; it leaves this, aged to now, to whoever has the lease next.
    pub fn leave(&self, account: AccountKey, handover: Handover) {
        locked(&self.0.leaves).insert(account, (self.now(), handover));
    }

    /// What the account's holder before has left, aged to now, if it gave the lease up and this process took it then. Told once.
    #[must_use]
    pub fn left_by_another(&self, account: &AccountKey) -> Option<Handover> {
        let (at, handover) = locked(&self.0.left).remove(account)?;
        Some(handover.aged(self.now().saturating_sub(at)))
    }

    /// The lease was given up by the one before, who has left this.
    fn takes_over(&self, account: &AccountKey, handover: Option<Handover>) {
        let mut left = locked(&self.0.left);
        match handover {
            Some(handover) => drop(left.insert(account.clone(), (self.now(), handover))),
            None => drop(left.remove(account)),
        }
    }

    /// What this process leaves to the next holder, aged to now.
    fn leaves(&self, subject: &Subject) -> Option<Handover> {
        let Subject::Account(account) = subject else { return None };
        let leaves = locked(&self.0.leaves);
        let (at, handover) = leaves.get(account)?;
        Some(handover.aged(self.now().saturating_sub(*at)))
    }

    fn active_flows(&self) -> Vec<u64> {
        self.0.flows.get().map_or_else(Vec::new, |flows| (flows.0)())
    }

    /// The account exists.
    pub fn account(&self, key: AccountKey, uid: String) {
        self.want(Want::Account(key, uid));
    }

    /// The account does not exist any more.
    pub fn account_gone(&self, key: AccountKey) {
        self.want(Want::AccountGone(key));
    }

    /// Every account that exists was told of.
    pub fn accounts_known(&self) {
        self.want(Want::AccountsKnown);
    }

    /// Everything that this process did has ended. The keeper gives up what it holds, and ends.
    pub fn release(&self) {
        self.want(Want::Release);
    }

    fn left(&self, subject: &Subject) -> Option<Duration> {
        // Before the lock: waiting for it must not make a lease last longer.
        let hold = locked(&self.0.held).get(subject).copied()?;
        hold.left(self.now())
    }

    /// Whether a lease has run out that was neither renewed nor given up: this process does not know any more what others do.
    fn has_run_out(&self) -> bool {
        let now = self.now();
        locked(&self.0.held).values().any(|hold| hold.until.is_some_and(|until| until <= now))
    }

    fn hold(&self, subject: &Subject, hold: Hold) {
        locked(&self.0.held).insert(subject.clone(), hold);
    }

    /// What is held is held longer.
    fn prolong(&self, subject: &Subject, until: Up) {
        if let Some(hold) = locked(&self.0.held).get_mut(subject) {
            hold.until = Some(until);
        }
    }

    fn drop_hold(&self, subject: &Subject) {
        locked(&self.0.held).remove(subject);
    }

    /// The present moment, for [`Self::runs_elsewhere`].
    #[must_use]
    pub fn now(&self) -> Up {
        self.0.started.elapsed()
    }

    fn at(&self, up: Up) -> tokio::time::Instant {
        tokio::time::Instant::from_std(self.0.started + up)
    }

    /// The keeper will not look at this namespace again unless it is asked to.
    fn forget_namespace(&self, namespace: &str) {
        locked(&self.0.namespaces).remove(namespace);
    }

    fn want(&self, want: Want) {
        // A keeper that has ended keeps nothing any more.
        let _ended = self.0.wants.send(want);
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
