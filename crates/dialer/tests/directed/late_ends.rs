//! An announcement's end that is told after the hangup.

use std::time::Duration;

use dialer::call::{AudioEnd, HangupCause, What};
use dialer::client_state::{Party, Position};
use dialer::effect::{Dial, Verdict};
use dialer::spec::{Amd, AmdMode, CampaignSpec, OnMachine};
use dialer::{Event, Outcome, TargetState};

use crate::desk::{Desk, hung_up, leg, owner};
use crate::fixture::spec;

const PLAYING: Position = Position::Announcing { visit: 1, to: Party::Unscreened };

/// A call on which the announcement is being played, as the store knows.
fn playing() -> (Desk, Dial) {
    let (mut desk, dial) = Desk::ringing(spec(1));
    desk.webhook(&dial.key, leg(), Position::Ringing, What::Answered);
    let play = desk.command();
    desk.accept(&play);
    desk.pass(4);
    desk.store();
    assert_eq!(desk.verdicts(), [Verdict::Done]);
    (desk, dial)
}

fn normal() -> What {
    hung_up(HangupCause::NormalClearing, Some(200))
}

#[test]
fn what_was_played_to_its_end_is_completed_though_the_hangup_is_told_first() {
    let (mut desk, dial) = playing();
    let ended_at = desk.clock;
    desk.pass_millis(20);
    desk.webhook(&dial.key, leg(), PLAYING, normal());
    desk.pass_millis(500);
    assert_eq!((desk.outcome(), desk.verdicts().len()), (None, 0), "nothing is decided, nothing is acknowledged");
    desk.webhook_of(ended_at, &dial.key, PLAYING, What::AudioEnded(AudioEnd::Completed));
    assert_eq!(desk.outcome(), Some(Outcome::Completed), "at once");
    assert_eq!(desk.verdicts(), []);
    desk.store();
    assert_eq!(desk.verdicts(), [Verdict::Done; 2], "both when it is stored");
    assert!(desk.next_command().is_none(), "a call that is over is not hung up");
}

#[test]
fn a_message_left_on_a_machine_counts_though_the_hangup_is_told_first() {
    let amd = Amd { mode: AmdMode::Detect, on_machine: OnMachine::LeaveMessage, ..spec(1).amd };
    let (mut desk, dial) = Desk::ringing(CampaignSpec { amd, ..spec(1) });
    let heard = What::Detected(dialer::call::Verdict::Machine);
    desk.webhook(&dial.key, leg(), Position::Ringing, heard);
    let play = desk.command();
    desk.accept(&play);
    desk.webhook(&dial.key, leg(), play.client_state.position, normal());
    desk.webhook(&dial.key, leg(), play.client_state.position, What::AudioEnded(AudioEnd::Completed));
    assert_eq!(desk.outcome(), Some(Outcome::VoicemailLeft));
}

#[test]
fn a_hangup_without_an_end_of_the_announcement_counts_in_time_for_its_acknowledgement() {
    let (mut desk, dial) = playing();
    let came = desk.clock;
    desk.webhook(&dial.key, leg(), PLAYING, normal());
    desk.webhook(&dial.key, leg(), PLAYING, normal());
    let states = loop {
        desk.pass_millis(10);
        if desk.wants_to_save() {
            break desk.store();
        }
    };
    assert!(matches!(states[..], [TargetState::Done { outcome: Outcome::HumanHangup, .. }]));
    assert!(desk.clock <= came + Duration::from_millis(1200), "leaves no time for the store");
    assert_eq!(desk.verdicts(), [Verdict::Done; 2]);
    desk.webhook_of(came, &dial.key, PLAYING, What::AudioEnded(AudioEnd::Completed));
    assert_eq!(desk.outcome(), Some(Outcome::HumanHangup), "too late");
}

#[test]
fn an_announcement_cut_by_the_hangup_settles_at_once() {
    let (mut desk, dial) = playing();
    desk.webhook(&dial.key, leg(), PLAYING, normal());
    desk.webhook(&dial.key, leg(), PLAYING, What::AudioEnded(AudioEnd::CallHangup));
    assert_eq!(desk.outcome(), Some(Outcome::HumanHangup));
}

#[test]
fn what_is_said_to_have_ended_after_the_hangup_is_no_success() {
    let (mut desk, dial) = playing();
    let hung_up_at = desk.clock;
    desk.webhook(&dial.key, leg(), PLAYING, normal());
    let later = hung_up_at + Duration::from_secs(5);
    desk.webhook_of(later, &dial.key, PLAYING, What::AudioEnded(AudioEnd::Completed));
    desk.pass(1);
    assert_eq!(desk.outcome(), Some(Outcome::HumanHangup));
}

#[test]
fn a_hangup_whose_outcome_is_certain_is_not_held() {
    let (mut desk, dial) = playing();
    desk.webhook(&dial.key, leg(), PLAYING, hung_up(HangupCause::TimeLimit, None));
    assert_eq!(desk.outcome(), Some(Outcome::TimeLimit));
}

#[test]
fn a_crash_while_a_hangup_is_held_loses_nothing() {
    let (mut desk, dial) = playing();
    let stored = desk.stored.clone();
    desk.webhook(&dial.key, leg(), PLAYING, normal());
    desk.pass_millis(300);
    assert_eq!((desk.verdicts().len(), desk.wants_to_save()), (0, false), "so Telnyx sends it again");
    let mut successor = Desk::started(desk.clock + Duration::from_secs(1), stored, spec(1));
    successor.webhook(&dial.key, leg(), PLAYING, normal());
    successor.webhook(&dial.key, leg(), PLAYING, What::AudioEnded(AudioEnd::Completed));
    assert_eq!(successor.outcome(), Some(Outcome::Completed));
}

#[test]
fn an_orderly_stop_does_not_hold_hangups() {
    let (mut desk, dial) = playing();
    desk.webhook(&dial.key, leg(), PLAYING, normal());
    desk.tell(Event::Stopping);
    assert_eq!(desk.outcome(), Some(Outcome::HumanHangup));
    let (mut desk, dial) = playing();
    desk.tell(Event::Stopping);
    desk.webhook(&dial.key, leg(), PLAYING, normal());
    assert_eq!(desk.dialer.progress(&owner()).unwrap().tallied.counts.completed, 1);
}
