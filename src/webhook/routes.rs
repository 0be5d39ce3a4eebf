//! Which accounts there are, and where their webhooks go: those of attempts to the dialer, all others to the call flows.
//!
//! Written by whoever knows the accounts, read by the receiver on every delivery. Does not know Kubernetes.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use dialer::call::CallEvent;
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

/// A verified webhook that is about no attempt, waiting for its verdict.
#[derive(Debug)]
pub struct FlowDelivery {
    /// What happened.
    pub event: Event,
    /// Where the verdict goes. Dropped without one, the delivery is answered 503.
    pub verdict: oneshot::Sender<Verdict>,
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
    /// There is.
    Ready(Arc<Route>),
}

/// All accounts, by `namespace/name`. Cheap to clone; every clone is the same table.
#[derive(Clone, Debug, Default)]
pub struct Routes(Arc<RwLock<Table>>);

#[derive(Debug, Default)]
struct Table {
    synced: bool,
    accounts: HashMap<Box<str>, Option<Arc<Route>>>,
    flows: HashMap<Box<str>, mpsc::Sender<FlowDelivery>>,
}

impl Routes {
    /// Webhooks of this account, signed with this key, go to this inbox from now on. With another key, what was seen
    /// before is forgotten; that costs the actor a few repeats.
    pub fn open(&self, namespace: &str, account: &str, key: PublicKey, inbox: mpsc::Sender<Delivery>) {
        let route = Route { key, inbox, seen: Dedupe::default() };
        self.write(|table| table.accounts.insert(path(namespace, account), Some(Arc::new(route))));
    }

    /// What is about no attempt of this account goes to this inbox from now on.
    pub fn open_flows(&self, namespace: &str, account: &str, inbox: mpsc::Sender<FlowDelivery>) {
        self.write(|table| table.flows.insert(path(namespace, account), inbox));
    }

    /// The account exists but takes no webhooks now: deliveries are answered 503.
    pub fn hold(&self, namespace: &str, account: &str) {
        self.write(|table| table.accounts.insert(path(namespace, account), None));
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

    /// Where events go that are about no attempt. `account` is `namespace/name`.
    pub(super) fn flows(&self, account: &str) -> Option<mpsc::Sender<FlowDelivery>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).flows.get(account).cloned()
    }

    /// `account` is `namespace/name`.
    pub(super) fn get(&self, account: &str) -> Known {
        let table = self.0.read().unwrap_or_else(PoisonError::into_inner);
        match table.accounts.get(account) {
            Some(Some(route)) => Known::Ready(Arc::clone(route)),
            Some(None) => Known::NotReady,
            None if table.synced => Known::Unknown,
            None => Known::NotSynced,
        }
    }

    /// How many more deliveries the account's inbox would take.
    #[cfg(test)]
    pub(super) fn open_places(&self, namespace: &str, account: &str) -> usize {
        match self.get(&path(namespace, account)) {
            Known::Ready(route) => route.inbox.capacity(),
            Known::NotSynced | Known::Unknown | Known::NotReady => 0,
        }
    }

    fn write<T>(&self, change: impl FnOnce(&mut Table) -> T) {
        change(&mut self.0.write().unwrap_or_else(PoisonError::into_inner));
    }
}

fn path(namespace: &str, account: &str) -> Box<str> {
    format!("{namespace}/{account}").into()
}
