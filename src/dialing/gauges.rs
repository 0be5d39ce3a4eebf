//! How all dialers together stand, for `/debug/state` and as metrics. Read off the boards, so up to half a second old.
//!
//! Targets and outcomes are counted, never named: the labels are the states and outcomes of the dialer, closed sets.

use std::collections::BTreeMap;
use std::fmt;

use dialer::{Counts, Outcome};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;
use serde_json::{Value, json};

use super::dialers::Dialers;
use super::progress_board::Standing;
use crate::controllers::word;

/// The campaigns, and jobs that stand alone, of one account or of all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sum {
    /// Campaigns and jobs that stand alone.
    owners: u64,
    /// Their jobs that were handed in.
    jobs: u64,
    /// Targets by where they stand.
    states: BTreeMap<&'static str, u64>,
    /// Ended targets by outcome.
    outcomes: BTreeMap<Outcome, u64>,
    /// Answered by a person, of campaigns that dial by agents.
    answered: u64,
    /// Those of them that were abandoned.
    abandoned: u64,
}

/// Targets by the word of where they stand. `claimed`, `dialing` and `live` are in flight.
fn states(counts: &Counts) -> [(&'static str, u32); 10] {
    [
        ("pending", counts.pending),
        ("retrying", counts.retrying),
        ("claimed", counts.claimed),
        ("dialing", counts.dialing),
        ("live", counts.live),
        ("completed", counts.completed),
        ("failed", counts.failed),
        ("blocked", counts.blocked),
        ("ambiguous", counts.ambiguous),
        ("expired", counts.expired),
    ]
}

impl Sum {
    pub(super) fn of<'a>(standings: impl Iterator<Item = &'a Standing>) -> Self {
        let mut sum = Self::default();
        for standing in standings {
            sum.owners += 1;
            sum.jobs += u64::try_from(standing.jobs).unwrap_or(u64::MAX);
            let progress = &standing.progress;
            for (state, count) in states(&progress.tallied.counts) {
                *sum.states.entry(state).or_default() += u64::from(count);
            }
            for (outcome, count) in &progress.tallied.outcomes {
                *sum.outcomes.entry(*outcome).or_default() += u64::from(*count);
            }
            let abandonment = progress.abandonment;
            sum.answered += abandonment.map_or(0, |abandonment| u64::from(abandonment.answered));
            sum.abandoned += abandonment.map_or(0, |abandonment| u64::from(abandonment.abandoned));
        }
        sum
    }

    fn add(&mut self, other: &Self) {
        self.owners += other.owners;
        self.jobs += other.jobs;
        self.answered += other.answered;
        self.abandoned += other.abandoned;
        for (state, count) in &other.states {
            *self.states.entry(state).or_default() += count;
        }
        for (outcome, count) in &other.outcomes {
            *self.outcomes.entry(*outcome).or_default() += count;
        }
    }

    fn state(&self, word: &str) -> u64 {
        self.states.get(word).copied().unwrap_or_default()
    }
}

impl Dialers {
    /// Every account's dialer for `/debug/state`.
    #[must_use]
    pub fn state(&self) -> Value {
        let shown = self.sums().into_iter().map(|(account, life, sum)| {
            let in_flight: u64 = ["claimed", "dialing", "live"].iter().map(|word| sum.state(word)).sum();
            json!({
                "account": account.to_string(),
                "restarts": life,
                "campaigns": sum.owners,
                "jobs": sum.jobs,
                "claims": sum.state("claimed"),
                "inFlight": in_flight,
                "targets": sum.states,
            })
        });
        Value::Array(shown.collect())
    }
}

impl Collector for Dialers {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let mut all = Sum::default();
        for (_, _, sum) in self.sums() {
            all.add(&sum);
        }
        encode(&all, &mut encoder)
    }
}

fn encode(all: &Sum, encoder: &mut DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
    let help = "Targets of the campaigns and jobs that dialers hold, by where they stand; claimed, dialing and live are in flight";
    let mut family = encoder.encode_descriptor("campaign_targets", help, None, MetricType::Gauge)?;
    for (state, _) in states(&Counts::default()) {
        gauge(all.state(state)).encode(family.encode_family(&[("state", state)])?)?;
    }
    let help = "Ended targets of the campaigns and jobs that dialers hold, by outcome";
    let mut family = encoder.encode_descriptor("campaign_outcomes", help, None, MetricType::Gauge)?;
    for outcome in &Outcome::ALL {
        let count = all.outcomes.get(outcome).copied().unwrap_or_default();
        let label: String = word(outcome).unwrap_or_default();
        gauge(count).encode(family.encode_family(&[("outcome", label.as_str())])?)?;
    }
    let help =
        "Calls that a person answered, of the campaigns that dial by agents: the denominator of the abandon rate";
    gauge(all.answered).encode(encoder.encode_descriptor("campaign_answered", help, None, MetricType::Gauge)?)?;
    let help = "Those of them that met no agent within two seconds: its numerator";
    gauge(all.abandoned).encode(encoder.encode_descriptor("campaign_abandoned", help, None, MetricType::Gauge)?)
}

fn gauge(value: u64) -> ConstGauge<i64> {
    ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use dialer::{Abandonment, Progress, Tallied, WaitingFor};
    use prometheus_client::registry::Registry;

    fn standing(pending: u32, live: u32, completed: u32, abandonment: Option<Abandonment>) -> Standing {
        let counts = Counts { pending, live, completed, ..Counts::default() };
        let outcomes = BTreeMap::from([(Outcome::Completed, completed)]);
        let progress = Progress {
            tallied: Tallied { counts, outcomes },
            complete: false,
            waiting_for: WaitingFor::Pacing,
            next_window_opens: None,
            dialled: 0,
            end: None,
            abandonment,
            spending: None,
            cap: None,
        };
        Standing { progress, jobs: 2, finished: 0, ready: true }
    }

    #[derive(Debug)]
    struct Fixed(Sum);

    impl Collector for Fixed {
        fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
            super::encode(&self.0, &mut encoder)
        }
    }

    fn encoded(sum: Sum) -> String {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(Fixed(sum)));
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        text
    }

    #[test]
    fn campaigns_add_up() {
        let abandonment = Abandonment { answered: 20, abandoned: 1 };
        let mut sum = Sum::of([standing(4, 1, 5, None), standing(0, 0, 2, Some(abandonment))].iter());
        sum.add(&Sum::of([standing(1, 0, 0, None)].iter()));
        assert_eq!((sum.owners, sum.jobs, sum.state("pending"), sum.state("live")), (3, 6, 5, 1));
        let text = encoded(sum);
        for line in [
            r#"campaign_targets{state="pending"} 5"#,
            r#"campaign_outcomes{outcome="Completed"} 7"#,
            "campaign_answered 20",
            "campaign_abandoned 1",
        ] {
            assert!(text.contains(line), "{line} is missing in\n{text}");
        }
    }

    #[test]
    fn however_many_campaigns_there_are_the_series_are_the_same() {
        let series = |text: &str| text.lines().filter(|line| !line.starts_with('#')).count();
        let many: Vec<Standing> = (0..50).map(|index| standing(index, 1, index, None)).collect();
        let expected = 10 + Outcome::ALL.len() + 2;
        assert_eq!(series(&encoded(Sum::default())), expected);
        assert_eq!(series(&encoded(Sum::of(many.iter()))), expected);
    }
}
