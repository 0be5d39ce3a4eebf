//! How accounts stand and what is left of their budgets, for `/debug/state` and as metrics.
//!
//! A metric must not name accounts, so what they have in common is added up, and of what is left the least is shown.

use super::accounts::{Accounts, Standing};
use super::memory::locked;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use telnyx_voice::budget::{BudgetState, LaneState};

/// The lanes, as labels.
const LANES: [&str; 3] = ["live_call", "edit", "resync"];

fn lanes(budget: &BudgetState) -> [&LaneState; 3] {
    [&budget.live_call, &budget.edit, &budget.resync]
}

/// Every account for `/debug/state`, by namespace and name.
#[must_use]
pub fn state(accounts: &Accounts) -> Value {
    let mut all = accounts.standings();
    all.sort_by(|(a, _), (b, _)| a.cmp(b));
    let shown = |(key, standing)| {
        let (state, need, account) = match standing {
            Standing::Ready(account) if account.works() => ("Ready", None, Some(account)),
            Standing::Ready(account) => ("KeyRefused", None, Some(account)),
            Standing::Down(down) => ("Down", Some(down.need), down.last_good),
        };
        let budget = account.map(|account| of_budget(&account.client().budget().state()));
        json!({ "account": super::AccountKey::to_string(&key), "state": state, "need": need, "budget": budget })
    };
    Value::Array(all.into_iter().map(shown).collect())
}

fn of_budget(budget: &BudgetState) -> Value {
    let seconds = |pause: Option<Duration>| pause.map(|pause| pause.as_secs_f64());
    let lane = |lane: &LaneState| {
        json!({
            "waiting": lane.waiting,
            "inFlight": lane.in_flight,
            "admitted": lane.admitted,
            "waitedSeconds": lane.waited.as_secs_f64(),
        })
    };
    let lanes: serde_json::Map<String, Value> =
        LANES.iter().zip(lanes(budget)).map(|(name, state)| ((*name).to_owned(), lane(state))).collect();
    json!({
        "quotaLimit": budget.quota_limit,
        "quotaRemaining": budget.quota_remaining,
        "pausedForSeconds": seconds(budget.paused_for),
        "dialsPausedForSeconds": seconds(budget.dials_paused_for),
        "dialsPerSecond": budget.dials_per_second,
        "dialsInWindow": budget.dials_in_window,
        "lanes": lanes,
    })
}

/// The budgets of all accounts as metrics.
#[derive(Clone, Debug)]
pub struct Budgets {
    accounts: Arc<Accounts>,
    passed: Arc<Mutex<Passed>>,
}

impl Budgets {
    /// Of these accounts.
    #[must_use]
    pub fn new(accounts: Arc<Accounts>) -> Self {
        Self { accounts, passed: Arc::default() }
    }
}

/// Requests that had their turn, and how long they waited for it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Turns {
    admitted: u64,
    waited: Duration,
}

/// Sums over accounts that only ever grow: an account that goes, or whose new key makes a new client, must not take its
/// past along.
#[derive(Debug, Default)]
struct Passed {
    seen: HashMap<String, [Turns; 3]>,
    total: [Turns; 3],
}

impl Passed {
    fn note(&mut self, uid: &str, now: [Turns; 3]) {
        let seen = self.seen.entry(uid.to_owned()).or_default();
        for ((total, before), now) in self.total.iter_mut().zip(seen.iter_mut()).zip(now) {
            let anew = now.admitted < before.admitted;
            let from = if anew { Turns::default() } else { *before };
            total.admitted += now.admitted - from.admitted;
            total.waited += now.waited.saturating_sub(from.waited);
            *before = now;
        }
    }
}

