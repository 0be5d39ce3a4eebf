//! Claims and their saves: nothing rings before it is stored, and what is not stored never was.

use dialer::effect::SaveFailure;
use dialer::{TargetState, Version};

use crate::desk::Desk;

#[test]
fn nothing_rings_before_its_claim_is_stored() {
    let mut desk = Desk::new();
    desk.pass(30);
    assert!(desk.next_dial().is_none());
    desk.store();
    assert_eq!(desk.dial().key.attempt.n, 1);
    desk.pass(20);
    assert!(desk.next_dial().is_none(), "one claim rings once");
}

#[test]
fn a_claim_whose_save_was_refused_is_never_dialled() {
    let mut desk = Desk::new();
    desk.pass(6);
    let save = desk.save();
    desk.tell(save.failed(SaveFailure::Conflict));
    desk.pass(1);
    assert!(desk.next_dial().is_none());
}

#[test]
fn a_save_of_unknown_fate_is_read_back_before_anything_rings() {
    let mut desk = Desk::new();
    desk.pass(6);
    let save = desk.save();
    let states = save.states.to_vec();
    desk.tell(save.failed(SaveFailure::FateUnknown));
    desk.pass(2);
    assert!(desk.next_dial().is_none());
    desk.reload(states);
    assert_eq!(desk.dial().key.refusals, 0);
}

#[test]
fn a_late_write_of_our_own_claim_is_given_back() {
    let mut desk = Desk::new();
    desk.pass(6);
    let save = desk.save();
    let claimed = save.states.to_vec();
    desk.tell(save.failed(SaveFailure::FateUnknown));
    desk.pass(2);
    desk.reload(vec![TargetState::default()]);
    let save = desk.save();
    desk.tell(save.failed(SaveFailure::Conflict));
    desk.pass(1);
    desk.reload(claimed);
    desk.pass(1);
    let states = desk.store();
    assert_eq!((states[0].tally().attempts, states[0].tally().refusals), (0, 1), "given back, under a new dial id");
}

#[test]
fn a_claim_that_was_stored_too_late_is_given_back() {
    let mut desk = Desk::new();
    desk.pass(6);
    let save = desk.save();
    desk.pass(61);
    desk.tell(save.stored(Version::new("2")));
    assert!(desk.next_dial().is_none(), "a successor may have looked it up and found nothing");
    desk.pass(1);
    assert_eq!(desk.store()[0].tally().refusals, 1);
}
