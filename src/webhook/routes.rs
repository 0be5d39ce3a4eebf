//! Which accounts there are, and where their webhooks go: those of attempts to the dialer, all others, and those of attempts
//! that a flow has, to the call flows.
//!
//! Written by whoever knows the accounts, read by the receiver on every delivery. Dialer and flows of an account find each other
//! here too. Does not know Kubernetes.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use call_flow::{Detection, FlowKey, Leg};
use dialer::call::CallEvent;
use dialer::client_state::Position;
use telnyx_voice::webhook::{Event, PublicKey};
use tokio::sync::{mpsc, oneshot};

use super::dedupe::Dedupe;

/// How large to make an inbox. At 3,000 deliveries a second that is a third of a second of work; beyond it, 503 and
/// Telnyx's next try are the better queue.
pub const INBOX: usize = 1024;

/// A verified webhook of one of our calls, waiting for its verdict.
#[derive(Debug)]
pub struct Delivery {
    /// What happened.
    pub call: CallEvent,
    /// Where the verdict goes. Dropped without one, the delivery is answered 503.
    pub verdict: oneshot::Sender<Verdict>,
}

/// A verified webhook for a flow, waiting for its verdict.
#[derive(Debug)]
pub struct FlowDelivery {
    /// What happened.
    pub event: Event,
    /// Where the verdict goes. Dropped without one, the delivery is answered 503.
    pub verdict: oneshot::Sender<Verdict>,
}

/// An answered call of an attempt, for a flow.
#[derive(Debug)]
pub struct FlowBegin {
    /// The call.
    pub leg: Leg,
    /// The flow, at the revision that the campaign keeps.
    pub key: FlowKey,
    /// Who answered.
    pub detection: Detection,
    /// Which attempt to reach the callee this is, from 1.
    pub attempt: u16,
    /// What the flow's state carries along, so that the call is known as the attempt's.
    pub origin: String,
    /// Where the answer goes.
    pub reply: oneshot::Sender<Begun>,
}

/// What becomes of a call that a flow is given.
#[derive(Debug)]
pub enum Begun {
    /// The flow has it. The verdict says when its first commands are done; [`Verdict::Again`]: whether they are, nobody knows.
    Taken(oneshot::Receiver<Verdict>),
    /// The call is over.
    Ended,
    /// No flow can take it, now or later.
    Never,
    /// The calls under way are not all known yet: this one may be among them.
    NotYet,
}

/// What the flows of an account are told.
#[derive(Debug)]
pub enum FlowOrder {
    /// Something happened.
    Webhook(Box<FlowDelivery>),
    /// A call begins a flow.
    Begin(Box<FlowBegin>),
}

/// The way to the flows of one account.
#[derive(Clone, Debug)]
pub struct FlowLine {
    inbox: mpsc::Sender<FlowOrder>,
    attempts: Arc<AtomicUsize>,
}

impl FlowLine {
    /// A line to this inbox. `attempts` counts the calls of attempts that flows have.
    #[must_use]
    pub fn new(inbox: mpsc::Sender<FlowOrder>, attempts: Arc<AtomicUsize>) -> Self {
        Self { inbox, attempts }
    }

    /// Whether the event of an attempt may matter to a flow: it says so, or, told before the flow's first command, may be about
    /// any of those that there are.
    pub(super) fn minds(&self, call: &CallEvent) -> bool {
        matches!(call.state.position, Position::InFlow(_)) || self.attempts.load(Ordering::Acquire) > 0
    }

    /// Tells the flows, if there is room.
    ///
    /// # Errors
    /// There is none, or nobody listens.
    pub fn tell(&self, order: FlowOrder) -> Result<(), mpsc::error::TrySendError<FlowOrder>> {
        self.inbox.try_send(order)
    }
}

/// What the actor says about a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Whatever it caused is durable.
    Durable,
    /// It causes nothing.
    NotNeeded,
    /// Its effect could not be made durable now; it is wanted again.
    Again,
}

/// The receiver's side of one account.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) key: PublicKey,
    pub(super) inbox: mpsc::Sender<Delivery>,
    pub(super) seen: Dedupe,
}

/// What is known of an account.
#[derive(Clone, Debug)]
pub(super) enum Known {
    /// Not all accounts are known yet.
    NotSynced,
    /// There is no such account.
    Unknown,
    /// There is, but it cannot take webhooks now.
    NotReady,
    /// There is, and another replica acts for it. Its webhooks are signed with this key.
    Elsewhere(PublicKey),
    /// There is.
    Ready(Arc<Route>),
}

