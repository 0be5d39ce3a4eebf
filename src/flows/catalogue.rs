//! Which flows there are, and every revision that a call may still run.
//!
//! The controller of `CallFlow` is the only writer; the actors read on every event. Does not know Kubernetes.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use call_flow::{Flow, FlowKey};

use super::tally::Tally;
use super::user_webhook::UserWebhooks;

/// A revision that calls can run.
#[derive(Debug)]
pub struct Runnable {
    /// The namespace of its flow.
    pub namespace: Box<str>,
    /// The name of its flow.
    pub name: Box<str>,
    /// What to do.
    pub flow: Flow,
    /// What its `callWebhook` steps may reach.
    pub webhooks: UserWebhooks,
    /// What happens in it.
    pub tally: Arc<Tally>,
}

/// What is known of a flow's revision that a call says it runs.
#[derive(Clone, Debug)]
pub enum Found {
    /// It can go on.
    Runnable(Arc<Runnable>),
    /// The flow is there, that revision of it is not.
    OtherRevision,
    /// There is no such flow.
    Unknown,
    /// Not all flows have been read yet.
    NotSynced,
}

/// All flows. Cheap to clone; every clone is the same table.
#[derive(Clone, Debug, Default)]
pub struct Catalogue(Arc<RwLock<Table>>);

#[derive(Debug, Default)]
struct Table {
    synced: bool,
    names: HashMap<(Box<str>, Box<str>), u64>,
    flows: HashMap<u64, Entry>,
}

#[derive(Debug, Default)]
struct Entry {
    /// The revision that new calls run; none while it is being deleted or was never valid.
    current: Option<u32>,
    revisions: BTreeMap<u32, Arc<Runnable>>,
}

impl Catalogue {
    /// A revision exists. One that is known already stays as it is, with its counts.
    pub fn keep(&self, key: FlowKey, make: impl FnOnce() -> Runnable) -> Arc<Runnable> {
        self.write(|table| {
            let entry = table.flows.entry(key.flow).or_default();
            let runnable = entry.revisions.entry(key.revision).or_insert_with(|| Arc::new(make()));
            let name = (runnable.namespace.clone(), runnable.name.clone());
            let runnable = Arc::clone(runnable);
            table.names.insert(name, key.flow);
            runnable
        })
    }

    /// New calls run this revision; `None`: there are no new calls.
    pub fn set_current(&self, flow: u64, revision: Option<u32>) {
        self.write(|table| {
            if let Some(entry) = table.flows.get_mut(&flow) {
                entry.current = revision;
            }
        });
    }

    /// A revision is gone.
    pub fn drop_revision(&self, key: FlowKey) {
        self.write(|table| {
            if let Some(entry) = table.flows.get_mut(&key.flow) {
                entry.revisions.remove(&key.revision);
            }
        });
    }

    /// A flow is gone.
    pub fn drop_flow(&self, flow: u64) {
        self.write(|table| {
            table.flows.remove(&flow);
            table.names.retain(|_, named| *named != flow);
        });
    }

    /// Every flow has been read: from now on what is not here does not exist.
    pub fn synced(&self) {
        self.write(|table| table.synced = true);
    }

    /// Whether every flow has been read.
    #[must_use]
    pub fn is_synced(&self) -> bool {
        self.read(|table| table.synced)
    }

    /// The revision that new calls of a flow run.
    #[must_use]
    pub fn current_of(&self, flow: u64) -> Option<u32> {
        self.read(|table| table.flows.get(&flow).and_then(|entry| entry.current))
    }

    /// What a new call of this flow runs.
    #[must_use]
    pub fn current(&self, namespace: &str, name: &str) -> Found {
        self.read(|table| {
            let missing = if table.synced { Found::Unknown } else { Found::NotSynced };
            let Some(flow) = table.names.get(&(Box::from(namespace), Box::from(name))) else { return missing };
            let entry = table.flows.get(flow);
            let current = entry.and_then(|entry| entry.revisions.get(&entry.current?));
            current.map_or(missing, |runnable| Found::Runnable(Arc::clone(runnable)))
        })
    }

    /// What a call under way runs.
    #[must_use]
    pub fn find(&self, key: FlowKey) -> Found {
        self.read(|table| match table.flows.get(&key.flow) {
            Some(entry) => match entry.revisions.get(&key.revision) {
                Some(runnable) => Found::Runnable(Arc::clone(runnable)),
                None if table.synced => Found::OtherRevision,
                None => Found::NotSynced,
            },
            None if table.synced => Found::Unknown,
            None => Found::NotSynced,
        })
    }

    /// The revisions of a flow, the newest first.
    #[must_use]
    pub fn revisions(&self, flow: u64) -> Vec<(u32, Arc<Runnable>)> {
        self.read(|table| {
            let revisions = table.flows.get(&flow).into_iter().flat_map(|entry| entry.revisions.iter().rev());
            revisions.map(|(revision, runnable)| (*revision, Arc::clone(runnable))).collect()
        })
    }

    /// Flows in which something was counted since this was last asked.
    #[must_use]
    pub fn moved(&self) -> Vec<u64> {
        self.read(|table| {
            let moved = |entry: &Entry| entry.revisions.values().filter(|revision| revision.tally.moved()).count() > 0;
            table.flows.iter().filter(|(_, entry)| moved(entry)).map(|(flow, _)| *flow).collect()
        })
    }

    fn read<T>(&self, look: impl FnOnce(&Table) -> T) -> T {
        look(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write<T>(&self, change: impl FnOnce(&mut Table) -> T) -> T {
        change(&mut self.0.write().unwrap_or_else(PoisonError::into_inner))
    }
}
