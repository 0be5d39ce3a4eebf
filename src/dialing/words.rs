//! From Telnyx's events, and from the states of flows, to the dialer's words.
//!
//! Total: every event of a leg that carries one of our client states becomes something; what is not known here becomes
//! [`What::Other`], which still proves that the leg exists.

use call_flow::Decoded;
use call_flow::position::{Ending, Phase};
use dialer::call::{AudioEnd, CallEvent, Hangup, HangupCause, Verdict, What};
use dialer::client_state::{FlowEnd, InFlow, Position, Purpose};
use dialer::detail::Detail;
use dialer::{CallControlId, CallLegId, ClientState, Leg};
use jiff::Timestamp;
use telnyx_voice::webhook::payload::{
    self, CallHangup, DetectionResult, PlaybackStatus, PremiumDetectionResult, SpeakStatus,
};
use telnyx_voice::webhook::{Event, Payload};

/// What the event says of one of our attempts. `None`: no attempt of ours needs it, because it carries no client state
/// of ours or names no leg. `received` stands in for a missing time.
#[must_use]
pub fn about_attempt(event: &Event, received: Timestamp) -> Option<CallEvent> {
    let state = attempt_of(event.client_state()?)?;
    let leg = Leg {
        control: CallControlId::new(event.call_control_id()?.as_str()),
        id: CallLegId::new(event.call_leg_id()?.as_str()),
    };
    let occurred_at = event.time().unwrap_or(received);
    Some(CallEvent { leg, occurred_at, state, what: what(&event.payload) })
}

/// Whose attempt a leg with this state is, and how far it has come: as the dialer wrote it, or as the flow that has the call did.
pub(super) fn attempt_of(state: &telnyx_voice::ClientState) -> Option<ClientState> {
    if let Ok(state) = ClientState::decode(state.as_str()) {
        return Some(state);
    }
    match Decoded::read(state)? {
        Decoded::Leg(position) => of_flow(&position),
        Decoded::SecondLeg(_) | Decoded::OtherVersion(_) => None,
    }
}

/// What a flow's state says of the attempt whose call it has. `None`: the flow has no attempt's.
#[must_use]
pub fn of_flow(position: &call_flow::Position) -> Option<ClientState> {
    let ClientState { key, position: Position::InFlow(begun) } = ClientState::from_text(&position.origin).ok()? else {
        return None;
    };
    let end = match (position.phase, position.ending) {
        (Phase::HangingUp | Phase::Ended, Ending::Completed) => FlowEnd::Completed,
        (Phase::HangingUp | Phase::Ended, Ending::Failed | Ending::TooManySteps) => FlowEnd::Failed,
        (Phase::HangingUp | Phase::Ended, Ending::TimeLimit) => FlowEnd::TimeLimit,
        (Phase::HangingUp | Phase::Ended, Ending::HungUp)
        | (
            Phase::Ringing
            | Phase::Listening
            | Phase::AwaitingGreetingEnd
            | Phase::UnderWay
            | Phase::AwaitingAnswer
            | Phase::Established
            | Phase::Left
            | Phase::TalkOver,
            _,
        ) => FlowEnd::UnderWay,
    };
    let purpose = match position.success {
        None => Purpose::Unsaid,
        Some(true) => Purpose::Reached,
        Some(false) => Purpose::Missed,
    };
    let detail = Detail::parse(&position.outcome);
    let flow = InFlow { visit: position.visit, with: begun.with, end, purpose, opted_out: position.opted_out, detail };
    Some(ClientState { key, position: Position::InFlow(flow) })
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the API adds events monthly; none of the others moves an announcement"
)]
fn what(payload: &Payload) -> What {
    match payload {
        Payload::CallInitiated(_) => What::Initiated,
        Payload::CallAnswered(_) => What::Answered,
        Payload::CallMachineDetectionEnded(ended) => What::Detected(detected(ended.result.as_ref())),
        Payload::CallMachinePremiumDetectionEnded(ended) => What::Detected(premium(ended.result.as_ref())),
        Payload::CallMachineGreetingEnded(_) | Payload::CallMachinePremiumGreetingEnded(_) => What::GreetingEnded,
        Payload::CallSpeakEnded(ended) => What::AudioEnded(spoken(ended.status.as_ref())),
        Payload::CallPlaybackEnded(ended) => What::AudioEnded(played(ended.status.as_ref())),
        Payload::CallBridged(_) | Payload::ConferenceParticipantJoined(_) => What::Connected,
        Payload::CallHangup(hangup) => What::HungUp(hung_up(hangup)),
        _ => What::Other,
    }
}