impl Collector for Budgets {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let budgets: Vec<(String, BudgetState)> = self
            .accounts
            .all_ready()
            .iter()
            .map(|account| (account.uid.clone(), account.client().budget().state()))
            .collect();
        let left = budgets.iter().filter_map(|(_, budget)| budget.quota_remaining).min();
        if let Some(left) = left {
            let metric = encoder.encode_descriptor(
                "api_quota_remaining",
                "Requests that the API's headers leave in the present window: the least of all accounts",
                None,
                MetricType::Gauge,
            )?;
            ConstGauge::new(i64::from(left)).encode(metric)?;
        }
        gauge(&mut encoder, "api_lane_waiting", "Requests that wait for their turn, by lane", &budgets, |lane| {
            i64::try_from(lane.waiting).unwrap_or(i64::MAX)
        })?;
        gauge(&mut encoder, "api_lane_in_flight", "Requests that are out, by lane", &budgets, |lane| {
            i64::from(lane.in_flight)
        })?;
        self.turns(&mut encoder, &budgets)
    }
}

fn gauge(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    budgets: &[(String, BudgetState)],
    figure: impl Fn(&LaneState) -> i64,
) -> Result<(), fmt::Error> {
    let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
    for (index, lane) in LANES.iter().enumerate() {
        let sum = budgets.iter().filter_map(|(_, budget)| lanes(budget).get(index).map(|lane| figure(lane))).sum();
        ConstGauge::<i64>::new(sum).encode(family.encode_family(&[("lane", *lane)])?)?;
    }
    Ok(())
}

impl Budgets {
    fn turns(&self, encoder: &mut DescriptorEncoder<'_>, budgets: &[(String, BudgetState)]) -> Result<(), fmt::Error> {
        let total = {
            let mut passed = locked(&self.passed);
            for (uid, budget) in budgets {
                let turns = lanes(budget).map(|lane| Turns { admitted: lane.admitted, waited: lane.waited });
                passed.note(uid, turns);
            }
            passed.total
        };
        let help = "Requests that had their turn, by lane";
        let mut admitted = encoder.encode_descriptor("api_lane_admitted", help, None, MetricType::Counter)?;
        for (lane, turns) in LANES.iter().zip(total) {
            ConstCounter::new(turns.admitted).encode(admitted.encode_family(&[("lane", *lane)])?)?;
        }
        let help = "Seconds that requests waited for their turn, all together, by lane";
        let mut waited = encoder.encode_descriptor("api_lane_wait_seconds", help, None, MetricType::Counter)?;
        for (lane, turns) in LANES.iter().zip(total) {
            ConstCounter::new(turns.waited.as_secs_f64()).encode(waited.encode_family(&[("lane", *lane)])?)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::News;
    use super::*;
    use crate::ownership::Ownership;
    use prometheus_client::registry::Registry;

    fn turns(admitted: u64, waited: u64) -> [Turns; 3] {
        [Turns { admitted, waited: Duration::from_secs(waited) }, Turns::default(), Turns::default()]
    }

    #[test]
    fn sums_grow_also_when_a_client_begins_anew() {
        let mut passed = Passed::default();
        for (uid, admitted, waited) in [("a", 5, 1), ("b", 2, 1), ("a", 7, 3), ("a", 1, 0), ("b", 2, 1)] {
            passed.note(uid, turns(admitted, waited));
        }
        assert_eq!(passed.total, turns(5 + 2 + 2 + 1, 1 + 1 + 2));
    }

    #[test]
    fn without_accounts_lanes_are_idle_and_nothing_is_said_of_the_quota() {
        let (accounts, _rechecks) = Accounts::new(News::default(), Ownership::open().0);
        assert_eq!(state(&accounts), json!([]));
        let mut registry = Registry::default();
        registry.register_collector(Box::new(Budgets::new(accounts)));
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        assert!(text.contains(r#"api_lane_waiting{lane="live_call"} 0"#), "{text}");
        assert!(text.contains(r#"api_lane_admitted_total{lane="edit"} 0"#), "{text}");
        assert!(text.contains(r#"api_lane_wait_seconds_total{lane="resync"} 0"#), "{text}");
        assert!(!text.contains("api_quota_remaining"), "{text}");
    }

    #[test]
    fn a_budget_is_shown_lane_by_lane() {
        let shown = of_budget(&telnyx_voice::Budget::default().state());
        assert_eq!(shown["lanes"]["edit"]["waiting"], 0);
        assert_eq!(shown["quotaRemaining"], Value::Null);
        assert_eq!(shown["dialsPerSecond"], 30);
    }
}