/// Where webhooks of an account go that exists.
#[derive(Debug)]
enum Way {
    Nowhere,
    Elsewhere(PublicKey),
    Here(Arc<Route>),
}

/// All accounts, by `namespace/name`. Cheap to clone; every clone is the same table.
#[derive(Clone, Debug, Default)]
pub struct Routes(Arc<RwLock<Table>>);

#[derive(Debug, Default)]
struct Table {
    synced: bool,
    accounts: HashMap<Box<str>, Way>,
    flows: HashMap<Box<str>, FlowLine>,
}

impl Routes {
    /// Webhooks of this account, signed with this key, go to this inbox from now on. With another key, what was seen
    /// before is forgotten; that costs the actor a few repeats.
    pub fn open(&self, namespace: &str, account: &str, key: PublicKey, inbox: mpsc::Sender<Delivery>) {
        let route = Route { key, inbox, seen: Dedupe::default() };
        self.write(|table| table.accounts.insert(path(namespace, account), Way::Here(Arc::new(route))));
    }

    /// What is about no attempt of this account, or about one that a flow has, goes this way from now on.
    pub fn open_flows(&self, namespace: &str, account: &str, line: FlowLine) {
        self.write(|table| table.flows.insert(path(namespace, account), line));
    }

    /// The way to the account's flows.
    #[must_use]
    pub fn flows_of(&self, namespace: &str, account: &str) -> Option<FlowLine> {
        self.flows(&path(namespace, account))
    }

    /// The way to the account's dialer, for what a flow says of an attempt.
    #[must_use]
    pub fn attempts_of(&self, namespace: &str, account: &str) -> Option<mpsc::Sender<Delivery>> {
        match self.get(&path(namespace, account)) {
            Known::Ready(route) => Some(route.inbox.clone()),
            Known::NotSynced | Known::Unknown | Known::NotReady | Known::Elsewhere(_) => None,
        }
    }

    /// The account exists but takes no webhooks now: deliveries are answered 503.
    pub fn hold(&self, namespace: &str, account: &str) {
        self.write(|table| table.accounts.insert(path(namespace, account), Way::Nowhere));
    }

    /// Another replica acts for the account: deliveries that are signed with this key are passed on to it.
    pub fn pass_on(&self, namespace: &str, account: &str, key: PublicKey) {
        self.write(|table| table.accounts.insert(path(namespace, account), Way::Elsewhere(key)));
    }

    /// The account is gone: deliveries are answered 404, which is final.
    pub fn close(&self, namespace: &str, account: &str) {
        self.write(|table| {
            table.accounts.remove(&path(namespace, account));
            table.flows.remove(&path(namespace, account));
        });
    }

    /// From now on an account that is not here does not exist. Until then it may, and its deliveries are answered 503.
    pub fn synced(&self) {
        self.write(|table| table.synced = true);
    }

    /// The way to the flows of an account. `account` is `namespace/name`.
    pub(super) fn flows(&self, account: &str) -> Option<FlowLine> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).flows.get(account).cloned()
    }

    /// `account` is `namespace/name`.
    pub(super) fn get(&self, account: &str) -> Known {
        let table = self.0.read().unwrap_or_else(PoisonError::into_inner);
        match table.accounts.get(account) {
            Some(Way::Here(route)) => Known::Ready(Arc::clone(route)),
            Some(Way::Elsewhere(key)) => Known::Elsewhere(key.clone()),
            Some(Way::Nowhere) => Known::NotReady,
            None if table.synced => Known::Unknown,
            None => Known::NotSynced,
        }
    }

    /// How many more deliveries the account's inbox would take.
    #[cfg(test)]
    pub(super) fn open_places(&self, namespace: &str, account: &str) -> usize {
        match self.get(&path(namespace, account)) {
            Known::Ready(route) => route.inbox.capacity(),
            Known::NotSynced | Known::Unknown | Known::NotReady | Known::Elsewhere(_) => 0,
        }
    }

    fn write<T>(&self, change: impl FnOnce(&mut Table) -> T) {
        change(&mut self.0.write().unwrap_or_else(PoisonError::into_inner));
    }
}

fn path(namespace: &str, account: &str) -> Box<str> {
    format!("{namespace}/{account}").into()
}
