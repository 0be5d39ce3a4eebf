//! The list of numbers that nobody may call.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use dialer::call::HangupCause;
use dialer::client_state::Position;
use dialer::compliance::Rule;
use dialer::{CampaignSpec, Event, Outcome, Screening, TargetState, WaitingFor};

use crate::desk::{Desk, hung_up, leg_of, owner};
use crate::fixture::{spec, target, wall};

fn list(desk: &mut Desk, numbers: &[u32]) {
    let numbers: BTreeSet<_> = numbers.iter().map(|index| target(0, *index).to).collect();
    desk.tell(Event::DoNotCallSet { lists: Screening::Ready { list: Arc::new(numbers), as_of: None } });
}

#[test]
fn a_listed_number_is_not_claimed() {
    let mut desk = Desk::with(vec![TargetState::default(); 2], spec(1));
    list(&mut desk, &[0]);
    desk.pass_until_dial();
    assert_eq!(desk.dial().to, target(0, 1).to);
    let outcomes = desk.dialer.progress(&owner()).unwrap().tallied.outcomes;
    assert_eq!(outcomes.get(&Outcome::ComplianceBlocked), Some(&1));
}

#[test]
fn a_number_listed_between_claim_and_dial_is_not_dialled() {
    let mut desk = Desk::new();
    desk.pass(6);
    let save = desk.save();
    list(&mut desk, &[0]);
    desk.tell(save.stored(dialer::Version::new("2")));
    let states = desk.settle_down();
    assert!(desk.next_dial().is_none());
    assert!(matches!(states[..], [TargetState::Done { outcome: Outcome::ComplianceBlocked, .. }]));
}

#[test]
fn a_number_listed_while_its_dial_is_in_doubt_is_not_asked_for_again() {
    let (mut desk, dial) = Desk::dialled(spec(1));
    desk.tell(Event::DialFateUnknown { key: dial.key.clone() });
    list(&mut desk, &[0]);
    desk.pass(10);
    assert!(desk.next_dial().is_none());
    assert_eq!(desk.look_up().key, dial.key, "it may ring already");
}

#[test]
fn a_number_taken_off_the_list_can_be_called() {
    let mut desk = Desk::with(vec![TargetState::default()], spec(1));
    list(&mut desk, &[0]);
    list(&mut desk, &[]);
    desk.pass_until_dial();
    assert_eq!(desk.dial().to, target(0, 0).to);
}

#[test]
fn a_rule_that_objects_after_the_claim_is_stored_before_the_call_leaves() {
    let set_aside = BTreeSet::from([Rule::DoNotCall]);
    let mut desk = Desk::with(vec![TargetState::default()], CampaignSpec { set_aside, ..spec(1) });
    desk.pass(6);
    let save = desk.save();
    assert_eq!(rule(&save.states[0]), None);
    list(&mut desk, &[0]);
    desk.tell(save.stored(dialer::Version::new("2")));
    assert!(desk.next_dial().is_none(), "what is stored says nothing of the list");
    desk.pass_until_dial();
    assert_eq!(rule(&desk.stored[0]), Some(Rule::DoNotCall));
    assert_eq!(desk.dial().to, target(0, 0).to);
}

/// What a target says of the rule that decided.
fn rule(state: &TargetState) -> Option<Rule> {
    state.tally().rule
}

#[test]
fn while_a_list_cannot_be_asked_nobody_is_called_and_then_everybody_is() {
    let mut desk = Desk::with(vec![TargetState::default()], spec(1));
    desk.tell(Event::DoNotCallSet { lists: Screening::NotReady });
    desk.pass(30);
    assert!(!desk.wants_to_save() && desk.next_dial().is_none());
    assert_eq!(desk.waiting_for(), WaitingFor::DoNotCallLists);
    list(&mut desk, &[]);
    desk.pass_until_dial();
    assert_eq!(desk.dial().to, target(0, 0).to);
}

#[test]
fn a_claim_is_given_back_when_the_lists_are_lost_before_its_dial() {
    let mut desk = Desk::new();
    desk.pass(6);
    let save = desk.save();
    desk.tell(Event::DoNotCallSet { lists: Screening::NotReady });
    desk.tell(save.stored(dialer::Version::new("2")));
    let states = desk.settle_down();
    assert!(desk.next_dial().is_none());
    assert!(matches!(states[..], [TargetState::Pending { .. }]), "{states:?}");
}

