//! All dialers of this process: one actor per account, started, restarted and stopped here.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use audience::Row;
use dialer::spec::{AccountLimits, Audience, CampaignSpec};
use dialer::{Event, Handover, JobId, OwnerId, PhoneNumber, Ring, SessionId};
use telnyx_voice::webhook::PublicKey;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::actor::{Actor, Order, Parts};
use super::do_not_call::{Lists, RecordError};
use super::do_not_call_keeper::keep_opt_outs;
use super::flow_calls::FlowCalls;
use super::gauges::Sum;
use super::ledger::Ledgers;
use super::load::{LoadError, assemble, load};
use super::loader::hand_in_all;
use super::metrics::{DIALER, Metrics};
use super::progress_board::{Board, Moves, MovesReader, Standing};
use super::resolve::limits;
use crate::api::{DialJob, TelnyxAccountSpec};
use crate::fall::caught;
use crate::reconcile::AccountKey;
use crate::results::{Address, Couriers, Delivery as Delivered, Origin, Postman};
use crate::webhook::{Delivery, INBOX, Routes};

/// Orders that may wait before an actor.
const ORDERS: usize = 256;
/// Opt-outs that may wait to be kept; more wait with the dialer.
const OPT_OUTS: usize = 256;
/// Between the fall of an actor and its next start.
const RESTART_PAUSE: Duration = Duration::from_secs(1);

/// An account whose credentials work.
#[derive(Clone, Debug)]
pub struct Account {
    /// Which one.
    pub key: AccountKey,
    /// Talks to Telnyx in its name, within its budget.
    pub client: telnyx_voice::Client,
    /// What its webhooks are verified with.
    pub webhook_key: PublicKey,
    /// Its limits, and who may use it.
    pub spec: Arc<TelnyxAccountSpec>,
}

impl Account {
    fn limits(&self) -> AccountLimits {
        limits(&self.spec.limits)
    }
}

/// All dialers. Cheap to clone; clones are the same.
#[derive(Clone, Debug)]
pub struct Dialers(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    kube: Kube,
    routes: Routes,
    moves: Moves,
    postman: Postman,
    metrics: Metrics,
    lists: Lists,
    ledgers: Ledgers,
    namespaces: Vec<Option<String>>,
    stop: CancellationToken,
    running: Mutex<Running>,
}

struct Kube(kube::Client);

impl std::fmt::Debug for Kube {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Kube")
    }
}

#[derive(Debug, Default)]
struct Running {
    lines: BTreeMap<AccountKey, Held>,
    tasks: JoinSet<Option<Left>>,
}

/// What an account's dialer has left, and when it ended.
#[derive(Debug)]
struct Left {
    account: AccountKey,
    handover: Handover,
    at: Instant,
}

#[derive(Debug)]
struct Held {
    account: Account,
    line: Line,
    inbox: mpsc::Sender<Delivery>,
    stop: CancellationToken,
}

/// The way to one account's dialer.
#[derive(Clone, Debug)]
pub struct Line {
    account: AccountKey,
    spec: Arc<TelnyxAccountSpec>,
    orders: mpsc::Sender<Order>,
    board: Board,
    couriers: Couriers,
    life: Arc<AtomicU64>,
}

/// The dialer is stopping; whoever comes next is told again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the account's dialer is stopping")]
pub struct Stopping;

/// Why a job could not be handed in.
#[derive(Debug, thiserror::Error)]
pub enum HandInError {
    /// It cannot be used, or not read.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// Try again in a moment.
    #[error(transparent)]
    Stopping(#[from] Stopping),
}

impl Line {
    /// A campaign, or a job that stands alone, is so from now on.
    pub async fn campaign(&self, owner: OwnerId, spec: Arc<CampaignSpec>, audience: Audience) -> Result<(), Stopping> {
        self.order(Order::Tell(Event::CampaignSet { owner, spec, audience })).await
    }

    /// Results of the campaign are taken there from now on; nowhere if it is `None`.
    pub async fn results(&self, owner: OwnerId, to: Option<(Origin, Address)>) -> Result<(), Stopping> {
        self.order(Order::Results(owner, to.map(Box::new))).await
    }

