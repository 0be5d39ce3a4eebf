//! Caller ids that analytics engines block.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use dialer::call::HangupCause;
use dialer::client_state::Position;
use dialer::spec::{CampaignSpec, FromSelection, RetryPolicy, TargetSpec};
use dialer::{Event, PhoneNumber, TargetState, WaitingFor};

use crate::desk::{Desk, hung_up, leg_of};
use crate::fixture::{spec, target};

fn from(digit: char) -> PhoneNumber {
    PhoneNumber::parse(&format!("+1555000000{digit}")).unwrap()
}

/// Dials until somebody's caller id is the blocked one, and has the call blocked.
fn block(desk: &mut Desk, blocked: &PhoneNumber) {
    loop {
        desk.pass_until_dial();
        let dial = desk.dial();
        desk.tell(Event::DialAccepted { key: dial.key.clone(), leg: Some(leg_of(&dial)) });
        let is_it = dial.from == *blocked;
        let end = hung_up(HangupCause::CallRejected, Some(if is_it { 608 } else { 603 }));
        desk.webhook(&dial.key, leg_of(&dial), Position::Ringing, end);
        if is_it {
            return;
        }
    }
}

#[test]
fn a_blocked_caller_id_rests_and_the_others_go_on() {
    let campaign = CampaignSpec { from: vec![from('1'), from('2')], ..spec(1) };
    let mut desk = Desk::with(vec![TargetState::default(); 60], campaign);
    block(&mut desk, &from('2'));
    let mut shown = Vec::new();
    for _ in 0..20 {
        desk.pass_until_dial();
        let dial = desk.dial();
        let end = hung_up(HangupCause::CallRejected, Some(603));
        desk.tell(Event::DialAccepted { key: dial.key.clone(), leg: Some(leg_of(&dial)) });
        desk.webhook(&dial.key, leg_of(&dial), Position::Ringing, end);
        shown.push(dial.from);
    }
    assert!(shown.iter().all(|number| *number == from('1')), "{shown:?}");
}

#[test]
fn with_every_caller_id_blocked_nothing_is_dialled_until_one_has_rested() {
    let mut desk = Desk::with(vec![TargetState::default(); 3], CampaignSpec { from: vec![from('1')], ..spec(1) });
    block(&mut desk, &from('1'));
    let blocked_at = desk.clock;
    desk.settle_down();
    assert!(matches!(desk.waiting_for(), WaitingFor::CallerIds { .. }), "{:?}", desk.waiting_for());
    desk.effects.clear();
    desk.pass_until_dial();
    let rested = desk.clock.saturating_sub(blocked_at);
    assert!((300..310).contains(&rested.as_secs()), "{rested:?}");
    let counts = desk.dialer.progress(&crate::desk::owner()).unwrap().tallied.counts;
    assert_eq!(counts.blocked, 0, "who was not reached for that is called again");
}

#[test]
fn another_list_of_caller_ids_begins_afresh() {
    let mut desk = Desk::with(vec![TargetState::default(); 3], CampaignSpec { from: vec![from('1')], ..spec(1) });
    block(&mut desk, &from('1'));
    desk.settle_down();
    desk.effects.clear();
    desk.set(CampaignSpec { from: vec![from('3')], ..spec(1) });
    desk.pass_until_dial();
    assert_eq!(desk.dial().from, from('3'));
}

#[test]
fn each_callee_is_called_from_a_number_of_its_own_area() {
    let campaign = CampaignSpec {
        from: ["+13125550100", "+14155550100"].map(|from| PhoneNumber::parse(from).unwrap()).into(),
        from_selection: FromSelection::LocalPresence,
        ..spec(10)
    };
    let targets = (0..20).map(|index| {
        let area = if index % 2 == 0 { 415 } else { 312 };
        TargetSpec { to: PhoneNumber::parse(&format!("+1{area}55502{index:02}")).unwrap(), ..target(0, index) }
    });
    let mut desk = Desk::of(targets.collect(), campaign);
    for _ in 0..20 {
        desk.pass_until_dial();
        let dial = desk.dial();
        assert_eq!(dial.from.expose()[..5], dial.to.expose()[..5]);
        desk.tell(Event::DialAccepted { key: dial.key.clone(), leg: Some(leg_of(&dial)) });
        desk.webhook(&dial.key, leg_of(&dial), Position::Ringing, hung_up(HangupCause::UserBusy, Some(486)));
    }
}

/// Dials the next one, and ends its call like this. Returns whom it called, and which caller id was shown.
fn call(desk: &mut Desk, cause: HangupCause, sip: u16) -> (PhoneNumber, PhoneNumber) {
    desk.pass_until_dial();
    let dial = desk.dial();
    desk.tell(Event::DialAccepted { key: dial.key.clone(), leg: Some(leg_of(&dial)) });
    desk.webhook(&dial.key, leg_of(&dial), Position::Ringing, hung_up(cause, Some(sip)));
    (dial.to, dial.from)
}

#[test]
fn a_target_keeps_its_caller_id_over_attempts_and_restarts_until_that_is_blocked() {
    let campaign = CampaignSpec {
        from: vec![from('1'), from('2'), from('3')],
        from_selection: FromSelection::Sticky,
        retry: RetryPolicy { max_attempts_per_target: 9, backoff: vec![Duration::from_hours(1)], ..spec(1).retry },
        ..spec(1)
    };
    let count = 6;
    let round = |desk: &mut Desk| {
        let shown: BTreeMap<_, _> = (0..count).map(|_| call(desk, HangupCause::Timeout, 487)).collect();
        assert_eq!(shown.len(), count, "each was called once");
        desk.settle_down();
        shown
    };
    let mut desk = Desk::with(vec![TargetState::default(); count], campaign.clone());
    let first = round(&mut desk);
    assert_eq!(first.values().collect::<BTreeSet<_>>().len(), 3, "targets are spread over the caller ids");
    let mut desk = Desk::started(desk.clock, desk.stored, campaign);
    let (second, third) = (round(&mut desk), round(&mut desk));
    assert_eq!((&second, &third), (&first, &first));
    let (to, blocked) = call(&mut desk, HangupCause::CallRejected, 608);
    assert_eq!(blocked, first[&to]);
    let (mut rested, mut kept) = (0, 0);
    for _ in 1..count {
        let (to, shown) = call(&mut desk, HangupCause::Timeout, 487);
        if first[&to] == blocked {
            assert_ne!(shown, blocked, "it rests");
            rested += 1;
        } else {
            assert_eq!(shown, first[&to], "the others keep theirs");
            kept += 1;
        }
    }
    assert_eq!((rested, kept), (1, 4));
}
