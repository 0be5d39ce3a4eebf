//! How often a number is called, by whatever campaign.

use std::time::Duration;

use dialer::call::HangupCause;
use dialer::client_state::Position;
use dialer::spec::{CampaignSpec, FrequencyCap, Rest, RetryPolicy};
use dialer::{Aftermath, Event, JobId, Ring, TargetState, WaitingFor};

use crate::desk::{Desk, hung_up, leg_of, second_owner};
use crate::fixture::{spec, target, wall};

const HOUR: u64 = 3600;

/// Two calls in six hours; retried every minute otherwise.
fn capped() -> CampaignSpec {
    let retry = RetryPolicy {
        max_attempts_per_target: 9,
        min_gap: Duration::from_mins(1),
        backoff: vec![Duration::from_mins(1)],
        ..spec(1).retry
    };
    let frequency = vec![FrequencyCap { calls: 2, within: Duration::from_secs(6 * HOUR) }];
    CampaignSpec { retry, frequency, ..spec(1) }
}

/// Dials when there is a dial, and lets it ring out. Returns when.
fn ring(desk: &mut Desk) -> u64 {
    desk.pass_until_dial();
    let (dial, at) = (desk.dial(), desk.clock.as_secs());
    desk.tell(Event::DialAccepted { key: dial.key.clone(), leg: Some(leg_of(&dial)) });
    desk.webhook(&dial.key, leg_of(&dial), Position::Ringing, hung_up(HangupCause::Timeout, None));
    at
}

#[test]
fn a_number_is_not_called_more_often_than_its_cap_allows() {
    let mut desk = Desk::with(vec![TargetState::default()], capped());
    let times: Vec<u64> = (0..5).map(|_| ring(&mut desk)).collect();
    for pair in times.windows(3) {
        assert!(pair[2] - pair[0] >= 6 * HOUR - 1 && pair[2] - pair[0] < 6 * HOUR + 60, "{times:?}");
    }
}

#[test]
fn the_calls_of_another_campaign_count_also_after_a_restart_and_when_its_job_is_gone() {
    for gone in [false, true] {
        let mut desk = Desk::with(vec![TargetState::default()], capped());
        ring(&mut desk);
        ring(&mut desk);
        desk.store_all();
        let began = desk.clock;
        let mut desk = Desk::started(began + Duration::from_secs(10), desk.stored.clone(), capped());
        if gone {
            desk.tell(Event::JobRemoved { job: JobId::parse("job-0").unwrap() });
        }
        desk.second_campaign(capped(), vec![target(0, 0)]);
        desk.pass(60);
        desk.store_all();
        let second = desk.dialer.progress(&second_owner()).unwrap();
        assert!(matches!(second.waiting_for, WaitingFor::Due { .. }), "{:?}", second.waiting_for);
        desk.effects.clear();
        desk.tell(Event::JobRemoved { job: JobId::parse("job-0").unwrap() });
        let at = ring_of(&mut desk);
        assert!(at >= 6 * HOUR, "{at}");
    }
}

fn ring_of(desk: &mut Desk) -> u64 {
    for _ in 0..(10 * HOUR) {
        desk.pass(1);
        desk.store_all();
        if desk.next_dial().is_some() {
            return desk.clock.as_secs();
        }
    }
    panic!("never");
}

#[test]
fn rings_that_the_shell_remembers_count() {
    let mut desk = Desk::with(vec![TargetState::default()], capped());
    for at in [1, 2] {
        desk.tell(Event::RangBefore { number: target(0, 0).to, ring: Ring::bare(wall(Duration::from_secs(at))) });
    }
    assert!(ring(&mut desk) >= 6 * HOUR);
}

/// A number rang at these instants.
#[derive(Debug)]
struct Kept(dialer::PhoneNumber, Vec<Ring>);

impl dialer::CallHistory for Kept {
    fn rings(&self, number: &dialer::PhoneNumber) -> Vec<Ring> {
        if *number == self.0 { self.1.clone() } else { Vec::new() }
    }
}

#[test]
fn what_is_kept_of_jobs_that_are_gone_counts_and_not_twice_when_the_job_is_there_again() {
    let kept = |times: &[u64]| {
        let times = times.iter().map(|at| Ring::bare(wall(Duration::from_secs(*at)))).collect();
        Event::HistorySet { history: std::sync::Arc::new(Kept(target(0, 0).to, times)) }
    };
    let mut desk = Desk::with(vec![TargetState::default()], capped());
    desk.tell(kept(&[1, 2]));
    assert!(ring(&mut desk) >= 6 * HOUR);
    let mut desk = Desk::with(vec![TargetState::default()], capped());
    desk.tell(Event::RangBefore { number: target(0, 0).to, ring: Ring::bare(wall(Duration::from_millis(1300))) });
    desk.tell(kept(&[1]));
    assert!(ring(&mut desk) < HOUR, "one ring of two that the cap allows");
}