    /// How deliveries of the campaign's results stand. `None`: they go nowhere, or its dialer starts anew.
    #[must_use]
    pub fn delivery(&self, owner: &OwnerId) -> Option<Delivered> {
        self.couriers.of(owner).map(|courier| courier.delivery())
    }

    /// What it asks for now cannot be read: nothing new is dialled for it until it is told again.
    pub async fn hush(&self, owner: OwnerId) -> Result<(), Stopping> {
        self.order(Order::Tell(Event::CampaignHushed { owner })).await
    }

    /// Nothing new is dialled for it from now on.
    pub async fn campaign_removed(&self, owner: OwnerId) -> Result<(), Stopping> {
        self.order(Order::Tell(Event::CampaignRemoved { owner })).await
    }

    /// So many agents of a campaign are free, and so many callers wait for one.
    pub async fn agents(&self, owner: OwnerId, free: u32, waiting: u32) -> Result<(), Stopping> {
        self.order(Order::Tell(Event::Agents { owner, free, waiting })).await
    }

    /// A job whose targets are at hand. One that is known already stays as it is.
    pub async fn hand_in(&self, job: &DialJob, rows: Vec<Row>) -> Result<(), HandInError> {
        self.order(Order::Load(Box::new(assemble(job, rows)?))).await.map_err(HandInError::from)
    }

    /// A job whose targets lie in the spec, or in a Secret.
    pub async fn fetch(&self, client: &kube::Client, job: &DialJob) -> Result<(), HandInError> {
        self.order(Order::Load(Box::new(load(client, job).await?))).await.map_err(HandInError::from)
    }

    /// A job is gone, or finished for good.
    pub async fn forget(&self, job: JobId) -> Result<(), Stopping> {
        self.order(Order::Forget(job)).await
    }

    /// An owner has ended, or is being deleted with no call under way: nothing of it need be remembered.
    pub async fn release(&self, owner: OwnerId) -> Result<(), Stopping> {
        self.order(Order::Release(owner)).await
    }

    /// Whether an object in `namespace` may use the account.
    #[must_use]
    pub fn allows(&self, namespace: &str) -> bool {
        self.spec.allows(&self.account.namespace, namespace)
    }

    /// How far an owner has come, as of the last half second. `None`: no job of it was handed in.
    #[must_use]
    pub fn standing(&self, owner: &OwnerId) -> Option<Standing> {
        self.board.standing(owner)
    }

    /// Calls of a job that are claimed, ringing or live, as of the last half second. `None`: it was not handed in.
    #[must_use]
    pub fn in_flight(&self, job: &JobId) -> Option<u32> {
        self.board.in_flight(job)
    }

    /// Changes when the dialer had to start anew: campaigns have to be told again.
    #[must_use]
    pub fn life(&self) -> u64 {
        self.life.load(Ordering::Acquire)
    }

    /// Phones rang for jobs that its dialer does not hold.
    pub(super) async fn rang(&self, rings: &[(PhoneNumber, Ring)]) -> Result<(), Stopping> {
        for (number, ring) in rings.iter().cloned() {
            self.order(Order::Tell(Event::RangBefore { number, ring })).await?;
        }
        Ok(())
    }

    /// Whose it is.
    pub(super) fn account(&self) -> &AccountKey {
        &self.account
    }

    pub(super) async fn order(&self, order: Order) -> Result<(), Stopping> {
        self.orders.send(order).await.map_err(|_| Stopping)
    }
}

impl Dialers {
    /// None yet. Jobs are read from these namespaces, `None` being all; webhooks of the accounts to come are routed by
    /// `routes`, results taken to their sinks by `postman`.
    #[must_use]
    pub fn new(
        kube: kube::Client,
        namespaces: Vec<Option<String>>,
        routes: Routes,
        postman: Postman,
        metrics: Metrics,
        lists: Lists,
        stop: CancellationToken,
    ) -> Self {
        let (moves, ledgers) = (Moves::default(), Ledgers::new(kube.clone()));
        let kube = Kube(kube);
        let running = Mutex::default();
        Self(Arc::new(Shared { kube, routes, moves, postman, metrics, lists, ledgers, namespaces, stop, running }))
    }

    /// The do-not-call lists of all accounts.
    #[must_use]
    pub fn lists(&self) -> &Lists {
        &self.0.lists
    }

    pub(super) fn ledgers(&self) -> &Ledgers {
        &self.0.ledgers
    }

