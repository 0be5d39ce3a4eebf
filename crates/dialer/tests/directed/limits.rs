//! Budgets, and campaigns that have what they wanted or failed too often.

use std::time::Duration;

use dialer::call::{HangupCause, What};
use dialer::client_state::Position;
use dialer::cost::{CostLimit, Money, Spending};
use dialer::effect::{CommandKind, Dial};
use dialer::spec::{Audience, CampaignSpec, DrainPolicy, Portion};
use dialer::target::Halt;
use dialer::{CampaignEnd, Event, Outcome, TargetState, WaitingFor};
use jiff::SignedDuration;

use crate::desk::{Desk, hung_up, job, leg, leg_of, owner};
use crate::fixture::{spec, wall};

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

fn money(text: &str) -> Money {
    Money::parse(text).unwrap()
}

/// Half a minute of ringing and five of talking are six begun minutes.
fn costly(most: &str) -> CampaignSpec {
    CampaignSpec {
        cost: Some(CostLimit { most: money(most), per_call: money("0.1"), per_minute: money("0.5") }),
        ..spec(10)
    }
}

#[test]
fn what_calls_under_way_may_cost_is_kept_back_and_given_free_when_they_end() {
    // Each call may cost 0.1 and six minutes at 0.5.
    let mut desk = Desk::with(vec![TargetState::default(); 40], costly("10"));
    let mut ringing = Vec::new();
    for _ in 0..20 {
        desk.pass(1);
        desk.store_all();
        while let Some(dial) = desk.next_dial() {
            desk.tell(Event::DialAccepted { key: dial.key.clone(), leg: Some(leg_of(&dial)) });
            ringing.push(dial);
        }
    }
    assert_eq!(ringing.len(), 3);
    assert_eq!(desk.waiting_for(), WaitingFor::Concurrency, "as many as the money is enough for");
    let spending = |desk: &Desk| desk.dialer.progress(&owner()).unwrap().spending.unwrap();
    assert_eq!(spending(&desk), Spending { spent: money("0.3"), reserved: money("9") });
    for dial in ringing {
        desk.webhook(&dial.key, leg_of(&dial), Position::Ringing, hung_up(HangupCause::Timeout, None));
    }
    // Each of these costs 0.1 and one begun minute, until six minutes cannot be afforded any more.
    let dials = run(&mut desk, "hdu", HangupCause::NormalClearing, 120);
    assert_eq!((dials, desk.waiting_for()), (12, WaitingFor::Budget));
    assert_eq!(spending(&desk).spent, money("7.5"));
}

#[test]
fn what_calls_have_cost_outlives_the_process() {
    let mut desk = Desk::with(vec![TargetState::default(); 40], costly("10"));
    let before = run(&mut desk, "hdu", HangupCause::NormalClearing, 120);
    desk.settle_down();
    let spent = desk.dialer.progress(&owner()).unwrap().spending;
    let mut successor = Desk::started(desk.clock, desk.stored, costly("10"));
    assert_eq!(run(&mut successor, "hdu", HangupCause::NormalClearing, 120), 0);
    assert_eq!((successor.waiting_for(), before), (WaitingFor::Budget, 12));
    assert_eq!(successor.dialer.progress(&owner()).unwrap().spending, spent);
}

#[test]
fn minutes_count_from_the_answer_where_it_was_seen_and_from_the_claim_where_not() {
    let minutes = |answered_after: Option<u64>| {
        let (mut desk, dial) = Desk::ringing(costly("100"));
        if let Some(after) = answered_after {
            desk.pass(after);
            desk.webhook(&dial.key, leg(), Position::Ringing, What::Answered);
            desk.pass(50);
        } else {
            desk.pass(70);
        }
        desk.webhook(&dial.key, leg(), Position::decode("hdu").unwrap(), hung_up(HangupCause::NormalClearing, None));
        desk.settle_down()[0].tally().minutes
    };
    assert_eq!((minutes(Some(20)), minutes(None)), (1, 2));
}

#[test]
fn calls_that_fail_at_the_carrier_cost_budget_though_they_cost_no_attempt() {
    let mut desk = Desk::with(vec![TargetState::default(); 5], CampaignSpec { max_calls: Some(3), ..spec(10) });
    assert_eq!(run(&mut desk, "r", HangupCause::Unspecified, 3600), 3);
}

