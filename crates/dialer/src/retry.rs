//! What becomes of a target after an outcome.
//!
//! Promises one shared cap over all outcomes, and the least gap after anything that may have rung. Does not know how
//! the outcome was found out.

use std::time::Duration;

use jiff::Timestamp;

use crate::now::later;
use crate::outcome::{Outcome, UsualRetry};
use crate::spec::{RetryAction, RetryPolicy};
use crate::target::{Tally, TargetState};

/// The longest wait between carrier failures.
const LONGEST_INFRA_WAIT: Duration = Duration::from_mins(15);

/// The state after a claim ended in `outcome`. `before` is what had been used up before the claim.
pub(crate) fn settle(before: Tally, outcome: Outcome, policy: &RetryPolicy, wall: Timestamp) -> TargetState {
    let mut tally = Tally { last: Some(outcome), ..before };
    if outcome.uses_attempt() {
        tally.attempts = tally.attempts.saturating_add(1);
    } else {
        tally.refusals = tally.refusals.saturating_add(1);
    }
    match wait(before, tally, outcome, policy) {
        Some(wait) => {
            let gap = if outcome.may_have_rung() { policy.min_gap } else { Duration::ZERO };
            if let UsualRetry::Infra(_) = outcome.usual_retry() {
                tally.infra = tally.infra.saturating_add(1);
            }
            TargetState::Pending { tally, not_before: Some(later(wall, wait.max(gap))) }
        }
        None => TargetState::Done { tally, outcome },
    }
}

/// How long until the next attempt; `None` when there is none.
fn wait(before: Tally, after: Tally, outcome: Outcome, policy: &RetryPolicy) -> Option<Duration> {
    if matches!(outcome, Outcome::OptedOut | Outcome::ComplianceBlocked | Outcome::Expired) {
        return None;
    }
    let within_cap = after.attempts < policy.max_attempts_per_target;
    let within_infra = before.infra < policy.infra_retries;
    let backoff = policy.backoff.get(usize::from(after.attempts).saturating_sub(1)).or(policy.backoff.last());
    let rule = policy.rules.iter().find(|rule| rule.outcomes.contains(&outcome)).map(|rule| rule.action);
    match (rule, outcome.usual_retry()) {
        (Some(RetryAction::Finish), _) | (None, UsualRetry::Never) => None,
        (Some(RetryAction::Retry { after }), UsualRetry::Infra(wait)) => within_infra.then(|| after.unwrap_or(wait)),
        (Some(RetryAction::Retry { after }), usual) => {
            within_cap.then(|| after.or(backoff.copied()).unwrap_or_else(|| usual_wait(usual)))
        }
        (None, UsualRetry::OnceAfter(_)) if before.last == Some(outcome) => None,
        (None, UsualRetry::After(wait) | UsualRetry::OnceAfter(wait)) => {
            within_cap.then(|| backoff.copied().unwrap_or(wait))
        }
        (None, UsualRetry::WhenPossible(wait)) => Some(wait),
        (None, UsualRetry::Infra(wait)) => {
            within_infra.then(|| (wait * (u32::from(before.infra) + 1)).min(LONGEST_INFRA_WAIT))
        }
    }
}

fn usual_wait(usual: UsualRetry) -> Duration {
    match usual {
        UsualRetry::Never => Duration::ZERO,
        UsualRetry::After(wait)
        | UsualRetry::OnceAfter(wait)
        | UsualRetry::WhenPossible(wait)
        | UsualRetry::Infra(wait) => wait,
    }
}

/// The state of a claim that is given back undialled.
pub(crate) fn release(before: Tally) -> TargetState {
    let tally = Tally { refusals: before.refusals.saturating_add(1), ..before };
    TargetState::Pending { tally, not_before: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::RetryRule;

    const MINUTE: Duration = Duration::from_mins(1);

    fn policy() -> RetryPolicy {
        RetryPolicy {
            max_attempts_per_target: 3,
            min_gap: 10 * MINUTE,
            backoff: Vec::new(),
            infra_retries: 2,
            rules: Vec::new(),
        }
    }

    /// Plays outcomes one after the other and writes down the wait after each, in minutes, or `end`.
    fn play(policy: &RetryPolicy, outcomes: &[Outcome]) -> String {
        let wall = Timestamp::UNIX_EPOCH;
        let mut tally = Tally::default();
        let mut waits = Vec::new();
        for outcome in outcomes {
            let TargetState::Pending { tally: now, not_before: Some(at) } = settle(tally, *outcome, policy, wall)
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

    #[test]
    fn a_rule_overrides_the_table_within_the_caps() {
        let rule = |outcomes: &[Outcome], action| RetryRule { outcomes: outcomes.to_vec(), action };
        let rules = vec![
            rule(&[Outcome::Busy], RetryAction::Finish),
            rule(&[Outcome::VoicemailLeft], RetryAction::Retry { after: Some(1440 * MINUTE) }),
            rule(&[Outcome::OptedOut, Outcome::CarrierFailure], RetryAction::Retry { after: Some(MINUTE) }),
            rule(&[Outcome::VoicemailLeft], RetryAction::Finish),
        ];
        let policy = RetryPolicy { rules, ..policy() };
        assert_eq!(play(&policy, &[Outcome::Busy]), "end");
        assert_eq!(play(&policy, &[Outcome::VoicemailLeft; 3]), "1440 1440 end");
        assert_eq!(play(&policy, &[Outcome::OptedOut]), "end", "an opt-out is not negotiable");
        assert_eq!(play(&policy, &[Outcome::CarrierFailure; 3]), "1 1 end");
    }
}