    pub(super) fn client(&self) -> &kube::Client {
        &self.0.kube.0
    }

    /// No campaign of the account calls the number from now on: somebody who called in has asked for that. The dialer obeys
    /// at once, unless it is busy; when this returns, every list that receives opt-outs has it. Returns how many do: with
    /// none it is forgotten when the process ends.
    ///
    /// # Errors
    /// It is not stored, or nobody could be told: try again.
    pub async fn do_not_call(&self, account: &AccountKey, number: PhoneNumber) -> Result<usize, RecordError> {
        let told = match self.line(account) {
            Some(line) => line.order(Order::Tell(Event::DoNotCall { number: number.clone() })).await.is_ok(),
            None => false,
        };
        match self.lists().record(self.client(), account, &[number]).await {
            Ok(0) if !told => Err(RecordError::NotReady),
            kept => kept,
        }
    }

    /// Owners whose progress has moved.
    #[must_use]
    pub fn moves(&self) -> MovesReader {
        self.0.moves.read()
    }

    /// Accounts that were admitted.
    #[must_use]
    pub fn accounts(&self) -> Vec<AccountKey> {
        self.lock().lines.keys().cloned().collect()
    }

    /// What each account's dialer holds, and how often it had to start anew.
    pub(super) fn sums(&self) -> Vec<(AccountKey, u64, Sum)> {
        let lines: Vec<Line> = self.lock().lines.values().map(|held| held.line.clone()).collect();
        let of = |line: Line| (line.account.clone(), line.life(), Sum::of(line.board.all().iter()));
        lines.into_iter().map(of).collect()
    }

    /// The way to an account's dialer. `None` until the account was admitted.
    #[must_use]
    pub fn line(&self, account: &AccountKey) -> Option<Line> {
        self.lock().lines.get(account).map(|held| held.line.clone())
    }

    /// The way to the dialer that holds a job.
    #[must_use]
    pub fn line_of(&self, job: &JobId) -> Option<Line> {
        self.lock().lines.values().map(|held| &held.line).find(|line| line.board.holds(job)).cloned()
    }

    /// The account works. Starts its dialer, or tells it what changed. A dialer that starts is given what the one `before` has left,
    /// aged to now.
    pub async fn admit(&self, account: Account, before: Option<Handover>) {
        let (line, client, limits) = {
            let mut running = self.lock();
            let Some(held) = running.lines.get_mut(&account.key) else {
                self.start(&mut running, account, before);
                return;
            };
            let key = account.key.clone();
            if held.account.webhook_key != account.webhook_key {
                self.0.routes.open(&key.namespace, &key.name, account.webhook_key.clone(), held.inbox.clone());
            }
            let (client, limits) = (account.client.clone(), account.limits());
            held.line.spec = Arc::clone(&account.spec);
            held.account = account;
            (held.line.clone(), client, limits)
        };
        // A dialer that is stopping needs neither.
        let _stopping = line.order(Order::Reconnect(client)).await;
        let _stopping = line.order(Order::Tell(Event::AccountSet(limits))).await;
    }

    /// The account exists, but cannot be used now. A dialer that runs goes on with what worked last: calls are under way.
    pub fn hold(&self, account: &AccountKey) {
        if !self.lock().lines.contains_key(account) {
            self.0.routes.hold(&account.namespace, &account.name);
        }
    }

    /// Another replica acts for the account. Its webhooks are verified with this key and passed on; without one they are held.
    pub fn stand_by(&self, account: &AccountKey, webhook_key: Option<PublicKey>) {
        if self.lock().lines.contains_key(account) {
            return;
        }
        match webhook_key {
            Some(key) => self.0.routes.pass_on(&account.namespace, &account.name, key),
            None => self.0.routes.hold(&account.namespace, &account.name),
        }
    }

    /// The account is gone.
    pub fn remove(&self, account: &AccountKey) {
        self.0.routes.close(&account.namespace, &account.name);
        if let Some(held) = self.lock().lines.remove(account) {
            held.stop.cancel();
        }
    }

