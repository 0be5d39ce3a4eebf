//! Whether all that a flow may ever remember fits the call's `client_state`.

use jiff::Timestamp;
use telnyx_voice::ClientState;

use super::Problems;
use crate::caller::Caller;
use crate::position::{
    Amd, CallDirection, Ending, FlowKey, MAX_BACKGROUND, MAX_ORIGIN, MAX_OUTCOME, Phase, Position, Seat,
};
use crate::spec::{Action, Direction, FlowSpec};

/// The longest `call_control_id` that is kept. Today's have about 60 characters (Telnyx API reference: Dial, sample).
pub(crate) const MAX_CONTROL_ID: usize = 120;

/// A conference's id is a UUID.
pub(crate) const MAX_CONFERENCE_ID: usize = 36;

pub(super) fn check(spec: &FlowSpec, variables: &[String], problems: &mut Problems) {
    let worst = worst(spec, variables);
    if let Err(too_long) = worst.encode() {
        let declared: u32 = spec.variables.values().map(|variable| u32::from(variable.max_length)).sum();
        let problem = format!(
            "the call would carry up to {} characters, {} more than it can ({declared} bytes are declared, digits take up to {})",
            too_long.encoded,
            too_long.encoded.saturating_sub(ClientState::MAX_ENCODED),
            worst.digits.len(),
        );
        problems.add("variables", problem, "lower maxLength, or maximumDigits where keys are gathered");
    }
}

/// The position that takes the most room.
fn worst(spec: &FlowSpec, variables: &[String]) -> Position {
    let text = |length: usize| "x".repeat(length);
    let has = |wanted: fn(&Action) -> bool| spec.steps.iter().any(|step| wanted(&step.action));
    Position {
        key: FlowKey { flow: u64::MAX, revision: u32::MAX },
        direction: CallDirection::Outbound,
        phase: Phase::UnderWay,
        step: u8::MAX,
        visit: u16::MAX,
        cuts: u8::MAX,
        answered: true,
        detection: true,
        ending: Ending::HungUp,
        started_at: Timestamp::MAX,
        entered_after: 1 << 20,
        last_event_ms: 1 << 42,
        attempt: u16::MAX,
        amd: Some(Amd::Timeout),
        digits: text(spec.steps.iter().map(|step| step.action.most_digits()).max().unwrap_or(0)),
        loops: vec![0; spec.steps.iter().filter(|step| matches!(step.action, Action::Loop(_))).count()],
        variables: variables
            .iter()
            .filter_map(|name| spec.variables.get(name))
            .map(|variable| text(usize::from(variable.max_length)))
            .collect(),
        second_leg: has(|action| matches!(action, Action::Dial(_))).then(|| text(MAX_CONTROL_ID).into()),
        conference: has(|action| action.kind().enters_conference()).then(|| text(MAX_CONFERENCE_ID)),
        seat: Seat::Left,
        background: vec![0; most_in_background(spec)],
        outcome: text(spec.steps.iter().map(|step| longest_outcome(&step.action)).max().unwrap_or(0)),
        success: None,
        opted_out: true,
        origin: text(if spec.direction == Direction::Inbound { 0 } else { MAX_ORIGIN }),
        caller: (spec.direction != Direction::Outbound && spec.opts_out()).then_some(Caller::LONGEST),
    }
}

/// The most steps whose sound goes on in the background at a time.
fn most_in_background(spec: &FlowSpec) -> usize {
    match spec.steps.iter().filter(|step| step.sounds_in_background()).count() {
        0 => 0,
        _ if spec.steps.iter().any(|step| matches!(step.action, Action::Loop(_))) => MAX_BACKGROUND,
        count => count.min(MAX_BACKGROUND),
    }
}

/// The most bytes of what a step calls the outcome.
fn longest_outcome(action: &Action) -> usize {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other kinds say nothing of the outcome")]
    match action {
        Action::Outcome(outcome) if outcome.value.contains("{{") => MAX_OUTCOME,
        Action::Outcome(outcome) => outcome.value.len().min(MAX_OUTCOME),
        _ => 0,
    }
}
