//! What a list's status says, out of what its sources said. Pure.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::sources::Source;
use crate::api::{DoNotCallCount, DoNotCallListStatus, DoNotCallRejected};
use crate::dialing::conditions::{Fact, Reason, Type, merge};

/// The most rejected rows in a status.
const REJECTED_ROWS: usize = 100;
/// The longest problem of one source, in characters; the schema's bound.
const LONGEST: usize = 500;

/// Why a list is not obeyed whatever its sources say.
#[derive(Clone, Debug)]
pub(super) struct Obstacle {
    pub(super) reason: Reason,
    pub(super) message: String,
    /// Whether waiting may help.
    pub(super) passes: bool,
}

/// The status that says so. `before` is the one that was written last.
pub(super) fn report(
    generation: i64,
    obstacle: Option<&Obstacle>,
    sources: &[Source],
    before: &DoNotCallListStatus,
    now: Timestamp,
) -> DoNotCallListStatus {
    let counts: Vec<DoNotCallCount> = sources.iter().map(count).collect();
    let sum = |of: fn(&DoNotCallCount) -> u32| Some(counts.iter().map(of).fold(0, u32::saturating_add));
    let ages = sources.iter().filter(|source| source.ages()).filter_map(|source| source.said.as_ref());
    let facts = match obstacle {
        Some(obstacle) => hindered(obstacle),
        None => facts(sources),
    };
    DoNotCallListStatus {
        observed_generation: Some(generation),
        conditions: merge(&before.conditions, facts, generation, now),
        entries: sum(|count| count.entries),
        rejected: sum(|count| count.rejected),
        last_handled_reconcile_at: before.last_handled_reconcile_at.clone(),
        as_of: ages.map(|said| second(said.read_at)).min_by_key(|time| time.0),
        rejected_rows: sources.iter().flat_map(rejected).take(REJECTED_ROWS).collect(),
        sources: counts,
    }
}

fn count(source: &Source) -> DoNotCallCount {
    let said = source.said.as_ref();
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    DoNotCallCount {
        source: source.name.clone(),
        entries: said.map_or(0, |said| number(said.content.len())),
        rejected: said.map_or(0, |said| said.rejected),
        read_at: said.map(|said| second(said.read_at)),
        problem: source.problem.as_ref().map(|problem| problem.chars().take(LONGEST).collect()),
    }
}

fn rejected(source: &Source) -> impl Iterator<Item = DoNotCallRejected> {
    let rows = source.said.iter().flat_map(|said| said.complaints.iter());
    rows.map(|(line, problem)| DoNotCallRejected {
        source: source.name.clone(),
        line: *line,
        reason: problem.to_string(),
    })
}

fn second(at: Timestamp) -> Time {
    Time(Timestamp::from_second(at.as_second()).unwrap_or(at))
}

fn hindered(Obstacle { reason, message, passes }: &Obstacle) -> Vec<Fact> {
    let kind = if *passes { Type::Reconciling } else { Type::Stalled };
    vec![
        Fact::no(Type::Ready, *reason, message),
        Fact::no(Type::Synced, *reason, message),
        Fact::yes(kind, *reason, message),
    ]
}

fn facts(sources: &[Source]) -> Vec<Fact> {
    let unread = sources.iter().find(|source| source.said.is_none());
    if let Some(source) = unread {
        let problem = source.problem.as_deref().unwrap_or("it was not read yet");
        let message = format!("{}: {problem}; until it is read, the account's campaigns call nobody", source.name);
        let obstacle = Obstacle { reason: Reason::SourceNotReadable, message, passes: true };
        return hindered(&obstacle);
    }
    let ready = Fact::yes(Type::Ready, Reason::Listed, "every source was read; the account's campaigns obey the list");
    let stale = sources.iter().find_map(|source| Some((source, source.problem.as_deref()?, source.said.as_ref()?)));
    if let Some((source, problem, said)) = stale {
        let as_of = second(said.read_at).0;
        let message = format!("{}: {problem}; what was read at {as_of} goes on to count", source.name);
        return vec![ready, Fact::no(Type::Synced, Reason::RefreshFailed, message)];
    }
    let rejected: u32 = sources.iter().filter_map(|source| source.said.as_ref()).map(|said| said.rejected).sum();
    if rejected > 0 {
        let message = format!("{rejected} rows name no number and forbid nothing: see status.rejectedRows");
        return vec![ready, Fact::no(Type::Synced, Reason::RowsRejected, message)];
    }
    vec![ready, Fact::yes(Type::Synced, Reason::Synced, "")]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::DoNotCallEntry;
    use crate::dialing::Marking;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn read(name: &str, numbers: &[&str]) -> Source {
        let mut source = Source::new(name.to_owned(), None);
        let entries = numbers.iter().map(|number| DoNotCallEntry { number: (*number).to_owned(), expires_at: None });
        source.read_inline(&entries.collect::<Vec<_>>(), &Marking::Plain, at(10));
        source
    }

    fn said(status: &DoNotCallListStatus) -> Vec<(&str, &str, &str)> {
        let conditions = status.conditions.iter();
        conditions.map(|one| (one.type_.as_str(), one.status.as_str(), one.reason.as_str())).collect()
    }

    fn say(sources: &[Source]) -> DoNotCallListStatus {
        report(3, None, sources, &DoNotCallListStatus::default(), at(20))
    }

    #[test]
    fn a_list_is_ready_when_every_source_was_read_and_counts_each() {
        let status = say(&[read("numbers", &["+12", "+13", "+13"]), read("optOuts", &["+14"])]);
        assert_eq!(said(&status), [("Ready", "True", "Listed"), ("Synced", "True", "Synced")]);
        let counts: Vec<_> = status.sources.iter().map(|one| (one.source.as_str(), one.entries)).collect();
        assert_eq!((status.entries, counts), (Some(3), vec![("numbers", 2), ("optOuts", 1)]));
    }

    #[test]
    fn a_source_that_was_never_read_stops_the_account_and_one_that_was_goes_on_to_count() {
        let mut lost = Source::new("sources[0]".to_owned(), None);
        lost.problem = Some("ConfigMap a does not exist: create it".to_owned());
        let status = say(&[read("numbers", &["+12"]), lost]);
        let reason = "SourceNotReadable";
        assert_eq!(
            said(&status),
            [("Ready", "False", reason), ("Synced", "False", reason), ("Reconciling", "True", reason)]
        );
        assert!(status.conditions[0].message.starts_with("sources[0]: ConfigMap a does not exist"), "{status:?}");
        let mut stale = read("sources[0]", &["+12"]);
        stale.problem = Some("the server answered 503".to_owned());
        let status = say(&[stale]);
        assert_eq!(said(&status), [("Ready", "True", "Listed"), ("Synced", "False", "RefreshFailed")]);
        assert!(status.conditions[1].message.contains("1970-01-01T00:00:10Z"), "{status:?}");
    }

    #[test]
    fn rows_that_name_nobody_are_told_without_what_they_say() {
        let status = say(&[read("numbers", &["+12", "15550000041"])]);
        assert_eq!(said(&status)[1], ("Synced", "False", "RowsRejected"));
        assert_eq!((status.rejected, status.rejected_rows[0].line), (Some(1), 1));
        assert!(!serde_json::to_string(&status).unwrap().contains("555"));
    }

    #[test]
    fn the_same_again_is_the_same_status() {
        let sources = [read("numbers", &["+12"])];
        let first = say(&sources);
        assert_eq!(report(3, None, &sources, &first, at(99)), first);
    }
}
