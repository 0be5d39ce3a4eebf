//! Claims and calls that another process left behind.

use std::time::Duration;

use dialer::call::HangupCause;
use dialer::client_state::Position;
use dialer::effect::{SaveFailure, Verdict};
use dialer::event::{Findings, Liveness};
use dialer::spec::CampaignSpec;
use dialer::{Event, SessionId, TargetState, Version};
use jiff::SignedDuration;

use crate::desk::{Desk, hung_up, leg, owner, refusal};
use crate::fixture::{spec, wall};

/// The states that a process leaves behind that dies between the save of a claim, made at 5 s, and its dial.
fn left_behind() -> Vec<TargetState> {
    let mut first = Desk::new();
    first.pass(6);
    first.store()
}

#[test]
fn a_claim_that_a_crash_left_behind_is_dialled_under_its_own_id() {
    let (_, dial) = Desk::dialled(spec(1));
    let mut successor = Desk::started(Duration::from_secs(10), left_behind(), spec(1));
    successor.pass(1);
    assert!(successor.next_dial().is_none(), "nothing rings before it is known not to");
    successor.find(Liveness::NoTrace);
    successor.pass(1);
    let save = successor.save();
    assert!(matches!(&save.states[0], TargetState::Claimed { claim, .. } if claim.by == SessionId(2)));
    successor.pass(6);
    assert!(successor.next_dial().is_none(), "nothing rings before it is this process's own");
    successor.tell(save.stored(Version::new("2")));
    let again = successor.dial();
    assert_eq!((again.command_id, &again.key), (dial.command_id, &dial.key));
    let began = wall(Duration::from_secs(5));
    while wall(successor.clock) < began + SignedDuration::from_secs(90) {
        successor.tell(Event::DialFateUnknown { key: again.key.clone() });
        successor.pass(3);
        while successor.next_dial().is_some() {
            assert!(wall(successor.clock) <= began + SignedDuration::from_secs(50), "Telnyx may have forgotten the id");
        }
    }
    assert_eq!(successor.look_up().key, again.key);
}

#[test]
fn an_old_claim_and_one_from_the_future_are_looked_up_and_not_dialled() {
    for started in [40, 2] {
        let mut successor = Desk::started(Duration::from_secs(started), left_behind(), spec(1));
        successor.find(Liveness::NoTrace);
        successor.pass(60);
        assert!(successor.next_dial().is_none(), "started at {started} s");
        assert_eq!(successor.dialer.progress(&owner()).unwrap().tallied.counts.claimed, 1);
    }
}

#[test]
fn a_claim_taken_over_is_never_given_back() {
    let mut successor = Desk::started(Duration::from_secs(10), left_behind(), spec(1));
    successor.find(Liveness::NoTrace);
    successor.pass(1);
    successor.store();
    successor.set(CampaignSpec { suspended: true, ..spec(1) });
    successor.pass(10);
    assert!(successor.next_dial().is_none());
    let counts = successor.dialer.progress(&owner()).unwrap().tallied.counts;
    assert_eq!((counts.claimed, counts.waiting()), (1, 0), "its maker may have dialled it");
    successor.look_up();
}

#[test]
fn the_refusal_of_a_dial_taken_over_says_nothing_about_the_predecessors() {
    let mut successor = Desk::started(Duration::from_secs(10), left_behind(), spec(1));
    successor.find(Liveness::NoTrace);
    successor.pass(6);
    successor.store();
    let dial = successor.dial();
    successor.tell(Event::DialRefused { key: dial.key, refusal: refusal(429, "90103") });
    assert_eq!(successor.dialer.progress(&owner()).unwrap().tallied.counts.claimed, 1);
}

#[test]
fn whoever_gives_a_claim_back_yields_to_the_process_that_has_taken_it_over() {
    let mut desk = Desk::with(vec![TargetState::default(); 5], spec(2));
    desk.pass(6);
    let claimed = desk.store();
    desk.set(CampaignSpec { suspended: true, ..spec(2) });
    desk.pass(1);
    let save = desk.save();
    let given_back = save.states.iter().filter(|state| state.tally().refusals == 1).count();
    let mut taken_over = claimed;
    for state in &mut taken_over {
        if let TargetState::Claimed { claim, .. } = state {
            claim.by = SessionId(2);
        }
    }
    desk.tell(save.failed(SaveFailure::Conflict));
    desk.pass(1);
    desk.reload(taken_over);
    let counts = desk.dialer.progress(&owner()).unwrap().tallied.counts;
    assert!(given_back > 0);
    assert_eq!((counts.claimed, counts.waiting()), (5, 0), "they are the other's now, and may be ringing");
}

#[test]
fn whoever_wakes_up_late_does_not_claim_anew_what_another_process_has_taken_over() {
    let mut sleeper = Desk::new();
    sleeper.pass(6);
    let save = sleeper.save();
    let mut taken_over = save.states.to_vec();
    // It sleeps before the answer comes, longer than a claim may be dialled.
    sleeper.clock += Duration::from_secs(40);
    sleeper.tell(save.stored(Version::new("2")));
    sleeper.pass(1);
    let anew = sleeper.save();
    assert!(
        matches!(&anew.states[0], TargetState::Claimed { tally, .. } if tally.refusals == 1),
        "given back, and taken"
    );
    sleeper.tell(anew.failed(SaveFailure::Conflict));
    let TargetState::Claimed { claim, .. } = &mut taken_over[0] else { panic!("claimed, by another process since") };
    claim.by = SessionId(2);
    sleeper.pass(1);
    sleeper.reload(taken_over);
    sleeper.pass(20);
    while sleeper.wants_to_save() {
        sleeper.store();
    }
    assert!(sleeper.next_dial().is_none(), "the other's call may be ringing");
}

#[test]
fn a_webhook_of_a_call_that_another_process_has_placed_meanwhile_is_asked_for_again() {
    let (mut sleeper, dial) = {
        let mut desk = Desk::new();
        desk.pass(6);
        let (_, dial) = Desk::dialled(spec(1));
        (desk, dial)
    };
    let save = sleeper.save();
    let mut taken_over = save.states.to_vec();
    sleeper.clock += Duration::from_secs(40);
    sleeper.tell(save.stored(Version::new("2")));
    sleeper.pass(1);
    let anew = sleeper.save();
    sleeper.tell(anew.failed(SaveFailure::Conflict));
    // The sleeper takes it for a call that never was.
    sleeper.webhook(&dial.key, leg(), Position::Ringing, hung_up(HangupCause::UserBusy, Some(486)));
    sleeper.pass(1);
    let TargetState::Claimed { claim, .. } = &mut taken_over[0] else { panic!("claimed, by another process since") };
    claim.by = SessionId(2);
    sleeper.reload(taken_over);
    assert_eq!(sleeper.verdicts(), [Verdict::Retry], "what it tells is in no store");
}

#[test]
fn a_claim_found_at_load_is_looked_up() {
    let (mut desk, dial) = Desk::dialled(spec(2));
    desk.pass(1);
    let claimed = {
        let mut first = Desk::new();
        first.pass(6);
        first.store()
    };
    let mut successor = Desk::with(claimed, spec(2));
    let asked = successor.look_up();
    assert_eq!(asked.key, dial.key);
    successor.tell(Event::LookedUp {
        key: asked.key.clone(),
        findings: Some(Findings { liveness: Liveness::Live(leg()), events: Vec::new() }),
    });
    successor.pass(2);
    assert!(matches!(&successor.store()[0], TargetState::Dialing { leg: Some(found), .. } if *found == leg()));
    assert!(successor.next_dial().is_none());
}
