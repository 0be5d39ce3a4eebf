//! What a webhook waits for, and when it is answered.

use std::time::Duration;

use dialer::call::{CallEvent, HangupCause, What};
use dialer::client_state::Position;
use dialer::effect::{SaveFailure, Verdict};
use dialer::spec::{Amd, AmdMode, CampaignSpec};
use dialer::{DeliveryToken, Dialer, Effect, Event, Now, Outcome, SessionId, TargetState, Tuning};

use crate::desk::{Desk, hung_up, leg};
use crate::fixture::{spec, wall};

#[test]
fn a_webhook_is_acknowledged_when_its_result_is_stored() {
    let (mut desk, dial) = Desk::ringing(spec(1));
    desk.webhook(&dial.key, leg(), Position::Ringing, hung_up(HangupCause::NotFound, Some(404)));
    desk.pass(1);
    assert_eq!(desk.verdicts(), []);
    assert!(matches!(desk.store()[..], [TargetState::Done { outcome: Outcome::InvalidNumber, .. }]));
    assert_eq!(desk.verdicts(), [Verdict::Done]);
    desk.webhook(&dial.key, leg(), Position::Ringing, hung_up(HangupCause::NotFound, Some(404)));
    assert_eq!(desk.verdicts(), [Verdict::Done], "a duplicate has nothing to wait for");
}

#[test]
fn what_loses_nothing_is_acknowledged_at_once_and_stored_at_leisure() {
    let amd = Amd { mode: AmdMode::Premium, ..spec(1).amd };
    let (mut desk, dial) = Desk::dialled(CampaignSpec { amd, ..spec(1) });
    for what in [What::Initiated, What::Answered, What::Other] {
        desk.webhook(&dial.key, leg(), Position::Ringing, what);
        assert_eq!(desk.verdicts(), [Verdict::Done]);
    }
    desk.pass(1);
    assert!(!desk.effects.iter().any(|effect| matches!(effect, Effect::Save(_))), "it waits for company");
    desk.pass(1);
    let states = desk.store();
    assert!(matches!(states[..], [TargetState::Dialing { leg: Some(_), position: Position::Listening, .. }]));
}

#[test]
fn a_webhook_that_comes_again_waits_for_the_command_that_it_led_to() {
    let (mut desk, dial) = Desk::ringing(spec(1));
    desk.webhook(&dial.key, leg(), Position::Ringing, What::Answered);
    desk.webhook(&dial.key, leg(), Position::Ringing, What::Answered);
    assert_eq!(desk.verdicts(), []);
    let play = desk.command();
    desk.accept(&play);
    assert_eq!(desk.verdicts(), [Verdict::Done; 2]);
}

#[test]
fn a_webhook_whose_result_cannot_be_stored_is_asked_for_again() {
    let (mut desk, dial) = Desk::ringing(spec(1));
    desk.webhook(&dial.key, leg(), Position::Ringing, hung_up(HangupCause::NotFound, Some(404)));
    desk.pass(1);
    let save = desk.save();
    desk.tell(save.failed(SaveFailure::FateUnknown));
    assert_eq!(desk.verdicts(), [Verdict::Retry]);
}

#[test]
fn a_webhook_never_waits_longer_than_telnyx_does() {
    let (mut desk, dial) = Desk::ringing(spec(1));
    desk.webhook(&dial.key, leg(), Position::Ringing, What::Answered);
    desk.pass(2);
    assert_eq!(desk.verdicts(), [Verdict::Retry]);
}

#[test]
fn a_webhook_of_an_unknown_target_is_the_shells_to_judge() {
    let (mut desk, dial) = Desk::ringing(spec(1));
    let mut key = dial.key;
    key.attempt.target = dialer::TargetId::parse("nobody").unwrap();
    desk.webhook(&key, leg(), Position::Ringing, What::Answered);
    assert_eq!(desk.verdicts(), [Verdict::NotHere]);
}

#[test]
fn too_many_webhooks_at_once_are_asked_for_again() {
    let now = Now { wall: wall(Duration::ZERO), up: Duration::ZERO };
    let tuning = Tuning { max_deliveries: 0, ..Tuning::default() };
    let mut dialer = Dialer::new(SessionId(1), tuning, now);
    let (_, dial) = Desk::dialled(spec(1));
    let state = dial.client_state;
    let call = CallEvent { leg: leg(), occurred_at: now.wall, state, what: What::Answered };
    dialer.handle(now, Event::Webhook { token: DeliveryToken(7), call });
    let answer = dialer.poll(now);
    assert!(matches!(answer, Some(Effect::Acknowledge { token: DeliveryToken(7), verdict: Verdict::Retry })));
}
