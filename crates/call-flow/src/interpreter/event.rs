//! A webhook.

use jiff::Timestamp;
use telnyx_voice::CallControlId;
use telnyx_voice::webhook::payload::{
    CallHangup, DetectionResult, GreetingResult, PremiumDetectionResult, PremiumGreetingResult,
};
use telnyx_voice::webhook::{Event, Payload};

use super::run::Run;
use crate::compile::Flow;
use crate::completion::{self, Completion};
use crate::effect::{Asked, CallState, Reaction, Seen};
use crate::position::{Amd, Decoded, Phase, Position, SecondLeg};
use crate::spec::Kind;

impl Flow {
    /// A webhook has come: of the call's own leg, of its second leg, or of neither.
    #[must_use]
    pub fn on_event(&self, state: &CallState, event: &Event, now: Timestamp) -> Reaction {
        let mut run = Run::new(self, state.clone(), now);
        let seen = run.event(event);
        run.done(seen)
    }
}

/// Whose event it is.
enum Whose {
    Own,
    SecondLeg,
    Nobody,
}

impl Run<'_> {
    fn event(&mut self, event: &Event) -> Seen {
        if self.state.position.key != self.flow.key {
            return Seen::Foreign;
        }
        if self.state.last_event.as_ref() == Some(&event.id) {
            return Seen::Duplicate;
        }
        // The webhooks of a conference carry what its owner's leg does.
        let carried =
            if conference_id(&event.payload).is_some() { None } else { event.client_state().and_then(Decoded::read) };
        match self.whose(event, carried.as_ref()) {
            Whose::Own => self.own(event, carried),
            Whose::SecondLeg => self.second(event, carried.as_ref()),
            Whose::Nobody => Seen::Foreign,
        }
    }

    fn whose(&self, event: &Event, carried: Option<&Decoded>) -> Whose {
        let leg = event.call_leg_id();
        if leg == Some(&self.state.leg.call_leg_id)
            || leg.is_none() && event.call_control_id() == Some(&self.state.leg.call_control_id)
        {
            return Whose::Own;
        }
        let known =
            event.call_control_id().is_some() && event.call_control_id() == self.state.position.second_leg.as_ref();
        let marked = matches!(carried, Some(Decoded::SecondLeg(second))
            if second.parent == self.state.leg.call_leg_id && second.key == self.flow.key);
        if known || marked { Whose::SecondLeg } else { Whose::Nobody }
    }

    fn own(&mut self, event: &Event, carried: Option<Decoded>) -> Seen {
        if self.state.position.phase == Phase::Ended {
            return Seen::Stale;
        }
        if let Payload::CallHangup(hangup) = &event.payload {
            return self.hung_up(event, hangup);
        }
        match carried {
            Some(Decoded::Leg(position)) if position.key == self.flow.key => self.catch_up(*position),
            Some(Decoded::Leg(_) | Decoded::SecondLeg(_) | Decoded::OtherVersion(_)) => return Seen::Foreign,
            // Before its first command a call carries what it was dialled with.
            None => {}
        }
        // Before its time is looked at: what it ends was begun earlier than what went on since.
        if self.ends_in_background(event) {
            return Seen::Handled;
        }
        let time = event.time().map_or(u64::MAX, |time| u64::try_from(time.as_millisecond()).unwrap_or(0));
        if time < self.state.position.last_event_ms {
            return Seen::Stale;
        }
        let before = (self.state.position.visit, self.state.position.phase);
        let seen = self.lead_on(event);
        if seen == Seen::Handled && before != (self.state.position.visit, self.state.position.phase) {
            self.note(&event.id, event.time());
        }
        seen
    }

    /// Another process may have gone on with the call: the call knows best.
    fn catch_up(&mut self, carried: Position) {
        if carried.visit > self.state.position.visit && self.flow.owns(&carried).is_ok() {
            self.state.position = carried;
            self.state.asked = Asked::No;
        }
    }

    fn hung_up(&mut self, event: &Event, hangup: &CallHangup) -> Seen {
        self.note(&event.id, event.time());
        self.over(hangup.hangup_cause.clone());
        Seen::Handled
    }

    fn lead_on(&mut self, event: &Event) -> Seen {
        match self.state.position.phase {
            Phase::Ringing | Phase::Listening | Phase::AwaitingGreetingEnd => {
                self.before_the_first_step(&event.payload)
            }
            Phase::AwaitingAnswer => {
                if !matches!(event.payload, Payload::CallAnswered(_)) {
                    return Seen::Ignored;
                }
                self.state.position.answered = true;
                self.again();
                Seen::Handled
            }
            Phase::UnderWay | Phase::Established => self.within_a_step(event),
            Phase::Left | Phase::TalkOver => Seen::Ignored,
            Phase::HangingUp | Phase::Ended => Seen::Stale,
        }
    }

    fn within_a_step(&mut self, event: &Event) -> Seen {
        if matches!(event.payload, Payload::CallAnswered(_)) {
            self.state.position.answered = true;
        }
        let conference = conference_id(&event.payload);
        let visit = match event.client_state().and_then(Decoded::read) {
            _ if conference.is_some() => self.state.position.visit,
            Some(Decoded::Leg(position)) => position.visit,
            Some(Decoded::SecondLeg(_) | Decoded::OtherVersion(_)) | None => 0,
        };
        let Some(step) = self.step() else { return Seen::Ignored };
        if step.completion() != Completion::Webhook {
            return Seen::Ignored;
        }
        let Some(signal) = completion::own_leg(&step.action, &event.payload) else { return Seen::Ignored };
        if visit != self.state.position.visit {
            return Seen::Stale;
        }
        let kind = step.action.kind();
        if let Some(conference) = conference {
            if !self.is_about_seat(kind, conference, &event.payload) {
                return Seen::Stale;
            }
            self.conference_is(conference);
        }
        if kind == Kind::LeaveConference {
            self.leave_seat();
        }
        if kind.may_end_with_the_call() && matches!(signal.outcome, "left" | "ended") {
            self.parted(signal.outcome);
        } else {
            self.signal(signal);
        }
        Seen::Handled
    }

    fn before_the_first_step(&mut self, payload: &Payload) -> Seen {
        let phase = self.state.position.phase;
        if let Payload::CallAnswered(_) = payload {
            if phase != Phase::Ringing {
                return Seen::Ignored;
            }
            self.answered(self.state.position.detection);
            return Seen::Handled;
        }
        let Some(verdict) = verdict(payload) else { return Seen::Ignored };
        if phase == Phase::AwaitingGreetingEnd && verdict != Amd::Beep {
            // The verdict again; or a greeting whose end nobody heard.
            if !greeting(payload) {
                return Seen::Ignored;
            }
            self.verdict(Amd::Machine);
            return Seen::Handled;
        }
        self.verdict(verdict);
        Seen::Handled
    }

    fn second(&mut self, event: &Event, carried: Option<&Decoded>) -> Seen {
        if self.state.position.phase == Phase::Ended {
            return Seen::Stale;
        }
        let called = match carried {
            Some(Decoded::SecondLeg(SecondLeg { visit, .. })) => *visit,
            Some(Decoded::Leg(_) | Decoded::OtherVersion(_)) | None => 0,
        };
        let Some(step) = self.step() else { return Seen::Ignored };
        let kind = step.action.kind();
        let known = event.call_control_id() == self.state.position.second_leg.as_ref();
        let under_way = matches!(self.state.position.phase, Phase::UnderWay | Phase::Established);
        let about_step = under_way && if kind == Kind::Bridge { known } else { called == self.state.position.visit };
        if let (true, Kind::Dial, Some(control)) = (about_step, kind, event.call_control_id()) {
            self.second_leg_is(CallControlId::from(control));
        }
        let gone = matches!(event.payload, Payload::CallHangup(_)) && event.call_control_id().is_some();
        let established = self.state.position.phase == Phase::Established;
        let signal = if about_step { completion::second_leg(kind, established, &event.payload) } else { None };
        let lost = gone && event.call_control_id() == self.state.position.second_leg.as_ref();
        if lost {
            self.state.position.second_leg = None;
        }
        let Some(signal) = signal else {
            return match (lost, about_step || known) {
                (true, _) => Seen::Handled,
                (false, true) => Seen::Ignored,
                (false, false) => Seen::Stale,
            };
        };
        self.note(&event.id, event.time());
        self.signal(signal);
        Seen::Handled
    }
}

