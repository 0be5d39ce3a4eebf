//! One target and what became of it.

use std::fmt;

use dialer::Outcome;
use dialer::compliance::Rule;
use dialer::target::{StateName, StoredState};
use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::api::TargetStatus;

/// One target and what became of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Row {
    /// Which target.
    pub id: String,
    /// Its number in E.164 form. `None`: it was not asked for.
    pub number: Option<String>,
    /// Which `DialJob` holds it.
    pub job: String,
    /// Where it stands.
    pub state: StoredState,
}

impl fmt::Debug for Row {
    /// Nothing of a person.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Row").field("id", &self.id).field("state", &self.state).finish_non_exhaustive()
    }
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// A whole number.
    Number,
    /// An instant.
    Instant,
}

/// One cell. `None` where there is nothing to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Text.
    Text(Option<String>),
    /// A whole number.
    Number(Option<i64>),
    /// An instant, to the second.
    Instant(Option<Timestamp>),
}

/// One column of every format.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    reading: Reading,
}

/// How a cell is read off a row.
#[derive(Clone, Copy, Debug)]
enum Reading {
    Text(fn(&Row) -> Option<String>),
    Number(fn(&Row) -> Option<i64>),
    /// In seconds since 1970.
    Instant(fn(&Row) -> Option<u32>),
}

impl Column {
    /// What it holds.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self.reading {
            Reading::Text(_) => Kind::Text,
            Reading::Number(_) => Kind::Number,
            Reading::Instant(_) => Kind::Instant,
        }
    }

    /// What a row has in it.
    #[must_use]
    pub fn of(&self, row: &Row) -> Cell {
        match self.reading {
            Reading::Text(read) => Cell::Text(read(row)),
            Reading::Number(read) => Cell::Number(read(row)),
            Reading::Instant(read) => {
                Cell::Instant(read(row).and_then(|second| Timestamp::from_second(second.into()).ok()))
            }
        }
    }
}

/// The columns, in order. The number is among them only when it was asked for.
pub fn columns(with_numbers: bool) -> impl Iterator<Item = Column> + Clone {
    COLUMNS.into_iter().filter(move |column| with_numbers || column.name != NUMBER)
}

const NUMBER: &str = "number";

const COLUMNS: [Column; 17] = [
    text("id", |row| Some(row.id.clone())),
    text(NUMBER, |row| row.number.clone()),
    text("job", |row| Some(row.job.clone())),
    text("state", |row| Some(format!("{:?}", row.state.state))),
    text("outcome", |row| row.outcome().map(|outcome| format!("{outcome:?}"))),
    text("lastOutcome", |row| row.state.last.map(|last| format!("{last:?}"))),
    number("attempts", |row| Some(row.state.attempts.into())),
    number("refusals", |row| Some(row.state.refusals.into())),
    instant("firstRangAt", |row| row.state.rang.last().copied()),
    instant("lastRangAt", |row| row.state.rang.first().copied()),
    instant("endedAt", |row| row.state.ended_at),
    number("talkedSecs", |row| row.state.talked.map(Into::into)),
    text("amd", |row| row.state.heard.clone()),
    text("hangupCause", |row| row.state.hangup_cause.clone()),
    number("sipCode", |row| row.state.sip_code.map(Into::into)),
    number("outcomeRule", |row| row.state.outcome_rule.map(Into::into)),
    text("rule", |row| row.rule().map(|rule| format!("{rule:?}"))),
];

const fn text(name: &'static str, cell: fn(&Row) -> Option<String>) -> Column {
    Column { name, reading: Reading::Text(cell) }
}

const fn number(name: &'static str, cell: fn(&Row) -> Option<i64>) -> Column {
    Column { name, reading: Reading::Number(cell) }
}

const fn instant(name: &'static str, cell: fn(&Row) -> Option<u32>) -> Column {
    Column { name, reading: Reading::Instant(cell) }
}

impl Row {
    /// A target of a job, without its number.
    #[must_use]
    pub fn new(job: &str, target: &TargetStatus) -> Self {
        Self { id: target.id.clone(), number: None, job: job.to_owned(), state: target.state.clone() }
    }

    /// A target of a job that nobody has touched.
    #[must_use]
    pub fn untouched(job: &str, id: &str) -> Self {
        let state = StoredState::from(dialer::TargetState::default());
        Self { id: id.to_owned(), number: None, job: job.to_owned(), state }
    }

    /// The rule that keeps the target from being called, or else one in spite of which it was called.
    #[must_use]
    pub fn rule(&self) -> Option<Rule> {
        self.state.rule.or(self.state.called_in_spite_of)
    }

    /// How the target ended; `None` while it has not.
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome> {
        self.state.outcome.filter(|_| self.state.state == StateName::Done)
    }

    /// The row as a JSON object with the names of the columns; what there is nothing to say of is left out.
    #[must_use]
    pub fn to_json(&self, with_numbers: bool) -> Map<String, Value> {
        let value = |cell| match cell {
            Cell::Text(text) => text.map(Value::from),
            Cell::Number(number) => number.map(Value::from),
            Cell::Instant(instant) => instant.map(|instant| Value::from(instant.to_string())),
        };
        columns(with_numbers).filter_map(|column| Some((column.name.to_owned(), value(column.of(self))?))).collect()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::*;

    /// Two targets: one called twice and reached, one untouched.
    pub(in crate::results) fn rows() -> Vec<Row> {
        let reached: TargetStatus = serde_json::from_value(json!({
            "id": "t1", "state": "Done", "attempts": 2, "refusals": 1, "last": "Completed", "outcome": "Completed",
            "rang": [1_800_003_600, 1_800_000_000], "endedAt": 1_800_003_634, "talked": 12, "heard": "human",
            "hangupCause": "normal_clearing", "sipCode": 200,
        }))
        .unwrap();
        let mut reached = Row::new("c-00000", &reached);
        reached.number = Some("+15550100".to_owned());
        vec![reached, Row::untouched("c-00000", "t2")]
    }

    #[test]
    fn a_row_says_all_that_is_known_and_leaves_out_the_rest() {
        let [reached, untouched] = &rows()[..] else { panic!("two rows") };
        assert_eq!(
            Value::Object(reached.to_json(false)),
            json!({
                "id": "t1", "job": "c-00000", "state": "Done", "outcome": "Completed", "lastOutcome": "Completed",
                "attempts": 2, "refusals": 1, "firstRangAt": "2027-01-15T08:00:00Z", "lastRangAt": "2027-01-15T09:00:00Z",
                "endedAt": "2027-01-15T09:00:34Z", "talkedSecs": 12, "amd": "human", "hangupCause": "normal_clearing",
                "sipCode": 200,
            })
        );
        let expected = json!({ "id": "t2", "job": "c-00000", "state": "Pending", "attempts": 0, "refusals": 0 });
        assert_eq!(Value::Object(untouched.to_json(false)), expected);
    }

    #[test]
    fn a_number_is_shown_only_to_who_asks() {
        let reached = &rows()[0];
        assert_eq!(reached.to_json(true)["number"], "+15550100");
        assert!(!columns(false).any(|column| column.name == NUMBER));
        let cells: Vec<Cell> = columns(false).map(|column| column.of(reached)).collect();
        assert!(!format!("{cells:?}").contains("5550100"));
    }
}
