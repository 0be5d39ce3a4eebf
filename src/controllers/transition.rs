//! Which change of a campaign's or a job's conditions is worth an event. Pure.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use reconcile_plan::EventKind;

use crate::telemetry::Told;

/// The event about the step from `before` to `after`; `None` where nothing has happened that a person would want to read of.
/// Where several things have, the first of: its end, what it needs a person for or waits for, its calling window.
#[must_use]
pub(super) fn transition(before: &[Condition], after: &[Condition]) -> Option<Told> {
    let is_news = |now: &&Condition| now.status == "True" && !same(find(before, &now.type_), now);
    let over = ["Failed", "Complete"].into_iter().find_map(|kind| find(after, kind).filter(is_news));
    let stalled = find(after, "Stalled");
    let headline = stalled.or_else(|| find(after, "Ready"));
    let was = find(before, "Stalled").or_else(|| find(before, "Ready"));
    let moved = headline.filter(|now| !same(was, now));
    let window = find(after, "WindowOpen")
        .filter(|now| find(before, "WindowOpen").is_some_and(|before| before.status != now.status));
    let gap = find(after, "Synced").filter(|now| now.reason == "JobsDeleted" && !same(find(before, "Synced"), now));
    let now = over.or(gap).or(moved).or(window)?;
    let warns = stalled.is_some() || gap.is_some();
    let kind = if warns { EventKind::Warning } else { EventKind::Normal };
    Some(Told { kind, reason: now.reason.clone(), note: note(now) })
}

/// The event about rules that are set aside; `None` where these are the same as before.
#[must_use]
pub(super) fn override_told(before: &[Condition], after: &[Condition]) -> Option<Told> {
    let said = |conditions| find(conditions, "RulesSetAside").map(|condition| condition.message.as_str());
    let (kind, reason, note) = match (said(before), said(after)) {
        (before, Some(after)) if before != Some(after) => (EventKind::Warning, "RulesSetAside", after),
        (Some(_), None) => (EventKind::Normal, "RulesKept", "no rule is set aside any more"),
        (Some(_) | None, Some(_)) | (None, None) => return None,
    };
    Some(Told { kind, reason: reason.to_owned(), note: note.to_owned() })
}

fn find<'a>(conditions: &'a [Condition], kind: &str) -> Option<&'a Condition> {
    conditions.iter().find(|condition| condition.type_ == kind)
}

fn same(before: Option<&Condition>, now: &Condition) -> bool {
    before
        .is_some_and(|before| (&before.type_, &before.status, &before.reason) == (&now.type_, &now.status, &now.reason))
}

/// An event without a note is refused by no API server, but says little.
fn note(condition: &Condition) -> String {
    if !condition.message.is_empty() {
        return condition.message.clone();
    }
    match condition.reason.as_str() {
        "Dialing" => "everything is there: calls are started as pacing and windows allow".to_owned(),
        "WindowOpen" => "a calling window is open".to_owned(),
        "WindowClosed" => "no target's calling window is open".to_owned(),
        "Suspended" => "spec.suspend is set".to_owned(),
        reason => format!("{} is {} ({reason})", condition.type_, condition.status),
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::dialing::conditions::{Fact, Reason, Type, merge};

    fn conditions(facts: Vec<Fact>) -> Vec<Condition> {
        merge(&[], facts, 1, Timestamp::UNIX_EPOCH)
    }

    fn reason(before: &[Condition], after: &[Condition]) -> Option<(EventKind, String)> {
        transition(before, after).map(|told| (told.kind, told.reason))
    }

    fn going(dialing: Reason, window: bool) -> Vec<Condition> {
        let open = if window {
            Fact::yes(Type::WindowOpen, Reason::WindowOpen, "")
        } else {
            Fact::no(Type::WindowOpen, Reason::WindowClosed, "")
        };
        conditions(vec![
            Fact::yes(Type::Ready, Reason::Dialing, ""),
            Fact::yes(Type::Dialing, dialing, ""),
            open,
            Fact::no(Type::Complete, Reason::TargetsLeft, ""),
        ])
    }

    #[test]
    fn what_flickers_is_no_event_and_what_turns_is_one() {
        let (pacing, full) = (going(Reason::Dialing, true), going(Reason::AtConcurrencyLimit, true));
        assert_eq!(reason(&pacing, &full), None, "pacing comes and goes many times a minute");
        assert_eq!(reason(&[], &pacing), Some((EventKind::Normal, "Dialing".to_owned())));
        let closed = going(Reason::Dialing, false);
        assert_eq!(reason(&pacing, &closed), Some((EventKind::Normal, "WindowClosed".to_owned())));
        assert_eq!(reason(&closed, &closed), None);
    }

    #[test]
    fn rules_that_are_set_aside_are_warned_of_once_per_change() {
        let with = |message: &str| conditions(vec![Fact::yes(Type::RulesSetAside, Reason::Overridden, message)]);
        let told = |before: &[Condition], after: &[Condition]| {
            override_told(before, after).map(|told| (told.kind, told.reason))
        };
        let (one, two) = (with("Consent"), with("Consent, Frequency"));
        let warning = Some((EventKind::Warning, "RulesSetAside".to_owned()));
        assert_eq!((told(&[], &one), told(&one, &one), told(&one, &two)), (warning.clone(), None, warning));
        assert_eq!(told(&two, &[]), Some((EventKind::Normal, "RulesKept".to_owned())));
        assert_eq!(told(&[], &[]), None);
    }

    #[test]
    fn trouble_is_a_warning_and_the_end_is_told_once() {
        let stalled = conditions(vec![
            Fact::no(Type::Ready, Reason::ConfigRefused, "why"),
            Fact::yes(Type::Stalled, Reason::ConfigRefused, "why"),
        ]);
        let told = transition(&going(Reason::Dialing, true), &stalled).unwrap();
        assert_eq!((told.kind, told.reason.as_str(), told.note.as_str()), (EventKind::Warning, "ConfigRefused", "why"));
        let ended = conditions(vec![
            Fact::yes(Type::Ready, Reason::AllTargetsEnded, "every target has ended"),
            Fact::yes(Type::Complete, Reason::AllTargetsEnded, "every target has ended"),
        ]);
        assert_eq!(reason(&stalled, &ended), Some((EventKind::Normal, "AllTargetsEnded".to_owned())));
        assert_eq!(reason(&ended, &ended), None);
        let failed = conditions(vec![
            Fact::no(Type::Ready, Reason::DeadlineExceeded, "why"),
            Fact::yes(Type::Stalled, Reason::DeadlineExceeded, "why"),
            Fact::no(Type::Complete, Reason::DeadlineExceeded, "why"),
            Fact::yes(Type::Failed, Reason::DeadlineExceeded, "why"),
        ]);
        assert_eq!(
            reason(&going(Reason::Dialing, true), &failed),
            Some((EventKind::Warning, "DeadlineExceeded".to_owned()))
        );
        assert_eq!(reason(&failed, &failed), None);
    }
}
