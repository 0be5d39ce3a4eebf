//! Suspended campaigns, and processes that are told to stop.

use dialer::call::HangupCause;
use dialer::client_state::Position;
use dialer::spec::{CampaignSpec, DrainPolicy};
use dialer::{Effect, Event, TargetState, Version, WaitingFor};

use crate::desk::{Desk, hung_up, leg, owner};
use crate::fixture::spec;

#[test]
fn suspension_gives_undialled_claims_back() {
    let mut desk = Desk::new();
    desk.pass(6);
    let save = desk.save();
    desk.set(CampaignSpec { suspended: true, ..spec(1) });
    desk.tell(save.stored(Version::new("2")));
    desk.pass(2);
    assert!(desk.next_dial().is_none());
    let states = desk.store();
    assert!(matches!(&states[..], [TargetState::Pending { tally, .. }] if tally.attempts == 0));
}

#[test]
fn an_orderly_stop_gives_back_what_is_undialled_and_leaves_nothing_unstored() {
    for stored_before in [true, false] {
        let mut desk = Desk::with(vec![TargetState::default(); 20], spec(1));
        desk.pass(6);
        let save = desk.save();
        let mut save = Some(save);
        if stored_before {
            desk.tell(save.take().unwrap().stored(Version::new("2")));
        }
        let dialled = std::iter::from_fn(|| desk.next_dial()).count();
        assert_eq!(dialled > 0, stored_before);
        desk.tell(Event::Stopping);
        if let Some(save) = save {
            desk.tell(save.stored(Version::new("2")));
        }
        let mut states = Vec::new();
        for _ in 0..10 {
            desk.pass(1);
            if desk.effects.iter().any(|effect| matches!(effect, Effect::Save(_))) {
                states = desk.store();
            }
        }
        assert!(desk.next_dial().is_none());
        let claimed = states.iter().filter(|state| matches!(state, TargetState::Claimed { .. })).count();
        assert_eq!(claimed, dialled, "only what was dialled stays claimed");
        assert!(states.iter().any(|state| state.tally().refusals == 1), "something was given back");
        assert!(states.iter().all(|state| state.tally().attempts == 0), "no attempt is used");
        assert!(desk.dialer.is_stored());
    }
}

#[test]
fn suspension_drains_as_the_campaign_says() {
    for (drain, waits) in [
        (DrainPolicy::LetFinish, None),
        (DrainPolicy::StopRingingAfter15s, Some(15)),
        (DrainPolicy::HangupAll, Some(0)),
    ] {
        let (mut desk, dial) = Desk::ringing(CampaignSpec { drain, ..spec(1) });
        desk.set(CampaignSpec { drain, suspended: true, ..spec(1) });
        desk.pass(10);
        assert_eq!(desk.next_command().is_some(), waits == Some(0), "{drain:?}");
        desk.pass(10);
        assert_eq!(desk.next_command().is_some(), waits == Some(15), "{drain:?}");
        let canceled = hung_up(HangupCause::OriginatorCancel, None);
        if waits.is_some() {
            let position = Position::decode("hcu").unwrap();
            desk.webhook(&dial.key, leg(), position, canceled);
            assert_eq!(desk.dialer.progress(&owner()).unwrap().tallied.counts.retrying, 1);
        }
    }
}

#[test]
fn a_campaign_whose_wishes_cannot_be_read_calls_nobody_lets_calls_finish_and_goes_on_once_it_is_set_again() {
    let (mut desk, _) = Desk::ringing(CampaignSpec { drain: DrainPolicy::HangupAll, ..spec(1) });
    desk.tell(Event::CampaignHushed { owner: owner() });
    desk.pass(30);
    assert!(desk.next_command().is_none(), "nobody has asked to hang up");
    let mut desk = Desk::new();
    desk.tell(Event::CampaignHushed { owner: owner() });
    desk.pass(30);
    assert!(desk.effects.is_empty(), "nothing is claimed");
    assert_eq!(desk.dialer.progress(&owner()).unwrap().waiting_for, WaitingFor::Suspension);
    desk.set(spec(1));
    desk.pass(6);
    desk.store();
    desk.dial();
}
