//! Dials whose answer is lost, or is no.

use std::time::Duration;

use dialer::call::{HangupCause, What};
use dialer::client_state::Position;
use dialer::effect::{CommandKind, Dial};
use dialer::{Effect, Event, TargetState, WaitingFor};

use crate::desk::{Desk, hung_up, leg, leg_of, other_leg, owner, refusal};
use crate::fixture::spec;

#[test]
fn a_lost_answer_is_asked_again_under_the_same_id_and_then_looked_up() {
    let (mut desk, dial) = Desk::dialled(spec(1));
    let began = desk.clock;
    let mut resends = 0;
    while desk.clock < began + Duration::from_mins(1) {
        desk.tell(Event::DialFateUnknown { key: dial.key.clone() });
        desk.pass(3);
        while let Some(again) = desk.next_dial() {
            assert_eq!(again.command_id, dial.command_id);
            assert!(desk.clock <= began + Duration::from_secs(48), "Telnyx may have forgotten the id");
            resends += 1;
        }
    }
    assert!(resends > 10, "{resends}");
    assert_eq!(desk.look_up().key, dial.key);
}

#[test]
fn a_refused_resend_says_nothing_about_the_first_dial() {
    let (mut desk, dial) = Desk::dialled(spec(1));
    desk.tell(Event::DialFateUnknown { key: dial.key.clone() });
    desk.pass(2);
    assert_eq!(desk.dial().command_id, dial.command_id);
    desk.tell(Event::DialRefused { key: dial.key.clone(), refusal: refusal(429, "90103") });
    let counts = desk.dialer.progress(&owner()).unwrap().tallied.counts;
    assert_eq!((counts.claimed, counts.waiting()), (1, 0), "a phone may be ringing");
}

#[test]
fn a_refusal_for_speed_stops_all_dialing_even_when_its_own_dial_is_known_to_ring() {
    let mut desk = Desk::with(vec![TargetState::default(); 5], spec(1));
    desk.pass(6);
    desk.store_all();
    let dial = desk.dial();
    desk.webhook(&dial.key, leg(), Position::Ringing, What::Initiated);
    while desk.next_dial().is_some() {}
    let wait = refusal(429, "10011");
    let wait = dialer::call::Refusal { retry_after: Some(Duration::from_secs(20)), ..wait };
    desk.tell(Event::DialRefused { key: dial.key, refusal: wait });
    for _ in 0..19 {
        desk.pass(1);
        desk.store_all();
        assert!(desk.next_dial().is_none(), "Telnyx has asked for 20 s without requests");
    }
    desk.pass_until_dial();
}

#[test]
fn a_refused_dial_is_tried_again_under_a_new_id_and_the_same_attempt() {
    let (mut desk, dial) = Desk::dialled(spec(1));
    desk.tell(Event::DialRefused { key: dial.key.clone(), refusal: refusal(429, "90103") });
    desk.pass(1);
    desk.store();
    desk.pass(10);
    desk.store();
    let again = desk.dial();
    assert_eq!(again.key.attempt, dial.key.attempt);
    assert_ne!(again.command_id, dial.command_id);
}

#[test]
fn a_late_hangup_of_a_failed_try_does_not_end_the_next() {
    let (mut desk, first) = Desk::ringing(spec(1));
    desk.webhook(&first.key, leg(), Position::Ringing, hung_up(HangupCause::Unspecified, Some(503)));
    desk.pass(1);
    desk.store();
    desk.pass(302);
    desk.store();
    let second = desk.dial();
    assert_eq!(second.key.attempt, first.key.attempt, "a carrier failure gives its attempt back");
    desk.webhook(&first.key, leg(), Position::Ringing, hung_up(HangupCause::Unspecified, Some(503)));
    assert_eq!(desk.dialer.progress(&owner()).unwrap().tallied.counts.in_flight(), 1);
}

#[test]
fn a_second_leg_of_one_dial_is_hung_up_once() {
    let (mut desk, dial) = Desk::ringing(spec(1));
    for _ in 0..2 {
        desk.webhook(&dial.key, other_leg(), Position::Ringing, What::Answered);
    }
    let hangup = desk.command();
    assert_eq!((hangup.kind, hangup.leg), (CommandKind::Hangup, other_leg()));
    assert!(desk.next_command().is_none());
    assert_eq!(desk.dialer.progress(&owner()).unwrap().tallied.counts.in_flight(), 1);
}

#[test]
fn a_configuration_error_stops_the_campaign_at_the_first_refusal_until_something_changes() {
    let mut desk = Desk::with(vec![TargetState::default(); 5], spec(10));
    desk.pass(6);
    desk.store();
    let first = desk.dial();
    desk.tell(Event::DialRefused { key: first.key, refusal: refusal(422, "10015") });
    desk.effects.retain(|effect| !matches!(effect, Effect::Dial(_)));
    desk.pass(60);
    let states = desk.store();
    assert!(states.iter().all(|state| state.tally().attempts == 0), "no attempt is used");
    assert!(desk.next_dial().is_none());
    let waiting_for = desk.dialer.progress(&owner()).unwrap().waiting_for;
    assert!(matches!(waiting_for, WaitingFor::ConfigError { status: 422, .. }), "{waiting_for:?}");
    desk.set(spec(10));
    desk.pass(1);
    desk.store();
    assert!(desk.next_dial().is_some());
}

#[test]
fn a_configuration_error_that_was_mended_elsewhere_is_found_by_one_dial_now_and_then() {
    let mut desk = Desk::with(vec![TargetState::default(); 5], spec(10));
    let dials = |desk: &mut Desk, seconds: u64| {
        let mut dials = vec![];
        for _ in 0..seconds {
            desk.pass(1);
            desk.store_all();
            dials.extend(std::iter::from_fn(|| desk.next_dial()));
        }
        dials
    };
    let refuse = |desk: &mut Desk, dial: &Dial| {
        desk.tell(Event::DialRefused { key: dial.key.clone(), refusal: refusal(403, "10010") });
    };
    desk.pass_until_dial();
    while let Some(dial) = desk.next_dial() {
        refuse(&mut desk, &dial);
    }
    let [trial] = &dials(&mut desk, 61)[..] else { panic!("one trial after a minute") };
    refuse(&mut desk, trial);
    assert!(dials(&mut desk, 115).is_empty(), "the next one waits twice as long");
    let [trial] = &dials(&mut desk, 10)[..] else { panic!("one trial after two minutes") };
    assert!(matches!(desk.waiting_for(), WaitingFor::ConfigError { status: 403, .. }));
    desk.tell(Event::DialAccepted { key: trial.key.clone(), leg: Some(leg_of(trial)) });
    assert!(!dials(&mut desk, 10).is_empty(), "all the others follow");
    assert!(!matches!(desk.waiting_for(), WaitingFor::ConfigError { .. }));
}
