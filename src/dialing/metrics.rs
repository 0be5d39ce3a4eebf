//! What the dialers notice and nobody waits for, as counters.

use dialer::Signals;
use dialer::effect::SaveFailure;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

type Label = [(&'static str, &'static str); 1];

/// Counters of all dialers together. Cheap to clone; clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    signals: Family<Label, Counter>,
    saves: Family<Label, Counter>,
}

impl Metrics {
    /// Registers the counters.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "dialer_signals",
            "What the dialers noticed: hangup causes that are not known, announcements whose end was told after the hangup, calls \
             hung up because their job was gone",
            self.signals.clone(),
        );
        registry.register(
            "claim_saves",
            "Compare-and-swaps of claims and results, by how they ended: conflict is another writer, or a refusal",
            self.saves.clone(),
        );
    }

    /// A save of a job's states ended.
    pub(super) fn saved(&self, ended: Result<(), SaveFailure>) {
        let word = match ended {
            Ok(()) => "stored",
            Err(SaveFailure::Conflict) => "conflict",
            Err(SaveFailure::Gone) => "gone",
            Err(SaveFailure::FateUnknown) => "fate_unknown",
        };
        self.saves.get_or_create(&[("result", word)]).inc();
    }

    /// Counts what has been noticed since `seen`, which is brought up to `now`.
    pub(super) fn count(&self, seen: &mut Signals, now: Signals) {
        let before = std::mem::replace(seen, now);
        for (signal, before, now) in [
            ("unknown_hangup_cause", before.unknown_hangup_causes, now.unknown_hangup_causes),
            ("late_announcement_end", before.late_announcement_ends, now.late_announcement_ends),
            ("call_without_job", before.calls_without_job, now.calls_without_job),
        ] {
            self.signals.get_or_create(&[("signal", signal)]).inc_by(now.saturating_sub(before));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_noticed_is_counted_once() {
        let (metrics, mut registry) = (Metrics::default(), Registry::default());
        metrics.register(&mut registry);
        let noticed = |unknown_hangup_causes| Signals { unknown_hangup_causes, ..Signals::default() };
        let mut seen = Signals::default();
        for now in [2, 2, 5] {
            metrics.count(&mut seen, noticed(now));
        }
        let mut restarted = Signals::default();
        metrics.count(&mut restarted, noticed(1));
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        assert!(text.contains(r#"dialer_signals_total{signal="unknown_hangup_cause"} 6"#), "{text}");
    }
}