#[test]
fn a_list_older_than_the_campaign_allows_stops_it() {
    let month = Duration::from_hours(31 * 24);
    let mut desk = Desk::with(vec![TargetState::default()], CampaignSpec { max_list_age: Some(month), ..spec(1) });
    let as_of = |at| Screening::Ready { list: Arc::new(BTreeSet::new()), as_of: Some(at) };
    let now = wall(desk.clock);
    desk.tell(Event::DoNotCallSet { lists: as_of(now.checked_sub(month).unwrap()) });
    desk.pass(30);
    assert_eq!((desk.next_dial().is_none(), desk.waiting_for()), (true, WaitingFor::DoNotCallLists));
    desk.tell(Event::DoNotCallSet { lists: as_of(now) });
    desk.pass_until_dial();
    assert_eq!(desk.dial().to, target(0, 0).to);
}

#[test]
fn who_asked_on_the_phone_is_not_called_any_more() {
    let mut desk = Desk::with(vec![TargetState::default(); 2], spec(1));
    desk.tell(Event::DoNotCall { number: target(0, 0).to });
    list(&mut desk, &[]);
    desk.pass_until_dial();
    assert_eq!(desk.dial().to, target(0, 1).to, "a list that does not know it yet changes nothing");
}

#[test]
fn the_rule_that_decided_is_stored_with_the_target() {
    let mut desk = Desk::with(vec![TargetState::default()], spec(1));
    list(&mut desk, &[0]);
    desk.pass(6);
    let states = desk.settle_down();
    assert_eq!(rule(&states[0]), Some(Rule::DoNotCall), "{states:?}");
    let wanting = CampaignSpec { consent_required: true, ..spec(1) };
    let mut desk = Desk::with(vec![TargetState::default()], wanting);
    desk.pass(6);
    let states = desk.settle_down();
    assert_eq!(rule(&states[0]), Some(Rule::Consent), "{states:?}");
}

#[test]
fn a_rule_that_was_set_aside_lets_the_call_out_and_is_stored_with_it() {
    let set_aside = BTreeSet::from([Rule::DoNotCall]);
    let mut desk = Desk::with(vec![TargetState::default()], CampaignSpec { set_aside, ..spec(1) });
    list(&mut desk, &[0]);
    desk.pass(6);
    let save = desk.save();
    assert_eq!(rule(&save.states[0]), Some(Rule::DoNotCall));
    desk.tell(save.stored(dialer::Version::new("2")));
    desk.pass_until_dial();
    assert_eq!(desk.dial().to, target(0, 0).to);
    let consent = BTreeSet::from([Rule::Consent]);
    let mut desk = Desk::with(vec![TargetState::default()], CampaignSpec { set_aside: consent, ..spec(1) });
    list(&mut desk, &[0]);
    desk.pass(6);
    assert_eq!(rule(&desk.settle_down()[0]), Some(Rule::DoNotCall), "another rule is not set aside with it");
}

#[test]
fn who_is_retried_in_spite_of_a_rule_keeps_its_mark_also_when_the_rule_no_longer_objects() {
    let set_aside = BTreeSet::from([Rule::DoNotCall]);
    let mut desk = Desk::with(vec![TargetState::default()], CampaignSpec { set_aside, ..spec(1) });
    list(&mut desk, &[0]);
    let call = |desk: &mut Desk, cause, position| {
        desk.pass_until_dial();
        let dial = desk.dial();
        desk.tell(Event::DialAccepted { key: dial.key.clone(), leg: Some(leg_of(&dial)) });
        desk.webhook(&dial.key, leg_of(&dial), position, hung_up(cause, None));
        let tally = desk.settle_down()[0].tally();
        (tally.rule, tally.called_in_spite_of)
    };
    assert_eq!(call(&mut desk, HangupCause::UserBusy, Position::Ringing), (None, Some(Rule::DoNotCall)));
    list(&mut desk, &[]);
    let reached = Position::decode("hdu").unwrap();
    assert_eq!(call(&mut desk, HangupCause::NormalClearing, reached), (None, Some(Rule::DoNotCall)));
    assert!(desk.stored[0].is_done());
}
