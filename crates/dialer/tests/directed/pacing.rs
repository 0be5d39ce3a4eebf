//! Ramps, shares between campaigns, and the circuit breaker.

use std::time::Duration;

use dialer::call::HangupCause;
use dialer::client_state::Position;
use dialer::spec::{AccountLimits, Breaker, CampaignSpec, DialRate, Pacing, Ramp};
use dialer::target::Halt;
use dialer::{Event, PhoneNumber, TargetState, WaitingFor};

use crate::desk::{Desk, hung_up, leg_of, refusal, second_owner};
use crate::fixture::{spec, target};

const HOUR: Duration = Duration::from_hours(1);

/// A campaign that begins at one dial in ten seconds and wants four a second.
fn ramped() -> CampaignSpec {
    let ramp = Ramp { from: DialRate::from_millis(100), step_percent: 100, every: Duration::from_mins(1) };
    CampaignSpec { pacing: Pacing { ramp: Some(ramp), ..spec(4).pacing }, ..spec(4) }
}

/// Dials and ends calls like this for so many seconds. Returns whom it called.
fn run(desk: &mut Desk, seconds: u64, end: impl Fn(usize) -> (HangupCause, Option<u16>)) -> Vec<PhoneNumber> {
    let mut called = Vec::new();
    for _ in 0..seconds {
        desk.pass(1);
        desk.store_all();
        while let Some(dial) = desk.next_dial() {
            desk.tell(Event::DialAccepted { key: dial.key.clone(), leg: Some(leg_of(&dial)) });
            let (cause, sip) = end(called.len());
            desk.webhook(&dial.key, leg_of(&dial), Position::Ringing, hung_up(cause, sip));
            called.push(dial.to);
        }
    }
    called
}

fn no_answer(_: usize) -> (HangupCause, Option<u16>) {
    (HangupCause::Timeout, None)
}

#[test]
fn a_campaign_begins_slowly_and_rises_while_calls_end_well() {
    let mut desk = Desk::with(vec![TargetState::default(); 600], ramped());
    desk.pass(5);
    let minutes: Vec<usize> = (0..6).map(|_| run(&mut desk, 60, no_answer).len()).collect();
    assert!(minutes[0] <= 8 && minutes[5] >= 150, "{minutes:?}");
    assert!(minutes.windows(2).all(|pair| pair[1] >= pair[0] && pair[1] <= 3 * pair[0]), "{minutes:?}");
}

#[test]
fn a_ramp_does_not_rise_while_numbers_are_unknown() {
    let mut desk = Desk::with(vec![TargetState::default(); 300], ramped());
    desk.pass(5);
    let unknown = |_| (HangupCause::NotFound, Some(404));
    let minutes: Vec<usize> = (0..5).map(|_| run(&mut desk, 60, unknown).len()).collect();
    assert!(minutes.iter().all(|dials| *dials <= 8), "{minutes:?}");
}

#[test]
fn a_ramp_begins_anew_after_a_suspension_and_is_halved_by_a_refusal() {
    let mut desk = Desk::with(vec![TargetState::default(); 900], ramped());
    desk.pass(5);
    run(&mut desk, 400, no_answer);
    desk.set(CampaignSpec { suspended: true, ..ramped() });
    run(&mut desk, 5, no_answer);
    desk.set(ramped());
    let after = run(&mut desk, 55, no_answer).len();
    assert!(after <= 10, "{after}");
    let mut desk = Desk::with(vec![TargetState::default(); 900], ramped());
    desk.pass(5);
    run(&mut desk, 400, no_answer);
    let before = run(&mut desk, 30, no_answer).len();
    desk.pass_until_dial();
    let dial = desk.dial();
    desk.tell(Event::DialRefused { key: dial.key, refusal: refusal(422, "90043") });
    let after = run(&mut desk, 30, no_answer).len();
    assert!(after * 3 < before * 2, "{before}, then {after}");
}

/// Whom a refusal for want of channels tells to have fewer calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Falls {
    /// All campaigns of the account together.
    Account,
    /// The campaign whose dial was refused.
    Campaign,
}

