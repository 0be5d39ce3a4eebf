//! Outcome rules, and what they mean to the rest of the campaign.

use std::time::Duration;

use dialer::call::{HangupCause, What};
use dialer::client_state::{Party, Position};
use dialer::rules::{Match, OutcomeRule, RuleAction};
use dialer::spec::{CampaignSpec, DialRate, RetryPolicy};
use dialer::target::Halt;
use dialer::{AttemptKey, CampaignEnd, DialKey, Event, Outcome, TargetState, WaitingFor};

use crate::desk::{Desk, hung_up, leg, leg_of, owner};
use crate::fixture::{spec, target};

/// A campaign with one rule.
fn with_rule(when: Match, action: RuleAction) -> CampaignSpec {
    let rules = vec![OutcomeRule { when, action }];
    CampaignSpec { retry: RetryPolicy { rules, ..spec(1).retry }, ..spec(1) }
}

fn on(outcomes: &[Outcome]) -> Match {
    Match { outcomes: outcomes.to_vec(), ..Match::default() }
}

/// Two targets, of which the first was dialled and hung up on like this.
fn after_first_call(mut spec: CampaignSpec, end: What) -> Desk {
    spec.pacing.dials_per_second = DialRate::from_millis(100);
    let mut desk = Desk::with(vec![TargetState::default(); 2], spec);
    desk.pass_until_dial();
    let dial = desk.dial();
    desk.tell(Event::DialAccepted { key: dial.key.clone(), leg: Some(leg_of(&dial)) });
    desk.webhook(&dial.key, leg_of(&dial), Position::Ringing, end);
    desk
}

fn no_answer() -> What {
    hung_up(HangupCause::Timeout, None)
}

#[test]
fn a_rule_that_fails_the_campaign_ends_whoever_waits() {
    let mut desk = after_first_call(with_rule(on(&[Outcome::NoAnswer]), RuleAction::FailCampaign), no_answer());
    let states = desk.settle_down();
    assert!(matches!(states[0], TargetState::Done { outcome: Outcome::NoAnswer, .. }));
    assert!(matches!(states[1], TargetState::Done { outcome: Outcome::Skipped, .. }));
    let progress = desk.dialer.progress(&owner()).unwrap();
    assert_eq!((progress.complete, progress.end), (true, Some(CampaignEnd::FailedByRule)));
    let successor = Desk::started(Duration::from_mins(1), states, spec(1));
    let progress = successor.dialer.progress(&owner()).unwrap();
    assert_eq!(
        progress.end,
        Some(CampaignEnd::FailedByRule),
        "a restart does not forget, nor does an edit of the rule"
    );
}

#[test]
fn a_rule_that_pauses_the_campaign_holds_until_it_is_changed_and_over_restarts() {
    let paused = with_rule(on(&[Outcome::NoAnswer]), RuleAction::PauseCampaign);
    let mut desk = after_first_call(paused.clone(), no_answer());
    let states = desk.settle_down();
    assert!(desk.next_dial().is_none());
    assert_eq!(desk.waiting_for(), WaitingFor::Halt(Halt::PausedByRule));
    let paused = CampaignSpec { ring_timeout: Duration::from_secs(31), ..paused };
    let mut successor = Desk::started(Duration::from_secs(90), states, paused.clone());
    assert!(successor.settle_down().is_empty(), "nothing is written");
    assert_eq!(successor.waiting_for(), WaitingFor::Halt(Halt::PausedByRule));
    successor.set(paused);
    assert_eq!(successor.waiting_for(), WaitingFor::Halt(Halt::PausedByRule), "the same spec again is no change");
    successor.set(spec(1));
    successor.pass_until_dial();
    assert_eq!(successor.dial().to, target(0, 1).to);
}

