//! What becomes of a target after an outcome.
//!
//! Promises one shared cap over all outcomes, and the least gap after anything that may have rung. Does not know how
//! the outcome was found out.

use std::time::Duration;

use jiff::Timestamp;

use crate::now::later;
use crate::outcome::{Outcome, UsualRetry};
use crate::rules::{self, Evidence, MOST_IGNORED, RuleAction};
use crate::spec::RetryPolicy;
use crate::tally::{Halt, Tally};
use crate::target::TargetState;

/// The longest wait between carrier failures.
const LONGEST_INFRA_WAIT: Duration = Duration::from_mins(15);

/// In seconds.
const HOUR: u64 = 3600;
/// In seconds.
const DAY: u64 = 24 * HOUR;

/// What a rule waits where neither it, nor the backoff list, nor the table says how long.
const UNSAID: Duration = Duration::from_hours(1);

/// The state after a claim ended as `evidence` says. `before` is what had been used up before the claim.
pub(crate) fn settle(before: Tally, evidence: Evidence, policy: &RetryPolicy, wall: Timestamp) -> TargetState {
    let outcome = evidence.outcome;
    let rule = rules::action(&policy.rules, evidence);
    let mut tally = used_up(before, evidence, rule);
    match wait(before, tally, outcome, policy, rule) {
        Some(wait) => {
            let gap = if outcome.may_have_rung() { policy.min_gap } else { Duration::ZERO };
            tally.retried.count(outcome);
            tally.rule = None;
            let wait = wait.max(gap);
            let wait = if policy.vary_time_of_day { at_another_hour(outcome, wait) } else { wait };
            TargetState::Pending { tally, not_before: Some(later(wall, wait)) }
        }
        None => TargetState::Done { tally, outcome },
    }
}

/// Who was not at the phone at some hour is not likely to be there at that hour of another day.
fn at_another_hour(outcome: Outcome, wait: Duration) -> Duration {
    let unanswered = matches!(outcome, Outcome::NoAnswer | Outcome::Machine | Outcome::Silence);
    let days_later = wait.as_secs() + HOUR;
    let same_hour = days_later >= DAY && days_later % DAY < 2 * HOUR;
    if unanswered && same_hour { wait + Duration::from_secs(2 * HOUR) } else { wait }
}

/// What has been used up after it, and what it means to others.
fn used_up(before: Tally, evidence: Evidence, rule: Option<RuleAction>) -> Tally {
    let outcome = evidence.outcome;
    let mut tally = Tally { last: Some(outcome), detail: evidence.detail, ..before };
    if outcome.uses_attempt() {
        tally.attempts = tally.attempts.saturating_add(1);
    } else {
        tally.refusals = tally.refusals.saturating_add(1);
    }
    if let UsualRetry::Infra(_) = outcome.usual_retry() {
        tally.infra = tally.infra.saturating_add(1);
    }
    tally.dnc |= outcome == Outcome::OptedOut;
    tally.called_in_spite_of = before.called_in_spite_of;
    if outcome.uses_attempt() || tally.infra > before.infra {
        // Only a claim has a rule with it, and that is the one that was set aside for its call.
        tally.called_in_spite_of = before.called_in_spite_of.into_iter().chain(before.rule).min();
    }
    match rule {
        Some(RuleAction::Ignore { .. }) if outcome.uses_attempt() && tally.ignored < MOST_IGNORED => tally.ignored += 1,
        Some(RuleAction::FailCampaign) => tally.halt = Some(Halt::FailedByRule),
        Some(RuleAction::PauseCampaign) => tally.halt = tally.halt.max(Some(Halt::PausedByRule)),
        Some(RuleAction::AddToDnc) => tally.dnc = true,
        Some(RuleAction::Ignore { .. } | RuleAction::Retry { .. } | RuleAction::Finish) | None => {}
    }
    tally
}

/// How long until the next attempt; `None` when there is none.
fn wait(
    before: Tally,
    after: Tally,
    outcome: Outcome,
    policy: &RetryPolicy,
    rule: Option<RuleAction>,
) -> Option<Duration> {
    if after.dnc || matches!(outcome, Outcome::ComplianceBlocked | Outcome::Expired | Outcome::Skipped) {
        return None;
    }
    let within_cap = after.counted() < policy.max_attempts_per_target;
    let within_infra = before.infra < policy.infra_retries;
    let within = |most: u8| before.retried.after(outcome) < most;
    let backoff = policy.backoff.get(usize::from(after.attempts).saturating_sub(1)).or(policy.backoff.last());
    match (rule, outcome.usual_retry()) {
        (Some(RuleAction::Finish | RuleAction::FailCampaign | RuleAction::AddToDnc), _) => None,
        (Some(RuleAction::Retry { at_most: Some(most), .. }), _) if !within(most) => None,
        (Some(RuleAction::Retry { after, .. } | RuleAction::Ignore { after }), UsualRetry::Infra(wait)) => {
            within_infra.then(|| after.unwrap_or(wait))
        }
        (Some(RuleAction::Retry { after, .. } | RuleAction::Ignore { after }), usual) => {
            within_cap.then(|| after.or(backoff.copied()).unwrap_or_else(|| usual_wait(usual)))
        }
        (None | Some(RuleAction::PauseCampaign), usual) => match usual {
            UsualRetry::Never => None,
            UsualRetry::AtMost(most, _) if !within(most) => None,
            UsualRetry::After(wait) | UsualRetry::AtMost(_, wait) => {
                within_cap.then(|| backoff.copied().unwrap_or(wait))
            }
            UsualRetry::WhenPossible(wait) => Some(wait),
            UsualRetry::Infra(wait) => {
                within_infra.then(|| (wait * (u32::from(before.infra) + 1)).min(LONGEST_INFRA_WAIT))
            }
        },
    }
}

