//! What is counted of leases.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// Counts of leases.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    held: Family<[(&'static str, &'static str); 1], Gauge>,
    changes: Family<[(&'static str, &'static str); 2], Counter>,
}

/// What happened to a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// This process has it.
    Gained,
    /// It was given up.
    Released,
    /// It ran out, or another process took it.
    Lost,
}

impl Metrics {
    /// Registers them.
    #[must_use]
    pub fn new(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        registry.register("lease_held", "Leases that this process holds, by what they are for", metrics.held.clone());
        registry.register(
            "lease_changes",
            "Leases that this process gained, released or lost, by what they are for",
            metrics.changes.clone(),
        );
        metrics
    }

    pub(super) fn changed(&self, subject: &'static str, change: Change) {
        let (word, by) = match change {
            Change::Gained => ("gained", 1),
            Change::Released => ("released", -1),
            Change::Lost => ("lost", -1),
        };
        self.changes.get_or_create(&[("subject", subject), ("change", word)]).inc();
        self.held.get_or_create(&[("subject", subject)]).inc_by(by);
    }
}
