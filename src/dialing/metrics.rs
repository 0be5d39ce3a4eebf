//! What the dialers notice and nobody waits for, as counters.

use std::time::Duration;

use dialer::effect::SaveFailure;
use dialer::{DialKey, Ended, Outcome, Signals};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::exemplar::HistogramWithExemplars;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::exponential_buckets;
use prometheus_client::registry::Registry;

use super::attempt_spans;
use crate::controllers::word;
use crate::telemetry::traces::{Place, Traces};
use crate::telemetry::{Exemplar, Panics};

/// How panics of a dialer are counted.
pub(super) const DIALER: &str = "dialer";

type Label = [(&'static str, &'static str); 1];

/// Counters of all dialers together, and the way to the traces of attempts. Cheap to clone; clones are the same.
#[derive(Clone, Debug)]
pub struct Metrics {
    signals: Family<Label, Counter>,
    saves: Family<Label, Counter>,
    attempts: Family<[(&'static str, String); 1], Counter>,
    dial_seconds: HistogramWithExemplars<Exemplar>,
    traces: Traces,
    panics: Panics,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new(Traces::default(), Panics::default())
    }
}

impl Metrics {
    /// Attempts are traced there, and panics counted.
    #[must_use]
    pub fn new(traces: Traces, panics: Panics) -> Self {
        panics.expect(DIALER);
        Self {
            signals: Family::default(),
            saves: Family::default(),
            attempts: Family::default(),
            // 10 ms to about 40 s; a claim is given back when it was not dialled within 30.
            dial_seconds: HistogramWithExemplars::new(exponential_buckets(0.01, 2.0, 13)),
            traces,
            panics,
        }
    }

    /// Counts panics of dialers.
    pub(super) fn panics(&self) -> &Panics {
        &self.panics
    }

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
        registry.register(
            "attempts",
            "Attempts of campaigns and jobs that have ended, each dial counted, by outcome",
            self.attempts.clone(),
        );
        registry.register(
            "dial_seconds",
            "From the claim of a target to the moment that Telnyx had taken its dial: pacing, the claim's way to the store, the request",
            self.dial_seconds.clone(),
        );
        for outcome in &Outcome::ALL {
            drop(self.attempts.get_or_create(&outcome_label(*outcome)));
        }
    }

    /// Where what is done for the attempt is told.
    pub(super) fn place(&self, key: &DialKey) -> Option<Place> {
        attempt_spans::place(&self.traces, key)
    }

    /// An attempt has ended.
    pub(super) fn ended(&self, ended: &Ended) {
        self.attempts.get_or_create(&outcome_label(ended.outcome)).inc();
        let place = self.place(&ended.key);
        if let Some(placed_at) = ended.placed_at {
            let took = Duration::try_from(placed_at.duration_since(ended.claimed_at)).unwrap_or_default();
            self.dial_seconds.observe(took.as_secs_f64(), place.map(Place::exemplar), None);
        }
        for span in place.into_iter().flat_map(|place| attempt_spans::spans(place, ended)) {
            self.traces.tell(span);
        }
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

fn outcome_label(outcome: Outcome) -> [(&'static str, String); 1] {
    [("outcome", word(&outcome).unwrap_or_default())]
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