fn detected(result: Option<&DetectionResult>) -> Verdict {
    match result {
        Some(DetectionResult::Human) => Verdict::Human,
        Some(DetectionResult::Machine) => Verdict::Machine,
        Some(DetectionResult::NotSure | DetectionResult::Unknown(_)) | None => Verdict::NotSure,
    }
}

fn premium(result: Option<&PremiumDetectionResult>) -> Verdict {
    match result {
        Some(PremiumDetectionResult::HumanResidence | PremiumDetectionResult::HumanBusiness) => Verdict::Human,
        Some(PremiumDetectionResult::Machine) => Verdict::Machine,
        Some(PremiumDetectionResult::Silence) => Verdict::Silence,
        Some(PremiumDetectionResult::FaxDetected) => Verdict::Fax,
        Some(PremiumDetectionResult::NotSure | PremiumDetectionResult::Unknown(_)) | None => Verdict::NotSure,
    }
}

fn spoken(status: Option<&SpeakStatus>) -> AudioEnd {
    match status {
        Some(SpeakStatus::Completed) => AudioEnd::Completed,
        Some(SpeakStatus::CallHangup) => AudioEnd::CallHangup,
        Some(SpeakStatus::CancelledAmd) => AudioEnd::CancelledAmd,
        Some(SpeakStatus::Unknown(_)) | None => AudioEnd::Failed,
    }
}

fn played(status: Option<&PlaybackStatus>) -> AudioEnd {
    match status {
        Some(PlaybackStatus::Completed) => AudioEnd::Completed,
        Some(PlaybackStatus::CallHangup) => AudioEnd::CallHangup,
        Some(PlaybackStatus::CancelledAmd) => AudioEnd::CancelledAmd,
        Some(
            PlaybackStatus::Failed
            | PlaybackStatus::FileNotFound
            | PlaybackStatus::Cancelled
            | PlaybackStatus::Undetermined
            | PlaybackStatus::Unknown(_),
        )
        | None => AudioEnd::Failed,
    }
}

fn hung_up(hangup: &CallHangup) -> Hangup {
    let cause = match &hangup.hangup_cause {
        Some(payload::HangupCause::CallRejected) => HangupCause::CallRejected,
        Some(payload::HangupCause::NormalClearing) => HangupCause::NormalClearing,
        Some(payload::HangupCause::OriginatorCancel) => HangupCause::OriginatorCancel,
        Some(payload::HangupCause::Timeout) => HangupCause::Timeout,
        Some(payload::HangupCause::TimeLimit) => HangupCause::TimeLimit,
        Some(payload::HangupCause::UserBusy) => HangupCause::UserBusy,
        Some(payload::HangupCause::NotFound) => HangupCause::NotFound,
        Some(payload::HangupCause::NoAnswer) => HangupCause::NoAnswer,
        Some(payload::HangupCause::Unspecified) => HangupCause::Unspecified,
        Some(payload::HangupCause::Unknown(_)) | None => HangupCause::Unknown,
    };
    // Below 100 it is a Q.850 cause, and words such as `unspecified` mean nothing.
    let sip = hangup.sip_hangup_cause.as_deref().and_then(|text| text.parse().ok()).filter(|code| *code >= 100);
    Hangup { cause, sip }
}