#[test]
fn a_campaign_that_has_what_it_wanted_calls_nobody_else() {
    let campaign = CampaignSpec { enough_reached: Some(Portion::Targets(3)), ..spec(1) };
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
    let campaign = CampaignSpec { most_failed: Some(Portion::Targets(2)), ..spec(1) };
    let mut desk = Desk::with(vec![TargetState::default(); 20], campaign);
    let dials = run(&mut desk, "r", HangupCause::NotFound, 60);
    assert!((3..=5).contains(&dials), "{dials}");
    assert_eq!(desk.dialer.progress(&owner()).unwrap().end, Some(CampaignEnd::TooManyFailed));
}

#[test]
fn a_share_is_of_the_whole_list_and_not_of_the_jobs_that_are_here() {
    let of_all = |list| CampaignSpec { list, enough_reached: Some(Portion::Percent(25)), ..spec(1) };
    let mut desk = Desk::with(vec![TargetState::default(); 20], of_all(Some(40)));
    assert!((10..=12).contains(&run(&mut desk, "hdu", HangupCause::NormalClearing, 60)));
    assert_eq!(desk.dialer.progress(&owner()).unwrap().end, Some(CampaignEnd::Satisfied));
    let mut desk = Desk::with(vec![TargetState::default(); 20], of_all(None));
    assert!((5..=7).contains(&run(&mut desk, "hdu", HangupCause::NormalClearing, 60)));
    let more_to_come =
        |spec| Event::CampaignSet { owner: owner(), spec: std::sync::Arc::new(spec), audience: Audience::MoreToCome };
    let most_failed = Some(Portion::Percent(10));
    let mut desk = Desk::with(vec![TargetState::default(); 20], spec(1));
    desk.tell(more_to_come(CampaignSpec { most_failed, ..spec(1) }));
    assert_eq!(run(&mut desk, "r", HangupCause::NotFound, 60), 20, "how long the list is nobody knows yet");
    assert_eq!(desk.dialer.progress(&owner()).unwrap().end, None);
    desk.tell(more_to_come(CampaignSpec { most_failed, list: Some(190), ..spec(1) }));
    assert_eq!(desk.dialer.progress(&owner()).unwrap().end, Some(CampaignEnd::TooManyFailed));
}

/// A campaign that has begun an hour ago by the wall clock of a desk, and may take so many seconds more.
fn due_in(seconds: u64, drain: DrainPolicy) -> CampaignSpec {
    CampaignSpec {
        active_deadline: Some(Duration::from_secs(3600 + seconds)),
        started_at: Some(wall(Duration::ZERO) - SignedDuration::from_hours(1)),
        drain,
        ..spec(1)
    }
}

/// A campaign of a hundred targets that is over after half a minute. One call lives through it; so many others came to their ends.
fn over_with_a_call_under_way(campaign: CampaignSpec) -> (Desk, Dial, usize) {
    let mut desk = Desk::with(vec![TargetState::default(); 100], campaign);
    desk.pass_until_dial();
    let dial = desk.dial();
    desk.tell(Event::DialAccepted { key: dial.key.clone(), leg: Some(leg_of(&dial)) });
    let dials = run(&mut desk, "hdu", HangupCause::NormalClearing, 60);
    assert!((15..=31).contains(&dials), "{dials}");
    (desk, dial, dials)
}

#[test]
fn when_its_time_is_over_what_is_left_expires_and_calls_under_way_are_let_finish() {
    let (mut desk, dial, dials) = over_with_a_call_under_way(due_in(30, DrainPolicy::LetFinish));
    let progress = desk.dialer.progress(&owner()).unwrap();
    assert_eq!((progress.tallied.counts.dialing, progress.end), (1, Some(CampaignEnd::DeadlineExceeded)));
    assert_eq!(progress.tallied.outcomes[&Outcome::Expired], 99 - u32::try_from(dials).unwrap());
    assert!(desk.next_command().is_none(), "it was cut off");
    // Who did not answer in time is not called again.
    desk.webhook(&dial.key, leg_of(&dial), Position::Ringing, hung_up(HangupCause::Timeout, None));
    assert_eq!(run(&mut desk, "hdu", HangupCause::NormalClearing, 7200), 0);
    assert!(desk.dialer.progress(&owner()).unwrap().complete);
}

