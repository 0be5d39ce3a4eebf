//! Which flows there are, and every revision that a call may still run.
//!
//! The controller of `CallFlow` is the only writer; the actors read on every event. Does not know Kubernetes.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use call_flow::{Flow, FlowKey};
use tokio::sync::watch;

use super::tally::Tally;
use super::user_webhook::UserWebhooks;

/// A revision that calls can run.
#[derive(Debug)]
pub struct Runnable {
    /// The namespace of its flow.
    pub namespace: Box<str>,
    /// The name of its flow.
    pub name: Box<str>,
    /// The UID of its flow: one made later under the same name is another.
    pub uid: Box<str>,
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

/// Why no revision of a flow can be kept for a campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unpinnable {
    /// Not all flows have been read yet.
    NotSynced,
    /// No call can begin with a flow of that name: there is none, it was never valid, or it is being deleted.
    NotReady,
    /// The revision is not there any more, or never was.
    RevisionGone,
}

/// All flows. Cheap to clone; every clone is the same table.
#[derive(Clone, Debug, Default)]
pub struct Catalogue(Arc<RwLock<Table>>);

#[derive(Debug, Default)]
struct Table {
    synced: bool,
    names: HashMap<(Box<str>, Box<str>), u64>,
    flows: HashMap<u64, Entry>,
    /// Revisions that campaigns keep, by the campaign's UID.
    pins: HashMap<Box<str>, FlowKey>,
    /// Told whenever what could not begin or be kept may be there.
    came: watch::Sender<()>,
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
            table.came.send_replace(());
        });
    }

    /// Flows that calls run now.
    #[must_use]
    pub fn active(&self) -> Vec<u64> {
        let runs = |entry: &Entry| entry.revisions.values().any(|runnable| runnable.tally.active() > 0);
        self.read(|table| table.flows.iter().filter(|(_, entry)| runs(entry)).map(|(flow, _)| *flow).collect())
    }

    /// Keeps a revision for the campaign of this UID, until [`unpin`](Self::unpin): the one asked for, else the one that new calls
    /// run.
    ///
    /// # Errors
    /// Why there is none to be kept.
    pub fn pin(
        &self,
        owner: &str,
        namespace: &str,
        name: &str,
        revision: Option<u32>,
    ) -> Result<(FlowKey, Arc<Runnable>), Unpinnable> {
        self.write(|table| {
            let missing = if table.synced { Unpinnable::NotReady } else { Unpinnable::NotSynced };
            let flow = *table.names.get(&(Box::from(namespace), Box::from(name))).ok_or(missing)?;
            let entry = table.flows.get(&flow).ok_or(missing)?;
            let revision = revision.or(entry.current).ok_or(missing)?;
            table.pin_key(owner, FlowKey { flow, revision })
        })
    }

    /// Keeps on keeping a revision that the campaign of this UID has kept before, in another process perhaps.
    ///
    /// # Errors
    /// It is not there.
    pub fn pin_again(&self, owner: &str, key: FlowKey) -> Result<(FlowKey, Arc<Runnable>), Unpinnable> {
        self.write(|table| table.pin_key(owner, key))
    }

    /// The campaign of this UID needs no revision any more.
    pub fn unpin(&self, owner: &str) {
        self.write(|table| table.pins.remove(owner));
    }

    /// Lets a revision go. `false`: a campaign keeps it.
    #[must_use]
    pub fn drop_revision(&self, key: FlowKey) -> bool {
        self.write(|table| {
            if table.pins.values().any(|kept| *kept == key) {
                return false;
            }
            if let Some(entry) = table.flows.get_mut(&key.flow) {
                entry.revisions.remove(&key.revision);
            }
            true
        })
    }

    /// Whether a campaign keeps any revision of a flow.
    #[must_use]
    pub fn is_pinned(&self, flow: u64) -> bool {
        self.read(|table| table.pins.values().any(|kept| kept.flow == flow))
    }

    /// Changes when a flow that something waits for may be there.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<()> {
        self.read(|table| table.came.subscribe())
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
        self.write(|table| {
            table.synced = true;
            table.came.send_replace(());
        });
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

impl Table {
    fn pin_key(&mut self, owner: &str, key: FlowKey) -> Result<(FlowKey, Arc<Runnable>), Unpinnable> {
        let missing = if self.synced { Unpinnable::RevisionGone } else { Unpinnable::NotSynced };
        let kept = self.flows.get(&key.flow).and_then(|entry| entry.revisions.get(&key.revision)).ok_or(missing)?;
        let kept = Arc::clone(kept);
        self.pins.insert(owner.into(), key);
        Ok((key, kept))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalogue() -> Catalogue {
        let catalogue = Catalogue::default();
        for revision in [1, 2] {
            let key = FlowKey::new("uid", revision);
            let spec = serde_json::from_str(r#"{"steps":[{"name":"bye","hangup":{}}]}"#).unwrap();
            let flow = call_flow::compile(&spec, key).unwrap();
            catalogue.keep(key, || Runnable {
                namespace: "voice".into(),
                name: "flow".into(),
                uid: "uid".into(),
                flow,
                webhooks: UserWebhooks::default(),
                tally: Tally::new(1).into(),
            });
        }
        catalogue
    }

    fn pin(catalogue: &Catalogue, revision: Option<u32>) -> Result<u32, Unpinnable> {
        catalogue.pin("campaign", "voice", "flow", revision).map(|(key, _)| key.revision)
    }

    #[test]
    fn a_revision_that_a_campaign_keeps_is_not_let_go_until_it_is_complete() {
        let catalogue = catalogue();
        let (first, second) = (FlowKey::new("uid", 1), FlowKey::new("uid", 2));
        catalogue.set_current(first.flow, Some(1));
        assert_eq!(pin(&catalogue, None), Ok(1));
        catalogue.set_current(first.flow, Some(2));
        assert!(!catalogue.drop_revision(first) && catalogue.is_pinned(first.flow));
        assert!(catalogue.pin_again("campaign", first).is_ok());
        catalogue.unpin("campaign");
        assert!(!catalogue.is_pinned(first.flow) && catalogue.drop_revision(first));
        assert_eq!(catalogue.pin_again("campaign", first).unwrap_err(), Unpinnable::NotSynced);
        catalogue.synced();
        assert_eq!(catalogue.pin_again("campaign", first).unwrap_err(), Unpinnable::RevisionGone);
        assert_eq!(pin(&catalogue, Some(1)), Err(Unpinnable::RevisionGone));
        assert_eq!(pin(&catalogue, Some(2)), Ok(second.revision));
    }

    #[test]
    fn what_cannot_be_kept_says_whether_waiting_helps() {
        let catalogue = catalogue();
        let elsewhere = |catalogue: &Catalogue| catalogue.pin("campaign", "voice", "other", None).unwrap_err();
        assert_eq!((pin(&catalogue, None), elsewhere(&catalogue)), (Err(Unpinnable::NotSynced), Unpinnable::NotSynced));
        let mut changes = catalogue.changes();
        catalogue.synced();
        assert!(changes.has_changed().unwrap());
        changes.mark_unchanged();
        assert_eq!((pin(&catalogue, None), elsewhere(&catalogue)), (Err(Unpinnable::NotReady), Unpinnable::NotReady));
    }
}