fn usual_wait(usual: UsualRetry) -> Duration {
    match usual {
        UsualRetry::Never => UNSAID,
        UsualRetry::After(wait)
        | UsualRetry::AtMost(_, wait)
        | UsualRetry::WhenPossible(wait)
        | UsualRetry::Infra(wait) => wait,
    }
}

/// The state of a claim that is given back undialled.
pub(crate) fn release(before: Tally) -> TargetState {
    let tally = Tally { refusals: before.refusals.saturating_add(1), rule: None, ..before };
    TargetState::Pending { tally, not_before: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compliance::Rule;
    use crate::rules::{Match, OutcomeRule};

    const MINUTE: Duration = Duration::from_mins(1);

    fn policy() -> RetryPolicy {
        RetryPolicy {
            max_attempts_per_target: 3,
            min_gap: 10 * MINUTE,
            backoff: Vec::new(),
            infra_retries: 2,
            vary_time_of_day: false,
            rules: Vec::new(),
        }
    }

    /// Plays outcomes one after the other and writes down the wait after each, in minutes, or `end`.
    fn play(policy: &RetryPolicy, outcomes: &[Outcome]) -> String {
        let wall = Timestamp::UNIX_EPOCH;
        let mut tally = Tally::default();
        let mut waits = Vec::new();
        for outcome in outcomes {
            let TargetState::Pending { tally: now, not_before: Some(at) } =
                settle(tally, Evidence::bare(*outcome), policy, wall)
            else {
                waits.push("end".to_owned());
                break;
            };
            tally = now;
            waits.push((at.as_second() / 60).to_string());
        }
        waits.join(" ")
    }

    #[test]
    fn all_outcomes_share_one_cap() {
        use Outcome::{Busy, CapacityLimited, CarrierFailure, Machine, NoAnswer, Rejected};
        assert_eq!(play(&policy(), &[NoAnswer, Busy, Machine]), "120 20 end");
        assert_eq!(play(&policy(), &[CapacityLimited, NoAnswer, CapacityLimited, Busy, NoAnswer]), "0 120 0 20 end");
        assert_eq!(play(&policy(), &[CarrierFailure, CarrierFailure, CarrierFailure]), "5 10 end");
        assert_eq!(play(&policy(), &[Rejected, Rejected]), "1440 end");
        assert_eq!(play(&policy(), &[Rejected, Busy, Rejected]), "1440 20 end");
    }

    #[test]
    fn the_backoff_list_replaces_the_usual_wait_but_not_the_least_gap() {
        let policy = RetryPolicy { max_attempts_per_target: 5, backoff: vec![MINUTE, 90 * MINUTE], ..policy() };
        assert_eq!(play(&policy, &[Outcome::NoAnswer; 5]), "10 90 90 90 end");
        assert_eq!(play(&policy, &[Outcome::Busy; 2]), "1 90");
    }

    fn rule(outcomes: &[Outcome], action: RuleAction) -> OutcomeRule {
        OutcomeRule { when: Match { outcomes: outcomes.to_vec(), ..Match::default() }, action }
    }

    fn again(after: Option<Duration>) -> RuleAction {
        RuleAction::Retry { after, at_most: None }
    }

    #[test]
    fn a_rule_overrides_the_table_within_the_caps() {
        let rules = vec![
            rule(&[Outcome::Busy], RuleAction::Finish),
            rule(&[Outcome::VoicemailLeft], again(Some(1440 * MINUTE))),
            rule(&[Outcome::OptedOut, Outcome::CarrierFailure], again(Some(MINUTE))),
            rule(&[Outcome::VoicemailLeft], RuleAction::Finish),
            rule(&[Outcome::InvalidNumber], again(None)),
        ];
        let policy = RetryPolicy { rules, ..policy() };
        assert_eq!(play(&policy, &[Outcome::Busy]), "end");
        assert_eq!(play(&policy, &[Outcome::VoicemailLeft; 3]), "1440 1440 end");
        assert_eq!(play(&policy, &[Outcome::OptedOut]), "end", "an opt-out is not negotiable");
        assert_eq!(play(&policy, &[Outcome::CarrierFailure; 3]), "1 1 end");
        assert_eq!(play(&policy, &[Outcome::InvalidNumber]), "60", "never at once where nobody says when");
    }

    #[test]
    fn busy_is_tried_again_twice_and_a_rule_sets_its_own_limit() {
        use Outcome::{Busy, Machine, NoAnswer};
        let policy = RetryPolicy { max_attempts_per_target: 9, ..policy() };
        assert_eq!(play(&policy, &[Busy, NoAnswer, Busy, Machine, Busy]), "20 120 20 240 end");
        let once = RuleAction::Retry { after: None, at_most: Some(1) };
        let policy = RetryPolicy { rules: vec![rule(&[NoAnswer], once)], ..policy };
        assert_eq!(play(&policy, &[NoAnswer, Busy, NoAnswer]), "120 20 end");
    }

    #[test]
    fn the_hour_of_the_day_varies_where_somebody_was_not_at_the_phone() {
        let days = |hours: u32| RetryPolicy { backoff: vec![60 * MINUTE * hours], vary_time_of_day: true, ..policy() };
        assert_eq!(play(&days(24), &[Outcome::NoAnswer]), "1560");
        assert_eq!(play(&days(48), &[Outcome::Machine]), "3000");
        assert_eq!(play(&days(30), &[Outcome::NoAnswer]), "1800", "it is another hour already");
        assert_eq!(play(&days(24), &[Outcome::Busy]), "1440", "somebody was there");
        assert_eq!(play(&RetryPolicy { vary_time_of_day: false, ..days(24) }, &[Outcome::NoAnswer]), "1440");
    }

    #[test]
    fn an_ignored_attempt_does_not_count_but_not_without_end() {
        let rules = vec![rule(&[Outcome::Machine], RuleAction::Ignore { after: Some(MINUTE) })];
        let policy = RetryPolicy { rules, max_attempts_per_target: 2, ..policy() };
        let waits = play(&policy, &[Outcome::Machine; 20]);
        assert_eq!(waits.split(' ').count(), 12, "ten are ignored, then two count: {waits}");
        assert!(waits.starts_with("10 10") && waits.ends_with("10 end"), "the least gap holds: {waits}");
        let mixed = [Outcome::Machine, Outcome::NoAnswer, Outcome::Machine, Outcome::NoAnswer];
        assert_eq!(play(&policy, &mixed), "10 120 10 end");
    }

    #[test]
    fn a_call_in_spite_of_a_rule_leaves_its_mark_whatever_becomes_of_later_ones() {
        let called = |tally: Tally, rule: Option<Rule>, outcome| {
            settle(Tally { rule, ..tally }, Evidence::bare(outcome), &policy(), Timestamp::UNIX_EPOCH).tally()
        };
        let refused = called(Tally::default(), Some(Rule::Consent), Outcome::CapacityLimited);
        assert_eq!((refused.rule, refused.called_in_spite_of), (None, None), "nobody was called");
        let frequency = called(refused, Some(Rule::Frequency), Outcome::Busy);
        assert_eq!((frequency.rule, frequency.called_in_spite_of), (None, Some(Rule::Frequency)));
        let lost = called(Tally::default(), Some(Rule::Consent), Outcome::CarrierFailure);
        assert_eq!(lost.called_in_spite_of, Some(Rule::Consent), "a call was placed");
        let later = called(frequency, None, Outcome::NoAnswer);
        assert_eq!(later.called_in_spite_of, Some(Rule::Frequency));
        assert_eq!(called(later, Some(Rule::Consent), Outcome::Completed).called_in_spite_of, Some(Rule::Consent));
    }

    #[test]
    fn what_a_rule_says_to_others_stays_with_the_target() {
        let end = |action| {
            let policy = RetryPolicy { rules: vec![rule(&[Outcome::NoAnswer], action)], ..policy() };
            settle(Tally::default(), Evidence::bare(Outcome::NoAnswer), &policy, Timestamp::UNIX_EPOCH)
        };
        let fail = end(RuleAction::FailCampaign);
        assert!(fail.is_done() && fail.tally().halt == Some(Halt::FailedByRule));
        let pause = end(RuleAction::PauseCampaign);
        assert!(!pause.is_done() && pause.tally().halt == Some(Halt::PausedByRule), "the target goes its usual way");
        let dnc = end(RuleAction::AddToDnc);
        assert!(dnc.is_done() && dnc.tally().dnc);
        let opted_out = settle(Tally::default(), Evidence::bare(Outcome::OptedOut), &policy(), Timestamp::UNIX_EPOCH);
        assert!(opted_out.is_done() && opted_out.tally().dnc);
    }
}
