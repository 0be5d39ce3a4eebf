//! The announcement on one call: from the answer over the detector's verdict to our hanging up.
//!
//! Promises a position in, a position out: nothing is remembered here, and an event that comes twice or late changes
//! nothing. Does not know how commands are sent, nor what the end of the call means.

use std::time::Duration;

use crate::call::{AudioEnd, Verdict, What};
use crate::client_state::{Ending, Party, Position};
use crate::spec::{Amd, AmdMode, OnMachine, OnNobody, OnNotSure};

/// What to do on the leg. It is done once the leg's `client_state` holds the new position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Play the announcement.
    Play,
    /// Hang up.
    Hangup,
}

/// The detector may cut an announcement this often before it counts as unplayable.
const MOST_VISITS: u8 = 3;

/// How long an event may take to arrive.
const DELIVERY: Duration = Duration::from_secs(5);

/// What an event does to a leg that has come to `position`. `carried`: the position in the event's `client_state`.
/// `None`: nothing.
pub(crate) fn step(position: Position, carried: Position, amd: &Amd, what: &What) -> Option<(Position, Option<Order>)> {
    match what {
        What::Answered => answered(position, amd),
        What::Detected(verdict) => detected(position, amd, *verdict),
        What::GreetingEnded => greeting_ended(position, amd),
        What::AudioEnded(end) => audio_ended(position, carried, *end),
        What::Initiated | What::HungUp(_) | What::Other => None,
    }
}

fn answered(position: Position, amd: &Amd) -> Option<(Position, Option<Order>)> {
    match position {
        Position::Ringing => match amd.mode {
            AmdMode::Disabled => Some(play(Party::Unscreened)),
            AmdMode::Premium | AmdMode::Detect | AmdMode::DetectBeep | AmdMode::DetectWords | AmdMode::GreetingEnd => {
                Some((Position::Listening, None))
            }
        },
        Position::Listening | Position::AwaitingBeep | Position::Announcing { .. } | Position::HangingUp { .. } => None,
    }
}

fn detected(position: Position, amd: &Amd, verdict: Verdict) -> Option<(Position, Option<Order>)> {
    match position {
        // The verdict implies the answer, whose webhook may be late.
        Position::Ringing | Position::Listening => Some(match verdict {
            Verdict::Human => play(Party::Human),
            Verdict::Machine => machine(amd),
            Verdict::Fax => nobody(amd.on_fax, Party::Fax),
            Verdict::Silence => nobody(amd.on_silence, Party::Silence),
            Verdict::NotSure => not_sure(amd),
        }),
        Position::AwaitingBeep | Position::Announcing { .. } | Position::HangingUp { .. } => None,
    }
}

fn greeting_ended(position: Position, amd: &Amd) -> Option<(Position, Option<Order>)> {
    match (position, amd.on_machine) {
        // Premium: a beep before the verdict suppresses the verdict, so the greeting's end alone says machine
        // (Telnyx: answering machine detection guide).
        (Position::Ringing | Position::Listening, OnMachine::Hangup) => Some(decline(Party::Machine)),
        (Position::Ringing | Position::Listening, OnMachine::LeaveMessage | OnMachine::Continue)
        | (Position::AwaitingBeep, _) => Some(play(Party::Machine)),
        (Position::Announcing { .. } | Position::HangingUp { .. }, _) => None,
    }
}

fn audio_ended(position: Position, carried: Position, end: AudioEnd) -> Option<(Position, Option<Order>)> {
    let Position::Announcing { visit, to } = position else { return None };
    // The end of an earlier visit may come late, or be found again by a look-up.
    if !matches!(carried, Position::Announcing { visit: ended, .. } if ended == visit) {
        return None;
    }
    match end {
        AudioEnd::Completed => Some(hang_up(Ending::Delivered, to)),
        AudioEnd::CancelledAmd if visit < MOST_VISITS => {
            Some((Position::Announcing { visit: visit + 1, to }, Some(Order::Play)))
        }
        AudioEnd::CancelledAmd | AudioEnd::Failed => Some(hang_up(Ending::Failed, to)),
        AudioEnd::CallHangup => None,
    }
}