#[test]
fn a_halt_that_is_lifted_while_the_store_is_being_read_stays_lifted() {
    let pausing = with_rule(on(&[Outcome::NoAnswer]), RuleAction::PauseCampaign);
    let mut desk = after_first_call(pausing, no_answer());
    desk.settle_down();
    assert_eq!(desk.waiting_for(), WaitingFor::Halt(Halt::PausedByRule));
    let halted = desk.stored.clone();
    // Somebody else writes the job, so that it is read; meanwhile a person lets the campaign go on.
    let attempt = AttemptKey { owner: owner(), target: target(0, 0).id, n: 100 };
    let unheard_of = DialKey { attempt, refusals: 0 };
    desk.webhook(&unheard_of, leg(), Position::Ringing, What::Other);
    desk.pass(1);
    desk.set(spec(1));
    desk.reload(halted);
    desk.settle_down();
    assert_ne!(desk.waiting_for(), WaitingFor::Halt(Halt::PausedByRule), "somebody has looked, and let it go on");
}

#[test]
fn a_rule_puts_a_number_on_the_list_that_every_campaign_obeys() {
    let rejects = Match { sip: vec![603], ..Match::default() };
    let mut desk =
        after_first_call(with_rule(rejects, RuleAction::AddToDnc), hung_up(HangupCause::CallRejected, Some(603)));
    let number = target(0, 0).to;
    assert_eq!(desk.dialer.do_not_call_learned().collect::<Vec<_>>(), [&number]);
    desk.second_campaign(spec(1), vec![target(0, 0), target(1, 1)]);
    desk.settle_down();
    let second = desk.dialer.progress(&crate::desk::second_owner()).unwrap().tallied;
    assert_eq!(second.outcomes.get(&Outcome::ComplianceBlocked), Some(&1));
    let called: Vec<_> = std::iter::from_fn(|| desk.next_dial()).map(|dial| dial.to).collect();
    assert!(!called.contains(&number) && called.contains(&target(1, 1).to), "{called:?}");
}

#[test]
fn who_opts_out_is_not_called_again_after_a_restart_either() {
    let mut desk = after_first_call(spec(1), hung_up(HangupCause::CallRejected, Some(607)));
    let states = desk.settle_down();
    let successor = Desk::started(Duration::from_mins(1), states, spec(1));
    assert_eq!(successor.dialer.do_not_call_learned().count(), 1);
}

#[test]
fn a_rule_may_be_about_who_answered() {
    let machine = Match { heard: vec![Party::Machine], ..Match::default() };
    let mut desk = Desk::with(vec![TargetState::default()], with_rule(machine, RuleAction::Finish));
    desk.pass_until_dial();
    let dial = desk.dial();
    desk.tell(Event::DialAccepted { key: dial.key.clone(), leg: Some(leg_of(&dial)) });
    let declined = Position::decode("hrm").unwrap();
    desk.webhook(&dial.key, leg_of(&dial), declined, hung_up(HangupCause::NormalClearing, None));
    assert_eq!(desk.outcome(), Some(Outcome::Machine), "usually it is tried again");
}

#[test]
fn an_ignored_attempt_is_dialled_again_as_another_attempt() {
    let ignore = RuleAction::Ignore { after: Some(Duration::from_mins(1)) };
    let mut campaign = with_rule(on(&[Outcome::NoAnswer]), ignore);
    campaign.retry.max_attempts_per_target = 1;
    campaign.retry.min_gap = Duration::from_secs(1);
    let mut desk = Desk::with(vec![TargetState::default()], campaign);
    let mut keys = Vec::new();
    for _ in 0..3 {
        desk.pass_until_dial();
        let dial = desk.dial();
        desk.tell(Event::DialAccepted { key: dial.key.clone(), leg: Some(leg_of(&dial)) });
        desk.webhook(&dial.key, leg_of(&dial), Position::Ringing, no_answer());
        keys.push(dial.key.attempt.n);
    }
    assert_eq!(keys, [1, 2, 3], "no phone rings twice under one key");
}