#[test]
fn a_cap_that_was_set_aside_is_named_with_the_call_that_it_objects_to() {
    let set_aside = std::collections::BTreeSet::from([dialer::compliance::Rule::Frequency]);
    let mut desk = Desk::with(vec![TargetState::default()], dialer::CampaignSpec { set_aside, ..capped() });
    for at in [1, 2] {
        desk.tell(Event::RangBefore { number: target(0, 0).to, ring: Ring::bare(wall(Duration::from_secs(at))) });
    }
    desk.pass(6);
    let states = desk.save().states.clone();
    assert_eq!(states[0].tally().rule, Some(dialer::compliance::Rule::Frequency));
}

#[test]
fn a_number_is_called_by_one_campaign_at_a_time() {
    let mut desk = Desk::with(vec![TargetState::default()], spec(1));
    desk.second_campaign(spec(1), vec![target(0, 0)]);
    desk.pass_until_dial();
    let dial = desk.dial();
    desk.tell(Event::DialAccepted { key: dial.key.clone(), leg: Some(leg_of(&dial)) });
    for _ in 0..25 {
        desk.pass(1);
        desk.store_all();
        assert!(desk.next_dial().is_none());
    }
    desk.webhook(&dial.key, leg_of(&dial), Position::Ringing, hung_up(HangupCause::Timeout, None));
    desk.pass_until_dial();
    assert_ne!(desk.dial().key.attempt.owner, dial.key.attempt.owner);
}

/// A number is left alone for a week after a conversation, and for a day after a machine; retried every minute otherwise.
fn rested() -> CampaignSpec {
    let day = Duration::from_hours(24);
    let rests =
        vec![Rest { after: Aftermath::Conversation, lasts: 7 * day }, Rest { after: Aftermath::Machine, lasts: day }];
    CampaignSpec { frequency: Vec::new(), rests, ..capped() }
}

/// Dials, and ends the call at this position. Returns when it was dialled.
fn end(desk: &mut Desk, position: &str, cause: HangupCause) -> u64 {
    desk.pass_until_dial();
    let (dial, at) = (desk.dial(), desk.clock.as_secs());
    desk.tell(Event::DialAccepted { key: dial.key.clone(), leg: Some(leg_of(&dial)) });
    desk.webhook(&dial.key, leg_of(&dial), Position::decode(position).unwrap(), hung_up(cause, None));
    at
}

#[test]
fn a_number_is_left_alone_after_a_conversation_by_every_campaign_that_promises_it_also_when_the_job_is_gone() {
    for gone in [false, true] {
        let mut desk = Desk::with(vec![TargetState::default()], rested());
        let talked = end(&mut desk, "hdh", HangupCause::NormalClearing);
        desk.settle_down();
        let mut desk = Desk::started(desk.clock, desk.stored.clone(), rested());
        if gone {
            desk.tell(Event::JobRemoved { job: JobId::parse("job-0").unwrap() });
        }
        desk.second_campaign(rested(), vec![target(0, 0)]);
        desk.pass(3600);
        desk.settle_down();
        let second = desk.dialer.progress(&second_owner()).unwrap();
        assert!(matches!(second.waiting_for, WaitingFor::Due { .. }), "{:?}", second.waiting_for);
        desk.pass(7 * 24 * HOUR - 2 * HOUR);
        let again = end(&mut desk, "r", HangupCause::Timeout);
        assert!((7 * 24 * HOUR - 5..7 * 24 * HOUR + 60).contains(&(again - talked)), "{talked}, {again}");
    }
}

#[test]
fn who_promises_no_rest_calls_after_a_conversation_as_ever() {
    let mut desk = Desk::with(vec![TargetState::default()], rested());
    let talked = end(&mut desk, "hdh", HangupCause::NormalClearing);
    desk.second_campaign(CampaignSpec { rests: Vec::new(), ..rested() }, vec![target(0, 0)]);
    assert!(end(&mut desk, "r", HangupCause::Timeout) < talked + HOUR);
}

#[test]
fn a_rest_outlasts_the_calls_in_between_and_is_no_longer_than_its_own() {
    let mut desk = Desk::with(vec![TargetState::default()], rested());
    let machine = end(&mut desk, "hrm", HangupCause::NormalClearing);
    desk.settle_down();
    desk.pass(20 * HOUR);
    desk.store_all();
    let next = end(&mut desk, "r", HangupCause::Timeout);
    assert!((24 * HOUR - 5..24 * HOUR + 60).contains(&(next - machine)), "{machine}, {next}");
    let after_nobody = end(&mut desk, "r", HangupCause::Timeout);
    assert!(after_nobody - next < HOUR, "nobody answered: {next}, {after_nobody}");
}