fn play(to: Party) -> (Position, Option<Order>) {
    (Position::Announcing { visit: 1, to }, Some(Order::Play))
}

fn hang_up(ending: Ending, with: Party) -> (Position, Option<Order>) {
    (Position::HangingUp { ending, with }, Some(Order::Hangup))
}

fn decline(with: Party) -> (Position, Option<Order>) {
    hang_up(Ending::Declined, with)
}

fn machine(amd: &Amd) -> (Position, Option<Order>) {
    match (amd.on_machine, amd.mode) {
        (OnMachine::Hangup, _) => decline(Party::Machine),
        // `detect` never says when the greeting ends.
        (OnMachine::Continue, _) | (OnMachine::LeaveMessage, AmdMode::Disabled | AmdMode::Detect) => {
            play(Party::Machine)
        }
        (
            OnMachine::LeaveMessage,
            AmdMode::Premium | AmdMode::DetectBeep | AmdMode::DetectWords | AmdMode::GreetingEnd,
        ) => (Position::AwaitingBeep, None),
    }
}

fn nobody(policy: OnNobody, party: Party) -> (Position, Option<Order>) {
    match policy {
        OnNobody::Hangup => decline(party),
        OnNobody::Continue => play(party),
    }
}

fn not_sure(amd: &Amd) -> (Position, Option<Order>) {
    match amd.on_not_sure {
        OnNotSure::TreatAsHuman => play(Party::NotSure),
        OnNotSure::TreatAsMachine => machine(amd),
        OnNotSure::Hangup => decline(Party::NotSure),
    }
}

/// How long a leg may stay at `position` before [`overdue`] says how to go on. `None`: only a look-up can tell.
pub(crate) fn patience(position: Position, amd: &Amd) -> Option<Duration> {
    match position {
        Position::Listening => Some(amd.total_analysis + amd.greeting + DELIVERY),
        Position::AwaitingBeep => Some(amd.greeting + DELIVERY),
        Position::Ringing | Position::Announcing { .. } | Position::HangingUp { .. } => None,
    }
}

/// How to go on when the detector never said what it should have.
pub(crate) fn overdue(position: Position, amd: &Amd) -> Option<(Position, Option<Order>)> {
    match position {
        Position::Listening => Some(not_sure(amd)),
        Position::AwaitingBeep => Some(play(Party::Machine)),
        Position::Ringing | Position::Announcing { .. } | Position::HangingUp { .. } => None,
    }
}

/// Where a leg ends up when its announcement turns out to be unplayable.
pub(crate) fn unplayable(position: Position) -> Option<(Position, Option<Order>)> {
    match position {
        Position::Announcing { to, .. } => Some(hang_up(Ending::Failed, to)),
        Position::Ringing | Position::Listening | Position::AwaitingBeep | Position::HangingUp { .. } => None,
    }
}

