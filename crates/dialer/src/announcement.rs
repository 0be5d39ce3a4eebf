//! What is done on one call: from the answer over the detector's verdict to our hanging up, or to a flow's having the call.
//!
//! Promises a position in, a position out: nothing is remembered here, and an event that comes twice or late changes
//! nothing. Does not know how commands are sent, what a flow does, nor what the end of the call means.

use std::time::Duration;

use crate::call::{AudioEnd, Verdict, What};
use crate::client_state::{Ending, InFlow, Party, Position};
use crate::effect::Answerer;
use crate::spec::{Amd, AmdMode, CampaignSpec, OnMachine, OnNobody, OnNotSure, Treatment};

/// What to do on the leg. It is done once the leg's `client_state` holds the new position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Play the announcement.
    Play,
    /// Give the call to the flow.
    RunFlow(Answerer),
    /// Hang up.
    Hangup,
}

/// How a campaign treats whom it reaches.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner {
    amd: Amd,
    means: Means,
}

/// What whoever answers gets.
#[derive(Clone, Copy, Debug)]
enum Means {
    Announcement,
    Flow,
}

impl Manner {
    pub(crate) fn of(spec: &CampaignSpec) -> Self {
        let means = match spec.treatment {
            Treatment::Announcement(_) => Means::Announcement,
            Treatment::Flow(_) => Means::Flow,
        };
        Self { amd: spec.amd, means }
    }
}

/// The detector may cut an announcement this often before it counts as unplayable.
const MOST_VISITS: u8 = 3;

/// How long an event may take to arrive.
const DELIVERY: Duration = Duration::from_secs(5);

/// What an event does to a leg that has come to `position`. `carried`: the position in the event's `client_state`.
/// `None`: nothing. What happens while a flow has the call is the flow's business.
pub(crate) fn step(
    position: Position,
    carried: Position,
    manner: &Manner,
    what: &What,
) -> Option<(Position, Option<Order>)> {
    match what {
        What::Answered => answered(position, manner),
        What::Detected(verdict) => detected(position, manner, *verdict),
        What::GreetingEnded => greeting_ended(position, manner),
        What::AudioEnded(end) => audio_ended(position, carried, *end),
        What::Initiated | What::Connected | What::HungUp(_) | What::Other => None,
    }
}

fn answered(position: Position, manner: &Manner) -> Option<(Position, Option<Order>)> {
    match position {
        Position::Ringing => match manner.amd.mode {
            AmdMode::Disabled => Some(treat(manner, Answerer::Unscreened)),
            AmdMode::Premium | AmdMode::Detect | AmdMode::DetectBeep | AmdMode::DetectWords | AmdMode::GreetingEnd => {
                Some((Position::Listening, None))
            }
        },
        Position::Listening
        | Position::AwaitingBeep
        | Position::Announcing { .. }
        | Position::InFlow(_)
        | Position::HangingUp { .. } => None,
    }
}

fn detected(position: Position, manner: &Manner, verdict: Verdict) -> Option<(Position, Option<Order>)> {
    match position {
        // The verdict implies the answer, whose webhook may be late.
        Position::Ringing | Position::Listening => Some(match verdict {
            Verdict::Human => treat(manner, Answerer::Human),
            Verdict::Machine => machine(manner),
            Verdict::Fax => nobody(manner, manner.amd.on_fax, Answerer::Fax),
            Verdict::Silence => nobody(manner, manner.amd.on_silence, Answerer::Silence),
            Verdict::NotSure => not_sure(manner),
        }),
        Position::AwaitingBeep | Position::Announcing { .. } | Position::InFlow(_) | Position::HangingUp { .. } => None,
    }
}

