//! The list of numbers that nobody may call.

use std::collections::BTreeSet;

use dialer::{Event, Outcome, TargetState};

use crate::desk::{Desk, owner};
use crate::fixture::{spec, target};

fn list(desk: &mut Desk, numbers: &[u32]) {
    let numbers: BTreeSet<_> = numbers.iter().map(|index| target(0, *index).to).collect();
    desk.tell(Event::DoNotCallSet { numbers });
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
