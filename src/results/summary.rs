//! What rows add up to. Holds no row: a hundred thousand targets are a few hundred numbers.

use std::collections::{BTreeMap, BTreeSet};

use dialer::Outcome;
use dialer::compliance::Rule;
use dialer::target::StateName;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::row::Row;

/// What rows add up to.
#[derive(Clone, Debug)]
pub struct Summary {
    zone: TimeZone,
    /// Targets.
    pub targets: u32,
    /// Targets that have ended, by outcome.
    pub outcomes: BTreeMap<Outcome, u32>,
    /// Targets that have not ended.
    pub open: u32,
    /// Targets for which a calling rule decided, by what it did.
    pub decisions: BTreeMap<(Rule, Decision), u32>,
    /// Targets by attempts used.
    pub attempts: BTreeMap<u16, u32>,
    /// Calls that rang, and those of them that reached a person, by hour of the day in the campaign's zone.
    pub by_hour: BTreeMap<i8, Answered>,
    /// Calls that rang, by minute since 1970.
    pub rang: BTreeMap<i64, u32>,
    /// Targets that ended, by minute since 1970.
    pub ended: BTreeMap<i64, u32>,
    /// Seconds of the last calls of all targets.
    pub talked_secs: u64,
}

/// What a calling rule has done to a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Decision {
    /// It is not called any more.
    Blocked,
    /// It waits for its turn.
    Waits,
    /// It was called all the same, because somebody has set the rule aside.
    SetAside,
}

/// Calls, and those that reached a person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answered {
    /// Calls that rang.
    pub rang: u32,
    /// Those that reached a person.
    pub reached: u32,
}

impl Summary {
    /// Of nobody yet. Hours are of this zone.
    #[must_use]
    pub fn new(zone: TimeZone) -> Self {
        Self {
            zone,
            targets: 0,
            outcomes: BTreeMap::new(),
            open: 0,
            decisions: BTreeMap::new(),
            attempts: BTreeMap::new(),
            by_hour: BTreeMap::new(),
            rang: BTreeMap::new(),
            ended: BTreeMap::new(),
            talked_secs: 0,
        }
    }

    /// One more target.
    pub fn add(&mut self, row: &Row) {
        self.targets += 1;
        *self.attempts.entry(row.state.attempts).or_default() += 1;
        self.talked_secs += u64::from(row.state.talked.unwrap_or_default());
        match row.outcome() {
            Some(outcome) => *self.outcomes.entry(outcome).or_default() += 1,
            None => self.open += 1,
        }
        let in_spite = row.state.called_in_spite_of.map(|rule| (rule, Decision::SetAside));
        let decided: BTreeSet<_> =
            row.state.rule.map(|rule| (rule, decision(row))).into_iter().chain(in_spite).collect();
        for decided in decided {
            *self.decisions.entry(decided).or_default() += 1;
        }
        // Newest first: only the last call of a target can have been the one that reached somebody.
        for (age, second) in row.state.rang.iter().enumerate() {
            let Ok(at) = Timestamp::from_second((*second).into()) else { continue };
            *self.rang.entry(i64::from(*second) / 60).or_default() += 1;
            let hour = self.by_hour.entry(at.to_zoned(self.zone.clone()).hour()).or_default();
            hour.rang += 1;
            hour.reached += u32::from(age == 0 && reached_a_person(row));
        }
        if let Some(second) = row.state.ended_at.filter(|_| row.state.state == StateName::Done) {
            *self.ended.entry(i64::from(second) / 60).or_default() += 1;
        }
    }

    /// How many targets ended so.
    #[must_use]
    pub fn ended_as(&self, outcome: Outcome) -> u32 {
        self.outcomes.get(&outcome).copied().unwrap_or_default()
    }
}

/// What the rule of a row has done to it.
fn decision(row: &Row) -> Decision {
    match (row.state.state, row.state.outcome) {
        (StateName::Pending, _) => Decision::Waits,
        (StateName::Done, Some(Outcome::ComplianceBlocked)) => Decision::Blocked,
        (StateName::Claimed | StateName::Dialing | StateName::Held | StateName::Done, _) => Decision::SetAside,
    }
}

fn reached_a_person(row: &Row) -> bool {
    let last = row.outcome().or(row.state.last);
    last.is_some_and(|last| {
        matches!(last, Outcome::Completed | Outcome::HumanHangup | Outcome::OptedOut | Outcome::TimeLimit)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::row::tests::rows;
    use super::*;

    #[test]
    fn rows_add_up() {
        let mut summary = Summary::new(TimeZone::get("America/Chicago").unwrap());
        for row in rows() {
            summary.add(&row);
        }
        assert_eq!((summary.targets, summary.open, summary.ended_as(Outcome::Completed)), (2, 1, 1));
        assert_eq!(summary.attempts, BTreeMap::from([(0, 1), (2, 1)]));
        let answered = |rang, reached| Answered { rang, reached };
        // 08:00 and 09:00 UTC in January.
        assert_eq!(summary.by_hour, BTreeMap::from([(2, answered(1, 0)), (3, answered(1, 1))]));
        let ruled = |json: serde_json::Value| Row::new("c-00000", &serde_json::from_value(json).unwrap());
        for row in [
            json!({ "id": "a", "state": "Done", "outcome": "ComplianceBlocked", "rule": "DoNotCall" }),
            json!({ "id": "b", "state": "Pending", "rule": "Frequency" }),
            json!({ "id": "c", "state": "Done", "outcome": "Busy", "rule": "Frequency", "calledInSpiteOf": "Frequency" }),
            json!({ "id": "d", "state": "Pending", "rule": "Frequency", "calledInSpiteOf": "Consent" }),
        ] {
            summary.add(&ruled(row));
        }
        let decisions = [
            ((Rule::DoNotCall, Decision::Blocked), 1),
            ((Rule::Consent, Decision::SetAside), 1),
            ((Rule::Frequency, Decision::Waits), 2),
            ((Rule::Frequency, Decision::SetAside), 1),
        ];
        assert_eq!(summary.decisions, BTreeMap::from(decisions));
        assert_eq!(summary.rang.values().sum::<u32>(), 2);
        assert_eq!(summary.ended, BTreeMap::from([(1_800_003_634 / 60, 1)]));
    }
}