fn greeting_ended(position: Position, manner: &Manner) -> Option<(Position, Option<Order>)> {
    match (position, manner.amd.on_machine) {
        // Premium: a beep before the verdict suppresses the verdict, so the greeting's end alone says machine
        // (Telnyx: answering machine detection guide).
        (Position::Ringing | Position::Listening, OnMachine::Hangup) => Some(decline(Party::Machine)),
        (Position::Ringing | Position::Listening, OnMachine::LeaveMessage | OnMachine::Continue)
        | (Position::AwaitingBeep, _) => Some(treat(manner, Answerer::Beep)),
        (Position::Announcing { .. } | Position::InFlow(_) | Position::HangingUp { .. }, _) => None,
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

/// Whoever answered gets what the campaign is for.
fn treat(manner: &Manner, answerer: Answerer) -> (Position, Option<Order>) {
    let with = answerer.party();
    match manner.means {
        Means::Announcement => (Position::Announcing { visit: 1, to: with }, Some(Order::Play)),
        Means::Flow => (Position::InFlow(InFlow::beginning(with)), Some(Order::RunFlow(answerer))),
    }
}

fn hang_up(ending: Ending, with: Party) -> (Position, Option<Order>) {
    (Position::HangingUp { ending, with }, Some(Order::Hangup))
}

fn decline(with: Party) -> (Position, Option<Order>) {
    hang_up(Ending::Declined, with)
}

fn machine(manner: &Manner) -> (Position, Option<Order>) {
    match (manner.amd.on_machine, manner.amd.mode) {
        (OnMachine::Hangup, _) => decline(Party::Machine),
        // `detect` never says when the greeting ends.
        (OnMachine::Continue, _) | (OnMachine::LeaveMessage, AmdMode::Disabled | AmdMode::Detect) => {
            treat(manner, Answerer::Machine)
        }
        (
            OnMachine::LeaveMessage,
            AmdMode::Premium | AmdMode::DetectBeep | AmdMode::DetectWords | AmdMode::GreetingEnd,
        ) => (Position::AwaitingBeep, None),
    }
}

fn nobody(manner: &Manner, policy: OnNobody, answerer: Answerer) -> (Position, Option<Order>) {
    match policy {
        OnNobody::Hangup => decline(answerer.party()),
        OnNobody::Continue => treat(manner, answerer),
    }
}

fn not_sure(manner: &Manner) -> (Position, Option<Order>) {
    match manner.amd.on_not_sure {
        OnNotSure::TreatAsHuman => treat(manner, Answerer::NotSure),
        OnNotSure::TreatAsMachine => machine(manner),
        OnNotSure::Hangup => decline(Party::NotSure),
    }
}

/// How long a leg may stay at `position` before [`overdue`] says how to go on. `None`: only a look-up can tell.
pub(crate) fn patience(position: Position, manner: &Manner) -> Option<Duration> {
    match position {
        Position::Listening => Some(manner.amd.total_analysis + manner.amd.greeting + DELIVERY),
        Position::AwaitingBeep => Some(manner.amd.greeting + DELIVERY),
        Position::Ringing | Position::Announcing { .. } | Position::InFlow(_) | Position::HangingUp { .. } => None,
    }
}

/// How to go on when the detector never said what it should have.
pub(crate) fn overdue(position: Position, manner: &Manner) -> Option<(Position, Option<Order>)> {
    match position {
        Position::Listening => Some(not_sure(manner)),
        Position::AwaitingBeep => Some(treat(manner, Answerer::NoBeep)),
        Position::Ringing | Position::Announcing { .. } | Position::InFlow(_) | Position::HangingUp { .. } => None,
    }
}

/// Where a leg ends up when its announcement turns out to be unplayable, or its flow cannot begin.
pub(crate) fn unplayable(position: Position) -> Option<(Position, Option<Order>)> {
    match position {
        Position::Announcing { to, .. } => Some(hang_up(Ending::Failed, to)),
        Position::InFlow(flow) => Some(hang_up(Ending::Failed, flow.with)),
        Position::Ringing | Position::Listening | Position::AwaitingBeep | Position::HangingUp { .. } => None,
    }
}

/// Hangs up because the campaign no longer wants the call.
pub(crate) fn cancel(position: Position) -> Option<(Position, Option<Order>)> {
    match position {
        Position::Ringing | Position::Listening => Some(hang_up(Ending::Canceled, Party::Unscreened)),
        Position::AwaitingBeep => Some(hang_up(Ending::Canceled, Party::Machine)),
        Position::Announcing { to, .. } => Some(hang_up(Ending::Canceled, to)),
        Position::InFlow(flow) => Some((Position::InFlow(flow.canceled()?), Some(Order::Hangup))),
        Position::HangingUp { .. } => None,
    }
}

impl Answerer {
    /// The same, for outcomes and rules.
    fn party(self) -> Party {
        match self {
            Self::Unscreened => Party::Unscreened,
            Self::NotSure => Party::NotSure,
            Self::Human => Party::Human,
            Self::Machine | Self::Beep | Self::NoBeep => Party::Machine,
            Self::Fax => Party::Fax,
            Self::Silence => Party::Silence,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manner(mode: AmdMode, on_machine: OnMachine, means: Means) -> Manner {
        let amd = Amd {
            mode,
            total_analysis: Duration::from_millis(3500),
            greeting: Duration::from_secs(30),
            on_machine,
            on_fax: OnNobody::Hangup,
            on_silence: OnNobody::Hangup,
            on_not_sure: OnNotSure::TreatAsHuman,
        };
        Manner { amd, means }
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
    fn check(means: Means, table: &str) {
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
            let manner = manner(mode, on_machine, means);
            let mut position = Position::Ringing;
            let mut seen = Vec::new();
            for word in words {
                let next = if word == "overdue" {
                    overdue(position, &manner)
                } else {
                    step(position, position, &manner, &event(word))
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
            Means::Announcement,
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
            Means::Announcement,
            "
            premium leave    answered greeting machine played    -> l p1m* . hdm*
            premium hangup   answered greeting                   -> l hrm*
            premium leave    greeting answered                   -> p1m* .
            ",
        );
    }

    #[test]
    fn a_flow_gets_the_call_where_an_announcement_would_be_played() {
        check(
            Means::Flow,
            "
            none    leave    answered played answered            -> f0uuu* . .
            premium leave    answered human machine greeting     -> l f0huu* . .
            premium leave    answered machine greeting played    -> l b f0muu* .
            premium leave    answered machine overdue            -> l b f0muu*
            premium hangup   answered machine greeting           -> l hrm* .
            premium continue answered machine greeting           -> l f0muu* .
            premium leave    answered fax                        -> l hrf*
            premium leave    answered overdue                    -> l f0nuu*
            ",
        );
    }

    #[test]
    fn a_flow_is_told_whether_a_machine_has_finished_its_greeting() {
        let leave = manner(AmdMode::Premium, OnMachine::LeaveMessage, Means::Flow);
        let order = |next: Option<(Position, Option<Order>)>| next.unwrap().1;
        let heard = step(Position::AwaitingBeep, Position::Listening, &leave, &What::GreetingEnded);
        assert_eq!(order(heard), Some(Order::RunFlow(Answerer::Beep)));
        assert_eq!(order(overdue(Position::AwaitingBeep, &leave)), Some(Order::RunFlow(Answerer::NoBeep)));
        let at_once = manner(AmdMode::Premium, OnMachine::Continue, Means::Flow);
        let verdict = step(Position::Listening, Position::Listening, &at_once, &What::Detected(Verdict::Machine));
        assert_eq!(order(verdict), Some(Order::RunFlow(Answerer::Machine)));
    }

    #[test]
    fn the_end_of_an_earlier_visit_is_stale() {
        let manner = manner(AmdMode::Disabled, OnMachine::Hangup, Means::Announcement);
        let at = |visit| Position::Announcing { visit, to: Party::Unscreened };
        assert_eq!(step(at(2), at(1), &manner, &What::AudioEnded(AudioEnd::CancelledAmd)), None);
        assert!(step(at(2), at(2), &manner, &What::AudioEnded(AudioEnd::CancelledAmd)).is_some());
    }

    #[test]
    fn a_canceled_call_is_hung_up_once() {
        let (position, order) = cancel(Position::Ringing).unwrap();
        assert_eq!((position.encode().as_str(), order), ("hcu", Some(Order::Hangup)));
        assert_eq!(cancel(position), None);
        let (position, _) = cancel(Position::InFlow(InFlow::beginning(Party::Human))).unwrap();
        assert_eq!(position.encode(), "f65535hau");
        assert_eq!(cancel(position), None);
    }
}