#[cfg(test)]
mod tests {
    use dialer::{AttemptKey, DialKey, OwnerId, TargetId};

    use super::*;

    fn parse(event_type: &str, client_state: &str, fields: &str) -> Event {
        let body = format!(
            r#"{{"data":{{"id":"e","event_type":"{event_type}","occurred_at":"2026-03-01T12:00:00.5Z","payload":{{
                "call_control_id":"v3:c","call_leg_id":"l","client_state":"{client_state}"{fields}}}}}}}"#
        );
        Event::parse(body.as_bytes()).unwrap()
    }

    fn ours() -> String {
        let (owner, target) = (OwnerId::parse("o").unwrap(), TargetId::parse("t").unwrap());
        let key = DialKey { attempt: AttemptKey { owner, target, n: 2 }, refusals: 0 };
        ClientState { key, position: Position::Ringing }.encode()
    }

    /// Event type, payload fields, and what it means.
    #[test]
    fn every_event_says_what_the_dialer_needs() {
        let hangup = |cause, sip| What::HungUp(Hangup { cause, sip });
        let check = |event_type: &str, fields: &str, expected: What| {
            let call = about_attempt(&parse(event_type, &ours(), fields), Timestamp::UNIX_EPOCH).unwrap();
            assert_eq!(call.what, expected, "{event_type} {fields}");
            assert_eq!((call.state.encode(), call.leg.id.as_str()), (ours(), "l"));
            assert_eq!(call.occurred_at, "2026-03-01T12:00:00.5Z".parse().unwrap());
        };
        check("call.initiated", "", What::Initiated);
        check("call.answered", "", What::Answered);
        check("call.bridged", "", What::Connected);
        check("conference.participant.joined", "", What::Connected);
        for (result, verdict) in [
            (r#","result":"human""#, Verdict::Human),
            (r#","result":"machine""#, Verdict::Machine),
            (r#","result":"not_sure""#, Verdict::NotSure),
            (r#","result":"martian""#, Verdict::NotSure),
            ("", Verdict::NotSure),
        ] {
            check("call.machine.detection.ended", result, What::Detected(verdict));
        }
        for (result, verdict) in [
            ("human_residence", Verdict::Human),
            ("human_business", Verdict::Human),
            ("machine", Verdict::Machine),
            ("silence", Verdict::Silence),
            ("fax_detected", Verdict::Fax),
            ("not_sure", Verdict::NotSure),
        ] {
            let fields = format!(r#","result":"{result}""#);
            check("call.machine.premium.detection.ended", &fields, What::Detected(verdict));
        }
        check("call.machine.greeting.ended", r#","result":"ended""#, What::GreetingEnded);
        check("call.machine.premium.greeting.ended", r#","result":"no_beep_detected""#, What::GreetingEnded);
        check("call.speak.ended", r#","status":"completed""#, What::AudioEnded(AudioEnd::Completed));
        check("call.speak.ended", r#","status":"cancelled_amd""#, What::AudioEnded(AudioEnd::CancelledAmd));
        check("call.playback.ended", r#","status":"file_not_found""#, What::AudioEnded(AudioEnd::Failed));
        check("call.playback.ended", r#","status":"call_hangup""#, What::AudioEnded(AudioEnd::CallHangup));
        let cause = |cause: &str, sip: &str| format!(r#","hangup_cause":"{cause}","sip_hangup_cause":"{sip}""#);
        check("call.hangup", &cause("user_busy", "486"), hangup(HangupCause::UserBusy, Some(486)));
        check("call.hangup", &cause("normal_clearing", "16"), hangup(HangupCause::NormalClearing, None));
        check("call.hangup", &cause("no_answer", "unspecified"), hangup(HangupCause::NoAnswer, None));
        check("call.hangup", &cause("gravity", "608"), hangup(HangupCause::Unknown, Some(608)));
        check("call.hangup", "", hangup(HangupCause::Unknown, None));
    }

    #[test]
    fn an_event_without_a_client_state_of_ours_is_about_no_attempt() {
        let of_next_year = parse("call.of.next.year", &ours(), "");
        assert_eq!(about_attempt(&of_next_year, Timestamp::UNIX_EPOCH), None, "its payload's fields are not known");
        for foreign in ["", "aGVsbG8=", "not base64"] {
            assert_eq!(about_attempt(&parse("call.answered", foreign, ""), Timestamp::UNIX_EPOCH), None, "{foreign}");
        }
    }

    /// What a flow carries along that has the call of an attempt, or of none.
    fn in_flow(origin: &str, change: impl FnOnce(&mut call_flow::Position)) -> call_flow::Position {
        let spec = serde_json::from_str(r#"{"steps":[{"name":"bye","hangup":{}}]}"#).unwrap();
        let flow = call_flow::compile(&spec, call_flow::FlowKey::new("uid", 3)).unwrap();
        let leg = call_flow::Leg { call_control_id: "v3:c".into(), call_leg_id: "l".into(), connection_id: None };
        let start = call_flow::CallStart {
            leg,
            direction: call_flow::position::CallDirection::Outbound,
            answered: true,
            detection: call_flow::Detection::Disabled,
            attempt: 2,
            origin: origin.to_owned(),
            caller: None,
        };
        let mut position = flow.first_position(&start, Timestamp::UNIX_EPOCH).unwrap();
        change(&mut position);
        position
    }

    fn begun() -> ClientState {
        let (owner, target) = (OwnerId::parse("o").unwrap(), TargetId::parse("t").unwrap());
        let key = DialKey { attempt: AttemptKey { owner, target, n: 2 }, refusals: 0 };
        ClientState { key, position: Position::InFlow(InFlow::beginning(dialer::client_state::Party::Human)) }
    }

    #[test]
    fn a_flow_that_has_an_attempts_call_says_so_in_each_of_its_webhooks() {
        let said = |position: &call_flow::Position| {
            let state = position.encode().unwrap();
            let call = about_attempt(&parse("call.speak.ended", state.as_str(), ""), Timestamp::UNIX_EPOCH).unwrap();
            assert_eq!(call.state.key, begun().key);
            call.state.position.encode()
        };
        let origin = begun().to_text();
        assert_eq!(said(&in_flow(&origin, |position| position.visit = 4)), "f4huu");
        let ended =
            |ending| said(&in_flow(&origin, |position| (position.phase, position.ending) = (Phase::HangingUp, ending)));
        let endings = [Ending::Completed, Ending::HungUp, Ending::Failed, Ending::TooManySteps, Ending::TimeLimit];
        assert_eq!(endings.map(ended), ["f0hcu", "f0huu", "f0hxu", "f0hxu", "f0htu"]);
        let outcome = |position: &mut call_flow::Position| {
            (position.outcome, position.success, position.opted_out) = ("no: never".to_owned(), Some(false), true);
        };
        assert_eq!(said(&in_flow(&origin, outcome)), "f0humo:no: never");
    }

    #[test]
    fn a_flow_without_an_attempt_is_about_none() {
        for origin in ["", "something else", "1|o|t|1|0|r"] {
            let state = in_flow(origin, |_| {}).encode().unwrap();
            let event = parse("call.answered", state.as_str(), "");
            assert_eq!(about_attempt(&event, Timestamp::UNIX_EPOCH), None, "{origin}");
        }
    }

    #[test]
    fn the_longest_origin_fits_a_flow() {
        let uid = OwnerId::parse("0b6b4d2e-0000-4000-8000-00000000cafe").unwrap();
        let target = TargetId::parse(&"t".repeat(63)).unwrap();
        let key = DialKey { attempt: AttemptKey { owner: uid, target, n: u16::MAX }, refusals: u32::MAX };
        let text = ClientState { key, ..begun() }.to_text();
        assert!(text.len() <= call_flow::position::MAX_ORIGIN, "{} bytes", text.len());
    }
}
