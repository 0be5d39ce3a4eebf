//! People who answer a campaign that dials by agents, and find none.

use std::time::Duration;

use dialer::call::{HangupCause, What};
use dialer::client_state::Position;
use dialer::spec::{Adaptive, Agents, CampaignSpec, Pacing};
use dialer::{Outcome, TargetState};

use crate::desk::{Desk, hung_up, leg};
use crate::fixture::{spec, wall};

fn by_agents() -> CampaignSpec {
    let adaptive =
        Adaptive { agents: Agents::Count(5), target: 20, hard_stop: 900, window: Duration::from_hours(24 * 30) };
    CampaignSpec { pacing: Pacing { adaptive: Some(adaptive), ..spec(1).pacing }, ..spec(1) }
}

/// Somebody answers, an agent is there so many milliseconds later, if at all, and the callee hangs up after ten seconds.
fn answered(agent_after: Option<u64>) -> (TargetState, Duration) {
    let (mut desk, dial) = Desk::ringing(by_agents());
    desk.webhook(&dial.key, leg(), Position::Ringing, What::Answered);
    let answered_at = desk.clock;
    if let Some(after) = agent_after {
        desk.pass_millis(after);
        desk.webhook(&dial.key, leg(), Position::Listening, What::Connected);
    }
    desk.pass(10);
    desk.webhook(&dial.key, leg(), Position::Listening, hung_up(HangupCause::NormalClearing, Some(200)));
    (desk.settle_down()[0].clone(), answered_at)
}

#[test]
fn who_answers_and_finds_nobody_was_abandoned_and_is_called_again_three_days_later_once() {
    let (state, answered_at) = answered(None);
    let TargetState::Pending { tally, not_before: Some(again) } = state else { panic!("{state:?}") };
    assert_eq!((tally.last, tally.attempts), (Some(Outcome::Abandoned), 1));
    let earliest = wall(answered_at + Duration::from_hours(72));
    assert!(again >= earliest && again < earliest + jiff::SignedDuration::from_mins(1), "{again}");
    let came_to: Vec<u8> = tally.rings.iter().map(|ring| ring.came_to.bits()).collect();
    assert_eq!(came_to, [4]);
}

#[test]
fn whom_an_agent_took_was_talked_to_and_one_who_waited_long_was_abandoned_besides() {
    for (after, expected) in [(500, 1), (5000, 5)] {
        let (state, _) = answered(Some(after));
        let came_to: Vec<u8> = state.tally().rings.iter().map(|ring| ring.came_to.bits()).collect();
        assert_eq!((state.tally().last, came_to), (Some(Outcome::HumanHangup), vec![expected]), "after {after} ms");
    }
}