#[test]
fn when_its_time_is_over_calls_under_way_are_hung_up_where_the_drain_policy_says_so() {
    let (mut desk, _) = Desk::ringing(due_in(30, DrainPolicy::HangupAll));
    assert!(desk.next_command().is_none());
    desk.pass(30);
    assert!(matches!(desk.command().kind, CommandKind::Hangup));
    desk.pass(60);
    assert!(desk.next_command().is_none(), "it is asked for once");
}

#[test]
fn a_successor_knows_that_the_time_is_over() {
    let (desk, dial) = Desk::ringing(due_in(30, DrainPolicy::HangupAll));
    let at = desk.clock + Duration::from_mins(1);
    let mut states = desk.stored;
    states.push(TargetState::default());
    let mut successor = Desk::started(at, states, due_in(30, DrainPolicy::HangupAll));
    successor.pass(10);
    assert_eq!(successor.outcome(), Some(Outcome::Expired));
    let command = successor.command();
    assert_eq!((command.leg.id.as_str(), matches!(command.kind, CommandKind::Hangup)), (leg().id.as_str(), true));
    assert_eq!(command.client_state.key, dial.key);
}

#[test]
fn nothing_is_dialled_before_the_campaign_starts() {
    let start = Duration::from_mins(10);
    let campaign = CampaignSpec { start_at: Some(wall(start)), ..spec(10) };
    let mut desk = Desk::with(vec![TargetState::default(); 20], campaign);
    assert_eq!(desk.waiting_for(), WaitingFor::Start { at: wall(start) });
    assert_eq!(run(&mut desk, "hdu", HangupCause::NormalClearing, 599), 0);
    assert!(run(&mut desk, "hdu", HangupCause::NormalClearing, 20) > 10, "{:?}", desk.waiting_for());
}

#[test]
fn a_start_that_is_put_off_takes_back_what_is_claimed_and_not_dialled() {
    let mut desk = Desk::new();
    desk.pass(6);
    let save = desk.save();
    let start = desk.clock + Duration::from_mins(10);
    desk.set(CampaignSpec { start_at: Some(wall(start)), ..spec(1) });
    desk.tell(save.stored(dialer::Version::new("2")));
    assert!(desk.next_dial().is_none(), "it is not to start yet");
    assert!(matches!(desk.settle_down()[..], [TargetState::Pending { .. }]), "{:?}", desk.stored);
    desk.pass_until_dial();
    assert!(desk.clock >= start, "{:?}", desk.clock);
}

#[test]
fn from_its_stop_on_nobody_else_is_called_and_calls_under_way_end_by_themselves() {
    let stop_at = Some(wall(Duration::from_secs(30)));
    let campaign = CampaignSpec { stop_at, drain: DrainPolicy::HangupAll, ..spec(1) };
    let (mut desk, dial, dials) = over_with_a_call_under_way(campaign);
    let progress = desk.dialer.progress(&owner()).unwrap();
    assert_eq!((progress.tallied.counts.dialing, progress.end), (1, None), "it is over as it was meant to be");
    assert_eq!(progress.tallied.outcomes[&Outcome::Expired], 99 - u32::try_from(dials).unwrap());
    assert!(desk.next_command().is_none(), "it was cut off");
    desk.webhook(
        &dial.key,
        leg_of(&dial),
        Position::decode("hdu").unwrap(),
        hung_up(HangupCause::NormalClearing, None),
    );
    assert_eq!(run(&mut desk, "hdu", HangupCause::NormalClearing, 7200), 0);
    let progress = desk.dialer.progress(&owner()).unwrap();
    assert!(progress.complete && progress.tallied.outcomes[&Outcome::Completed] == 1 + u32::try_from(dials).unwrap());
}

#[test]
fn that_its_first_call_is_known_now_is_no_edit() {
    let halted = TargetState::Done {
        tally: dialer::target::Tally { halt: Some(Halt::PausedByRule), attempts: 1, ..Default::default() },
        outcome: Outcome::Busy,
    };
    let campaign = due_in(600, DrainPolicy::LetFinish);
    let unknown = CampaignSpec { started_at: None, ..campaign.clone() };
    let mut desk = Desk::with(vec![halted, TargetState::default()], unknown);
    desk.set(campaign.clone());
    assert_eq!(desk.waiting_for(), WaitingFor::Halt(Halt::PausedByRule));
    desk.set(CampaignSpec { active_deadline: None, ..campaign });
    assert_ne!(desk.waiting_for(), WaitingFor::Halt(Halt::PausedByRule));
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