/// The conference that a webhook is about.
fn conference_id(payload: &Payload) -> Option<&str> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other events are about a call")]
    let id = match payload {
        Payload::ConferenceCreated(event) => &event.conference_id,
        Payload::ConferenceEnded(event) => &event.conference_id,
        Payload::ConferenceParticipantJoined(event) => &event.conference_id,
        Payload::ConferenceParticipantLeft(event) => &event.conference_id,
        _ => return None,
    };
    id.as_ref().map(telnyx_voice::ConferenceId::as_str)
}

/// What the detector says.
fn verdict(payload: &Payload) -> Option<Amd> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "all other events say nothing about who answered")]
    let amd = match payload {
        Payload::CallMachineDetectionEnded(ended) => match ended.result.as_ref()? {
            DetectionResult::Human => Amd::Human,
            DetectionResult::Machine => Amd::Machine,
            DetectionResult::NotSure | DetectionResult::Unknown(_) => Amd::NotSure,
        },
        Payload::CallMachinePremiumDetectionEnded(ended) => match ended.result.as_ref()? {
            PremiumDetectionResult::HumanResidence | PremiumDetectionResult::HumanBusiness => Amd::Human,
            PremiumDetectionResult::Machine => Amd::Machine,
            PremiumDetectionResult::Silence => Amd::Silence,
            PremiumDetectionResult::FaxDetected => Amd::Fax,
            PremiumDetectionResult::NotSure | PremiumDetectionResult::Unknown(_) => Amd::NotSure,
        },
        // A greeting that ends is a machine's, also where the verdict never comes: with premium detection a beep before the
        // verdict suppresses it (Telnyx: answering machine detection guide).
        Payload::CallMachineGreetingEnded(ended) => match ended.result.as_ref()? {
            GreetingResult::BeepDetected | GreetingResult::Ended => Amd::Beep,
            GreetingResult::NotSure | GreetingResult::Unknown(_) => Amd::Machine,
        },
        Payload::CallMachinePremiumGreetingEnded(ended) => match ended.result.as_ref()? {
            PremiumGreetingResult::BeepDetected | PremiumGreetingResult::PromptEnded => Amd::Beep,
            PremiumGreetingResult::NoBeepDetected | PremiumGreetingResult::Unknown(_) => Amd::Machine,
        },
        _ => return None,
    };
    Some(amd)
}

fn greeting(payload: &Payload) -> bool {
    matches!(payload, Payload::CallMachineGreetingEnded(_) | Payload::CallMachinePremiumGreetingEnded(_))
}