    /// Waits until every dialer has stored what it knows. To be called once stopped. Returns what those have left, aged to now, whose
    /// dials have all been answered.
    pub async fn stopped(&self) -> Vec<(AccountKey, Handover)> {
        let mut tasks = std::mem::take(&mut self.lock().tasks);
        let mut all = Vec::new();
        while let Some(ended) = tasks.join_next().await {
            match ended {
                Ok(left) => all.extend(left),
                Err(error) => tracing::error!(task = %error.id(), "a dialer's supervisor ended early"),
            }
        }
        all.into_iter().map(|left| (left.account, left.handover.aged(left.at.elapsed()))).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Running> {
        self.0.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn start(&self, running: &mut Running, account: Account, before: Option<Handover>) {
        let (orders, inbox) = (mpsc::channel(ORDERS), mpsc::channel(INBOX));
        let stop = self.0.stop.child_token();
        let line = Line {
            account: account.key.clone(),
            spec: Arc::clone(&account.spec),
            orders: orders.0,
            board: Board::new(self.0.moves.clone()),
            couriers: Couriers::default(),
            life: Arc::default(),
        };
        let AccountKey { namespace, name } = &account.key;
        self.0.routes.open(namespace, name, account.webhook_key.clone(), inbox.0.clone());
        let supervisor = Supervisor {
            dialers: self.clone(),
            key: account.key.clone(),
            line: line.clone(),
            orders: orders.1,
            deliveries: inbox.1,
            before,
            stop: stop.clone(),
        };
        running.lines.insert(account.key.clone(), Held { account, line, inbox: inbox.0, stop });
        while running.tasks.try_join_next().is_some() {}
        running.tasks.spawn(supervisor.run());
    }

    fn account(&self, key: &AccountKey) -> Option<Account> {
        self.lock().lines.get(key).map(|held| held.account.clone())
    }
}

/// Keeps one account's actor running.
struct Supervisor {
    dialers: Dialers,
    key: AccountKey,
    line: Line,
    orders: mpsc::Receiver<Order>,
    deliveries: mpsc::Receiver<Delivery>,
    /// What the account's dialer before, of another process, has left. One that had to start anew knows nothing.
    before: Option<Handover>,
    stop: CancellationToken,
}

impl Supervisor {
    async fn run(mut self) -> Option<Left> {
        while let Some(account) = self.dialers.account(&self.key) {
            let panics = self.dialers.0.metrics.panics().clone();
            let error = match caught(&panics, DIALER, self.live(account)).await {
                Ok(handover) => return Some(Left { account: self.key, handover: handover?, at: Instant::now() }),
                Err(error) => error,
            };
            tracing::error!(account = %self.key, %error, "the dialer has to start anew from the store");
            self.line.board.clear();
            self.line.couriers.dismiss_all();
            self.line.life.fetch_add(1, Ordering::AcqRel);
            tokio::select! {
                () = self.stop.cancelled() => return None,
                () = tokio::time::sleep(RESTART_PAUSE) => {}
            }
        }
        None
    }

    /// One life of the actor.
    async fn live(&mut self, account: Account) -> Result<Option<Handover>, super::actor::ActorError> {
        let kube = self.dialers.0.kube.0.clone();
        let (session, limits) = (SessionId(rand::random()), account.limits());
        let mut loading = JoinSet::new();
        let (namespaces, orders) = (self.dialers.0.namespaces.clone(), self.line.orders.clone());
        let dialers = self.dialers.clone();
        loading.spawn(hand_in_all(dialers.clone(), namespaces, self.key.clone(), orders));
        let (opt_outs, taken) = mpsc::channel(OPT_OUTS);
        loading.spawn(keep_opt_outs(dialers, self.key.clone(), taken));
        let mut actor = Actor::new(Parts {
            session,
            client: account.client,
            flows: FlowCalls { routes: self.dialers.0.routes.clone(), account: self.key.clone() },
            kube,
            orders: &mut self.orders,
            deliveries: &mut self.deliveries,
            board: self.line.board.clone(),
            couriers: self.line.couriers.clone(),
            postman: self.dialers.0.postman.clone(),
            metrics: self.dialers.0.metrics.clone(),
            lists: self.dialers.0.lists.follow(&self.key),
            opt_outs,
            stop: self.stop.clone(),
        });
        actor.tell(Event::AccountSet(limits));
        if let Some(before) = self.before.take() {
            actor.tell(Event::TookOver(before));
        }
        actor.run().await
    }
}