/// Telnyx: error codes (90041 to 90043), SIP response codes (D1 to D3, D22). Limits of a profile or an application are those of
/// the campaigns that use it.
const CHANNEL_LIMITS: [(&str, Falls); 7] = [
    ("90041", Falls::Account),
    ("D1", Falls::Account),
    ("90042", Falls::Campaign),
    ("D2", Falls::Campaign),
    ("90043", Falls::Campaign),
    ("D3", Falls::Campaign),
    ("D22", Falls::Campaign),
];

/// Lets everything that may ring do so, and nobody pick up. Returns how many calls each of the two campaigns has.
fn fill(desk: &mut Desk, seconds: u64) -> (u32, u32) {
    for _ in 0..seconds {
        desk.pass(1);
        desk.store_all();
        while let Some(dial) = desk.next_dial() {
            desk.tell(Event::DialAccepted { key: dial.key.clone(), leg: Some(leg_of(&dial)) });
        }
    }
    let in_flight = |id| desk.dialer.progress(&id).unwrap().tallied.counts.in_flight();
    (in_flight(crate::desk::owner()), in_flight(second_owner()))
}

#[test]
fn a_refusal_for_want_of_channels_lowers_the_cap_that_it_is_about_by_one_and_gives_one_back_each_minute() {
    for (code, falls) in CHANNEL_LIMITS {
        // Calls ring for an hour, so that what is under way stays.
        let long = |rate| CampaignSpec { ring_timeout: Duration::from_mins(50), max_call: HOUR, ..spec(rate) };
        let mut desk = Desk::with(vec![TargetState::default(); 50], long(1));
        desk.tell(Event::AccountSet(AccountLimits { dials_per_second: 30, max_concurrent: 100 }));
        desk.second_campaign(CampaignSpec { suspended: true, ..long(1) }, (0..50).map(|n| target(1, n)).collect());
        let mut ringing = 0;
        while ringing < 4 {
            desk.pass_until_dial();
            let dial = desk.dial();
            desk.tell(Event::DialAccepted { key: dial.key.clone(), leg: Some(leg_of(&dial)) });
            ringing += 1;
        }
        desk.pass_until_dial();
        let refused = desk.dial();
        let before = desk.dialer.progress(&crate::desk::owner()).unwrap().tallied.counts.in_flight();
        desk.tell(Event::DialRefused { key: refused.key.clone(), refusal: refusal(403, code) });
        let refused_at = desk.clock;
        let own = |desk: &mut Desk, minute: u64| {
            let until = refused_at + Duration::from_secs(60 * minute + 55);
            fill(desk, until.saturating_sub(desk.clock).as_secs()).0
        };
        let minutes = [own(&mut desk, 0), own(&mut desk, 1), own(&mut desk, 2)];
        assert_eq!(
            minutes,
            [before - 1, before, before + 1],
            "{code}: what was under way besides it, and one a minute"
        );
        let tried_again = desk.stored.iter().filter(|state| state.tally().refusals > 0).count();
        assert!(tried_again > 0 && desk.stored.iter().all(|state| state.tally().attempts == 0), "{code}: no attempt");
        desk.set_second(long(1));
        let (_, second) = fill(&mut desk, 30);
        match falls {
            Falls::Account => assert!(second <= 1, "{code}: the account has no channel left, {second}"),
            Falls::Campaign => assert!(second >= 3, "{code}: another campaign has its own, {second}"),
        }
    }
}

/// Two campaigns at full speed on an account of 10 channels, with the second's pacing changed; calls never end.
fn beside(second: impl Fn(&mut Pacing)) -> (u32, u32) {
    let mut desk = Desk::with(vec![TargetState::default(); 50], spec(20));
    let mut campaign = spec(20);
    second(&mut campaign.pacing);
    desk.second_campaign(campaign, (0..50).map(|index| target(1, index)).collect());
    for _ in 0..20 {
        desk.pass(1);
        while desk.wants_to_save() {
            desk.store();
        }
    }
    let in_flight = |id| desk.dialer.progress(&id).unwrap().tallied.counts.in_flight();
    (in_flight(crate::desk::owner()), in_flight(second_owner()))
}

