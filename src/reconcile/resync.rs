//! Drift for the price of a page.
//!
//! Each resync period the listings of an account are read anew, 250 objects a request, and every managed object is
//! compared in memory. Only those that differ, or are absent, are woken.

use super::Stores;
use super::accounts::{Account, AccountKey};
use super::external::External;
use super::managed::{Managed as _, Object as _, policy_of};
use super::memory::locked;
use super::pass::{Loop, kind_of};
use super::status::{effective, is_settled};
use super::tally::Tally;
use crate::fall::contained;
use reconcile_plan::{Action, Observed, Target, plan};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// How often it is looked whether a resync is due. Resync periods are whole seconds.
const TICK: Duration = Duration::from_millis(500);

/// The resync of one kind.
pub(super) struct Resync<E: External> {
    pub(super) the_loop: Arc<Loop<E>>,
    pub(super) stores: Stores<E::Object>,
    pub(super) shutdown: CancellationToken,
}

impl<E: External> Resync<E> {
    /// Runs until shutdown. Accounts take their turns one after the other.
    pub(super) async fn run(self) {
        let mut spread = HashMap::new();
        let mut drift = Tally::default();
        loop {
            tokio::select! {
                () = tokio::time::sleep(TICK) => {}
                () = self.shutdown.cancelled() => return,
            }
            let ready = self.the_loop.accounts.all_ready();
            for account in &ready {
                if Self::due(account, &mut spread)
                    && self.has_users(&account.key)
                    && let Some(fields) = self.guarded(account).await
                {
                    drift.note(&account.key, fields);
                }
            }
            drift.retain(|key| ready.iter().any(|account| account.key == *key) && self.has_users(key));
            self.the_loop.metrics.drifted(kind_of::<E>(), drift.total());
        }
    }

    /// The period is stretched by up to a fifth, drawn anew after each listing, so that accounts drift apart.
    fn due(account: &Account, spread: &mut HashMap<String, (Option<Instant>, f64)>) -> bool {
        let Some(started) = account.shelf(E::KIND).with(|view| view.started()) else { return false };
        let drawn = spread.entry(account.uid.clone()).or_insert((None, 0.0));
        if drawn.0 != Some(started) {
            *drawn = (Some(started), rand::random());
        }
        let period = Duration::from_secs(u64::from(account.spec.resync_period_secs));
        started.elapsed() >= period.mul_f64(1.0 + 0.2 * drawn.1)
    }

    fn has_users(&self, key: &AccountKey) -> bool {
        self.stores.count(|object| AccountKey::of(object.account_ref(), object.namespace()) == *key) > 0
    }

    /// A panic ends this resync alone: the loop and the other accounts go on, and the next is due in a period.
    async fn guarded(&self, account: &Arc<Account>) -> Option<usize> {
        let resync = contained(self.the_loop.metrics.panics(), kind_of::<E>(), self.resync(account));
        resync.await.unwrap_or_else(|| {
            tracing::error!(account = %account.key, kind = %E::KIND, "a resync ended early, by a fault of the operator");
            None
        })
    }

    /// How many fields differ and are left so; `None` when the listing failed.
    async fn resync(&self, account: &Arc<Account>) -> Option<usize> {
        if let Err(outcome) = self.the_loop.list_since(account, Some(Instant::now())).await {
            tracing::warn!(account = %account.key, kind = %E::KIND, outcome = ?outcome, "the resync could not list; what was known stays");
            return None;
        }
        let mut drifted = 0;
        let mut woken = vec![];
        self.stores.each(|object| {
            if AccountKey::of(object.account_ref(), object.namespace()) == account.key {
                let (differs, left) = self.look(object, account);
                drifted += left;
                if differs {
                    woken.push(object.place());
                }
            }
        });
        self.the_loop.metrics.backing_off(kind_of::<E>(), self.the_loop.memories.in_backoff());
        tracing::debug!(account = %account.key, kind = %E::KIND, woken = woken.len(), "resynced");
        self.the_loop.wake(woken);
        Some(drifted)
    }

    /// Would a pass do or say anything? And how many fields differ and are left so?
    fn look(&self, object: &E::Object, account: &Arc<Account>) -> (bool, usize) {
        if object.deleting() || object.suspended() {
            return (false, 0);
        }
        let memory = self.the_loop.memories.of(object.uid());
        let before = effective(object, &memory);
        // What was never made, or cannot be resolved, is tried again by its own retries and referents.
        let Some(id) = before.id.clone() else { return (false, 0) };
        let Ok(wanted) = E::resolve(object, account, &*self.the_loop.references) else { return (false, 0) };
        let Some(fields) = account.shelf(E::KIND).with(|view| view.fields(&id)) else { return (true, 0) };
        let policy = policy_of(object, account.spec.defaults, !is_settled(&before, object.generation()));
        let observed = Observed::Found { id, known: true, fields: fields.clone(), holder: None };
        let target =
            Target::Exist { fields: wanted.fields, create_only: wanted.create_only, rules: E::RULES, names: E::NAMES };
        let planned = plan(&target, &observed, &policy);
        let mut shown = crate::api::RemoteStatus { observed: Some(Loop::<E>::steady(&fields)), ..Default::default() };
        super::status::slim(&mut shown);
        let said_before = planned.changes.len() == before.drift.len() && shown.observed == before.observed;
        let period = Duration::from_secs(u64::from(account.spec.resync_period_secs));
        let insistence = locked(&memory).insistence;
        let left = match planned.action {
            Action::Nothing => true,
            Action::Update { .. } => !insistence.may_send(&planned.changes, period, Instant::now()),
            Action::Create { .. } | Action::Adopt { .. } | Action::Delete { .. } | Action::Release => false,
        };
        (!(left && said_before), if left { planned.changes.len() } else { 0 })
    }
}
