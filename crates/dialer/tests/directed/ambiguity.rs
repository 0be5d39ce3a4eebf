//! Attempts whose fate nobody knows.

use std::time::Duration;

use dialer::event::{Findings, Liveness};
use dialer::spec::{CampaignSpec, OnAmbiguous};
use dialer::{Effect, Event, Outcome, SessionId, TargetState};

use crate::desk::{Desk, owner};
use crate::fixture::{spec, wall};

#[test]
fn no_trace_for_three_minutes_follows_the_policy() {
    for (policy, expected) in
        [(OnAmbiguous::CountAsAttempt, "retrying"), (OnAmbiguous::Skip, "skipped"), (OnAmbiguous::Hold, "held")]
    {
        let campaign = CampaignSpec { on_ambiguous: policy, ..spec(1) };
        let (mut desk, dial) = Desk::dialled(campaign);
        desk.tell(Event::DialFateUnknown { key: dial.key.clone() });
        for _ in 0..40 {
            desk.pass(10);
            while desk.next_dial().is_some() {
                desk.tell(Event::DialFateUnknown { key: dial.key.clone() });
            }
            let asked = desk.take(|effect| if let Effect::LookUp(asked) = effect { Ok(asked) } else { Err(effect) });
            if let Some(asked) = asked {
                let findings = Some(Findings { liveness: Liveness::NoTrace, events: Vec::new() });
                desk.tell(Event::LookedUp { key: asked.key, findings });
            }
        }
        let progress = desk.dialer.progress(&owner()).unwrap();
        let counts = progress.tallied.counts;
        let found = match (counts.retrying, progress.tallied.outcomes.get(&Outcome::Ambiguous), counts.ambiguous) {
            (1, None, 0) => "retrying",
            (0, Some(1), 1) => "skipped",
            (0, None, 1) => "held",
            _ => "something else",
        };
        assert_eq!(found, expected, "{counts:?}");
        assert!(!progress.complete, "nothing of it is stored");
        desk.settle_down();
        assert_eq!(desk.dialer.progress(&owner()).unwrap().complete, policy == OnAmbiguous::Skip);
    }
}

#[test]
fn a_held_target_is_decided_when_the_policy_no_longer_holds_it() {
    let claim = dialer::target::ClaimRecord { at: wall(Duration::ZERO), by: SessionId(9), from: 0 };
    let held = TargetState::Held { tally: dialer::target::Tally::default(), claim };
    let skip = CampaignSpec { on_ambiguous: OnAmbiguous::Skip, ..spec(1) };
    let mut desk = Desk::with(vec![held.clone()], skip.clone());
    assert_eq!(desk.outcome(), Some(Outcome::Ambiguous), "at load");
    desk = Desk::with(vec![held], CampaignSpec { on_ambiguous: OnAmbiguous::Hold, ..spec(1) });
    assert_eq!(desk.outcome(), None);
    desk.set(skip);
    assert_eq!(desk.outcome(), Some(Outcome::Ambiguous), "at an edit");
}
