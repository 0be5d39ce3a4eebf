//! What is played to whom, and what comes of it.

use std::time::Duration;

use dialer::call::{AudioEnd, HangupCause, Verdict as Heard, What};
use dialer::client_state::{Party, Position};
use dialer::effect::{CommandKind, Verdict};
use dialer::event::CommandRefusal;
use dialer::spec::{Amd, AmdMode, CampaignSpec};
use dialer::{Event, Outcome};

use crate::desk::{Desk, hung_up, leg, owner};
use crate::fixture::{spec, wall};

#[test]
fn an_announcement_is_played_and_the_call_hung_up() {
    let (mut desk, dial) = Desk::ringing(spec(1));
    desk.webhook(&dial.key, leg(), Position::Ringing, What::Answered);
    let play = desk.command();
    assert!(matches!(play.kind, CommandKind::Play(_)));
    assert_eq!(desk.verdicts(), []);
    desk.accept(&play);
    assert_eq!(desk.verdicts(), [Verdict::Done], "the accepted command carries the effect");
    desk.webhook(&dial.key, leg(), play.client_state.position, What::AudioEnded(AudioEnd::Completed));
    let hangup = desk.command();
    assert_eq!(hangup.kind, CommandKind::Hangup);
    desk.accept(&hangup);
    desk.webhook(&dial.key, leg(), hangup.client_state.position, hung_up(HangupCause::NormalClearing, Some(200)));
    assert_eq!(desk.outcome(), Some(Outcome::Completed));
}

#[test]
fn an_announcement_goes_on_after_a_restart() {
    let (mut desk, dial) = Desk::ringing(spec(1));
    desk.pass(1);
    let stored = {
        desk.webhook(&dial.key, leg(), Position::Ringing, What::Initiated);
        let (mut same, _) = Desk::dialled(spec(1));
        same.tell(Event::DialAccepted { key: dial.key.clone(), leg: Some(leg()) });
        same.pass(2);
        same.store()
    };
    let mut successor = Desk::with(stored, spec(1));
    let playing = Position::Announcing { visit: 1, to: Party::Unscreened };
    successor.webhook(&dial.key, leg(), playing, What::AudioEnded(AudioEnd::Completed));
    assert_eq!(successor.command().kind, CommandKind::Hangup);
}

#[test]
fn a_command_without_an_answer_is_sent_again_under_its_id() {
    let (mut desk, dial) = Desk::ringing(spec(1));
    desk.webhook(&dial.key, leg(), Position::Ringing, What::Answered);
    let play = desk.command();
    desk.tell(Event::CommandFateUnknown { command_id: play.command_id, leg: leg().id });
    desk.pass(1);
    assert_eq!(desk.command(), play);
    let throttled = CommandRefusal::Throttled { after: Duration::from_secs(1) };
    desk.tell(Event::CommandRefused { command_id: play.command_id, leg: leg().id, refusal: throttled });
    desk.pass(2);
    assert_ne!(desk.command().command_id, play.command_id, "a refusal may have burnt the id");
}

#[test]
fn an_unplayable_announcement_ends_the_call() {
    let (mut desk, dial) = Desk::ringing(spec(1));
    desk.webhook(&dial.key, leg(), Position::Ringing, What::Answered);
    let play = desk.command();
    let (command_id, on) = (play.command_id, leg().id);
    desk.tell(Event::CommandRefused { command_id, leg: on, refusal: CommandRefusal::Invalid });
    let hangup = desk.command();
    desk.accept(&hangup);
    desk.webhook(&dial.key, leg(), hangup.client_state.position, hung_up(HangupCause::NormalClearing, None));
    let counts = desk.dialer.progress(&owner()).unwrap().tallied.counts;
    assert_eq!(counts.retrying, 1, "an unplayable announcement is tried once more");
}

#[test]
fn a_detector_that_says_nothing_is_not_sure() {
    let amd = Amd { mode: AmdMode::Premium, ..spec(1).amd };
    let (mut desk, dial) = Desk::ringing(CampaignSpec { amd, ..spec(1) });
    desk.webhook(&dial.key, leg(), Position::Ringing, What::Answered);
    desk.pass(2);
    desk.store();
    assert!(desk.next_command().is_none());
    desk.pass(60);
    let play = desk.command();
    assert_eq!(play.client_state.position, Position::Announcing { visit: 1, to: Party::NotSure });
    desk.webhook(&dial.key, leg(), Position::Ringing, What::Detected(Heard::Machine));
    assert!(desk.next_command().is_none(), "a late verdict changes nothing");
}

#[test]
fn an_attempt_that_has_ended_is_told_with_the_times_of_its_way() {
    let (mut desk, dial) = Desk::ringing(spec(1));
    assert_eq!(desk.dialer.take_ended().count(), 0);
    desk.pass(3);
    let answered_at = desk.clock;
    desk.webhook(&dial.key, leg(), Position::Ringing, What::Answered);
    let play = desk.command();
    desk.accept(&play);
    desk.pass(4);
    desk.webhook(&dial.key, leg(), play.client_state.position, hung_up(HangupCause::NormalClearing, Some(200)));
    // The announcement's own end might still come, and tell more.
    desk.pass(30);
    let ended: Vec<dialer::Ended> = desk.dialer.take_ended().collect();
    let [ended] = ended.as_slice() else { panic!("{ended:?}") };
    assert_eq!((&ended.key, ended.end.cause), (&dial.key, Some(HangupCause::NormalClearing)));
    assert_eq!(ended.answered_at, Some(wall(answered_at)));
    assert_eq!(ended.ended_at, wall(answered_at + Duration::from_secs(4)));
    let way = [Some(ended.claimed_at), ended.dialled_at, ended.placed_at, ended.answered_at, Some(ended.ended_at)];
    assert!(way.iter().all(Option::is_some) && way.is_sorted(), "{ended:?}");
    assert_eq!(desk.dialer.take_ended().count(), 0, "it is told once");
}