/// Hangs up because the campaign no longer wants the call.
pub(crate) fn cancel(position: Position) -> Option<(Position, Option<Order>)> {
    match position {
        Position::Ringing | Position::Listening => Some(hang_up(Ending::Canceled, Party::Unscreened)),
        Position::AwaitingBeep => Some(hang_up(Ending::Canceled, Party::Machine)),
        Position::Announcing { to, .. } => Some(hang_up(Ending::Canceled, to)),
        Position::HangingUp { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amd(mode: AmdMode, on_machine: OnMachine) -> Amd {
        Amd {
            mode,
            total_analysis: Duration::from_millis(3500),
            greeting: Duration::from_secs(30),
            on_machine,
            on_fax: OnNobody::Hangup,
            on_silence: OnNobody::Hangup,
            on_not_sure: OnNotSure::TreatAsHuman,
        }
    }

    fn event(word: &str) -> What {
        match word {
            "answered" => What::Answered,
            "human" => What::Detected(Verdict::Human),
            "machine" => What::Detected(Verdict::Machine),
            "fax" => What::Detected(Verdict::Fax),
            "silence" => What::Detected(Verdict::Silence),
            "unsure" => What::Detected(Verdict::NotSure),
            "greeting" => What::GreetingEnded,
            "played" => What::AudioEnded(AudioEnd::Completed),
            "cut" => What::AudioEnded(AudioEnd::CancelledAmd),
            "broken" => What::AudioEnded(AudioEnd::Failed),
            "gone" => What::AudioEnded(AudioEnd::CallHangup),
            other => panic!("{other}"),
        }
    }

    /// Each line: detector, policy for machines, events -> positions after each (`.` unchanged, `*` with a command).
    fn check(table: &str) {
        for line in table.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (left, expected) = line.split_once("->").unwrap();
            let mut words = left.split_whitespace();
            let mode = match words.next().unwrap() {
                "none" => AmdMode::Disabled,
                "premium" => AmdMode::Premium,
                "detect" => AmdMode::Detect,
                other => panic!("{other}"),
            };
            let on_machine = match words.next().unwrap() {
                "leave" => OnMachine::LeaveMessage,
                "hangup" => OnMachine::Hangup,
                "continue" => OnMachine::Continue,
                other => panic!("{other}"),
            };
            let amd = amd(mode, on_machine);
            let mut position = Position::Ringing;
            let mut seen = Vec::new();
            for word in words {
                let next = if word == "overdue" {
                    overdue(position, &amd)
                } else {
                    step(position, position, &amd, &event(word))
                };
                seen.push(match next {
                    None => ".".to_owned(),
                    Some((to, order)) => {
                        assert!(to > position, "{line}: {position:?} to {to:?}");
                        position = to;
                        format!("{}{}", to.encode(), if order.is_some() { "*" } else { "" })
                    }
                });
            }
            assert_eq!(seen.join(" "), expected.trim(), "{line}");
        }
    }

    #[test]
    fn an_announcement_goes_from_the_answer_to_our_hanging_up() {
        check(
            "
            none    leave    answered played                     -> p1u* hdu*
            none    leave    answered answered played played     -> p1u* . hdu* .
            none    leave    answered broken                     -> p1u* hxu*
            none    leave    answered gone played                -> p1u* . hdu*
            premium leave    answered human played               -> l p1h* hdh*
            premium leave    human answered played               -> p1h* . hdh*
            premium leave    answered machine greeting played    -> l b p1m* hdm*
            premium leave    answered machine overdue played     -> l b p1m* hdm*
            premium hangup   answered machine greeting           -> l hrm* .
            premium continue answered machine greeting played    -> l p1m* . hdm*
            premium leave    answered fax                        -> l hrf*
            premium leave    answered silence                    -> l hrs*
            premium leave    answered unsure played              -> l p1n* hdn*
            premium leave    answered overdue machine played     -> l p1n* . hdn*
            premium leave    answered cut human cut cut cut      -> l . p1h* p2h* p3h* hxh*
            detect  leave    answered machine played             -> l p1m* hdm*
            ",
        );
    }

    #[test]
    fn a_greeting_that_ends_before_the_verdict_means_a_machine() {
        check(
            "
            premium leave    answered greeting machine played    -> l p1m* . hdm*
            premium hangup   answered greeting                   -> l hrm*
            premium leave    greeting answered                   -> p1m* .
            ",
        );
    }

    #[test]
    fn the_end_of_an_earlier_visit_is_stale() {
        let amd = amd(AmdMode::Disabled, OnMachine::Hangup);
        let at = |visit| Position::Announcing { visit, to: Party::Unscreened };
        assert_eq!(step(at(2), at(1), &amd, &What::AudioEnded(AudioEnd::CancelledAmd)), None);
        assert!(step(at(2), at(2), &amd, &What::AudioEnded(AudioEnd::CancelledAmd)).is_some());
    }

    #[test]
    fn a_canceled_call_is_hung_up_once() {
        let (position, order) = cancel(Position::Ringing).unwrap();
        assert_eq!((position.encode().as_str(), order), ("hcu", Some(Order::Hangup)));
        assert_eq!(cancel(position), None);
    }
}
