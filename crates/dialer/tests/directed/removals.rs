//! Campaigns and jobs that go away, also while calls are under way.

use dialer::call::{HangupCause, What};
use dialer::client_state::Position;
use dialer::effect::{CommandKind, SaveFailure, Verdict};
use dialer::spec::{CampaignSpec, DrainPolicy};
use dialer::{Event, Outcome, TargetState, WaitingFor};

use crate::desk::{Desk, hung_up, job, leg, owner};
use crate::fixture::spec;

#[test]
fn a_removed_campaign_gives_back_what_is_undialled_and_dials_nothing_more() {
    let mut desk = Desk::with(vec![TargetState::default(); 5], spec(1));
    desk.pass(6);
    let save = desk.save();
    desk.tell(Event::CampaignRemoved { owner: owner() });
    desk.tell(save.stored(dialer::Version::new("2")));
    let states = desk.settle_down();
    assert!(desk.next_dial().is_none());
    assert!(states.iter().all(|state| matches!(state, TargetState::Pending { tally, .. } if tally.attempts == 0)));
    assert_eq!(desk.waiting_for(), WaitingFor::Suspension);
}

#[test]
fn calls_of_a_removed_campaign_end_well_or_as_its_drain_policy_says() {
    let (mut desk, dial) = Desk::ringing(spec(1));
    desk.tell(Event::CampaignRemoved { owner: owner() });
    desk.webhook(&dial.key, leg(), Position::Ringing, What::Answered);
    assert!(matches!(desk.command().kind, CommandKind::Play(_)));
    let delivered = Position::decode("hdu").unwrap();
    desk.webhook(&dial.key, leg(), delivered, hung_up(HangupCause::NormalClearing, None));
    assert_eq!(desk.outcome(), Some(Outcome::Completed));
    let (mut desk, _) = Desk::ringing(CampaignSpec { drain: DrainPolicy::HangupAll, ..spec(1) });
    desk.tell(Event::CampaignRemoved { owner: owner() });
    desk.pass(1);
    assert_eq!(desk.command().kind, CommandKind::Hangup);
}

#[test]
fn calls_of_a_removed_job_are_hung_up_and_their_webhooks_belong_to_nobody() {
    let (mut desk, dial) = Desk::ringing(spec(1));
    desk.webhook(&dial.key, leg(), Position::Ringing, What::Answered);
    let play = desk.command();
    desk.tell(Event::JobRemoved { job: job() });
    assert_eq!(desk.verdicts(), [Verdict::NotHere]);
    let hangup = desk.command();
    assert_eq!((hangup.kind, &hangup.leg), (CommandKind::Hangup, &play.leg), "nobody would speak on it");
    assert!(desk.next_command().is_none());
    assert_eq!(desk.dialer.signals().calls_without_job, 1);
    desk.webhook(&dial.key, leg(), Position::Ringing, What::Answered);
    assert_eq!(desk.verdicts(), [Verdict::NotHere]);
    assert_eq!(desk.dialer.job_progress(&job()), None);
    assert_eq!(desk.dialer.progress(&owner()).unwrap().tallied.counts.total(), 0);
}

#[test]
fn a_dial_whose_job_has_gone_is_hung_up_when_its_answer_comes() {
    let (mut desk, dial) = Desk::dialled(spec(1));
    desk.tell(Event::JobRemoved { job: job() });
    desk.tell(Event::DialAccepted { key: dial.key, leg: Some(leg()) });
    assert_eq!(desk.command().kind, CommandKind::Hangup);
}

#[test]
fn a_save_of_a_job_that_is_gone_forgets_it_and_makes_room() {
    let mut desk = Desk::with(vec![TargetState::default(); 20], spec(30));
    desk.pass(6);
    let save = desk.save();
    desk.tell(save.failed(SaveFailure::Gone));
    assert_eq!(desk.dialer.job_progress(&job()), None);
    desk.second_campaign(spec(30), (0..20).map(|index| crate::fixture::target(1, index)).collect());
    desk.settle_down();
    let second = desk.dialer.progress(&crate::desk::second_owner()).unwrap().tallied.counts;
    assert_eq!(second.in_flight(), 10, "all of the account's channels are free");
}

#[test]
fn a_campaign_without_jobs_is_forgotten_once_it_is_removed() {
    let mut desk = Desk::new();
    desk.tell(Event::CampaignRemoved { owner: owner() });
    desk.tell(Event::JobRemoved { job: job() });
    assert_eq!(desk.dialer.progress(&owner()), None);
    assert_eq!(desk.dialer.wake(), None);
}
