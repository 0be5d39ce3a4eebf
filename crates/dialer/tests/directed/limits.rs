//! Budgets, and campaigns that have what they wanted or failed too often.

use dialer::call::HangupCause;
use dialer::client_state::Position;
use dialer::spec::CampaignSpec;
use dialer::{CampaignEnd, Event, Outcome, TargetState, WaitingFor};

use crate::desk::{Desk, hung_up, job, leg, leg_of, owner};
use crate::fixture::spec;

/// Dials whatever wants to be dialled for a while, and ends each call like this.
fn run(desk: &mut Desk, position: &str, cause: HangupCause, seconds: u64) -> usize {
    let mut dials = 0;
    for _ in 0..seconds {
        desk.pass(1);
        desk.store_all();
        while let Some(dial) = desk.next_dial() {
            dials += 1;
            desk.tell(Event::DialAccepted { key: dial.key.clone(), leg: Some(leg_of(&dial)) });
            let position = Position::decode(position).unwrap();
            desk.webhook(&dial.key, leg_of(&dial), position, hung_up(cause, None));
        }
    }
    dials
}

#[test]
fn a_budget_of_calls_is_never_exceeded_and_can_be_raised() {
    let campaign = CampaignSpec { max_calls: Some(7), ..spec(10) };
    let mut desk = Desk::with(vec![TargetState::default(); 20], campaign.clone());
    assert_eq!(run(&mut desk, "hdu", HangupCause::NormalClearing, 60), 7);
    assert_eq!(desk.waiting_for(), WaitingFor::Budget);
    desk.set(CampaignSpec { max_calls: Some(9), ..campaign });
    assert_eq!(run(&mut desk, "hdu", HangupCause::NormalClearing, 60), 2);
}

#[test]
fn calls_that_fail_at_the_carrier_cost_budget_though_they_cost_no_attempt() {
    let mut desk = Desk::with(vec![TargetState::default(); 5], CampaignSpec { max_calls: Some(3), ..spec(10) });
    assert_eq!(run(&mut desk, "r", HangupCause::Unspecified, 3600), 3);
}

#[test]
fn a_campaign_that_has_what_it_wanted_calls_nobody_else() {
    let campaign = CampaignSpec { enough_reached: Some(3), ..spec(1) };
    let mut desk = Desk::with(vec![TargetState::default(); 20], campaign);
    let dials = run(&mut desk, "hdu", HangupCause::NormalClearing, 60);
    assert!((3..=5).contains(&dials), "{dials}");
    let progress = desk.dialer.progress(&owner()).unwrap();
    assert_eq!((progress.complete, progress.end), (true, Some(CampaignEnd::Satisfied)));
    assert_eq!(progress.tallied.outcomes[&Outcome::Skipped], 20 - u32::try_from(dials).unwrap());
    assert_eq!(progress.tallied.counts.expired, 20 - u32::try_from(dials).unwrap());
}

#[test]
fn a_campaign_fails_when_more_targets_failed_than_may() {
    let campaign = CampaignSpec { most_failed: Some(2), ..spec(1) };
    let mut desk = Desk::with(vec![TargetState::default(); 20], campaign);
    let dials = run(&mut desk, "r", HangupCause::NotFound, 60);
    assert!((3..=5).contains(&dials), "{dials}");
    assert_eq!(desk.dialer.progress(&owner()).unwrap().end, Some(CampaignEnd::TooManyFailed));
}

#[test]
fn while_results_pile_up_nothing_is_claimed_and_what_is_claimed_is_dialled() {
    let mut desk = Desk::with(vec![TargetState::default(); 200], spec(10));
    assert!(run(&mut desk, "hdu", HangupCause::NormalClearing, 10) > 0);
    desk.tell(Event::ResultsPileUp { owner: owner(), full: true });
    let claimed_before = run(&mut desk, "hdu", HangupCause::NormalClearing, 5);
    assert!(claimed_before <= 11, "{claimed_before}");
    assert_eq!(run(&mut desk, "hdu", HangupCause::NormalClearing, 600), 0);
    assert_eq!(desk.waiting_for(), WaitingFor::Results);
    desk.tell(Event::ResultsPileUp { owner: owner(), full: false });
    assert!(run(&mut desk, "hdu", HangupCause::NormalClearing, 10) >= 90);
}

#[test]
fn a_touched_job_is_saved_once_though_its_targets_have_no_news() {
    let mut desk = Desk::with(vec![TargetState::default()], CampaignSpec { suspended: true, ..spec(10) });
    desk.settle_down();
    assert!(!desk.wants_to_save());
    desk.tell(Event::JobTouched { job: job() });
    desk.pass(1);
    desk.store();
    desk.pass(60);
    assert!(!desk.wants_to_save());
    desk.tell(Event::JobTouched { job: dialer::JobId::parse("nobody").unwrap() });
    assert!(!desk.wants_to_save());
}

#[test]
fn the_end_of_an_attempt_is_kept_as_it_was_told() {
    let (mut desk, dial) = Desk::ringing(spec(1));
    desk.pass(7);
    desk.webhook(&dial.key, leg(), Position::Ringing, hung_up(HangupCause::UserBusy, Some(486)));
    let end = desk.settle_down()[0].tally().end.unwrap();
    assert_eq!((end.cause, end.sip, end.talked, end.heard), (Some(HangupCause::UserBusy), Some(486), None, None));
}