#[test]
fn channels_are_divided_by_share_and_then_by_who_comes_first() {
    assert_eq!(beside(|_| {}), (5, 5));
    assert_eq!(beside(|pacing| pacing.share = 4), (2, 8));
    assert_eq!(beside(|pacing| pacing.priority = 5), (0, 10));
    assert_eq!(beside(|pacing| pacing.priority = 1), (10, 0));
    assert_eq!(beside(|pacing| pacing.max_concurrent = 3), (7, 3), "what one cannot use the other may");
    assert_eq!(beside(|pacing| (pacing.priority, pacing.max_concurrent) = (5, 4)), (6, 4));
}

#[test]
fn the_accounts_dials_are_divided_by_share() {
    let fast = |share| CampaignSpec { pacing: Pacing { share, ..spec(100).pacing }, ..spec(100) };
    let mut desk = Desk::with(vec![TargetState::default(); 3000], fast(1));
    desk.second_campaign(fast(3), (0..3000).map(|index| target(1, index)).collect());
    let called = run(&mut desk, 60, no_answer);
    let of_second = called.iter().filter(|number| number.expose().starts_with("+1555001")).count();
    let share = of_second * 100 / called.len();
    assert!(called.len() > 500 && (68..=82).contains(&share), "{share} % of {}", called.len());
}

fn with_breaker() -> CampaignSpec {
    let breaker = Breaker {
        window: Duration::from_mins(10),
        least_sample: 20,
        invalid_percent: 30,
        reject_percent: 40,
        short_percent: 50,
    };
    CampaignSpec { breaker: Some(breaker), ..spec(1) }
}

#[test]
fn a_bad_list_stops_before_it_is_burnt_and_goes_on_when_the_campaign_is_changed() {
    let mut desk = Desk::with(vec![TargetState::default(); 200], with_breaker());
    let one_in_two = |n: usize| if n.is_multiple_of(2) { (HangupCause::NotFound, Some(404)) } else { no_answer(n) };
    let called = run(&mut desk, 120, one_in_two).len();
    assert!((20..=22).contains(&called), "{called}");
    assert_eq!(desk.waiting_for(), WaitingFor::Halt(Halt::NumbersSuspect));
    desk.set(CampaignSpec { max_call: Duration::from_mins(6), ..with_breaker() });
    assert!(!run(&mut desk, 10, no_answer).is_empty());
}

#[test]
fn a_storm_of_unknown_numbers_or_rejections_is_the_accounts_fault() {
    for end in [(HangupCause::NotFound, Some(404)), (HangupCause::Unspecified, Some(403))] {
        let mut desk = Desk::with(vec![TargetState::default(); 200], with_breaker());
        run(&mut desk, 120, |_| end);
        assert_eq!(desk.waiting_for(), WaitingFor::Halt(Halt::AccountSuspect), "{end:?}");
        let stored = desk.stored.clone();
        let successor = Desk::started(Duration::from_mins(3), stored, with_breaker());
        assert_eq!(successor.waiting_for(), WaitingFor::Halt(Halt::AccountSuspect), "a restart does not forget");
    }
}

#[test]
fn people_who_hang_up_at_once_stop_the_campaign() {
    let mut desk = Desk::with(vec![TargetState::default(); 200], with_breaker());
    for _ in 0..120 {
        desk.pass(1);
        desk.store_all();
        while let Some(dial) = desk.next_dial() {
            desk.tell(Event::DialAccepted { key: dial.key.clone(), leg: Some(leg_of(&dial)) });
            desk.webhook(&dial.key, leg_of(&dial), Position::Listening, dialer::call::What::Other);
            let bye = hung_up(HangupCause::NormalClearing, Some(200));
            desk.webhook(&dial.key, leg_of(&dial), Position::Listening, bye);
        }
    }
    assert_eq!(desk.waiting_for(), WaitingFor::Halt(Halt::ShortCalls));
}
