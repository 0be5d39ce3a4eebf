//! The one loop that makes remote objects what the spec asks: resolve, observe, plan, act, report.
//!
//! A kind supplies the pieces of [`External`]; everything else is written once, here. Deciding is left to the
//! `reconcile_plan` crate: this module reads, sends and writes. It knows nothing of what the fields mean.

mod accounts;
mod budgets;
mod claims;
mod controller;
mod create;
mod external;
mod failure;
mod held;
mod insistence;
mod managed;
mod memory;
mod news;
mod observe;
mod pass;
mod prepare;
mod removal;
mod resync;
mod status;
mod stores;
mod tally;
mod update;
mod view;
mod waits;
mod watches;
mod write;

pub use accounts::{Account, AccountKey, Accounts, Applicant, Connection, Departure, Down, Shelf, Standing};
pub use budgets::{Budgets, state as accounts_state};
pub use controller::{Guarded, run};
pub use external::{External, Proof, Reference, References, RemoteKind, Wanted};
pub use failure::{Doing, outcome_of, stumbled};
pub use managed::{Managed, Object, policy_of};
pub(crate) use memory::locked;
pub use news::{Change, Listener, News};
pub use prepare::{FINALIZER, FORCE_RELEASE, NAME_WAS_FREE, hold, is_held, release};
pub use status::{from_kube, to_kube};
pub use stores::{Cache, CountUsers, Scope, Stores, Users, never_filled};
pub use view::{Listed, View};
pub use watches::{Pulse, Watches};
pub use write::patch_status;

use crate::fetch::Fetcher;
use crate::telemetry::traces::Traces;
use crate::telemetry::{Events, Health, Metrics, States};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// What every controller gets. Cheap to clone.
#[derive(Clone)]
pub struct Context {
    /// The Kubernetes API.
    pub kube: kube::Client,
    /// The accounts that can be used.
    pub accounts: Arc<Accounts>,
    /// What specs refer to.
    pub references: Arc<dyn References>,
    /// Who still uses an account; an account outlives its users.
    pub users: Users,
    /// What changed that others wait for.
    pub news: News,
    /// Publishes Kubernetes events.
    pub events: Events,
    /// Fetches what users name by URL.
    pub fetcher: Fetcher,
    /// Counts.
    pub metrics: Arc<Metrics>,
    /// Tells what was done, and when.
    pub traces: Traces,
    /// What the readiness probe tells.
    pub health: Health,
    /// What is told of each watch.
    pub watches: Watches,
    /// What parts say of themselves when somebody asks.
    pub states: States,
    /// Which namespaces are watched.
    pub scope: Scope,
    /// Cancelled when the process is to end. Controllers stop taking work and finish what they began.
    pub shutdown: CancellationToken,
}
